//! More than one room.

use super::{Answer, Input, Join, Post, Refusal, Rooms, Stage, answers, join, nick, open, text};
use crate::wire::close::CloseReason;
use crate::wire::entry::{Event, Kind, Seq, SessionId};
use crate::wire::limits;
use crate::wire::room_name::RoomName;

fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

fn enter(session: u64, name: &str) -> Input {
    Input::Enter { session: SessionId(session), room: room(name), id: None, alone: false }
}

fn post(session: u64, name: Option<&str>, said: &str) -> Input {
    let posts = vec![Post::plain(text(said))];
    Input::Post { session: SessionId(session), room: name.map(room), posts }
}

fn refused(event: &str, refusal: Refusal) -> Answer {
    Answer::Refused { re: Some(event.into()), refusal }
}

#[test]
fn each_room_counts_for_itself_and_who_is_in_both_may_speak_in_both() {
    let mut stage = Stage::with(&["Neo", "Trinity"]);
    stage.apply(open("ops"));
    let came = stage.apply(enter(1, "ops"));
    assert_eq!(came.entries[0].seq, Seq(1), "a room's first entry");
    assert!(matches!(answers(&came, 1)[..], [Answer::Entered { fresh: true, .. }]));
    assert_eq!(stage.apply(post(1, Some("ops"), "a")).entries[0].seq, Seq(2));
    assert_eq!(stage.apply(post(1, None, "b")).entries[0].seq, Seq(3), "where it was first");
    let came = stage.apply(post(2, Some("ops"), "from outside"));
    assert!(came.entries.is_empty());
    assert_eq!(answers(&came, 2), [&refused("say", Refusal::NotInRoom(room("ops")))]);
    let again = stage.apply(enter(1, "ops"));
    assert!(again.entries.is_empty());
    assert!(matches!(answers(&again, 1)[..], [Answer::Entered { fresh: false, .. }]));
}

#[test]
fn who_moves_leaves_where_it_was_and_who_parts_may_be_nowhere() {
    let mut stage = Stage::with(&["Neo"]);
    stage.apply(open("ops"));
    let session = SessionId(1);
    let came = stage.apply(Input::Enter { session, room: room("ops"), id: None, alone: true });
    let events: Vec<_> = came.entries.iter().map(|entry| &entry.event).collect();
    assert!(matches!(
        events[..],
        [Event::Leave { reason: CloseReason::Parted, .. }, Event::Join { .. }]
    ));
    let part = Input::Part { session, room: None, id: None };
    assert_eq!(stage.apply(part.clone()).entries.len(), 1);
    let came = stage.apply(part);
    assert_eq!(answers(&came, 1), [&refused("part", Refusal::NotInRoom(RoomName::lobby()))]);
    let whisper = Input::Whisper { session, to: "neo".into(), text: text("still here"), id: None };
    assert_eq!(answers(&stage.apply(whisper), 1).len(), 2, "a member is one without a room, too");
}

#[test]
fn leaving_and_renaming_is_told_in_every_room_one_is_in() {
    let mut stage = Stage::with(&["Neo"]);
    stage.apply(open("ops"));
    stage.apply(enter(1, "ops"));
    let renamed = stage.apply(Input::Rename { session: SessionId(1), to: nick("One") });
    assert_eq!((renamed.entries.len(), renamed.rooms[0] != renamed.rooms[1]), (2, true));
    let left = Input::Leave { session: SessionId(1), reason: CloseReason::Lost };
    let left = stage.apply(left);
    assert_eq!((left.entries.len(), left.rooms[0] != left.rooms[1]), (2, true));
}

#[test]
fn a_topic_is_told_kept_and_bounded() {
    let mut stage = Stage::with(&["Neo"]);
    let mut set = |topic: Option<&str>| {
        let topic = topic.map(text);
        stage.apply(Input::Topic { session: SessionId(1), room: None, topic, id: None })
    };
    assert_eq!(set(Some("tea")).entries.len(), 1);
    let long = "x".repeat(limits::TOPIC + 1);
    let came = set(Some(&long));
    assert_eq!(answers(&came, 1), [&refused("topic", Refusal::TopicTooLong(limits::TOPIC + 1))]);
    assert_eq!(stage.room.rows()[0].topic.as_deref(), Some("tea"));
    stage.apply(Input::Topic { session: SessionId(1), room: None, topic: None, id: None });
    assert_eq!(stage.room.rows()[0].topic, None);
}

#[test]
fn an_empty_room_makes_way_and_its_numbers_are_not_used_again() {
    let mut stage = Stage::of(Rooms::new(2, 256));
    stage.join(join(1, "Neo"));
    stage.apply(open("ops"));
    stage.apply(enter(1, "ops"));
    stage.apply(post(1, Some("ops"), "one"));
    stage.apply(open("tea"));
    assert_eq!(stage.room.find(&room("tea")), None, "somebody is in every room");
    assert_eq!(
        answers(&stage.apply(enter(1, "tea")), 1),
        [&refused("join", Refusal::TooManyRooms)]
    );
    stage.apply(Input::Part { session: SessionId(1), room: Some(room("ops")), id: None });
    stage.apply(open("tea"));
    assert!(stage.room.find(&room("tea")).is_some() && stage.room.find(&room("ops")).is_none());
    assert_eq!(stage.room.floor(), Seq(4), "a join, a word and a leave had numbers");
}

#[test]
fn one_member_is_in_a_bounded_number_of_rooms() {
    let mut stage = Stage::of(Rooms::new(100, 256));
    stage.join(join(1, "Neo"));
    for n in 1..limits::ROOMS_OF_ONE {
        stage.apply(open(&format!("room{n}")));
        assert_eq!(stage.apply(enter(1, &format!("room{n}"))).entries.len(), 1);
    }
    stage.apply(open("more"));
    let came = stage.apply(enter(1, "more"));
    assert_eq!(answers(&came, 1), [&refused("join", Refusal::InTooManyRooms)]);
}

/// The list was of before they came, as a script's coming is no entry.
#[test]
fn the_list_of_rooms_is_of_now_also_when_a_coming_is_not_told() {
    let mut stage = Stage::with(&["Neo"]);
    let ask = Input::Rooms { session: SessionId(1), id: None };
    let members = |stage: &mut Stage| match answers(&stage.apply(ask.clone()), 1)[..] {
        [Answer::Rooms { rows, .. }] => rows[0].members,
        ref other => panic!("{other:?}"),
    };
    assert_eq!(members(&mut stage), 1);
    stage.join(Join { kind: Kind::Script, ..join(2, "ci") });
    assert_eq!(members(&mut stage), 2);
    stage.apply(Input::Leave { session: SessionId(2), reason: CloseReason::Quit });
    assert_eq!(members(&mut stage), 1);
}
