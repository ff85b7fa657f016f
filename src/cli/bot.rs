//! `chaty bot`: running bots, and the tools to write them with. A word that is no tool's name is a
//! path to run, so that `chaty bot bots/chuck.rhai` stays the shortest thing to type.

use super::ServerArg;
use super::help;
use clap::{Args, Command, Subcommand, ValueHint};
use std::path::PathBuf;

/// `chaty bot`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    subcommand_help_heading = "Tools for authors",
    subcommand_value_name = "TOOL"
)]
pub struct BotArgs {
    #[command(subcommand)]
    pub tool: Option<BotTool>,
    /// Scripts, or folders whose every .rhai file is a bot
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub server: ServerArg,
    /// Run under a server: wait for it for ever, end when standard input does
    #[arg(long, hide = true)]
    pub supervised: bool,
}

/// Slips of a finger in a tool's name that are still recognised: with two, `bots` would be `docs`.
const SLIPS: usize = 1;

impl BotArgs {
    /// The tool that was meant, if the first path looks like one that is mistyped. Whether there
    /// is such a path all the same, is for others to see.
    pub fn mistyped_tool(&self) -> Option<String> {
        let word = self.paths.first()?.to_str()?;
        let tools = BotTool::augment_subcommands(Command::new("bot"));
        tools
            .get_subcommands()
            .map(Command::get_name)
            .find(|name| strsim::osa_distance(word, name) <= SLIPS)
            .map(str::to_owned)
    }
}

/// What helps to write a bot. None of it needs a server.
#[derive(Debug, Subcommand)]
pub enum BotTool {
    /// Write a commented script to begin with
    #[command(
        long_about = help::BOT_NEW,
        after_help = help::BOT_NEW_EXAMPLES,
        arg_required_else_help = true
    )]
    New {
        /// The bot's name, or a file to write that ends in .rhai
        name: String,
    },
    /// Look for mistakes without running anything
    #[command(
        long_about = help::BOT_CHECK,
        after_help = help::BOT_CHECK_EXAMPLES,
        arg_required_else_help = true
    )]
    Check(CheckArgs),
    /// Try the examples and tests that stand in the scripts
    #[command(
        long_about = help::BOT_TEST,
        after_help = help::BOT_TEST_EXAMPLES,
        arg_required_else_help = true
    )]
    Test(TestArgs),
    /// Talk to a bot without a server
    #[command(
        long_about = help::BOT_TRY,
        after_help = help::BOT_TRY_EXAMPLES,
        arg_required_else_help = true
    )]
    Try(TryArgs),
    /// Print everything a script can use
    #[command(long_about = help::BOT_DOCS, after_help = help::BOT_DOCS_EXAMPLES)]
    Docs(DocsArgs),
}

/// `chaty bot check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Scripts, or folders whose every .rhai file is a bot
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// Print what was found as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `chaty bot test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Scripts, or folders whose every .rhai file is a bot
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// Draw the same dice as the run that printed this number [default: others each time]
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Hear a conversation that `chaty tail --json` wrote instead, and print what the bots say
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub replay: Option<PathBuf>,
    /// Print what came of it as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `chaty bot try`.
#[derive(Debug, Args)]
pub struct TryArgs {
    /// The script to talk to
    #[arg(value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub path: PathBuf,
    /// Draw the dice that follow from this number [default: others each time]
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
}

/// `chaty bot docs`.
#[derive(Debug, Args)]
pub struct DocsArgs {
    /// Print it as Markdown: the reference of docs/BOTS.md
    #[arg(long)]
    pub markdown: bool,
    /// Write .d.rhai definitions, which editors complete from, into this folder instead
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "markdown")]
    pub definitions: Option<PathBuf>,
}
