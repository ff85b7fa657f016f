//! The console: an administrator's lines from a terminal or a pipe, answered one after the other.
//! Its end is never the server's; waiting for a key never keeps the process from ending.
//!
//! The lines are read on a thread of its own, which nobody waits for: a blocking read of a
//! terminal cannot be called off.

mod above;
mod editor;
mod lines;
pub mod log;
mod printer;
mod terminal;

#[cfg(test)]
pub(in crate::serve) use printer::Show;
pub use printer::{Event, Printer};
pub use terminal::{Input, input};

use super::Clerk;
use super::words::{self, Asked};
use crate::wire::shown;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use terminal::Saved;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// How long a terminal, or whoever reads our output, may take for what is to be written before
/// something else: the first lines, the last ones, the modes.
pub(in crate::serve) const LAST_LINES: Duration = Duration::from_millis(250);

/// What became of a console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The input ended: Ctrl-D, or the end of a pipe.
    EndOfInput,
    /// Ctrl-C.
    Interrupted,
    /// The terminal or pipe failed.
    Broken,
}

/// What a console tells whoever started it.
pub trait Owner: Send + 'static {
    /// Ctrl-C was pressed at the prompt, where it is a key and not a signal. Says whether the
    /// console goes on.
    fn interrupted(&mut self) -> bool;
    /// The console is over.
    fn ended(&mut self, end: End);
}

/// A running console.
#[derive(Debug)]
pub struct Console {
    printer: Printer,
    saved: Option<Saved>,
    over: Arc<AtomicBool>,
    done: CancellationToken,
}

impl Console {
    /// Starts reading, with a prompt if `input` is a terminal. The printer's lines appear above
    /// the prompt if they would have gone to the same terminal.
    pub fn start(
        input: Input,
        clerk: impl Clerk,
        owner: impl Owner,
        printer: &Printer,
        runtime: Handle,
    ) -> io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let done = CancellationToken::new();
        let session = Session {
            clerk,
            owner,
            runtime,
            over: Arc::clone(&over),
            printer: printer.clone(),
            _done: done.clone().drop_guard(),
        };
        let mut console = Self { printer: printer.clone(), saved: None, over, done };
        let builder = thread::Builder::new().name("console".into());
        match input {
            Input::Background => drop(session),
            Input::Lines => {
                // What was logged before the prompt stands above it.
                printer.flush();
                builder.spawn(move || session.run(lines::Lines::stdin()))?;
            }
            Input::Terminal => {
                console.saved = Some(Saved::now()?);
                let (editor, above) =
                    editor::Editor::new(session.clerk.clone(), session.runtime.clone())?;
                if io::IsTerminal::is_terminal(&io::stderr()) {
                    printer.above(above)?;
                }
                builder.spawn(move || session.run(editor))?;
            }
        }
        Ok(console)
    }

    /// Waits until the input has ended.
    pub async fn ended(&self) {
        self.done.cancelled().await;
    }
}

/// Takes the terminal back, prompt or no prompt: to be dropped last, when there is nothing more to
/// log above the prompt.
impl Drop for Console {
    fn drop(&mut self) {
        let was_over = self.over.swap(true, Ordering::SeqCst);
        self.printer.flush();
        if let Some(saved) = self.saved.take().filter(|_| !was_over) {
            saved.give_back();
        }
    }
}

/// Where lines come from.
trait Source {
    /// The next line, without its newline, after showing the prompt where there is one to show.
    fn next(&mut self, prompt: &str) -> Result<String, End>;
    /// The next line, as an answer to a question about a member.
    fn ask(&mut self, question: &str) -> Result<String, End>;
}

/// The console's thread.
struct Session<C, O> {
    clerk: C,
    owner: O,
    runtime: Handle,
    over: Arc<AtomicBool>,
    printer: Printer,
    _done: tokio_util::sync::DropGuard,
}

impl<C: Clerk, O: Owner> Session<C, O> {
    fn run(mut self, mut source: impl Source) {
        let end = loop {
            if self.over.load(Ordering::SeqCst) {
                return;
            }
            match self.turn(&mut source) {
                Ok(()) => {}
                Err(End::Interrupted) if self.owner.interrupted() => {}
                Err(end) => break end,
            }
        };
        // From here on the terminal is as it was, and Ctrl-C is a signal again.
        if !self.over.swap(true, Ordering::SeqCst) {
            self.printer.flush();
            self.owner.ended(end);
        }
    }

    fn turn(&mut self, source: &mut impl Source) -> Result<(), End> {
        let mut line = source.next(words::PROMPT)?;
        if words::parse(&line) == Asked::WhomToKick {
            let answer = source.ask(words::WHOM_TO_KICK)?;
            if answer.trim().is_empty() {
                return Ok(());
            }
            line = format!("kick {answer}");
        }
        let answer = self.runtime.block_on(self.clerk.answer(&line));
        if !answer.text.is_empty() {
            // A closed standard output is no reason to stop obeying.
            let mut out = io::stdout().lock();
            let text = shown::lines(&answer.text);
            let _closed = writeln!(out, "{text}").and_then(|()| out.flush());
        }
        Ok(())
    }
}
