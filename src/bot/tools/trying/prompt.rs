//! The conversation on a terminal: a prompt with editing and history, colours, and a second thread
//! that looks after the file, so that a reload shows while the prompt waits.

use super::complete::Complete;
use super::talk::{Reply, Style, Talk};
use crate::bot::script::STACK;
use anyhow::Context;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{CompletionType, Config, Editor, ExternalPrinter};
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How often the file is looked at: within the blink in which a save should show.
const LOOK: Duration = Duration::from_millis(100);
/// Lines the editor remembers.
const REMEMBERED: usize = 500;

/// Talks until Ctrl-D, Ctrl-C or `/quit`.
pub(super) fn run(talk: &Mutex<Talk>, hello: &Reply, colour: bool) -> anyhow::Result<()> {
    let config = Config::builder()
        .max_history_size(REMEMBERED)?
        .completion_type(CompletionType::List)
        .build();
    let history = MemHistory::with_config(&config);
    let mut editor = Editor::with_history(config, history)?;
    editor.set_helper(Some(Complete(talk)));
    let printer = editor.create_external_printer()?;
    show(hello, colour)?;
    // Dropping the sender ends the thread.
    let (stop, stopped) = sync_channel::<()>(0);
    thread::scope(|scope| {
        // A script is loaded there, so the thread needs a bot's stack.
        thread::Builder::new()
            .name("look".into())
            .stack_size(STACK)
            .spawn_scoped(scope, move || look_after(talk, printer, colour, &stopped))
            .context("cannot start a thread")?;
        let ended = read(&mut editor, talk, colour);
        drop(stop);
        ended
    })
}

fn read(
    editor: &mut Editor<Complete<'_>, MemHistory>,
    talk: &Mutex<Talk>,
    colour: bool,
) -> anyhow::Result<()> {
    loop {
        let prompt = format!("{}> ", lock(talk).who());
        let line = match editor.readline(&prompt) {
            Ok(line) => line,
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        // A line that cannot be remembered can still be said.
        let _remembered = editor.add_history_entry(line.as_str());
        let mut talk = lock(talk);
        show(&talk.look(), colour)?;
        // A pasted text may have several lines; each was typed.
        for line in line.lines() {
            let reply = talk.typed(line);
            show(&reply, colour)?;
            if reply.is_the_end {
                return Ok(());
            }
        }
    }
}

fn look_after(
    talk: &Mutex<Talk>,
    mut printer: impl ExternalPrinter,
    colour: bool,
    stopped: &Receiver<()>,
) {
    while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        let reply = lock(talk).look();
        let text: String = reply.lines.iter().map(|line| painted(line, colour) + "\n").collect();
        // A prompt that is gone needs no news.
        if !text.is_empty() && printer.print(text).is_err() {
            return;
        }
    }
}

fn show(reply: &Reply, colour: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in &reply.lines {
        writeln!(out, "{}", painted(line, colour))?;
    }
    out.flush()
}

fn painted(line: &super::talk::Shown, colour: bool) -> String {
    if !colour {
        return line.text.clone();
    }
    let code = match line.style {
        Style::Bot => "36",
        Style::Note => "2",
        Style::Wrong => "31",
    };
    format!("\x1b[{code}m{}\x1b[0m", line.text)
}

fn lock(talk: &Mutex<Talk>) -> MutexGuard<'_, Talk> {
    talk.lock().unwrap_or_else(PoisonError::into_inner)
}
