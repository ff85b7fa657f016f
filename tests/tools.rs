//! The tools for authors, as an author has them: the real binary in a folder, and no server.

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
        ("bots/c.rhai", "fn on_mesage(msg) { }"),
        ("bots/notes.txt", "no bot"),
    ]);
    let ran = bot(home.path(), &["check", "bots"]);
    assert_eq!(ran.code, 1);
    let first = "bots/a.rhai:2:3: error: unknown function `rply`; did you mean `reply`?\n\
                 \x20 2 |   rply(\"x\");\n    |   ^^^^\n";
    assert!(ran.out.starts_with(first), "{}", ran.out);
    assert!(ran.out.contains("bots/c.rhai:1:4: error: nothing calls `on_mesage`"), "{}", ran.out);
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
