//! The administrator's side of the hub: commands become inputs, and the room becomes reports.

use super::Hub;
use crate::room::{Answer, Ban, Input, Member};
use crate::serve::admin::{self, BanRow, MemberRow, Report};
use crate::serve::session::Word;
use crate::serve::stats;
use crate::wire::Dialect;
use crate::wire::entry::{Kind, Millis, Ordinal};
use crate::wire::room_name::RoomName;
use crate::wire::text::{Text, scrub};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

impl Hub {
    pub(super) fn admin(&mut self, at: Millis, command: admin::Command) -> Report {
        let input = match command {
            admin::Command::List => return Report::Members(self.list()),
            // The handle has answered it.
            admin::Command::History => return Report::Failed("nothing is recorded".into()),
            admin::Command::Rooms => return Report::Rooms(self.core.rows()),
            admin::Command::Bots => return Report::Bots(self.bot_rows()),
            admin::Command::Bans => return Report::Bans(self.bans()),
            admin::Command::Stats => return Report::Stats(self.stats()),
            // The desk has, with whoever read them first.
            admin::Command::Reload => return Report::Failed("there are no settings here".into()),
            admin::Command::Shutdown => {
                self.shutdown.cancel();
                return Report::Done("the server is going down".into());
            }
            admin::Command::Kick { name, reason } => {
                Input::Kick { name, reason: reason.as_deref().map(scrub) }
            }
            admin::Command::Ban { target, reason } => {
                Input::Ban { target, reason: reason.as_deref().map(scrub) }
            }
            admin::Command::Unban { target } => Input::Unban { target },
            admin::Command::Mute { name } => Input::Mute { name },
            admin::Command::Unmute { name } => Input::Unmute { name },
            admin::Command::Say { room, text } => match Text::clean(text.as_bytes()) {
                Ok(text) => Input::Say { room, text },
                Err(error) => return Report::Failed(error.to_string()),
            },
        };
        self.apply(at, input, None);
        // The administrator's answer is the last of its input.
        match self.words.pop().map(|(_, private)| private.word) {
            Some(Word::Answer(Answer::Done(text))) => Report::Done(text),
            Some(Word::Answer(Answer::Failed(text))) => Report::Failed(text),
            _ => Report::Failed("nothing came of it".into()),
        }
    }

    fn list(&self) -> Vec<MemberRow> {
        let row = |member: &Member| {
            let session = self.members.get(&member.session)?;
            Some(MemberRow {
                nick: member.nick.to_string(),
                kind: member.kind,
                dialect: session.dialect,
                addr: session.addr,
                since: member.since,
                muted: member.muted,
                lag: self.lag(member, Ordinal(session.position.load(Ordering::Relaxed))),
            })
        };
        self.core.members().filter_map(row).collect()
    }

    /// Entries a member has not taken yet, of all its rooms.
    fn lag(&self, member: &Member, position: Ordinal) -> u64 {
        member.rooms.iter().map(|&room| self.logs.behind(room, position)).sum()
    }

    fn bans(&self) -> Vec<BanRow> {
        let row = |ban: &Ban| BanRow {
            target: ban.target.clone(),
            reason: ban.reason.clone(),
            since: ban.since,
        };
        self.core.bans().iter().map(row).collect()
    }

    fn stats(&self) -> admin::Stats {
        let mut members = BTreeMap::new();
        for dialect in [Dialect::Line, Dialect::Native, Dialect::Raw] {
            members.insert(dialect.name(), 0);
        }
        for kind in [Kind::Bot, Kind::Script, Kind::User] {
            members.insert(kind.name(), 0);
        }
        for member in self.core.members() {
            *members.entry(member.kind.name()).or_default() += 1;
        }
        for member in self.members.values() {
            *members.entry(member.dialect.name()).or_default() += 1;
        }
        admin::Stats {
            uptime: self.started.elapsed(),
            last_seq: self
                .core
                .find(&RoomName::lobby())
                .map(|id| self.logs.tail(id).seq)
                .unwrap_or_default(),
            rooms: self.core.rooms().count() as u64,
            members: members.into_iter().collect(),
            connections: stats::read(&self.counters.connections),
            messages: stats::read(&self.counters.messages),
            turns: stats::read(&self.counters.turns),
            retained_bytes: self.logs.retained_bytes() as u64,
            retained_entries: self.logs.retained_entries(),
            closes: self.counters.closes(),
            refused: self.counters.refusals(),
        }
    }
}
