//! Where the log's lines go: to standard error, or above the console's prompt while there is one, so
//! that it is never torn. Never blocks whoever logs: a thread writes them, and one that is stuck, with
//! a terminal that was stopped or a pipe that nobody reads, costs lines and nothing else.

use super::LAST_LINES;
use std::fmt;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait to be written. When there are more, the newest are left out and counted: a log
/// must slow nobody, and nobody reads so fast.
const WAITING: usize = 1024;
/// Bytes that are written at once, if so many wait: as much as a pipe holds.
const TOGETHER: usize = 64 * 1024;
/// From one write to the next. A line into silence is written at once; those of a storm are written
/// some at a time, because to wake a thread for a line costs more than to write it. Nobody sees it.
const PAUSE: Duration = Duration::from_millis(20);

/// A handle to wherever the lines go at the moment. Cheap to clone; every clone writes to the
/// same place.
#[derive(Clone, Default)]
pub struct Printer {
    target: Arc<Mutex<Target>>,
}

struct Target {
    /// None before the first line.
    way: Option<Way>,
    /// What is written in place of so many lines.
    note: fn(u64) -> String,
}

/// The lines' way to the thread that writes them.
struct Way {
    lines: SyncSender<String>,
    left_out: u64,
    /// Dropped when no lines follow: the thread pauses no more.
    open: SyncSender<()>,
    /// Gives an error once the thread has ended.
    ended: Receiver<()>,
}

/// What shows lines: standard error, the console above its prompt, or a test's.
pub(in crate::serve) trait Show: Send + 'static {
    fn show(&mut self, lines: String) -> io::Result<()>;
    /// Those were the last.
    fn end(&mut self) {}
}

struct Stderr;

impl Show for Stderr {
    fn show(&mut self, lines: String) -> io::Result<()> {
        // With standard error gone there is nobody left to tell.
        let _nobody = io::stderr().lock().write_all(lines.as_bytes());
        Ok(())
    }
}

impl Default for Target {
    fn default() -> Self {
        Self { way: None, note: |count| format!("({count} lines were left out here)\n") }
    }
}

impl Printer {
    /// Writes to standard error until a console takes over.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says by such a line how many were left out: it has to look like the others.
    pub fn notes(&self, note: fn(u64) -> String) {
        self.locked().note = note;
    }

    /// Shows one line that is not ours to log again, such as one of a child's own log.
    pub fn line(&self, line: &str) {
        self.put(format!("{line}\n"));
    }

    /// From now on lines appear above the prompt.
    pub(in crate::serve) fn above(&self, prompt: impl Show) -> io::Result<()> {
        self.flush();
        self.locked().way = Some(Way::to(prompt)?);
        Ok(())
    }

    /// What was waiting has been written, if whoever reads it took it in time. Lines go to standard
    /// error from now on.
    pub fn flush(&self) {
        let mut target = self.locked();
        let (before, note) = (target.way.take(), target.note);
        drop(target);
        if let Some(Way { lines, left_out, open, ended }) = before {
            if left_out > 0 {
                // If there is no place for it even now, nobody is going to read it.
                let _full = lines.try_send(note(left_out));
            }
            drop((lines, open));
            if ended.recv_timeout(LAST_LINES) == Err(RecvTimeoutError::Timeout) {
                tracing::debug!("the last lines of the log were not taken");
            }
        }
    }

    fn put(&self, lines: String) {
        let mut target = self.locked();
        let Target { way, note } = &mut *target;
        let lines = match way {
            Some(way) => way.put(lines, *note),
            None => Some(lines),
        };
        // There is no way yet, or it was a terminal's that is gone: that takes the console with it,
        // not the log.
        let Some(lines) = lines else { return };
        match Way::to(Stderr) {
            Ok(stderr) => drop(way.insert(stderr).put(lines, *note)),
            // No thread is to be had, which somebody should know.
            Err(_) => drop(Stderr.show(lines)),
        }
    }

    fn locked(&self) -> MutexGuard<'_, Target> {
        // Nothing under this lock can leave it half done.
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Way {
    fn to(mut show: impl Show) -> io::Result<Self> {
        let (lines, waiting) = sync_channel::<String>(WAITING);
        let (open, closed) = sync_channel::<()>(0);
        let (alive, ended) = sync_channel::<()>(0);
        thread::Builder::new().name("printer".into()).spawn(move || {
            let _alive = alive;
            while let Ok(mut lines) = waiting.recv() {
                while lines.len() < TOGETHER
                    && let Ok(more) = waiting.try_recv()
                {
                    lines.push_str(&more);
                }
                let is_full = lines.len() >= TOGETHER;
                if show.show(lines).is_err() {
                    return;
                }
                if !is_full {
                    let _due_or_closed = closed.recv_timeout(PAUSE);
                }
            }
            show.end();
        })?;
        Ok(Self { lines, left_out: 0, open, ended })
    }

    /// Gives the lines back when nobody shows them any more.
    fn put(&mut self, lines: String, note: fn(u64) -> String) -> Option<String> {
        let lines = match self.left_out {
            0 => lines,
            count => note(count) + lines.as_str(),
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

    /// Shows lines only when it is let, and says when it has some.
    struct Slow {
        has: std::sync::mpsc::Sender<()>,
        let_go: Receiver<()>,
        shown: std::sync::mpsc::Sender<String>,
    }

    impl Show for Slow {
        fn show(&mut self, lines: String) -> io::Result<()> {
            self.has.send(()).map_err(io::Error::other)?;
            self.let_go.recv().map_err(io::Error::other)?;
            self.shown.send(lines).map_err(io::Error::other)
        }
    }

    #[test]
    fn who_is_stuck_blocks_nobody_and_is_told_what_is_missing() {
        let ((has, had), (go, let_go), (shown, seen)) = (channel(), channel(), channel());
        let printer = Printer::new();
        printer.above(Slow { has, let_go, shown }).unwrap();
        printer.line("0");
        had.recv().unwrap();
        for number in 1..=WAITING + 100 {
            printer.line(&number.to_string());
        }
        go.send(()).unwrap();
        assert_eq!(seen.recv().unwrap(), "0\n");
        had.recv().unwrap();
        printer.line("after");
        go.send(()).unwrap();
        let waited = (1..=WAITING).map(|number| format!("{number}\n"));
        assert_eq!(seen.recv().unwrap(), waited.collect::<String>());
        go.send(()).unwrap();
        assert_eq!(seen.recv().unwrap(), "(100 lines were left out here)\nafter\n");
    }

    #[test]
    fn an_event_is_put_whole_and_closing_waits_for_it() {
        let ((has, _had), (go, let_go), (shown, seen)) = (channel(), channel(), channel());
        let printer = Printer::new();
        printer.above(Slow { has, let_go, shown }).unwrap();
        let mut event = printer.make_writer();
        event.write_all(b"a ").unwrap();
        event.write_all(b"b\n").unwrap();
        drop(event);
        go.send(()).unwrap();
        printer.flush();
        assert_eq!(seen.try_recv().as_deref(), Ok("a b\n"));
        printer.line("to standard error");
        assert!(seen.recv().is_err(), "the prompt is told nothing more");
    }
}
