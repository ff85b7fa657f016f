//! Text at the door: nothing that harms a terminal or forges a line reaches another member, from
//! any dialect, the console included.

use crate::support::Server;
use serde_json::json;

/// Every character that is never relayed.
fn harmful() -> impl Iterator<Item = char> {
    ('\0'..='\u{1f}')
        .chain('\u{7f}'..='\u{9f}')
        .chain(['\u{2028}', '\u{2029}', '\u{feff}'])
        .chain('\u{202a}'..='\u{202e}')
        .chain('\u{2066}'..='\u{206f}')
        .chain('\u{fff9}'..='\u{fffb}')
}

/// What becomes of it.
fn shown(c: char) -> String {
    match c {
        '\t' | '\u{2028}' | '\u{2029}' => " ".into(),
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap().into(),
        '\u{7f}' => "\u{2421}".into(),
        '\u{80}'..='\u{9f}' => "\u{fffd}".into(),
        _ => String::new(),
    }
}

#[test]
fn no_harmful_character_is_relayed_from_a_line() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    let mut tank = server.native("Tank");
    neo.hears_all(&["Trin just connected", "Tank just connected"]);
    trin.hears("Tank just connected");
    // A newline ends the line, and one carriage return goes with it.
    for c in harmful().filter(|c| !"\n".contains(*c)) {
        neo.says(&format!("a{c}b"));
        let clean = format!("a{}b", shown(c));
        trin.hears(&format!("Neo: {clean}"));
        tank.hears_chat("Neo", &clean);
        neo.says(&format!("/me {c}b"));
        neo.says(&format!("/msg Trin a{c}b")).hears("-- whispered to Trin");
        let heard = trin.next_line();
        assert!(heard.starts_with("* Neo") && !heard.contains(c) || c == ' ', "{heard:?}");
        assert!(!tank.next_event()["chat"]["text"].as_str().unwrap().contains(c));
        trin.hears(&format!("Neo whispers: {clean}"));
    }
    server.fence(&mut [&mut neo, &mut trin, &mut tank]);
}

#[test]
fn no_harmful_character_is_relayed_from_a_native_client() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    let mut trin = server.line("Trin");
    neo.hears_of("join", "Trin");
    for c in harmful() {
        let clean = format!("a{}b", shown(c));
        neo.says(&format!("a{c}b")).hears_ack(None);
        trin.hears(&format!("Neo: {clean}"));
        neo.sends(&json!({"whisper": {"to": "Trin", "text": format!("a{c}b")}}));
        neo.hears(&json!({"ack": {}}));
        trin.hears(&format!("Neo whispers: {clean}"));
        // Nor does it come back in an answer.
        neo.sends(&json!({"whisper": {"to": format!("x{c}y"), "text": "t"}}));
        let refused = neo.next_event();
        assert_eq!(refused["refused"]["code"], "no_such_member");
        assert!(!refused["refused"]["text"].as_str().unwrap().contains(c), "{refused:?}");
        // As an id it is not taken at all.
        neo.sends(&json!({"say": {"id": format!("i{c}"), "text": "t"}}));
        neo.hears_refusal(Some("say"), "bad_event");
    }
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn no_harmful_character_is_relayed_from_a_raw_client() {
    let mut server = Server::start();
    let mut smith = server.raw("Smith");
    let mut trin = server.line("Trin");
    smith.hears("Trin just connected");
    for c in harmful().filter(|c| !"\n".contains(*c)) {
        smith.says(&format!("Smith: a{c}b"));
        trin.hears(&format!("Smith: a{}b", shown(c)));
    }
    // A newline in it parts two messages, each stamped.
    smith.says("Smith: a\nTrin: b");
    trin.hears("Smith: a").hears("Smith: Trin: b");
    server.fence(&mut [&mut smith, &mut trin]);
}

#[test]
fn what_is_not_utf8_becomes_replacement_characters() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut smith = server.raw("Smith");
    let mut trin = server.line("Trin");
    neo.hears_all(&["Smith just connected", "Trin just connected"]);
    smith.hears("Trin just connected");
    for (bytes, text) in [
        (b"caf\xe9".as_slice(), "caf\u{fffd}"),
        (b"\xff\xfeb", "\u{fffd}\u{fffd}b"),
        (b"\xc0\xafx", "\u{fffd}\u{fffd}x"),
        (b"\xed\xa0\x80x", "\u{fffd}\u{fffd}\u{fffd}x"),
        (b"\xe2\x82x", "\u{fffd}x"),
    ] {
        neo.wire.sends([bytes, b"\n"].concat());
        trin.hears(&format!("Neo: {text}"));
        smith.hears(&format!("Neo: {text}"));
        smith.wire.sends(bytes);
        trin.hears(&format!("Smith: {text}"));
        neo.hears(&format!("Smith: {text}"));
    }
    server.fence(&mut [&mut neo, &mut smith, &mut trin]);
}

#[test]
fn ordinary_text_of_the_world_is_kept_to_the_byte() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.native("Trin");
    neo.hears("Trin just connected");
    for text in ["naïve café", "日本語", "שלום", "👩‍👩‍👧 🇳🇴", "e\u{301}", "a\u{200d}b", "\"\\/<>&'%s{}"]
    {
        neo.says(text);
        trin.hears_chat("Neo", text).says(text).hears_ack(None);
        neo.hears(&format!("Trin: {text}"));
    }
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn the_administrators_words_are_cleaned_as_well() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    server.console("say a\u{1b}[31mb\u{202e}c\rd");
    neo.hears("Server: a␛[31mbc␍d");
    server.console("kick Neo be\u{1b}gone\u{9b}");
    let why = neo.next_line();
    assert!(why.starts_with("-- you were kicked: be"), "{why:?}");
    assert!(!why.contains(['\u{1b}', '\u{9b}']), "{why:?}");
    neo.hears("KICK").ends();
}
