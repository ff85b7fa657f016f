//! What the server says: rooms, their past, what is unread, who calls, the connection.

use super::super::over::{Entry, Over};
use super::super::stage::{AT, Stage, joined, stage};
use super::super::{Do, Link, Msg, Place};
use crate::client::{Closed, Event};
use crate::wire::entry::Millis;
use crate::wire::native::{ClientEvent, Who};
use crate::wire::nick::Nick;
use crate::wire::shown::Shown;
use crossterm::event::{KeyCode, KeyModifiers};

fn history(re: &str, room: &str, seqs: std::ops::Range<u64>, more: bool) -> String {
    let chat = |seq| {
        format!(
            r#"{{"chat":{{"room":"{room}","seq":{seq},"at":AT,"from":"Trin","text":"<{seq}>"}}}}"#
        )
    };
    let events: Vec<String> = seqs.map(chat).collect();
    let events = events.join(",");
    format!(r#"{{"history":{{"re":"{re}","room":"{room}","events":[{events}],"more":{more}}}}}"#)
}

#[test]
fn the_first_welcome_asks_for_what_was_before_and_who_is_here() {
    let mut stage = stage();
    let todo = stage.online(80, true);
    let ask = Stage::asked(&todo);
    assert_eq!((ask.room.as_deref(), ask.before, ask.limit), (Some("#lobby"), Some(81), Some(50)));
    let who = Who { room: Some("#lobby".into()) };
    assert!(todo.contains(&Do::Send(ClientEvent::Who(who))));
    assert_eq!(stage.app.rooms.len(), 1);
    assert_eq!(stage.app.room().topic.as_deref(), Some("tea"));
    stage.hears(&history(&ask.id.unwrap(), "#lobby", 31..81, true));
    let texts = stage.texts();
    assert_eq!((texts[0].as_str(), texts[49].as_str()), ("<31>", "<80>"));
    assert!(texts[50].starts_with("earlier lines above"), "{texts:?}");
    stage.chat("#lobby", 81, "new");
    assert_eq!(stage.last(), "new");
}

#[test]
fn at_the_top_older_lines_are_asked_for_once_and_the_place_stays() {
    let mut stage = stage();
    let ask = Stage::asked(&stage.online(500, true));
    stage.hears(&history(&ask.id.unwrap(), "#lobby", 451..501, true));
    let mut asked = Vec::new();
    for _ in 0..10 {
        asked.extend(stage.press(KeyCode::PageUp));
    }
    let ask = Stage::asked(&asked);
    assert_eq!((ask.before, ask.limit), (Some(451), Some(100)));
    assert_eq!(asked.len(), 1, "one question at a time");
    let place = stage.app.room().place;
    stage.hears(&history(&ask.id.unwrap(), "#lobby", 351..451, true));
    assert_eq!(stage.app.room().place, place);
    assert_eq!(stage.texts()[0], "<351>");
    assert!(stage.app.room().has_more);
    let again = Stage::asked(&stage.key(KeyCode::Home, KeyModifiers::CONTROL));
    assert_eq!(again.before, Some(351));
    stage.hears(&history(&again.id.unwrap(), "#lobby", 1..351, false));
    assert!(!stage.app.room().has_more);
    assert_eq!(stage.key(KeyCode::Home, KeyModifiers::CONTROL), [], "there is no more to ask for");
}

#[test]
fn other_rooms_count_what_is_unread_and_who_calls() {
    let mut stage = joined(1);
    stage.enters("#ops", 1);
    assert_eq!(stage.app.at, 0, "a room that was not asked for does not take the screen");
    assert_eq!(stage.chat("#ops", 2, "hi"), []);
    let told = stage.chat("#ops", 3, "Neo, look");
    let expected = Do::Notify { title: "Trin in #ops".into(), body: "Neo, look".into() };
    assert_eq!(told, [expected]);
    assert_eq!(stage.app.tabs(), ["1:#lobby", "2:#ops(2, 1!)"]);
    assert_eq!(stage.app.title(), "(1!) #lobby - Neo - chaty");
    assert_eq!(stage.chat("#ops", 4, "neo!"), [], "a crowd that calls is one call");
    stage.now += 5000;
    assert_eq!(stage.chat("#ops", 5, "Neo?").len(), 1);
    stage.alt('2');
    assert_eq!(stage.app.tabs(), ["1:#lobby", "2:#ops"]);
    assert_eq!(stage.chat("#ops", 6, "Neo!!"), [], "what is seen is not told");
    stage.does(Msg::Focus(false));
    stage.now += 5000;
    assert_eq!(stage.chat("#ops", 7, "Neo!!").len(), 1, "nobody looks at the terminal");
    assert_eq!(stage.app.mentions.len(), 5);
    assert_eq!(stage.chat("#nowhere", 1, "x"), []);
}

#[test]
fn what_is_new_begins_behind_the_marker() {
    let mut stage = joined(1);
    stage.chat("#lobby", 2, "seen");
    stage.does(Msg::Focus(false));
    stage.chat("#lobby", 3, "new");
    stage.chat("#lobby", 4, "newer");
    let seen = stage.app.room().at_seq(2);
    assert_eq!((stage.app.room().marker, stage.app.room().unread), (seen, 2));
    stage.does(Msg::Focus(true));
    assert_eq!((stage.app.room().marker, stage.app.room().unread), (seen, 0));
    assert_eq!(stage.alt('u'), []);
}

#[test]
fn the_next_room_with_news_is_the_most_urgent() {
    let mut stage = joined(1);
    for room in ["#a", "#b", "#c"] {
        stage.enters(room, 1);
    }
    stage.chat("#a", 2, "x");
    stage.chat("#c", 2, "Neo");
    stage.alt('a');
    assert_eq!(&*stage.app.room().name, "#c");
    stage.alt('a');
    assert_eq!(&*stage.app.room().name, "#a");
    stage.alt('a');
    assert_eq!(stage.hinted(), "nothing is new in the other rooms");
    stage.key(KeyCode::Left, KeyModifiers::ALT);
    assert_eq!(&*stage.app.room().name, "#lobby");
    stage.hears(r##"{"parted":{"room":"#a"}}"##);
    assert_eq!(stage.app.rooms.len(), 3);
    for room in ["#b", "#c", "#lobby"] {
        stage.hears(&format!(r#"{{"parted":{{"room":"{room}"}}}}"#));
    }
    assert_eq!(stage.app.rooms.len(), 1, "the last one stays to be read");
}

#[test]
fn a_room_that_was_asked_for_takes_the_screen_and_drafts_stay_where_they_are() {
    let mut stage = joined(1);
    let todo = stage.enters_line("/join ops");
    assert!(matches!(&todo[..], [Do::Send(ClientEvent::Join(join))] if join.room == "#ops"));
    stage.types("half");
    stage.enters("#ops", 3);
    assert_eq!((&*stage.app.room().name, stage.app.editor.text()), ("#ops", ""));
    stage.alt('1');
    assert_eq!(stage.app.editor.text(), "half");
    stage.ctrl('u');
    assert_eq!(stage.enters_line("/join #ops"), [], "there already");
    assert_eq!(stage.app.at, 1);
}

#[test]
fn a_lost_connection_is_told_and_what_was_missed_comes_behind_a_word() {
    let mut stage = joined(5);
    stage.chat("#lobby", 6, "before");
    stage.offline();
    stage.offline();
    assert!(stage.last().starts_with("gone; connecting again"));
    assert_eq!(stage.texts().iter().filter(|text| text.starts_with("gone")).count(), 1);
    assert!(matches!(stage.app.link, Link::Offline { tries: 2, .. }));
    assert_eq!(stage.enters_line(""), [Do::Retry]);
    let todo = stage.online(9, false);
    assert!(!todo.iter().any(|act| matches!(act, Do::Send(ClientEvent::History(_)))));
    assert_eq!(stage.last(), "connected again; 3 entries came meanwhile");
    assert_eq!(stage.enters_line(""), []);
    stage.chat("#lobby", 7, "missed");
    assert_eq!(stage.last(), "missed");
    stage.hears(r##"{"gap":{"room":"#lobby","after":7,"before":9}}"##);
    assert_eq!(stage.last(), "one line is missing here: the server no longer has it");
}

#[test]
fn numbers_that_jump_are_no_count_of_entries() {
    let mut stage = joined(5);
    stage.chat("#lobby", 6, "before");
    stage.offline();
    stage.online((1 << 20) + 20, false);
    assert_eq!(stage.last(), "connected again");
    stage.hears(r##"{"gap":{"room":"#lobby","after":6,"before":1048590}}"##);
    assert!(stage.last().starts_with("the server's numbers jump here"), "{}", stage.last());
}

#[test]
fn a_word_about_the_connection_goes_when_that_has_changed() {
    let mut stage = joined(1);
    for line in ["later", "/who"] {
        stage.offline();
        stage.enters_line(line);
        stage.offline();
        assert!(stage.hinted().starts_with("not connected"), "one more attempt changes nothing");
        stage.online(1, false);
        assert_eq!(stage.hinted(), "");
        stage.ctrl('u');
    }
    stage.enters_line("/topic x");
    stage.ctrl('s');
    stage.types("tea");
    stage.ctrl('s');
    assert_eq!(stage.hinted(), "asking the server …");
    stage.offline();
    assert_eq!(stage.hinted(), "", "there will be no answer");
    stage.does(Msg::Trouble("the file is full".into()));
    stage.online(1, false);
    assert_eq!(stage.hinted(), "the file is full", "that has not been seen yet");
}

#[test]
fn a_window_that_grows_is_filled_from_the_oldest_line_on() {
    let mut stage = joined(0);
    for seq in 1..=120 {
        stage.chat("#lobby", seq, &format!("<{seq}>"));
    }
    stage.does(Msg::Size(100, 30));
    stage.key(KeyCode::Home, KeyModifiers::CONTROL);
    stage.enters("#ops", 1);
    stage.alt('2');
    stage.does(Msg::Size(140, 70));
    stage.alt('1');
    let shown = stage.app.with_pane(|room, pane| (room.visible(pane), pane.height));
    assert_eq!((shown.0.rows.len(), shown.0.is_top), (shown.1, true));
    assert!(shown.0.behind > 0);
    stage.does(Msg::Size(140, 200));
    assert_eq!(stage.app.room().place, Place::End, "all of it is there");
}

#[test]
fn a_mention_in_the_list_leads_to_its_line_and_fetches_it_if_need_be() {
    let mut stage = stage();
    let ask = Stage::asked(&stage.online(500, true));
    stage.hears(&history(&ask.id.unwrap(), "#lobby", 451..501, true));
    let entry = Entry {
        room: Shown::new("#lobby"),
        seq: Some(300),
        at: Millis(AT),
        who: Shown::new("Trin"),
        text: Shown::new("Neo"),
    };
    stage.app.mentions.push_front(entry);
    stage.press(KeyCode::F(4));
    let ask = Stage::asked(&stage.press(KeyCode::Enter));
    let todo = stage.hears(&history(&ask.id.unwrap(), "#lobby", 351..451, true));
    let ask = Stage::asked(&todo);
    assert_eq!(ask.before, Some(351), "further back");
    assert_eq!(stage.hears(&history(&ask.id.unwrap(), "#lobby", 251..351, true)), []);
    let found = stage.app.room().at_seq(300).unwrap();
    let shown = stage.app.with_pane(|room, pane| room.visible(pane));
    assert!(shown.rows.iter().any(|(id, _)| *id == found));
}

#[test]
fn the_server_is_searched_and_its_answer_is_a_list() {
    let mut stage = joined(1);
    let ask = Stage::asked(&stage.enters_line("/search old tea"));
    assert_eq!((ask.search.as_deref(), ask.room.as_deref()), (Some("old tea"), Some("#lobby")));
    stage.hears(&history(&ask.id.unwrap(), "#lobby", 3..6, false));
    assert!(matches!(&stage.app.over, Over::List { entries, at: 2, .. } if entries.len() == 3));
    stage.press(KeyCode::Esc);
    let ask = Stage::asked(&stage.enters_line("/search nothing"));
    stage.hears(&history(&ask.id.unwrap(), "#lobby", 0..0, false));
    assert_eq!(stage.hinted(), "nothing was found");
}

#[test]
fn names_come_and_go_and_a_rename_of_the_user_counts_only_live() {
    let mut stage = joined(1);
    stage.hears(r##"{"roster":{"room":"#lobby","members":[{"nick":"Neo","since":1},{"nick":"Al","kind":"bot","since":1}]}}"##);
    assert_eq!(stage.app.room().count, 2);
    stage.hears(r##"{"join":{"room":"#lobby","seq":2,"at":AT,"who":"Trin"}}"##);
    stage.hears(
        r##"{"leave":{"room":"#lobby","seq":3,"at":AT,"who":"Al","kind":"bot","reason":"quit"}}"##,
    );
    let names: Vec<_> = stage.app.room().members.keys().cloned().collect();
    assert_eq!((names, stage.app.room().count), (vec!["neo".into(), "trin".to_owned()], 2));
    stage.hears(r##"{"rename":{"room":"#lobby","seq":4,"at":AT,"from":"Neo","to":"One"}}"##);
    assert_eq!(&*stage.app.me, "One");
    stage.hears(r##"{"join":{"room":"#lobby","seq":5,"at":AT,"who":"One"}}"##);
    assert_eq!(stage.last(), "Neo is now known as One", "one's own ghost is no news");
    stage.online(9, false);
    stage.hears(r##"{"rename":{"room":"#lobby","seq":6,"at":AT,"from":"Neo","to":"Two"}}"##);
    assert_eq!(&*stage.app.me, "Neo", "that was another connection's");
}

#[test]
fn another_name_is_asked_for_when_the_first_is_taken() {
    let mut stage = stage();
    let taken = Closed::Refused { code: "nick_taken".into(), text: "Neo is taken".into() };
    assert_eq!(stage.does(Msg::Client(Event::Closed { why: taken })), []);
    stage.types("2");
    assert_eq!(stage.press(KeyCode::Enter), [Do::Connect(Nick::parse(b"Neo2").unwrap())]);
    stage.online(1, true);
    assert!(matches!(stage.app.over, Over::None));
    let why = Closed::Kicked { text: "you were kicked".into() };
    let todo = stage.does(Msg::Client(Event::Closed { why: why.clone() }));
    assert_eq!(todo, [Do::End(why)]);
}

#[test]
fn the_latency_is_measured_when_somebody_is_there_and_never_by_itself() {
    let mut stage = stage();
    let todo = stage.online(1, true);
    let pings = |todo: &[Do]| -> Vec<String> {
        let id = |act: &Do| match act {
            Do::Send(ClientEvent::Ping(ping)) => ping.id.clone(),
            _ => None,
        };
        todo.iter().filter_map(id).collect()
    };
    let id = pings(&todo).pop().unwrap();
    stage.now += 23;
    stage.hears(&format!(r#"{{"pong":{{"id":"{id}"}}}}"#));
    assert_eq!(stage.app.latency, Some(23));
    assert!(pings(&stage.types("abc")).is_empty());
    stage.now += 60_000;
    stage.chat("#lobby", 2, "hi");
    assert_eq!(pings(&stage.types("abc")).len(), 1);
}

#[test]
fn nothing_a_peer_says_keeps_its_teeth() {
    let mut stage = joined(1);
    let hostile = "a\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\u{200b}\u{7f}";
    stage.chat("#lobby", 2, &format!("Neo {hostile}"));
    let text = serde_json::to_string(hostile).unwrap();
    for event in [
        format!(r#"{{"whisper":{{"at":AT,"from":{text},"text":{text}}}}}"#),
        format!(r#"{{"notice":{{"text":{text}}}}}"#),
        format!(r#"{{"refused":{{"code":"x","text":{text}}}}}"#),
        format!(r##"{{"topic":{{"room":"#lobby","seq":3,"at":AT,"who":{text},"topic":{text}}}}}"##),
        format!(r##"{{"join":{{"room":"#lobby","seq":4,"at":AT,"who":{text}}}}}"##),
        format!(
            r##"{{"leave":{{"room":"#lobby","seq":5,"at":AT,"who":{text},"reason":{text}}}}}"##
        ),
        format!(r##"{{"rename":{{"room":"#lobby","seq":6,"at":AT,"from":{text},"to":{text}}}}}"##),
        format!(r#"{{"entered":{{"room":{text},"seq":1,"members":1,"topic":{text}}}}}"#),
        format!(
            r#"{{"rooms":{{"rooms":[{{"room":{text},"seq":1,"members":1,"topic":{text}}}]}}}}"#
        ),
    ] {
        stage.hears(&event);
    }
    let all = format!("{:?}", stage.app);
    for bad in ["\\u{1b}", "\\u{7}", "\\u{9b}", "\\u{202e}", "\\u{200b}", "\\u{7f}"] {
        // What was asked for by name goes back to the server as it came.
        let shown = all.replace(&format!("{:?}", stage.app.known), "");
        let shown = shown.replace(&format!("{:?}", stage.app.replay), "");
        assert!(!shown.contains(bad), "{bad}");
    }
    assert!(all.contains("a␛]0;x␇"));
}
