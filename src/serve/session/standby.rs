//! Where a writer is while it has nothing to do. A room that goes on rings here, and the writer writes
//! on the spot: a delivery is mostly one write that the socket takes at once, and to wake a task for
//! it would cost more than all else that chaty does for it. What is more than that wakes the task.

use super::writer::{Until, Writer};
use crate::log::Slice;
use crate::serve::handout::Handout;
use crate::serve::seat::Seat;
use crate::serve::tide::Waiter;
use crate::wire::Dialect;
use crate::wire::close::CloseReason;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::io::AsyncWrite;

/// The task's handle on it. The writer that lies there goes when this does.
#[derive(Debug)]
pub(super) struct Standby<W: AsyncWrite + Unpin + Send + 'static> {
    place: Arc<Place<W>>,
}

#[derive(Debug)]
struct Place<W> {
    writer: Mutex<Option<Box<Writer<W>>>>,
    seat: Seat,
}

impl<W: AsyncWrite + Unpin + Send + 'static> Standby<W> {
    pub(super) fn new(seat: Seat) -> Self {
        Self { place: Arc::new(Place { writer: Mutex::default(), seat }) }
    }

    /// Who waits at the rooms.
    pub(super) fn waiter(&self) -> Arc<dyn Waiter> {
        self.place.clone()
    }

    /// Has the writer do what it can on the spot, until there is something for its task. `None` if
    /// the writer is no more.
    pub(super) async fn rest(&self, writer: Box<Writer<W>>) -> Option<Box<Writer<W>>> {
        let mut resting = Some(writer);
        poll_fn(|_cx| match resting.take() {
            // The task is woken through the seat, and may have been since the writer looked.
            Some(writer) => {
                self.place.put(Some(writer));
                Poll::Pending
            }
            None => Poll::Ready(()),
        })
        .await;
        self.place.put(None)
    }
}

impl<W: AsyncWrite + Unpin + Send + 'static> Drop for Standby<W> {
    fn drop(&mut self) {
        // Outside of all locks: it leaves the rooms at which it is still listed.
        drop(self.place.put(None));
    }
}

impl<W> Place<W> {
    fn put(&self, writer: Option<Box<Writer<W>>>) -> Option<Box<Writer<W>>> {
        let mut place = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *place, writer)
    }

    /// Has the writer go on, if it is here. A fault of one session is not one of whoever rang.
    fn with<T>(&self, go_on: impl FnOnce(&mut Writer<W>) -> T) -> Option<T> {
        let mut place = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let went_on = catch_unwind(AssertUnwindSafe(|| place.as_mut().map(|writer| go_on(writer))));
        went_on.unwrap_or_else(|_fault| {
            let broken = place.take();
            drop(place);
            // That ends its session.
            let _dropped = catch_unwind(AssertUnwindSafe(|| drop(broken)));
            None
        })
    }
}

impl<W: AsyncWrite + Unpin + Send + 'static> Waiter for Place<W> {
    fn ring(&self) -> bool {
        self.seat.ring()
    }

    fn hand(&self, handout: &mut Handout<'_>) -> bool {
        self.with(|writer| writer.hand_on(handout)) == Some(true)
    }

    fn take(&self) {
        // It is with its task, which may have looked already and be about to lay it here; or it has
        // something for it.
        if self.with(Writer::take_on) != Some(true) {
            self.seat.wake_writer();
        }
    }

    fn send(&self) {
        // Whoever is not here was woken above, or by whatever fetched it since.
        if self.with(Writer::send_on) == Some(false) {
            self.seat.wake_writer();
        }
    }
}

/// On standby.
impl<W: AsyncWrite + Unpin> Writer<W> {
    /// Sends what is handed out where it stands, if there is nothing else to do. What of that the
    /// socket does not take at once is in the batch. Gives whether it took all.
    fn hand_on(&mut self, handout: &mut Handout<'_>) -> bool {
        let has_more = !self.batch.is_empty() || self.waiting.is_some() || self.is_held;
        // Each message to a raw session goes alone.
        if has_more || self.dialect == Dialect::Raw {
            return false;
        }
        let Some(place) = self.following.place() else { return false };
        let published = self.following.published();
        let Some(next) = handout.after(place, published) else { return false };
        if next.slice.chunk.has_author(self.session) {
            return false;
        }
        // As in its task, and the looks in the order in which gathering has them.
        let is_silent = self.seat.wait();
        if !is_silent || self.following.published() != published {
            return false;
        }
        self.following.went_on(&next.to);
        self.seat.reached(published);
        self.gate.behind(0);
        let mut cx = Context::from_waker(Waker::noop());
        let bytes = next.bytes(self.dialect);
        let sent = match Pin::new(&mut self.out).poll_write(&mut cx, bytes) {
            Poll::Ready(Ok(0) | Err(_)) => {
                self.seat.close(CloseReason::Lost, None);
                return false;
            }
            Poll::Ready(Ok(sent)) => sent,
            Poll::Pending => 0,
        };
        let is_all = sent == bytes.len();
        if is_all {
            self.seat.traffic().was_given(next.slice.entries.len() as u64, sent as u64);
            next.was_given(sent);
        } else {
            let Slice { chunk, entries } = &next.slice;
            self.taken.take(entries.len(), chunk.appended());
            self.taken.bytes += sent as u64;
            self.batch.shared(chunk, self.dialect, entries.clone());
            self.batch.advance(sent);
        }
        is_all
    }

    /// Takes what is new, up to the first answer, which is for the task. Gives whether it may.
    fn take_on(&mut self) -> bool {
        if self.seat.is_closed() || self.following.replaying().is_some() {
            return false;
        }
        // As in its task.
        self.seat.wait();
        if let Err(reason) = self.gather(Until::Answer) {
            self.seat.close(reason, None);
        }
        true
    }

    /// Sends what it took, as far as the socket takes it at once. Gives whether that was all there is
    /// to do.
    fn send_on(&mut self) -> bool {
        match self.write_at_once() {
            Ok(is_all) => {
                self.count();
                is_all && self.waiting.is_none() && self.paced.is_empty() && !self.is_held
            }
            Err(reason) => {
                self.seat.close(reason, None);
                false
            }
        }
    }

    /// Writes the batch as far as the socket takes it now. Gives whether there was nothing else.
    fn write_at_once(&mut self) -> Result<bool, CloseReason> {
        let was_full = self.batch.is_full();
        let mut cx = Context::from_waker(Waker::noop());
        while !self.batch.is_empty() {
            match self.batch.poll_write(&mut self.out, &mut cx) {
                Poll::Ready(Ok(0) | Err(_)) => return Err(CloseReason::Lost),
                Poll::Ready(Ok(sent)) => self.taken.bytes += sent as u64,
                Poll::Pending => return Ok(false),
            }
        }
        Ok(!was_full)
    }
}
