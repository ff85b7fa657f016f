//! `join` on a terminal: a prompt that stays whole while lines come in above it. The line editor
//! runs on a thread of its own and alone writes to the terminal while it lives; lines go to it
//! through a second thread. One `readline` lasts as long as the prompt: Enter takes the text off
//! the line without ending it, so there is no moment at which a line could tear the prompt.

use super::Failed;
use super::chat::{Input, Screen};
use super::complete::{Complete, Names};
use super::paint::Colours;
use super::recall::{self, Recall};
use super::session::Session;
use super::style::Line;
use super::terminal::Guard;
use crate::wire::command::{self, Command, Typed};
use rustix::process::{Signal, getpid, kill_process};
use rustyline::error::ReadlineError;
use rustyline::{
    Cmd, ColorMode, ConditionalEventHandler, Editor, Event, EventContext, EventHandler,
    ExternalPrinter, KeyCode, KeyEvent, Modifiers, Movement, RepeatCount,
};
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as threads;
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// What stands before the user's line: the same whatever the user is called, since it cannot
/// change while a line is written.
const PROMPT: &str = "> ";

/// Batches of lines that may wait for the terminal. When it is full the client waits, and through
/// it the server does.
const LINES: usize = 64;

/// Lines the user may enter while the program is busy; typing waits beyond that.
const ENTERED: usize = 64;

/// Bytes printed in one go: with many lines at once the prompt is redrawn once for all of them.
const PRINT: usize = 64 * 1024;

/// How long the last lines may take to be drawn: a terminal that takes longer is stuck.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Drawn as nothing at all, above the prompt: up a row and down again.
const NOTHING: &str = "\x1b[A\n";

type Printer = Box<dyn ExternalPrinter + Send>;

/// The screen above the prompt.
#[derive(Debug)]
pub(super) struct Prompt {
    lines: Option<mpsc::Sender<String>>,
    /// Resolves when everything is drawn.
    drawn: oneshot::Receiver<()>,
    colours: Colours,
    names: Names,
    has_text: Arc<AtomicBool>,
    /// The editor has given the terminal back itself.
    has_ended: Arc<AtomicBool>,
    /// Resolves when it has.
    ended: oneshot::Receiver<()>,
    guard: Guard,
}

impl Prompt {
    /// Draws the prompt; the user's lines come out of the receiver. Needs a terminal on both
    /// sides.
    pub(super) fn open(colours: Colours) -> io::Result<(Self, mpsc::Receiver<Input>)> {
        let guard = Guard::new()?;
        let names = Names::default();
        let has_text = Arc::new(AtomicBool::new(false));
        let has_ended = Arc::new(AtomicBool::new(false));
        let (ready, is_ready) = threads::sync_channel(1);
        let (input, entered) = mpsc::channel(ENTERED);
        let (lines, to_print) = mpsc::channel(LINES);
        let (last, drawn) = oneshot::channel();
        let (end, ended) = oneshot::channel();

        let helper = Complete::new(names.clone(), has_text.clone(), ready);
        let mut editor = editor(helper, &input, colours).map_err(other)?;
        let printer: Printer = Box::new(editor.create_external_printer().map_err(other)?);
        let flag = has_ended.clone();
        thread::Builder::new().name("prompt".into()).spawn(move || {
            let last = read(&mut editor, &input);
            flag.store(true, Ordering::SeqCst);
            // A printer that waits for the prompt is let go.
            drop(editor);
            // Whoever has gone does not need to know.
            end.send(()).ok();
            input.blocking_send(last).ok();
        })?;
        let flag = has_ended.clone();
        thread::Builder::new().name("printer".into()).spawn(move || {
            // Before the prompt is there, printing would go past it. An error means that it
            // never will be.
            is_ready.recv().ok();
            print(printer, to_print, &flag);
            last.send(()).ok();
        })?;
        let lines = Some(lines);
        Ok((Self { lines, drawn, colours, names, has_text, has_ended, ended, guard }, entered))
    }

    /// Draws what is still to be drawn and gives the terminal back, with the cursor where the
    /// next line begins.
    pub(super) async fn close(mut self) {
        drop(self.lines.take());
        // Stuck or drawn, it ends here.
        timeout(LAST_LINES, &mut self.drawn).await.ok();
        if !self.has_ended.load(Ordering::SeqCst) {
            // The editor takes SIGINT while it lives, and ends by it: only then is it certain
            // that it draws no more.
            kill_process(getpid(), Signal::INT).ok();
            timeout(LAST_LINES, &mut self.ended).await.ok();
            if !self.has_text.load(Ordering::Relaxed) {
                // An empty prompt is wiped away; what the user was writing stays to be read.
                let mut stdout = io::stdout();
                stdout.write_all(b"\x1b[A\r\x1b[K").and_then(|()| stdout.flush()).ok();
            }
        }
        drop(self.guard);
    }
}

impl Screen for Prompt {
    async fn show(&mut self, session: &Session, lines: &[Line]) -> Result<(), Failed> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).clone_from(session.names());
        if lines.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        for line in lines {
            if line.rings {
                text.push('\x07');
            }
            text.push_str(&self.colours.paint(line));
            text.push('\n');
        }
        let Some(sender) = &self.lines else {
            return Ok(());
        };
        // The printer ends only with its terminal.
        let gone = |_| Failed::Output(io::ErrorKind::BrokenPipe.into());
        sender.send(text).await.map_err(gone)
    }
}

fn other(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        error => io::Error::other(error),
    }
}

fn editor(
    helper: Complete,
    input: &mpsc::Sender<Input>,
    colours: Colours,
) -> rustyline::Result<Editor<Complete, Recall>> {
    let colour = if colours == Colours::None { ColorMode::Disabled } else { ColorMode::Enabled };
    let recall = Recall::default();
    let mut editor =
        Editor::with_history(recall::config().color_mode(colour).build(), recall.clone())?;
    editor.set_helper(Some(helper));
    let enter = || Box::new(Enter { input: input.clone(), recall: recall.clone() });
    for key in [KeyEvent(KeyCode::Enter, Modifiers::NONE), KeyEvent::ctrl('J')] {
        editor.bind_sequence(key, EventHandler::Conditional(enter()));
    }
    for (code, letter, is_older) in [(KeyCode::Up, 'P', true), (KeyCode::Down, 'N', false)] {
        for key in [KeyEvent(code, Modifiers::NONE), KeyEvent::ctrl(letter)] {
            let walk = Walk { recall: recall.clone(), is_older };
            editor.bind_sequence(key, EventHandler::Conditional(Box::new(walk)));
        }
    }
    // The ends of the history are not where the editor thinks they are.
    for key in ['<', '>'] {
        editor.bind_sequence(KeyEvent(KeyCode::Char(key), Modifiers::ALT), Cmd::Noop);
    }
    Ok(editor)
}

/// Reads until the user leaves. Every key that ends a line is taken by [`Enter`].
fn read(editor: &mut Editor<Complete, Recall>, input: &mpsc::Sender<Input>) -> Input {
    loop {
        match editor.readline(PROMPT) {
            Ok(line) => {
                if input.blocking_send(Input::Line(line)).is_err() {
                    return Input::End;
                }
            }
            // Ctrl-C, Ctrl-D, `/quit`, or a terminal that is gone.
            Err(_) => return Input::End,
        }
    }
}

/// Prints until the last line, and then waits until it is drawn.
fn print(mut printer: Printer, mut lines: mpsc::Receiver<String>, has_ended: &AtomicBool) {
    let direct = |printer: &mut Printer, text: String| {
        // The editor may end between the two: then it has given the terminal back.
        if has_ended.load(Ordering::SeqCst) || printer.print(text.clone()).is_err() {
            io::stdout().write_all(text.as_bytes()).ok();
        }
    };
    while let Some(mut text) = lines.blocking_recv() {
        while text.len() < PRINT
            && let Ok(more) = lines.try_recv()
        {
            text.push_str(&more);
        }
        direct(&mut printer, text);
    }
    if !has_ended.load(Ordering::SeqCst) {
        // The editor takes one text at a time, so two more are taken when the last one is drawn.
        for _ in 0..2 {
            printer.print(NOTHING.into()).ok();
        }
    }
}

/// Takes the text off the line and hands it on.
struct Enter {
    input: mpsc::Sender<Input>,
    recall: Recall,
}

impl ConditionalEventHandler for Enter {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, ctx: &EventContext<'_>) -> Option<Cmd> {
        let text = ctx.line();
        if !text.trim().is_empty() {
            self.recall.entered(text);
        }
        for input in entered(text) {
            let quits = matches!(&input, Input::Line(line)
                if command::parse(line) == Typed::Command(Command::Quit));
            if quits || self.input.blocking_send(input).is_err() {
                return Some(Cmd::Interrupt);
            }
        }
        Some(Cmd::Kill(Movement::WholeBuffer))
    }
}

/// What was entered: a line, or the several lines of a paste, each a message. None of these is a
/// command: a paste must not be able to do things. Nothing is a line, too.
fn entered(text: &str) -> Vec<Input> {
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        lines.push("");
    }
    let input = if lines.len() > 1 { Input::Text } else { Input::Line };
    lines.into_iter().map(|line| input(line.to_owned())).collect()
}

/// Walks through what was typed before.
struct Walk {
    recall: Recall,
    is_older: bool,
}

impl ConditionalEventHandler for Walk {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, ctx: &EventContext<'_>) -> Option<Cmd> {
        let shown = ctx.line();
        let line = if self.is_older { self.recall.older(shown) } else { self.recall.newer() };
        let Some(line) = line else { return Some(Cmd::Noop) };
        // The editor asks the history, which gives it this line, and goes to its end.
        self.recall.show_next(line);
        Some(Cmd::PreviousHistory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_of_several_lines_is_a_command() {
        let pasted = entered("first\n\n/nick Evil\n/quit\n");
        let is_text =
            |input: &Input, line: &str| matches!(input, Input::Text(text) if text == line);
        assert_eq!(pasted.len(), 3);
        for (input, line) in pasted.iter().zip(["first", "/nick Evil", "/quit"]) {
            assert!(is_text(input, line), "{input:?}");
        }
        assert!(matches!(&entered("/who\n")[..], [Input::Line(line)] if line == "/who"));
        assert!(matches!(&entered(" \n ")[..], [Input::Line(line)] if line.is_empty()));
    }
}
