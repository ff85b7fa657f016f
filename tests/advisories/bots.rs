//! Bots that others could speak through, that fell over, or that answered the past.

use crate::cli::program::{chaty_path, private_dir};
use crate::support::Server;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A bot's own process, ended with its test.
struct Bot {
    child: Child,
    _home: TempDir,
}

impl Bot {
    fn start(server: &Server, script: &str) -> Self {
        let home = private_dir();
        let path = home.path().join("robot.rhai");
        fs::write(&path, script).unwrap();
        Self { child: run(&path, server), _home: home }
    }
}

fn run(path: &Path, server: &Server) -> Child {
    Command::new(chaty_path())
        .arg("bot")
        .arg(path)
        .args(["--server", &server.addr().to_string()])
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

impl Drop for Bot {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// slate-irc: a message repeated by a bot carried a line break and, behind it, a command in the bot's
/// name.
#[test]
fn slate_irc_43_nobody_gives_commands_through_what_a_bot_repeats() {
    let mut server = Server::start();
    let mut trin = server.line("Trin");
    let script = "fn on_message(msg) { if msg.from == \"Neo\" { reply(\"Hi \" + msg.text + \", I am a robot\"); reply(msg.text); } }";
    let _bot = Bot::start(&server, script);
    trin.hears("Robot just connected");
    let mut neo = server.native("Neo");
    trin.hears("Neo just connected");
    for (said, shown) in [
        ("x\r\n/nick Root\r\n/quit", "x␍␊/nick Root␍␊/quit"),
        ("x\nKICK\n", "x␊KICK␊"),
        ("/quit", "/quit"),
    ] {
        neo.says(said);
        trin.hears(&format!("Neo: {shown}"));
        trin.hears(&format!("Robot: Hi {shown}, I am a robot"));
        // What is a command at the beginning of a person's line is a text in a bot's.
        trin.hears(&format!("Robot: {shown}"));
    }
    trin.says("/who").hears("-- 3 in #lobby:");
    assert!(trin.next_line().contains("Robot"));
    server.fence(&mut [&mut trin]);
}

/// Hubot: an error in any script took the whole bot out of the chat.
#[test]
fn hubot_615_a_script_that_fails_stays_in_the_chat_and_answers_the_next() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let script =
        "fn on_message(msg) { if msg.text == \"boom\" { throw \"boom\"; } reply(\"yes\") }";
    let _bot = Bot::start(&server, script);
    neo.hears("Robot just connected");
    neo.says("boom").says("are you there?").hears("Robot: yes");
    server.fence(&mut [&mut neo]);
}

/// Ergo: the history that is shown to who comes in was shown to bots as well, which answered it.
#[test]
fn ergo_1856_a_bot_does_not_answer_what_was_said_before_it_came() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    for n in 0..5 {
        neo.says(&format!("old {n}"));
    }
    let _bot = Bot::start(&server, "fn on_message(msg) { reply(\"heard \" + msg.text) }");
    neo.hears("Robot just connected").says("new").hears("Robot: heard new");
    server.fence(&mut [&mut neo]);
}
