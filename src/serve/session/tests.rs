//! The writer against a peer that reads as it likes.

use super::batch::Batch;
use super::following::Following;
use super::mailbox::Mailbox;
use super::writer::{EndsSession, Writer};
use crate::log::Logs;
use crate::room::RoomRow;
use crate::serve::closer::Closer;
use crate::serve::gate;
use crate::serve::hub::Place;
use crate::serve::metrics::{Taken, Traffic};
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
use tokio::io::{AsyncReadExt, duplex};
use tokio::sync::watch;
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

/// A peer that always took a little was never blocked for as long as a look takes, and what it
/// held up grew without a bound.
#[tokio::test(start_paused = true)]
async fn a_trickling_reader_is_closed_when_it_falls_out_of_the_log() {
    let (out, mut peer) = duplex(16 * 1024);
    let room = RoomId(0);
    let mut logs = Logs::new(256 * 1024);
    let cursor = logs.open(room, RoomName::lobby(), Seq(1));
    let (tail, published) = watch::channel(logs.tail(room));
    let mut following = Following::new(Arc::new(AtomicU64::new(u64::MAX)), Arc::default());
    let name = RoomName::lobby();
    let row = RoomRow { name, seq: Seq(0), members: 1, topic: None, recorded: false };
    following.enter(Place {
        room,
        row,
        cursor,
        gap: None,
        replay: None,
        tail: published,
        earlier: Vec::new(),
        unrecorded: false,
    });
    let (_mailbox, unread) = Mailbox::new();
    let writer = Writer {
        session: SessionId(1),
        dialect: Dialect::Line,
        out,
        following,
        filed: None,
        is_held: false,
        unread,
        gate: gate::Reader::new(Arc::default()),
        _end: EndsSession(Closer::default()),
        closer: Closer::default(),
        limits: Arc::default(),
        batch: Batch::default(),
        taken: Taken::default(),
        traffic: Arc::new(Traffic::new(Arc::default())),
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
            tail.send_replace(logs.tail(room));
            sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::select! {
        why = writer.run() => assert_eq!(why, CloseReason::Lagged),
        () = trickles => {}
        () = talks => panic!("it held up all that was said"),
    }
}
