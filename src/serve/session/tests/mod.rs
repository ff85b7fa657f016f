//! The writer against a peer that reads as it likes, and what a session keeps.

mod reading;

use super::reader::Reader;
use super::standby::Standby;
use super::writer::Until;
use super::{Private, Word, Writer, Writing};
use crate::config::Limits;
use crate::log::Logs;
use crate::room::RoomRow;
use crate::serve::hub::{HubHandle, Place};
use crate::serve::live::Live;
use crate::serve::metrics::Totals;
use crate::serve::seat::Seat;
use crate::serve::socket::Socket;
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
use tokio::io::{AsyncReadExt, AsyncWrite, duplex};
use tokio::sync::mpsc;
use tokio::time::sleep;

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
        let limits = Live::new(Limits::default()).1;
        let writer = Writer::new(writing, &hub, out, limits);
        let ringer = Ringer::default();
        (Self { logs, tide, ringer, published, seat, said: 0 }, writer)
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
        while self.ringer.ring_some() {}
    }
}

/// A peer that always took a little was never blocked for as long as a look takes, and what it
/// held up grew without a bound.
#[tokio::test(start_paused = true)]
async fn a_trickling_reader_is_closed_when_it_falls_out_of_the_log() {
    let (out, mut peer) = duplex(16 * 1024);
    let (mut room, writer) = Room::with(out);
    let seat = room.seat.clone();
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
    let Totals { delivered, sent_bytes, .. } = seat.traffic().totals();
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
    assert_eq!(room.seat.traffic().totals().delivered, 8);
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
    waiter.take();
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

/// What it is to read in one room has gone while it waited; that it has all there is of another
/// hides nothing.
#[tokio::test]
async fn who_is_too_late_in_one_of_two_rooms_is_closed() {
    let (mut room, mut writer) = Room::with(duplex(4096).0);
    let (other, third) = (RoomId(1), RoomId(2));
    let cursor = room.logs.open(other, RoomName::parse("ops").unwrap(), Seq(1));
    let name = RoomName::parse("ops").unwrap();
    writer.following.enter(Place {
        room: other,
        row: RoomRow { name, seq: Seq(0), members: 1, topic: None, recorded: false },
        cursor,
        gap: None,
        replay: None,
        tide: Arc::default(),
        earlier: Vec::new(),
        unrecorded: false,
    });
    room.logs.open(third, RoomName::parse("third").unwrap(), Seq(1));
    let mut say = |id, seq, ordinal| {
        let ordinal = Ordinal(ordinal);
        room.logs.append(id, vec![Entry { ordinal, ..entry(seq) }]);
    };
    say(Room::ID, 1, 1);
    (1..=1000).for_each(|seq| say(third, seq, seq + 1));
    say(other, 1, 1002);
    room.published.store(1002, Ordering::Release);
    assert_eq!(writer.gather(Until::Tail), Err(CloseReason::Lagged));
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

/// What `make` makes, without making it.
fn size_of_made<A, F>(_make: impl Fn(A) -> F) -> usize {
    size_of::<F>()
}

/// Each await of a moved or rare thing once cost every idle session its size: 6.5 KiB in all.
#[test]
fn an_idle_session_keeps_no_room_for_what_is_rare() {
    type Read = tokio::net::tcp::OwnedReadHalf;
    type Write = Socket;
    let writing = size_of_made(Writer::<Write>::run);
    assert!(writing <= 240, "{writing}");
    let writer = size_of::<Writer<Write>>();
    assert!(writer <= 328, "{writer}");
    let session = size_of_made(|(shared, read, write, visit): (_, Read, Write, _)| {
        let addr = "127.0.0.1:1".parse().unwrap();
        super::run(shared, SessionId(1), addr, read, write, Seat::default(), visit)
    });
    assert!(session <= 1048, "{session}");
}

/// Each read once filled a box of 1.9 KiB for what it might have to wait for.
#[test]
fn what_a_read_brings_takes_little_room_unless_it_has_to_wait() {
    type Read = tokio::net::tcp::OwnedReadHalf;
    let carrying = size_of_made(|(reader, steps): (&mut Reader<Read>, _)| reader.carry_out(steps));
    assert!(carrying <= 624, "{carrying}");
}
