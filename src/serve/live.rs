//! The limits as they are at the moment: a reload changes them for sessions that are there, too.
//! Looking costs one atomic load as long as nothing has changed.

use crate::config::Limits;
use std::sync::Arc;
use tokio::sync::watch;

/// One reader's own view of them. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Live {
    limits: Arc<Limits>,
    changes: watch::Receiver<Arc<Limits>>,
}

impl Live {
    /// These, until the sender says otherwise.
    pub(super) fn new(limits: Limits) -> (watch::Sender<Arc<Limits>>, Self) {
        let limits = Arc::new(limits);
        let (sender, changes) = watch::channel(limits.clone());
        (sender, Self { limits, changes })
    }

    /// As they are now.
    pub(super) fn now(&mut self) -> &Arc<Limits> {
        // A server that has ended changes nothing any more.
        if self.changes.has_changed().unwrap_or(false) {
            self.limits = self.changes.borrow_and_update().clone();
        }
        &self.limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_sees_a_change_and_keeps_the_last_one() {
        let (sender, mut one) = Live::new(Limits::default());
        let mut two = one.clone();
        assert!(one.now().flood);
        sender.send_replace(Arc::new(Limits { flood: false, ..Limits::default() }));
        assert!(!one.now().flood && !two.now().flood);
        drop(sender);
        assert!(!one.now().flood && !two.now().flood);
    }
}
