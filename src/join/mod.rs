//! The programs a person or a script uses to be in a room: `join`, `send` and `tail`. Knows the
//! server only through `client`, and never lets a peer's text reach a terminal uncleaned.

mod chat;
mod clock;
mod complete;
mod out;
mod paint;
mod plain;
mod prompt;
mod recall;
pub mod send;
mod session;
mod show;
mod signals;
mod stdin;
mod style;
pub mod tail;
mod terminal;
mod tui;

use crate::client::{self, Closed, Event, Handle, Retry};
use crate::config::{ClientSettings, View};
use crate::wire::entry::Kind;
use crate::wire::nick::Nick;
use crate::wire::shown::Shown;
use chat::{Chat, Input, Patience, Screen};
use clock::Clock;
use paint::Colours;
use plain::Plain;
use prompt::Prompt;
use session::{Echo, Session};
use signals::Signals;
use std::io::{self, IsTerminal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// `chaty join user NAME`.
#[derive(Debug, Clone)]
pub struct JoinOptions {
    /// `HOST:PORT`.
    pub server: String,
    pub nick: Nick,
    /// How it is shown on a terminal that can do everything, and the rest of the user's settings.
    pub settings: ClientSettings,
}

/// Why one of the programs failed: its `Display` is the one line for standard error, and the exit
/// code is 1.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("{}", Shown::new(&.0.to_string()))]
    Closed(Closed),
    #[error("{refused} of {total} messages were refused")]
    Refused { refused: u64, total: u64 },
    /// The connection ended before everything was acknowledged.
    #[error(
        "{}; {acked} messages are known to have arrived, the others may not have",
        Shown::new(&why.to_string())
    )]
    Unacked { why: Closed, acked: u64 },
    #[error("interrupted before everything was acknowledged")]
    Interrupted,
    #[error("cannot read standard input: {0}")]
    Input(#[source] io::Error),
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
    #[error("cannot use this terminal: {0}; try --plain")]
    Terminal(#[source] io::Error),
}

/// Joins the room and stays until the user leaves (`Ok`) or the server ends it. Must run inside a
/// tokio runtime; reads standard input and writes standard output.
///
/// On a terminal it has the whole screen, or a prompt under the lines, as the settings say. Where
/// standard input or output is no terminal, or the terminal can do nothing (`TERM`), it is plain:
/// one message a line, no escape codes.
pub async fn run(options: JoinOptions) -> Result<(), Failed> {
    let JoinOptions { server, nick, settings } = options;
    let mut signals = Signals::new().map_err(Failed::Input)?;
    let tracker = TaskTracker::new();
    let cancel = CancellationToken::new();
    let options = client::Options {
        server,
        nick: nick.clone(),
        kind: Kind::User,
        rooms: settings.rooms.clone(),
        after: None,
        retry: Retry::AfterFirst,
    };
    let (handle, mut events) = client::connect(options.clone(), &tracker, cancel.clone());
    // No prompt before there is somebody to talk to: a name that is taken is one line.
    let first = tokio::select! {
        first = events.recv() => first,
        () = signals.leave() => return Ok(()),
    };
    let view = if can_prompt() { settings.view } else { View::Plain };
    let first = match first {
        Some(first) if view == View::Full && tui::can_begin(&first) => {
            let start = tui::Start { options, settings, handle, events, first, tracker, cancel };
            return out::ended_quietly(tui::run(start, &mut signals).await);
        }
        Some(Event::Closed { why }) => return Err(Failed::Closed(why)),
        Some(first) => first,
        None => return Ok(()),
    };
    let talk = Talk { handle, events, first, nick, tracker: tracker.clone(), cancel };
    let outcome = match view {
        View::Plain => talk.plain(&mut signals).await,
        View::Inline | View::Full => talk.prompt(&mut signals).await,
    };
    out::ended_quietly(outcome)
}

/// What `join` has once it is admitted.
struct Talk {
    handle: Handle,
    events: mpsc::Receiver<Event>,
    first: Event,
    nick: Nick,
    tracker: TaskTracker,
    cancel: CancellationToken,
}

impl Talk {
    async fn plain(self, signals: &mut Signals) -> Result<(), Failed> {
        // A terminal shows what is typed on it.
        let is_typed = io::stdin().is_terminal();
        let (echo, patience) =
            if is_typed { (Echo::Never, Patience::Person) } else { (Echo::AtAck, Patience::Pipe) };
        let input = plain::input(&self.tracker)?;
        self.chat(echo, patience, input, &mut Plain::default(), signals).await
    }

    async fn prompt(self, signals: &mut Signals) -> Result<(), Failed> {
        let colours = Colours::detect(true, |name| std::env::var(name).ok());
        let (mut prompt, input) = Prompt::open(colours).map_err(Failed::Terminal)?;
        let outcome = self.chat(Echo::AtOnce, Patience::Person, input, &mut prompt, signals).await;
        prompt.close().await;
        outcome
    }

    async fn chat(
        self,
        echo: Echo,
        patience: Patience,
        input: mpsc::Receiver<Input>,
        screen: &mut impl Screen,
        signals: &mut Signals,
    ) -> Result<(), Failed> {
        let Self { handle, events, first, nick, cancel, .. } = self;
        let session = Session::new(&nick, echo, Clock::local(), Clock::now());
        let chat = Chat { handle, events, input, session, screen, patience, cancel };
        chat.run(first, signals).await
    }
}

/// Whether there is a terminal on both sides that a line editor can work with.
fn can_prompt() -> bool {
    let term = std::env::var("TERM").unwrap_or_default();
    // The names the line editor knows to be unable.
    let is_able = !matches!(term.as_str(), "" | "dumb" | "cons25" | "emacs");
    is_able && io::stdin().is_terminal() && io::stdout().is_terminal()
}
