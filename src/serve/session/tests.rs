//! The writer against a peer that reads as it likes, and the reader against one that says what it
//! likes.

use super::ear::Ear;
use super::reader::Reader;
use super::standby::Standby;
use super::{Private, Word, Writer, Writing};
use crate::config::Limits;
use crate::log::Logs;
use crate::room::{Flood, Input, RoomRow};
use crate::serve::hub::{HubHandle, Place, Request};
use crate::serve::live::Live;
use crate::serve::metrics::{Totals, Traffic};
use crate::serve::seat::Seat;
use crate::serve::tide::{Ringer, Tide};
use crate::wire::Dialect;
use crate::wire::close::CloseReason;
use crate::wire::entry::{Chat, Entry, Event, Kind, Millis, Ordinal, RoomId, Seq, SessionId};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use crate::wire::text::Text;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

fn entry(seq: u64) -> Entry {
    let (from, text) = (Nick::parse(b"Trin").unwrap(), Text::clean(&[b'x'; 1000]).unwrap());
    let chat = Chat {
        from,
        kind: Kind::User,
        emote: false,
        text,
        cause: None,
        hops: 0,
        id: None,
        owner: None,
    };
    Entry {
        seq: Seq(seq),
        ordinal: Ordinal(seq),
        at: Millis(0),
        author: SessionId(9),
        event: Event::Chat(chat),
    }
}

/// A room of one member, and its log of 256 KiB.
struct Room {
    logs: Logs,
    tide: Arc<Tide>,
    ringer: Ringer,
    published: Arc<AtomicU64>,
    seat: Seat,
    traffic: Arc<Traffic>,
    said: u64,
}

impl Room {
    const ID: RoomId = RoomId(0);

    /// The room, and its member's writer.
    fn with<W: AsyncWrite + Unpin>(out: W) -> (Self, Box<Writer<W>>) {
        let mut logs = Logs::new(256 * 1024);
        let cursor = logs.open(Self::ID, RoomName::lobby(), Seq(1));
        let (tide, seat) = (Arc::<Tide>::default(), Seat::default());
        let hub = HubHandle::to(mpsc::channel(1).0);
        let name = RoomName::lobby();
        let place = Place {
            room: Self::ID,
            row: RoomRow { name, seq: Seq(0), members: 1, topic: None, recorded: false },
            cursor,
            gap: None,
            replay: None,
            tide: tide.clone(),
            earlier: Vec::new(),
            unrecorded: false,
        };
        let (published, dialect) = (hub.published(), Dialect::Line);
        let writing = Writing { session: SessionId(1), dialect, place, seat: seat.clone() };
        let traffic = Arc::new(Traffic::new(Arc::default()));
        let limits = Live::new(Limits::default()).1;
        let writer = Writer::new(writing, &hub, out, limits, traffic.clone());
        let ringer = Ringer::default();
        (Self { logs, tide, ringer, published, seat, traffic, said: 0 }, writer)
    }

    /// Somebody says a thousand bytes, as far as the hub does something about it.
    fn says(&mut self) {
        self.said += 1;
        self.logs.append(Self::ID, vec![entry(self.said)]);
        self.published.store(self.said, Ordering::Release);
        self.tide.rise(self.logs.tail(Self::ID).bytes);
        self.ringer.ring(std::iter::once(self.tide.clone()));
    }

    /// … and the ringer, all of it.
    fn rings(&self) {
        while self.ringer.wake_some() {}
    }
}

/// A peer that always took a little was never blocked for as long as a look takes, and what it
/// held up grew without a bound.
#[tokio::test(start_paused = true)]
async fn a_trickling_reader_is_closed_when_it_falls_out_of_the_log() {
    let (out, mut peer) = duplex(16 * 1024);
    let (mut room, writer) = Room::with(out);
    let traffic = room.traffic.clone();
    let trickles = async {
        let mut little = [0; 1000];
        while peer.read_exact(&mut little).await.is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let talks = async {
        for _ in 1..5_000 {
            room.says();
            room.rings();
            sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::select! {
        why = writer.run() => assert_eq!(why, CloseReason::Lagged),
        () = trickles => {}
        () = talks => panic!("it held up all that was said"),
    }
    // What it was not sent any more is not counted as delivered.
    let Totals { delivered, sent_bytes, .. } = traffic.totals();
    assert!(delivered > 0 && delivered * 1000 <= sent_bytes, "{delivered} in {sent_bytes} bytes");
}

/// A waker that says whether it was used.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Woken {
    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

#[tokio::test]
async fn whoever_rings_has_a_writer_on_standby_write_and_wakes_its_task_for_the_rest() {
    let (out, mut peer) = duplex(4096);
    let (mut room, writer) = Room::with(out);
    let woken = Arc::<Woken>::default();
    let (waker, mut task) = (Waker::from(woken.clone()), Box::pin(writer.run()));
    let mut poll = || task.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(poll().is_pending());
    let mut heard = vec![0; 1007];
    for _ in 0..3 {
        room.says();
        room.rings();
        peer.read_exact(&mut heard).await.unwrap();
        assert!(!woken.take(), "its task slept on");
    }
    // More than the peer takes at once.
    for _ in 0..5 {
        room.says();
        room.rings();
    }
    assert!(woken.take());
    assert!(poll().is_pending());
    for _ in 0..5 {
        peer.read_exact(&mut heard).await.unwrap();
        if woken.take() {
            assert!(poll().is_pending());
        }
    }
    assert_eq!(room.traffic.totals().delivered, 8);
    // An answer is the task's business, and has its place.
    let answer = Private { after: Ordinal(8), word: Word::Notice(vec!["first".into()]) };
    assert!(room.seat.put(answer).is_ok() && woken.take());
    room.says();
    room.rings();
    assert!(woken.take());
    assert!(poll().is_pending());
    let mut answered = [0; 9];
    peer.read_exact(&mut answered).await.unwrap();
    assert_eq!(&answered, b"-- first\n");
    peer.read_exact(&mut heard).await.unwrap();
    assert!(heard.starts_with(b"Trin: x") && heard.ends_with(b"x\n"));
    // Nothing of it is left at the room when its task is gone.
    assert_eq!(Arc::strong_count(&room.tide), 2);
    drop(task);
    assert_eq!(Arc::strong_count(&room.tide), 1);
    room.says();
    room.rings();
}

/// It lay there from then on, with news, and nobody would have woken it.
#[tokio::test]
async fn news_between_the_writers_last_look_and_its_standby_wakes_its_task() {
    let (out, mut peer) = duplex(4096);
    let (mut room, mut writer) = Room::with(out);
    let woken = Arc::<Woken>::default();
    let waker = Waker::from(woken.clone());
    let mut cx = Context::from_waker(&waker);
    let standby = Standby::new(room.seat.clone());
    let waiter = standby.waiter();
    assert!(pin!(writer.follow(&waiter)).poll(&mut cx).is_ready());
    room.says();
    waiter.take(&waiter);
    let mut rest = Box::pin(standby.rest(writer));
    assert!(rest.as_mut().poll(&mut cx).is_pending());
    waiter.send();
    assert!(woken.take(), "its task knows");
    let Poll::Ready(Some(mut writer)) = rest.as_mut().poll(&mut cx) else {
        panic!("it is with its task again")
    };
    assert!(pin!(writer.follow(&waiter)).poll(&mut cx).is_ready());
    let mut heard = vec![0; 1007];
    peer.read_exact(&mut heard).await.unwrap();
}

/// A socket that is not made for this.
struct Faulty;

impl AsyncWrite for Faulty {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        panic!("a planted fault");
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_fault_on_standby_ends_that_session_and_nothing_else() {
    let (mut room, writer) = Room::with(Faulty);
    let mut task = Box::pin(writer.run());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(task.as_mut().poll(&mut cx).is_pending());
    room.says();
    room.rings();
    assert_eq!(room.seat.why().0, CloseReason::Lost);
    assert!(matches!(task.as_mut().poll(&mut cx), Poll::Ready(CloseReason::Lost)));
    assert_eq!(Arc::strong_count(&room.tide), 1);
}

fn reader(
    limits: Live,
    seat: &Seat,
) -> (Reader<DuplexStream>, DuplexStream, mpsc::Receiver<Request>) {
    let (peer, read) = duplex(8 * 1024);
    let (inbox, heard) = mpsc::channel(1024);
    let reader = Reader {
        session: SessionId(1),
        dialect: Dialect::Line,
        read,
        ear: Ear::new(Dialect::Line, Nick::parse(b"Neo").unwrap()),
        hub: HubHandle::to(inbox),
        seat: seat.clone(),
        limits,
        flood: Flood::default(),
        since: Instant::now(),
        traffic: Arc::new(Traffic::new(Arc::default())),
    };
    (reader, peer, heard)
}

/// The texts of the next thing the hub hears.
async fn texts(heard: &mut mpsc::Receiver<Request>) -> Vec<String> {
    match heard.recv().await {
        Some(Request::Input(Input::Post { posts, .. })) => {
            posts.iter().map(|post| post.text.to_string()).collect()
        }
        other => panic!("the hub heard {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_at_once_waits_and_its_peer_with_it() {
    let seat = Seat::default();
    let (mut reader, mut peer, mut heard) = reader(Live::new(Limits::default()).1, &seat);
    let start = Instant::now();
    let stage = async {
        let lines: String = (0..14).flat_map(|n| [n.to_string(), "\n".into()]).collect();
        peer.write_all(lines.as_bytes()).await.unwrap();
        let first: Vec<_> = (0..10).map(|n| n.to_string()).collect();
        assert_eq!(texts(&mut heard).await, first, "as many as may pass, in one go");
        assert_eq!(start.elapsed(), Duration::ZERO);
        for n in 10_u32..14 {
            assert_eq!(texts(&mut heard).await, [n.to_string()]);
            let due = Duration::from_millis(250) * (n - 9);
            let late = start.elapsed().checked_sub(due).expect("not before its time");
            assert!(late < Duration::from_millis(10), "{late:?}");
        }
        // What waits is not read on: after a read and what is on the way, the peer waits as well.
        let much = "x\n".repeat(32 * 1024);
        let fits = timeout(Duration::from_mins(1), peer.write_all(much.as_bytes())).await;
        assert!(fits.is_err(), "it took 64 KiB in a minute");
        let mut passed = 0;
        while let Ok(Request::Input(Input::Post { posts, .. })) = heard.try_recv() {
            passed += posts.len();
        }
        assert!((239..=241).contains(&passed), "{passed} messages in a minute");
        // It ends at once all the same.
        let before = Instant::now();
        seat.close(CloseReason::Kicked, None);
        loop {
            match heard.recv().await {
                Some(Request::Input(Input::Leave { reason, .. })) => {
                    assert_eq!(reason, CloseReason::Kicked);
                    break;
                }
                Some(Request::Input(Input::Post { .. })) => {}
                other => panic!("the hub heard {other:?}"),
            }
        }
        assert_eq!(before.elapsed(), Duration::ZERO);
    };
    tokio::join!(reader.run(Vec::new()), stage);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_goes_on_when_flood_control_is_lifted() {
    let seat = Seat::default();
    let (change, limits) = Live::new(Limits::default());
    let (mut reader, mut peer, mut heard) = reader(limits, &seat);
    let stage = async {
        peer.write_all("x\n".repeat(1000).as_bytes()).await.unwrap();
        assert_eq!(texts(&mut heard).await.len(), 10);
        change.send_replace(Arc::new(Limits { flood: false, ..Limits::default() }));
        let mut rest = 990;
        let start = Instant::now();
        while rest > 0 {
            rest -= texts(&mut heard).await.len();
        }
        assert!(start.elapsed() <= Duration::from_millis(260), "{:?}", start.elapsed());
        seat.close(CloseReason::Quit, None);
    };
    tokio::join!(reader.run(Vec::new()), stage);
}

/// What was said at once under one limit is a debt under another; nobody waits it off for minutes
/// when flood control is lifted.
#[tokio::test(start_paused = true)]
async fn whoever_waits_long_sees_a_change_within_a_second() {
    let seat = Seat::default();
    let (change, limits) = Live::new(Limits { flood_burst: 1000, ..Limits::default() });
    let (mut reader, mut peer, mut heard) = reader(limits, &seat);
    let stage = async {
        peer.write_all("x\n".repeat(1001).as_bytes()).await.unwrap();
        let mut said = 0;
        while said < 1000 {
            said += texts(&mut heard).await.len();
        }
        change.send_replace(Arc::new(Limits::default()));
        assert!(timeout(Duration::from_secs(100), heard.recv()).await.is_err(), "it waits");
        let start = Instant::now();
        change.send_replace(Arc::new(Limits { flood: false, ..Limits::default() }));
        assert_eq!(texts(&mut heard).await, ["x"]);
        assert!(start.elapsed() <= Duration::from_millis(1010), "{:?}", start.elapsed());
        seat.close(CloseReason::Quit, None);
    };
    tokio::join!(reader.run(Vec::new()), stage);
}

/// What `make` makes, without making it.
fn size_of_made<A, F>(_make: impl Fn(A) -> F) -> usize {
    size_of::<F>()
}

/// Each await of a moved or rare thing once cost every idle session its size: 6.5 KiB in all.
#[test]
fn an_idle_session_keeps_no_room_for_what_is_rare() {
    type Read = tokio::net::tcp::OwnedReadHalf;
    type Write = tokio::net::tcp::OwnedWriteHalf;
    let writing = size_of_made(Writer::<Write>::run);
    assert!(writing <= 240, "{writing}");
    let writer = size_of::<Writer<Write>>();
    assert!(writer <= 336, "{writer}");
    let session = size_of_made(|(shared, read, write, visit): (_, Read, Write, _)| {
        let addr = "127.0.0.1:1".parse().unwrap();
        super::run(shared, SessionId(1), addr, read, write, Seat::default(), visit)
    });
    assert!(session <= 1040, "{session}");
}
