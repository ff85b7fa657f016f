//! The terminal's modes: looked at before a console begins, given back when the process ends
//! while the console's thread still waits for a key.

use super::LAST_LINES;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use std::env;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::sync_channel;
use std::thread;

/// What standard input is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A person at a terminal that can edit lines.
    Terminal,
    /// A pipe, a file, or a terminal too simple for editing.
    Lines,
    /// A terminal that belongs to another job (`chaty serve &`): reading would stop the process.
    Background,
}

/// Looks at standard input and output.
pub fn input() -> Input {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Input::Lines;
    }
    if tcgetpgrp(&stdin).is_ok_and(|group| group != rustix::process::getpgrp()) {
        return Input::Background;
    }
    let simple = env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    if simple || !io::stdout().is_terminal() { Input::Lines } else { Input::Terminal }
}

/// The modes as they were.
pub(super) struct Saved(Termios);

impl Saved {
    pub(super) fn now() -> io::Result<Self> {
        Ok(Self(tcgetattr(io::stdin())?))
    }

    /// Ends an unfinished prompt, leaves bracketed paste, an update and the editor's modes.
    pub(super) fn give_back(&self) {
        // A terminal that is gone needs nothing back; one that is stuck gets at least its modes.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
        let (done, written) = sync_channel(1);
        let write = move || {
            let mut stdout = io::stdout().lock();
            let _gone =
                stdout.write_all(b"\r\x1b[K\x1b[?2004l\x1b[?2026l").and_then(|()| stdout.flush());
            let _late = done.send(());
        };
        if thread::Builder::new().name("terminal".into()).spawn(write).is_ok() {
            let _stuck = written.recv_timeout(LAST_LINES);
        }
    }
}

impl fmt::Debug for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Saved").finish_non_exhaustive()
    }
}
