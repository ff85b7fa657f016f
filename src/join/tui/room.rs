//! One room as the user sees it: a bounded ring of items, who is there, what is unread. Where the
//! user is in it is in [`super::place`]. Pure; the older items are asked for by the app.

use super::item::{Body, Crossing, How, Item, Said, State};
use super::place::Place;
use super::wrap::Wraps;
use crate::wire::entry::{Kind, Millis};
use crate::wire::shown::Shown;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

/// Times the usual scrollback that are held at most while the user goes back.
const FURTHEST: usize = 4;

/// Names that are completed first because they spoke last.
const SPEAKERS: usize = 20;

/// A room, or what is left of it.
#[expect(clippy::struct_excessive_bools, reason = "they change apart from each other")]
#[derive(Debug)]
pub(super) struct Room {
    pub(super) name: Shown,
    pub(super) topic: Option<Shown>,
    pub(super) is_recorded: bool,
    pub(super) items: VecDeque<Item>,
    /// Items held; the oldest goes when there is one more, and can be asked for again.
    cap: usize,
    next_id: u64,
    /// Who is here, by the name in lower case.
    pub(super) members: BTreeMap<String, Member>,
    /// How many are here, by the server's word and what happened since.
    pub(super) count: usize,
    /// The names are all known.
    pub(super) is_roster: bool,
    pub(super) unread: u32,
    pub(super) mentions: u32,
    /// The last item the user has seen: behind it everything is new.
    pub(super) marker: Option<u64>,
    pub(super) place: Place,
    /// The oldest place in the order that is held: what is before it can be asked for.
    pub(super) oldest: Option<u64>,
    pub(super) has_more: bool,
    /// So far back that the newest were let go: what is said now is counted, not held, until the
    /// user comes back to the end.
    pub(super) is_far: bool,
    /// The id of the question for older items.
    pub(super) asking: Option<String>,
    /// The item the user wants to see, which is still to come.
    pub(super) seek: Option<u64>,
    pub(super) speakers: VecDeque<Shown>,
    pub(super) wraps: RefCell<Wraps>,
    /// What the user was writing here.
    pub(super) draft: String,
}

#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: Shown,
    pub(super) kind: Kind,
}

impl Room {
    pub(super) fn new(name: &str, cap: usize) -> Self {
        Self {
            name: Shown::new(name),
            topic: None,
            is_recorded: true,
            items: VecDeque::new(),
            cap,
            next_id: 0,
            members: BTreeMap::new(),
            count: 0,
            is_roster: false,
            unread: 0,
            mentions: 0,
            marker: None,
            place: Place::End,
            oldest: None,
            has_more: false,
            is_far: false,
            asking: None,
            seek: None,
            speakers: VecDeque::new(),
            wraps: RefCell::default(),
            draft: String::new(),
        }
    }

    /// Appends an item. Comings and goings are folded into those before them.
    pub(super) fn push(&mut self, at: Millis, seq: Option<u64>, body: Body) -> u64 {
        if self.is_far && seq.is_some() {
            return self.fresh_id();
        }
        if let (Body::Crossings(news), Some(last)) = (&body, self.items.back_mut())
            && let [news] = news.as_slice()
            && last.fold(news, at, seq)
        {
            let id = last.id;
            self.wraps.get_mut().forget(id);
            return id;
        }
        let id = self.fresh_id();
        self.items.push_back(Item { id, seq, at, body });
        self.trim();
        id
    }

    /// Puts a line across in front of everything.
    pub(super) fn push_rule(&mut self, at: Millis, text: &str) {
        let id = self.fresh_id();
        let at = self.items.front().map_or(at, |item| item.at);
        self.items.push_front(Item { id, seq: None, at, body: Body::Rule(Shown::new(text)) });
    }

    /// Puts older items in front, in their order, up to those that are held.
    pub(super) fn prepend(&mut self, older: Vec<(Millis, u64, Body)>, has_more: bool) {
        let held = self.oldest.or_else(|| self.items.iter().find_map(|item| item.seq));
        let before = held.unwrap_or(u64::MAX);
        let first = older.first().map(|(_, seq, _)| *seq);
        let mut block: Vec<Item> = Vec::new();
        for (at, seq, body) in older.into_iter().filter(|(_, seq, _)| *seq < before) {
            if let (Body::Crossings(news), Some(last)) = (&body, block.last_mut())
                && let [news] = news.as_slice()
                && last.fold(news, at, Some(seq))
            {
                continue;
            }
            let id = self.fresh_id();
            block.push(Item { id, seq: Some(seq), at, body });
        }
        self.has_more = has_more && first.is_some_and(|first| first < before);
        self.oldest = first.map(|first| first.min(before)).or(self.oldest);
        for item in block.into_iter().rev() {
            self.items.push_front(item);
        }
        // The user goes back, so the newest are the farthest away.
        while self.items.len() > self.cap.saturating_mul(FURTHEST) {
            self.is_far |= self.items.pop_back().is_some_and(|item| item.seq.is_some());
        }
    }

    /// The item has its place in the order: moves it there.
    pub(super) fn place_own(&mut self, id: u64, seq: u64, at: Millis) {
        let Some(mut item) = self.index(id).and_then(|index| self.items.remove(index)) else {
            return;
        };
        item.seq = Some(seq);
        item.at = at;
        if let Body::Said(said) = &mut item.body {
            said.state = State::Placed;
        }
        let is_before = |other: &Item| other.seq.is_some_and(|other| other < seq);
        let to = self.items.iter().rposition(is_before).map_or(0, |index| index + 1);
        // Notes between stay where they are: only what was said decides.
        let later = self.items.iter().skip(to).any(|other| other.seq.is_some());
        let to = if later { to } else { self.end_of_placed(to) };
        self.items.insert(to, item);
        self.wraps.get_mut().forget(id);
    }

    /// Behind the notes that follow a place, and before what waits for its own.
    fn end_of_placed(&self, from: usize) -> usize {
        let waits =
            |item: &Item| matches!(&item.body, Body::Said(said) if said.state == State::Pending);
        let rest = self.items.iter().skip(from);
        from + rest.take_while(|item| !waits(item)).count()
    }

    /// A whisper was taken by the server, or what was said was refused.
    pub(super) fn settle(&mut self, id: u64, state: State) {
        if let Some(index) = self.index(id)
            && let Some(Item { body: Body::Said(said), .. }) = self.items.get_mut(index)
        {
            said.state = state;
            self.wraps.get_mut().forget(id);
        }
    }

    pub(super) fn index(&self, id: u64) -> Option<usize> {
        // What is looked for is nearly always among the last.
        self.items.iter().rposition(|item| item.id == id)
    }

    /// The item at a place in the order, or the first behind it.
    pub(super) fn at_seq(&self, seq: u64) -> Option<u64> {
        let found = self.items.iter().find(|item| item.seq.is_some_and(|own| own >= seq));
        found.map(|item| item.id)
    }

    /// The user is back at the end: what was held is of another time. Own lines that wait for
    /// their place stay.
    pub(super) fn come_back(&mut self) {
        self.is_far = false;
        let waits =
            |item: &Item| matches!(&item.body, Body::Said(said) if said.state == State::Pending);
        self.items.retain(waits);
        (self.oldest, self.has_more, self.asking, self.seek) = (None, true, None, None);
    }

    /// Numbers of the order mean nothing any more.
    pub(super) fn forget_order(&mut self) {
        for item in &mut self.items {
            item.seq = None;
        }
        (self.oldest, self.has_more, self.asking, self.seek) = (None, false, None, None);
    }

    /// Somebody is here.
    pub(super) fn came(&mut self, who: &Shown, kind: Kind) {
        self.members.insert(who.to_lowercase(), Member { name: who.clone(), kind });
    }

    pub(super) fn went(&mut self, who: &str) {
        self.members.remove(&who.to_lowercase());
        self.speakers.retain(|speaker| **speaker != *who);
    }

    pub(super) fn spoke(&mut self, who: &Shown) {
        if self.speakers.front() == Some(who) {
            return;
        }
        self.speakers.retain(|speaker| speaker != who);
        self.speakers.push_front(who.clone());
        self.speakers.truncate(SPEAKERS);
    }

    /// The newest item before (or after) an index that has the words.
    pub(super) fn find(&self, words: &str, from: usize, older: bool) -> Option<u64> {
        let words = words.to_lowercase();
        let has = |item: &&Item| {
            !words.is_empty()
                && (item.plain().to_lowercase().contains(&words)
                    || item.who().to_lowercase() == words)
        };
        let found = if older {
            self.items.iter().take(from).rfind(has)
        } else {
            self.items.iter().skip(from + 1).find(has)
        };
        found.map(|item| item.id)
    }

    fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Lets the oldest go. While the user reads further up, half as much again is held first.
    fn trim(&mut self) {
        let cap = if self.place == Place::End { self.cap } else { self.cap + self.cap / 2 };
        while self.items.len() > cap {
            let gone = self.items.pop_front();
            if let Some(item) = gone {
                self.wraps.get_mut().forget(item.id);
                if item.seq.is_some() {
                    // What went can be had again.
                    self.oldest = self.items.iter().find_map(|item| item.seq).or(self.oldest);
                    self.has_more = true;
                }
            }
        }
    }
}

/// What was said, as a body.
pub(super) fn said(who: &str, kind: Kind, text: &str, how: How) -> Said {
    Said {
        who: Shown::new(who),
        kind,
        text: Shown::new(text),
        how,
        is_own: false,
        is_mention: false,
        state: State::Placed,
    }
}

/// Somebody's coming or going, as a body.
pub(super) fn crossing(who: &str, kind: Kind, way: super::item::Way) -> Body {
    Body::Crossings(vec![Crossing { who: Shown::new(who), kind, way }])
}

#[cfg(test)]
mod tests {
    use super::super::item::Way;
    use super::*;

    fn note(text: &str) -> Body {
        Body::Note(Shown::new(text))
    }

    fn own(text: &str) -> Body {
        Body::Said(Said { state: State::Pending, ..said("Neo", Kind::User, text, How::Plain) })
    }

    fn texts(room: &Room) -> Vec<String> {
        room.items.iter().map(Item::plain).collect()
    }

    #[test]
    fn own_lines_go_to_their_place_when_it_is_known() {
        let mut room = Room::new("#lobby", 100);
        room.push(Millis(1), Some(5), note("five"));
        let first = room.push(Millis(2), None, own("mine"));
        let second = room.push(Millis(2), None, own("mine too"));
        room.push(Millis(3), None, note("aside"));
        room.push(Millis(3), Some(6), note("six"));
        room.push(Millis(3), Some(8), note("eight"));
        room.place_own(first, 7, Millis(4));
        assert_eq!(texts(&room), ["five", "mine too", "aside", "six", "mine", "eight"]);
        room.place_own(second, 9, Millis(4));
        assert_eq!(texts(&room), ["five", "aside", "six", "mine", "eight", "mine too"]);
        room.place_own(99, 10, Millis(4));
        assert_eq!(room.items.len(), 6);
    }

    #[test]
    fn the_ring_is_bounded_and_what_went_can_be_asked_for() {
        let mut room = Room::new("#lobby", 10);
        for seq in 1..=30 {
            room.push(Millis(seq), Some(seq), note(&seq.to_string()));
        }
        assert_eq!((room.items.len(), room.oldest, room.has_more), (10, Some(21), true));
        let older = (15..=22).map(|seq| (Millis(seq), seq, note(&seq.to_string()))).collect();
        room.prepend(older, true);
        assert_eq!(texts(&room).first().map(String::as_str), Some("15"));
        assert_eq!(texts(&room).iter().filter(|text| *text == "21").count(), 1, "nothing twice");
        assert_eq!(room.oldest, Some(15));
        room.prepend(Vec::new(), true);
        assert!(!room.has_more, "an empty answer is the beginning");
    }

    #[test]
    fn who_goes_far_back_loses_the_newest_and_nothing_twice() {
        let mut room = Room::new("#lobby", 10);
        for seq in 91..=100 {
            room.push(Millis(seq), Some(seq), note(&seq.to_string()));
        }
        room.place = Place::At { id: 1, below: 0 };
        room.oldest = Some(91);
        let page = |from: u64| (from..from + 20).map(|n| (Millis(n), n, note(&n.to_string())));
        room.prepend(page(71).collect(), true);
        assert!(!room.is_far);
        room.prepend(page(51).collect(), true);
        assert!(room.is_far);
        assert_eq!((room.items.len(), texts(&room)[39].as_str()), (40, "90"));
        room.push(Millis(101), Some(101), note("101"));
        assert_eq!(texts(&room)[39], "90", "there is nothing between");
        room.push(Millis(101), None, own("waits"));
        room.come_back();
        room.push(Millis(102), Some(102), note("102"));
        room.prepend((83..=102).map(|n| (Millis(n), n, note(&n.to_string()))).collect(), true);
        let texts = texts(&room);
        assert_eq!(texts[texts.len() - 3..], ["101", "waits", "102"]);
        assert_eq!(texts.len(), 21);
    }

    #[test]
    fn comings_and_goings_are_one_item() {
        let mut room = Room::new("#lobby", 10);
        for (seq, who) in [(1, "Ann"), (2, "Bob")] {
            room.push(Millis(seq), Some(seq), crossing(who, Kind::User, Way::Came));
        }
        assert_eq!(texts(&room), ["Ann, Bob joined"]);
        room.push(Millis(3), Some(3), note("between"));
        room.push(Millis(4), Some(4), crossing("Ann", Kind::User, Way::Went(None)));
        assert_eq!(texts(&room), ["Ann, Bob joined", "between", "Ann left"]);
    }

    #[test]
    fn what_is_looked_for_is_found_in_both_directions() {
        let mut room = Room::new("#lobby", 10);
        let ids: Vec<u64> = ["tea", "milk", "Tea again"]
            .iter()
            .map(|text| room.push(Millis(1), None, note(text)))
            .collect();
        assert_eq!(room.find("TEA", room.items.len(), true), Some(ids[2]));
        assert_eq!(room.find("tea", 2, true), Some(ids[0]));
        assert_eq!(room.find("tea", 0, false), Some(ids[2]));
        assert_eq!(room.find("", 3, true), None);
    }
}
