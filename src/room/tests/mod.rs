//! The rules of the rooms, one by one.

mod lists;
mod orders;
mod properties;
mod several;

use super::{Answer, Effects, Input, Join, Post, Refusal, Reply, Rooms, Target};
use crate::wire::close::CloseReason;
use crate::wire::entry::{Chat, Entry, Event, Kind, Millis, RoomId, Seq, SessionId};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use crate::wire::text::Text;
use std::net::{IpAddr, Ipv4Addr};

/// Rooms with a transcript.
struct Stage {
    room: Rooms,
    at: u64,
}

fn addr(session: u64) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, u8::try_from(session).unwrap()))
}

fn nick(name: &str) -> Nick {
    Nick::parse(name.as_bytes()).unwrap()
}

fn text(text: &str) -> Text {
    Text::clean(text.as_bytes()).unwrap()
}

fn join(session: u64, name: &str) -> Join {
    let session_id = SessionId(session);
    Join {
        session: session_id,
        nick: nick(name),
        kind: Kind::User,
        addr: addr(session),
        token: None,
        room: RoomName::lobby(),
    }
}

/// What came of an input.
#[derive(Debug)]
struct Came {
    entries: Vec<Entry>,
    /// Of which room each entry is.
    rooms: Vec<RoomId>,
    replies: Vec<Reply>,
}

impl From<Effects> for Came {
    fn from(effects: Effects) -> Self {
        let (mut entries, mut rooms) = (Vec::new(), Vec::new());
        for appended in effects.appended {
            rooms.extend(appended.entries.iter().map(|_| appended.room));
            entries.extend(appended.entries);
        }
        Self { entries, rooms, replies: effects.replies }
    }
}

fn open(name: &str) -> Input {
    let room = RoomName::parse(name).unwrap();
    Input::Open { room, first: Seq(1), topic: None, recorded: true }
}

impl Stage {
    fn new() -> Self {
        Self::of(Rooms::new(3, 256))
    }

    fn of(room: Rooms) -> Self {
        let mut stage = Self { room, at: 0 };
        stage.apply(open("lobby"));
        stage
    }

    fn with(names: &[&str]) -> Self {
        let mut stage = Self::new();
        for (name, session) in names.iter().zip(1..) {
            stage.join(join(session, name));
        }
        stage
    }

    fn apply(&mut self, input: Input) -> Came {
        let mut effects = Effects::default();
        self.at += 1;
        self.room.apply(Millis(self.at), input, &mut effects);
        effects.into()
    }

    #[track_caller]
    fn join(&mut self, join: Join) {
        let session = join.session;
        let effects = self.apply(Input::Join(join));
        let Reply { to, answer, .. } = effects.replies.last().unwrap();
        assert_eq!(*to, session);
        assert!(matches!(answer, Answer::Admitted { .. }), "{answer:?}");
    }

    #[track_caller]
    fn refused_join(&mut self, join: Join) -> Refusal {
        let effects = self.apply(Input::Join(join));
        assert!(effects.entries.is_empty(), "somebody outside changes nothing");
        match effects.replies.as_slice() {
            [Reply { answer: Answer::NotAdmitted(refusal), .. }] => refusal.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn post(&mut self, session: u64, post: Post) -> Came {
        self.apply(Input::Post { session: SessionId(session), room: None, posts: vec![post] })
    }

    #[track_caller]
    fn said(&mut self, session: u64, post: Post) -> (Seq, Chat) {
        let mut effects = self.post(session, post);
        match effects.entries.pop().map(|entry| (entry.seq, entry.event)) {
            Some((seq, Event::Chat(chat))) => (seq, chat),
            other => panic!("{other:?}"),
        }
    }

    fn console(&mut self, input: Input) -> Result<String, String> {
        let effects = self.apply(input);
        match effects.replies.last().map(|reply| (reply.to, &reply.answer)) {
            Some((SessionId::CONSOLE, Answer::Done(text))) => Ok(text.clone()),
            Some((SessionId::CONSOLE, Answer::Failed(text))) => Err(text.clone()),
            other => panic!("{other:?}"),
        }
    }

    fn names(&self) -> Vec<String> {
        self.room.members().map(|member| member.nick.to_string()).collect()
    }
}

fn answers(effects: &Came, session: u64) -> Vec<&Answer> {
    let to = SessionId(session);
    effects.replies.iter().filter(|reply| reply.to == to).map(|reply| &reply.answer).collect()
}

#[test]
fn a_name_belongs_to_one_session_and_is_free_when_it_leaves() {
    let mut stage = Stage::with(&["Neo"]);
    for taken in ["Neo", "neo", "NEO", "Ne0", "N\u{435}o"] {
        // The Cyrillic one does not even parse as one script: it fails at the door.
        let Ok(nick) = Nick::parse(taken.as_bytes()) else { continue };
        let refusal = stage.refused_join(Join { nick, ..join(2, "x") });
        assert_eq!(refusal, Refusal::NickTaken(self::nick("Neo")), "{taken}");
    }
    stage.apply(Input::Leave { session: SessionId(1), reason: CloseReason::Quit });
    stage.join(join(2, "NEO"));
    assert_eq!(stage.names(), ["NEO"]);
}

#[test]
fn who_was_kicked_is_gone_at_once_and_its_own_leave_is_nothing_more() {
    let mut stage = Stage::with(&["Neo", "Smith"]);
    let kick = Input::Kick { name: "SMITH".into(), reason: Some("spam".into()) };
    let effects = stage.apply(kick);
    assert!(matches!(
        &effects.entries[..],
        [entry] if matches!(&entry.event, Event::Leave { reason: CloseReason::Kicked, .. })
    ));
    assert_eq!(answers(&effects, 2), [&Answer::Close(CloseReason::Kicked, Some("spam".into()))]);
    let after = stage.apply(Input::Leave { session: SessionId(2), reason: CloseReason::Kicked });
    assert!(after.entries.is_empty() && after.replies.is_empty());
    assert!(stage.post(2, Post::plain(text("still here"))).entries.is_empty());
    // The name is free, and the next one is another session: a kick is not by name.
    stage.join(join(3, "Smith"));
    assert_eq!(stage.names(), ["Neo", "Smith"]);
    assert!(stage.console(Input::Kick { name: "Nobody".into(), reason: None }).is_err());
}

#[test]
fn whoever_shows_a_members_token_takes_its_place_whatever_it_is_called() {
    let token = |token: &str| Some(token.into());
    for name in ["Neo", "neo", "Thomas"] {
        let mut stage = Stage::new();
        stage.join(Join { token: token("secret"), ..join(1, "Neo") });
        stage.join(join(2, "Trinity"));
        stage.refused_join(join(3, "Neo"));
        stage.refused_join(Join { token: token("guess"), ..join(3, "Neo") });
        let refusal = stage.refused_join(Join { token: token("secret"), ..join(3, "Trinity") });
        assert_eq!(refusal, Refusal::NickTaken(nick("Trinity")), "a token opens no other's name");
        let effects = stage.apply(Input::Join(Join { token: token("secret"), ..join(3, name) }));
        assert_eq!(answers(&effects, 1), [&Answer::Close(CloseReason::Replaced, None)]);
        assert!(matches!(answers(&effects, 3)[..], [Answer::Admitted { .. }]));
        assert_eq!(stage.names(), ["Trinity", name]);
    }
}

/// What a client sent on a connection that it has given up may come after what it sent on the next.
#[test]
fn an_older_connection_takes_no_newer_ones_place() {
    let mut stage = Stage::new();
    let secret = || Some("secret".into());
    stage.join(Join { token: secret(), ..join(2, "Neo") });
    for name in ["Neo", "Thomas"] {
        let refusal = stage.refused_join(Join { token: secret(), ..join(1, name) });
        assert_eq!(refusal, Refusal::NickTaken(nick("Neo")));
    }
    assert_eq!(stage.names(), ["Neo"]);
}

#[test]
fn an_answer_stands_between_the_entries_it_was_given_between() {
    let mut stage = Stage::with(&["Neo"]);
    let post = |id: &str| Post { id: Some(id.into()), ..Post::plain(text("hi")) };
    let posts = vec![post("a"), post("a"), post("b"), post("b")];
    let effects = stage.apply(Input::Post { session: SessionId(1), room: None, posts });
    let places: Vec<_> = effects.entries.iter().map(|entry| entry.ordinal).collect();
    let after: Vec<_> = effects.replies.iter().map(|reply| reply.after).collect();
    assert_eq!(after, places);
}

#[test]
fn no_token_is_nobodys_token() {
    let mut stage = Stage::with(&["Neo"]);
    assert_eq!(stage.refused_join(join(2, "Neo")), Refusal::NickTaken(nick("Neo")));
}

#[test]
fn a_resend_has_the_place_it_had_across_connections() {
    let token = Some("secret".into());
    let mut stage = Stage::new();
    stage.join(Join { token: token.clone(), ..join(1, "Neo") });
    let post = Post { id: Some("a1".into()), ..Post::plain(text("hi")) };
    let (seq, _) = stage.said(1, post.clone());
    let at = Millis(stage.at);
    let duplicate = Answer::Duplicate { id: "a1".into(), room: RoomName::lobby(), seq, at };
    let again = stage.post(1, post.clone());
    assert!(again.entries.is_empty());
    assert_eq!(answers(&again, 1), [&duplicate]);
    stage.apply(Input::Leave { session: SessionId(1), reason: CloseReason::Lost });
    stage.join(Join { token, ..join(2, "Neo") });
    assert_eq!(answers(&stage.post(2, post.clone()), 2), [&duplicate]);
    // The same id of somebody else is another message.
    stage.join(join(3, "Trinity"));
    assert_eq!(stage.post(3, post).entries.len(), 1);
}

#[test]
fn bots_carry_cause_and_hops_and_people_do_not() {
    let mut stage = Stage::with(&["Neo"]);
    stage.join(Join { kind: Kind::Bot, ..join(2, "Bob") });
    let (first, chat) = stage.said(1, Post { cause: Some(Seq(1)), ..Post::plain(text("play")) });
    assert_eq!((chat.cause, chat.hops), (None, 0));
    let answer = |cause| Post { cause: Some(cause), ..Post::plain(text("ok")) };
    let (second, chat) = stage.said(2, answer(first));
    assert_eq!((chat.cause, chat.hops), (Some(first), 1));
    let (_, chat) = stage.said(2, answer(second));
    assert_eq!((chat.cause, chat.hops), (Some(second), 2));
    for never in [Seq(0), Seq(999)] {
        let (_, chat) = stage.said(2, answer(never));
        assert_eq!((chat.cause, chat.hops), (None, 0), "nothing comes of what never was");
    }
}

#[test]
fn the_muted_are_told_so_and_stay_muted_when_they_come_back() {
    let mut stage = Stage::with(&["Neo", "Smith"]);
    assert_eq!(stage.console(Input::Mute { name: "smith".into() }), Ok("muted smith".into()));
    let effects = stage.post(2, Post::plain(text("hi")));
    assert!(effects.entries.is_empty());
    let refused = Answer::Refused { re: Some("say".into()), refusal: Refusal::Muted };
    assert_eq!(answers(&effects, 2), [&refused]);
    stage.apply(Input::Leave { session: SessionId(2), reason: CloseReason::Quit });
    stage.join(join(3, "SMITH"));
    assert!(stage.post(3, Post::plain(text("hi"))).entries.is_empty());
    assert!(stage.console(Input::Unmute { name: "Smith".into() }).is_ok());
    assert_eq!(stage.post(3, Post::plain(text("hi"))).entries.len(), 1);
    assert!(stage.console(Input::Mute { name: "Nobody".into() }).is_err());
}

#[test]
fn a_muted_name_is_muted_for_whoever_takes_it_later() {
    let mut stage = Stage::with(&["Neo", "Smith"]);
    assert!(stage.console(Input::Mute { name: "smith".into() }).is_ok());
    stage.apply(Input::Leave { session: SessionId(2), reason: CloseReason::Quit });
    stage.join(join(3, "Tmp"));
    assert_eq!(stage.post(3, Post::plain(text("hi"))).entries.len(), 1);
    stage.apply(Input::Rename { session: SessionId(3), to: nick("SMITH") });
    assert!(stage.post(3, Post::plain(text("hi"))).entries.is_empty());
}

#[test]
fn what_was_said_is_not_refused_when_it_is_sent_again() {
    let mut stage = Stage::with(&["Neo"]);
    let post = Post { id: Some("a".into()), ..Post::plain(text("hi")) };
    assert_eq!(stage.post(1, post.clone()).entries.len(), 1);
    assert!(stage.console(Input::Mute { name: "Neo".into() }).is_ok());
    let again = stage.post(1, post);
    assert!(matches!(answers(&again, 1)[..], [Answer::Duplicate { .. }]));
    let next = stage.post(1, Post { id: Some("b".into()), ..Post::plain(text("hi")) });
    assert!(matches!(answers(&next, 1)[..], [Answer::Refused { refusal: Refusal::Muted, .. }]));
}

#[test]
fn bans_close_who_is_there_and_keep_out_who_comes() {
    let mut stage = Stage::with(&["Neo", "Smith"]);
    let ban = |target| Input::Ban { target, reason: Some("spam".into()) };
    let effects = stage.apply(ban(Target::parse("smith")));
    assert_eq!(answers(&effects, 2), [&Answer::Close(CloseReason::Banned, Some("spam".into()))]);
    assert_eq!(stage.refused_join(join(3, "Smith")), Refusal::Banned(Some("spam".into())));
    let rename = Input::Rename { session: SessionId(1), to: nick("Smith") };
    assert!(stage.apply(rename).entries.is_empty(), "nor by another door");
    assert!(stage.console(Input::Unban { target: Target::parse("SMITH") }).is_ok());
    stage.join(join(3, "Smith"));
    stage.apply(ban(Target::Address(addr(3))));
    assert_eq!(stage.names(), ["Neo"]);
    stage.refused_join(Join { addr: addr(3), ..join(4, "Other") });
    assert!(stage.console(Input::Unban { target: Target::parse("9.9.9.9") }).is_err());
}

#[test]
fn a_whisper_reaches_one_member_and_no_log() {
    let mut stage = Stage::with(&["Neo", "Trinity", "Smith"]);
    let whisper = |to: &str| Input::Whisper {
        session: SessionId(1),
        to: to.into(),
        text: text("psst"),
        id: None,
    };
    let effects = stage.apply(whisper("trinity"));
    assert!(effects.entries.is_empty());
    assert!(matches!(answers(&effects, 2)[..], [Answer::Whisper { .. }]));
    assert!(matches!(answers(&effects, 1)[..], [Answer::WhisperSent { .. }]));
    assert!(answers(&effects, 3).is_empty());
    let effects = stage.apply(whisper("Morpheus"));
    let refusal = Refusal::NoSuchMember("Morpheus".into());
    let refused = Answer::Refused { re: Some("whisper".into()), refusal };
    assert_eq!(answers(&effects, 1), [&refused]);
}

#[test]
fn a_new_name_is_an_entry_and_the_old_one_is_free() {
    let mut stage = Stage::with(&["Neo", "Trinity"]);
    let mut rename = |session, to: &str| {
        stage.apply(Input::Rename { session: SessionId(session), to: nick(to) })
    };
    assert!(rename(1, "TRINITY").entries.is_empty());
    assert_eq!(rename(1, "NEO").entries.len(), 1, "one's own name in another case is free");
    assert_eq!(rename(1, "Thomas").entries.len(), 1);
    assert_eq!(rename(2, "Neo").entries.len(), 1);
    assert_eq!(stage.names(), ["Thomas", "Neo"]);
}

#[test]
fn a_crowd_is_told_in_one_line_and_scripts_not_at_all() {
    let mut stage = Stage::of(Rooms::new(3, 2));
    let entries = |stage: &mut Stage, input| stage.apply(input).entries;
    assert_eq!(entries(&mut stage, Input::Join(join(1, "Ann"))).len(), 1);
    let script = Join { kind: Kind::Script, ..join(2, "deploy") };
    assert_eq!(entries(&mut stage, Input::Join(script)).len(), 0);
    assert!(!stage.room.wants_tick());
    for (session, name) in [(3, "Bea"), (4, "Cid"), (5, "Dan")] {
        assert_eq!(entries(&mut stage, Input::Join(join(session, name))).len(), 0);
    }
    let leave = Input::Leave { session: SessionId(5), reason: CloseReason::Quit };
    assert_eq!(entries(&mut stage, leave).len(), 0);
    assert!(stage.room.wants_tick());
    let told = entries(&mut stage, Input::Tick);
    assert!(matches!(&told[..], [e] if e.event == Event::Crowd { joined: 3, left: 1 }));
    assert!(!stage.room.wants_tick());
    assert_eq!(entries(&mut stage, Input::Tick).len(), 0);
    // Until the limits change.
    stage.room.set_limits(1, 100);
    assert_eq!(entries(&mut stage, Input::Join(join(6, "Eve"))).len(), 1);
    stage.apply(open("ops"));
    assert_eq!(stage.room.find(&RoomName::parse("ops").unwrap()), None);
    let names = [6, 7].map(|session| stage.room.member(SessionId(session)));
    assert_eq!(
        names.map(|member| member.map(|member| member.nick.to_string())),
        [Some("Eve".into()), None]
    );
}
