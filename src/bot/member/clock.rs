//! The bot's clock: milliseconds since 1970 that never go backwards, and waiting for them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::future::pending;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Begins with the time of day and goes on as time passes, whatever is done to the time of day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    began: Instant,
    began_at: u64,
}

impl Default for Clock {
    fn default() -> Self {
        let began_at = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
        Self { began: Instant::now(), began_at }
    }
}

impl Clock {
    pub(super) fn now(&self) -> u64 {
        let passed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.began_at.saturating_add(passed)
    }

    /// Waits for a time; without one, for ever.
    pub(super) async fn at(&self, due: Option<u64>) {
        match due {
            Some(due) => {
                let passes = Duration::from_millis(due.saturating_sub(self.began_at));
                sleep_until(self.began + passes).await;
            }
            None => pending().await,
        }
    }
}

/// Now, where the author is.
pub(super) fn time_of_day() -> String {
    let now = TimeZone::system().to_datetime(Timestamp::now());
    format!("{:02}:{:02}:{:02}", now.hour(), now.minute(), now.second())
}
