//! `chaty history`: looks into a server's history, writes it out and takes it in again.

use super::address;
use super::help;
use crate::config::{DEFAULT_SERVER, NoHome, history_file};
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// `chaty history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    #[command(subcommand)]
    pub tool: HistoryTool,
}

/// What can be done with a history.
#[derive(Debug, Subcommand)]
pub enum HistoryTool {
    /// Look for messages
    #[command(long_about = help::HISTORY_SEARCH, after_help = help::HISTORY_SEARCH_EXAMPLES)]
    Search(SearchArgs),
    /// Write it out as JSON, one event a line
    #[command(long_about = help::HISTORY_EXPORT, after_help = help::HISTORY_EXPORT_EXAMPLES)]
    Export(ExportArgs),
    /// Take in what export wrote: all of it, or nothing
    #[command(long_about = help::HISTORY_IMPORT, after_help = help::HISTORY_IMPORT_EXAMPLES)]
    Import(ImportArgs),
    /// Say how much there is, room by room
    #[command(after_help = help::HISTORY_STATS_EXAMPLES)]
    Stats(StatsArgs),
}

/// `chaty history search`.
#[derive(Debug, Args)]
pub struct SearchArgs {
    /// What is looked for: messages with all of these words; a word may end in *
    #[arg(required = true, value_name = "WORD")]
    pub words: Vec<String>,
    /// Only in this room
    #[arg(long, value_name = "NAME")]
    pub room: Option<String>,
    /// At most so many messages, the newest that there are
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub limit: usize,
    /// Print events as JSON, one a line, as `chaty tail --json` does
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub file: FileArg,
}

/// `chaty history export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Only this room
    #[arg(long, value_name = "NAME")]
    pub room: Option<String>,
    /// Only what came after this sequence number
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    pub after: u64,
    #[command(flatten)]
    pub file: FileArg,
}

/// `chaty history import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// What export wrote; - is standard input
    #[arg(value_name = "LINES", default_value = "-", value_hint = ValueHint::FilePath)]
    pub lines: PathBuf,
    #[command(flatten)]
    pub file: FileArg,
}

/// `chaty history stats`.
#[derive(Debug, Args)]
pub struct StatsArgs {
    /// Print them as one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub file: FileArg,
}

/// Which history.
#[derive(Debug, Args)]
pub struct FileArg {
    /// The file [default: that of the server on the port]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub history: Option<PathBuf>,
    /// The port of the server whose history it is [default: 55556]
    #[arg(long, value_name = "PORT", conflicts_with = "history")]
    pub port: Option<u16>,
}

impl FileArg {
    /// The file itself.
    pub fn path(self) -> Result<PathBuf, NoHome> {
        let port = self.port.or_else(|| address::port(DEFAULT_SERVER)).unwrap_or_default();
        self.history.or_else(|| history_file(port)).ok_or(NoHome)
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::{Cli, Command};
    use clap::Parser;
    use std::path::Path;

    fn file(args: &[&str]) -> super::FileArg {
        let all = ["chaty", "history", "stats"].iter().chain(args);
        match Cli::try_parse_from(all).unwrap().command {
            Command::History(super::HistoryArgs { tool: super::HistoryTool::Stats(stats) }) => {
                stats.file
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_file_is_named_or_found_by_the_port() {
        assert_eq!(file(&["--history", "x.db"]).path().unwrap(), Path::new("x.db"));
        assert!(file(&[]).path().is_ok_and(|path| path.ends_with("chaty/history-55556.db")));
        assert!(
            file(&["--port", "7"]).path().is_ok_and(|path| path.ends_with("chaty/history-7.db"))
        );
        assert!(
            Cli::try_parse_from(["chaty", "history", "stats", "--port", "7", "--history", "x"])
                .is_err()
        );
    }
}
