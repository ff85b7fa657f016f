//! The conversation of `join`: brings the client, the user's input and the screen together. What
//! is said and shown is decided by the session, how by the screen.

use super::Failed;
use super::clock::Clock;
use super::session::{Do, Outcome, Session};
use super::signals::Signals;
use super::style::Line;
use crate::client::{Closed, Event, Gone, Handle};
use crate::wire::entry::MessageId;
use std::io;
use std::pin::Pin;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// What comes from the user.
#[derive(Debug)]
pub(super) enum Input {
    /// A line as it was typed: a text or a command.
    Line(String),
    /// One of several lines: a text, whatever it begins with.
    Text(String),
    /// The end of the input, or a key that leaves.
    End,
    Failed(io::Error),
}

/// When the input's end ends the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// At once: a person leaves. Lines the server has no room for are given back to them.
    Person,
    /// When everything is answered: a script relies on it, and its lines wait.
    Pipe,
}

/// Where lines are shown.
pub(super) trait Screen {
    /// Shows lines, in order, each on a line of its own.
    fn show(
        &mut self,
        session: &Session,
        lines: &[Line],
    ) -> impl Future<Output = Result<(), Failed>>;
}

/// A conversation from its first event to its last.
pub(super) struct Chat<'a, S> {
    pub(super) handle: Handle,
    pub(super) events: mpsc::Receiver<Event>,
    pub(super) input: mpsc::Receiver<Input>,
    pub(super) session: Session,
    pub(super) screen: &'a mut S,
    pub(super) patience: Patience,
    pub(super) cancel: CancellationToken,
}

/// A message on its way to the client.
struct Sending {
    act: Do,
    taken: Pin<Box<dyn Future<Output = Result<MessageId, Gone>> + Send>>,
}

impl<S: Screen> Chat<'_, S> {
    /// Goes on until the user leaves or the server ends it; `first` has come already.
    pub(super) async fn run(mut self, first: Event, signals: &mut Signals) -> Result<(), Failed> {
        let mut has_ended = false;
        let mut is_leaving = false;
        // What the client has not taken yet; the input waits for it.
        let mut sending: Option<Sending> = None;
        let outcome = self.session.event(first);
        self.carry_out(outcome, &mut sending, &mut has_ended).await?;
        loop {
            let is_done = self.session.unacked() == 0 && sending.is_none();
            if has_ended && !is_leaving && (is_done || self.patience == Patience::Person) {
                is_leaving = true;
                self.handle.quit().await;
            }
            let is_busy = sending.is_some();
            let outcome = tokio::select! {
                event = self.events.recv() => match event {
                    Some(Event::Closed { why }) => return self.closed(why).await,
                    None => return Ok(()),
                    Some(event) => self.session.event(event),
                },
                taken = taken(&mut sending) => match taken {
                    (act, Ok(id)) => self.session.took(id, act, Clock::now()).into(),
                    // The end of the client is on its way as an event.
                    (_, Err(Gone)) => continue,
                },
                input = self.input.recv(), if !is_busy && !has_ended => match input {
                    Some(Input::Line(line)) => self.session.typed(&line),
                    Some(Input::Text(text)) => self.session.say(&text, false),
                    Some(Input::Failed(error)) => return Err(Failed::Input(error)),
                    Some(Input::End) | None => {
                        has_ended = true;
                        continue;
                    }
                },
                () = signals.leave() => {
                    if is_leaving {
                        // Told twice: at once.
                        self.cancel.cancel();
                        return Ok(());
                    }
                    is_leaving = true;
                    self.handle.quit().await;
                    continue;
                }
            };
            self.carry_out(outcome, &mut sending, &mut has_ended).await?;
        }
    }

    async fn carry_out(
        &mut self,
        outcome: Outcome,
        sending: &mut Option<Sending>,
        has_ended: &mut bool,
    ) -> Result<(), Failed> {
        self.screen.show(&self.session, &outcome.lines).await?;
        match outcome.act {
            Some(Do::Quit) => *has_ended = true,
            Some(act) => self.act(act, sending).await?,
            None => {}
        }
        Ok(())
    }

    async fn act(&mut self, act: Do, sending: &mut Option<Sending>) -> Result<(), Failed> {
        let handle = self.handle.clone();
        let is_message = matches!(act, Do::Say(_) | Do::Whisper { .. });
        if is_message && self.patience == Patience::Person && handle.is_full() {
            let full =
                "too many lines wait for the server; this one is not taken, Up brings it back";
            return self.screen.show(&self.session, &[Line::alert(full)]).await;
        }
        *sending = match act.clone() {
            Do::Say(say) => {
                Some(Sending { act, taken: Box::pin(async move { handle.say(say).await }) })
            }
            Do::Whisper { to, text } => Some(Sending {
                act,
                taken: Box::pin(async move { handle.whisper(&to, &text).await }),
            }),
            Do::Send(event) => {
                // If the client has ended, its last event says so.
                handle.send(event).await.ok();
                None
            }
            Do::Retry => {
                handle.retry().await;
                None
            }
            Do::Quit => None,
        };
        Ok(())
    }

    async fn closed(self, why: Closed) -> Result<(), Failed> {
        let unsent = self.session.unacked();
        if unsent > 0 {
            let line = format!("the last {unsent} of your lines may not have arrived");
            self.screen.show(&self.session, &[Line::alert(line)]).await?;
        }
        if why.is_failure() { Err(Failed::Closed(why)) } else { Ok(()) }
    }
}

/// Waits until the client has taken what is being sent; for ever, if nothing is.
async fn taken(sending: &mut Option<Sending>) -> (Do, Result<MessageId, Gone>) {
    let Some(Sending { act, taken }) = sending else {
        return std::future::pending().await;
    };
    let (taken, act) = (taken.await, act.clone());
    *sending = None;
    (act, taken)
}
