//! The writer against a peer that reads as it likes, and the reader against one that says what it
//! likes.

use super::batch::Batch;
use super::ear::Ear;
use super::following::Following;
use super::reader::Reader;
use super::writer::{EndsSession, Writer};
use crate::config::Limits;
use crate::log::Logs;
use crate::room::{Flood, Input, RoomRow};
use crate::serve::gate;
use crate::serve::hub::{HubHandle, Place, Request};
use crate::serve::live::Live;
use crate::serve::metrics::{Taken, Totals, Traffic};
use crate::serve::seat::Seat;
use crate::serve::tide::{Ringer, Tide};
use crate::wire::Dialect;
use crate::wire::close::CloseReason;
use crate::wire::entry::{Chat, Entry, Event, Kind, Millis, Ordinal, RoomId, Seq, SessionId};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use crate::wire::text::Text;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
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

/// A peer that always took a little was never blocked for as long as a look takes, and what it
/// held up grew without a bound.
#[tokio::test(start_paused = true)]
async fn a_trickling_reader_is_closed_when_it_falls_out_of_the_log() {
    let (out, mut peer) = duplex(16 * 1024);
    let room = RoomId(0);
    let mut logs = Logs::new(256 * 1024);
    let cursor = logs.open(room, RoomName::lobby(), Seq(1));
    let (tide, ringer, seat) = (Arc::<Tide>::default(), Ringer::default(), Seat::default());
    let published = Arc::new(AtomicU64::new(u64::MAX));
    let mut following = Following::new(published, seat.clone());
    let name = RoomName::lobby();
    let row = RoomRow { name, seq: Seq(0), members: 1, topic: None, recorded: false };
    following.enter(Place {
        room,
        row,
        cursor,
        gap: None,
        replay: None,
        tide: tide.clone(),
        earlier: Vec::new(),
        unrecorded: false,
    });
    let traffic = Arc::new(Traffic::new(Arc::default()));
    let mut writer = Writer {
        session: SessionId(1),
        dialect: Dialect::Line,
        out,
        following,
        filed: None,
        is_held: false,
        gate: gate::Reader::new(Arc::default()),
        _end: EndsSession(seat.clone()),
        seat,
        limits: Live::new(Limits::default()).1,
        batch: Batch::default(),
        taken: Taken::default(),
        traffic: traffic.clone(),
        waiting: None,
        paced: VecDeque::new(),
    };
    let trickles = async {
        let mut little = [0; 1000];
        while peer.read_exact(&mut little).await.is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let talks = async {
        for seq in 1..5_000 {
            logs.append(room, vec![entry(seq)]);
            tide.rise(logs.tail(room).bytes);
            ringer.ring(std::iter::once(tide.clone()));
            sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::select! {
        why = writer.run() => assert_eq!(why, CloseReason::Lagged),
        () = trickles => {}
        () = talks => panic!("it held up all that was said"),
        () = ringer.run() => {}
    }
    // What it was not sent any more is not counted as delivered.
    let Totals { delivered, sent_bytes, .. } = traffic.totals();
    assert!(delivered > 0 && delivered * 1000 <= sent_bytes, "{delivered} in {sent_bytes} bytes");
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
    let writing = size_of_made(|mut writer: Writer<Write>| async move { writer.run().await });
    assert!(writing <= 480, "{writing}");
    let session = size_of_made(|(shared, read, write, visit): (_, Read, Write, _)| {
        let addr = "127.0.0.1:1".parse().unwrap();
        super::run(shared, SessionId(1), addr, read, write, Seat::default(), visit)
    });
    assert!(session <= 1040, "{session}");
}
