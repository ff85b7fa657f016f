//! What one turn makes of what is in the inbox together, whatever the timing.

use super::publish::COMINGS;
use super::*;
use crate::room::{Join, Post};
use crate::serve::admin;
use crate::serve::tide::Waiter;
use crate::wire::entry::Kind;
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use crate::wire::text::Text;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::oneshot;

fn hub() -> Hub {
    hub_of(&Limits::default())
}

fn hub_of(limits: &Limits) -> Hub {
    let stop = CancellationToken::new();
    let mut hub = Hub::new(limits, Arc::default(), stop, Legacy::none()).0;
    hub.take_up();
    hub
}

fn enter(session: u64, nick: &str) -> (Request, oneshot::Receiver<Result<Place, Refusal>>, Seat) {
    let addr: SocketAddr = "127.0.0.1:5".parse().unwrap();
    let (nick, kind) = (Nick::parse(nick.as_bytes()).unwrap(), Kind::User);
    let join = Join {
        session: SessionId(session),
        nick,
        kind,
        addr: addr.ip(),
        token: None,
        room: RoomName::lobby(),
    };
    let (reply, admitted) = oneshot::channel();
    let (seat, dialect) = (Seat::default(), Dialect::Native);
    let enter = Enter { join, dialect, addr, resume: None, seat: seat.clone(), reply };
    (Request::Enter(enter), admitted, seat)
}

fn lobby(hub: &Hub) -> Seq {
    hub.logs.tail(hub.core.find(&RoomName::lobby()).unwrap()).seq
}

/// Its door heard that the server is going down.
#[test]
fn who_is_kicked_in_the_turn_of_its_join_is_let_in_to_be_told_why() {
    let mut hub = hub();
    let (enter, mut admitted, seat) = enter(1, "Neo");
    let (reply, _report) = oneshot::channel();
    let kick = admin::Command::Kick { name: "Neo".into(), reason: None };
    hub.turn(&mut vec![enter, Request::Admin(kick, reply)]);
    assert!(admitted.try_recv().unwrap().is_ok());
    assert_eq!(seat.why().0, CloseReason::Kicked);
    assert_eq!(lobby(&hub), Seq(2), "a join and a leave");
}

/// A turn of the shortest messages was one chunk of hundreds of megabytes, and the newest chunk is
/// always retained.
#[test]
fn a_turn_of_many_messages_is_no_chunk_beyond_the_budget() {
    let mut hub = hub();
    let (enter, mut admitted, _seat) = enter(1, "Neo");
    hub.turn(&mut vec![enter]);
    let mut cursor = admitted.try_recv().unwrap().unwrap().cursor;
    let posts = || vec![Post::plain(Text::clean(b"a").unwrap()); 500];
    let post =
        |_| Request::Input(Input::Post { session: SessionId(1), room: None, posts: posts() });
    hub.turn(&mut (0..INBOX).map(post).collect());
    let mut entries = 0;
    while let Some(slice) = cursor.next_slice(None) {
        assert!((slice.chunk.entries().len() as u64) < CHUNK + 500);
        entries += slice.entries.len();
    }
    assert_eq!(entries, INBOX * 500);
}

struct Woken(AtomicBool);

impl Waiter for Woken {
    fn ring(&self) -> bool {
        true
    }

    fn take(&self) {}

    fn send(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Each of a thousand who came at once was told to everybody by itself: twenty writes a join.
#[tokio::test(start_paused = true)]
async fn who_comes_is_told_soon_and_with_what_is_said_at_once() {
    let mut hub = hub();
    let (neo, mut admitted, _seat) = enter(1, "Neo");
    hub.turn(&mut vec![neo]);
    hub.ring();
    while hub.ringer.ring_some() {}
    let place = admitted.try_recv().unwrap().unwrap();
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    place.tide.enter(SessionId(1), woken.clone());
    let is_woken = |hub: &Hub| {
        while hub.ringer.ring_some() {}
        woken.0.load(Ordering::Relaxed)
    };
    for session in 2..20 {
        let nick = format!("q{}", char::from(b'a' + session));
        hub.turn(&mut vec![enter(session.into(), &nick).0]);
        assert!(!is_woken(&hub));
    }
    assert_eq!(hub.ring_at, Some(Instant::now() + COMINGS), "since the first of them");
    let posts = vec![Post::plain(Text::clean(b"a").unwrap())];
    hub.turn(&mut vec![Request::Input(Input::Post { session: SessionId(1), room: None, posts })]);
    assert!(is_woken(&hub));
    assert_eq!(hub.ring_at, None);
}

/// A small log let go of a coming that nobody was told of yet, and of whoever had still to read it.
#[tokio::test(start_paused = true)]
async fn what_nobody_was_told_of_is_not_let_go_of() {
    let limits = Limits { retained_bytes: 1, ..Limits::default() };
    let mut hub = hub_of(&limits);
    let (neo, mut admitted, _seat) = enter(1, "Neo");
    hub.turn(&mut vec![neo]);
    hub.ring();
    let mut reads = admitted.try_recv().unwrap().unwrap().cursor;
    hub.turn(&mut vec![enter(2, "Trin").0]);
    let mut says = |session, text: &str| {
        let posts = vec![Post::plain(Text::clean(text.as_bytes()).unwrap())];
        let session = SessionId(session);
        hub.turn(&mut vec![Request::Input(Input::Post { session, room: None, posts })]);
    };
    says(2, "more than is retained");
    assert!(!reads.is_lost());
    let read = std::iter::from_fn(|| reads.next_slice(None)).map(|slice| slice.entries.len());
    assert_eq!(read.sum::<usize>(), 2);
    // Who had a turn for it and did not read has lost it.
    let late = reads.clone();
    for text in ["a", "b"] {
        says(1, text);
        assert!(!late.is_lost());
    }
    says(1, "c");
    assert!(late.is_lost());
}
