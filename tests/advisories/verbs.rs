//! Verbs at the wrong time: every short sequence of them, in every dialect.

use crate::support::{Native, Server, Wire};
use serde_json::{Value, json};
use std::fmt::Write;

/// What the others see of all this: names that may be there, and no word of the system.
#[track_caller]
fn saw_only_members(witness: &mut Native, end: &str) {
    witness.sends(&json!({"ping": {"id": end}}));
    loop {
        let event = witness.next_event();
        if event["pong"]["id"] == end {
            return;
        }
        let (name, entry) = event.as_object().unwrap().iter().next().unwrap();
        let who = match name.as_str() {
            "join" | "leave" | "topic" => &entry["who"],
            "chat" | "rename" => &entry["from"],
            _ => panic!("{event}"),
        };
        assert!(who.as_str().unwrap().starts_with('n'), "{event}");
    }
}

/// All sequences of three of so many verbs.
fn triples(verbs: usize) -> impl Iterator<Item = [usize; 3]> {
    (0..verbs.pow(3)).map(move |n| [n / verbs / verbs, n / verbs % verbs, n % verbs])
}

/// NATS: a verb of later came first, and a pointer was nil.
#[test]
fn cve_2026_58250_native_verbs_in_any_order_are_answered_or_refused() {
    let server = Server::start();
    let mut witness = server.native("Witness");
    let verbs: [fn(&str) -> Value; 8] = [
        |nick| json!({"hello": {"v": 1, "nick": nick}}),
        |_| json!({"say": {"id": "1", "text": "KICK"}}),
        |nick| json!({"nick": {"nick": format!("{nick}x")}}),
        |_| json!({"whisper": {"to": "Witness2", "text": "NICK_OK"}}),
        |_| json!({"pong": {"id": "x"}}),
        |_| json!({"part": {"room": "#lobby"}}),
        |_| json!({"quit": {}}),
        |_| json!({}),
    ];
    for (n, three) in triples(verbs.len()).enumerate() {
        let nick = format!("n{n}");
        let mut lines = String::new();
        for verb in three {
            writeln!(lines, "{}", verbs[verb](&nick)).unwrap();
        }
        // Whoever is still there comes in now, if it has not, and is answered.
        write!(lines, "{}\n{}\n", verbs[0](&nick), json!({"ping": {"id": "end"}})).unwrap();
        let mut wire = server.connect();
        wire.expects("NICK").sends_anyway(lines);
        let quits = three.contains(&6);
        let mut answered = false;
        while let Some(line) = wire.line_or_cut() {
            // The server's first line ends here.
            if line.is_empty() {
                continue;
            }
            let event: Value = serde_json::from_slice(&line).expect("an event");
            if event["pong"]["id"] == "end" {
                answered = true;
                break;
            }
        }
        assert!(answered || quits, "{three:?} got no answer");
    }
    saw_only_members(&mut witness, "end");
}

/// … in the dialect of people and scripts.
#[test]
fn cve_2026_58250_lines_in_any_order_are_answered_or_said() {
    let server = Server::start();
    let mut witness = server.native("Witness");
    let verbs =
        ["NAME", "NICK", "NICK_OK", "KICK", "/quit", "/nick", "/msg Witness2", "/join", "{}"];
    for (n, three) in triples(verbs.len()).enumerate() {
        let mut lines = String::new();
        for verb in three {
            writeln!(lines, "{}", verbs[verb].replace("NAME", &format!("n{n}"))).unwrap();
        }
        // Whoever is still there comes in now, if it has not, and is answered.
        write!(lines, "n{n}\n/who\n/quit\n").unwrap();
        let mut wire = server.connect();
        wire.expects("NICK").sends_anyway(lines);
        if three[0] == 8 {
            wire.ends_its_side();
        }
        let mut answers = Vec::new();
        while let Some(line) = wire.line_or_cut() {
            answers.push(String::from_utf8(line).unwrap());
        }
        // A brace in front makes it native, where none of the others is an event.
        let is_answered = match three {
            [8, ..] => answers.iter().any(|line| line.starts_with("{\"refused\":")),
            // Nothing behind its goodbye is heard.
            [0, ..] if three.contains(&4) => answers.iter().any(|line| line == "-- you left"),
            [_, 0, 4] => answers.iter().any(|line| line == "-- you left"),
            _ => answers.iter().any(|line| line.ends_with(" in #lobby:")),
        };
        assert!(is_answered, "{three:?}: {answers:#?}");
    }
    saw_only_members(&mut witness, "end");
}

/// … and in the ancestor's, where an answer is what comes in one piece.
#[test]
fn cve_2026_58250_pieces_in_any_order_are_answered_or_said() {
    let server = Server::start();
    let mut witness = server.native("Witness");
    let verbs = ["NICK", "KICK", "NICK_OK", "Server: hi", "/who", "{", "\u{0}"];
    let pairs: Vec<[&str; 2]> =
        verbs.iter().flat_map(|first| verbs.iter().map(|second| [*first, *second])).collect();
    // All at once, since each first piece takes a quarter of a second to be known for what it is.
    let mut wires: Vec<Wire> = pairs
        .iter()
        .map(|pair| {
            let mut wire = server.connect();
            wire.expects("NICK").sends(pair[0]);
            wire
        })
        .collect();
    for (wire, pair) in wires.iter_mut().zip(&pairs) {
        // A brace begins a line that never ends; everything else is no name.
        if pair[0] != "{" {
            wire.expects("NICK_INVALID").sends(pair[1]).expects("NICK_INVALID");
        }
    }
    for (n, (wire, pair)) in wires.iter_mut().zip(&pairs).enumerate() {
        if pair[0] != "{" {
            wire.sends(format!("n{n}")).expects("NICK_OK");
        }
    }
    drop(wires);
    saw_only_members(&mut witness, "end");
}

/// `InspIRCd`: a `PONG` that was not as it should be was answered with memory that was no longer in
/// use.
#[test]
fn cve_2021_33586_a_malformed_pong_is_answered_with_nothing_of_the_servers() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    for pong in [
        "{\"pong\":{}}",
        "{\"pong\":null}",
        "{\"pong\":[]}",
        "{\"pong\":{\"id\":5}}",
        "{\"pong\":{\"id\":null}}",
        "{\"pong\":{\"id\":\"\\u0000\"}}",
        "{\"pong\":{\"id\":\"\\ud800\"}}",
        "{\"pong\"}",
        "{\"pong\":{\"id\":\"",
        "PONG",
        "PONG :",
    ] {
        neo.wire.sends(format!("{pong}\n"));
        neo.sends(&json!({"ping": {"id": "end"}}));
        let first = neo.next_event();
        if first["pong"]["id"] != "end" {
            let text = first["refused"]["text"].as_str().unwrap_or_else(|| panic!("{first}"));
            assert!(text.len() < 300 && first["refused"]["code"] == "bad_event", "{first}");
            neo.hears(&json!({"pong": {"id": "end"}}));
        }
    }
    let mut trin = server.line("Trin");
    neo.hears_of("join", "Trin");
    for pong in ["PONG", "PONG :", "PONG :\u{1}"] {
        trin.says(pong);
        let shown = pong.replace('\u{1}', "␁");
        neo.hears_chat("Trin", shown.trim_end());
    }
    server.fence(&mut [&mut neo, &mut trin]);
}
