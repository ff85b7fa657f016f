//! The task that owns a client's state: connects, speaks, waits and connects again.

use super::backoff::Backoff;
use super::closed::Closed;
use super::dial::Dial;
use super::link::{self, Link};
use super::outbox::Outbox;
use super::place::Place;
use super::talk::Talk;
use super::{Event, Options};
use crate::wire::entry::MessageId;
use crate::wire::native::{Ack, Chat, ClientEvent, Hello, Refused, ServerEvent, VERSION, Welcome};
use crate::wire::nick::Nick;
use crate::wire::text::{Text, TextError};
use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// The id of the client's own pings, whose answers are not shown.
pub(super) const OWN_PING: &str = "keepalive";

/// Own names of the time before a connection that are told apart from others'.
const RENAMES: usize = 64;

/// What a handle asks of the task.
#[derive(Debug)]
pub(super) enum Request {
    /// To be kept until it is answered.
    Keep {
        id: MessageId,
        event: ClientEvent,
        permit: OwnedSemaphorePermit,
    },
    /// To be sent if there is a connection.
    Send(ClientEvent),
    /// Not to wait for the next attempt any more.
    Retry,
    Quit,
}

/// One client.
#[derive(Debug)]
pub(super) struct Task<D> {
    dial: D,
    options: Options,
    /// The name it has now: a rename outlives a connection.
    nick: Nick,
    /// The client's secret: whoever shows it owns the name and the messages.
    token: String,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) events: mpsc::Sender<Event>,
    room: Arc<Semaphore>,
    pub(super) cancel: CancellationToken,
    pub(super) outbox: Outbox<OwnedSemaphorePermit>,
    place: Place,
    /// Entries that are known to be this client's own by their acks, and that a resume has still
    /// to show: told already. At most one for each message that waited.
    told_by_ack: BTreeSet<(String, u64)>,
    /// Names that a resume shows this client to have had: it may have lost the connection before it
    /// was told.
    replayed: BTreeSet<String>,
    admitted: bool,
    /// Ends the wait for the next attempt.
    retry: Arc<Notify>,
    /// What the user is to be told before anything else from the server. Bounded: a refusal
    /// holds its message's permit, and no attempt to connect begins before all is told.
    pub(super) told: VecDeque<(Event, Option<OwnedSemaphorePermit>)>,
}

/// The client was told to leave.
struct Left;

impl<D: Dial> Task<D> {
    pub(super) fn new(
        dial: D,
        options: Options,
        requests: mpsc::Receiver<Request>,
        events: mpsc::Sender<Event>,
        room: Arc<Semaphore>,
        cancel: CancellationToken,
    ) -> Self {
        Self {
            dial,
            nick: options.nick.clone(),
            // 128 bits: nobody guesses it.
            token: format!("{:032x}", rand::random::<u128>()),
            requests,
            events,
            room,
            cancel,
            outbox: Outbox::new(),
            place: Place::new(&options.rooms, options.after),
            told_by_ack: BTreeSet::new(),
            replayed: BTreeSet::new(),
            admitted: false,
            retry: Arc::default(),
            told: VecDeque::new(),
            options,
        }
    }

    /// Lives until the client closes, and tells why.
    pub(super) async fn run(mut self) {
        let why = self.live().await;
        self.room.close();
        self.requests.close();
        self.told.push_back((Event::Closed { why }, None));
        for (event, _) in self.told.drain(..) {
            tokio::select! {
                // The last word is worth waiting for, unless everything is to end now.
                biased;
                permit = self.events.reserve() => match permit {
                    Ok(permit) => permit.send(event),
                    Err(_closed) => return,
                },
                // The queue is full and the end has come: nobody is listening any more.
                () = self.cancel.cancelled() => return,
            }
        }
    }

    async fn live(&mut self) -> Closed {
        let mut backoff = Backoff::default();
        loop {
            let (closed, lived) = match self.connect().await {
                Ok((link, welcome)) => {
                    let since = Instant::now();
                    (self.online(link, welcome).await, since.elapsed())
                }
                Err(closed) => (closed, Duration::ZERO),
            };
            if !closed.is_worth_a_retry(self.options.retry, self.admitted) {
                return closed;
            }
            let retry_in = backoff.next(lived, rand::random());
            if self.offline(closed.to_string(), retry_in).await.is_err() {
                return Closed::Quit;
            }
        }
    }

    async fn connect(&mut self) -> Result<(Link<D::Stream>, Welcome<'static>), Closed> {
        let hello = Hello {
            v: VERSION,
            nick: self.nick.to_string(),
            kind: self.options.kind,
            client: Some(concat!("chaty ", env!("CARGO_PKG_VERSION")).into()),
            token: Some(self.token.clone()),
            room: self.place.first(),
            resume: self.place.resume(),
        };
        let attempt = link::establish(self.dial.clone(), self.options.server.clone(), hello);
        self.meanwhile(attempt).await.unwrap_or(Err(Closed::Quit))
    }

    /// Says that the connection is lost and waits.
    async fn offline(&mut self, why: String, retry_in: Duration) -> Result<(), Left> {
        for id in self.outbox.lost() {
            self.told.push_back((Event::Server(unconfirmed(&id)), None));
        }
        self.told.push_back((Event::Offline { why, retry_in }, None));
        let retry = self.retry.clone();
        let wait = async { drop(timeout(retry_in, retry.notified()).await) };
        self.meanwhile(wait).await
    }

    /// Waits for something else than the handle's user, who is served meanwhile: messages are
    /// kept, what only makes sense online is lost, and leaving ends the wait. Everything is told
    /// when it returns.
    async fn meanwhile<F: Future>(&mut self, future: F) -> Result<F::Output, Left> {
        tokio::pin!(future);
        let mut output = None;
        loop {
            if let Some(output) = output.take_if(|_| self.told.is_empty()) {
                return Ok(output);
            }
            tokio::select! {
                biased; // Leaving comes before a connection that happens to succeed.
                () = self.cancel.cancelled() => return Err(Left),
                () = self.events.closed() => return Err(Left),
                request = self.requests.recv() => match request {
                    Some(Request::Keep { id, event, permit }) => self.keep(id, event, permit),
                    Some(Request::Send(event)) => tracing::debug!(?event, "lost: no connection"),
                    Some(Request::Retry) => self.retry.notify_waiters(),
                    Some(Request::Quit) | None => return Err(Left),
                },
                Ok(permit) = self.events.clone().reserve_owned(), if !self.told.is_empty() => {
                    if let Some((event, _)) = self.told.pop_front() {
                        permit.send(event);
                    }
                }
                done = &mut future, if output.is_none() => output = Some(done),
            }
        }
    }

    /// Takes a message into the outbox, or refuses it here as the server would: a text that JSON
    /// blows up beyond the server's line would end the connection.
    pub(super) fn keep(
        &mut self,
        id: MessageId,
        mut event: ClientEvent,
        permit: OwnedSemaphorePermit,
    ) {
        let text = match &mut event {
            ClientEvent::Say(say) => &mut say.text,
            ClientEvent::Whisper(whisper) => &mut whisper.text,
            _ => return,
        };
        match Text::clean(text.as_bytes()) {
            Ok(clean) => {
                *text = clean.to_string();
                self.outbox.push(id, event, permit);
            }
            Err(error) => {
                let code = match error {
                    TextError::Empty => "empty",
                    TextError::TooLong(_) => "too_long",
                };
                let refused = Event::Server(refused(&id, code, error.to_string()));
                self.told.push_back((refused, Some(permit)));
            }
        }
    }

    /// Speaks until the connection ends.
    async fn online(&mut self, link: Link<D::Stream>, welcome: Welcome<'static>) -> Closed {
        self.place.welcome(&welcome);
        self.told_by_ack.clear();
        self.replayed.clear();
        self.nick = Nick::parse(welcome.nick.as_bytes()).unwrap_or_else(|_odd| self.nick.clone());
        let first = !std::mem::replace(&mut self.admitted, true);
        self.told.push_back((Event::Online { nick: self.nick.clone(), welcome, first }, None));
        let mut talk = Talk::new();
        for join in self.place.others() {
            talk.put(&ClientEvent::Join(join));
        }
        talk.run(self, link).await
    }

    /// What a server's event means to this client: what its user is told, if anything.
    pub(super) fn receive(&mut self, event: ServerEvent<'static>) -> Option<ServerEvent<'static>> {
        use ServerEvent as E;
        let is_shown = match &event {
            E::Chat(chat) => self.is_new_chat(chat),
            E::Join(e) | E::Leave(e) => self.place.see(&e.room, e.seq),
            E::Crowd(e) => self.place.see(&e.room, e.seq),
            E::Topic(e) => self.place.see(&e.room, e.seq),
            E::Entered(e) => {
                self.place.entered(&e.state);
                true
            }
            E::Parted(e) => {
                self.place.parted(&e.room);
                true
            }
            E::Rename(e) => {
                // A replayed one is of an earlier connection: this one's name is the welcome's.
                let is_live = !self.place.is_replay(&e.room, e.seq);
                let is_new = self.place.see(&e.room, e.seq);
                let is_own = *e.from == *self.nick.as_str();
                if is_new && is_live && is_own {
                    self.renamed(&e.to);
                } else if is_new
                    && !is_live
                    && (is_own || self.replayed.contains(&*e.from))
                    && self.replayed.len() < RENAMES
                {
                    self.replayed.insert(e.to.to_string());
                }
                is_new
            }
            E::Ack(ack) => self.is_awaited(ack),
            E::Refused(refused) => {
                if let Some(re) = refused.re.as_deref() {
                    self.outbox.done(re);
                }
                true
            }
            E::Gap(gap) => {
                self.place.gap(gap);
                true
            }
            E::Pong(pong) => pong.id.as_deref() != Some(OWN_PING),
            E::Welcome(_) => false,
            _ => true,
        };
        is_shown.then_some(event)
    }

    /// Own messages are told by their acks, whichever comes first.
    fn is_new_chat(&mut self, chat: &Chat<'_>) -> bool {
        let is_replay = self.place.is_replay(&chat.room, chat.seq);
        let is_told = self.told_by_ack.remove(&(chat.room.to_string(), chat.seq));
        let is_own = is_replay
            && (*chat.from == *self.nick.as_str() || self.replayed.contains(&*chat.from))
            && self.outbox.is_replayed(&chat.text, chat.emote);
        self.place.see(&chat.room, chat.seq) && !is_told && !is_own
    }

    fn is_awaited(&mut self, ack: &Ack<'_>) -> bool {
        let is_awaited = ack.id.as_ref().is_none_or(|id| self.outbox.done(id));
        if let (Some(room), Some(seq), true) = (&ack.room, ack.seq, is_awaited) {
            if !ack.duplicate {
                self.place.see(room, seq);
            } else if ack.id.is_some() && self.place.is_ahead(room, seq) {
                // Its place lies behind entries that are still to come.
                self.told_by_ack.insert((room.to_string(), seq));
            }
        }
        is_awaited
    }

    fn renamed(&mut self, to: &str) {
        if let Ok(nick) = Nick::parse(to.as_bytes()) {
            self.nick = nick;
        }
    }
}

fn refused(id: &str, code: &'static str, text: String) -> ServerEvent<'static> {
    let re = Some(id.to_owned().into());
    ServerEvent::Refused(Refused { re, code: code.into(), text: text.into() })
}

fn unconfirmed(id: &str) -> ServerEvent<'static> {
    let text = "the connection was lost: that whisper may not have arrived";
    refused(id, "unconfirmed", text.into())
}
