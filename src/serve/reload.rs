//! Reads the settings again, for SIGHUP and the word `reload`, and says what came of it. What
//! cannot change while the server runs stays as it is, and is named.

use super::Control;
use super::admin::Report;
use crate::config::{self, ServeSettings};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How long reading the file may take: it may be a pipe that nobody writes to any more.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where settings come from: the file with the flags laid over it, each time anew.
#[derive(Clone)]
pub struct Source {
    /// Reads and checks them, or says in a line what is wrong.
    pub read: Arc<dyn Fn() -> Result<ServeSettings, String> + Send + Sync>,
    /// Logs by the filter of the file from now on, unless the command line has one; or says what is
    /// wrong with it.
    pub set_log: Arc<dyn Fn(Option<&str>) -> Result<(), String> + Send + Sync>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

/// Asks for a reload. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reloader(mpsc::Sender<oneshot::Sender<Report>>);

impl Reloader {
    /// With the end that answers. Nobody needs to ask twice at once.
    pub fn new() -> (Self, Requests) {
        let (sender, requests) = mpsc::channel(1);
        (Self(sender), Requests(requests))
    }

    /// Reads the settings again; the report is one line.
    pub async fn reload(&self) -> Report {
        let (reply, report) = oneshot::channel();
        let gone = || Report::Failed("the server is going down".into());
        if self.0.send(reply).await.is_err() {
            return gone();
        }
        report.await.unwrap_or_else(|_dropped| gone())
    }
}

/// What the reloaders ask.
#[derive(Debug)]
pub struct Requests(mpsc::Receiver<oneshot::Sender<Report>>);

/// Owns the settings as they are.
#[derive(Debug)]
pub(super) struct Reloads {
    pub(super) source: Source,
    /// Those of the start, of which some stay.
    pub(super) started: ServeSettings,
    pub(super) limits: config::Limits,
    pub(super) log: Option<String>,
    pub(super) control: Control,
}

impl Reloads {
    /// Answers until nobody can ask any more; ends by being dropped.
    pub(super) async fn run(mut self, mut requests: Requests, mut hangup: Signal) {
        loop {
            let reply = tokio::select! {
                Some(reply) = requests.0.recv() => Some(reply),
                Some(()) = hangup.recv() => None,
                else => return,
            };
            let report = self.reload().await;
            match &report {
                Report::Failed(why) => tracing::error!("the settings stay as they were: {why}"),
                Report::Done(what) => tracing::info!("{what}"),
                _ => {}
            }
            if let Some(reply) = reply {
                // `chaty admin` may have gone away without waiting.
                let _gone = reply.send(report);
            }
        }
    }

    async fn reload(&mut self) -> Report {
        let read = self.source.read.clone();
        let settings = match timeout(PATIENCE, spawn_blocking(move || read())).await {
            Ok(Ok(Ok(settings))) => settings,
            Ok(Ok(Err(why))) => return Report::Failed(why),
            Ok(Err(_panicked)) => return Report::Failed("reading the settings broke down".into()),
            Err(_late) => return Report::Failed("the config file cannot be read in time".into()),
        };
        // The one thing that can still be wrong comes first: all changes, or nothing.
        if let Err(why) = (self.source.set_log)(settings.log.as_deref()) {
            return Report::Failed(why);
        }
        let mut changed = changes(&self.limits, &settings.limits);
        if settings.log != self.log {
            let log = settings.log.as_deref().unwrap_or("info");
            changed.push(format!("log = {log:?} (unless --log or RUST_LOG says otherwise)"));
        }
        let stays = stays(&self.started, &settings);
        if settings.limits != self.limits {
            self.control.change(settings.limits.clone()).await;
        }
        (self.limits, self.log) = (settings.limits, settings.log);
        Report::Done(told(&changed, &stays))
    }
}

/// The limits that are not as they were, as they are now.
fn changes(before: &config::Limits, now: &config::Limits) -> Vec<String> {
    let (before, now) = (config::written_limits(before), config::written_limits(now));
    let pairs = before.into_iter().zip(now);
    let changed = pairs.filter(|(before, now)| before != now).map(|(_, now)| now);
    changed
        .map(|line| {
            let is_kept = line.starts_with("keepalive");
            if is_kept { format!("{line} (for new connections)") } else { line }
        })
        .collect()
}

/// What is not as it was at the start, and stays so until the next one.
fn stays(started: &ServeSettings, now: &ServeSettings) -> Vec<&'static str> {
    [
        ("listen", started.listen != now.listen),
        ("bots", started.bots != now.bots),
        ("admin_socket", started.admin_socket != now.admin_socket),
        ("metrics", started.metrics != now.metrics),
        ("[history]", started.recording != now.recording),
    ]
    .into_iter()
    .filter_map(|(what, differs)| differs.then_some(what))
    .collect()
}

fn told(changed: &[String], stays: &[&str]) -> String {
    let mut told = match changed {
        [] => "the settings were read again; nothing has changed".to_owned(),
        changed => format!("the settings were read again; new: {}", changed.join(", ")),
    };
    if !stays.is_empty() {
        told += &format!("; until a restart, as it was: {}", stays.join(", "));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Limits, Recording};

    fn settings() -> ServeSettings {
        ServeSettings {
            listen: "a:1".into(),
            bots: None,
            admin_socket: None,
            metrics: None,
            log: None,
            limits: Limits::default(),
            recording: Recording::default(),
            supervised: false,
        }
    }

    #[test]
    fn what_changes_and_what_stays_is_told() {
        let limits = Limits { flood: false, keepalive_probes: 9, ..Limits::default() };
        let changed = changes(&Limits::default(), &limits);
        assert_eq!(changed, ["keepalive_probes = 9 (for new connections)", "flood = false"]);
        let now = ServeSettings { listen: "b:1".into(), ..settings() };
        assert_eq!(stays(&settings(), &now), ["listen"]);
        assert_eq!(
            told(&changed[1..], &["listen", "bots"]),
            "the settings were read again; new: flood = false; until a restart, as it was: \
             listen, bots"
        );
        assert_eq!(told(&[], &[]), "the settings were read again; nothing has changed");
    }
}
