//! `chaty bench`: loads a server with members who talk and members who listen, and says what it
//! held: how fast, how late, and whether everybody heard everything once and in one order. It is a
//! stranger to the server it measures: everything goes over the wire.
//!
//! One thread makes the load and hears all deliveries, with nothing between it and the sockets,
//! because it shares the machine with the server. What it tells of its progress is shown by
//! another.

mod clock;
mod crowd;
mod ears;
mod figures;
mod histogram;
mod load;
mod member;
mod own;
mod pace;
mod process;
mod progress;
mod speech;
mod stamp;
mod table;
mod tally;
mod target;
mod words;

use crate::config::{BenchSettings, Speech, Target};
use crate::wire::room_name::RoomName;
use figures::Figures;
use load::{Load, Seen};
use own::Own;
use process::Process;
use progress::Report;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use table::Table;
use tokio_util::sync::CancellationToken;

/// Descriptors this process needs beside its members'.
const SPARE: u64 = 64;
/// Bytes of a name and what stands between it and a text.
const TAG: usize = 16;

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// One JSON object, instead of a table.
    pub json: bool,
    /// The table has colours.
    pub colour: bool,
    /// Standard error is a terminal on which a line can be drawn again.
    pub live: bool,
}

/// Why there are no figures, or why they are bad news.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    #[error(
        "{server} is {ip}, which is not loopback: only a server of your own may be loaded like \
         this; if it is yours, say so with --i-own-this-server"
    )]
    NotLoopback { server: String, ip: IpAddr },
    #[error("a message in the {} dialect has {least} to {most} bytes here", speech.name())]
    Size { speech: Speech, least: usize, most: usize },
    #[error("the {} dialect has only the lobby", .0.name())]
    Lobby(Speech),
    #[error("cannot look up {server}: {error}")]
    Unknown { server: String, error: io::Error },
    #[error("cannot reach {server}: {}; is `chaty serve` running there?", error.kind())]
    Unreachable { server: String, error: io::Error },
    #[error("cannot start a server to measure: {0}")]
    Own(io::Error),
    #[error(
        "{wanted} open files are needed and {limit} are allowed: fewer members, or `ulimit -n \
         {wanted}` first"
    )]
    Files { wanted: u64, limit: u64 },
    #[error("cannot make one more connection to {server}: {error}")]
    Dial { server: SocketAddr, error: io::Error },
    #[error("{came} of {all} could join, and then: {why}")]
    Join { came: usize, all: usize, why: String },
    #[error(
        "{heard} of {all} members heard the first message within 30 s, {departed} left{}",
        why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default()
    )]
    Deaf { heard: usize, all: usize, departed: usize, why: Option<String> },
    #[error("{0}")]
    Broken(String),
    #[error("interrupted before anything was measured")]
    Interrupted,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl BenchError {
    /// Whether another command line is what helps.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::NotLoopback { .. } | Self::Size { .. } | Self::Lobby(_))
    }
}

/// Measures and prints. Ends early when told to stop, with what it has by then. What a server of
/// chaty's did not hold of its promises is an error, behind the figures.
pub async fn run(
    settings: BenchSettings,
    shown: Shown,
    stop: CancellationToken,
) -> Result<(), BenchError> {
    check(&settings)?;
    let members = settings.listeners + settings.publishers;
    raise_file_limit(members)?;
    let (own, server) = match &settings.target {
        Target::Own => {
            let own = Own::start(members).await?;
            let addr = own.addr;
            (Some(own), addr)
        }
        Target::At { server, is_mine } => (None, target::find(server, *is_mine).await?),
    };
    let process = server.ip().to_canonical().is_loopback().then(|| Process::listening(server));
    let process = process.flatten();
    let (speech, given) = (settings.speech, settings.clone());
    let seen = measure(settings, server, process, shown, stop).await;
    if let Some(own) = own {
        own.end().await;
    }
    let figures = Figures::new(&given, server, process, &seen?.ok_or(BenchError::Interrupted)?);
    print(&figures, shown, &mut io::stdout().lock())?;
    match figures.broken() {
        // Other servers promise other things.
        Some(what) if speech != Speech::Nats => Err(BenchError::Broken(what)),
        _ => Ok(()),
    }
}

async fn measure(
    settings: BenchSettings,
    server: SocketAddr,
    process: Option<Process>,
    shown: Shown,
    stop: CancellationToken,
) -> Result<Option<Seen>, BenchError> {
    let (report, reports) = Report::new();
    let measured = tokio::task::spawn_blocking(move || {
        Load::new(&settings, server, process, &stop, &report)?.run()
    });
    if shown.live {
        progress::show(reports).await;
    }
    measured.await.map_err(|panicked| BenchError::Io(io::Error::other(panicked)))?
}

fn check(settings: &BenchSettings) -> Result<(), BenchError> {
    let BenchSettings { speech, ref room, size, .. } = *settings;
    let sizes = speech.sizes(TAG);
    if !sizes.contains(&size) {
        return Err(BenchError::Size { speech, least: *sizes.start(), most: *sizes.end() });
    }
    let is_elsewhere = *room != RoomName::lobby();
    if is_elsewhere && matches!(speech, Speech::Raw | Speech::Nats) {
        return Err(BenchError::Lobby(speech));
    }
    Ok(())
}

/// A connection is a file; a server started for this inherits the limit.
fn raise_file_limit(members: usize) -> Result<(), BenchError> {
    let wanted = members as u64 + SPARE;
    let limit = rlimit::increase_nofile_limit(u64::MAX)?;
    if limit < wanted { Err(BenchError::Files { wanted, limit }) } else { Ok(()) }
}

fn print(figures: &Figures, shown: Shown, out: &mut impl Write) -> Result<(), BenchError> {
    if shown.json {
        serde_json::to_writer(&mut *out, figures).map_err(io::Error::from)?;
        writeln!(out)?;
        out.flush()?;
    } else {
        Table { out, colour: shown.colour }.print(figures)?;
    }
    Ok(())
}
