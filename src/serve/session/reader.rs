//! A session's reading half: hears, carries out, and says when the member is gone. The only one
//! that tells the hub of a leave, and it does so exactly once.
//!
//! Here a member that says too much at once waits: what it has sent is not read on meanwhile, so
//! that it is its own connection that fills up, and nobody else's.

use super::ear::{Ear, Step};
use super::past::Ask;
use super::private::Word;
use super::read::{SCRATCH, read};
use crate::room::{Flood, Input, Pace, Post, Refusal, Sent};
use crate::serve::hub::{HubHandle, Request};
use crate::serve::live::Live;
use crate::serve::seat::Seat;
use crate::wire::Dialect;
use crate::wire::close::CloseReason;
use crate::wire::entry::SessionId;
use crate::wire::limits;
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::io::AsyncRead;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout_at};

#[derive(Debug)]
pub(super) struct Reader<R> {
    pub(super) session: SessionId,
    pub(super) dialect: Dialect,
    pub(super) read: R,
    pub(super) ear: Ear,
    pub(super) hub: HubHandle,
    pub(super) seat: Seat,
    pub(super) limits: Live,
    /// What it has said lately, and since when its clock runs.
    pub(super) flood: Flood,
    pub(super) since: Instant,
}

/// Bytes read at once of a member that may have to wait: what comes of them waits with it, which
/// is more than they are.
pub(in crate::serve) const READ_AHEAD: usize = limits::LINE;

/// The session is over, for this reason.
pub(super) struct Over(pub(super) CloseReason);

impl<R: AsyncRead + Unpin> Reader<R> {
    /// Reads until the session ends, from either side, and tells the hub. `first` is what came
    /// behind the name.
    pub(super) async fn run(&mut self, first: Vec<u8>) {
        let seat = self.seat.clone();
        let reason = {
            let mut listening = pin!(self.listen(first));
            // A fault ends this session, and its name is free again.
            let listening = poll_fn(|cx| {
                catch_unwind(AssertUnwindSafe(|| listening.as_mut().poll(cx)))
                    .unwrap_or(Poll::Ready(Over(CloseReason::Lost)))
            });
            tokio::select! {
                biased;
                () = seat.closed() => seat.why().0,
                Over(reason) = listening => reason,
            }
        };
        let leave = Request::Input(Input::Leave { session: self.session, reason });
        if Box::pin(self.hub.send(leave)).await.is_err() {
            self.seat.close(CloseReason::Shutdown, None);
        }
        // A hub that did not know the session any more has closed it already.
    }

    async fn listen(&mut self, first: Vec<u8>) -> Over {
        match self.listening(first).await {
            Ok(never) => match never {},
            Err(over) => over,
        }
    }

    async fn listening(&mut self, first: Vec<u8>) -> Result<std::convert::Infallible, Over> {
        for part in first.chunks(READ_AHEAD) {
            self.seat.traffic().received(part.len());
            let steps = self.ear.hear(part);
            Box::pin(self.carry_out(steps)).await?;
        }
        loop {
            let steps = self.hear().await?;
            // Boxed, so that a member that says nothing keeps no room for what it might say.
            Box::pin(self.carry_out(steps)).await?;
        }
    }

    /// The steps of the next read. A silent native peer is pinged, and given up in the end.
    async fn hear(&mut self) -> Result<Vec<Step>, Over> {
        if self.dialect != Dialect::Native {
            return self.next().await;
        }
        // Boxed, so that the others keep no room for a timer.
        Box::pin(async {
            let mut silent_since = Instant::now();
            let mut wake = silent_since + self.limits.now().ping;
            loop {
                if let Ok(heard) = timeout_at(wake, self.next()).await {
                    return heard;
                }
                // A process that was stopped, a machine that slept: nobody's silence.
                silent_since += wake.elapsed();
                wake = self.silence(silent_since).await?;
            }
        })
        .await
    }

    /// The steps of the next read, however long that takes.
    async fn next(&mut self) -> Result<Vec<Step>, Over> {
        let most = if self.limits.now().flood { READ_AHEAD } else { SCRATCH };
        let Self { read: reader, ear, seat, .. } = self;
        let heard = read(reader, most, |bytes| {
            seat.traffic().received(bytes.len());
            ear.hear(bytes)
        });
        match heard.await {
            Ok(Some(steps)) => Ok(steps),
            Ok(None) => Err(Over(CloseReason::Quit)),
            Err(_broken) => Err(Over(CloseReason::Lost)),
        }
    }

    async fn silence(&mut self, since: Instant) -> Result<Instant, Over> {
        let (ping, dead) = (self.limits.now().ping, self.limits.now().ping_dead);
        if since.elapsed() >= dead {
            return Err(Over(CloseReason::PingTimeout));
        }
        self.tell(Word::Ping).await?;
        let next = Instant::now() + ping.max(Duration::from_millis(1));
        Ok(next.min(since + dead))
    }

    pub(super) async fn carry_out(&mut self, steps: Vec<Step>) -> Result<(), Over> {
        let mut steps = VecDeque::from(steps);
        while let Some(step) = steps.pop_front() {
            // Who does not read the answers asks for no more of them.
            self.seat.room().await;
            if let Some(sent) = sent(&step) {
                self.pass(std::iter::once(sent)).await;
            }
            if let Step::Rename { to, then } = step {
                Box::pin(self.rename(&to)).await?;
                // They came before whatever was read later.
                for step in self.ear.resume(&then).into_iter().rev() {
                    steps.push_front(step);
                }
            } else {
                self.step(step).await?;
            }
        }
        Ok(())
    }

    async fn step(&mut self, step: Step) -> Result<(), Over> {
        let session = self.session;
        match step {
            Step::Say { room, posts } => {
                self.seat.traffic().said(posts.len());
                self.say(room, posts).await
            }
            Step::Whisper { to, text, id } => {
                self.send(Request::Input(Input::Whisper { session, to, text, id })).await
            }
            Step::Roster(room) => self.send(Request::Input(Input::Roster { session, room })).await,
            Step::Rooms(id) => self.send(Request::Input(Input::Rooms { session, id })).await,
            Step::GoTo { room, after, id, alone } => {
                self.send(Request::GoTo { session, room, after, id, alone }).await
            }
            Step::Part { room, id } => {
                self.send(Request::Input(Input::Part { session, room, id })).await
            }
            Step::Topic { room, topic, id } => {
                self.send(Request::Input(Input::Topic { session, room, topic, id })).await
            }
            Step::AskTopic => self.send(Request::AskTopic { session }).await,
            Step::Bots => self.send(Request::Bots { session }).await,
            Step::Why { room, seq } => self.send(Request::Why { session, room, seq }).await,
            Step::About(about) => self.send(Request::Input(Input::About { session, about })).await,
            Step::History { id, room, before, limit, search } => {
                let ask = Ask { id, room, before, limit: limit.min(limits::HISTORY), search };
                Box::pin(self.past(ask)).await
            }
            Step::Tell(lines) => self.tell(Word::Notice(lines)).await,
            Step::Refuse { re, refusal } => {
                self.send(Request::Refuse { session, re, refusal }).await
            }
            Step::Pong(id) => self.tell(Word::Pong(id)).await,
            Step::Quit => Err(Over(CloseReason::Quit)),
            Step::Unframed => Err(Over(CloseReason::LineTooLong)),
            // `carry_out` has taken it.
            Step::Rename { .. } => Ok(()),
        }
    }

    /// Waits until the first of these may pass, and gives how many may pass together with it. The
    /// limits may change meanwhile, so it looks at them each second.
    async fn pass(&mut self, sent: impl Iterator<Item = Sent> + Clone) -> usize {
        loop {
            let limits = self.limits.now();
            if !limits.flood {
                return usize::MAX;
            }
            let pace = Pace {
                burst: limits.flood_burst,
                messages: limits.flood_messages,
                bytes: limits.flood_bytes,
            };
            let (passed, wait) = self.flood.pass(pace, self.since.elapsed(), sent.clone());
            if wait.is_zero() || passed > 0 {
                return passed;
            }
            Box::pin(sleep(wait.min(Duration::from_secs(1)))).await;
        }
    }

    /// Says it, as many at once as may be.
    async fn say(&mut self, room: Option<RoomName>, mut posts: Vec<Post>) -> Result<(), Over> {
        while !posts.is_empty() {
            let sent = posts.iter().map(|post| Sent::message(post.text.len()));
            let passed = self.pass(sent).await.min(posts.len());
            let later = posts.split_off(passed);
            let posts = std::mem::replace(&mut posts, later);
            self.hub.gate().pass().await;
            let (session, room) = (self.session, room.clone());
            self.send(Request::Input(Input::Post { session, room, posts })).await?;
        }
        Ok(())
    }

    async fn rename(&mut self, to: &str) -> Result<(), Over> {
        let session = self.session;
        match Nick::parse(to.as_bytes()) {
            Err(error) => {
                let (re, refusal) = (Some("nick".into()), Refusal::Nick(error));
                self.send(Request::Refuse { session, re, refusal }).await
            }
            Ok(to) => {
                let (reply, settled) = oneshot::channel();
                self.send(Request::Rename { session, to: to.clone(), reply }).await?;
                if settled.await == Ok(true) {
                    self.ear.nick = to;
                }
                Ok(())
            }
        }
    }

    pub(super) fn tell(&mut self, word: Word) -> impl Future<Output = Result<(), Over>> + Send {
        self.send(Request::Tell { session: self.session, word })
    }

    pub(super) fn send(
        &mut self,
        request: Request,
    ) -> impl Future<Output = Result<(), Over>> + Send {
        if let Some((_, questions)) = request.questions() {
            self.seat.asks(questions);
        }
        let sent = self.hub.send(request);
        async { sent.await.map_err(|_hub_is_gone| Over(CloseReason::Shutdown)) }
    }
}

/// What a step counts for, before it is carried out. What is said is counted message by message.
fn sent(step: &Step) -> Option<Sent> {
    match step {
        Step::Whisper { text, .. } => Some(Sent::message(text.len())),
        Step::Topic { topic, .. } => {
            Some(Sent::message(topic.as_ref().map_or(0, |topic| topic.len())))
        }
        Step::Rename { .. } | Step::GoTo { .. } | Step::Part { .. } => Some(Sent::message(0)),
        Step::Roster(_)
        | Step::Rooms(_)
        | Step::AskTopic
        | Step::Bots
        | Step::Why { .. }
        | Step::About(_)
        | Step::History { .. }
        | Step::Tell(_)
        | Step::Refuse { .. }
        | Step::Pong(_) => Some(Sent::question()),
        Step::Say { .. } | Step::Quit | Step::Unframed => None,
    }
}
