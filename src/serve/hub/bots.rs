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
        let bots = self.sorted_bots();
        let line = |bot: &&Member| match &bot.about {
            Some(about) if about.answers.is_empty() => format!("  {} answers to nothing", bot.nick),
            Some(about) => format!("  {} answers to {}", bot.nick, in_short(&about.answers)),
            None => format!("  {}", bot.nick),
        };
        let head = match bots.len() {
            0 => "there is no bot here".to_owned(),
            1 => "1 bot:".to_owned(),
            more => format!("{more} bots:"),
        };
        std::iter::once(head).chain(bots.iter().map(line)).collect()
    }

    fn sorted_bots(&self) -> Vec<&Member> {
        let is_bot = |member: &&Member| member.kind == Kind::Bot;
        let mut bots: Vec<&Member> = self.core.members().filter(is_bot).collect();
        bots.sort_by_cached_key(|bot| bot.nick.as_str().to_lowercase());
        bots
    }

    /// The bots, by name.
    pub(super) fn bot_rows(&self) -> Vec<BotRow> {
        let row = |member: &Member| BotRow {
            nick: member.nick.to_string(),
            about: member.about.as_deref().cloned(),
        };
        self.sorted_bots().into_iter().map(row).collect()
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

/// Bytes of what one bot answers to that `/bots` shows: some lines of a terminal. A bot that says it
/// answers to thousands of words does not make everybody's answer as long.
const SHOWN: usize = 256;

/// What it answers to, as far as that is short.
fn in_short(answers: &[String]) -> String {
    let mut shown = String::new();
    for (index, answer) in answers.iter().enumerate() {
        if shown.len() + answer.len() > SHOWN {
            shown.push_str(if index == 0 { "…" } else { ", …" });
            break;
        }
        if index > 0 {
            shown.push_str(", ");
        }
        shown.push_str(answer);
    }
    shown
}

/// For `bots` on the console: one that has not told about itself has an empty account.
impl BotRow {
    pub(in crate::serve) fn account(&self) -> About {
        self.about.clone().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_bot_answers_to_is_shown_as_far_as_it_is_short() {
        let words = |many: usize| (0..many).map(|n| format!("word{n}")).collect::<Vec<_>>();
        assert_eq!(in_short(&words(3)), "word0, word1, word2");
        let long = in_short(&words(5000));
        assert!(long.starts_with("word0, word1, ") && long.ends_with(", …"), "{long}");
        assert!(long.len() <= SHOWN + ", …".len(), "{}", long.len());
        assert_eq!(in_short(&["x".repeat(SHOWN + 1)]), "…");
    }
}
