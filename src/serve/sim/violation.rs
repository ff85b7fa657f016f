//! A promise that was broken, by the checker that is meant for it.

use std::fmt;

/// Which promise.
pub(super) type Check = &'static str;

pub(super) const ORDER: Check = "one order for everybody";
pub(super) const LOSS: Check = "nothing is lost";
pub(super) const DOUBLE: Check = "nothing comes twice";
pub(super) const GAP: Check = "a gap is told";
pub(super) const ACKS: Check = "an ack has the number that others see";
pub(super) const ANSWERS: Check = "one answer each, in the order of what was asked";
pub(super) const NAMES: Check = "a name belongs to one session";
pub(super) const ROOMS: Check = "no entry leaves its room";
pub(super) const WHISPERS: Check = "a whisper reaches its addressee alone";
pub(super) const REASON: Check = "every closed session has its reason";
pub(super) const GHOSTS: Check = "a ghost is gone in time";
pub(super) const DEADLINE: Check = "a handshake has a deadline";
pub(super) const PROMPT: Check = "nobody waits for others' faults";
pub(super) const HOPS: Check = "bots' answers die out";
pub(super) const BUDGET: Check = "the log stays within its budget";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) check: Check,
    pub(super) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "“{}” does not hold: {}", self.check, self.what)
    }
}

pub(super) fn found<T>(check: Check, what: impl Into<String>) -> Result<T, Violation> {
    Err(Violation { check, what: what.into() })
}
