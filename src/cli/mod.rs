//! The command line: what can be typed, and what its help teaches. Parses and checks; never
//! connects, listens or prints anything but help.

mod address;
mod bench;
mod bot;
mod help;
mod history;
mod man;
mod serve;

pub use bench::{BenchArgs, BenchDialect, Peer};
pub use bot::{BotArgs, BotTool, CheckArgs, DocsArgs, TestArgs, TryArgs};
pub use history::{
    ExportArgs, FileArg, HistoryArgs, HistoryTool, ImportArgs, SearchArgs, StatsArgs,
};
pub use man::{man_page, man_pages};
pub use serve::{ServeArgs, SettingsError};

use crate::config::DEFAULT_SERVER;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

/// The variable that names another server than the default.
const SERVER_VARIABLE: &str = "CHATY_SERVER";

/// A chat server whose bots are scripts you can edit while they run
#[derive(Debug, Parser)]
#[command(
    name = "chaty",
    version,
    about = "A chat server whose bots are scripts you can edit while they run",
    long_about = help::CHATY,
    after_help = help::CHATY_EXAMPLES,
    max_term_width = help::WIDTH,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub log: LogArgs,
}

/// How much is logged to standard error, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Logging")]
pub struct LogArgs {
    /// What to log: error, warn, info, debug, trace, or a filter such as chaty=debug
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        env = "RUST_LOG",
        hide_env_values = true,
        long_help = help::LOG
    )]
    pub log: Option<String>,
    /// How to log: for people or for programs
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line to read, in colour on a terminal
    Text,
    /// One JSON object a line
    Json,
}

/// Everything chaty can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a chat server
    #[command(long_about = help::SERVE, after_help = help::SERVE_EXAMPLES)]
    Serve(ServeArgs),
    /// Join a room, as yourself or as one of the bots in ./bots
    #[command(after_help = help::JOIN_EXAMPLES, arg_required_else_help = true)]
    Join {
        #[command(subcommand)]
        who: Join,
    },
    /// Run bots, or write them: new, check, test, try, docs
    #[command(
        long_about = help::BOT,
        after_help = help::BOT_EXAMPLES,
        arg_required_else_help = true
    )]
    Bot(BotArgs),
    /// Say something in the room, from a script or a pipe
    #[command(long_about = help::SEND, after_help = help::SEND_EXAMPLES)]
    Send(SendArgs),
    /// Print what is said in the room, until it is interrupted
    #[command(long_about = help::TAIL, after_help = help::TAIL_EXAMPLES)]
    Tail(TailArgs),
    /// Administer a running server of yours: list, kick, ban, say, stats …
    #[command(long_about = help::ADMIN, after_help = help::ADMIN_EXAMPLES)]
    Admin(AdminArgs),
    /// Look into a server's history: search, export, import, stats
    #[command(
        long_about = help::HISTORY,
        after_help = help::HISTORY_EXAMPLES,
        arg_required_else_help = true
    )]
    History(HistoryArgs),
    /// Load a server and print what it held: speed, latency, losses, order
    #[command(long_about = help::BENCH, after_help = help::BENCH_EXAMPLES)]
    Bench(BenchArgs),
    /// Print the completions for a shell
    #[command(after_help = help::COMPLETIONS_EXAMPLES, arg_required_else_help = true)]
    Completions {
        /// The shell they are for
        shell: clap_complete::Shell,
    },
    /// Print the manual, or write a page for each command
    #[command(after_help = help::MAN_EXAMPLES)]
    Man {
        /// Write one page a command into this folder instead
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        out: Option<PathBuf>,
    },
}

/// Who joins.
#[derive(Debug, Subcommand)]
pub enum Join {
    /// Join the room as a person
    #[command(long_about = help::JOIN_USER, after_help = help::JOIN_USER_EXAMPLES)]
    User {
        /// The name you want to have there
        name: String,
        #[command(flatten)]
        server: ServerArg,
        /// The room to enter instead of #lobby; given several times, several
        #[arg(long = "room", value_name = "ROOM")]
        rooms: Vec<String>,
        /// One message a line and no escape codes: for pipes, screen readers and simple terminals
        #[arg(long)]
        plain: bool,
        /// Lines above a prompt, in the terminal's own scrollback, instead of the whole screen
        #[arg(long, conflicts_with = "plain")]
        inline: bool,
        /// The settings, if they are not in ~/.config/chaty/client.toml
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        config: Option<PathBuf>,
    },
    /// Run the bot of this name from ./bots, such as Chuck from bots/chuck.rhai
    #[command(after_help = help::JOIN_BOT_EXAMPLES)]
    Bot {
        /// The bot's name, in any case
        name: String,
        #[command(flatten)]
        server: ServerArg,
    },
}

/// `chaty send`.
#[derive(Debug, Args)]
pub struct SendArgs {
    /// What to say; left out, each line of standard input is a message
    pub text: Option<String>,
    /// The name to say it under [default: your user name]
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
    /// The room to say it in [default: #lobby]
    #[arg(long, value_name = "ROOM")]
    pub room: Option<String>,
    #[command(flatten)]
    pub server: ServerArg,
}

/// `chaty tail`.
#[derive(Debug, Args)]
pub struct TailArgs {
    /// Print events as JSON, one a line, as the server sends them
    #[arg(long)]
    pub json: bool,
    /// Begin with what came after this sequence number; 0 is everything the server still has
    #[arg(long, value_name = "SEQ")]
    pub after: Option<u64>,
    /// The room to listen in [default: #lobby]
    #[arg(long, value_name = "ROOM")]
    pub room: Option<String>,
    /// Go on with what is said from now on, which it does anyway
    #[arg(long, short)]
    pub follow: bool,
    /// End with what has been said; needs --after
    #[arg(long, conflicts_with = "follow", requires = "after")]
    pub no_follow: bool,
    /// The name to listen under [default: tail- and the process' number]
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
    #[command(flatten)]
    pub server: ServerArg,
}

/// `chaty admin`.
#[derive(Debug, Args)]
pub struct AdminArgs {
    /// A command of the console with its arguments; left out on a terminal, a console opens
    #[arg(value_name = "CMD")]
    pub words: Vec<String>,
    /// Print the answer as one JSON object
    #[arg(long, requires = "words")]
    pub json: bool,
    /// The server's admin socket, if it is not where it is by default
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub socket: Option<PathBuf>,
    #[command(flatten)]
    pub server: ServerArg,
}

/// Which server.
#[derive(Debug, Clone, Args)]
pub struct ServerArg {
    /// The server to talk to
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = SERVER_VARIABLE,
        hide_env_values = true,
        default_value = DEFAULT_SERVER,
        value_parser = address::checked,
        value_hint = ValueHint::Hostname
    )]
    pub server: String,
}

impl ServerArg {
    /// The port alone, by which the admin socket of a server on this machine is found.
    pub fn port(&self) -> u16 {
        address::port(&self.server).unwrap_or_default()
    }
}

/// The completions for a shell, as a script for it.
pub fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "chaty", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_stand_before_or_behind_words() {
        let admin = |args: &[&str]| match Cli::try_parse_from(args).unwrap().command {
            Command::Admin(args) => args,
            other => panic!("{other:?}"),
        };
        let args = admin(&["chaty", "admin", "kick", "Neo", "too", "loud", "--json"]);
        assert_eq!(args.words, ["kick", "Neo", "too", "loud"]);
        assert!(args.json);
        assert_eq!(args.server.port(), 55556);
        let args = admin(&["chaty", "admin", "--server", "[::1]:7", "say", "--", "-- well"]);
        assert_eq!((args.words.len(), args.server.port()), (2, 7));
        assert!(Cli::try_parse_from(["chaty", "admin", "--json"]).is_err());
    }

    #[test]
    fn every_command_has_a_sentence_and_an_example() {
        let mut root = Cli::command();
        root.build();
        let mut all = vec![root];
        while let Some(command) = all.pop() {
            let name = command.get_name().to_owned();
            assert!(command.get_about().is_some(), "{name}");
            let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(examples.contains("Examples:\n  "), "{name}");
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{name} {}", argument.get_id());
            }
            all.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn a_word_that_is_no_tool_is_a_bot_to_run() {
        let bot = |args: &[&str]| match Cli::try_parse_from(args).unwrap().command {
            Command::Bot(args) => args,
            other => panic!("{other:?}"),
        };
        let run = bot(&["chaty", "bot", "bots/chuck.rhai", "more", "--server", "[::1]:7"]);
        assert_eq!((run.tool.is_none(), run.paths.len(), run.server.port()), (true, 2, 7));
        let tool = bot(&["chaty", "bot", "check", "--json", "bots"]).tool;
        assert!(matches!(tool, Some(BotTool::Check(CheckArgs { json: true, .. }))), "{tool:?}");
        // A folder that is named like a tool is run by its path.
        assert_eq!(bot(&["chaty", "bot", "./new"]).paths, [PathBuf::from("./new")]);
        assert!(Cli::try_parse_from(["chaty", "bot"]).is_err());
        for (typed, meant) in
            [("chek", Some("check")), ("tset", Some("test")), ("bots", None), ("dice", None)]
        {
            assert_eq!(bot(&["chaty", "bot", typed]).mistyped_tool().as_deref(), meant, "{typed}");
        }
    }

    #[test]
    fn completions_know_the_commands() {
        for shell in [clap_complete::Shell::Bash, clap_complete::Shell::Zsh] {
            let script = String::from_utf8(completions(shell)).unwrap();
            for word in ["serve", "join", "--admin-socket", "--plain", "--publishers"] {
                assert!(script.contains(word), "{shell} {word}");
            }
        }
    }
}
