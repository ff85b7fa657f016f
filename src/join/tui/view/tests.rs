//! Screens, drawn in the test and compared with what was looked at once. To look again:
//! `INSTA_UPDATE=always cargo test view`, and read the difference.

use super::super::app::stage::{Stage, joined};
use super::*;
use crossterm::event::KeyCode;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// What is on a screen of this size.
fn screen(stage: &mut Stage, width: u16, height: u16) -> String {
    stage.does(super::super::app::Msg::Size(width, height));
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| drop(draw(&stage.app, frame.buffer_mut()))).unwrap();
    terminal.backend().to_string()
}

/// A room with everything in it that is hard to draw.
fn conversation() -> Stage {
    let mut stage = joined(1);
    stage.hears(r##"{"roster":{"room":"#lobby","members":[{"nick":"Neo","since":1},{"nick":"Trin","since":1},{"nick":"Chuck","kind":"bot","since":1},{"nick":"שלום","since":1},{"nick":"山田","since":1}]}}"##);
    stage.now -= 24 * 3600 * 1000;
    stage.chat("#lobby", 2, "said yesterday");
    stage.now += 24 * 3600 * 1000;
    for (seq, who) in [(3, "Ann"), (4, "Bob"), (5, "Cid")] {
        stage.hears(&format!(
            r##"{{"join":{{"room":"#lobby","seq":{seq},"at":AT,"who":"{who}"}}}}"##
        ));
    }
    stage.chat("#lobby", 6, "Neo, see https://a.example/x?y=1.");
    for (seq, who, text) in [
        (7, "山田", "日本語の文はここで折り返します、とても長いので二行になるはずです。"),
        (8, "שלום", "שלום לכולם"),
        (9, "Trin", "👩‍👩‍👧 ❤️ 👍🏽 1️⃣ 🏳️‍🌈 | aligned"),
        (10, "Bartholomew-the-Third", "a long name"),
    ] {
        stage.hears(&format!(
            r##"{{"chat":{{"room":"#lobby","seq":{seq},"at":AT,"from":"{who}","text":"{text}"}}}}"##
        ));
    }
    for (seq, text) in [(11, "Commands:"), (12, "  !roll NdM"), (13, "  !help")] {
        stage.hears(&format!(
            r##"{{"chat":{{"room":"#lobby","seq":{seq},"at":AT,"from":"Chuck","kind":"bot","text":"{text}"}}}}"##
        ));
    }
    stage.hears(r#"{"whisper":{"at":AT,"from":"Trin","text":"for you alone"}}"#);
    stage.enters_line("/me waits for the server");
    stage.enters("#ops", 1);
    stage.chat("#ops", 2, "Neo?");
    stage
}

#[test]
fn an_ordinary_terminal() {
    insta::assert_snapshot!(screen(&mut conversation(), 80, 24));
}

#[test]
fn a_large_terminal_has_the_list_of_names() {
    let mut stage = conversation();
    stage.types("what I write");
    insta::assert_snapshot!(screen(&mut stage, 120, 40));
}

#[test]
fn a_small_terminal_has_no_columns() {
    insta::assert_snapshot!(screen(&mut conversation(), 40, 10));
}

#[test]
fn a_long_line_and_a_long_input_are_wrapped() {
    let mut stage = joined(1);
    let long = (0..820).fold(String::new(), |long, n| format!("{long}{n:04} "));
    stage.chat("#lobby", 2, long.trim_end());
    stage.types(&"write ".repeat(30));
    let shown = screen(&mut stage, 60, 12);
    insta::assert_snapshot!(shown);
    // Every number of the line can be reached, and none twice.
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..200 {
        seen.extend(
            screen(&mut stage, 60, 12)
                .split([' ', '"', '│'])
                .filter_map(|word| (word.len() == 4).then(|| word.parse::<u32>().ok()).flatten()),
        );
        stage.key(KeyCode::Up, crossterm::event::KeyModifiers::SHIFT);
    }
    assert_eq!(seen.len(), 820);
}

#[test]
fn a_list_lies_over_the_conversation() {
    let mut stage = conversation();
    stage.press(KeyCode::F(4));
    insta::assert_snapshot!(screen(&mut stage, 80, 12));
}

#[test]
fn a_lost_connection_is_told_beside_any_word() {
    let mut stage = joined(1);
    stage.offline();
    stage.enters_line("later");
    let status =
        |stage: &mut Stage, width| screen(stage, width, 8).lines().nth(6).map(str::to_owned);
    let wide = status(&mut stage, 80).unwrap();
    assert!(wide.contains("it will be sent as soon as that changes"), "{wide}");
    assert!(wide.contains("OFFLINE, attempt 1"), "{wide}");
    let narrow = status(&mut stage, 40).unwrap();
    assert!(narrow.contains("not connected: it") && narrow.contains("OFFLINE"), "{narrow}");
}

/// One cell is a screen as well; so is none.
#[test]
fn no_size_is_too_small_for_any_state() {
    let mut stage = conversation();
    let keys = [KeyCode::Esc, KeyCode::F(1), KeyCode::F(4), KeyCode::F(3), KeyCode::F(2)];
    for (width, height) in [(1, 1), (2, 2), (1, 30), (30, 1), (3, 3), (10, 4), (59, 6), (200, 80)] {
        for key in keys {
            stage.press(key);
            screen(&mut stage, width, height);
            stage.press(KeyCode::Esc);
        }
        stage.alt('c');
        screen(&mut stage, width, height);
        stage.press(KeyCode::Esc);
        stage.does(super::super::app::Msg::Paste("a\nb".into()));
        screen(&mut stage, width, height);
        stage.press(KeyCode::Esc);
    }
    assert_eq!(screen(&mut stage, 1, 1).trim(), "\">\"");
}

#[test]
fn links_are_where_they_are_drawn_and_nowhere_else() {
    let mut stage = conversation();
    stage.does(super::super::app::Msg::Size(80, 24));
    let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
    let drawn = draw(&stage.app, &mut buffer);
    let [link] = drawn.links.as_slice() else { panic!("{:?}", drawn.links) };
    let cells = (link.x..link.x + link.width).map(|x| buffer[(x, link.y)].symbol().to_owned());
    assert_eq!(cells.collect::<String>(), "https://a.example/x?y=1");
    assert_eq!(&*link.address, "https://a.example/x?y=1");
    stage.press(KeyCode::F(1));
    assert_eq!(draw(&stage.app, &mut buffer).links, []);
    stage.press(KeyCode::Esc);
    stage.app.settings.links = false;
    assert_eq!(draw(&stage.app, &mut buffer).links, []);
}

#[test]
fn what_is_found_is_marked() {
    use ratatui::style::Modifier;
    let mut stage = conversation();
    stage.ctrl('s');
    stage.types("aligned");
    stage.does(super::super::app::Msg::Size(80, 24));
    let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
    draw(&stage.app, &mut buffer);
    let marked = buffer.content.iter().filter(|cell| cell.modifier.contains(Modifier::REVERSED));
    let marked: String = marked.map(ratatui::buffer::Cell::symbol).collect();
    assert!(marked.contains("aligned"), "{marked}");
}
