//! The bots of a room, for people and for the administrator: who they are, what they answer to,
//! and why one said what it said.

use super::Hub;
use crate::room::{About, Member};
use crate::serve::admin::BotRow;
use crate::wire::entry::{Entry, Kind, RoomId, Seq, SessionId};
use crate::wire::line;

impl Hub {
    /// The answer to `/bots`.
    pub(super) fn bots(&self) -> Vec<String> {
        let rows = self.bot_rows();
        if rows.is_empty() {
            return vec!["there is no bot here".into()];
        }
        let line = |row: &BotRow| match &row.about {
            Some(about) if about.answers.is_empty() => format!("  {} answers to nothing", row.nick),
            Some(about) => format!("  {} answers to {}", row.nick, about.answers.join(", ")),
            None => format!("  {}", row.nick),
        };
        let head = match rows.len() {
            1 => "1 bot:".to_owned(),
            more => format!("{more} bots:"),
        };
        std::iter::once(head).chain(rows.iter().map(line)).collect()
    }

    /// The bots, by name.
    pub(super) fn bot_rows(&self) -> Vec<BotRow> {
        let row = |member: &Member| BotRow {
            nick: member.nick.to_string(),
            about: member.about.as_deref().cloned(),
        };
        let is_bot = |member: &&Member| member.kind == Kind::Bot;
        let mut rows: Vec<BotRow> = self.core.members().filter(is_bot).map(row).collect();
        rows.sort_by_key(|row| row.nick.to_lowercase());
        rows
    }

    /// A bot tells what it has done since it came: what is new of that is counted.
    pub(super) fn heard_about(&self, session: SessionId, now: &About) {
        let Some(member) = self.core.member(session).filter(|member| member.kind == Kind::Bot)
        else {
            return;
        };
        let before = member.about.as_deref();
        // A bot that began anew, or tells stories, counts from nothing.
        let new = |of: fn(&About) -> u64| {
            let (now, before) = (of(now), before.map_or(0, of));
            now.checked_sub(before).unwrap_or(now)
        };
        self.counters.bot_calls.add(new(|about| about.calls));
        self.counters.bot_errors.add(new(|about| about.errors));
        self.counters.bot_held_back.add(new(|about| about.muted));
    }

    /// The answer to `/why`.
    pub(super) fn why(&mut self, room: RoomId, seq: Option<Seq>) -> Vec<String> {
        // What was said before the question belongs to the answer.
        self.commit();
        let Some((seq, spoken)) = self.core.why(room, seq) else {
            return vec![match seq {
                Some(seq) => format!("#{seq} was not said by a bot, or too long ago"),
                None => "no bot has said anything yet".into(),
            }];
        };
        let handler = spoken.handler.as_deref().map(|name| format!(", in {name}"));
        let handler = handler.unwrap_or_default();
        match spoken.cause {
            None => vec![format!("#{seq} was said by {}{handler}, unasked", spoken.bot)],
            Some(cause) => {
                let head =
                    format!("#{seq} was said by {}{handler}, because of #{cause}", spoken.bot);
                let entry = self.entry(room, cause).map(|entry| format!("  {entry}"));
                std::iter::once(head).chain(entry).collect()
            }
        }
    }

    /// An entry that is retained, as people read it.
    fn entry(&self, room: RoomId, seq: Seq) -> Option<String> {
        let (mut cursor, _, _) = self.logs.get(room)?.last(1, Some(seq.next()));
        let slice = cursor.next_slice(None)?;
        let entry: &Entry = slice.iter().find(|entry| entry.seq == seq)?;
        let mut bytes = Vec::new();
        line::put(entry, &mut bytes);
        Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }
}

/// For `bots` on the console: one that has not told about itself has an empty account.
impl BotRow {
    pub(in crate::serve) fn account(&self) -> About {
        self.about.clone().unwrap_or_default()
    }
}
