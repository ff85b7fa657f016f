//! What the bots tell whoever runs them, and where it goes. The room sees none of it.

use super::diagnostic::Diagnostic;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// One thing worth a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A bot came into the room, for the first time or again.
    Online { name: String },
    /// The connection was lost; the bot tries again.
    Offline { name: String, why: String, retry_in: Duration },
    /// The bot is out of the room until its file is saved again.
    Out { name: String, why: String },
    /// A new version runs.
    Reloaded { file: String, took: Duration },
    /// Something is wrong with a script.
    Wrong(Diagnostic),
    /// A file was deleted, and its bot has left.
    Left { name: String, file: String },
    /// A line of the bot's own log.
    Log { name: String, line: String },
    /// Anything else, in words.
    Warning(String),
}

/// Takes every notice as it comes.
pub(super) type Report = Arc<dyn Fn(Notice) + Send + Sync>;

/// Notices go to the log. A diagnostic goes among its lines as it is, because its own belong together,
/// and because editors read them; in a log for programs it is one event.
pub(super) fn to_log(as_json: bool, print: impl Fn(&str) + Send + Sync + 'static) -> Report {
    Arc::new(move |notice| match notice {
        Notice::Wrong(diagnostic) if as_json => {
            let Diagnostic { file, place, message, note, .. } = diagnostic;
            let (line, column) = place.unzip();
            tracing::error!(file, line, column, note, "{message}");
        }
        Notice::Wrong(diagnostic) => print(&diagnostic.to_string()),
        Notice::Log { name, line } => tracing::info!(bot = %name, "{line}"),
        Notice::Online { .. } | Notice::Reloaded { .. } | Notice::Left { .. } => {
            tracing::info!("{notice}");
        }
        Notice::Offline { .. } | Notice::Out { .. } | Notice::Warning(_) => {
            tracing::warn!("{notice}");
        }
    })
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Online { name } => write!(f, "{name} is online"),
            Self::Offline { name, why, retry_in } => {
                let secs = retry_in.as_secs_f64();
                write!(f, "{name} is offline: {why}; it tries again in {secs:.1} s")
            }
            Self::Out { name, why } => write!(f, "{name} is out: {why}"),
            Self::Reloaded { file, took } => {
                write!(f, "{file} reloaded in {} ms", took.as_millis())
            }
            Self::Wrong(diagnostic) => diagnostic.fmt(f),
            Self::Left { name, file } => write!(f, "{name} left: {file} is gone"),
            Self::Log { name, line } => write!(f, "{name}: {line}"),
            Self::Warning(text) => f.write_str(text),
        }
    }
}
