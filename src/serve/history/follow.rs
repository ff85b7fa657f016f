//! A room that the recorder follows: what comes next in it, and what its log let go of before that
//! was read.

use super::write::Hole;
use super::writer::{Part, Work};
use crate::log::{Cursor, Slice};
use crate::wire::entry::{Entry, Ordinal, Seq};
use crate::wire::room_name::RoomName;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Entries after which a commit takes no more: a tenth of a second at full load, and as much as
/// the writer holds while the disk refuses it.
const BATCH: usize = 32 * 1024;
/// While the disk keeps the writer waiting: how long something may be held that the log has let
/// go of.
pub(super) const LOOK: Duration = Duration::from_millis(250);
/// How long a hub may take to answer; one that takes longer is asked again.
const PATIENCE: Duration = Duration::from_secs(3);

/// Gives a new cursor after a number, for a recorder that was too slow; `None` if there is no such
/// room any more.
pub type Reopen = Arc<
    dyn Fn(RoomName, Seq) -> Pin<Box<dyn Future<Output = Option<Cursor>> + Send>> + Send + Sync,
>;

/// A room that is followed.
#[derive(Debug)]
pub(super) struct Followed {
    /// What is read now, and what the room was made of again when it had ended; `None` when the
    /// log let go of what came next.
    pub(super) cursors: VecDeque<Option<Cursor>>,
    pub(super) last: Seq,
    pub(super) recorded: bool,
    /// The room ended; what is in its log is still to be read.
    pub(super) gone: bool,
    /// Its last numbers were used for something that could not be read.
    pub(super) is_cut: bool,
}

impl Followed {
    pub(super) fn new(last: Seq, recorded: bool) -> Self {
        Self { cursors: VecDeque::new(), last, recorded, gone: false, is_cut: false }
    }

    /// Whether numbers were used that the history does not know of.
    pub(super) fn is_unsure(&self) -> bool {
        self.is_cut || self.cursors.iter().any(Option::is_none)
    }

    /// Holds nothing that the log has let go of. What is not recorded is only counted.
    pub(super) fn let_go(&mut self) {
        for cursor in &mut self.cursors {
            if !self.recorded {
                let Some(cursor) = cursor else { continue };
                while let Some(last) = cursor.next_slice(None).as_ref().and_then(last_of) {
                    self.last = last.seq;
                }
            } else if cursor.as_ref().is_some_and(Cursor::is_lost) {
                *cursor = None;
            }
        }
    }

    /// Takes what the room has up to the target; `true` if there is more of that than fits.
    pub(super) async fn take(
        &mut self,
        room: &RoomName,
        target: Ordinal,
        reopen: &Reopen,
        work: &mut Work,
    ) -> bool {
        let mut part: Option<Part> = None;
        let is_full = loop {
            let is_last = self.cursors.len() <= 1;
            let Some(front) = self.cursors.front_mut() else {
                break false;
            };
            let Some(cursor) = front else {
                let again = timeout(PATIENCE, reopen(room.clone(), self.last)).await;
                match again.ok().flatten() {
                    Some(cursor) => *front = Some(cursor),
                    // Made again since, or ended for good.
                    None if self.gone || !is_last => {
                        let after = self.last.0;
                        tracing::error!(%room, after, "the end of a room is not in the history");
                        self.is_cut = true;
                        self.cursors.pop_front();
                    }
                    None => break false,
                }
                continue;
            };
            if work.entries >= BATCH {
                break true;
            }
            let Some(slice) = cursor.next_slice(None) else {
                if is_last {
                    break false;
                }
                self.cursors.pop_front();
                continue;
            };
            let (Some(first), Some(last)) = (slice.iter().next(), last_of(&slice)) else {
                continue;
            };
            let hole = Hole { after: self.last, before: first.seq };
            let ordinal = last.ordinal;
            self.last = last.seq;
            if self.recorded {
                if hole.missing() > 0 {
                    work.parts.extend(part.take());
                }
                work.entries += slice.entries.len();
                let hole = (hole.missing() > 0).then_some(hole);
                let new = || Part { room: room.clone(), slices: Vec::new(), hole };
                part.get_or_insert_with(new).slices.push(slice);
            }
            if ordinal >= target && is_last {
                break false;
            }
        };
        work.parts.extend(part);
        is_full
    }
}

pub(super) fn last_of(slice: &Slice) -> Option<&Entry> {
    slice.chunk.entries().get(slice.entries.end.checked_sub(1)?)
}
