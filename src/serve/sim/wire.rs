//! One connection as the server's kernel has it: bytes that came, bytes that wait to go, and a
//! window. The session reads and writes it as it would a socket, in pieces of any size; the world
//! moves the bytes. Knows no time.

use super::dice::Dice;
use super::plan::Speaks;
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

/// Which connections the server has done something to since the world looked last. In order of
/// their numbers, whatever order the tasks ran in.
#[derive(Debug, Default)]
pub(super) struct Stirred {
    links: Mutex<BTreeSet<usize>>,
    pub(super) anything: Notify,
}

impl Stirred {
    fn stir(&self, link: usize) {
        self.links.lock().unwrap().insert(link);
        self.anything.notify_one();
    }

    pub(super) fn take(&self) -> BTreeSet<usize> {
        std::mem::take(&mut self.links.lock().unwrap())
    }
}

/// How a peer's side ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It sends no more, and still reads.
    Half,
    /// It is closed: what is written to it breaks the connection.
    Closed,
    Reset,
}

#[derive(Debug)]
pub(super) struct Wire {
    link: usize,
    state: Mutex<State>,
    stirred: Arc<Stirred>,
}

#[derive(Debug)]
struct State {
    inbound: VecDeque<u8>,
    end: Option<End>,
    reader: Option<Waker>,
    outbound: VecDeque<u8>,
    /// Bytes that may wait to go: send buffer and receive window.
    window: usize,
    writer: Option<Waker>,
    is_shut: bool,
    write_gone: bool,
    comes_apart: bool,
    /// Apart, because nothing says which half is polled first.
    reading: Dice,
    writing: Dice,
}

/// The server's reading half.
pub(super) struct ReadHalf(Arc<Wire>);

/// … and its writing half.
pub(super) struct WriteHalf(Arc<Wire>);

impl Wire {
    pub(super) fn new(
        link: usize,
        seed: u64,
        window: usize,
        stirred: Arc<Stirred>,
        speaks: Speaks,
    ) -> Arc<Self> {
        let dice = |purpose| Dice::of(seed, 1000 + 2 * link as u64 + purpose);
        Arc::new(Self {
            link,
            state: Mutex::new(State {
                inbound: VecDeque::new(),
                end: None,
                reader: None,
                outbound: VecDeque::new(),
                window,
                writer: None,
                is_shut: false,
                write_gone: false,
                // What a raw client sends in one segment is one message.
                comes_apart: speaks != Speaks::Raw,
                reading: dice(0),
                writing: dice(1),
            }),
            stirred,
        })
    }

    pub(super) fn halves(self: &Arc<Self>) -> (ReadHalf, WriteHalf) {
        (ReadHalf(self.clone()), WriteHalf(self.clone()))
    }

    /// Bytes arrive at the server.
    pub(super) fn deliver(&self, bytes: &[u8]) {
        let mut state = self.state.lock().unwrap();
        state.inbound.extend(bytes);
        wake(&mut state.reader);
    }

    /// The server learns how the peer's side ended.
    pub(super) fn end(&self, end: End) {
        let mut state = self.state.lock().unwrap();
        state.end = Some(end);
        wake(&mut state.reader);
        wake(&mut state.writer);
    }

    /// Takes up to so many bytes the server has written.
    pub(super) fn take(&self, most: usize) -> Vec<u8> {
        let mut state = self.state.lock().unwrap();
        let count = most.min(state.outbound.len());
        let taken = state.outbound.drain(..count).collect();
        if count > 0 {
            wake(&mut state.writer);
        }
        taken
    }

    /// What is on its way is lost.
    pub(super) fn lose(&self) {
        self.state.lock().unwrap().outbound.clear();
    }

    pub(super) fn is_waiting(&self) -> bool {
        !self.state.lock().unwrap().outbound.is_empty()
    }

    /// The server sends nothing any more.
    pub(super) fn is_over(&self) -> bool {
        let state = self.state.lock().unwrap();
        state.is_shut || state.write_gone
    }
}

fn wake(task: &mut Option<Waker>) {
    if let Some(task) = task.take() {
        task.wake();
    }
}

impl AsyncRead for ReadHalf {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.0.state.lock().unwrap();
        if state.end == Some(End::Reset) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let mut count = state.inbound.len().min(buffer.remaining());
        if count == 0 {
            if state.end.is_none() {
                state.reader = Some(cx.waker().clone());
                return Poll::Pending;
            }
            return Poll::Ready(Ok(()));
        }
        if state.comes_apart && state.reading.percent(30) {
            count = 1 + state.reading.index(count);
        }
        let bytes: Vec<u8> = state.inbound.drain(..count).collect();
        buffer.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for WriteHalf {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.0.state.lock().unwrap();
        match state.end {
            Some(End::Reset) => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            Some(End::Closed) => {
                // The peer's kernel answers with a reset.
                state.end = Some(End::Reset);
                state.outbound.clear();
                wake(&mut state.reader);
                return Poll::Ready(Ok(bytes.len()));
            }
            Some(End::Half) | None => {}
        }
        let mut count = state.window.saturating_sub(state.outbound.len()).min(bytes.len());
        if count == 0 {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        if state.writing.percent(20) {
            count = 1 + state.writing.index(count);
        }
        state.outbound.extend(&bytes[..count]);
        drop(state);
        self.0.stirred.stir(self.0.link);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.state.lock().unwrap().is_shut = true;
        self.0.stirred.stir(self.0.link);
        Poll::Ready(Ok(()))
    }
}

impl Drop for WriteHalf {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().write_gone = true;
        self.0.stirred.stir(self.0.link);
    }
}
