//! `chaty bot try`: a conversation with one bot, on a terminal or from a pipe. Save the script and
//! the next line is answered by the new version. Reaches no server; the clock stands.

mod complete;
mod prompt;
mod talk;

use super::play::MORNING;
use super::scripts::{self, Source};
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use talk::{Reply, Talk};

/// What `chaty bot try` is told.
#[derive(Debug, Clone)]
pub struct TryOptions {
    /// The script.
    pub path: PathBuf,
    /// What is drawn follows from this; another one each time if it is not said.
    pub seed: Option<u64>,
    /// Whether standard output takes colours.
    pub colour: bool,
}

/// Talks until the user has enough. A script that does not load is waited for on a terminal.
pub fn converse(options: &TryOptions) -> anyhow::Result<()> {
    if options.path.is_dir() {
        anyhow::bail!("{} is a folder: name one script", options.path.display());
    }
    let source = Source::read(&options.path)?;
    let seed = options.seed.unwrap_or_else(|| rand::random::<u16>().into());
    scripts::on_a_bots_stack(|| {
        let (talk, hello) = match Talk::begin(&source, seed, MORNING) {
            Ok(begun) => begun,
            Err(diagnostic) => {
                writeln!(io::stdout(), "{diagnostic}")?;
                anyhow::bail!("{} does not work yet: mend it and try again", source.file);
            }
        };
        let talk = Mutex::new(talk);
        if io::stdin().is_terminal() && io::stdout().is_terminal() {
            return prompt::run(&talk, &hello, options.colour);
        }
        from_a_pipe(&talk, &hello)
    })?
}

/// Each line of standard input is typed; the answers are the output.
fn from_a_pipe(talk: &Mutex<Talk>, hello: &Reply) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let mut show = |reply: &Reply| {
        reply.lines.iter().try_for_each(|line| writeln!(out, "{}", line.text))?;
        out.flush()
    };
    show(hello)?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let mut talk = talk.lock().unwrap_or_else(PoisonError::into_inner);
        show(&talk.look())?;
        let reply = talk.typed(&line);
        show(&reply)?;
        if reply.is_the_end {
            break;
        }
    }
    Ok(())
}
