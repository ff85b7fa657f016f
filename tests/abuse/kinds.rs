//! The ways of one who abuses a server, each as hard as its sockets allow until it is dropped. None
//! of them minds what becomes of it: whoever is cut off comes back.

use super::member::{self, Ears, Mouth};
use crate::support::lines;
use socket2::{Domain, SockRef, Socket, Type};
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::sleep;

/// What one did: bytes it got rid of, connections it made.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) bytes: AtomicU64,
    pub(super) connections: AtomicU64,
}

impl Done {
    fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }
}

type Abusing<'a> = Pin<Box<dyn Future<Output = io::Result<()>> + 'a>>;

/// One way, with its name in the table. Starts again when it ends.
pub(super) struct Kind {
    pub(super) name: &'static str,
    abuse: fn(SocketAddr, &Done) -> Abusing<'_>,
}

/// Bytes of one write: more than a reader of the server takes at once.
const BLOCK: usize = 64 * 1024;
/// Slow handshakes at a time.
const SLOW: usize = 50;
/// A pause where an abuser has nothing to do but wait for the server to cut it off.
const MOMENT: Duration = Duration::from_millis(100);

/// The only kind that is not one's alone.
pub(super) const CROWD: &str = "chat, by 100 of them";

pub(super) const KINDS: [Kind; 17] = [
    Kind {
        name: "chat, as fast as the socket takes it",
        abuse: |addr, done| floods(addr, done, b"flood\n"),
    },
    Kind {
        name: "chat of 4 KB, as fast as the socket takes it",
        abuse: |addr, done| floods(addr, done, &LONG),
    },
    Kind { name: CROWD, abuse: |addr, done| Box::pin(crowd(addr, done)) },
    Kind { name: "chat without framing", abuse: |addr, done| Box::pin(raw_flood(addr, done)) },
    Kind {
        name: "commands: /who /history /search /rooms",
        abuse: |addr, done| floods(addr, done, b"/who\n/history 100\n/search flood\n/rooms\n"),
    },
    Kind {
        name: "commands, and no answer is read",
        abuse: |addr, done| Box::pin(asks_and_reads_nothing(addr, done)),
    },
    Kind { name: "a reader that stops", abuse: |addr, done| Box::pin(stops_reading(addr, done)) },
    Kind { name: "slowloris, 50", abuse: |addr, done| Box::pin(slowloris(addr, done)) },
    Kind {
        name: "connect and reset, in a loop",
        abuse: |addr, done| Box::pin(connects(addr, done)),
    },
    Kind { name: "join and leave, in a loop", abuse: |addr, done| Box::pin(joins(addr, done)) },
    Kind { name: "garbage lines", abuse: |addr, done| Box::pin(garbage(addr, done)) },
    Kind {
        name: "garbage events",
        abuse: |addr, done| Box::pin(native_flood(addr, done, b"{\"say\":{\"text\":5}}\n{{{\n")),
    },
    Kind { name: "lines of 5000 bytes", abuse: |addr, done| floods(addr, done, &TOO_LONG) },
    Kind {
        name: "whispers to one member",
        abuse: |addr, done| floods(addr, done, b"/msg member0 psst\n"),
    },
    Kind { name: "rooms made", abuse: |addr, done| Box::pin(numbered(addr, done, "/join #r")) },
    Kind { name: "renames", abuse: |addr, done| Box::pin(numbered(addr, done, "/nick renamed")) },
    Kind {
        name: "pings",
        abuse: |addr, done| Box::pin(native_flood(addr, done, b"{\"ping\":{}}\n")),
    },
];

/// A line as long as a message may be, and one that is too long.
const LONG: [u8; 4000] = line_of(b'x');
const TOO_LONG: [u8; 5000] = line_of(b'y');

const fn line_of<const N: usize>(byte: u8) -> [u8; N] {
    let mut line = [byte; N];
    line[N - 1] = b'\n';
    line
}

impl Kind {
    /// Abuses until it is dropped, and counts.
    pub(super) async fn abuse(&self, addr: SocketAddr, done: &Done) {
        LocalSet::new()
            .run_until(async {
                loop {
                    // Cut off, or refused at the door.
                    if (self.abuse)(addr, done).await.is_err() {
                        sleep(Duration::from_millis(1)).await;
                    }
                }
            })
            .await;
    }
}

/// Reads and forgets, to the end.
async fn ignore(mut ears: Ears) {
    while ears.bytes().await.is_ok_and(|bytes| !bytes.is_empty()) {}
}

/// A name for each connection: what an earlier one has sent may still be waiting to be said.
fn nick() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("abuser{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn writes(mouth: &mut Mouth, done: &Done, bytes: &[u8]) -> io::Result<()> {
    let sent = mouth.write(bytes).await?;
    done.bytes.fetch_add(sent as u64, Ordering::Relaxed);
    // The other bytes of a block are no message: the next write begins in the middle of one.
    if sent < bytes.len() {
        mouth.write_all(bytes.get(sent..).unwrap_or_default()).await?;
    }
    Ok(())
}

/// The same lines again and again, the answers read.
fn floods<'a>(addr: SocketAddr, done: &'a Done, lines: &'static [u8]) -> Abusing<'a> {
    Box::pin(flood(addr, done, lines))
}

async fn flood(addr: SocketAddr, done: &Done, lines: &'static [u8]) -> io::Result<()> {
    let block = lines.repeat(BLOCK.div_ceil(lines.len()));
    let (ears, mut mouth) = member::line(addr, &nick()).await?;
    done.connected();
    let mut reads = JoinSet::new();
    reads.spawn_local(ignore(ears));
    loop {
        writes(&mut mouth, done, &block).await?;
    }
}

async fn crowd(addr: SocketAddr, done: &Done) -> io::Result<()> {
    let mut floods: Vec<Abusing<'_>> = Vec::new();
    for _ in 0..100 {
        floods.push(Box::pin(flood(addr, done, b"flood\n")));
    }
    // The first that is cut off ends them all, and they begin again.
    poll_fn(|cx| {
        let ended = floods.iter_mut().find_map(|flood| match flood.as_mut().poll(cx) {
            Poll::Ready(ended) => Some(ended),
            Poll::Pending => None,
        });
        ended.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

async fn native_flood(addr: SocketAddr, done: &Done, lines: &[u8]) -> io::Result<()> {
    let block = lines.repeat(BLOCK.div_ceil(lines.len()));
    let hello = serde_json::json!({"v": 1, "nick": nick()});
    let (ears, mut mouth, _) = member::native(addr, &hello).await?;
    done.connected();
    let mut reads = JoinSet::new();
    reads.spawn_local(ignore(ears));
    loop {
        writes(&mut mouth, done, &block).await?;
    }
}

async fn raw_flood(addr: SocketAddr, done: &Done) -> io::Result<()> {
    let (ears, mut mouth) = member::raw(addr, &nick()).await?;
    done.connected();
    let mut reads = JoinSet::new();
    reads.spawn_local(ignore(ears));
    loop {
        writes(&mut mouth, done, &[b'x'; 1000]).await?;
    }
}

async fn asks_and_reads_nothing(addr: SocketAddr, done: &Done) -> io::Result<()> {
    let (_ears, mut mouth) = member::line(addr, &nick()).await?;
    done.connected();
    let block = b"/who\n/history 100\n".repeat(BLOCK / 18);
    loop {
        writes(&mut mouth, done, &block).await?;
    }
}

/// The smallest window there is, and nothing read.
async fn stops_reading(addr: SocketAddr, done: &Done) -> io::Result<()> {
    let (ears, mut mouth) = member::line(addr, &nick()).await?;
    SockRef::from(mouth.as_ref()).set_recv_buffer_size(1)?;
    done.connected();
    loop {
        // It notices its end only by writing.
        writes(&mut mouth, done, b"\n").await?;
        sleep(MOMENT).await;
        let _unread = &ears;
    }
}

async fn slowloris(addr: SocketAddr, done: &Done) -> io::Result<()> {
    let mut slow = Vec::new();
    loop {
        while slow.len() < SLOW {
            slow.push(member::connect(addr).await?);
            done.connected();
        }
        let mut still = Vec::new();
        for (ears, mut mouth) in slow.drain(..) {
            if writes(&mut mouth, done, b"{").await.is_ok() {
                still.push((ears, mouth));
            }
        }
        slow = still;
        sleep(MOMENT).await;
    }
}

async fn connects(addr: SocketAddr, done: &Done) -> io::Result<()> {
    loop {
        let (_ears, mouth) = member::connect(addr).await?;
        done.connected();
        // Not in order, but with a reset.
        SockRef::from(mouth.as_ref()).set_linger(Some(Duration::ZERO))?;
    }
}

async fn joins(addr: SocketAddr, done: &Done) -> io::Result<()> {
    loop {
        drop(member::line(addr, &nick()).await?);
        done.connected();
    }
}

async fn garbage(addr: SocketAddr, done: &Done) -> io::Result<()> {
    let (ears, mut mouth) = member::line(addr, &nick()).await?;
    done.connected();
    let mut reads = JoinSet::new();
    reads.spawn_local(ignore(ears));
    loop {
        let mut block: Vec<u8> = (0..BLOCK).map(|_| rand::random()).collect();
        // Often enough that no line is the last.
        block.iter_mut().step_by(100).for_each(|byte| *byte = b'\n');
        writes(&mut mouth, done, &block).await?;
    }
}

/// The same command, each with another number.
async fn numbered(addr: SocketAddr, done: &Done, command: &str) -> io::Result<()> {
    let (ears, mut mouth) = member::line(addr, &nick()).await?;
    done.connected();
    let mut reads = JoinSet::new();
    reads.spawn_local(ignore(ears));
    for number in 0_u64.. {
        let thousand = lines((0..1000).map(|n| format!("{command}{number}-{n}")));
        writes(&mut mouth, done, thousand.as_bytes()).await?;
    }
    Ok(())
}

/// A socket whose window is as small as the kernel makes it, before it connects.
pub(super) fn small_window(addr: SocketAddr) -> io::Result<std::net::TcpStream> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    socket.set_recv_buffer_size(1)?;
    socket.connect(&addr.into())?;
    Ok(socket.into())
}
