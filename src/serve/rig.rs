//! A hub on a rig: no socket, no task and no reader of its own, only turns taken by hand. For the
//! micro-benchmarks and the guards of the hot path, which drive the server's own parts with it;
//! the server itself never does.

use super::hub::{Enter, Hub, HubHandle, Legacy, Place, Request};
use super::live::Live;
use super::metrics::Counters;
use super::seat::Seat;
use super::session::{Ear, Step, Writer, Writing};
use crate::config::Limits;
use crate::log::{Cursor, Slice};
use crate::room::{Input, Join, Post};
use crate::wire::Dialect;
use crate::wire::entry::{Kind, Ordinal, SessionId};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::AsyncWrite;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// A hub, and what will be in its inbox at the next turn.
#[derive(Debug)]
pub struct Rig {
    hub: Hub,
    handle: HubHandle,
    counters: Arc<Counters>,
    inbox: Vec<Request>,
    joined: u64,
}

/// A member of a rig that reads when it is told to.
#[derive(Debug)]
pub struct Listener {
    session: SessionId,
    cursor: Cursor,
    published: Arc<AtomicU64>,
}

/// A member of a rig, as far as its reader would know it.
#[derive(Debug)]
pub struct Talker(Ear);

impl Rig {
    /// A hub with a lobby and nobody in it, that records nothing.
    pub fn new(limits: &Limits) -> Self {
        let (counters, stop) = (Arc::<Counters>::default(), CancellationToken::new());
        let (mut hub, handle) = Hub::new(limits, counters.clone(), stop, Legacy::none());
        hub.take_up();
        Self { hub, handle, counters, inbox: Vec::new(), joined: 0 }
    }

    /// Lets somebody into the lobby, in a turn of its own; `None` if the room refuses that name.
    pub fn join(&mut self, nick: Nick, dialect: Dialect) -> Option<Listener> {
        let (session, place) = self.enter(nick, dialect, Seat::new(self.counters.clone()))?;
        Some(Listener { session, cursor: place.cursor, published: self.handle.published() })
    }

    /// The same, and a writer that writes to `out` what others say; it never ends.
    pub fn join_writing<W>(
        &mut self,
        nick: Nick,
        dialect: Dialect,
        out: W,
    ) -> Option<impl Future<Output = ()> + Send + use<W>>
    where
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let seat = Seat::new(self.counters.clone());
        let (session, place) = self.enter(nick, dialect, seat.clone())?;
        let writing = Writing { session, dialect, place, seat };
        let limits = Live::new(Limits::default()).1;
        let writer = Writer::new(writing, &self.handle, out, limits);
        Some(async move {
            writer.run().await;
        })
    }

    fn enter(&mut self, nick: Nick, dialect: Dialect, seat: Seat) -> Option<(SessionId, Place)> {
        self.joined += 1;
        let session = SessionId(self.joined);
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let room = RoomName::lobby();
        let join = Join { session, nick, kind: Kind::User, addr: addr.ip(), token: None, room };
        let (reply, mut admitted) = oneshot::channel();
        let enter = Enter { join, dialect, addr, resume: None, seat, reply };
        self.inbox.push(Request::Enter(enter));
        self.turn();
        self.ring();
        Some((session, admitted.try_recv().ok()?.ok()?))
    }

    /// Puts what a member said in one go into the inbox.
    pub fn post(&mut self, session: SessionId, posts: Vec<Post>) {
        self.inbox.push(Request::Input(Input::Post { session, room: None, posts }));
    }

    /// Works off the inbox: applies, appends, publishes, and has those who wait woken.
    pub fn turn(&mut self) {
        self.hub.turn(&mut self.inbox);
    }

    /// Wakes those who wait for what the last turn brought, once.
    pub fn ring(&mut self) {
        let ringer = self.hub.ringer();
        while ringer.ring_some() {}
    }

    /// The same after each turn, as a task that never ends.
    pub fn ringer(&self) -> impl Future<Output = ()> + Send + use<> {
        let ringer = self.hub.ringer();
        async move { ringer.run().await }
    }
}

impl Listener {
    /// Who it is.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Takes the rest of a chunk, or of the next one, if there is something published in it.
    pub fn take(&mut self) -> Option<Slice> {
        let published = Ordinal(self.published.load(Ordering::Acquire));
        self.cursor.next_slice(Some(published))
    }
}

impl Talker {
    /// Somebody who speaks a dialect.
    pub fn new(dialect: Dialect, nick: Nick) -> Self {
        Self(Ear::new(dialect, nick))
    }

    /// What one read's bytes say to the room, as it is handed to the hub.
    pub fn say(&mut self, bytes: &[u8]) -> impl Iterator<Item = Vec<Post>> + use<> {
        self.0.hear(bytes).into_iter().filter_map(|step| match step {
            Step::Say { posts, .. } => Some(posts),
            _ => None,
        })
    }
}
