//! What the server's memory comes to at the very most, computed from the limits term by term.
//! Counts upper bounds, never what is in use; `docs/GUARANTEES.md` says each in words.

use super::hub::INBOX;
use super::seat::{ASKED, FULL};
use super::session::Private;
use super::session::bounds::{BATCH, HEAVY, POSTS, READ_AHEAD, SCRATCH};
use crate::config::Limits;
use crate::log;
use crate::room::Post;
use crate::wire::limits;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The program itself: its code as far as it is used, the runtime's threads, what is known of
/// names, ids and addresses.
const PROGRAM: usize = 32 * MIB;
/// The history's two threads with `SQLite`'s caches, the segments being written and read, and the
/// words of a search.
const HISTORY: usize = 48 * MIB;
/// The longest turn in all encodings: all that the inbox holds, said once.
const TURN: usize = 18 * MIB;
/// What slow readers still stand in when the log has let go of it: they look four times a second.
const STOOD_IN: usize = 32 * MIB;
/// A room without its entries: names, topic, the ends of its log.
const ROOM: usize = 4 * KIB;
/// A connection that is idle, or does not read: 14 KiB measured at 1000 of them, in a debug build,
/// with what it was about to write.
const CONNECTION: usize = 16 * KIB;
/// An allocation's own cost, and the rest of a text's when it is made harmless: at most three
/// bytes for one.
const ALLOCATION: usize = 16;
const GROWS: usize = 3;
/// An answer to one question, such as a refusal with its text, and one of many entries.
const ANSWER: usize = 512;
const HEAVY_ANSWER: usize = 400 * KIB;

/// Bounds of one server's memory, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceiling {
    /// What all share, by its name.
    pub shared: Vec<(&'static str, usize)>,
    /// Each connection that only listens, or not even that.
    pub connection: usize,
    /// Each that also sends and asks for all it may, and reads nothing.
    pub hostile: usize,
}

impl Ceiling {
    /// Of a server with these limits.
    pub fn of(limits: &Limits, recorded: bool) -> Self {
        let post = size_of::<Post>() + 2 * ALLOCATION;
        let request = POSTS * post + GROWS * SCRATCH;
        let mut shared = vec![
            ("the program", PROGRAM),
            ("the rooms' logs (retained_bytes)", limits.retained_bytes),
            ("what those who read had no time for yet: two turns", 2 * TURN),
            ("what slow readers still stand in", STOOD_IN),
            ("the hub's inbox, and once more what it works on", 2 * INBOX * request),
            ("the rooms (rooms)", limits.rooms.saturating_mul(ROOM)),
        ];
        if recorded {
            shared.push(("the history", HISTORY));
            shared.push(("what is not recorded yet", log::NOT_TAKEN));
        }
        // The shortest line is a letter and its end.
        let ahead = if limits.flood { READ_AHEAD } else { SCRATCH };
        let heard = limits::UNFRAMED + ahead / 2 * post + GROWS * ahead;
        let answers = FULL.div_ceil(HEAVY) * HEAVY_ANSWER + BATCH;
        let asked = (ASKED + POSTS) * (size_of::<Private>() + ALLOCATION + ANSWER);
        let hostile = CONNECTION + heard + answers + asked;
        Self { shared, connection: CONNECTION, hostile }
    }

    /// With so many connections that say little and may read nothing.
    pub fn with_listeners(&self, connections: usize) -> usize {
        self.shared().saturating_add(connections.saturating_mul(self.connection))
    }

    /// With so many connections of the worst kind.
    pub fn with_hostile(&self, connections: usize) -> usize {
        self.shared().saturating_add(connections.saturating_mul(self.hostile))
    }

    fn shared(&self) -> usize {
        self.shared.iter().map(|(_, bytes)| *bytes).fold(0, usize::saturating_add)
    }

    /// As lines for people.
    pub fn lines(&self, connections: usize) -> Vec<String> {
        let mut lines = vec!["memory, at most:".to_owned()];
        let of = |what: &str, bytes: usize| format!("{:>10}  {what}", shown(bytes));
        lines.extend(self.shared.iter().map(|(what, bytes)| of(what, *bytes)));
        let each = format!("{connections} connections of {}", shown(self.connection));
        lines.push(of(&each, connections.saturating_mul(self.connection)));
        lines.push(of(
            "in all, whatever anybody says and however slowly it is read",
            self.with_listeners(connections),
        ));
        let worst = format!(
            "if each of them also asks for all it may and never reads the answers ({} each)",
            shown(self.hostile)
        );
        lines.push(of(&worst, self.with_hostile(connections)));
        lines
    }
}

/// A size in the unit people would use.
fn shown(bytes: usize) -> String {
    if bytes >= 10 * KIB * MIB {
        format!("{} GiB", bytes / (KIB * MIB))
    } else if bytes >= 10 * MIB {
        format!("{} MiB", bytes / MIB)
    } else {
        format!("{} KiB", bytes.div_ceil(KIB))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_that_costs_memory_is_in_it() {
        let usual = Limits::default();
        let at = |limits: &Limits, recorded| Ceiling::of(limits, recorded).with_hostile(100);
        let base = at(&usual, false);
        let more = Limits { retained_bytes: usual.retained_bytes + MIB, ..usual.clone() };
        assert_eq!(at(&more, false), base + MIB);
        let rooms = Limits { rooms: usual.rooms + 1, ..usual.clone() };
        assert_eq!(at(&rooms, false), base + ROOM);
        let unheld = Limits { flood: false, ..usual.clone() };
        assert!(at(&unheld, false) > base, "more of a read waits");
        assert_eq!(at(&usual, true), base + HISTORY + log::NOT_TAKEN);
        let ceiling = Ceiling::of(&usual, true);
        let one_more = ceiling.with_listeners(101) - ceiling.with_listeners(100);
        assert_eq!(one_more, CONNECTION);
        assert!(ceiling.with_hostile(1) > ceiling.with_listeners(1));
        let huge = Limits { retained_bytes: usize::MAX, rooms: usize::MAX, ..usual };
        assert_eq!(at(&huge, true), usize::MAX, "it does not overflow");
    }

    #[test]
    fn sizes_are_shown_as_people_say_them() {
        assert_eq!(
            [1, 12 * KIB, 10 * MIB, 25 * KIB * MIB].map(shown),
            ["1 KiB", "12 KiB", "10 MiB", "25 GiB"]
        );
    }
}
