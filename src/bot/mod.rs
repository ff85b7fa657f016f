//! Bots: Rhai scripts that are members of the room, each in its own sandbox, each replaced while
//! it runs when its file changes. A bot is an ordinary client; nothing here sees the server.

mod find;
mod nearest;

use std::future::Future;
use std::path::PathBuf;

pub use find::{NoSuchBot, join_bot_path};

/// What `chaty bot` and `chaty join bot` are told.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Script files and folders of them. A folder is watched for new and deleted scripts too.
    pub paths: Vec<PathBuf>,
    /// `HOST:PORT`.
    pub server: String,
    /// Under a server: wait for it however long it takes, and end when standard input does.
    pub supervised: bool,
    /// Makes what the bots draw repeatable; each bot's own name is mixed in.
    pub seed: Option<u64>,
}

/// Why the bots ended, or could not begin. One line each, which says what to do; a broken script
/// shows its diagnostic instead.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("there is no {}: name a script, or a folder of scripts", .0.display())]
    Missing(PathBuf),
}

/// Runs the bots until `shutdown`, or until none is left. Returns once every bot has left the room.
pub async fn run(options: RunOptions, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
    for path in &options.paths {
        if !path.exists() {
            return Err(RunError::Missing(path.clone()));
        }
    }
    shutdown.await;
    Ok(())
}
