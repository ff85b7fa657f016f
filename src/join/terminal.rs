//! Gives the terminal back as it was, however the program ends: by returning, by failing, by a
//! panic in any thread. Draws nothing.

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::thread;

/// What the line editor switches on: bracketed paste; and what it may leave half done: a
/// synchronized update.
const SWITCH_OFF: &str = "\x1b[?2026l\x1b[?2004l";

type Hook = Arc<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// Holds the terminal's modes, and gives them back when dropped.
pub(super) struct Guard {
    modes: Arc<Termios>,
    /// What is written when it is dropped; a panic writes all there is to be switched off.
    at_drop: &'static str,
    previous: Hook,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

impl Guard {
    /// Remembers the modes of standard input's terminal; a panic gives them back from now on.
    pub(super) fn new() -> io::Result<Self> {
        Self::with(SWITCH_OFF, SWITCH_OFF)
    }

    /// As [`new`](Self::new), for somebody who switches on more than the line editor does.
    pub(super) fn with(switch_off: &'static str, at_drop: &'static str) -> io::Result<Self> {
        let modes = Arc::new(tcgetattr(io::stdin())?);
        let previous: Hook = Arc::from(panic::take_hook());
        let (hook_modes, hook_previous) = (modes.clone(), previous.clone());
        panic::set_hook(Box::new(move |info| {
            give_back(&hook_modes, switch_off);
            // The message begins on a line of its own.
            io::stderr().write_all(b"\r\n").ok();
            hook_previous(info);
        }));
        Ok(Self { modes, at_drop, previous })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back(&self.modes, self.at_drop);
        // A thread that panics may not change the hook, and has no more need of it.
        if !thread::panicking() {
            let previous = self.previous.clone();
            drop(panic::take_hook());
            panic::set_hook(Box::new(move |info| previous(info)));
        }
    }
}

/// As far as it goes: a terminal that is gone needs nothing back.
fn give_back(modes: &Termios, switch_off: &str) {
    tcsetattr(io::stdin(), OptionalActions::Now, modes).ok();
    let mut stdout = io::stdout();
    stdout.write_all(switch_off.as_bytes()).and_then(|()| stdout.flush()).ok();
}
