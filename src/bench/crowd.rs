//! All members, and the one thread that serves them: whoever's connection has something to read or
//! takes bytes again is looked after, as many as there are at once, then the next.

use super::clock::Clock;
use super::member::{Manners, Member};
use super::speech::Step;
use super::stamp::Stamp;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::SockRef;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

/// What is read at once: at 64 bytes a message nearly two thousand of them, and within a
/// processor's second cache.
const CHUNK: usize = 128 * 1024;
/// Connections looked after in one turn.
const AT_ONCE: usize = 1024;
/// Of what a publisher says, the kernel holds so much: enough to keep it busy, and little beside
/// what is under way, so that times are the server's and not of a queue in front of it.
const SEND_BUFFER: usize = 64 * 1024;

/// Everybody, in the order in which they came. The first ones speak.
#[derive(Debug)]
pub(super) struct Crowd {
    poll: Poll,
    events: Events,
    members: Vec<Member>,
    gone: Vec<bool>,
    departed: usize,
    in_room: usize,
    to_read: Vec<usize>,
    buffer: Vec<u8>,
    manners: Manners,
    /// What stands before and behind what each publisher says.
    around: Vec<(String, &'static str)>,
}

impl Crowd {
    pub(super) fn new(manners: Manners) -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(AT_ONCE),
            members: Vec::new(),
            gone: Vec::new(),
            departed: 0,
            in_room: 0,
            to_read: Vec::new(),
            buffer: vec![0; CHUNK],
            manners,
            around: Vec::new(),
        })
    }

    /// One more connects, in its time.
    pub(super) fn dial(&mut self, addr: SocketAddr, name: String, speaks: bool) -> io::Result<()> {
        let mut stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        if speaks {
            SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER)?;
            self.around.push(self.manners.speech.around(&name, self.manners.size));
        }
        let token = Token(self.members.len());
        self.poll.registry().register(
            &mut stream,
            token,
            Interest::READABLE | Interest::WRITABLE,
        )?;
        self.members.push(Member::new(stream, name));
        self.gone.push(false);
        Ok(())
    }

    /// Waits, at most so long, and looks after everybody there is something to do for. What is
    /// heard of measured messages goes to `ears`, with who heard it and when.
    pub(super) fn turn(
        &mut self,
        wait: Duration,
        clock: Clock,
        ears: &mut impl FnMut(usize, Stamp, u64),
    ) -> io::Result<()> {
        let wait = if self.to_read.is_empty() { wait } else { Duration::ZERO };
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &self.events {
            let at = event.token().0;
            let Some(member) = self.members.get_mut(at) else { continue };
            if event.is_writable() {
                member.writable(&self.manners);
            }
            member.is_ending |= event.is_read_closed() || event.is_error();
            if (event.is_readable() || member.is_ending) && !member.is_queued {
                member.is_queued = true;
                self.to_read.push(at);
            }
        }
        for at in std::mem::take(&mut self.to_read) {
            self.hear(at, clock, ears);
        }
        Ok(())
    }

    fn hear(&mut self, at: usize, clock: Clock, ears: &mut impl FnMut(usize, Stamp, u64)) {
        let Some(member) = self.members.get_mut(at) else { return };
        member.is_queued = false;
        let was_in = member.step == Step::InRoom;
        if member.gone.is_none()
            && let Some((bytes, is_full)) = member.read(&mut self.buffer)
        {
            let now = clock.now();
            let Manners { speech, size, .. } = self.manners;
            let heard = |message: &[u8]| {
                if let Some(stamp) = Stamp::of(message) {
                    ears(at, stamp, now);
                }
            };
            let taken = speech.read(bytes, size, heard, |line| member.word(&self.manners, line));
            member.keep(bytes.get(taken..).unwrap_or_default());
            member.flush();
            if is_full || member.is_ending {
                member.is_queued = true;
                self.to_read.push(at);
            }
        }
        let (is_in, is_gone) = (member.step == Step::InRoom, member.gone.is_some());
        self.in_room += usize::from(is_in && !was_in);
        if is_gone && !self.gone[at] {
            self.gone[at] = true;
            self.departed += 1;
            self.in_room -= usize::from(is_in);
        }
    }

    /// A publisher's next message, to be written by [`flush`](Self::flush).
    pub(super) fn put(&mut self, publisher: usize, stamp: Stamp) {
        if let (Some(member), Some((before, behind))) =
            (self.members.get_mut(publisher), self.around.get(publisher))
        {
            let out = member.out();
            out.extend_from_slice(before.as_bytes());
            stamp.put(self.manners.size, out);
            out.extend_from_slice(behind.as_bytes());
        }
    }

    /// Writes what a publisher has put, as far as it goes. Says whether it could say more.
    pub(super) fn flush(&mut self, publisher: usize) -> bool {
        self.members.get_mut(publisher).is_some_and(|member| {
            member.flush();
            !member.is_blocked && member.gone.is_none()
        })
    }

    pub(super) fn can_speak(&self, publisher: usize) -> bool {
        self.members
            .get(publisher)
            .is_some_and(|member| !member.is_blocked && member.gone.is_none())
    }

    /// Members in the room.
    pub(super) fn in_room(&self) -> usize {
        self.in_room
    }

    /// Who is no member any more.
    pub(super) fn gone(&self) -> &[bool] {
        &self.gone
    }

    /// How many are gone.
    pub(super) fn departed(&self) -> usize {
        self.departed
    }

    /// Why the first of them is.
    pub(super) fn why(&self) -> Option<&str> {
        self.members.iter().find_map(|member| member.gone.as_deref())
    }

    /// The last thing the server told any of them beside messages.
    pub(super) fn notice(&self) -> Option<&str> {
        self.members.iter().find_map(|member| member.notice.as_deref())
    }
}
