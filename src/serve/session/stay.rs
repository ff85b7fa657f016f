//! A member's stay, from its join to its end: when it ends, however it ends, one line in the log
//! says why and what there was. Never what was said.

use crate::serve::metrics::Totals;
use crate::serve::seat::Seat;
use crate::wire::entry::SessionId;
use tokio::time::Instant;

/// Somebody is here, until it is dropped.
#[derive(Debug)]
pub(super) struct Stay {
    pub(super) session: SessionId,
    /// The name it came with.
    pub(super) nick: String,
    pub(super) since: Instant,
    pub(super) seat: Seat,
}

impl Drop for Stay {
    fn drop(&mut self) {
        let (reason, _) = self.seat.why();
        self.seat.traffic().closed(reason);
        let Totals { said, delivered, refused, received_bytes, sent_bytes } =
            self.seat.traffic().totals();
        tracing::info!(
            session = self.session.0,
            nick = %self.nick,
            reason = reason.code(),
            seconds = self.since.elapsed().as_secs(),
            said,
            delivered,
            refused,
            received_bytes,
            sent_bytes,
            "left"
        );
    }
}
