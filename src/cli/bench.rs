//! `chaty bench`: what to load a server with, and the bounds of it.

use super::{SERVER_VARIABLE, address};
use crate::config::{BenchSettings, Pace, Speech, Target};
use clap::{Args, ValueEnum, ValueHint, value_parser};
use std::time::Duration;

/// `chaty bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// The server to load [default: one that is started for this]
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = SERVER_VARIABLE,
        hide_env_values = true,
        value_parser = address::checked,
        value_hint = ValueHint::Hostname
    )]
    pub server: Option<String>,
    /// Members who listen
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(1..=20_000))]
    pub members: u32,
    /// Members who speak, beside those
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u32).range(1..=256))]
    pub publishers: u32,
    /// Bytes of a message: 34 to 4080 in lines, a few more or less in the other dialects
    #[arg(long, value_name = "BYTES", default_value_t = 64)]
    pub size: usize,
    /// How long to speak, such as 500ms, 5s or 2m
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub duration: Duration,
    /// Messages a second of all publishers together [default: as fast as it goes]
    #[arg(long, value_name = "MSGS/S", value_parser = rate)]
    pub rate: Option<f64>,
    /// Messages that the slowest may not have heard yet; 0: any number [default: 4096, raw 32]
    #[arg(long, value_name = "N", conflicts_with = "rate")]
    pub window: Option<u64>,
    /// Messages in one write [default: 64, raw 1]
    #[arg(long, value_name = "N", conflicts_with = "rate", value_parser = value_parser!(u32).range(1..=4096))]
    pub batch: Option<u32>,
    /// How the members speak
    #[arg(long, value_name = "DIALECT", default_value = "line")]
    pub dialect: BenchDialect,
    /// The room to be in [default: #lobby]
    #[arg(long, value_name = "ROOM")]
    pub room: Option<String>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// Load a server that is not on loopback: it is mine, and its network too
    #[arg(long, requires = "server")]
    pub i_own_this_server: bool,
    /// Measure another server than chaty, for a comparison
    #[arg(long, hide = true, requires = "server", conflicts_with_all = ["dialect", "room"])]
    pub peer: Option<Peer>,
}

/// The dialects of chaty's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BenchDialect {
    /// Lines of text, as `nc` speaks them
    Line,
    /// JSON Lines, as `chaty join` speaks
    Native,
    /// The ancestor's, without lines
    Raw,
}

/// Other servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Peer {
    Nats,
}

impl From<BenchDialect> for Speech {
    fn from(dialect: BenchDialect) -> Self {
        match dialect {
            BenchDialect::Line => Self::Line,
            BenchDialect::Native => Self::Native,
            BenchDialect::Raw => Self::Raw,
        }
    }
}

impl BenchArgs {
    /// What is to be done, in the lobby.
    pub fn settings(&self) -> BenchSettings {
        let speech = self.peer.map_or_else(|| self.dialect.into(), |Peer::Nats| Speech::Nats);
        let is_mine = self.i_own_this_server;
        let target =
            self.server.clone().map_or(Target::Own, |server| Target::At { server, is_mine });
        let (window, batch) = Pace::full(speech);
        let window = Some(self.window.unwrap_or(window)).filter(|window| *window > 0);
        let full = Pace::Full { window, batch: self.batch.unwrap_or(batch) };
        BenchSettings {
            pace: self.rate.map_or(full, Pace::Rate),
            listeners: self.members as usize,
            publishers: self.publishers as usize,
            size: self.size,
            duration: self.duration,
            ..BenchSettings::new(target, speech)
        }
    }
}

/// An hour is more than anybody waits for a figure.
const LONGEST: Duration = Duration::from_hours(1);
/// Above this a message's time is less than a clock is read in.
const FASTEST: f64 = 10_000_000.0;

fn duration(given: &str) -> Result<Duration, String> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0)];
    let seconds = units.iter().find_map(|(unit, seconds)| {
        Some(given.strip_suffix(unit)?.trim_end().parse::<f64>().ok()? * seconds)
    });
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration
        .filter(|duration| (Duration::from_millis(1)..=LONGEST).contains(duration))
        .ok_or_else(|| "a time from 1ms to 60m, such as 500ms, 5s or 2m".into())
}

fn rate(given: &str) -> Result<f64, String> {
    let rate = given.parse::<f64>().ok().filter(|rate| *rate > 0.0 && *rate <= FASTEST);
    rate.ok_or_else(|| format!("a number above 0 and up to {FASTEST}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates_have_bounds() {
        for (given, millis) in [("500ms", 500), ("5s", 5000), ("0.5 s", 500), ("2m", 120_000)] {
            assert_eq!(duration(given), Ok(Duration::from_millis(millis)), "{given}");
        }
        for wrong in ["", "5", "0s", "-1s", "61m", "1h", "infs", "NaNs"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert_eq!(rate("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "inf", "NaN", "1e9", "x"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}
