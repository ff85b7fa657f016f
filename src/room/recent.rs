//! What is remembered of recent messages: the ids clients gave them, so that a resend is
//! recognised, and the hops of what bots said. Bounded: the oldest is forgotten first.

use crate::wire::entry::{MessageId, Millis, RoomId, Seq, SessionId};
use crate::wire::room_name::RoomName;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Messages remembered. A client resends what it sent in the last seconds before a cut: with flood
/// control off and everything on one core, twenty clients had said 9900 since.
pub const REMEMBERED: usize = 16 * 1024;

/// Whose id it is: a client's across its connections, or one session's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    Client(Arc<str>),
    Session(SessionId),
}

/// A bounded map that forgets its oldest key.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    values: HashMap<K, V>,
    order: VecDeque<K>,
}

/// Where a client's message went.
pub(super) type Ids = Recent<(Owner, MessageId), (RoomName, Seq, Millis)>;

/// Hops of entries that have any.
pub(super) type Hops = Recent<(RoomId, Seq), u8>;

/// Who said what bots said, and why.
pub(super) type Spoken = Recent<(RoomId, Seq), Arc<super::bots::Spoken>>;

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { values: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Clone + Eq + std::hash::Hash, V: Clone> Recent<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<V> {
        self.values.get(key).cloned()
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.values.insert(key.clone(), value).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_are_remembered_and_the_oldest_goes_first() {
        let mut recent = Recent::default();
        for key in 0..REMEMBERED {
            recent.insert(key, key);
        }
        // What is said again is neither new nor newer.
        recent.insert(0, 7);
        assert_eq!((recent.get(&0), recent.get(&1)), (Some(7), Some(1)));
        for key in REMEMBERED..REMEMBERED + 10 {
            recent.insert(key, key);
        }
        assert_eq!((recent.get(&9), recent.get(&10)), (None, Some(10)));
        assert_eq!((recent.values.len(), recent.order.len()), (REMEMBERED, REMEMBERED));
    }
}
