//! How one session is ended, from wherever: the first reason given stands.

use crate::wire::close::CloseReason;
use std::sync::{Arc, OnceLock};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// Shared by a session's reader, its writer and the hub.
#[derive(Debug, Clone, Default)]
pub(super) struct Closer(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    why: OnceLock<(CloseReason, Option<String>)>,
    token: CancellationToken,
}

impl Closer {
    /// Ends the session, unless it is ending already. The detail is for the member.
    pub(super) fn close(&self, reason: CloseReason, detail: Option<String>) {
        // A later reason is only what came of the first one.
        let _first_stands = self.0.why.set((reason, detail));
        self.0.token.cancel();
    }

    pub(super) fn closed(&self) -> WaitForCancellationFuture<'_> {
        self.0.token.cancelled()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.token.is_cancelled()
    }

    /// Why, once it is closed.
    pub(super) fn why(&self) -> (CloseReason, Option<&str>) {
        match self.0.why.get() {
            Some((reason, detail)) => (*reason, detail.as_deref()),
            None => (CloseReason::Lost, None),
        }
    }
}
