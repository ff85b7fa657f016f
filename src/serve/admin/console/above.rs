//! Lines above the prompt, and the prompt's end. Rustyline draws on the thread that reads, does not say
//! when it has drawn, and cannot be told to stop; but it asks for the prompt each time, last of all. So
//! that is where what is above it is known to be drawn, and where, in the end, the thread stays.

use super::LAST_LINES;
use super::printer::Show;
use rustyline::{ExternalPrinter, Prompt};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Written like a line, and seen by nobody: one up, one down.
const NOTHING: &str = "\x1b[A\n";

/// How far the drawing is.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The editor reads, and draws.
    is_reading: bool,
    /// So many prompts were drawn.
    prompts: u64,
    /// Nothing is to be drawn any more.
    is_over: bool,
}

impl Drawing {
    /// Reads with this prompt.
    pub(super) fn read<T>(&self, text: &str, read: impl FnOnce(&Asked<'_>) -> T) -> T {
        self.goes_on().is_reading = true;
        let line = read(&Asked { text, drawing: self });
        self.goes_on().is_reading = false;
        self.changed.notify_all();
        line
    }

    /// Stays here if it is over.
    fn goes_on(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        if state.is_over {
            state.is_reading = false;
            self.changed.notify_all();
            drop(state);
            loop {
                thread::park();
            }
        }
        state
    }

    /// Waits until the editor is so far or reads no more, if it is not stuck.
    fn wait(&self, is_so_far: impl Fn(&State) -> bool) {
        let waits = |state: &mut State| state.is_reading && !is_so_far(state);
        drop(self.changed.wait_timeout_while(self.state(), LAST_LINES, waits));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is left half done under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A prompt that is being read behind.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    text: &'a str,
    drawing: &'a Drawing,
}

impl Prompt for Asked<'_> {
    fn raw(&self) -> &str {
        self.drawing.goes_on().prompts += 1;
        self.drawing.changed.notify_all();
        self.text
    }
}

/// Shows lines above the prompt.
#[derive(Debug)]
pub(super) struct Above<P> {
    pub(super) printer: P,
    pub(super) drawing: Arc<Drawing>,
}

impl<P: ExternalPrinter + Send + 'static> Above<P> {
    fn print(&mut self, lines: String) -> io::Result<()> {
        self.printer.print(lines).map_err(io::Error::other)
    }
}

impl<P: ExternalPrinter + Send + 'static> Show for Above<P> {
    fn show(&mut self, lines: String) -> io::Result<()> {
        let before = self.drawing.state().prompts;
        self.print(lines)?;
        self.drawing.wait(|state| state.prompts > before);
        Ok(())
    }

    fn end(&mut self) {
        let mut state = self.drawing.state();
        state.is_over = true;
        let is_reading = state.is_reading;
        drop(state);
        // It has to ask for its prompt once more.
        if is_reading && self.print(NOTHING.into()).is_ok() {
            self.drawing.wait(|_| false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

    struct Printer(SyncSender<String>);

    impl ExternalPrinter for Printer {
        fn print(&mut self, lines: String) -> rustyline::Result<()> {
            self.0.send(lines).map_err(|_closed| io::ErrorKind::BrokenPipe.into())
        }
    }

    /// Draws as rustyline does, and says what.
    fn console(drawing: &Drawing, lines: Receiver<String>, drawn: &Sender<String>) {
        let draw = |what: &str| drawn.send(what.into()).unwrap();
        drawing.read(">>", |prompt| {
            draw(prompt.raw());
            for lines in lines {
                draw(&lines);
                draw(prompt.raw());
            }
        });
    }

    /// A line that was on its way was drawn after the terminal had been given back, with a prompt behind
    /// it, or not at all.
    #[test]
    fn what_is_shown_is_drawn_and_behind_the_last_no_prompt() {
        let ((print, lines), (draw, drawn)) = (sync_channel(1), channel());
        let drawing = Arc::<Drawing>::default();
        let mut above = Above { printer: Printer(print), drawing: drawing.clone() };
        thread::spawn(move || console(&drawing, lines, &draw));
        let mut seen = vec![drawn.recv().unwrap()];
        for line in ["who came\n", "who left\n"] {
            above.show(line.into()).unwrap();
            seen.extend(drawn.try_iter());
            assert!(seen.iter().any(|drawn| drawn == line), "{seen:?}");
        }
        above.end();
        seen.extend(drawn.try_iter());
        assert_eq!(seen, [">>", "who came\n", ">>", "who left\n", ">>", NOTHING]);
        above.show("to nobody\n".into()).unwrap();
        assert_eq!(drawn.try_iter().count(), 0);
    }
}
