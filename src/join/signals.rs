//! The ways a user or the system tells a program to leave. Told twice it leaves, whatever it waits
//! for: what it writes to may take nothing any more.

use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// How long whoever was told twice may take to give back what is not its own.
const AT_ONCE: Duration = Duration::from_millis(250);

/// Interrupt (Ctrl-C without a prompt), terminate and hang-up.
#[derive(Debug)]
pub(super) struct Signals {
    all: All,
    _last_resort: AbortOnDropHandle<()>,
}

#[derive(Debug)]
struct All {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// From here on these signals no longer end the process by themselves.
    pub(super) fn new() -> io::Result<Self> {
        let last_resort = AbortOnDropHandle::new(TaskTracker::new().spawn(All::new()?.twice()));
        Ok(Self { all: All::new()?, _last_resort: last_resort })
    }

    /// Waits for one of them.
    pub(super) async fn leave(&mut self) {
        self.all.next().await;
    }
}

impl All {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.hangup.recv() => SignalKind::hangup(),
        }
    }

    /// Ends the process, as a shell counts a signal, unless it has ended itself by then.
    #[expect(clippy::disallowed_methods, reason = "whoever would return to main is stuck")]
    async fn twice(mut self) {
        self.next().await;
        let signal = self.next().await;
        sleep(AT_ONCE).await;
        std::process::exit(128 + signal.as_raw_value());
    }
}
