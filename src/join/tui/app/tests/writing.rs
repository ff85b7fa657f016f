//! What the user writes: lines that wait for their place, history, completion, pastes, searches.

use super::super::over::Over;
use super::super::stage::{Stage, joined};
use super::super::{Do, Msg, Place, WAITING};
use crate::client::Closed;
use crate::wire::native::ClientEvent;
use crossterm::event::{KeyCode, KeyModifiers};

fn local(todo: &[Do]) -> u64 {
    match todo {
        [Do::Say { local, .. } | Do::Whisper { local, .. }] => *local,
        other => panic!("{other:?}"),
    }
}

#[test]
fn own_lines_wait_for_their_ack_and_then_take_their_place() {
    let mut stage = joined(1);
    let first = local(&stage.enters_line("one"));
    let second = local(&stage.enters_line("two"));
    assert_eq!(stage.app.unanswered(), 2);
    for (local, id) in [(first, "a"), (second, "b")] {
        stage.does(Msg::Took { local, id: id.into() });
    }
    stage.chat("#lobby", 2, "between");
    stage.hears(r##"{"ack":{"id":"a","room":"#lobby","seq":3,"at":AT}}"##);
    stage.chat("#lobby", 4, "behind");
    let texts = stage.texts();
    assert_eq!(texts[texts.len() - 4..], ["two", "between", "one", "behind"]);
    stage.hears(r##"{"ack":{"id":"b","room":"#lobby","seq":5,"at":AT}}"##);
    stage.hears(r##"{"ack":{"id":"b","room":"#lobby","seq":5,"at":AT}}"##);
    assert_eq!(stage.last(), "two");
    assert_eq!(stage.texts().iter().filter(|text| *text == "two").count(), 1);
    assert_eq!(stage.app.unanswered(), 0);
}

#[test]
fn a_refused_line_comes_back_to_be_changed() {
    let mut stage = joined(1);
    let local = local(&stage.enters_line("hello"));
    stage.does(Msg::Took { local, id: "a".into() });
    stage.hears(r#"{"refused":{"re":"a","code":"muted","text":"you are muted"}}"#);
    assert_eq!(
        (stage.last().as_str(), stage.app.editor.text()),
        ("not sent: you are muted", "hello")
    );
    assert_eq!(stage.app.unanswered(), 0);
}

#[test]
fn a_whisper_that_comes_back_is_still_a_whisper_and_goes_to_its_room() {
    let mut stage = joined(1);
    stage.enters("#ops", 1);
    let refused = |stage: &mut Stage, line: &str, id: &str| {
        let local = local(&stage.enters_line(line));
        stage.does(Msg::Took { local, id: id.into() });
    };
    refused(&mut stage, "/msg Trin secret", "a");
    stage.alt('2');
    stage.hears(r#"{"refused":{"re":"a","code":"unconfirmed","text":"lost"}}"#);
    assert_eq!(stage.app.editor.text(), "", "this is another room");
    stage.alt('1');
    assert_eq!(stage.app.editor.text(), "/msg Trin secret");
    stage.ctrl('u');
    for (line, id) in [("/me waves", "b"), ("//etc", "c")] {
        refused(&mut stage, line, id);
        stage.hears(&format!(r#"{{"refused":{{"re":"{id}","code":"muted","text":"no"}}}}"#));
        assert_eq!(stage.app.editor.text(), line);
        stage.ctrl('u');
    }
}

#[test]
fn without_a_connection_lines_wait_and_questions_do_not() {
    let mut stage = joined(1);
    stage.offline();
    assert!(matches!(&stage.enters_line("later")[..], [Do::Say { .. }]));
    assert!(stage.hinted().starts_with("not connected: it will be sent"));
    assert_eq!(stage.enters_line("/who"), []);
    assert_eq!(stage.hinted(), "not connected at the moment; ask again later");
    assert_eq!(stage.app.unanswered(), 1);
}

#[test]
fn a_command_that_needs_the_server_is_back_in_the_input_and_leaves_nothing_behind() {
    let mut stage = joined(1);
    stage.offline();
    let asked = stage.app.asked.clone();
    for line in ["/join #ops", "/who", "/nick One", "/search tea", "/topic x"] {
        assert_eq!(stage.enters_line(line), []);
        assert_eq!(stage.app.editor.text(), line);
        stage.ctrl('u');
    }
    assert!(stage.app.going.is_empty() && stage.app.who.is_empty());
    assert_eq!(stage.app.asked, asked);
    stage.types("/who");
    stage.online(1, false);
    assert!(matches!(&stage.enters_line("")[..], [Do::Send(ClientEvent::Who(_))]));
    assert_eq!(stage.app.editor.text(), "");
}

/// A `/` that only closed a list would leave a whisper that is said to everybody.
#[test]
fn whoever_writes_on_over_a_list_loses_no_letter() {
    let mut stage = joined(1);
    stage.hears(r#"{"whisper":{"at":AT,"from":"Trin","text":"psst"}}"#);
    let covers: [fn(&mut Stage); 4] = [
        |stage| drop(stage.press(KeyCode::F(1))),
        |stage| drop(stage.enters_line("/help")),
        |stage| drop(stage.press(KeyCode::F(4))),
        |stage| drop(stage.alt('c')),
    ];
    for cover in covers {
        cover(&mut stage);
        assert!(!matches!(stage.app.over, Over::None));
        let todo = stage.enters_line("/msg Trin secret");
        assert!(matches!(&todo[..], [Do::Whisper { text, .. }] if text == "secret"), "{todo:?}");
        cover(&mut stage);
        stage.does(Msg::Paste("a\nb".into()));
        assert!(matches!(stage.app.over, Over::Paste { .. }), "a paste is seen");
        stage.press(KeyCode::Esc);
    }
    stage.types("is");
    stage.press(KeyCode::F(1));
    stage.ctrl('u');
    assert!(matches!(stage.app.over, Over::None));
    assert_eq!(stage.app.editor.text(), "is", "a key that is no letter only goes back");
    stage.press(KeyCode::F(1));
    stage.types(" it?");
    assert_eq!(stage.app.editor.text(), "is it?");
}

#[test]
fn whispers_and_commands_are_what_they_say() {
    let mut stage = joined(1);
    let whisper = stage.enters_line("/msg Trin psst");
    assert!(
        matches!(&whisper[..], [Do::Whisper { to, text, .. }] if to == "Trin" && text == "psst")
    );
    stage.does(Msg::Took { local: local(&whisper), id: "w".into() });
    stage.hears(r#"{"ack":{"id":"w","at":AT}}"#);
    assert_eq!(stage.app.unanswered(), 0);
    let told = stage.hears(r#"{"whisper":{"at":AT,"from":"Trin","text":"yes?"}}"#);
    assert_eq!(told, [], "it was seen");
    assert_eq!(stage.app.mentions.len(), 1);
    let emote = stage.enters_line("/me waves");
    assert!(matches!(&emote[..], [Do::Say { say, .. }] if say.emote && say.text == "waves"));
    let slash = stage.enters_line("//etc");
    assert!(matches!(&slash[..], [Do::Say { say, .. }]
        if say.text == "/etc" && say.room.as_deref() == Some("#lobby")));
    assert_eq!(stage.enters_line("/frob"), []);
    assert_eq!(stage.app.editor.text(), "/frob", "to be changed");
    stage.ctrl('u');
    assert_eq!(stage.enters_line("/quit"), [Do::Quit]);
    assert_eq!(stage.enters_line("/quit"), [Do::End(Closed::Quit)], "told twice");
}

#[test]
fn several_lines_are_several_messages_and_none_of_them_a_command() {
    let mut stage = joined(1);
    stage.types("one");
    stage.key(KeyCode::Enter, KeyModifiers::ALT);
    stage.types("/quit");
    let mut todo = stage.press(KeyCode::Enter);
    assert_eq!(todo.remove(0), Do::Remember("one\n/quit".into()));
    let texts: Vec<_> = todo
        .iter()
        .map(|act| match act {
            Do::Say { say, .. } => say.text.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, ["one", "/quit"]);
}

#[test]
fn a_paste_of_several_lines_is_shown_before_it_is_sent() {
    let mut stage = joined(1);
    stage.types("draft ");
    stage.does(Msg::Paste("one line\n".into()));
    assert_eq!(stage.app.editor.text(), "draft one line");
    assert_eq!(stage.does(Msg::Paste("a\r\nb\tc\r\u{1b}[2J".into())), []);
    assert!(
        matches!(&stage.app.over, Over::Paste { lines, .. } if *lines == ["a", "b    c", "␛[2J"])
    );
    let mut todo = stage.press(KeyCode::Enter);
    todo.retain(|act| matches!(act, Do::Say { .. }));
    assert_eq!(todo.len(), 3);
    assert_eq!(stage.app.editor.text(), "draft one line", "the draft is still there");
    stage.does(Msg::Paste("a\nb".into()));
    stage.press(KeyCode::Esc);
    assert!(matches!(stage.app.over, Over::None));
    stage.ctrl('u');
    stage.does(Msg::Paste("a\nb".into()));
    stage.types("e");
    assert_eq!(stage.app.editor.text(), "a\nb");
    stage.ctrl('c');
    stage.does(Msg::Paste("x\n".repeat(WAITING + 1)));
    assert_eq!(stage.press(KeyCode::Enter), [], "too many");
}

#[test]
fn tab_goes_through_the_choices_and_back() {
    let mut stage = joined(1);
    for (seq, who) in [(2, "Ned"), (3, "Nelly"), (4, "Ned")] {
        stage.hears(&format!(
            r##"{{"chat":{{"room":"#lobby","seq":{seq},"at":AT,"from":"{who}","text":"x"}}}}"##
        ));
    }
    stage.types("ne");
    stage.press(KeyCode::Tab);
    assert_eq!(stage.app.editor.text(), "Ned: ", "who spoke last comes first, and never oneself");
    assert_eq!(stage.hinted(), "[Ned] Nelly");
    stage.press(KeyCode::Tab);
    assert_eq!(stage.app.editor.text(), "Nelly: ");
    stage.press(KeyCode::BackTab);
    assert_eq!(stage.app.editor.text(), "Ned: ");
    stage.types("hi #lo");
    stage.press(KeyCode::Tab);
    assert_eq!(stage.app.editor.text(), "Ned: hi #lobby ");
}

#[test]
fn what_was_sent_comes_back_by_up_and_by_search() {
    let mut stage = joined(1);
    for line in ["first tea", "second", "third"] {
        stage.enters_line(line);
    }
    stage.types("dra");
    stage.press(KeyCode::Up);
    stage.press(KeyCode::Up);
    assert_eq!(stage.app.editor.text(), "second");
    stage.press(KeyCode::Down);
    stage.press(KeyCode::Down);
    assert_eq!(stage.app.editor.text(), "dra");
    stage.ctrl('r');
    stage.types("tea");
    assert_eq!(stage.app.past_found(), Some("first tea"));
    stage.press(KeyCode::Tab);
    assert_eq!(stage.app.editor.text(), "first tea");
}

#[test]
fn a_search_walks_through_the_lines_and_esc_comes_back() {
    let mut stage = joined(1);
    for seq in 2..200 {
        let text = if seq % 50 == 0 { format!("TEA {seq}") } else { "x".into() };
        stage.chat("#lobby", seq, &text);
    }
    stage.ctrl('s');
    stage.types("tea");
    let found = |stage: &Stage| match &stage.app.over {
        Over::Search { found: Some(id), .. } => {
            let room = stage.app.room();
            room.items[room.index(*id).unwrap()].plain()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(found(&stage), "TEA 150");
    stage.press(KeyCode::Enter);
    assert_eq!(found(&stage), "TEA 100");
    stage.press(KeyCode::Up);
    stage.press(KeyCode::Up);
    assert_eq!(found(&stage), "TEA 50");
    assert!(stage.hinted().starts_with("no older line has it"));
    stage.press(KeyCode::Down);
    assert_eq!(found(&stage), "TEA 100");
    assert_ne!(stage.app.room().place, Place::End);
    let ask = Stage::asked(&stage.ctrl('s'));
    assert_eq!(ask.search.as_deref(), Some("tea"));
    stage.press(KeyCode::Esc);
    assert_eq!(stage.app.room().place, Place::End);
}

#[test]
fn a_line_or_its_link_can_be_copied() {
    let mut stage = joined(1);
    stage.chat("#lobby", 2, "see https://a.example/x.");
    stage.chat("#lobby", 3, "last");
    stage.alt('c');
    assert_eq!(stage.press(KeyCode::Enter), [Do::Copy("last".into())]);
    stage.alt('c');
    stage.press(KeyCode::Up);
    assert_eq!(stage.types("l"), [Do::Copy("https://a.example/x".into())]);
}

#[test]
fn leaving_needs_a_second_word_only_where_it_could_be_a_slip() {
    let mut stage = joined(1);
    stage.types("text");
    assert_eq!(stage.ctrl('c'), []);
    assert_eq!(stage.app.editor.text(), "");
    assert_eq!(stage.ctrl('c'), []);
    assert_eq!(stage.ctrl('c'), [Do::Quit]);
    let mut stage = joined(1);
    stage.types("x");
    stage.press(KeyCode::Left);
    assert_eq!(stage.ctrl('d'), [], "takes a letter off");
    assert_eq!(stage.ctrl('d'), [Do::Quit]);
}

#[test]
fn keys_that_others_have_to_act_on_are_handed_on() {
    let mut stage = joined(1);
    stage.types("draft");
    assert_eq!(stage.alt('e'), [Do::Edit("draft".into())]);
    assert_eq!(stage.ctrl('x'), []);
    assert_eq!(stage.ctrl('e'), [Do::Edit("draft".into())]);
    stage.does(Msg::Edited(Ok("a\nb\n".into())));
    assert_eq!(stage.app.editor.text(), "a\nb");
    stage.does(Msg::Edited(Err("vi: gone".into())));
    assert_eq!((stage.hinted(), stage.app.editor.text()), ("vi: gone", "a\nb"));
    assert_eq!(stage.ctrl('z'), [Do::Suspend]);
    assert_eq!(stage.ctrl('l'), [Do::Redraw]);
    stage.ctrl('c');
    stage.types("?");
    assert!(matches!(stage.app.over, Over::Page { .. }));
}
