//! The scripts behind the paths on a command line, read and named. Loads none of them.

use crate::bot::find::{bot_name, is_script};
use crate::bot::limits::Limits;
use crate::bot::script::STACK;
use anyhow::{Context, bail};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A file that is a bot, or was meant to be one.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub path: PathBuf,
    /// As diagnostics name it.
    pub file: String,
    /// The bot's name, if it declares none.
    pub name: String,
    pub text: String,
}

impl Source {
    /// One byte more than a script may have is read, so that the script's own check says so.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let limit = u64::try_from(Limits::default().source + 1).unwrap_or(u64::MAX);
        let file = path.display().to_string();
        let mut bytes = Vec::new();
        std::fs::File::open(path)
            .and_then(|opened| opened.take(limit).read_to_end(&mut bytes))
            .map_err(|why| anyhow::anyhow!("{file} cannot be read: {why}"))?;
        let Ok(text) = String::from_utf8(bytes) else {
            bail!("{file} is no text: a script is written in UTF-8");
        };
        Ok(Self { path: path.to_owned(), file, name: bot_name(path).unwrap_or_default(), text })
    }
}

/// Every script: a file is taken whatever its name, a folder gives its `.rhai` files by name.
pub(super) fn find(paths: &[PathBuf]) -> anyhow::Result<Vec<Source>> {
    let mut found: Vec<Source> = Vec::new();
    for path in paths {
        for script in scripts(path)? {
            if found.iter().all(|known| known.path != script) {
                found.push(Source::read(&script)?);
            }
        }
    }
    Ok(found)
}

fn scripts(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.exists() {
        bail!("there is no {}: name a script, or a folder of scripts", path.display());
    }
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = || format!("{} cannot be read", path.display());
    let mut scripts = Vec::new();
    for entry in path.read_dir().with_context(unreadable)? {
        let script = entry.with_context(unreadable)?.path();
        if is_script(&script) && script.is_file() {
            scripts.push(script);
        }
    }
    if scripts.is_empty() {
        bail!("there is no script in {}: a bot is a file that ends in .rhai", path.display());
    }
    scripts.sort();
    Ok(scripts)
}

/// `1 script`, `3 scripts`.
pub(super) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// Runs on a stack as large as a bot's own: a script is loaded and called on no other.
pub(super) fn on_a_bots_stack<T: Send>(work: impl FnOnce() -> T + Send) -> anyhow::Result<T> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("bot".into())
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .context("cannot start a thread")?
            .join()
            .map_err(|_panic| anyhow::anyhow!("the interpreter itself failed at a script"))
    })
}
