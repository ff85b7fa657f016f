//! Where the log's lines go: straight to standard error, or above the console's prompt while there
//! is one, so that it is never torn. Never blocks whoever logs.

use std::fmt;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait for the prompt to be redrawn. When there are more, the newest are left out and
/// counted: a log must slow nobody, and nobody reads so fast.
const WAITING: usize = 1024;
/// How long closing waits for the waiting lines to be shown.
const LAST_LINES: Duration = Duration::from_millis(250);

/// A handle to wherever the lines go at the moment. Cheap to clone; every clone writes to the
/// same place.
#[derive(Clone, Default)]
pub struct Printer {
    target: Arc<Mutex<Target>>,
}

#[derive(Default)]
enum Target {
    #[default]
    Stderr,
    Prompt(Prompt),
}

/// The lines' way to the thread that shows them.
struct Prompt {
    lines: SyncSender<String>,
    left_out: u64,
    /// Gives an error once the thread has ended.
    ended: Receiver<()>,
}

/// What shows a line above a prompt: rustyline's printer, or a test's.
pub(in crate::serve) trait Show: Send + 'static {
    fn show(&mut self, lines: String) -> io::Result<()>;
}

impl<P: rustyline::ExternalPrinter + Send + 'static> Show for P {
    fn show(&mut self, lines: String) -> io::Result<()> {
        self.print(lines).map_err(io::Error::other)
    }
}

impl Printer {
    /// Writes to standard error until a console takes over.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows one line that is not ours to log again, such as one of a child's own log.
    pub fn line(&self, line: &str) {
        self.put(format!("{line}\n"));
    }

    /// From now on lines appear above the prompt.
    pub(in crate::serve) fn above(&self, mut prompt: impl Show) -> io::Result<()> {
        let (lines, waiting) = sync_channel::<String>(WAITING);
        let (alive, ended) = sync_channel::<()>(0);
        thread::Builder::new().name("printer".into()).spawn(move || {
            let _alive = alive;
            for line in waiting {
                // A terminal that is gone takes the console with it, not the server.
                if prompt.show(line).is_err() {
                    return;
                }
            }
        })?;
        *self.locked() = Target::Prompt(Prompt { lines, left_out: 0, ended });
        Ok(())
    }

    /// From now on lines go to standard error again; what was waiting has been shown, if the
    /// terminal took it in time.
    pub(super) fn straight(&self) {
        let before = std::mem::take(&mut *self.locked());
        if let Target::Prompt(Prompt { lines, ended, .. }) = before {
            drop(lines);
            if ended.recv_timeout(LAST_LINES) == Err(RecvTimeoutError::Timeout) {
                tracing::debug!("the terminal did not take the last lines");
            }
        }
    }

    fn put(&self, lines: String) {
        let mut target = self.locked();
        let lines = match &mut *target {
            Target::Stderr => lines,
            Target::Prompt(prompt) => match prompt.put(lines) {
                None => return,
                Some(lines) => {
                    *target = Target::Stderr;
                    lines
                }
            },
        };
        drop(target);
        // With standard error gone there is nobody left to tell.
        let _nobody = io::stderr().lock().write_all(lines.as_bytes());
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Target> {
        // Nothing under this lock can leave it half done.
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Prompt {
    /// Gives the lines back when the prompt is no more.
    fn put(&mut self, lines: String) -> Option<String> {
        let lines = match self.left_out {
            0 => lines,
            count => format!("({count} lines were left out here)\n{lines}"),
        };
        match self.lines.try_send(lines) {
            Ok(()) => {
                self.left_out = 0;
                None
            }
            Err(TrySendError::Full(_)) => {
                self.left_out += 1;
                None
            }
            Err(TrySendError::Disconnected(lines)) => Some(lines),
        }
    }
}

impl fmt::Debug for Printer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Printer").finish_non_exhaustive()
    }
}

impl<'a> MakeWriter<'a> for Printer {
    type Writer = Event;

    fn make_writer(&'a self) -> Event {
        Event { printer: self.clone(), bytes: Vec::new() }
    }
}

/// One event of the log on its way: gathered whole, put when it is dropped.
#[derive(Debug)]
pub struct Event {
    printer: Printer,
    bytes: Vec<u8>,
}

impl Write for Event {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            self.printer.put(String::from_utf8_lossy(&self.bytes).into_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    /// Shows a line only when it is let.
    struct Slow {
        let_go: Receiver<()>,
        shown: std::sync::mpsc::Sender<String>,
    }

    impl Show for Slow {
        fn show(&mut self, lines: String) -> io::Result<()> {
            self.let_go.recv().map_err(io::Error::other)?;
            self.shown.send(lines).map_err(io::Error::other)
        }
    }

    #[test]
    fn a_stuck_prompt_blocks_nobody_and_says_what_is_missing() {
        let (go, let_go) = channel();
        let (shown, seen) = channel();
        let printer = Printer::new();
        printer.above(Slow { let_go, shown }).unwrap();
        // One is with the thread, or will be; the queue holds the others.
        let total = WAITING + 10;
        for number in 0..total {
            printer.line(&number.to_string());
        }
        for _ in 0..WAITING {
            go.send(()).unwrap();
            seen.recv().unwrap();
        }
        printer.line("after");
        go.send(()).unwrap();
        go.send(()).unwrap();
        let last = std::iter::from_fn(|| seen.recv_timeout(Duration::from_secs(5)).ok())
            .find(|lines| lines.contains("after"))
            .unwrap();
        let (note, line) = last.split_once('\n').unwrap();
        assert_eq!(line, "after\n");
        let left_out: usize =
            note.trim_start_matches('(').split(' ').next().unwrap().parse().unwrap();
        assert!((9..=10).contains(&left_out), "{note}");
    }

    #[test]
    fn an_event_is_put_whole_and_closing_waits_for_it() {
        let (go, let_go) = channel();
        let (shown, seen) = channel();
        let printer = Printer::new();
        printer.above(Slow { let_go, shown }).unwrap();
        let mut event = printer.make_writer();
        event.write_all(b"a ").unwrap();
        event.write_all(b"b\n").unwrap();
        drop(event);
        go.send(()).unwrap();
        printer.straight();
        assert_eq!(seen.try_recv().as_deref(), Ok("a b\n"));
        printer.line("to standard error");
        assert!(seen.recv().is_err(), "the prompt is told nothing more");
    }
}
