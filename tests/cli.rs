//! The command line from outside: help, mistakes, exit codes, and what `serve` promises to
//! whoever starts it.

pub(crate) mod program;

use program::{Program, chaty, chaty_path, private_dir, within};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn transcripts() {
    trycmd::TestCases::new()
        .register_bin("chaty", chaty_path())
        // A shell's own settings must not change what the tests see.
        .env("XDG_RUNTIME_DIR", "/nonexistent")
        .case("tests/cmd/*.trycmd");
}

#[test]
fn the_first_line_is_the_address_and_the_second_how_to_join() {
    let dir = private_dir();
    let mut server = Program::serve(dir.path(), &[]);
    assert_ne!(server.port, 0);
    let line = server.line();
    assert_eq!(line, format!("join it:       chaty join user NAME --server {}", server.addr()));
    server.signal("TERM");
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn signals_drain_and_exit_0() {
    for signal in ["TERM", "INT"] {
        let dir = private_dir();
        let mut server = Program::serve(dir.path(), &[]);
        let mut neo = server.member("Neo");
        server.signal(signal);
        let mut rest = String::new();
        neo.read_to_string(&mut rest).unwrap();
        assert_eq!(server.exit_code(), Some(0), "SIG{signal}");
        assert!(!server.socket(dir.path()).exists(), "the admin socket is tidied up");
    }
}

#[test]
fn a_second_signal_exits_at_once_with_its_own_code() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let dir = private_dir();
        let config = dir.path().join("chaty.toml");
        fs::write(&config, "[limits]\ndrain = \"1h\"\nraw_pace = \"1h\"\n").unwrap();
        let config = config.to_str().unwrap().to_owned();
        let mut server = Program::serve(dir.path(), &["--config", &config]);
        // Somebody who may be told the next thing in an hour only holds the drain up.
        let slow = server.slow_member();
        server.signal("TERM");
        server.logged("shutting down; a signal now exits at once");
        assert_eq!(server.still_runs(), Ok(()));
        server.signal(signal);
        assert_eq!(server.exit_code(), Some(code), "SIG{signal}");
        drop(slow);
    }
}

#[test]
fn a_pipe_gives_commands_and_its_end_stops_nothing() {
    let dir = private_dir();
    let mut server = Program::serve(dir.path(), &[]);
    let mut neo = server.member("Neo");
    server.types("list\nfrobnicate\nkick\nNeo\n");
    assert_eq!(server.line_after("administer"), "List of connected clients: ");
    assert!(server.line().starts_with("Neo  user  line  127.0.0.1:"));
    assert_eq!(server.line(), "frobnicate not a valid input command");
    server.line();
    assert_eq!(server.line(), "Enter name of client to kick:");
    let mut heard = String::new();
    neo.read_to_string(&mut heard).unwrap();
    assert!(heard.ends_with("KICK\n"), "{heard:?}");

    server.end_input();
    server.member("Trinity");
    assert_eq!(server.still_runs(), Ok(()));
    let answer = chaty(dir.path()).args(["admin", "shutdown", "--server", &server.addr()]).output();
    assert_eq!(answer.unwrap().status.code(), Some(0));
    server.logged("shutting down");
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn a_closed_standard_output_stops_nothing() {
    let dir = private_dir();
    let mut server = Program::serve(dir.path(), &[]);
    server.close_output();
    server.types("list\nlist\n");
    server.member("Neo");
    assert_eq!(server.still_runs(), Ok(()));
    server.signal("TERM");
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn administration_over_the_socket() {
    let dir = private_dir();
    let server = Program::serve(dir.path(), &[]);
    let mut neo = server.member("Neo");
    let ask = |words: &[&str]| {
        let address = server.addr();
        let mut command = chaty(dir.path());
        let output = command.args(["admin", "--server", &address]).args(words).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };

    let (code, out, err) = ask(&["list"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("List of connected clients: \nNeo  user  line  127.0.0.1:"), "{out}");
    let (_, out, _) = ask(&["list", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(list["members"][0]["name"], "Neo");
    assert_eq!(out.matches('\n').count(), 1);

    let (code, out, err) = ask(&["kick", "Smith"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.starts_with("error: ") && err.matches('\n').count() == 1, "{err}");
    // On no account is it this one's.
    let elsewhere = format!("elsewhere.invalid:{}", server.addr().rsplit_once(':').unwrap().1);
    let output = chaty(dir.path()).args(["admin", "--server", &elsewhere, "kick", "Neo"]).output();
    let output = output.unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), b"".as_slice()));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains("elsewhere.invalid") && err.contains("is not this machine"), "{err}");
    let (code, out, _) = ask(&["--json", "frob"]);
    assert_eq!(code, Some(1));
    assert!(out.starts_with("{\"failed\":\"frob not a valid input command"), "{out}");

    let (code, ..) = ask(&["kick", "Neo", "too", "loud"]);
    assert_eq!(code, Some(0));
    let mut heard = String::new();
    neo.read_to_string(&mut heard).unwrap();
    assert!(heard.contains("too loud") && heard.ends_with("KICK\n"), "{heard:?}");
}

#[test]
fn a_port_in_use_is_told_in_one_line() {
    let dir = private_dir();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let output = chaty(dir.path()).args(["serve", "--listen", &addr]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with(&format!("error: {addr} is in use")), "{error}");
    assert!(error.contains("--listen") && error.matches('\n').count() == 1, "{error}");
}

#[test]
fn a_name_that_is_taken_is_told_in_one_line() {
    let dir = private_dir();
    let server = Program::serve(dir.path(), &[]);
    let _neo = server.member("Neo");
    for words in
        [&["send", "--as", "neo", "hi"][..], &["join", "user", "NEO"], &["tail", "--as", "Neo"]]
    {
        let mut command = chaty(dir.path());
        command.args(words).args(["--server", &server.addr()]).stdin(Stdio::null());
        let output = command.output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{words:?} {error}");
        assert!(error.contains("choose another name"), "{words:?} {error}");
        assert_eq!(error.matches('\n').count(), 1, "{words:?} {error}");
    }
}

#[test]
fn an_open_address_is_warned_of_and_loopback_is_not() {
    let dir = private_dir();
    let mut server = Program::start(dir.path(), &["--listen", "0.0.0.0:0"]);
    server.logged("traffic is not encrypted");
    server.signal("TERM");
    assert_eq!(server.exit_code(), Some(0));

    let mut server = Program::serve(dir.path(), &[]);
    server.signal("TERM");
    assert_eq!(server.exit_code(), Some(0));
    assert!(!server.log().contains("encrypted"));
}

#[test]
fn the_bots_are_started_again_and_end_with_the_server() {
    let dir = private_dir();
    let bots = dir.path().join("bots");
    fs::create_dir(&bots).unwrap();
    let mut server = Program::serve(dir.path(), &["--bots", bots.to_str().unwrap()]);
    let first = server.child_process(None);
    assert!(Command::new("kill").args(["-s", "KILL", &first]).status().unwrap().success());
    server.logged("the bots' process ended; it is started again in 250ms");
    let second = server.child_process(Some(&first));
    server.signal("TERM");
    assert_eq!(server.exit_code(), Some(0));
    assert!(!Path::new("/proc").join(second).exists());
}

#[test]
fn a_socket_in_use_is_refused_before_anything_listens() {
    let dir = private_dir();
    let socket = dir.path().join("admin.sock").to_str().unwrap().to_owned();
    let _first = Program::serve(dir.path(), &["--admin-socket", &socket]);
    let mut command = chaty(dir.path());
    command.args(["serve", "--listen", "127.0.0.1:0", "--admin-socket", &socket]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with("error: another chaty server answers on "), "{error}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let dir = private_dir();
    for words in [&["man"][..], &["completions", "bash"], &["--help"]] {
        let mut child = chaty(dir.path())
            .args(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut error = String::new();
        child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{words:?}");
        assert_eq!(error, "", "{words:?}");
    }
}

#[test]
fn the_help_of_admin_names_every_word_of_the_console() {
    let dir = private_dir();
    let help = chaty(dir.path()).args(["admin", "--help"]).output().unwrap().stdout;
    let help = String::from_utf8(help).unwrap();
    for word in chaty::serve::admin::words::WORDS {
        assert!(help.contains(word.word), "{}", word.word);
    }
}

#[test]
fn logs_are_json_if_asked() {
    let dir = private_dir();
    let mut server = Program::serve(dir.path(), &["--log-format", "json", "--log", "info"]);
    server.signal("TERM");
    assert_eq!(server.exit_code(), Some(0));
    let log = server.log();
    assert!(!log.is_empty());
    for line in log.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(event["level"].is_string(), "{line}");
    }
}

#[test]
fn a_session_that_ends_is_one_line_in_the_log_with_its_counts() {
    let dir = private_dir();
    let mut server = Program::serve(dir.path(), &["--log-format", "json"]);
    let mut neo = server.member("Neo");
    neo.write_all(b"one\ntwo\n/msg Nobody hm\n/quit\n").unwrap();
    let mut heard = Vec::new();
    neo.read_to_end(&mut heard).unwrap();
    server.signal("TERM");
    assert_eq!(server.exit_code(), Some(0));
    let log = server.log();
    let events = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let left: Vec<_> = events.filter(|event| event["fields"]["message"] == "left").collect();
    assert_eq!(left.len(), 1, "{log}");
    let fields = &left[0]["fields"];
    for (field, expected) in [
        ("nick", serde_json::json!("Neo")),
        ("reason", "quit".into()),
        ("said", 2.into()),
        ("refused", 1.into()),
        ("delivered", 0.into()),
        ("received_bytes", 29.into()),
        (
            "sent_bytes",
            (heard.len() + "\nNICK_OK\nConnection successful, welcome to ChatyChaty !\n".len())
                .into(),
        ),
    ] {
        assert_eq!(fields[field], expected, "{field} in {fields}");
    }
    assert!(fields["seconds"].is_u64(), "{fields}");
}

#[test]
fn a_wrong_first_word_on_the_port_is_the_peers_problem() {
    let dir = private_dir();
    let mut server = Program::serve(dir.path(), &[]);
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    within(&stream);
    let mut answer = Vec::new();
    // Closed with what it sent unread, it may see a reset.
    let _reset = stream.read_to_end(&mut answer);
    assert_eq!(server.still_runs(), Ok(()));
}
