//! The program: reads the command line, sets up the log and the runtime, hands over to whoever
//! does the work, and turns what comes of it into one line and an exit code. It has over 400 lines
//! because it is the one place that knows every command, each an arm and a short function.

use anyhow::Context;
use chaty::bench::{self, Shown as Measured};
use chaty::bot::tools::{self, Shows, TestOptions, TryOptions};
use chaty::bot::{self, RunOptions};
use chaty::cli::{
    self, AdminArgs, BenchArgs, BotArgs, BotTool, Cli, Command, HistoryTool, ImportArgs, Join,
    LogArgs, LogFormat, SendArgs, ServeArgs, SettingsError, TailArgs, TestArgs, TryArgs,
};
use chaty::config::{self, HistorySettings, ServeSettings, View};
use chaty::join::send::SendOptions;
use chaty::join::tail::TailOptions;
use chaty::join::{self, JoinOptions};
use chaty::serve::admin::ask;
use chaty::serve::admin::console::{self, Input, Printer};
use chaty::serve::admin::remote::Remote;
use chaty::serve::history::{self, Imported};
use chaty::serve::program;
use chaty::serve::reload::Source;
use chaty::serve::stop::{Signals, Stop};
use chaty::wire::entry::Seq;
use chaty::wire::nick::Nick;
use chaty::wire::room_name::RoomName;
use chaty::wire::shown::{self, Shown};
use clap::Parser;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// It failed, and said why.
const FAILED: u8 = 1;
/// The command line is not right.
const USAGE: u8 = 2;
/// Where `join bot NAME` looks for the bot.
const BOTS: &str = "bots";
/// How long what is cut off at the end may take to clean up: a child to be killed, a socket's
/// file to be removed. A thread that waits for a key is not waited for longer.
const CLEAN_UP: Duration = Duration::from_millis(100);

/// The command line was understood and is still not right: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // What was typed comes back in it, and among that may be somebody's name for a file.
            let is_harmless = std::env::args_os().all(|word| {
                let word = word.to_string_lossy();
                *Shown::new(&word) == *word
            });
            // Asked for or not, help into a closed pipe is nobody's loss.
            let _closed = if is_harmless {
                error.print()
            } else {
                io::stderr().write_all(shown::lines(&error.to_string()).as_bytes())
            };
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
        }
    };
    let printer = Printer::new();
    let ended = run(cli, &printer);
    let code = match ended {
        Ok(code) => ExitCode::from(code),
        // Whoever read our output has seen enough.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // A file's name may be in it, or what is in a file.
            let line = format!("error: {}", shown::lines(&error.to_string()));
            printer.line(&line);
            ExitCode::from(if error.is::<Usage>() { USAGE } else { FAILED })
        }
    };
    // Nobody waits long for whoever does not read it.
    printer.flush();
    code
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.kind() == ErrorKind::BrokenPipe)
}

/// Does what is asked; gives the exit code.
fn run(cli: Cli, printer: &Printer) -> anyhow::Result<u8> {
    let Cli { command, log } = cli;
    match command {
        Command::Completions { shell } => print(&cli::completions(shell)),
        Command::Man { out: None } => print(&cli::man_page()?),
        Command::Man { out: Some(folder) } => cli::man_pages(&folder)
            .with_context(|| format!("cannot write to {}", folder.display()))
            .map_err(one_line)
            .map(|()| 0),
        Command::Serve(args) => {
            let settings = settings(&args)?;
            if args.check_config {
                return check(&args, &log, &settings);
            }
            let started = start_log(&log, settings.log.as_deref().unwrap_or("info"), printer)?;
            let child = log_arguments(&log, &started.filter);
            let source = source(args, log, started);
            block_on(async { Ok(program::run(settings, source, printer.clone(), &child).await?) })
        }
        Command::Bot(BotArgs { tool: Some(tool), .. }) => author(tool).map_err(one_line),
        Command::Bot(args) => {
            if let (Some(path), Some(tool)) = (args.paths.first(), args.mistyped_tool())
                && !path.exists()
            {
                let path = path.display();
                let usage = format!("there is no {path}; did you mean `chaty bot {tool}`?");
                return Err(Usage(usage).into());
            }
            start_log(&log, "info", printer)?;
            block_on(bots(args.paths, args.server.server, args.supervised, &log, printer))
        }
        Command::Join { who: Join::Bot { name, server } } => {
            start_log(&log, "info", printer)?;
            let path = bot::join_bot_path(&name, Path::new(BOTS))?;
            block_on(bots(vec![path], server.server, false, &log, printer))
        }
        Command::Join { who: Join::User { name, server, rooms, plain, inline, config } } => {
            let mut settings = config::client_settings(config.as_deref())?;
            settings.view = match (plain, inline) {
                (true, _) => View::Plain,
                (false, true) => View::Inline,
                (false, false) => settings.view,
            };
            // A screen has no place for a log; a file or a pipe behind standard error has.
            let is_typed = io::stdin().is_terminal() && io::stdout().is_terminal();
            let has_screen = settings.view == View::Full && is_typed && io::stderr().is_terminal();
            let log = if has_screen { LogArgs { log: None, ..log } } else { log };
            start_log(&log, if has_screen { "off" } else { "warn" }, printer)?;
            if rooms.is_empty() {
                settings.rooms.insert(0, RoomName::lobby());
            }
            for (at, room) in rooms.iter().enumerate() {
                let wrong = |error| Usage(format!("{room:?} cannot be a room: {error}"));
                settings.rooms.insert(at, RoomName::parse(room).map_err(wrong)?);
            }
            let options = JoinOptions { server: server.server, nick: nick(&name)?, settings };
            block_on(async { Ok(join::run(options).await.map(|()| 0)?) })
        }
        Command::Send(args) => {
            start_log(&log, "warn", printer)?;
            block_on(send(args))
        }
        Command::Tail(args) => {
            start_log(&log, "warn", printer)?;
            block_on(tail(args))
        }
        Command::History(args) => {
            start_log(&log, "warn", printer)?;
            past(args.tool)
        }
        Command::Admin(args) => {
            start_log(&log, "warn", printer)?;
            block_on(admin(args))
        }
        Command::Bench(args) => {
            start_log(&log, "warn", printer)?;
            block_on(load(args))
        }
    }
}

/// What a server goes by. A flag that is not right is bad usage, a file is not.
fn settings(args: &ServeArgs) -> anyhow::Result<ServeSettings> {
    args.settings().map_err(|error| match error {
        SettingsError::Limit(limit) => Usage(limit.to_string()).into(),
        SettingsError::File(file) => file.into(),
    })
}

/// Where a running server gets its settings from again.
fn source(args: ServeArgs, log: LogArgs, started: StartedLog) -> Source {
    let set_log = move |of_file: Option<&str>| {
        let (_, filter) =
            filter(&log, of_file.unwrap_or("info")).map_err(|error| error.to_string())?;
        (started.set)(filter)
    };
    let read = move || args.settings().map_err(|error| error.to_string());
    Source { read: Arc::new(read), set_log: Arc::new(set_log) }
}

/// `--check-config`: nothing listens, nothing is opened.
fn check(args: &ServeArgs, log: &LogArgs, settings: &ServeSettings) -> anyhow::Result<u8> {
    filter(log, settings.log.as_deref().unwrap_or("info"))?;
    let file = args.config.as_deref().map(|file| file.display().to_string());
    let lines = program::check(settings, &file.unwrap_or_else(|| "the command line".into()))?;
    print(format!("{}\n", lines.join("\n")).as_bytes())
}

/// Runs bots until a signal.
async fn bots(
    paths: Vec<PathBuf>,
    server: String,
    supervised: bool,
    log: &LogArgs,
    printer: &Printer,
) -> anyhow::Result<u8> {
    let printer = printer.clone();
    let as_json = log.log_format == LogFormat::Json;
    let options = RunOptions { paths, server, supervised, seed: None, as_json };
    until_signalled(|stop| async move {
        let print = move |diagnostic: &str| printer.line(diagnostic);
        Ok(bot::run(options, stop.cancelled_owned(), print).await.map(|()| 0)?)
    })
    .await
}

/// Helps to write a bot; there is no server in it.
fn author(tool: BotTool) -> anyhow::Result<u8> {
    let out = &mut Shows::new(io::stdout());
    let is_well = match tool {
        BotTool::New { name } => tools::start(&name, out).map(|()| true)?,
        BotTool::Check(args) => tools::check(&args.paths, args.json, out)?,
        BotTool::Test(args) => {
            let TestArgs { paths, seed, replay, json } = args;
            tools::test(&TestOptions { paths, seed, json, replay }, out)?
        }
        BotTool::Try(TryArgs { path, seed }) => {
            let colour = io::stdout().is_terminal() && !is_colourless();
            return tools::converse(&TryOptions { path, seed, colour }).map(|()| 0);
        }
        BotTool::Docs(args) => {
            match args.definitions {
                Some(folder) => tools::write_definitions(&folder, out)?,
                None if args.markdown => io::stdout().write_all(tools::markdown().as_bytes())?,
                None => io::stdout().write_all(tools::text().as_bytes())?,
            }
            true
        }
    };
    Ok(if is_well { 0 } else { FAILED })
}

async fn send(args: SendArgs) -> anyhow::Result<u8> {
    let nick = args.name.as_deref().map_or_else(|| Ok(join::send::default_nick()), nick)?;
    let room = args.room.as_deref().map(room).transpose()?;
    let options = SendOptions { server: args.server.server, nick, room, text: args.text };
    Ok(join::send::run(options).await.map(|()| 0)?)
}

async fn tail(args: TailArgs) -> anyhow::Result<u8> {
    let nick = args.name.as_deref().map_or_else(|| Ok(join::tail::default_nick()), nick)?;
    let (server, after) = (args.server.server, args.after.map(Seq));
    let room = args.room.as_deref().map(room).transpose()?;
    let follow = !args.no_follow;
    let options = TailOptions { server, nick, room, json: args.json, after, follow };
    Ok(join::tail::run(options).await.map(|()| 0)?)
}

async fn admin(args: AdminArgs) -> anyhow::Result<u8> {
    let remote = match args.socket {
        Some(socket) => Remote::new(socket),
        None => Remote::of_server(&args.server.server, args.server.port()).await?,
    };
    if !args.words.is_empty() {
        ask::once(&remote, &args.words.join(" "), args.json).await?;
    } else if console::input() == Input::Terminal {
        ask::console(remote).await?;
    } else {
        return Err(Usage(ask::AskError::Nothing.to_string()).into());
    }
    Ok(0)
}

/// Loads a server until the time is over or a signal comes.
async fn load(args: BenchArgs) -> anyhow::Result<u8> {
    let mut settings = args.settings();
    if let Some(name) = &args.room {
        settings.room = room(name)?;
    }
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    let shown = Measured {
        json: args.json,
        colour: io::stdout().is_terminal() && !is_colourless() && !is_dumb,
        live: io::stderr().is_terminal() && !is_dumb,
    };
    until_signalled(|stop| async move {
        match bench::run(settings, shown, stop).await {
            Err(error) if error.is_usage() => Err(Usage(error.to_string()).into()),
            done => Ok(done.map(|()| 0)?),
        }
    })
    .await
}

/// Works until a signal asks for the end; a second one does not wait for it.
async fn until_signalled<W: Future<Output = anyhow::Result<u8>>>(
    work: impl FnOnce(CancellationToken) -> W,
) -> anyhow::Result<u8> {
    let stop = Stop::default();
    let signals = Signals::with_hangup().context("cannot listen to signals").map_err(one_line)?;
    tokio::select! {
        done = work(stop.drain().clone()) => done,
        code = stop.at_once() => Ok(code),
        () = signals.pass_to(stop.clone()) => Ok(FAILED),
    }
}

/// Looks into a history, writes it out or takes it in; nothing of it is a server.
fn past(tool: HistoryTool) -> anyhow::Result<u8> {
    let out = &mut BufWriter::new(io::stdout());
    match tool {
        HistoryTool::Search(args) => {
            let room = args.room.as_deref().map(room).transpose()?;
            let (file, words) = (args.file.path()?, args.words.join(" "));
            let (found, is_whole) = history::search(&file, room.as_ref(), &words, args.limit)?;
            history::print_found(&found, args.json, out)?;
            if !is_whole {
                writeln!(io::stderr(), "warning: not everything could be looked through")?;
            }
        }
        HistoryTool::Export(args) => {
            let room = args.room.as_deref().map(room).transpose()?;
            history::export(&args.file.path()?, room.as_ref(), Seq(args.after), out)?;
        }
        HistoryTool::Import(args) => take_in(args, out)?,
        HistoryTool::Stats(args) => {
            history::stats(&args.file.path()?)?.print(args.json, out)?;
        }
    }
    out.flush()?;
    Ok(0)
}

fn take_in(args: ImportArgs, out: &mut impl Write) -> anyhow::Result<()> {
    let settings = HistorySettings::new(args.file.path()?);
    let imported = if args.lines.as_os_str() == "-" {
        history::import(&settings, &mut io::stdin().lock())?
    } else {
        let lines = File::open(&args.lines)
            .with_context(|| format!("cannot read {}", args.lines.display()))
            .map_err(one_line)?;
        history::import(&settings, &mut BufReader::new(lines))?
    };
    let Imported { added, known } = imported;
    Ok(writeln!(out, "{added} imported, {known} were there already")?)
}

/// A room from the command line.
fn room(name: &str) -> anyhow::Result<RoomName> {
    RoomName::parse(name)
        .map_err(|error| Usage(format!("{name:?} cannot be a room: {error}")).into())
}

/// A name from the command line.
fn nick(name: &str) -> anyhow::Result<Nick> {
    Nick::parse(name.as_bytes())
        .map_err(|error| Usage(format!("{name:?} cannot be a name: {error}")).into())
}

/// An error and its causes as the one line that is shown.
fn one_line(error: anyhow::Error) -> anyhow::Error {
    if is_closed_pipe(&error) { error } else { anyhow::Error::msg(format!("{error:#}")) }
}

fn print(bytes: &[u8]) -> anyhow::Result<u8> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush())?;
    Ok(0)
}

fn block_on(work: impl Future<Output = anyhow::Result<u8>>) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(CLEAN_UP);
    done
}

type SetFilter = Box<dyn Fn(EnvFilter) -> Result<(), String> + Send + Sync>;

/// A log that goes somewhere.
struct StartedLog {
    /// What is logged, as it was written.
    filter: String,
    /// Logs by another filter from now on.
    set: SetFilter,
}

/// What is to be logged: the command line's filter, or this one.
fn filter(args: &LogArgs, default: &str) -> anyhow::Result<(String, EnvFilter)> {
    let wanted = args.log.as_deref().filter(|filter| !filter.trim().is_empty()).unwrap_or(default);
    let filter = EnvFilter::builder()
        .parse(wanted)
        .map_err(|error| Usage(format!("`{wanted}` is no filter for the log: {error}")))?;
    Ok((wanted.to_owned(), filter))
}

/// Sends the log to standard error, above a prompt if the printer has one.
fn start_log(args: &LogArgs, default: &str, printer: &Printer) -> anyhow::Result<StartedLog> {
    let (wanted, filter) = filter(args, default)?;
    let colour = io::stderr().is_terminal() && !is_colourless();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour);
    let set: SetFilter = match args.log_format {
        LogFormat::Text => {
            let log = log.with_target(false).fmt_fields(console::log::fields());
            let log = log.with_writer(printer.clone()).with_filter_reloading();
            let handle = log.reload_handle();
            log.init();
            Box::new(move |filter| handle.reload(filter).map_err(|error| error.to_string()))
        }
        LogFormat::Json => {
            printer.notes(console::log::left_out);
            let log = log.json().with_writer(console::log::Plain(printer.clone()));
            let log = log.with_filter_reloading();
            let handle = log.reload_handle();
            log.init();
            Box::new(move |filter| handle.reload(filter).map_err(|error| error.to_string()))
        }
    };
    Ok(StartedLog { filter: wanted, set })
}

/// <https://no-color.org>: set and not empty.
fn is_colourless() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// What makes a child log as this process does.
fn log_arguments(args: &LogArgs, filter: &str) -> [OsString; 2] {
    let format = match args.log_format {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    };
    [format!("--log={filter}").into(), format!("--log-format={format}").into()]
}
