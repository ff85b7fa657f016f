//! The time of day where the user is.

use crate::wire::entry::Millis;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use std::time::SystemTime;

/// Tells a server's milliseconds as local time.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    zone: TimeZone,
}

impl Clock {
    /// The system's zone, or UTC if there is none to be found.
    pub(super) fn local() -> Self {
        Self { zone: TimeZone::system() }
    }

    #[cfg(test)]
    pub(super) fn utc() -> Self {
        Self { zone: TimeZone::UTC }
    }

    /// Now, as the server counts.
    pub(super) fn now() -> Millis {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    /// Hours and minutes.
    pub(super) fn time(&self, at: Millis) -> String {
        let at = self.civil(at);
        format!("{:02}:{:02}", at.hour(), at.minute())
    }

    /// The day.
    pub(super) fn day(&self, at: Millis) -> Date {
        self.civil(at).date()
    }

    /// A time that no calendar has is the beginning of time: a server may say anything.
    fn civil(&self, Millis(at): Millis) -> DateTime {
        let at = i64::try_from(at).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        self.zone.to_datetime(at.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_time_has_a_time_of_day() {
        let clock = Clock::utc();
        assert_eq!(clock.time(Millis(1_795_452_421_000)), "16:47");
        assert_eq!(clock.day(Millis(1_795_452_421_000)).to_string(), "2026-11-23");
        assert_eq!(clock.time(Millis(u64::MAX)), "00:00");
        let berlin = Clock { zone: TimeZone::fixed(jiff::tz::offset(1)) };
        assert_eq!(berlin.time(Millis(1_795_452_421_000)), "17:47");
    }
}
