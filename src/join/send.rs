//! `chaty send`: says one message, or each line of standard input, and waits for the acks. Takes
//! every line literally; commands are for people.

use super::signals::Signals;
use super::{Failed, stdin};
use crate::client::{self, Closed, Event, Handle, Retry};
use crate::wire::entry::Kind;
use crate::wire::native::{Refused, Say, ServerEvent};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use crate::wire::shown::Shown;
use std::io::{self, Write};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What to say, and as whom.
#[derive(Debug, Clone)]
pub struct SendOptions {
    /// `HOST:PORT`.
    pub server: String,
    /// See [`default_nick`].
    pub nick: Nick,
    /// Where; in the lobby, if not said.
    pub room: Option<RoomName>,
    /// The message, taken literally; with `None`, each line of standard input is one, and blank
    /// lines are none.
    pub text: Option<String>,
}

/// The name without `--as`: `$USER` if that is a name, else `guest`.
///
/// # Panics
///
/// Never: `guest` is a name.
pub fn default_nick() -> Nick {
    let user = std::env::var("USER").unwrap_or_default();
    Nick::parse(user.as_bytes())
        .or_else(|_not_a_name| Nick::parse(b"guest"))
        .expect("guest is a name")
}

/// Says it all; `Ok` only if every message was acknowledged. Each refused one is reported on
/// standard error.
pub async fn run(options: SendOptions) -> Result<(), Failed> {
    let SendOptions { server, nick, room, text } = options;
    let mut signals = Signals::new().map_err(Failed::Input)?;
    let texts = texts(text).await.map_err(Failed::Input)?;
    let tracker = TaskTracker::new();
    let cancel = CancellationToken::new();
    let options = client::Options {
        server,
        nick,
        kind: Kind::Script,
        rooms: room.into_iter().collect(),
        after: None,
        retry: Retry::Never,
    };
    let (handle, events) = client::connect(options, &tracker, cancel.clone());
    let feeding = tracker.spawn(feed(handle.clone(), texts));
    let count = async {
        let mut tally = Tally::default();
        tally.count(events, feeding, handle, &mut io::stderr()).await
    };
    tokio::select! {
        outcome = count => outcome,
        () = signals.leave() => {
            cancel.cancel();
            Err(Failed::Interrupted)
        }
    }
}

async fn texts(text: Option<String>) -> io::Result<mpsc::Receiver<io::Result<String>>> {
    let Some(text) = text else {
        return stdin::lines();
    };
    let (sender, receiver) = mpsc::channel(1);
    // An empty channel takes one.
    sender.send(Ok(text)).await.ok();
    Ok(receiver)
}

/// Says each text under its number. Returns how many there were, when the input ends.
async fn feed(handle: Handle, mut texts: mpsc::Receiver<io::Result<String>>) -> io::Result<u64> {
    let mut total = 0;
    while let Some(text) = texts.recv().await {
        let text = text?;
        if text.trim().is_empty() {
            continue;
        }
        total += 1;
        let say = Say { id: Some(total.to_string()), text, ..Say::default() };
        if handle.say(say).await.is_err() {
            break;
        }
    }
    Ok(total)
}

/// How the messages fared.
#[derive(Debug, Default)]
struct Tally {
    acked: u64,
    refused: u64,
    /// How many there are, once the input has ended.
    total: Option<u64>,
}

impl Tally {
    async fn count(
        &mut self,
        mut events: mpsc::Receiver<Event>,
        feeding: impl Future<Output = Result<io::Result<u64>, tokio::task::JoinError>>,
        handle: Handle,
        report: &mut impl Write,
    ) -> Result<(), Failed> {
        tokio::pin!(feeding);
        let mut handle = Some(handle);
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(Event::Server(event)) => self.event(&event, report),
                    Some(Event::Closed { why }) => return self.outcome(why),
                    Some(Event::Online { .. } | Event::Offline { .. }) => {}
                    None => return self.outcome(Closed::Lost { why: "the client ended".into() }),
                },
                fed = &mut feeding, if self.total.is_none() => {
                    let fed = fed.unwrap_or_else(|panic| Err(io::Error::other(panic)));
                    self.total = Some(fed.map_err(Failed::Input)?);
                }
            }
            if self.total.is_some_and(|total| self.acked + self.refused >= total)
                && let Some(handle) = handle.take()
            {
                handle.quit().await;
            }
        }
    }

    fn event(&mut self, event: &ServerEvent<'_>, report: &mut impl Write) {
        match event {
            ServerEvent::Ack(_) => self.acked += 1,
            ServerEvent::Refused(Refused { re: Some(number), text, .. })
                if number.parse::<u64>().is_ok() =>
            {
                self.refused += 1;
                // Where standard error is gone the exit code still tells.
                let text = Shown::new(text);
                writeln!(report, "message {number} was refused: {text}").ok();
            }
            _ => {}
        }
    }

    fn outcome(&self, why: Closed) -> Result<(), Failed> {
        let total = self.total.unwrap_or(self.acked + self.refused);
        if self.total.is_none() || self.acked + self.refused < total {
            // Nothing was sent yet: only the reason matters.
            return Err(match (self.acked, why) {
                (
                    0,
                    why @ (Closed::Unreachable { .. }
                    | Closed::NotChaty { .. }
                    | Closed::Refused { .. }),
                ) => Failed::Closed(why),
                (acked, why) => Failed::Unacked { why, acked },
            });
        }
        match self.refused {
            0 => Ok(()),
            refused => Err(Failed::Refused { refused, total }),
        }
    }
}
