//! `chaty bot new`: a commented script to begin with. Never writes over anything.

use crate::wire::nick::Nick;
use anyhow::{Context, bail};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Where a bot with only a name is written: where `chaty join bot NAME` looks for it.
const FOLDER: &str = "bots";
/// The script, with `{name}` where its name belongs.
const STARTER: &str = include_str!("starter.rhai");

/// Writes the script and says what to do with it.
pub fn start(name: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let path = path_of(name)?;
    let shown = path.display();
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let bot = crate::bot::find::bot_name(&path).unwrap_or_default();
    Nick::parse(bot.as_bytes())
        .map_err(|why| anyhow::anyhow!("`{stem}` cannot be a bot's name: {why}"))?;
    let cannot = || format!("cannot write {shown}");
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(cannot)?;
    }
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{shown} is there already: choose another name, or edit it")
        }
        opened => opened.with_context(cannot)?,
    };
    file.write_all(STARTER.replace("{name}", &bot).as_bytes()).with_context(cannot)?;
    writeln!(
        out,
        "wrote {shown}. Next:\n\
         \x20 chaty bot test {shown}   try the examples and tests in it\n\
         \x20 chaty bot try {shown}    talk to it, no server needed\n\
         \x20 chaty bot {shown}        bring it into the room; save it, and it changes there"
    )?;
    Ok(out.flush()?)
}

/// A name is a file in the folder of bots; what ends in `.rhai` is a file already.
fn path_of(name: &str) -> anyhow::Result<PathBuf> {
    if Path::new(name).extension().is_some_and(|extension| extension == "rhai") {
        return Ok(PathBuf::from(name));
    }
    if name.is_empty() || name.contains(['/', '\\', '.']) {
        bail!("`{name}` is no name: write a name, such as Karma, or a file that ends in .rhai");
    }
    Ok(Path::new(FOLDER).join(format!("{}.rhai", name.to_lowercase())))
}
