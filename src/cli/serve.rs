//! `chaty serve`: its flags, and how they come together with the config file. A flag wins.

use super::address;
use crate::config::{
    self, DEFAULT_SERVER, File, FileError, HistorySync, LimitError, Limits, ServeSettings,
};
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

/// What `chaty serve` is told on the command line.
#[derive(Debug, Clone, Default, Args)]
pub struct ServeArgs {
    /// The address to listen on; port 0 takes a free one [default: 127.0.0.1:55556]
    #[arg(
        long,
        value_name = "HOST:PORT",
        value_parser = address::checked,
        value_hint = ValueHint::Hostname
    )]
    pub listen: Option<String>,
    /// Run the bots of this folder beside the server, and again when they die
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub bots: Option<PathBuf>,
    /// Read settings from this TOML file; flags win over it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Keep what is said in this file [default: in your data folder, by the port]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub history: Option<PathBuf>,
    /// Keep nothing
    #[arg(long, conflicts_with = "history")]
    pub no_history: bool,
    /// What a message's acknowledgement waits for [default: normal]
    #[arg(long, value_name = "WHAT", conflicts_with = "no_history")]
    pub sync: Option<Sync>,
    /// Where `chaty admin` finds this server [default: a private folder, by the port]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub admin_socket: Option<PathBuf>,
    /// Give metrics to Prometheus at this address; a port alone is one of loopback
    #[arg(long, value_name = "ADDR", value_parser = config::metrics_address)]
    pub metrics: Option<String>,
    /// Set one of the limits, as in the file: flood=false, drain=10s; may be given several times
    #[arg(long = "limit", value_name = "KEY=VALUE", value_parser = a_limit)]
    pub limits: Vec<String>,
    /// Check the settings, print them and what memory they allow, and end
    #[arg(long)]
    pub check_config: bool,
    /// Run for another program: end when standard input does
    #[arg(long, hide = true)]
    pub supervised: bool,
}

/// Why the settings cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error(transparent)]
    File(#[from] FileError),
    /// The file may be right; the flags are not, beside it.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

/// When what is said is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sync {
    /// It waits for nothing: what was said is in the file within 50 ms
    Normal,
    /// It waits for the disk: what was acknowledged survives a power cut
    Full,
}

impl From<Sync> for HistorySync {
    fn from(sync: Sync) -> Self {
        match sync {
            Sync::Normal => Self::Normal,
            Sync::Full => Self::Full,
        }
    }
}

impl ServeArgs {
    /// Reads the config file, if there is one, and lays the flags over it.
    pub fn settings(&self) -> Result<ServeSettings, SettingsError> {
        let file = self.config.as_deref().map(config::read).transpose()?.unwrap_or_default();
        Ok(self.clone().over(file)?)
    }

    fn over(self, file: File) -> Result<ServeSettings, LimitError> {
        let mut limits = file.limits;
        for limit in &self.limits {
            config::set_limit(&mut limits, limit)?;
        }
        config::check_limits(&limits)?;
        let mut recording = file.recording;
        if let Some(history) = self.history {
            (recording.file, recording.off) = (Some(history), false);
        }
        recording.off |= self.no_history;
        recording.sync = self.sync.map_or(recording.sync, HistorySync::from);
        Ok(ServeSettings {
            listen: self.listen.or(file.listen).unwrap_or_else(|| DEFAULT_SERVER.into()),
            bots: self.bots.or(file.bots),
            admin_socket: self.admin_socket.or(file.admin_socket),
            metrics: self.metrics.or(file.metrics),
            log: file.log,
            limits,
            recording,
            supervised: self.supervised,
        })
    }
}

/// A limit that can be set, still as it was written.
fn a_limit(written: &str) -> Result<String, LimitError> {
    config::set_limit(&mut Limits::default(), written)?;
    Ok(written.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let file = || File {
            listen: Some("a:1".into()),
            bots: Some("file-bots".into()),
            log: Some("debug".into()),
            ..File::default()
        };
        let args = ServeArgs { bots: Some("flag-bots".into()), ..ServeArgs::default() };
        let settings = args.over(file()).unwrap();
        assert_eq!(settings.listen, "a:1");
        assert_eq!(settings.bots, Some("flag-bots".into()));
        assert_eq!(settings.log.as_deref(), Some("debug"));
        assert_eq!(ServeArgs::default().over(File::default()).unwrap().listen, DEFAULT_SERVER);
        let limits = vec!["drain=1s".into(), "drain=2s".into(), "flood=false".into()];
        let args = ServeArgs { limits, ..ServeArgs::default() };
        let limits = args.over(file()).unwrap().limits;
        assert_eq!((limits.drain.as_secs(), limits.flood), (2, false));
        let args = ServeArgs { limits: vec!["ping=100s".into()], ..ServeArgs::default() };
        assert!(args.over(file()).is_err(), "limits that do not go together");
        let args = ServeArgs { config: Some("/nonexistent".into()), ..ServeArgs::default() };
        assert!(matches!(args.settings(), Err(SettingsError::File(FileError::Unreadable { .. }))));
    }
}
