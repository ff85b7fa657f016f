//! Who is on the server, found by session or by any name that reads like theirs.

use super::bots::About;
use crate::wire::entry::{Kind, Millis, RoomId, SessionId};
use crate::wire::nick::{Nick, NickKey};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub session: SessionId,
    pub nick: Nick,
    pub kind: Kind,
    pub addr: IpAddr,
    pub token: Option<Arc<str>>,
    pub since: Millis,
    pub muted: bool,
    /// What a bot told about itself.
    pub about: Option<Arc<About>>,
    /// Where it is, in the order it came.
    pub rooms: Vec<RoomId>,
}

/// The members. Ordered by session, so that listing them is the same in every run; the maps by
/// name are only ever looked up in.
#[derive(Debug, Default)]
pub(super) struct Roster {
    members: BTreeMap<SessionId, Member>,
    by_folded: HashMap<Box<str>, SessionId>,
    by_skeleton: HashMap<Box<str>, SessionId>,
    by_token: HashMap<Arc<str>, SessionId>,
}

impl Roster {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    pub(super) fn get(&self, session: SessionId) -> Option<&Member> {
        self.members.get(&session)
    }

    pub(super) fn get_mut(&mut self, session: SessionId) -> Option<&mut Member> {
        self.members.get_mut(&session)
    }

    /// Members whose name could be taken for this one, other than `except`. There may be two:
    /// one by case, one by look.
    pub(super) fn clashing(
        &self,
        key: &NickKey,
        except: SessionId,
    ) -> impl Iterator<Item = &Member> {
        let folded = self.by_folded.get(&key.folded).copied();
        let skeleton = self.by_skeleton.get(&key.skeleton).copied().filter(|s| Some(*s) != folded);
        folded
            .into_iter()
            .chain(skeleton)
            .filter(move |&session| session != except)
            .filter_map(|session| self.get(session))
    }

    /// The member an administrator or another member means by a name: the same but for case.
    pub(super) fn named(&self, name: &str) -> Option<&Member> {
        self.get(*self.by_folded.get(&NickKey::of(name).folded)?)
    }

    /// The session whose client has this token.
    pub(super) fn owner(&self, token: &Arc<str>) -> Option<SessionId> {
        self.by_token.get(token).copied()
    }

    /// Adds a member whose name clashes with none, and whose token nobody has.
    pub(super) fn insert(&mut self, member: Member) {
        if let Some(token) = &member.token {
            self.by_token.insert(token.clone(), member.session);
        }
        self.index(&member.nick, member.session);
        self.members.insert(member.session, member);
    }

    pub(super) fn remove(&mut self, session: SessionId) -> Option<Member> {
        let member = self.members.remove(&session)?;
        self.forget(&member.nick);
        if let Some(token) = &member.token {
            self.by_token.remove(token);
        }
        Some(member)
    }

    /// Gives a member another name; returns the old one.
    pub(super) fn rename(&mut self, session: SessionId, to: &Nick) -> Option<Nick> {
        let member = self.members.get_mut(&session)?;
        let from = std::mem::replace(&mut member.nick, to.clone());
        self.forget(&from);
        self.index(to, session);
        Some(from)
    }

    fn index(&mut self, nick: &Nick, session: SessionId) {
        let key = nick.key();
        self.by_folded.insert(key.folded, session);
        self.by_skeleton.insert(key.skeleton, session);
    }

    fn forget(&mut self, nick: &Nick) {
        let key = nick.key();
        self.by_folded.remove(&key.folded);
        self.by_skeleton.remove(&key.skeleton);
    }
}
