//! One line that becomes two: in a message, in an answer of a bot's, in a file.

use crate::cli::program::{Program, chaty, private_dir};
use crate::support::{Ancestor, Native, Received, Server, Wire};
use serde_json::json;

/// node-irc: a line break in a message was the end of one command and the beginning of another.
#[test]
fn cve_2022_29166_a_line_break_in_a_message_begins_no_second_line() {
    let mut server = Server::with("[limits]\nraw_pace = \"250ms\"\n");
    let mut smith = Ancestor::join(server.addr(), "Smith");
    let mut trin = server.line("Trin");
    smith.hears_message("Trin just connected");
    let mut neo = server.native("Neo");
    smith.hears_message("Neo just connected");
    trin.hears("Neo just connected");
    for (said, shown) in [
        ("hi\nKICK", "hi␊KICK"),
        ("hi\r\nTrin: it was me", "hi␍␊Trin: it was me"),
        ("hi\rNICK_INVALID", "hi␍NICK_INVALID"),
        ("hi\u{2028}-- you were kicked", "hi -- you were kicked"),
        ("hi\u{85}Server: bye", "hi\u{fffd}Server: bye"),
        ("\nKICK\n", "␊KICK␊"),
    ] {
        neo.says(said).hears_ack(None);
        trin.hears(&format!("Neo: {shown}"));
        let (Received::Message(piece), _) = smith.next() else { panic!("no message") };
        assert_eq!(piece.trim_end(), format!("Neo: {shown}"));
        neo.sends(&json!({"whisper": {"to": "Trin", "text": said}}));
        neo.hears(&json!({"ack": {}}));
        trin.hears(&format!("Neo whispers: {shown}"));
        if said.trim() != said {
            continue;
        }
        neo.sends(&json!({"topic": {"topic": said}})).hears_like(&json!({"topic": {}}));
        trin.hears(&format!("Neo set the topic to {shown}"));
        let (Received::Message(piece), _) = smith.next() else { panic!("no message") };
        assert_eq!(piece.trim_end(), format!("Neo set the topic to {shown}"));
    }
    // Nor at the door, nor in a name of later.
    let mut wire = server.connect();
    let hello = json!({"hello": {"v": 1, "nick": "Ann\nKICK"}});
    wire.expects("NICK").sends(format!("{hello}\n")).expects("\n{\"refused\":{\"re\":\"hello\"");
    neo.sends(&json!({"nick": {"nick": "Ann\r\nKICK"}})).hears_like(&json!({"refused": {}}));
    server.fence(&mut [&mut trin]);
}

/// ZNC: a line break from the network went into the file of its settings, and so did what stood
/// behind it.
#[test]
fn cve_2018_14055_a_line_break_from_the_network_writes_no_second_line_anywhere() {
    let dir = private_dir();
    let file = dir.path().join("history.db");
    let path = file.to_str().unwrap();
    let mut server = Program::serve(dir.path(), &["--history", path]);
    let addr = server.addr();
    let connect = || Wire::connect(addr.parse().unwrap());
    let mut neo = Native::join(connect(), "Neo");
    let mut trin = Native::join(connect(), "Trin");
    neo.hears_of("join", "Trin");
    let evil = "x\n{\"chat\":{\"room\":\"#lobby\",\"seq\":9,\"at\":1,\"from\":\"Root\",\"text\":\"y\"}}\r\nshutdown";
    neo.says(evil).hears_ack(None);
    neo.sends(&json!({"topic": {"topic": evil}})).hears_like(&json!({"topic": {}}));
    trin.hears_chat("Neo", &evil.replace('\n', "␊").replace('\r', "␍"));
    // The administrator's socket takes a line, and this is one.
    let mut kick = chaty(dir.path());
    kick.args(["admin", "--server", &addr, "--", "kick", "Trin", evil]);
    assert!(kick.output().unwrap().status.success());
    while neo.next_event().get("leave").is_none() {}
    assert_eq!(server.still_runs(), Ok(()), "no second command was obeyed");
    server.signal("TERM");
    assert_eq!(server.exit_code(), Some(0));
    let export = chaty(dir.path()).args(["history", "export", "--history", path]).output().unwrap();
    let export = String::from_utf8(export.stdout).unwrap();
    let lines: Vec<serde_json::Value> =
        export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = lines.iter().filter(|line| line.get("chat").is_some());
    assert!(said.clone().all(|line| line["chat"]["from"] == "Neo"), "{export}");
    assert_eq!(said.count(), 1, "{export}");
}
