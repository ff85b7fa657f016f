//! What a client does with what comes: hands it to the checkers, and answers what is to be answered.
//! Also whether what came was on time, and whether a goodbye has a reason in what happened.

use super::link::Link;
use super::plan::{Act, Speaks};
use super::view::entry;
use super::violation::{ANSWERS, PROMPT, REASON, Violation, found};
use super::wire::End;
use super::world::World;
use super::{heard, truth};
use crate::wire::limits;
use crate::wire::native::{self, Chat, ClientEvent, Decoded, ServerEvent};

/// Later than this is late, for a message between two whom nothing troubles: the worst that
/// their bytes and a queue of single requests take, and less than any deadline.
const PROMPTLY: u64 = 2500;

impl World {
    /// Bytes have come: takes what is whole.
    pub(super) fn read(&mut self, at: usize) -> Result<(), Violation> {
        let link = &mut self.links[at];
        if link.drips.is_some() {
            link.buffer.clear();
            return Ok(());
        }
        if link.speaks == Speaks::Raw {
            heard::raw(link);
            self.gives_up(at);
            return Ok(());
        }
        while let Some(end) = self.links[at].buffer.iter().position(|byte| *byte == b'\n') {
            let rest = self.links[at].buffer.split_off(end + 1);
            let mut bytes = std::mem::replace(&mut self.links[at].buffer, rest);
            bytes.pop();
            if self.links[at].speaks == Speaks::Line {
                self.reads_text(at, &bytes)?;
            } else if bytes != b"NICK" {
                match native::decode_server(&bytes) {
                    Ok(Decoded::Event(event)) => self.comes(at, event)?,
                    other => {
                        let text = String::from_utf8_lossy(&bytes);
                        return found(ANSWERS, format!("{text} is no event: {other:?}"));
                    }
                }
            }
            if self.links[at].is_closed {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn reads_text(&mut self, at: usize, line: &[u8]) -> Result<(), Violation> {
        let text = String::from_utf8_lossy(line).into_owned();
        if let Some(whisper) = heard::text(&mut self.links[at], &text)? {
            self.truth.whispered(&whisper)?;
        }
        self.gives_up(at);
        Ok(())
    }

    /// A client whose name is refused goes away.
    pub(super) fn gives_up(&mut self, at: usize) {
        let link = &self.links[at];
        let who = link.who;
        if link.is_closed && self.people[who].link == Some(at) {
            self.people[who].link = None;
            self.send_end(at, End::Closed);
        }
    }

    /// An event on its way to the checkers.
    pub(super) fn comes(
        &mut self,
        at: usize,
        event: ServerEvent<'static>,
    ) -> Result<(), Violation> {
        let is_resuming = self.links[at].after.is_some()
            && entry(&event).is_some_and(|(room, seq)| !self.links[at].view.is_news(room, seq));
        let (events, leaks) = self.tap.passes(at, is_resuming, event);
        for event in events {
            if leaks {
                let is_other = |link: &&Link| {
                    link.who != self.links[at].who && link.is_in() && link.speaks == Speaks::Native
                };
                if let Some(other) = self.links.iter().position(|link| is_other(&link)) {
                    self.told(other, event.clone())?;
                }
            }
            self.told(at, event)?;
        }
        Ok(())
    }

    pub(super) fn told(&mut self, at: usize, event: ServerEvent<'static>) -> Result<(), Violation> {
        self.counts.events += 1;
        let now = self.now();
        let link = &mut self.links[at];
        let who = link.who;
        match &event {
            ServerEvent::Welcome(welcome) => return self.welcomed(at, welcome),
            ServerEvent::Refused(_) | ServerEvent::Bye(_) if !link.view.is_in => {
                link.is_closed = true;
                self.gives_up(at);
                return Ok(());
            }
            _ => {}
        }
        let placed = link.view.takes(&event)?;
        let epoch = link.view.epoch.clone();
        let is_news = entry(&event).is_some_and(|(room, seq)| link.view.is_news(room, seq));
        self.truth.saw(&epoch, at, &event, is_news)?;
        if let Some(placed) = placed {
            self.people[who].unacked.retain(|(_, text, _)| *text != placed.text);
            self.truth.placed(&epoch, at, placed)?;
        }
        match event {
            ServerEvent::Chat(chat) if is_news => {
                self.is_prompt(at, &chat)?;
                self.echo(who, at, &chat);
            }
            ServerEvent::Refused(refused) => {
                let re = refused.re.as_deref();
                self.people[who].unacked.retain(|(id, ..)| re != Some(id.as_str()));
            }
            ServerEvent::Roster(roster) => truth::roster(&roster, &self.links[at].view.nick)?,
            ServerEvent::History(history) => {
                for event in history.events {
                    self.truth.saw(&epoch, at, &event, false)?;
                }
            }
            ServerEvent::Whisper(whisper) => {
                let to = whisper.text.split(" to ").nth(1).unwrap_or_default();
                self.links[at].view.whispered(to)?;
                self.truth.whispered(&whisper.text)?;
            }
            ServerEvent::Gap(gap) if gap.before > gap.after + 1 => self.counts.gaps += 1,
            ServerEvent::Ping(ping) => self.tell(at, &ClientEvent::Pong(ping)),
            ServerEvent::Bye(bye) => self.explains(at, &bye.code, now)?,
            _ => {}
        }
        Ok(())
    }

    /// What was said by somebody whom nothing troubles is there at once for who is as well.
    pub(super) fn is_prompt(&mut self, at: usize, chat: &Chat<'_>) -> Result<(), Violation> {
        let now = self.now();
        let Some((sent, by)) = self.said.get(&*chat.text).copied() else { return Ok(()) };
        let is_well = self.links[at].is_prompt(sent) && self.links[by].is_prompt(sent);
        if !is_well || now <= sent + PROMPTLY {
            return Ok(());
        }
        let (nick, late) = (&self.links[at].view.nick, now - sent);
        found(PROMPT, format!("{nick} hears {} after {late} ms", chat.text))
    }

    /// A bot answers whatever it hears, to the last hop.
    pub(super) fn echo(&mut self, who: usize, at: usize, chat: &Chat<'_>) {
        if !self.people[who].sketch.echoes || chat.hops >= limits::HOPS || !self.links[at].is_in() {
            return;
        }
        let id = self.people[who].numbered('m', who);
        let text = format!("<{id}>echo");
        let bytes = self.says(who, at, id, text, chat.room.to_string(), Some(chat.seq));
        self.counts.messages += 1;
        self.send(at, bytes);
    }

    /// Whether something that happened is a reason for this goodbye.
    pub(super) fn explains(&mut self, at: usize, code: &str, now: u64) -> Result<(), Violation> {
        let link = &self.links[at];
        // Only what is retained can be waited for, and a little is gone at once.
        let retains_little = self.plan.limits.retained_bytes < 1024 * 1024;
        let is_troubled = !link.is_well(now.saturating_sub(120_000));
        let came_again = self.links.iter().skip(at + 1).any(|other| other.who == link.who);
        let acts = |wanted: fn(&Act) -> bool| self.plan.steps.iter().any(|step| wanted(&step.act));
        let is_explained = match code {
            "quit" => link.has_quit,
            "kicked" => acts(|act| matches!(act, Act::Kick { .. })),
            "banned" => acts(|act| matches!(act, Act::Ban { .. })),
            "replaced" => came_again,
            "lagged" => retains_little || is_troubled,
            "write_timeout" | "ping_timeout" => is_troubled,
            "shutdown" => self.house.as_ref().is_none_or(|house| house.is_draining),
            _ => false,
        };
        if is_explained {
            return Ok(());
        }
        found(REASON, format!("{} is told {code} for nothing", link.view.nick))
    }

    /// The server has ended a connection.
    pub(super) fn ended(&mut self, at: usize) -> Result<(), Violation> {
        let now = self.now();
        let link = &self.links[at];
        let who = link.who;
        if link.drips.is_some() {
            return Ok(());
        }
        if link.speaks == Speaks::Native && link.view.is_in {
            link.view.has_all()?;
            let is_well = link.is_well(now.saturating_sub(30_000)) && !link.has_quit;
            let is_up = self.house.is_some() && link.run == self.run && !self.has_crashed;
            if link.view.bye.is_none() && is_well && is_up {
                return found(REASON, format!("{} is left without a word", link.view.nick));
            }
        }
        if self.people[who].link == Some(at) {
            self.remembers(who);
        }
        self.links[at].is_closed = true;
        self.send_end(at, End::Closed);
        if self.people[who].is_watch() && self.house.is_some() {
            self.has_blinked = true;
            self.connect(who, 0);
        }
        Ok(())
    }
}
