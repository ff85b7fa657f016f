//! `chaty tail`: a room on standard output, one line each, until interrupted or to its end.

use super::Failed;
use super::clock::Clock;
use super::out::{self, Out};
use super::show::Show;
use super::signals::Signals;
use crate::client::{self, Closed, Event, Handle, Retry};
use crate::wire::entry::{Kind, Seq};
use crate::wire::native::{ClientEvent, Ping, ServerEvent};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use crate::wire::shown::Shown;
use std::io::{self, Write};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What to show.
#[derive(Debug, Clone)]
pub struct TailOptions {
    /// `HOST:PORT`.
    pub server: String,
    /// See [`default_nick`].
    pub nick: Nick,
    /// Which one; the lobby, if not said.
    pub room: Option<RoomName>,
    /// The server's events as they are, one JSON object a line.
    pub json: bool,
    /// Begin with what came after this entry; with `None`, with what is said from now on.
    pub after: Option<Seq>,
    /// Go on with what is said after that.
    pub follow: bool,
}

/// The question whose answer comes behind all that has been said.
const END: &str = "end";

/// The name without one of its own: `tail-PID`.
///
/// # Panics
///
/// Never: that is a name.
pub fn default_nick() -> Nick {
    let name = format!("tail-{}", std::process::id());
    Nick::parse(name.as_bytes()).expect("a word and a number are a name")
}

/// Shows the room until interrupted or until nobody reads standard output any more (both are
/// `Ok`). Reconnects and goes on where it was; what it has to say itself goes to standard error.
pub async fn run(options: TailOptions) -> Result<(), Failed> {
    let TailOptions { server, nick, room, json, after, follow } = options;
    let mut signals = Signals::new().map_err(Failed::Input)?;
    let show = (!json).then(|| Show::new(nick.to_string(), Clock::local(), Clock::now()));
    let tracker = TaskTracker::new();
    let cancel = CancellationToken::new();
    let retry = Retry::AfterFirst;
    let rooms = room.into_iter().collect();
    let options = client::Options { server, nick, kind: Kind::Script, rooms, after, retry };
    let (handle, events) = client::connect(options, &tracker, cancel.clone());
    let outcome = tokio::select! {
        outcome = print(events, show, (!follow).then(|| handle.clone())) => outcome,
        () = signals.leave() => Ok(()),
    };
    drop(handle);
    cancel.cancel();
    tracker.close();
    // Says goodbye, within the client's own deadline; a second signal does not wait for it.
    tokio::select! {
        () = tracker.wait() => {}
        () = signals.leave() => {}
    }
    out::ended_quietly(outcome)
}

/// Prints until the connection is closed, or until what had been said by then if there is somebody
/// to ask for the end.
async fn print(
    mut events: mpsc::Receiver<Event>,
    mut show: Option<Show>,
    asks: Option<Handle>,
) -> Result<(), Failed> {
    let mut out = Out::default();
    while let Some(event) = events.recv().await {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            match event {
                Event::Closed { why: Closed::Quit } => break,
                Event::Closed { why } => {
                    out.flush().await.map_err(Failed::Output)?;
                    return Err(Failed::Closed(why));
                }
                Event::Offline { why, retry_in } => {
                    let secs = retry_in.as_secs_f32();
                    // Where standard error is gone the lines still tell.
                    let why = Shown::new(&why);
                    writeln!(io::stderr(), "{why}; trying again in {secs:.1} s").ok();
                }
                Event::Online { welcome, .. } => {
                    if show.is_none() {
                        out.event(&ServerEvent::Welcome(welcome));
                    }
                    if let Some(handle) = &asks {
                        let end = ClientEvent::Ping(Ping { id: Some(END.into()) });
                        // A connection that is lost is asked again when it is back.
                        handle.send(end).await.ok();
                    }
                }
                Event::Server(ServerEvent::Pong(pong)) if pong.id.as_deref() == Some(END) => {
                    return out.flush().await.map_err(Failed::Output);
                }
                Event::Server(event) => match &mut show {
                    None => out.event(&event),
                    Some(show) => {
                        show.event(&event).iter().for_each(|line| out.line(&line.plain()));
                    }
                },
            }
            // What has come meanwhile goes out in the same write.
            next = events.try_recv().ok();
        }
        out.flush().await.map_err(Failed::Output)?;
    }
    Ok(())
}
