//! What comes from the server.

use super::super::super::show::{JUMP, missing};
use super::super::item::{Body, How, State};
use super::super::place::Place;
use super::super::room::{Room, said};
use super::asked::ask_history;
use super::entries::{entry, note_members};
use super::over::{Entry, Over};
use super::{App, Asked, CROWD, Do, Link, MENTIONS, NOTIFY};
use crate::client::{Closed, Event};
use crate::wire::entry::{MessageId, Millis};
use crate::wire::native::{
    Ack, ClientEvent, Entered, Refused, RoomState, ServerEvent, Welcome, Whisper, Who,
};
use crate::wire::nick::Nick;
use crate::wire::shown::Shown;

impl App {
    pub(super) fn client(&mut self, event: Event, todo: &mut Vec<Do>) {
        match event {
            Event::Online { nick, welcome, first } => self.online(&nick, &welcome, first, todo),
            Event::Offline { why, .. } => self.offline(&why),
            Event::Server(event) => self.server(&event, todo),
            Event::Closed { why } => self.closed(why, todo),
        }
    }

    fn online(&mut self, nick: &Nick, welcome: &Welcome<'_>, first: bool, todo: &mut Vec<Do>) {
        self.link = Link::Online;
        self.hint.take_if(|hint| hint.is_of_link);
        self.me = Shown::new(nick.as_str());
        if matches!(self.over, Over::Name { .. }) {
            self.over = Over::None;
        }
        let is_anew = self.epoch.as_deref().is_some_and(|epoch| epoch != welcome.epoch);
        self.epoch = Some(welcome.epoch.clone().into_owned());
        if is_anew {
            self.rooms.iter_mut().for_each(Room::forget_order);
        }
        // A question to the last connection gets no answer from this one.
        self.asked.clear();
        self.rooms.iter_mut().for_each(|room| room.asking = None);
        // What was there before anything else becomes the first room.
        if let (Some(state), [only]) = (welcome.rooms.first(), self.rooms.as_mut_slice())
            && *only.name == *self.server
        {
            only.name = Shown::new(&state.room);
        }
        for state in &welcome.rooms {
            self.enter(state, todo);
        }
        if first && self.replay.len() <= welcome.rooms.len() {
            self.note(&welcome.text.clone());
            self.note("/help lists the commands, F1 the keys, /quit leaves");
        }
        self.measured = Millis(0);
        self.measure(todo);
    }

    /// The user is in this room: anew, or again.
    fn enter(&mut self, state: &RoomState<'_>, todo: &mut Vec<Do>) {
        let name = Shown::new(&state.room);
        let is_again = self.replay.contains_key(&*name);
        self.replay.insert(name.to_string(), state.seq);
        let (now, cap) = (self.now, self.settings.scrollback);
        let at = self.rooms.iter().position(|room| room.name == name).unwrap_or_else(|| {
            self.rooms.push(Room::new(&name, cap));
            self.rooms.len() - 1
        });
        let room = &mut self.rooms[at];
        room.topic = state.topic.as_deref().map(Shown::new);
        room.is_recorded = state.recorded;
        room.count = state.members;
        room.is_roster = false;
        if is_again {
            let last = room.items.iter().filter_map(|item| item.seq).max();
            let missed = state.seq.saturating_sub(last.unwrap_or(state.seq));
            let text = match missed {
                // The user's own return is one of them.
                0 | 1 => "connected again".to_owned(),
                // No count of entries: the gap behind it says what it is.
                n if n >= JUMP => "connected again".to_owned(),
                n => format!("connected again; {n} entries came meanwhile"),
            };
            room.push(now, None, Body::Note(Shown::new(&text)));
        } else {
            room.oldest = Some(state.seq + 1);
            room.has_more = state.seq > 0;
        }
        let earlier = self.settings.earlier;
        if !is_again && earlier > 0 {
            let id = self.ask(Asked::First(name.clone()));
            self.rooms[at].asking = Some(id.clone());
            todo.push(ask_history(id, &name, Some(state.seq + 1), earlier));
        }
        if state.members <= CROWD {
            let room = Some(name.to_string());
            todo.push(Do::Send(ClientEvent::Who(Who { room })));
        }
        if let Some(wanted) = self.going.iter().position(|going| *going == *name) {
            self.going.remove(wanted);
            self.go(at);
        }
    }

    fn offline(&mut self, why: &str) {
        let why = Shown::new(why);
        let tries = if let Link::Offline { tries, .. } = &self.link {
            tries + 1
        } else {
            let text = Shown::new(&format!("{why}; connecting again, Enter tries at once"));
            for room in &mut self.rooms {
                room.push(self.now, None, Body::Alert(text.clone()));
            }
            self.hint.take_if(|hint| hint.is_of_link);
            1
        };
        self.latency = None;
        self.ping = None;
        self.link = Link::Offline { why, tries };
    }

    fn closed(&mut self, why: Closed, todo: &mut Vec<Do>) {
        match why {
            Closed::Refused { code, text } if matches!(&*code, "nick_taken" | "nick_invalid") => {
                self.link = Link::Connecting;
                self.drop_pending("under the old name");
                self.ask_name(&text);
            }
            why => todo.push(Do::End(why)),
        }
    }

    /// What waits will not be sent any more; the user can.
    fn drop_pending(&mut self, why: &str) {
        for pending in std::mem::take(&mut self.pending) {
            let text = format!("it is not known whether this was sent {why}: {}", pending.typed);
            self.alert(&text);
            if let Some(room) = self.named(&pending.room) {
                room.settle(pending.item, State::Failed);
            }
        }
    }

    fn server(&mut self, event: &ServerEvent<'static>, todo: &mut Vec<Do>) {
        use ServerEvent as E;
        match event {
            E::Chat(_) | E::Join(_) | E::Leave(_) | E::Rename(_) | E::Topic(_) | E::Crowd(_) => {
                self.live(event, todo);
            }
            E::Ack(ack) => self.acked(ack),
            E::Refused(refused) => self.refused(refused),
            E::Entered(Entered { state, .. }) => self.enter(state, todo),
            E::Parted(e) => self.parted(&e.room),
            E::Rooms(e) => {
                self.known = e.rooms.iter().map(|state| state.room.to_string()).collect();
                for state in &e.rooms {
                    let topic = state.topic.as_deref().map(|topic| format!(": {topic}"));
                    let topic = topic.unwrap_or_default();
                    self.note(&format!("{}, {} here{topic}", state.room, state.members));
                }
            }
            E::Whisper(whisper) => self.whispered(whisper, todo),
            E::Roster(roster) => self.roster(roster),
            E::History(history) => self.history(history, todo),
            E::Gap(gap) => {
                let text = missing(gap).plain();
                let text = Shown::new(text.trim_start_matches("-- "));
                let now = self.now;
                if let Some(room) = self.named(&gap.room) {
                    room.push(now, None, Body::Alert(text));
                }
            }
            E::Notice(notice) => self.note(&notice.text.clone()),
            E::Pong(pong) => {
                if let Some((_, sent)) =
                    self.ping.take_if(|(id, _)| Some(&**id) == pong.id.as_deref())
                {
                    self.latency = Some(self.now.0.saturating_sub(sent.0));
                }
            }
            E::Welcome(_) | E::Ping(_) | E::Bye(_) => {}
        }
    }

    /// Something happens in a room now, or happened while the connection was gone.
    fn live(&mut self, event: &ServerEvent<'_>, todo: &mut Vec<Do>) {
        let Some((name, at, seq, body)) = entry(event, &self.me) else { return };
        let Some(index) = self.rooms.iter().position(|room| room.name == name) else { return };
        let is_past = self.replay.get(&*name).is_some_and(|replay| seq <= *replay);
        let is_ghost = match event {
            ServerEvent::Join(e) | ServerEvent::Leave(e) => *Shown::new(&e.who) == *self.me,
            _ => false,
        };
        if is_ghost {
            return;
        }
        note_members(&mut self.rooms[index], event);
        if let ServerEvent::Rename(e) = event
            && !is_past
            && *Shown::new(&e.from) == *self.me
        {
            self.me = Shown::new(&e.to);
        }
        let is_watched = self.is_watched(index);
        let room = &mut self.rooms[index];
        let mention = match &body {
            Body::Said(said) if !said.is_own => {
                if !is_watched {
                    if room.unread == 0 {
                        room.marker = room.items.back().map(|item| item.id);
                    }
                    room.unread = room.unread.saturating_add(1);
                    room.mentions += u32::from(said.is_mention);
                }
                said.is_mention.then(|| (said.who.clone(), said.text.clone()))
            }
            _ => None,
        };
        room.push(at, Some(seq), body);
        if let Some((who, text)) = mention {
            self.mentioned(Entry { room: name, seq: Some(seq), at, who, text }, is_watched, todo);
        }
    }

    fn mentioned(&mut self, entry: Entry, is_watched: bool, todo: &mut Vec<Do>) {
        if !is_watched && self.now.0.saturating_sub(self.notified.0) >= NOTIFY {
            self.notified = self.now;
            let title = format!("{} in {}", entry.who, entry.room);
            todo.push(Do::Notify { title, body: entry.text.to_string() });
        }
        self.mentions.push_front(entry);
        self.mentions.truncate(MENTIONS);
    }

    pub(super) fn took(&mut self, local: u64, id: MessageId) {
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.local == local) {
            pending.id = Some(id);
        }
    }

    fn answered(&mut self, id: Option<&str>) -> Option<super::Pending> {
        let is_it = |pending: &super::Pending| pending.id.is_some() && pending.id.as_deref() == id;
        let at = self.pending.iter().position(is_it)?;
        self.pending.remove(at)
    }

    fn acked(&mut self, ack: &Ack<'_>) {
        let Some(pending) = self.answered(ack.id.as_deref()) else { return };
        if !ack.duplicate && self.link == Link::Online {
            self.latency = Some(self.now.0.saturating_sub(pending.since.0));
        }
        let Some(room) = self.named(&pending.room) else { return };
        match ack.seq {
            Some(seq) => room.place_own(pending.item, seq, Millis(ack.at)),
            None => room.settle(pending.item, State::Placed),
        }
    }

    fn refused(&mut self, refused: &Refused<'_>) {
        if let Some(Asked::First(room) | Asked::Older(room)) =
            refused.re.as_deref().and_then(|id| self.asked.remove(id))
        {
            // There is no past to be had: nothing was asked by the user.
            if let Some(room) = self.named(&room) {
                (room.asking, room.has_more, room.seek) = (None, false, None);
            }
            return;
        }
        let Some(pending) = self.answered(refused.re.as_deref()) else {
            return self.alert(&refused.text.clone());
        };
        if let Some(room) = self.named(&pending.room) {
            room.settle(pending.item, State::Failed);
        }
        self.alert(&format!("not sent: {}", refused.text));
        // To be changed and sent again, where it was to be said.
        if *self.room().name == *pending.room {
            if self.editor.is_empty() {
                self.editor.set(&pending.typed);
            }
        } else if let Some(room) = self.named(&pending.room)
            && room.draft.is_empty()
        {
            room.draft = pending.typed;
        }
    }

    fn parted(&mut self, name: &str) {
        let Some(at) = self.rooms.iter().position(|room| *room.name == *Shown::new(name)) else {
            return;
        };
        self.replay.remove(name);
        if self.rooms.len() == 1 {
            return self.note(&format!("you left {name}; /join #ROOM goes to another"));
        }
        self.rooms.remove(at);
        if self.at > at || self.at == self.rooms.len() {
            self.at -= 1;
        }
        self.note(&format!("you left {name}"));
    }

    fn whispered(&mut self, e: &Whisper<'_>, todo: &mut Vec<Do>) {
        let mut said = said(&e.from, e.kind, &e.text, How::Whisper);
        said.is_mention = true;
        let (who, text) = (said.who.clone(), said.text.clone());
        let is_watched = self.is_watched(self.at);
        let room = self.room_mut();
        if !is_watched {
            if room.unread == 0 {
                room.marker = room.items.back().map(|item| item.id);
            }
            room.unread += 1;
            room.mentions += 1;
        }
        room.spoke(&who);
        room.push(Millis(e.at), None, Body::Said(said));
        let name = room.name.clone();
        let entry = Entry { room: name, seq: None, at: Millis(e.at), who, text };
        self.mentioned(entry, is_watched, todo);
    }

    /// Goes to a room.
    pub(super) fn go(&mut self, at: usize) {
        if at >= self.rooms.len() || at == self.at {
            return;
        }
        let draft = self.editor.take();
        self.room_mut().draft = draft;
        self.at = at;
        let draft = std::mem::take(&mut self.room_mut().draft);
        if !draft.is_empty() {
            self.editor.set(&draft);
        }
        self.completion = None;
        if self.room().place == Place::End {
            let room = self.room_mut();
            (room.unread, room.mentions) = (0, 0);
        }
    }
}
