//! The rooms a session follows: a cursor into each one's log, read as one story in the order of
//! the server. Knows no socket.

use crate::log::{Cursor, Slice};
use crate::serve::hub::Place;
use crate::serve::seat::Seat;
use crate::serve::tide::{Tide, Waiter};
use crate::wire::entry::{Ordinal, RoomId, Seq, SessionId};
use crate::wire::room_name::RoomName;
use smallvec::SmallVec;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where a session reads. Nearly always that is one room, which is kept in place. Here and below, what
/// every delivery looks at stands together.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Following {
    rooms: SmallVec<[Followed; 1]>,
    /// Up to here the logs are whole and all answers are in their mailboxes.
    published: Arc<AtomicU64>,
    seat: Seat,
}

#[derive(Debug)]
#[repr(C)]
struct Followed {
    cursor: Cursor,
    tide: Arc<Tide>,
    /// As whom the session is rung for there.
    listed: Option<SessionId>,
    /// Reads in the file so far, behind this entry.
    replay: Option<Seq>,
    id: RoomId,
    /// The room's last entry when the session came in.
    joined: Seq,
}

/// What is still to be read in the file.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) room: RoomId,
    pub(super) name: RoomName,
    pub(super) after: Seq,
    pub(super) joined: Seq,
}

impl Drop for Followed {
    fn drop(&mut self) {
        if let Some(session) = self.listed {
            self.tide.leave(session);
        }
    }
}

impl Following {
    pub(super) fn new(published: Arc<AtomicU64>, seat: Seat) -> Self {
        Self { rooms: SmallVec::new(), published, seat }
    }

    /// Reads in one more room.
    pub(super) fn enter(&mut self, place: Place) {
        let Place { room: id, row, mut cursor, replay, tide, .. } = place;
        if replay.is_some() {
            // Nothing of the log is kept alive meanwhile.
            cursor.let_go();
        }
        self.part(id);
        let (listed, joined) = (None, row.seq);
        self.rooms.push(Followed { cursor, tide, listed, replay, id, joined });
    }

    /// The room whose file is to be read first, if there is one.
    pub(super) fn replaying(&self) -> Option<Replay> {
        self.rooms.iter().find_map(|room| {
            let after = room.replay?;
            let name = room.cursor.room().clone();
            Some(Replay { room: room.id, name, after, joined: room.joined })
        })
    }

    /// The file has been read up to here.
    pub(super) fn replayed(&mut self, id: RoomId, upto: Seq) {
        if let Some(room) = self.rooms.iter_mut().find(|room| room.id == id) {
            room.replay = Some(upto);
        }
    }

    /// … and from here on the log is read.
    pub(super) fn live(&mut self, id: RoomId, cursor: Cursor) {
        if let Some(room) = self.rooms.iter_mut().find(|room| room.id == id) {
            (room.replay, room.cursor) = (None, cursor);
        }
    }

    /// … and no longer in one.
    pub(super) fn part(&mut self, id: RoomId) {
        self.rooms.retain(|room| room.id != id);
    }

    /// Reads in no other room any more.
    pub(super) fn part_others(&mut self, id: RoomId) {
        self.rooms.retain(|room| room.id == id);
    }

    /// Reads nowhere any more, and keeps nothing of the log alive.
    pub(super) fn let_go(&mut self) {
        self.rooms.clear();
    }

    /// How far everybody may read. Behind that there may be an answer on its way, and one room's
    /// log may have moved before another's.
    pub(super) fn published(&self) -> Ordinal {
        Ordinal(self.published.load(Ordering::Acquire))
    }

    /// What comes next, up to a place up to which the logs are whole: what is published, or the
    /// place of an answer that is there.
    ///
    /// Of what the session `held` did itself, nothing behind a place is taken.
    pub(super) fn next_slice(
        &mut self,
        mut until: Ordinal,
        held: Option<(SessionId, Ordinal)>,
    ) -> Option<Slice> {
        if let Some((me, limit)) = held {
            for room in &mut self.rooms {
                if let Some(own) = room.cursor.next_own(me, limit) {
                    until = until.min(Ordinal(own.0 - 1));
                }
            }
        }
        if let [room] = self.rooms.as_mut_slice() {
            return room.cursor.next_slice(Some(until));
        }
        let mut first: Option<(Ordinal, usize)> = None;
        let mut second = None;
        for (index, room) in self.rooms.iter_mut().enumerate() {
            let Some(next) = room.cursor.peek() else { continue };
            if first.is_none_or(|(first, _)| next < first) {
                second = first.replace((next, index)).map(|(next, _)| next);
            } else if second.is_none_or(|second| next < second) {
                second = Some(next);
            }
        }
        // Up to where another room goes on.
        let until = second.map_or(until, |next| until.min(Ordinal(next.0 - 1)));
        self.rooms.get_mut(first?.1)?.cursor.next_slice(Some(until))
    }

    /// Where it stands, if it reads in one room, and in its log.
    pub(super) fn place(&self) -> Option<&Cursor> {
        match self.rooms.as_slice() {
            [room] if room.replay.is_none() => Some(&room.cursor),
            _ => None,
        }
    }

    /// … and from where it goes on there.
    pub(super) fn went_on(&mut self, to: &Cursor) {
        if let [room] = self.rooms.as_mut_slice() {
            room.cursor.clone_from(to);
        }
    }

    /// Whether something stands before an answer that is there, and is held.
    pub(super) fn is_before(&mut self, answer: Ordinal) -> bool {
        self.rooms.iter_mut().any(|room| room.cursor.peek().is_some_and(|next| next <= answer))
    }

    /// Whether there is more than was taken.
    pub(super) fn has_more(&mut self) -> bool {
        self.is_before(self.published())
    }

    /// Has `waiter` rung for whenever one of the rooms goes on.
    pub(super) fn list(&mut self, session: SessionId, waiter: &Arc<dyn Waiter>) {
        for room in self.rooms.iter_mut().filter(|room| room.listed.is_none()) {
            room.tide.enter(session, waiter.clone());
            room.listed = Some(session);
        }
    }

    /// How far behind what is published the session is, in the weight of the log.
    pub(super) fn behind(&self) -> u64 {
        let published = self.published();
        let mut behind = 0;
        for room in self.rooms.iter().filter(|room| room.replay.is_none()) {
            behind += room.tide.bytes().saturating_sub(room.cursor.bytes_before());
        }
        let read = self.rooms.iter().filter_map(|room| room.cursor.last_read());
        let read = read.map(|(_, ordinal)| ordinal).max();
        if let Some(position) = if behind == 0 { Some(published) } else { read } {
            self.seat.reached(position);
        }
        behind
    }

    /// Whether what comes next in a room is no longer retained.
    pub(super) fn is_lost(&self) -> bool {
        self.rooms.iter().any(|room| room.cursor.is_lost())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Logs;
    use crate::room::RoomRow;
    use crate::serve::tide::Ringer;
    use crate::wire::entry::{Entry, Event, Millis};
    use std::future::poll_fn;
    use std::task::{Poll, Waker};

    struct Asleep(Waker);

    impl Waiter for Asleep {
        fn ring(&self) -> bool {
            true
        }

        fn take(&self) {}

        fn send(&self) {
            self.0.wake_by_ref();
        }
    }

    /// What is published between the last read and the sleep wakes the sleeper.
    #[tokio::test]
    async fn what_is_published_after_listening_wakes() {
        let (room, name) = (RoomId(0), RoomName::lobby());
        let mut logs = Logs::new(1 << 20);
        let cursor = logs.open(room, name.clone(), Seq(1));
        let (tide, published) = (Arc::<Tide>::default(), Arc::<AtomicU64>::default());
        let mut following = Following::new(published.clone(), Seat::default());
        let row = RoomRow { name, seq: Seq(0), members: 1, topic: None, recorded: false };
        let (gap, replay, earlier, unrecorded) = (None, None, Vec::new(), false);
        let place =
            Place { room, row, cursor, gap, replay, tide: tide.clone(), earlier, unrecorded };
        following.enter(place);
        let ringer = Ringer::default();
        let reads = poll_fn(|cx| {
            let asleep: Arc<dyn Waiter> = Arc::new(Asleep(cx.waker().clone()));
            following.list(SessionId(1), &asleep);
            match following.next_slice(following.published(), None) {
                Some(slice) => Poll::Ready(slice.entries.len()),
                None => Poll::Pending,
            }
        });
        let talks = async {
            let event = Event::Crowd { joined: 1, left: 0 };
            let (seq, ordinal, at, author) = (Seq(1), Ordinal(1), Millis(0), SessionId(9));
            logs.append(room, vec![Entry { seq, ordinal, at, author, event }]);
            published.store(1, Ordering::Release);
            tide.rise(logs.tail(room).bytes);
            ringer.ring(std::iter::once(tide.clone()));
            ringer.run().await;
        };
        tokio::select! {
            biased;
            read = reads => assert_eq!(read, 1),
            () = talks => {}
        }
        assert_eq!(following.behind(), 0);
    }
}
