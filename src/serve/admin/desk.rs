//! Where an administrator's line is answered, whichever way it came: console, pipe or socket.
//! Asks the hub through a handle; owns neither the room nor a terminal.

use super::words::{self, Asked};
use super::{Command, Report, json, render};
use crate::serve::hub::HubHandle;
use crate::serve::reload::Reloader;
use crate::wire::entry::Millis;
use crate::wire::text::scrub;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;
use std::future::Future;
use std::time::SystemTime;
use tokio_util::sync::CancellationToken;

/// What administration needs of the hub.
pub trait Administered: Clone + Send + Sync + 'static {
    /// Carries a command out.
    fn admin(&self, command: Command) -> impl Future<Output = Report> + Send;
    /// The members' names, for completion.
    fn names(&self) -> impl Future<Output = Vec<String>> + Send;
}

impl Administered for HubHandle {
    async fn admin(&self, command: Command) -> Report {
        Self::admin(self, command).await
    }

    async fn names(&self) -> Vec<String> {
        Self::names(self).await
    }
}

/// Somebody who answers typed lines: the desk in the server, or its remote over the socket.
pub trait Clerk: Clone + Send + Sync + 'static {
    /// Answers one line.
    fn answer(&self, line: &str) -> impl Future<Output = Answer> + Send;
    /// The members' names, for completion; none if they are not to be had.
    fn names(&self) -> impl Future<Output = Vec<String>> + Send;
}

/// The answer to one line, for people and for scripts. Also the socket's shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it was done; `chaty admin` exits 1 if not.
    pub ok: bool,
    /// For people; several lines without a newline at the end, nothing if there is nothing to say.
    pub text: String,
    /// For scripts: see [`super::json`].
    pub report: Value,
}

/// Answers lines inside the server.
#[derive(Clone)]
pub struct Desk<H> {
    hub: H,
    drain: CancellationToken,
    reloader: Reloader,
}

impl<H> fmt::Debug for Desk<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

impl<H: Administered> Desk<H> {
    /// `drain` is cancelled by `shutdown`: stopping is the process' affair, not the hub's, and so
    /// is reading the settings again.
    pub fn new(hub: H, drain: CancellationToken, reloader: Reloader) -> Self {
        Self { hub, drain, reloader }
    }

    async fn carry_out(&self, command: Command) -> Report {
        if command == Command::Shutdown {
            self.drain.cancel();
            return Report::Done("the server is shutting down".into());
        }
        if command == Command::Reload {
            return self.reloader.reload().await;
        }
        self.hub.admin(command).await
    }
}

impl<H: Administered> Clerk for Desk<H> {
    async fn answer(&self, line: &str) -> Answer {
        // Reasons and texts go to members' screens; here they enter.
        match words::parse(&scrub(line)) {
            Asked::Nothing => Answer::help(String::new()),
            Asked::Command(command) => Answer::of(&self.carry_out(command).await),
            Asked::Help(text) => Answer::help(text),
            // Only a console can ask back; it does so before it comes here.
            Asked::WhomToKick => Answer::failed("usage: kick NAME [REASON]".into()),
            Asked::Wrong(why) => Answer::failed(why),
        }
    }

    async fn names(&self) -> Vec<String> {
        self.hub.names().await
    }
}

impl Answer {
    /// The two faces of a report.
    pub fn of(report: &Report) -> Self {
        Self {
            ok: !matches!(report, Report::Failed(_)),
            text: render::text(report, now()),
            report: json::report(report),
        }
    }

    /// Something that could not be done.
    pub fn failed(why: String) -> Self {
        Self { ok: false, report: json!({ "failed": why }), text: why }
    }

    fn help(text: String) -> Self {
        Self { ok: true, report: json!({ "help": text }), text }
    }
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A hub for tests: Neo is a member and can be kicked; every command is remembered.
#[cfg(test)]
pub(super) mod fake {
    use super::{Administered, Command, Report};
    use crate::serve::admin::render::tests::member;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    pub(in super::super) struct FakeHub(pub(in super::super) Arc<Mutex<Vec<Command>>>);

    impl Administered for FakeHub {
        async fn admin(&self, command: Command) -> Report {
            self.0.lock().unwrap().push(command.clone());
            match command {
                Command::List => Report::Members(vec![member("Neo")]),
                Command::Kick { name, .. } if name == "Neo" => {
                    Report::Done("Neo was kicked".into())
                }
                Command::Kick { name, .. } => {
                    Report::Failed(format!("there is nobody called {name}"))
                }
                _ => Report::Done("done".into()),
            }
        }

        async fn names(&self) -> Vec<String> {
            vec!["Neo".into(), "Trinity".into()]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fake::FakeHub;
    use super::*;

    #[tokio::test]
    async fn lines_are_carried_out_or_explained() {
        let hub = FakeHub::default();
        let drain = CancellationToken::new();
        let desk = Desk::new(hub.clone(), drain.clone(), Reloader::new().0);

        let answer = desk.answer("kick Neo too loud").await;
        assert!(answer.ok);
        assert_eq!(answer.text, "Neo was kicked");
        let answer = desk.answer("kick Smith").await;
        assert!(!answer.ok);
        assert_eq!(answer.report, json!({ "failed": "there is nobody called Smith" }));
        assert!(desk.answer("list").await.text.starts_with("List of connected clients: \nNeo"));
        assert_eq!(hub.0.lock().unwrap().len(), 3);

        desk.answer("kick Smith be\u{1b}gone\r\n").await;
        let reason = Some("be␛gone␍␊".into());
        let kick = Command::Kick { name: "Smith".into(), reason };
        assert_eq!(hub.0.lock().unwrap().pop(), Some(kick));

        assert!(!desk.answer("frob").await.ok);
        assert!(!desk.answer("kick").await.ok);
        assert_eq!(desk.answer("").await.text, "");
        assert!(desk.answer("-help").await.ok);
        assert!(!drain.is_cancelled());
        assert!(desk.answer("shutdown").await.ok);
        assert!(drain.is_cancelled());
        assert_eq!(hub.0.lock().unwrap().len(), 3, "none of these is the hub's business");
    }
}
