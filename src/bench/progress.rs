//! How a run is getting on: told by the thread that measures, which waits for nobody, and shown by
//! another, on a terminal, in one line that is drawn again and again.

use super::words::rounded;
use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// Nanoseconds between two reports.
const PAUSE: u64 = 200_000_000;

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Progress {
    Joining { came: usize, all: usize },
    Loading { since: Duration, of: Duration, deliveries: u64 },
    Draining { left: u64 },
}

/// The measuring thread's side.
#[derive(Debug)]
pub(super) struct Report {
    sender: watch::Sender<Progress>,
    next: AtomicU64,
}

impl Report {
    pub(super) fn new() -> (Self, watch::Receiver<Progress>) {
        let (sender, receiver) = watch::channel(Progress::Joining { came: 0, all: 0 });
        (Self { sender, next: AtomicU64::new(0) }, receiver)
    }

    /// Tells, if it is time to. `now` may begin again with a new part of the run.
    pub(super) fn tell(&self, now: u64, progress: impl FnOnce() -> Progress) {
        let next = self.next.load(Ordering::Relaxed);
        if now >= next || next - now > PAUSE {
            self.next.store(now + PAUSE, Ordering::Relaxed);
            self.sender.send_replace(progress());
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Joining { all: 0, .. } => write!(f, "connecting"),
            Self::Joining { came, all } => write!(f, "{came} of {all} members have joined"),
            Self::Loading { since, of, deliveries } => {
                let (since, of) = (since.as_secs_f64(), of.as_secs_f64());
                #[expect(clippy::cast_precision_loss, reason = "for people, in three digits")]
                let rate = if since > 0.0 { deliveries as f64 / since } else { 0.0 };
                write!(f, "{since:.1} of {of:.1} s, {} deliveries/s", rounded(rate))
            }
            Self::Draining { left } => write!(f, "waiting for the last {left} deliveries"),
        }
    }
}

/// Draws what is reported, until there is nothing more to come; then the line is empty again.
pub(super) async fn show(mut reports: watch::Receiver<Progress>) {
    let mut width = 0;
    while reports.changed().await.is_ok() {
        let line = reports.borrow_and_update().to_string();
        draw(&line, &mut width);
    }
    draw("", &mut width);
}

/// Draws a line over the one before, which was so wide. A terminal that is gone shows nothing.
fn draw(line: &str, width: &mut usize) {
    let now = line.chars().count();
    let blanks = width.saturating_sub(now);
    let behind = if now == 0 { "\r" } else { "" };
    let mut terminal = io::stderr().lock();
    let _gone = write!(terminal, "\r{line}{:blanks$}{behind}", "").and_then(|()| terminal.flush());
    *width = now;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_now_and_then() {
        let (report, reports) = Report::new();
        let told = |now, came| {
            report.tell(now, || Progress::Joining { came, all: 9 });
            *reports.borrow()
        };
        let came = |came| Progress::Joining { came, all: 9 };
        assert_eq!(told(0, 1), came(1));
        assert_eq!(told(PAUSE - 1, 2), came(1));
        assert_eq!(told(PAUSE, 3), came(3));
        // The next part of the run has a clock of its own.
        assert_eq!(told(0, 4), came(4));
        assert_eq!(told(PAUSE * 9, 5), came(5));
    }

    #[test]
    fn it_reads_well() {
        let (since, of) = (Duration::from_millis(2100), Duration::from_secs(5));
        let loading = Progress::Loading { since, of, deliveries: 42_000_000 };
        assert_eq!(loading.to_string(), "2.1 of 5.0 s, 20.0 million deliveries/s");
    }
}
