//! The server's clock. Only for people and records: every wait is measured by a steady clock.

#[cfg(test)]
use super::Hub;
use crate::wire::entry::Millis;
use std::time::{SystemTime, UNIX_EPOCH};

pub(in crate::serve) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
impl Hub {
    /// Goes by another clock.
    pub(in crate::serve) fn set_clock(&mut self, clock: fn() -> Millis) {
        self.clock = clock;
    }
}
