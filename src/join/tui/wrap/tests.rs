//! Rows: their widths, their breaks, their links.

use super::super::room::said;
use super::super::theme::Theme;
use super::*;
use crate::config;
use crate::wire::entry::Millis;
use crate::wire::shown::Shown;
use proptest::prelude::*;

fn signs() -> Signs {
    Theme::detect(config::Theme::Dark, config::Colours::Sixteen, |_| None).signs
}

fn chat(who: &str, kind: Kind, text: &str) -> Item {
    let body = Body::Said(said(who, kind, text, How::Plain));
    Item { id: 1, seq: Some(1), at: Millis(1_795_452_000_000), body }
}

fn rows(item: &Item, width: u16) -> Vec<String> {
    let rows = rows_of(item, Shape { width }, &Clock::utc(), signs());
    rows.iter().map(|row| row.iter().map(|piece| piece.text.as_str()).collect()).collect()
}

#[test]
fn time_name_and_text_have_columns_where_there_is_room() {
    let item = chat("Chuck", Kind::Bot, "What? Rooms suck, and so do long lines that need two.");
    assert_eq!(
        rows(&item, 60),
        [
            "16:40    Chuck [bot] │ What? Rooms suck, and so do long",
            "                     │ lines that need two.",
        ]
    );
    assert_eq!(
        rows(&item, 40),
        ["16:40 Chuck [bot]: What? Rooms suck,", "  and so do long lines that need two."]
    );
    assert_eq!(rows(&item, 20)[0], "Chuck [bot]: What?");
}

#[test]
fn a_long_name_is_cut_and_the_mark_of_a_bot_is_not() {
    let item = chat("Bartholomew-the-Third", Kind::Bot, "hi");
    assert_eq!(rows(&item, 80), ["16:40 Barthol… [bot] │ hi"]);
}

#[test]
fn links_are_found_without_what_a_sentence_puts_behind_them() {
    for (text, expected) in [
        ("see https://a.example/x, or", &["https://a.example/x"][..]),
        ("(https://a.example/y)", &["https://a.example/y"]),
        (
            "https://en.wikipedia.org/wiki/Rust_(game).",
            &["https://en.wikipedia.org/wiki/Rust_(game)"],
        ),
        ("http://a http://b!", &["http://a", "http://b"]),
        ("xhttps://no https:// file:///etc javascript:alert(1)", &[]),
        ("https://ü.example/ä", &["https://ü.example/ä"]),
    ] {
        assert_eq!(links(text), expected, "{text}");
    }
    let piece = &linked("https://ü.example", Look::Plain)[0];
    assert_eq!(piece.link.as_deref(), Some("https://%C3%BC.example"));
}

#[test]
fn rows_are_remembered_until_the_width_or_the_item_changes() {
    let mut wraps = Wraps::default();
    let (item, clock) = (chat("Neo", Kind::User, "hi"), Clock::utc());
    let first = wraps.of(&item, Shape { width: 80 }, &clock, signs());
    let again = wraps.of(&item, Shape { width: 80 }, &clock, signs());
    assert!(Rc::ptr_eq(&first, &again));
    assert!(!Rc::ptr_eq(&first, &wraps.of(&item, Shape { width: 81 }, &clock, signs())));
    let third = wraps.of(&item, Shape { width: 81 }, &clock, signs());
    wraps.forget(item.id);
    assert!(!Rc::ptr_eq(&third, &wraps.of(&item, Shape { width: 81 }, &clock, signs())));
    for id in 0..3 * REMEMBERED as u64 {
        wraps.of(&Item { id, ..item.clone() }, Shape { width: 81 }, &clock, signs());
        assert!(wraps.rows.len() <= REMEMBERED);
    }
}

proptest! {
    #[test]
    fn no_row_is_too_wide_and_nothing_is_lost(
        text in "[a-z 日本👩‍👩‍👧é]{0,200}",
        width in 2_usize..60,
    ) {
        let text = Shown::new(&text);
        let lines = flow(&[Piece::new(&*text, Look::Plain)], width);
        let mut all = String::new();
        for line in &lines {
            let row: String = line.iter().map(|piece| piece.text.as_str()).collect();
            let is_one = row.graphemes(true).count() == 1;
            prop_assert!(row.width() <= width || is_one, "{row:?} in {width}");
            all.push_str(&row);
        }
        let letters = |text: &str| text.replace(' ', "");
        prop_assert_eq!(letters(&all), letters(&text));
    }
}
