//! The tools for authors, as an author has them: the real binary in a folder, and no server.

mod page;
mod talk;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const BROKEN: &str = "fn on_message(msg) {\n  rply(\"x\");\n}\n";

/// What a command came to.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn bot(folder: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_chaty"))
        .arg("bot")
        .args(arguments)
        .current_dir(folder)
        .env_remove("RUST_LOG")
        .env_remove("CHATY_SERVER")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder with these files in it.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    home
}

#[test]
fn the_shipped_bots_have_no_mistakes() {
    let ran = bot(root(), &["check", "bots"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(ran.out.ends_with(" scripts checked: no mistakes\n"), "{}", ran.out);
}

#[test]
fn check_names_every_broken_script_and_fails() {
    let home = folder(&[
        ("bots/a.rhai", BROKEN),
        ("bots/b.rhai", "fn on_message(msg) { \"fine\" }"),
        ("bots/c.rhai", "fn on_mesage(m) { }\nfn on_message(msg) { msg.txt + rol() }"),
        ("bots/notes.txt", "no bot"),
    ]);
    let ran = bot(home.path(), &["check", "bots"]);
    assert_eq!(ran.code, 1);
    let first = "bots/a.rhai:2:3: error: unknown function `rply`; did you mean `reply`?\n\
                 \x20 2 |   rply(\"x\");\n    |   ^^^^\n";
    assert!(ran.out.starts_with(first), "{}", ran.out);
    for part in [
        "1:4: error: nothing calls `on_mesage`",
        "2:26: error: a message has no `txt`",
        "2:32: error: unknown function `rol`",
    ] {
        assert!(ran.out.contains(&format!("bots/c.rhai:{part}")), "{part}: {}", ran.out);
    }
    assert!(ran.out.ends_with("3 scripts checked: 2 with mistakes\n"), "{}", ran.out);

    let ran = bot(home.path(), &["check", "--json", "bots/a.rhai"]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(ran.code, 1);
    assert_eq!(report["ok"], false);
    let found = &report["diagnostics"][0];
    assert_eq!((&found["line"], &found["column"]), (&2.into(), &3.into()), "{report}");
    assert_eq!(found["file"], "bots/a.rhai");
}

#[test]
fn check_says_what_to_do_when_there_is_nothing_to_check() {
    let home = folder(&[("empty/notes.txt", ""), ("latin.rhai", "")]);
    fs::write(home.path().join("latin.rhai"), b"// caf\xe9").unwrap();
    for (path, part) in [
        ("none", "there is no none: name a script"),
        ("empty", "there is no script in empty"),
        ("latin.rhai", "latin.rhai is no text"),
    ] {
        let ran = bot(home.path(), &["check", path]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{path}");
        assert!(ran.err.contains(part) && ran.err.matches('\n').count() == 1, "{}", ran.err);
    }
}

#[test]
fn a_mistyped_tool_is_no_bot_that_is_missing() {
    let home = folder(&[]);
    let ran = bot(home.path(), &["chek", "bots"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert_eq!(ran.err, "error: there is no chek; did you mean `chaty bot check`?\n");
}

#[test]
fn a_new_bot_passes_its_own_check_and_is_never_written_over() {
    let home = folder(&[]);
    let ran = bot(home.path(), &["new", "Karma"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("bots/karma.rhai"), "{}", ran.out);
    let path = home.path().join("bots/karma.rhai");
    assert!(fs::read_to_string(&path).unwrap().starts_with("//! Karma "));
    assert_eq!(bot(home.path(), &["check", "bots"]).code, 0);

    fs::write(&path, "mine").unwrap();
    let ran = bot(home.path(), &["new", "karma"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("bots/karma.rhai is there already"), "{}", ran.err);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");

    assert_eq!(bot(home.path(), &["new", "games/dice.rhai"]).code, 0);
    assert_eq!(bot(home.path(), &["check", "games/dice.rhai"]).code, 0);
    for bad in ["a b", "../x", "", "server"] {
        let ran = bot(home.path(), &["new", bad]);
        assert_eq!(ran.code, 1, "{bad:?}");
        assert!(
            ran.err.starts_with("error: ") && ran.err.matches('\n').count() == 1,
            "{}",
            ran.err
        );
    }
    assert_eq!(fs::read_dir(home.path().join("bots")).unwrap().count(), 1);
}

#[test]
fn docs_are_a_text_a_page_and_definitions() {
    let home = folder(&[]);
    let text = bot(home.path(), &["docs"]);
    assert!(text.code == 0 && text.out.contains("\n  pick(array)\n"), "{}", text.out);
    let page = bot(home.path(), &["docs", "--markdown"]);
    assert!(page.code == 0 && page.out.contains("| `pick(array)` |"), "{}", page.out);
    let ran = bot(home.path(), &["docs", "--definitions", "defs"]);
    assert_eq!(ran.out, "wrote defs/chaty.d.rhai\nwrote defs/rhai.d.rhai\n");
    let read = |name| fs::read_to_string(home.path().join("defs").join(name)).unwrap();
    let ours = read("chaty.d.rhai");
    assert!(ours.starts_with("module static;\n") && ours.contains("\nfn pick(array: ?) -> ?;\n"));
    assert!(read("rhai.d.rhai").contains("fn push("));
}

#[test]
fn the_shipped_bots_do_what_they_say_of_themselves() {
    for seed in ["1", "2", "3"] {
        let ran = bot(root(), &["test", "bots", "--seed", seed]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
        assert!(!ran.out.contains("no examples"), "{}", ran.out);
    }
}

#[test]
fn a_new_bot_passes_its_own_tests() {
    let home = folder(&[]);
    assert_eq!(bot(home.path(), &["new", "Karma"]).code, 0);
    let ran = bot(home.path(), &["test", "bots"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.starts_with("bots/karma.rhai: 3 passed\n"), "{}", ran.out);
}

const MOODY: &str = r#"
/// > Neo: hello
/// < Hello, Trinity!
fn on_message(msg) {
    if msg.text == "boom" { log("here it comes"); throw "bang"; }
    `Hello, ${msg.from}!`
}
fn test_waits() { after_all(); send("Neo", "hi"); expect_silence(); }
fn test_fails() { send("Neo", "boom"); }
fn test_is_given_something(x) { }
fn after_all() { expect(1 + 1 == 2, "arithmetic"); }
"#;

#[test]
fn a_failure_shows_the_difference_the_conversation_and_the_seed() {
    let home = folder(&[("moody.rhai", MOODY)]);
    let ran = bot(home.path(), &["test", "moody.rhai", "--seed", "7"]);
    assert_eq!(ran.code, 1);
    let first = "moody.rhai:3:5: error: Moody says something else\n\
                 \x20 3 | /// < Hello, Trinity!\n\
                 \x20   |     ^\n\
                 \x20 expected  Hello, Trinity!\n\
                 \x20 said      Hello, Neo!\n\
                 \x20                  ^ from here on\n\
                 \x20 so far:\n    > Neo: hello\n    < Hello, Neo!\n";
    assert!(ran.out.starts_with(first), "{}", ran.out);
    for part in [
        "error: Moody was not silent",
        "  expected  (nothing)\n  said      Hello, Neo!\n",
        "error: Moody failed here",
        "moody.rhai:5:51: error: bang",
        "    > Neo: boom\n    - here it comes",
        "a test is given nothing: `fn test_is_given_something()`",
        "4 of 4 tests failed; the same dice again:\n  chaty bot test moody.rhai --seed 7\n",
    ] {
        assert!(ran.out.contains(part), "no {part:?} in\n{}", ran.out);
    }
    let ran = bot(home.path(), &["test", "moody.rhai", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &report["failed"], &report["passed"]), (1, &4.into(), &0.into()));
    assert_eq!(report["tests"][0]["failure"]["line"], 3);
}

#[test]
fn the_functions_of_tests_are_for_tests_only() {
    let script = "fn on_message(msg) { send(\"Neo\", \"again\"); }\n\
                  fn test_it() { send(\"Neo\", \"hi\"); }";
    let home = folder(&[("sly.rhai", script)]);
    let ran = bot(home.path(), &["test", "sly.rhai"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("send(name, line) works in a test only"), "{}", ran.out);
}

#[test]
fn time_and_memory_in_a_test_are_the_bots_own() {
    let script = r#"
        fn cmd_wait(msg, args) { state.asked = now(); after(90, "ring", msg.from); }
        fn ring(who) { say(`${who}!`); }
        fn test_it_rings_once_and_in_time() {
            send("Neo", "!wait");
            expect(state.asked > 0, "nothing stored");
            expect_silence();
            advance(89);
            expect_silence();
            advance(2);
            expect_said("Neo!");
            advance(100000);
            expect_silence();
        }
        fn test_begins_with_an_empty_memory() { expect(state.len() == 0, state); }
    "#;
    let home = folder(&[("wait.rhai", script)]);
    let ran = bot(home.path(), &["test", "wait.rhai"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
}

#[test]
fn a_test_can_have_other_bots_in_it() {
    let script = r#"
        const BOT = #{ hears_bots: ["Alice"] };
        /// > Alice [bot]: hello
        /// < Quite so, Alice.
        /// > Bob [bot]: hello
        /// > Neo: hello
        fn on_message(msg) { if msg.is_bot { `Quite so, ${msg.from}.` } }
        fn test_hears_her() {
            send("Alice [bot]", "hi");
            expect_said("Quite so, Alice.");
            join("Neo");
            expect(users() == ["Alice", "Echo", "Neo"] && is_online("neo"), users());
        }
    "#;
    let home = folder(&[("echo.rhai", script)]);
    let ran = bot(home.path(), &["test", "echo.rhai"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
}

#[test]
fn a_recorded_conversation_is_heard_again() {
    let record = concat!(
        r##"{"join":{"room":"#lobby","seq":1,"at":1700000000000,"who":"Neo"}}"##,
        "\n",
        r##"{"chat":{"room":"#lobby","seq":2,"at":1700000001000,"from":"Neo","text":"work?"}}"##,
        "\n",
        r##"{"later":{"than":"this"}}"##,
        "\n",
        r##"{"chat":{"room":"#lobby","seq":3,"at":1700000002000,"from":"Bob","kind":"bot","text":"work!"}}"##,
        "\n",
    );
    let home = folder(&[("record.jsonl", record), ("bad.jsonl", "hello\n")]);
    let alice = root().join("bots/alice.rhai");
    let alice = alice.to_str().unwrap();
    let ran = bot(home.path(), &["test", alice, "--replay", "record.jsonl"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let said = "#2 Neo: work?\n  < I think working sounds great!\n";
    assert!(ran.out.starts_with(said), "{}", ran.out);
    assert!(ran.out.contains("Alice says 1 line to 3 events"), "{}", ran.out);
    let ran = bot(home.path(), &["test", alice, "--replay", "record.jsonl", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["bots"][0]["said"][0]["seq"], 2);
    let ran = bot(home.path(), &["test", alice, "--replay", "bad.jsonl"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("bad.jsonl:1: this is no line of a record"), "{}", ran.err);
}
