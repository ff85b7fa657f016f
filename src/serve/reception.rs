//! Who is connected, counted: asked by the listener for each connection, told by each connection
//! how it goes on. The rules are [`Arrivals`]'; here are the clock and the way to end one.

use super::seat::Seat;
use crate::config::Limits;
use crate::room::{Arrivals, Places};
use crate::wire::close::CloseReason;
use crate::wire::entry::SessionId;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// Shared by the listener and every connection.
#[derive(Debug)]
pub(super) struct Reception {
    since: Instant,
    /// Connections that the open-file limit has room for.
    fit: usize,
    // Held for a few look-ups at a time, never across a wait.
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    arrivals: Arrivals,
    /// The way to end those who have no name yet.
    waiting: HashMap<SessionId, Seat>,
}

/// One connection that is counted, until this is dropped.
#[derive(Debug)]
pub(super) struct Visit {
    reception: Arc<Reception>,
    session: SessionId,
}

impl Reception {
    pub(super) fn new(fit: usize) -> Arc<Self> {
        Arc::new(Self { since: Instant::now(), fit, inner: Mutex::default() })
    }

    /// Takes a connection in, and sends another away for it if it must.
    pub(super) fn arrive(
        self: &Arc<Self>,
        limits: &Limits,
        session: SessionId,
        addr: IpAddr,
        seat: &Seat,
    ) -> Result<Visit, CloseReason> {
        let places = Places {
            connections: limits.connections.min(self.fit),
            per_address: limits.per_address,
            per_address_minute: limits.per_address_minute,
            handshakes_per_address: limits.handshakes_per_address,
            handshakes: limits.handshakes,
            loopback_exempt: limits.loopback_exempt,
        };
        let mut inner = self.inner();
        let makes_way = inner.arrivals.arrive(&places, self.since.elapsed(), session, addr)?;
        if let Some(seat) = makes_way.and_then(|oldest| inner.waiting.remove(&oldest)) {
            seat.close(CloseReason::MadeWay, None);
        }
        inner.waiting.insert(session, seat.clone());
        Ok(Visit { reception: self.clone(), session })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A count is whole whatever happened to whoever held the lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visit {
    /// It has a name, and makes way for nobody any more.
    pub(super) fn entered(&self) {
        let mut inner = self.reception.inner();
        inner.arrivals.entered(self.session);
        inner.waiting.remove(&self.session);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut inner = self.reception.inner();
        inner.arrivals.left(self.session);
        inner.waiting.remove(&self.session);
    }
}
