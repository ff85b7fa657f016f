//! How a server is asked to stop: once politely, twice at once. Every way in (SIGINT, SIGTERM,
//! Ctrl-C at the prompt, the word `shutdown`) meets here; nothing here ends the process itself.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit codes of a process ended by a signal, as a shell counts them: 128 + its number.
const SIGHUP: u8 = 128 + 1;
const SIGINT: u8 = 128 + 2;
const SIGTERM: u8 = 128 + 15;

/// A handle to the stop. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    drain: CancellationToken,
    at_once: CancellationToken,
    code: Arc<AtomicU8>,
}

/// The signals that stop a server. Held from before anything listens, so that none is missed.
#[derive(Debug)]
pub struct Signals {
    int: Signal,
    term: Signal,
    /// To a server it is no reason to stop.
    hup: Option<Signal>,
}

impl Signals {
    pub fn install() -> io::Result<Self> {
        let (int, term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { int, term, hup: None })
    }

    /// For whoever goes with the terminal, too.
    pub fn with_hangup() -> io::Result<Self> {
        Ok(Self { hup: Some(signal(SignalKind::hangup())?), ..Self::install()? })
    }

    /// Passes signals on for ever.
    pub async fn pass_to(mut self, stop: Stop) {
        loop {
            let hangup = async {
                match &mut self.hup {
                    Some(hup) => hup.recv().await,
                    None => std::future::pending().await,
                }
            };
            let code = tokio::select! {
                Some(()) = hangup => SIGHUP,
                Some(()) = self.int.recv() => SIGINT,
                Some(()) = self.term.recv() => SIGTERM,
                else => return,
            };
            stop.ask(code);
        }
    }
}

impl Stop {
    /// The token that begins the drain.
    pub fn drain(&self) -> &CancellationToken {
        &self.drain
    }

    /// Ctrl-C at the prompt: the same as SIGINT. Says whether it was the first.
    pub fn interrupt(&self) -> bool {
        self.ask(SIGINT)
    }

    /// Waits for the second request; gives the code to exit with.
    pub async fn at_once(&self) -> u8 {
        self.at_once.cancelled().await;
        self.code.load(Ordering::SeqCst)
    }

    fn ask(&self, code: u8) -> bool {
        let first = !self.drain.is_cancelled();
        if first {
            self.drain.cancel();
        } else {
            self.code.store(code, Ordering::SeqCst);
            self.at_once.cancel();
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Duration, timeout};

    #[tokio::test(start_paused = true)]
    async fn once_drains_and_twice_exits() {
        let stop = Stop::default();
        assert!(stop.interrupt());
        assert!(stop.drain().is_cancelled());
        assert!(timeout(Duration::from_mins(1), stop.at_once()).await.is_err());
        assert!(!stop.ask(SIGTERM));
        assert_eq!(stop.at_once().await, 143);
    }

    #[tokio::test(start_paused = true)]
    async fn an_interrupt_during_a_shutdown_asked_by_word_is_the_second() {
        let stop = Stop::default();
        stop.drain().cancel();
        assert!(!stop.interrupt());
        assert_eq!(stop.at_once().await, 130);
    }
}
