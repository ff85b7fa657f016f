//! The administrator's side of the hub: commands become inputs, and the room becomes reports.

use super::{Hub, Member as Session};
use crate::room::{Answer, Ban, Input, Member};
use crate::serve::admin::{self, BanRow, MemberRow, Report};
use crate::serve::history::Durable;
use crate::serve::metrics::{HistoryLag, Lag, Stats};
use crate::serve::session::Word;
use crate::wire::Dialect;
use crate::wire::entry::{Kind, Millis, Ordinal, RoomId};
use crate::wire::room_name::RoomName;
use crate::wire::text::{Text, scrub};

impl Hub {
    pub(super) fn admin(&mut self, at: Millis, command: admin::Command) -> Report {
        let input = match command {
            admin::Command::List => return Report::Members(self.list()),
            // The handle has answered it.
            admin::Command::History => return Report::Failed("nothing is recorded".into()),
            admin::Command::Rooms => return Report::Rooms(self.core.rows()),
            admin::Command::Bots => return Report::Bots(self.bot_rows()),
            admin::Command::Bans => return Report::Bans(self.bans()),
            admin::Command::Stats => return Report::Stats(Box::new(self.stats())),
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
                lag: self.lag(member, session).entries,
            })
        };
        self.core.members().filter_map(row).collect()
    }

    /// What a member has not taken yet, of all its rooms.
    fn lag(&self, member: &Member, session: &Session) -> Lag {
        self.behind(member.rooms.iter().copied(), session.seat.position())
    }

    /// What lies behind a place in these rooms.
    fn behind(&self, rooms: impl Iterator<Item = RoomId>, place: Ordinal) -> Lag {
        let mut lag = Lag::default();
        for log in rooms.filter_map(|room| self.logs.get(room)) {
            lag.entries += log.behind(place);
            lag.bytes += log.weight_behind(place);
        }
        lag
    }

    fn bans(&self) -> Vec<BanRow> {
        let row = |ban: &Ban| BanRow {
            target: ban.target.clone(),
            reason: ban.reason.clone(),
            since: ban.since,
        };
        self.core.bans().iter().map(row).collect()
    }

    /// The room's part of the numbers, and what is counted. The handle adds what is outside.
    fn stats(&self) -> Stats {
        let mut members = Vec::new();
        for dialect in [Dialect::Line, Dialect::Native, Dialect::Raw] {
            for kind in [Kind::Bot, Kind::Script, Kind::User] {
                members.push((dialect, kind, 0));
            }
        }
        let mut slowest = Lag::default();
        for member in self.core.members() {
            let Some(session) = self.members.get(&member.session) else { continue };
            slowest = slowest.max(self.lag(member, session));
            let its = (session.dialect, member.kind);
            let group = members.iter_mut().find(|(dialect, kind, _)| (*dialect, *kind) == its);
            if let Some((.., count)) = group {
                *count += 1;
            }
        }
        let lobby = self.core.find(&RoomName::lobby());
        let uptime = self.started.elapsed();
        let mut stats = Stats {
            uptime,
            since: self.since,
            last_seq: lobby.map(|id| self.logs.tail(id).seq).unwrap_or_default(),
            rooms: self.core.rooms().count() as u64,
            members,
            recent_messages: self.said.recent(uptime.as_secs()),
            slowest,
            retained_bytes: self.logs.retained_bytes() as u64,
            retained_entries: self.logs.retained_entries(),
            history: self.legacy.durable().map(|durable| self.history_lag(durable)),
            ..Stats::default()
        };
        self.counters.fill(&mut stats);
        stats
    }

    fn history_lag(&self, durable: Durable) -> HistoryLag {
        let recorded = self.core.rooms().filter(|(_, room)| room.is_recorded());
        let lag = self.behind(recorded.map(|(id, _)| id), durable.upto);
        HistoryLag { lag, suspended: durable.suspended }
    }
}
