//! What is known of rooms and members, and asked for.

use super::{
    Answer, Came, Input, Join, Post, Refusal, Rooms, Stage, Target, answers, join, nick, open, text,
};
use crate::room::{About, Known, Member};
use crate::wire::close::CloseReason;
use crate::wire::entry::{Event, Kind, Millis, Ordinal, RoomId, Seq, SessionId};
use crate::wire::limits;
use crate::wire::room_name::RoomName;
use crate::wire::text::TextError;
use std::sync::Arc;

fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

fn set_topic(topic: &str) -> Input {
    let topic = Some(text(topic));
    Input::Topic { session: SessionId(1), room: None, topic, id: None }
}

fn enter(session: u64, name: &str, alone: bool) -> Input {
    Input::Enter { session: SessionId(session), room: room(name), id: None, alone }
}

/// The members as session 1 is told.
fn members(stage: &mut Stage) -> Arc<[Member]> {
    let came = stage.apply(Input::Roster { session: SessionId(1), room: None });
    match answers(&came, 1)[..] {
        [Answer::Roster { members, .. }] => members.clone(),
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn a_room_tells_what_it_is() {
    let mut stage = Stage::new();
    let (topic, first) = (Some(text("tea")), Seq(7));
    stage.apply(Input::Open { room: room("ops"), first, topic, recorded: true });
    stage.apply(Input::Open { room: room("den"), first, topic: None, recorded: false });
    stage.join(Join { room: room("ops"), ..join(1, "Neo") });
    let all: Vec<(RoomId, &str)> =
        stage.room.rooms().map(|(id, room)| (id, room.name().as_str())).collect();
    assert_eq!(all, [(RoomId(0), "#lobby"), (RoomId(1), "#ops"), (RoomId(2), "#den")]);
    let ops = stage.room.room(RoomId(1)).unwrap();
    assert_eq!((ops.seq(), ops.len(), ops.is_empty(), ops.is_recorded()), (Seq(7), 1, false, true));
    assert_eq!(ops.topic(), Some(&text("tea")));
    let den = stage.room.room(RoomId(2)).unwrap();
    assert_eq!((den.seq(), den.len(), den.is_empty(), den.is_recorded()), (Seq(6), 0, true, false));
    assert_eq!((den.topic(), stage.room.room(RoomId(3)).is_none()), (None, true));
    assert_eq!(stage.room.find(&room("den")), Some(RoomId(2)));
    assert_eq!(stage.room.ordinal(), Ordinal(1));
}

#[test]
fn rooms_worth_telling_of_are_the_lobby_and_those_with_members_or_a_topic() {
    let mut stage = Stage::of(Rooms::new(9, 256));
    for name in ["zoo", "ops", "den"] {
        stage.apply(open(name));
    }
    let topic = Some(text("tea"));
    stage.apply(Input::Open { room: room("tea"), first: Seq(1), topic, recorded: true });
    stage.join(Join { room: room("ops"), ..join(1, "Neo") });
    let told: Vec<String> = stage.room.rows().iter().map(|row| row.name.to_string()).collect();
    assert_eq!(told, ["#lobby", "#ops", "#tea"]);
}

#[test]
fn a_list_is_made_once_while_nothing_happens_and_anew_when_something_did() {
    let mut stage = Stage::with(&["Neo"]);
    let rows = |stage: &mut Stage| {
        let came = stage.apply(Input::Rooms { session: SessionId(1), id: None });
        match answers(&came, 1)[..] {
            [Answer::Rooms { rows, .. }] => rows.clone(),
            ref other => panic!("{other:?}"),
        }
    };
    let first = rows(&mut stage);
    assert!(Arc::ptr_eq(&first, &rows(&mut stage)));
    stage.apply(set_topic("tea"));
    assert_eq!(rows(&mut stage)[0].topic, Some(text("tea")));
    let first = members(&mut stage);
    assert!(Arc::ptr_eq(&first, &members(&mut stage)));
}

#[test]
fn the_list_of_members_is_of_now_whatever_has_changed_about_them() {
    let mut stage = Stage::with(&["Neo"]);
    stage.join(Join { kind: Kind::Bot, ..join(2, "Bob") });
    assert_eq!(members(&mut stage)[1].nick.as_str(), "Bob");
    stage.apply(Input::Rename { session: SessionId(2), to: nick("Rob") });
    assert_eq!(members(&mut stage)[1].nick.as_str(), "Rob");
    assert!(!members(&mut stage)[1].muted);
    stage.apply(Input::Mute { name: "Rob".into() });
    assert!(members(&mut stage)[1].muted);
    let about = About { calls: 7, ..About::default() };
    for session in [1, 2] {
        let (session, about) = (SessionId(session), about.clone());
        stage.apply(Input::About { session, about });
    }
    let told: Vec<_> = members(&mut stage).iter().map(|member| member.about.clone()).collect();
    assert_eq!(told, [None, Some(Arc::new(about))], "only bots tell about themselves");
    stage.apply(Input::Leave { session: SessionId(2), reason: CloseReason::Quit });
    assert_eq!(members(&mut stage).len(), 1);
}

#[test]
fn who_comes_in_is_told_of_the_room_as_it_is_then() {
    let mut stage = Stage::with(&["Neo"]);
    stage.apply(set_topic("tea"));
    let came = stage.apply(Input::Join(join(2, "Trinity")));
    let [Answer::Admitted { room: id, row }] = answers(&came, 2)[..] else { panic!("{came:?}") };
    assert_eq!((*id, row.name.as_str(), row.seq, row.members), (RoomId(0), "#lobby", Seq(3), 2));
    assert_eq!((row.topic.clone(), row.recorded), (Some(text("tea")), true));
    let names = ["trinity", "NEO", "Nobody"].map(|name| {
        let member = stage.room.named(name);
        member.map(|member| member.nick.to_string())
    });
    assert_eq!(names, [Some("Trinity".into()), Some("Neo".into()), None]);
}

#[test]
fn a_room_is_made_for_who_may_go_in_and_for_no_other() {
    let mut stage = Stage::of(Rooms::new(100, 256));
    stage.join(join(1, "Neo"));
    let mut makes = |input: &Input| stage.room.makes_room(Millis(1), input);
    let into = |name: &str| Join { room: room(name), ..join(2, "Trinity") };
    assert!(makes(&Input::Join(into("ops"))));
    assert!(!makes(&Input::Join(into("lobby"))), "it is there");
    assert!(!makes(&Input::Join(Join { nick: nick("Neo"), ..into("ops") })), "the name is taken");
    assert!(makes(&enter(1, "ops", false)));
    assert!(!makes(&enter(1, "lobby", false)));
    assert!(!makes(&enter(9, "ops", false)), "nobody has this session");
    assert!(!makes(&Input::Tick));
    for n in 1..limits::ROOMS_OF_ONE {
        let name = format!("room{n}");
        assert!(stage.room.makes_room(Millis(1), &enter(1, &name, false)), "{n}");
        stage.apply(open(&name));
        stage.apply(enter(1, &name, false));
    }
    assert!(!stage.room.makes_room(Millis(1), &enter(1, "more", false)), "it is in too many");
    assert!(stage.room.makes_room(Millis(1), &enter(1, "more", true)), "it leaves them");
}

#[test]
fn rooms_are_made_one_after_the_other_only_so_often() {
    let mut stage = Stage::with(&["Neo"]);
    let mut made = |at| stage.room.makes_room(Millis(at), &enter(1, "ops", false));
    assert_eq!((0..100).filter(|_| made(10_000)).count(), 64);
    assert!(!made(10_999) && made(11_000));
}

#[test]
fn who_is_in_as_many_rooms_as_it_may_still_goes_where_it_is_and_alone_elsewhere() {
    let mut stage = Stage::of(Rooms::new(100, 256));
    stage.join(join(1, "Neo"));
    for n in 1..=limits::ROOMS_OF_ONE {
        stage.apply(open(&format!("room{n}")));
        stage.apply(enter(1, &format!("room{n}"), false));
    }
    let again = stage.apply(enter(1, "room1", false));
    assert!(matches!(answers(&again, 1)[..], [Answer::Entered { fresh: false, .. }]));
    let moved = stage.apply(enter(1, &format!("room{}", limits::ROOMS_OF_ONE), true));
    assert_eq!(moved.entries.len(), limits::ROOMS_OF_ONE + 1, "out of each, and into that one");
    let stays = stage.apply(enter(1, &format!("room{}", limits::ROOMS_OF_ONE), true));
    assert!(stays.entries.is_empty(), "nothing to leave");
}

#[test]
fn a_topic_of_exactly_the_bound_is_taken() {
    let mut stage = Stage::with(&["Neo"]);
    let bound = "x".repeat(limits::TOPIC);
    assert_eq!(stage.apply(set_topic(&bound)).entries.len(), 1);
}

#[test]
fn a_new_name_is_told_only_where_somebody_hears_of_a_change() {
    let mut stage = Stage::with(&["Neo"]);
    let session = SessionId(1);
    let rename = |stage: &mut Stage, to: &str| {
        let came = stage.apply(Input::Rename { session, to: nick(to) });
        match answers(&came, 1)[..] {
            [Answer::Renamed { entry, .. }] => (*entry, came.entries.len()),
            ref other => panic!("{other:?}"),
        }
    };
    assert_eq!(rename(&mut stage, "Neo"), (false, 0), "the name it has");
    assert_eq!(rename(&mut stage, "Thomas"), (true, 1));
    stage.apply(Input::Part { session, room: None, id: None });
    assert_eq!(rename(&mut stage, "Neo"), (false, 0), "it is nowhere");
}

#[test]
fn the_room_knows_why_its_bots_spoke() {
    let mut stage = Stage::with(&["Neo"]);
    stage.join(Join { kind: Kind::Bot, ..join(2, "Bob") });
    let lobby = RoomId(0);
    assert_eq!(stage.room.why(lobby, None), None);
    let (asked, _) = stage.said(1, Post::plain(text("play")));
    let answer =
        Post { cause: Some(asked), handler: Some("on_trigger".into()), ..Post::plain(text("ok")) };
    let (first, _) = stage.said(2, answer);
    let (second, _) = stage.said(2, Post::plain(text("and more")));
    let (seq, why) = stage.room.why(lobby, None).unwrap();
    assert_eq!((seq, why.cause), (second, None), "the last thing a bot said");
    let (seq, why) = stage.room.why(lobby, Some(first)).unwrap();
    assert_eq!((seq, why.bot.as_str(), why.cause), (first, "Bob", Some(asked)));
    assert_eq!(why.handler.as_deref(), Some("on_trigger"));
    assert_eq!(stage.room.why(lobby, Some(asked)), None, "a person said that");
    assert_eq!(stage.room.why(RoomId(9), None), None);
}

#[test]
fn hops_are_known_however_much_people_said_since() {
    let mut stage = Stage::with(&["Neo"]);
    stage.join(Join { kind: Kind::Bot, ..join(2, "Bob") });
    let (asked, _) = stage.said(1, Post::plain(text("play")));
    let answer = |cause| Post { cause: Some(cause), ..Post::plain(text("ok")) };
    let (answered, _) = stage.said(2, answer(asked));
    for _ in 0..5_000 {
        stage.said(1, Post::plain(text("chatter")));
    }
    assert_eq!(stage.said(2, answer(answered)).1.hops, 2);
}

#[test]
fn what_an_earlier_run_knew_is_taken_up() {
    let mut stage = Stage::new();
    let (seq, at) = (Seq(5), Millis(9));
    let known = Known { owner: "secret".into(), id: "a1".into(), room: room("ops"), seq, at };
    stage.room.remember([known]);
    stage.room.bounced(RoomId(0), Seq(1), 2);
    stage.join(Join { token: Some("secret".into()), ..join(1, "Neo") });
    let resent = stage.post(1, Post { id: Some("a1".into()), ..Post::plain(text("hi")) });
    let duplicate = Answer::Duplicate { id: "a1".into(), room: room("ops"), seq, at };
    assert_eq!(answers(&resent, 1), [&duplicate]);
    stage.join(Join { kind: Kind::Bot, ..join(2, "Bob") });
    let (_, chat) = stage.said(2, Post { cause: Some(Seq(1)), ..Post::plain(text("ok")) });
    assert_eq!(chat.hops, 3);
}

#[test]
fn the_lobby_makes_way_for_no_other_room() {
    let mut stage = Stage::of(Rooms::new(1, 256));
    stage.apply(open("ops"));
    assert_eq!(stage.room.find(&RoomName::lobby()), Some(RoomId(0)));
    assert_eq!(stage.room.find(&room("ops")), None);
}

#[test]
fn entries_of_one_room_in_a_row_come_together() {
    let mut stage = Stage::with(&["Neo"]);
    let posts = vec![Post::plain(text("a")), Post::plain(text("b"))];
    let mut effects = crate::room::Effects::default();
    let post = Input::Post { session: SessionId(1), room: None, posts };
    stage.room.apply(Millis(1), post, &mut effects);
    assert_eq!(effects.appended.len(), 1);
    assert_eq!(Came::from(effects).entries.len(), 2);
}

#[test]
fn a_crowd_counts_each_room_for_itself_and_a_small_room_is_told_at_once() {
    let mut stage = Stage::of(Rooms::new(3, 1));
    stage.apply(open("ops"));
    for (session, name) in [(1, "Ann"), (2, "Bea"), (3, "Cid")] {
        stage.join(join(session, name));
    }
    let came = stage.apply(enter(1, "ops", false));
    assert!(matches!(came.entries[0].event, Event::Join { .. }));
    let told = stage.apply(Input::Tick);
    assert_eq!((told.rooms, told.entries.len()), (vec![RoomId(0)], 1));
    stage.apply(Input::Ban { target: Target::parse("Cid"), reason: None });
    stage.apply(Input::Leave { session: SessionId(2), reason: CloseReason::Quit });
    let told = stage.apply(Input::Tick);
    assert_eq!(told.entries[0].event, Event::Crowd { joined: 0, left: 1 }, "one was a crowd still");
}

/// What programs tell refusals apart by.
#[test]
fn every_refusal_has_a_code_for_programs() {
    let long = limits::LINE + 1;
    let codes = [
        (Refusal::NickTaken(nick("Neo")), "nick_taken"),
        (Refusal::Muted, "muted"),
        (Refusal::NoSuchMember("Neo".into()), "no_such_member"),
        (Refusal::TooManyRooms, "too_many_rooms"),
        (Refusal::InTooManyRooms, "too_many_rooms"),
        (Refusal::Text(TextError::Empty), "empty"),
        (Refusal::Text(TextError::TooLong(long)), "too_long"),
        (Refusal::LineTooLong(long), "too_long"),
        (Refusal::UnknownEvent("hop".into()), "unknown_event"),
    ];
    for (refusal, code) in codes {
        assert_eq!(refusal.code(), code);
        assert!(!refusal.to_string().is_empty());
    }
}
