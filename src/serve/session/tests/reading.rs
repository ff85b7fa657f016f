//! The reader against a peer that says what it likes.

use super::Faulty;
use crate::config::Limits;
use crate::room::{Flood, Input};
use crate::serve::hub::{HubHandle, Request};
use crate::serve::live::Live;
use crate::serve::seat::Seat;
use crate::serve::session::ear::Ear;
use crate::serve::session::reader::Reader;
use crate::wire::Dialect;
use crate::wire::close::CloseReason;
use crate::wire::entry::SessionId;
use crate::wire::nick::Nick;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

fn reader(
    limits: Live,
    seat: &Seat,
) -> (Reader<DuplexStream>, DuplexStream, mpsc::Receiver<Request>) {
    let (peer, read) = duplex(8 * 1024);
    let (reader, heard) = reader_of(read, limits, seat);
    (reader, peer, heard)
}

fn reader_of<R>(read: R, limits: Live, seat: &Seat) -> (Reader<R>, mpsc::Receiver<Request>) {
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
    };
    (reader, heard)
}

impl AsyncRead for Faulty {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        panic!("a planted fault");
    }
}

/// Otherwise its name would be taken for ever.
#[tokio::test]
async fn a_fault_while_reading_ends_the_session_and_the_room_is_told() {
    let limits = Live::new(Limits::default()).1;
    let (mut reader, mut heard) = reader_of(Faulty, limits, &Seat::default());
    reader.run(Vec::new()).await;
    let told = heard.recv().await;
    let Some(Request::Input(Input::Leave { session, reason })) = told else {
        panic!("the hub heard {told:?}")
    };
    assert_eq!((session, reason), (SessionId(1), CloseReason::Lost));
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
