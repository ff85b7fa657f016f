//! One member: its connection, what it has still to say, and how far it has come. Reads and
//! writes as much as goes without waiting.

use super::speech::{Step, Word};
use crate::config::Speech;
use crate::wire::room_name::RoomName;
use mio::net::TcpStream;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;

/// Bytes of a line that may be unfinished: four times the longest that any of the servers sends.
const UNFINISHED: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Member {
    stream: TcpStream,
    pub(super) name: String,
    pub(super) step: Step,
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
    out: Vec<u8>,
    written: usize,
    /// The connection takes no more bytes at the moment.
    pub(super) is_blocked: bool,
    /// Nothing more will come behind what can still be read.
    pub(super) is_ending: bool,
    /// It stands in the list of those to be read.
    pub(super) is_queued: bool,
    /// What the server told it last, beside messages.
    pub(super) notice: Option<String>,
    /// Why it is no member any more.
    pub(super) gone: Option<String>,
}

/// What all members have in common.
#[derive(Debug, Clone)]
pub(super) struct Manners {
    pub speech: Speech,
    pub room: RoomName,
    /// Bytes of a message.
    pub size: usize,
}

impl Member {
    pub(super) fn new(stream: TcpStream, name: String) -> Self {
        Self {
            stream,
            name,
            step: Step::Dialling,
            rest: Vec::new(),
            out: Vec::new(),
            written: 0,
            is_blocked: true,
            is_ending: false,
            is_queued: false,
            notice: None,
            gone: None,
        }
    }

    /// What waits to be written.
    pub(super) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// The connection takes bytes: it stands, or stands again.
    pub(super) fn writable(&mut self, manners: &Manners) {
        if self.step == Step::Dialling {
            match self.stream.take_error() {
                Ok(None) => {}
                Ok(Some(error)) | Err(error) => return self.leave(error.to_string()),
            }
            self.step = Step::AtDoor;
            self.out.extend(manners.speech.greeting(&self.name, &manners.room).bytes());
        }
        self.is_blocked = false;
        self.flush();
    }

    /// Writes what waits, as far as it goes.
    pub(super) fn flush(&mut self) {
        while !self.is_blocked && self.gone.is_none() {
            let waiting = self.out.get(self.written..).unwrap_or_default();
            if waiting.is_empty() {
                self.out.clear();
                self.written = 0;
                return;
            }
            match self.stream.write(waiting) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_blocked = true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // What the server said last may still be there to read.
                Err(_) if !self.is_ending => {
                    self.is_ending = true;
                    self.is_blocked = true;
                }
                Err(error) => self.leave(error.to_string()),
            }
        }
    }

    /// Reads once, into the common buffer. Gives the bytes read, if there were any.
    ///
    /// The kernel tells of new bytes only when they come, so whoever reads has to go on until
    /// there are none: a read that did not fill the buffer has come so far.
    pub(super) fn read<'a>(&mut self, buffer: &'a mut [u8]) -> Option<(&'a [u8], bool)> {
        let kept = self.rest.len();
        buffer.get_mut(..kept)?.copy_from_slice(&self.rest);
        let space = buffer.get_mut(kept..)?;
        match self.stream.read(space) {
            Ok(0) => {
                self.leave("the server closed the connection".into());
                None
            }
            Ok(count) => {
                let is_full = count == space.len();
                Some((buffer.get(..kept + count)?, is_full))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) if error.kind() == ErrorKind::Interrupted => Some((&[], true)),
            Err(error) => {
                self.leave(error.to_string());
                None
            }
        }
    }

    /// Keeps what is unfinished.
    pub(super) fn keep(&mut self, unfinished: &[u8]) {
        if unfinished.len() > UNFINISHED {
            return self.leave("the server sent a line without an end".into());
        }
        self.rest.clear();
        self.rest.extend_from_slice(unfinished);
    }

    /// Hears something that is no measured message.
    pub(super) fn word(&mut self, manners: &Manners, line: &[u8]) {
        match manners.speech.word(self.step, line, &self.name, &manners.room) {
            Word::Nothing => {}
            Word::Come(step) => self.step = step,
            Word::Say(text, step) => {
                self.out.extend_from_slice(text.as_bytes());
                self.step = step;
            }
            Word::Refused(why) if self.step == Step::AtDoor => self.leave(why),
            Word::Refused(text) | Word::Notice(text) => self.notice = Some(text),
        }
    }

    fn leave(&mut self, why: String) {
        let why = match &self.notice {
            Some(notice) => format!("{why} ({notice})"),
            None => why,
        };
        self.gone.get_or_insert(why);
        self.out.clear();
        self.written = 0;
        // It is closed already, most likely.
        let _closed: io::Result<()> = self.stream.shutdown(Shutdown::Both);
    }
}
