//! `chaty serve` as its user sees it: what it checks first, what it prints, what runs beside the
//! server, and how all of it ends. The server itself knows none of this.
//!
//! The end goes in this order: the bots' process and the server drain side by side; the admin
//! socket finishes its answers; the terminal is given back; the last line is logged.

use super::admin::console::{self, Console, End, Owner, Printer};
use super::admin::socket::{AdminSocket, SocketError};
use super::admin::{Clerk, Desk};
use super::listener::connections_that_fit;
use super::memory::Ceiling;
use super::metrics::endpoint::{Endpoint, EndpointError};
use super::reload::{Reloader, Reloads, Source};
use super::stop::{Signals, Stop};
use super::supervise::{Supervised, reachable};
use super::{HubDied, Options, ServeError, Server};
use crate::config::{self, DEFAULT_SERVER, ServeSettings};
use crate::wire::shown::Shown;
use std::ffi::OsString;
use std::future::ready;
use std::io::{self, IsTerminal, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Why `chaty serve` does not start. Each is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    #[error("there is no folder {}; name one that holds .rhai scripts with --bots DIR", .0.display())]
    NoBots(PathBuf),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error(transparent)]
    Metrics(#[from] EndpointError),
    #[error("cannot listen to signals: {0}")]
    Signals(io::Error),
    #[error(transparent)]
    NoHome(#[from] config::NoHome),
    #[error("cannot run the bots: {0}")]
    Bots(io::Error),
    #[error(transparent)]
    Died(#[from] HubDied),
}

/// What runs beside the server, and how it is ended.
struct Beside {
    tracker: TaskTracker,
    /// Ends the bots: at once with the drain, so that they can say goodbye.
    bots: CancellationToken,
    /// Ends the admin socket and the metrics: last, so that a shutdown can be answered and looked
    /// at.
    socket: CancellationToken,
    /// For `chaty admin` and the lines printed at the start.
    socket_path: Option<PathBuf>,
    /// Where metrics are given.
    metrics: Option<SocketAddr>,
}

/// Checks what can be checked before anything listens, and gives what `--check-config` prints: the
/// settings as they would be, and what the memory may come to.
///
/// # Errors
///
/// When a server would not start with them.
pub fn check(settings: &ServeSettings, what: &str) -> Result<Vec<String>, ProgramError> {
    has_bots(settings)?;
    if let Err(error) = settings.listen.to_socket_addrs() {
        return Err(ServeError::Address { listen: settings.listen.clone(), error }.into());
    }
    let history = settings.recording.settings(&settings.listen)?;
    let recorded = history.is_some();
    let mut lines = vec![format!("{what} is right"), String::new()];
    lines.extend(settings.written(history.as_ref()));
    lines.push(String::new());
    let connections = settings.limits.connections.min(connections_that_fit());
    lines.extend(Ceiling::of(&settings.limits, recorded).lines(connections));
    Ok(lines)
}

fn has_bots(settings: &ServeSettings) -> Result<(), ProgramError> {
    match settings.bots.as_deref().filter(|folder| !folder.is_dir()) {
        Some(folder) => Err(ProgramError::NoBots(folder.to_owned())),
        None => Ok(()),
    }
}

/// Serves until it is asked to stop; gives the exit code. `log` are the arguments that make the
/// bots' process log as this one does, `source` is where the settings come from.
pub async fn run(
    settings: ServeSettings,
    source: Source,
    printer: Printer,
    log: &[OsString],
) -> Result<u8, ProgramError> {
    has_bots(&settings)?;
    let stop = Stop::default();
    let signals = Signals::install().map_err(ProgramError::Signals)?;
    let code = tokio::select! {
        // From the beginning, which may wait for a disk or a terminal, to the very end: a second
        // signal also cuts short what runs beside the server.
        code = stop.at_once() => code,
        () = signals.pass_to(stop.clone()) => 1,
        ended = Box::pin(serve(settings, source, printer, log, stop.clone())) => ended.map(|()| 0)?,
    };
    match code {
        0 => tracing::info!("the server has stopped"),
        code => tracing::warn!(code, "stopped at once; what was not delivered is lost"),
    }
    Ok(code)
}

async fn serve(
    settings: ServeSettings,
    source: Source,
    printer: Printer,
    log: &[OsString],
    stop: Stop,
) -> Result<(), ProgramError> {
    // A terminal that is closed must not end a server, nor a daemon's manager that asks for a
    // reload: it is caught with or without a config file.
    let hangup = signal(SignalKind::hangup()).map_err(ProgramError::Signals)?;
    let limits = settings.limits.clone();
    let history = settings.recording.settings(&settings.listen)?;
    let listen = settings.listen.clone();
    let server = Server::bind(Options { listen, limits, history }).await?;
    let addr = server.local_addr();
    let (reloader, requests) = Reloader::new();
    let desk = Desk::new(server.hub(), stop.drain().clone(), reloader);
    let reloads = Reloads {
        source,
        started: settings.clone(),
        limits: settings.limits.clone(),
        log: settings.log.clone(),
        control: server.control(),
    };

    let beside = match Beside::start(&settings, &server, &desk, &printer, log).await {
        Ok(beside) => beside,
        Err(error) => {
            // It was never up: the history is closed as it was.
            server.run(ready(())).await?;
            return Err(error);
        }
    };
    let input = console::input();
    announce(addr, &beside, &settings, input).await;
    let recorded = server.hub().is_recorded();
    let connections = server.connections_limit();
    let ceiling = Ceiling::of(&settings.limits, recorded);
    tracing::info!(
        connections,
        memory_mib = ceiling.with_listeners(connections) / (1024 * 1024),
        open_files = rlimit::Resource::NOFILE.get_soft().unwrap_or_default(),
        "ready"
    );
    let interactive = input == console::Input::Terminal;
    let at_prompt = AtPrompt { stop: stop.clone(), interactive, supervised: settings.supervised };
    // Dropped last.
    let _console = Console::start(input, desk, at_prompt, &printer, Handle::current())
        .inspect_err(|error| tracing::warn!(%error, "there is no console"))
        .ok();

    let ending = beside.bots.clone().drop_guard();
    let drain = stop.drain().clone().cancelled_owned();
    let serving = async {
        let end = server.run(async {
            drain.await;
            tracing::info!("shutting down; a signal now exits at once");
            drop(ending);
        });
        let end = end.await;
        beside.end().await;
        Ok(end?)
    };
    tokio::select! {
        ended = serving => ended,
        // Whoever could ask is never gone before the server is.
        () = reloads.run(requests, hangup) => Ok(()),
    }
}

impl Beside {
    async fn start(
        settings: &ServeSettings,
        server: &Server,
        clerk: &impl Clerk,
        printer: &Printer,
        log: &[OsString],
    ) -> Result<Self, ProgramError> {
        let tracker = TaskTracker::new();
        let (bots, socket) = (CancellationToken::new(), CancellationToken::new());
        let addr = server.local_addr();
        let endpoint = match &settings.metrics {
            Some(at) => Some(Endpoint::bind(at).await?),
            None => None,
        };
        let metrics = endpoint.as_ref().map(Endpoint::addr);
        let bound = match &settings.admin_socket {
            Some(path) => Some(AdminSocket::bind(path).await?),
            // Nobody asked for this one, so nobody is refused a server for want of it.
            None => AdminSocket::bind_default(addr.port())
                .await
                .inspect_err(|error| tracing::warn!("`chaty admin` will not work: {error}"))
                .ok(),
        };
        let socket_path = bound.as_ref().map(|bound| bound.path().to_owned());
        if let Some(bound) = bound {
            tracker.spawn(bound.serve(clerk.clone(), socket.clone()));
        }
        if let Some(endpoint) = endpoint {
            tracker.spawn(endpoint.serve(server.hub(), socket.clone()));
        }
        if let Some(folder) = &settings.bots {
            let child = Supervised::bots(folder, addr, log, printer.clone());
            tracker.spawn(child.map_err(ProgramError::Bots)?.run(bots.clone()));
        }
        Ok(Self { tracker, bots, socket, socket_path, metrics })
    }

    async fn end(self) {
        self.bots.cancel();
        self.socket.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// What the console does to the process.
struct AtPrompt {
    stop: Stop,
    interactive: bool,
    supervised: bool,
}

impl Owner for AtPrompt {
    fn interrupted(&mut self) -> bool {
        self.stop.interrupt();
        true
    }

    fn ended(&mut self, end: End) {
        match end {
            _ if self.supervised => self.stop.drain().cancel(),
            // The end of a daemon's pipe is nothing to speak of.
            End::EndOfInput if !self.interactive => tracing::debug!("the console's input ended"),
            End::EndOfInput | End::Interrupted => tracing::info!(
                "the console is closed and the server goes on; Ctrl-C or `chaty admin shutdown` \
                 stops it"
            ),
            End::Broken => tracing::warn!("the console's input broke; the server goes on"),
        }
    }
}

/// The first lines on standard output, and the warning that belongs to them.
async fn announce(
    addr: SocketAddr,
    beside: &Beside,
    settings: &ServeSettings,
    input: console::Input,
) {
    let lines = lines(addr, beside, settings, input);
    // Whoever started this server may have closed its output, or not read it; it serves all the same.
    let written = spawn_blocking(move || write_lines(&mut io::stdout().lock(), &lines));
    let _closed_or_stuck = timeout(console::LAST_LINES, written).await;
    if !addr.ip().to_canonical().is_loopback() {
        tracing::warn!(
            "listening on {addr}, not on loopback: traffic is not encrypted, everybody on the way \
             can read it"
        );
    }
    if let Some(at) = beside.metrics.filter(|at| !at.ip().to_canonical().is_loopback()) {
        tracing::warn!(
            "metrics are given on {at}, not on loopback: everybody who reaches it sees them"
        );
    }
}

fn lines(
    addr: SocketAddr,
    beside: &Beside,
    settings: &ServeSettings,
    input: console::Input,
) -> Vec<String> {
    let at = reachable(addr);
    let flag =
        if at.to_string() == DEFAULT_SERVER { String::new() } else { format!(" --server {at}") };
    let mut lines = vec![
        format!("chaty is listening on {addr}"),
        format!("join it:       chaty join user NAME{flag}"),
        format!("or plainly:    nc {} {}", at.ip(), at.port()),
    ];
    if let Some(path) = &beside.socket_path {
        lines.push(format!("administer it: chaty admin{}", admin_flag(path, &flag, addr.port())));
    }
    if let Some(at) = beside.metrics.map(reachable) {
        lines.push(format!("metrics:       http://{at}/metrics"));
    }
    if let Some(folder) = &settings.bots {
        lines.push(format!("bots:          {}", folder.display()));
    }
    if input == console::Input::Terminal && io::stdout().is_terminal() {
        lines
            .push("The console is yours: help lists its commands, Ctrl-C stops the server.".into());
    }
    lines
}

/// How `chaty admin` finds the socket: by itself, by the server's port, or by its path.
fn admin_flag(path: &Path, server: &str, port: u16) -> String {
    if path == config::admin_socket(port) {
        server.to_owned()
    } else {
        format!(" --socket {}", path.display())
    }
}

fn write_lines(out: &mut impl Write, lines: &[String]) -> io::Result<()> {
    for line in lines {
        writeln!(out, "{}", Shown::new(line))?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;

    fn shown(addr: &str, socket_path: Option<PathBuf>) -> Vec<String> {
        let settings = ServeSettings {
            listen: addr.into(),
            bots: Some("bots".into()),
            admin_socket: None,
            metrics: None,
            log: None,
            limits: Limits::default(),
            recording: config::Recording { off: true, ..config::Recording::default() },
            supervised: false,
        };
        let beside = Beside {
            tracker: TaskTracker::new(),
            bots: CancellationToken::new(),
            socket: CancellationToken::new(),
            socket_path,
            metrics: None,
        };
        lines(addr.parse().unwrap(), &beside, &settings, console::Input::Lines)
    }

    #[test]
    fn the_first_lines_can_be_typed_as_they_stand() {
        assert_eq!(
            shown("127.0.0.1:55556", Some(config::admin_socket(55556))),
            [
                "chaty is listening on 127.0.0.1:55556",
                "join it:       chaty join user NAME",
                "or plainly:    nc 127.0.0.1 55556",
                "administer it: chaty admin",
                "bots:          bots",
            ]
        );
        assert_eq!(
            shown("0.0.0.0:7", Some("/tmp/a.sock".into())),
            [
                "chaty is listening on 0.0.0.0:7",
                "join it:       chaty join user NAME --server 127.0.0.1:7",
                "or plainly:    nc 127.0.0.1 7",
                "administer it: chaty admin --socket /tmp/a.sock",
                "bots:          bots",
            ]
        );
        let lines = shown("[::1]:7", Some(config::admin_socket(7)));
        assert_eq!(lines[3], "administer it: chaty admin --server [::1]:7");
        assert!(!shown("[::1]:7", None).iter().any(|line| line.contains("admin")));
    }
}
