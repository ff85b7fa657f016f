//! One connection's conversation, from the welcome to its end: what is written, what is read, and
//! when silence is too long. Changes nothing of the client's state but through its task.

use super::Event;
use super::closed::Closed;
use super::dial::Dial;
use super::link::{self, Link};
use super::task::{OWN_PING, Request, Task};
use crate::wire::limits;
use crate::wire::native::{self, ClientEvent, Ping, Quit, ServerEvent};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// A server that has been silent for so long is pinged, as it pings a silent client …
const PING: Duration = Duration::from_secs(30);
/// … and after so long without a byte the connection counts as lost: three pings' time, and the
/// server's own figure.
const DEAD: Duration = Duration::from_secs(90);
/// How long a goodbye waits for the server to hear it, and a broken connection for its last word.
const GOODBYE: Duration = Duration::from_secs(2);
/// Bytes waiting to be written above which no request is taken: the handle's user waits instead.
const HIGH_WATER: usize = 64 * 1024;

/// The state of the conversation.
#[derive(Debug)]
pub(super) struct Talk {
    /// Encoded and not yet written.
    out: Vec<u8>,
    /// When the last byte came.
    heard: Instant,
    pinged: bool,
    ending: Option<Ending>,
}

/// Nothing is asked for any more; only the server's last words are waited for.
#[derive(Debug)]
struct Ending {
    until: Instant,
    closed: Closed,
}

impl Talk {
    pub(super) fn new() -> Self {
        Self { out: Vec::new(), heard: Instant::now(), pinged: false, ending: None }
    }

    /// Puts what is said before everything else.
    pub(super) fn put(&mut self, event: &ClientEvent) {
        native::put(event, &mut self.out);
    }

    /// Speaks until the connection ends.
    pub(super) async fn run<D: Dial>(
        mut self,
        task: &mut Task<D>,
        link: Link<D::Stream>,
    ) -> Closed {
        let Link { mut reader, mut writer } = link;
        loop {
            let on = self.ending.is_none();
            if on {
                task.outbox.unsent(|event| native::put(event, &mut self.out));
            }
            let untold = !task.told.is_empty() || !reader.events.is_empty();
            tokio::select! {
                () = task.cancel.cancelled(), if on => self.leave(),
                () = task.events.closed(), if on => self.leave(),
                request = task.requests.recv(), if on && self.out.len() < HIGH_WATER => {
                    self.request(task, request);
                }
                written = writer.write(&self.out), if !self.out.is_empty() => match written {
                    Ok(n) => drop(self.out.drain(..n)),
                    Err(error) => {
                        // The server's reason may still be there to be read.
                        self.out.clear();
                        self.end(Closed::Lost { why: link::reason(&error) });
                    }
                },
                () = sleep_until(self.timer()) => {
                    if let Some(closed) = self.timed_out(untold) {
                        return closed;
                    }
                }
                permit = task.events.clone().reserve_owned(), if untold => {
                    if let Some(closed) = self.tell(task, &mut reader.events, permit.ok()) {
                        return self.ended(closed);
                    }
                }
                // Nothing is read while events wait for the user: the server feels it.
                read = reader.read(), if !untold => match read {
                    Ok(()) => {
                        self.heard = Instant::now();
                        self.pinged = false;
                    }
                    Err(error) => {
                        return self.ended(Closed::Lost { why: link::reason(&error) });
                    }
                },
            }
        }
    }

    fn leave(&mut self) {
        native::put(&ClientEvent::Quit(Quit {}), &mut self.out);
        self.end(Closed::Quit);
    }

    fn end(&mut self, closed: Closed) {
        // Who is leaving has left, whatever breaks meanwhile.
        let until = Instant::now() + GOODBYE;
        self.ending.get_or_insert(Ending { until, closed });
    }

    /// How it ended, given what was seen last: a reason from the server says more than a broken
    /// pipe, and nothing says more than that the client wanted to go.
    fn ended(self, seen: Closed) -> Closed {
        match (self.ending, seen) {
            (Some(Ending { closed: Closed::Quit, .. }), _) => Closed::Quit,
            (Some(Ending { closed, .. }), Closed::Lost { .. }) => closed,
            (_, seen) => seen,
        }
    }

    fn request<D: Dial>(&mut self, task: &mut Task<D>, request: Option<Request>) {
        match request {
            Some(Request::Keep { id, event, permit }) => task.keep(id, event, permit),
            Some(Request::Send(event)) => native::put(&event, &mut self.out),
            Some(Request::Retry) => {}
            Some(Request::Quit) | None => {
                task.outbox.unsent(|event| native::put(event, &mut self.out));
                self.leave();
            }
        }
    }

    fn timer(&self) -> Instant {
        let silence = if self.pinged { DEAD } else { PING };
        self.ending.as_ref().map_or(self.heard + silence, |ending| ending.until)
    }

    fn timed_out(&mut self, untold: bool) -> Option<Closed> {
        if let Some(ending) = &self.ending {
            return Some(ending.closed.clone());
        }
        if untold {
            // The silence is this side's own: it does not read.
            self.heard = Instant::now();
        } else if self.pinged {
            let why = format!("the server was silent for {} seconds", DEAD.as_secs());
            return Some(Closed::Lost { why });
        } else {
            self.pinged = true;
            self.put_small(&ClientEvent::Ping(Ping { id: Some(OWN_PING.into()) }));
        }
        None
    }

    /// Tells the user as much as the queue takes; without a permit nobody listens. Returns the
    /// end of the connection if the server has said it.
    fn tell<D: Dial>(
        &mut self,
        task: &mut Task<D>,
        events: &mut VecDeque<ServerEvent<'static>>,
        permit: Option<mpsc::OwnedPermit<Event>>,
    ) -> Option<Closed> {
        let Some(mut permit) = permit else {
            task.told.clear();
            events.clear();
            return None;
        };
        loop {
            let event = match task.told.pop_front() {
                Some((event, _)) => event,
                None => match self.next(task, events) {
                    Next::Event(event) => Event::Server(event),
                    Next::End(closed) => return Some(closed),
                    Next::Nothing => return None,
                },
            };
            permit = permit.send(event).try_reserve_owned().ok()?;
        }
    }

    /// The next event that is for the user; pings are answered on the way.
    fn next<D: Dial>(
        &mut self,
        task: &mut Task<D>,
        events: &mut VecDeque<ServerEvent<'static>>,
    ) -> Next {
        while let Some(event) = events.pop_front() {
            match event {
                ServerEvent::Ping(ping) => self.put_small(&ClientEvent::Pong(ping)),
                ServerEvent::Bye(bye) => return Next::End(link::said_bye(bye)),
                event => {
                    if let Some(event) = task.receive(event) {
                        return Next::Event(event);
                    }
                }
            }
        }
        Next::Nothing
    }

    /// Puts what nobody waits for; left out while much waits to be written.
    fn put_small(&mut self, event: &ClientEvent) {
        if self.ending.is_none() && self.out.len() < HIGH_WATER + limits::UNFRAMED {
            native::put(event, &mut self.out);
        }
    }
}

/// What the server's events hold next.
enum Next {
    Event(ServerEvent<'static>),
    End(Closed),
    Nothing,
}
