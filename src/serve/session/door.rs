//! The handshake: finds out who speaks which dialect, asks the hub to let them in, and says why
//! not. Everything here has a deadline that bytes do not renew, and a bound on bytes both ways.

use super::foreign::is_foreign;
use super::private::{greeting_lines, native_gap, state};
use super::read::{linger, read};
use super::{Shared, first_line_end};
use crate::room::{Join, Refusal};
use crate::serve::hub::{Enter, Place, Request, ResumeAt};
use crate::serve::live::Live;
use crate::serve::seat::Seat;
use crate::wire::close::CloseReason;
use crate::wire::entry::{Kind, Seq, SessionId};
use crate::wire::native::{self, Bye, ClientEvent, Decoded, Hello, Refused, ServerEvent};
use crate::wire::native::{Limits as NativeLimits, Welcome};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use crate::wire::text::scrub;
use crate::wire::{Dialect, NICK, NICK_INVALID, NICK_OK, WELCOME, limits, line};
use memchr::memchr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};

/// A first answer without a newline is taken as the ancestor's after this long.
const RAW_AFTER: Duration = Duration::from_millis(250);
/// Bytes sent to somebody who is not in yet: enough for a dozen refused names.
const BYTES_OUT: usize = 1024;
/// Bytes of a client's token.
const TOKEN: usize = 128;

pub(super) struct Door<'a, R, W> {
    shared: &'a Shared,
    session: SessionId,
    addr: SocketAddr,
    read: R,
    write: W,
    seat: Seat,
    limits: Live,
    /// What came and is not an answer yet.
    buffer: Vec<u8>,
    dialect: Option<Dialect>,
    bytes_out: usize,
    /// When the connection began.
    since: Instant,
    /// When the answer that is being given began.
    answering: Option<Instant>,
}

/// Somebody who is in.
pub(super) struct Entered<R, W> {
    pub(super) dialect: Dialect,
    pub(super) nick: Nick,
    pub(super) kind: Kind,
    pub(super) client: Option<String>,
    /// What stands for the client's secret.
    pub(super) owner: Option<Arc<str>>,
    pub(super) place: Place,
    /// The first messages to send.
    pub(super) greeting: Vec<Vec<u8>>,
    /// Bytes that came behind the name.
    pub(super) rest: Vec<u8>,
    pub(super) read: R,
    pub(super) write: W,
}

/// What a first answer asks for.
struct Wish {
    nick: Nick,
    kind: Kind,
    client: Option<String>,
    token: Option<String>,
    room: RoomName,
    resume: Option<ResumeAt>,
}

impl<'a, R, W> Door<'a, R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    pub(super) fn new(
        shared: &'a Shared,
        session: SessionId,
        addr: SocketAddr,
        read: R,
        write: W,
        seat: Seat,
    ) -> Self {
        Self {
            shared,
            session,
            addr,
            read,
            write,
            seat,
            limits: shared.limits.clone(),
            buffer: Vec::new(),
            dialect: None,
            bytes_out: 0,
            since: Instant::now(),
            answering: None,
        }
    }

    /// Asks for a name until one is let in. Whoever has said nothing is taken to read lines.
    pub(super) async fn enter(mut self) -> Result<Entered<R, W>, CloseReason> {
        self.send(NICK.as_bytes()).await?;
        loop {
            let first = self.dialect.is_none();
            let (dialect, answer) = match self.answer().await {
                Err(reason @ CloseReason::MadeWay) => {
                    let dialect = self.dialect.unwrap_or(Dialect::Line);
                    let ended = if first { first_line_end(dialect) } else { b"" };
                    return Err(self.end(dialect, ended, reason, None).await);
                }
                answer => answer?,
            };
            let ended = if first { first_line_end(dialect) } else { b"" };
            let wish = match wish(dialect, &answer) {
                Ok(wish) => wish,
                Err(Unfit::Refused(refusal)) => {
                    self.shared.counters.refused(refusal.code());
                    self.refuse(dialect, ended, &refusal).await?;
                    continue;
                }
                Err(Unfit::Version) => {
                    return Err(self.end(dialect, ended, CloseReason::Version, None).await);
                }
            };
            let (nick, kind, client) = (wish.nick.clone(), wish.kind, wish.client.clone());
            let owner = wish.token.as_deref().map(|token| self.shared.hub.owner(token));
            match self.ask(dialect, wish, owner.clone()).await? {
                Ok(place) => {
                    let greeting = self.greeting(dialect, &nick, &place, ended);
                    let Self { read, write, buffer: rest, .. } = self;
                    return Ok(Entered {
                        dialect,
                        nick,
                        kind,
                        client,
                        owner,
                        place,
                        greeting,
                        rest,
                        read,
                        write,
                    });
                }
                Err(Refusal::Banned(reason)) => {
                    return Err(self.end(dialect, ended, CloseReason::Banned, reason).await);
                }
                Err(refusal) => self.refuse(dialect, ended, &refusal).await?,
            }
        }
    }

    /// The next answer, without its line ending, and the dialect it shows.
    async fn answer(&mut self) -> Result<(Dialect, Vec<u8>), CloseReason> {
        loop {
            if let Some(answer) = self.complete()? {
                self.answering = (!self.buffer.is_empty()).then(Instant::now);
                return Ok(answer);
            }
            let raw_at = match (self.dialect, self.buffer.first(), self.answering) {
                (None, Some(first), Some(since)) if *first != b'{' => Some(since + RAW_AFTER),
                _ => None,
            };
            let deadline = self.deadline();
            let until = raw_at.map_or(deadline, |raw_at| raw_at.min(deadline));
            let Self { read: reader, buffer, shared, seat, .. } = self;
            let reading = read(reader, limits::LINE, |bytes| buffer.extend_from_slice(bytes));
            let got = tokio::select! {
                biased;
                got = timeout_at(until, reading) => got,
                () = seat.closed() => return Err(seat.why().0),
                () = shared.hub.gone() => return Err(CloseReason::Shutdown),
            };
            match got {
                Ok(Ok(Some(()))) => {
                    self.answering.get_or_insert_with(Instant::now);
                }
                Ok(Ok(None)) => return Err(CloseReason::Quit),
                Ok(Err(_broken)) => return Err(CloseReason::Lost),
                Err(_late) if raw_at.is_some_and(|raw_at| raw_at < deadline) => {
                    self.dialect = Some(Dialect::Raw);
                }
                Err(_late) => return Err(CloseReason::HandshakeTimeout),
            }
        }
    }

    /// From an answer's first byte it has to be finished in time; silence may last longer.
    fn deadline(&mut self) -> Instant {
        let limits = self.limits.now();
        let whole = self.since + limits.handshake_idle;
        self.answering.map_or(whole, |since| whole.min(since + limits.handshake))
    }

    /// Takes an answer out of the buffer, if there is a whole one.
    fn complete(&mut self) -> Result<Option<(Dialect, Vec<u8>)>, CloseReason> {
        if self.buffer.is_empty() {
            return Ok(None);
        }
        if self.dialect.is_none() && is_foreign(&self.buffer) {
            return Err(CloseReason::NotChat);
        }
        if self.dialect == Some(Dialect::Raw) {
            if self.buffer.len() > limits::HANDSHAKE {
                return Err(CloseReason::HandshakeTooLong);
            }
            return Ok(Some((Dialect::Raw, std::mem::take(&mut self.buffer))));
        }
        let end = memchr(b'\n', &self.buffer);
        if end.unwrap_or(self.buffer.len()) > limits::HANDSHAKE {
            return Err(CloseReason::HandshakeTooLong);
        }
        let Some(end) = end else { return Ok(None) };
        let rest = self.buffer.split_off(end + 1);
        let mut answer = std::mem::replace(&mut self.buffer, rest);
        answer.truncate(end);
        if answer.last() == Some(&b'\r') {
            answer.pop();
        }
        let shown = if answer.first() == Some(&b'{') { Dialect::Native } else { Dialect::Line };
        let dialect = *self.dialect.get_or_insert(shown);
        Ok(Some((dialect, answer)))
    }

    async fn ask(
        &mut self,
        dialect: Dialect,
        wish: Wish,
        token: Option<Arc<str>>,
    ) -> Result<Result<Place, Refusal>, CloseReason> {
        let Wish { nick, kind, room, resume, .. } = wish;
        let (reply, admitted) = oneshot::channel();
        let (session, addr, seat) = (self.session, self.addr, self.seat.clone());
        let join = Join { session, nick, kind, addr: addr.ip(), token, room };
        let enter = Enter { join, dialect, addr, resume, seat, reply };
        let gone = |_hub_is_gone| CloseReason::Shutdown;
        self.shared.hub.send(Request::Enter(enter)).await.map_err(gone)?;
        admitted.await.map_err(|_hub_is_gone| CloseReason::Shutdown)
    }

    fn greeting(
        &mut self,
        dialect: Dialect,
        nick: &Nick,
        place: &Place,
        ended: &[u8],
    ) -> Vec<Vec<u8>> {
        let mut out = ended.to_vec();
        match dialect {
            Dialect::Raw => return vec![NICK_OK.into(), WELCOME.into()],
            Dialect::Line => {
                out.extend_from_slice(format!("{NICK_OK}\n{WELCOME}\n").as_bytes());
                for line in greeting_lines(place) {
                    out.extend_from_slice(line.as_bytes());
                    out.push(b'\n');
                }
            }
            Dialect::Native => self.welcome(nick, place, &mut out),
        }
        vec![out]
    }

    fn welcome(&mut self, nick: &Nick, place: &Place, out: &mut Vec<u8>) {
        let Place { row, gap, replay, .. } = place;
        let limits = self.limits.now().clone();
        let event = ServerEvent::Welcome(Welcome {
            v: native::VERSION,
            server: concat!("chaty/", env!("CARGO_PKG_VERSION")).into(),
            nick: nick.as_str().into(),
            epoch: self.shared.hub.epoch().into(),
            rooms: vec![state(row)],
            limits: NativeLimits {
                text: limits::LINE,
                line: limits::UNFRAMED,
                ping_secs: limits.ping.as_secs(),
                dead_secs: limits.ping_dead.as_secs(),
            },
            text: WELCOME.into(),
        });
        native::put(&event, out);
        if let Some(gap) = gap.filter(|_| replay.is_none()) {
            native_gap(&row.name, gap, out);
        }
    }

    /// Says why not, and that another answer may follow.
    async fn refuse(
        &mut self,
        dialect: Dialect,
        ended: &[u8],
        refusal: &Refusal,
    ) -> Result<(), CloseReason> {
        let mut out = ended.to_vec();
        match dialect {
            Dialect::Raw => out.extend_from_slice(NICK_INVALID.as_bytes()),
            Dialect::Line => {
                let notice = line::notice(&refusal.to_string());
                out.extend_from_slice(format!("{NICK_INVALID}\n{notice}\n").as_bytes());
            }
            Dialect::Native => {
                let (code, text) = (refusal.code().into(), refusal.to_string().into());
                let event = ServerEvent::Refused(Refused { re: Some("hello".into()), code, text });
                native::put(&event, &mut out);
            }
        }
        self.send(&out).await
    }

    /// Says why there is no point in another answer.
    async fn end(
        &mut self,
        dialect: Dialect,
        ended: &[u8],
        reason: CloseReason,
        detail: Option<String>,
    ) -> CloseReason {
        let why = detail.map_or(reason.to_string(), |detail| format!("{reason}: {detail}"));
        let mut out = ended.to_vec();
        match dialect {
            Dialect::Raw => out.extend_from_slice(NICK_INVALID.as_bytes()),
            Dialect::Line => {
                let notice = line::notice(&why);
                out.extend_from_slice(format!("{NICK_INVALID}\n{notice}\n").as_bytes());
            }
            Dialect::Native => {
                let (code, text) = (reason.code().into(), why.into());
                native::put(&ServerEvent::Bye(Bye { code, text }), &mut out);
            }
        }
        // Whether the last word arrives changes nothing.
        let _gone = self.send(&out).await;
        let _already_gone = self.write.shutdown().await;
        linger(&mut self.read).await;
        reason
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), CloseReason> {
        self.bytes_out += bytes.len();
        if self.bytes_out > BYTES_OUT {
            return Err(CloseReason::HandshakeTooLong);
        }
        match timeout(self.limits.now().write_deadline, self.write.write_all(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_broken)) => Err(CloseReason::Lost),
            Err(_late) => Err(CloseReason::WriteTimeout),
        }
    }
}

/// Why an answer is no wish.
enum Unfit {
    Refused(Refusal),
    Version,
}

fn wish(dialect: Dialect, answer: &[u8]) -> Result<Wish, Unfit> {
    if dialect == Dialect::Native {
        return hello(answer);
    }
    let nick = Nick::parse(answer).map_err(|error| Unfit::Refused(error.into()))?;
    let room = RoomName::lobby();
    Ok(Wish { nick, kind: Kind::User, client: None, token: None, room, resume: None })
}

fn hello(answer: &[u8]) -> Result<Wish, Unfit> {
    let bad = |why: String| Unfit::Refused(Refusal::BadEvent(scrub(&why)));
    let hello = match native::decode_client(answer) {
        Ok(Decoded::Event(ClientEvent::Hello(hello))) => hello,
        Ok(_) => return Err(bad("say hello first".into())),
        Err(error) => return Err(bad(error.to_string())),
    };
    let Hello { v, nick, kind, client, token, room, resume } = hello;
    if v != native::VERSION {
        return Err(Unfit::Version);
    }
    let token = token.filter(|token| !token.is_empty());
    if token.as_ref().is_some_and(|token| token.len() > TOKEN) {
        return Err(bad(format!("a token has at most {TOKEN} bytes")));
    }
    let nick = Nick::parse(nick.as_bytes()).map_err(|error| Unfit::Refused(error.into()))?;
    let room = room.as_deref().map_or(Ok(RoomName::lobby()), RoomName::parse);
    let room = room.map_err(|error| Unfit::Refused(error.into()))?;
    let resume = resume.and_then(|resume| {
        let mut places = resume.after.iter();
        let (_, &after) = places.find(|(name, _)| RoomName::parse(name).as_ref() == Ok(&room))?;
        let epoch = resume.epoch.filter(|epoch| !epoch.is_empty());
        Some(ResumeAt { epoch, after: Seq(after) })
    });
    Ok(Wish { nick, kind, client, token, room, resume })
}
