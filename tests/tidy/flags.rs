//! Every flag the documents mention is a flag the binary has. Reads `--help` of the real binary,
//! never the source of the command line.

use super::checks::{Fault, fault};
use super::files;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// The flags of each subcommand, by its words: `""`, `"serve"`, `"join user"`.
type Flags = BTreeMap<String, BTreeSet<String>>;

/// Every `--flag` that stands in a text.
fn mentioned(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices("--").filter_map(|(at, _)| {
        let alone = text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '-');
        let rest = &text[at + 2..];
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '-');
        let name = &rest[..end.unwrap_or(rest.len())];
        (alone && name.starts_with(|c: char| c.is_ascii_lowercase()))
            .then(|| (at, text[at..at + 2 + name.len()].trim_end_matches('-')))
    })
}

/// The words after `chaty` on a line before a place: which subcommand a flag there is for.
fn subcommand<'a>(before: &str, flags: &'a Flags) -> Option<&'a str> {
    let words = before.rsplit_once("chaty ").or_else(|| before.rsplit_once(" -- "))?.1;
    let words: Vec<&str> = words.split_whitespace().collect();
    let known = |count: usize| flags.get_key_value(&words.get(..count)?.join(" "));
    (1..=2).rev().find_map(known).map(|(name, _)| name.as_str())
}

/// A line without what other programs are told: `cargo run --release -- serve` keeps ` -- serve`.
fn without_cargo(line: &str) -> String {
    let mut kept = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("cargo ") {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find('`').unwrap_or(rest.len());
        rest = &rest[rest[..end].find(" -- ").unwrap_or(end)..];
    }
    kept + rest
}

fn check(file: &str, text: &str, flags: &Flags) -> Vec<Fault> {
    let all: BTreeSet<&str> = flags.values().flatten().map(String::as_str).collect();
    let mut faults = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = without_cargo(line);
        for (place, flag) in mentioned(&line) {
            match subcommand(&line[..place], flags) {
                Some(name) if !flags[name].contains(flag) => {
                    faults.push(fault(file, at + 1, format!("`chaty {name}` has no {flag}")));
                }
                None if !all.contains(flag) => {
                    faults.push(fault(file, at + 1, format!("there is no {flag}")));
                }
                _ => {}
            }
        }
    }
    faults
}

/// Asks the binary, and each of its subcommands.
fn real() -> Flags {
    let mut flags = Flags::new();
    let mut waiting = vec![String::new()];
    while let Some(name) = waiting.pop() {
        let output = Command::new(env!("CARGO_BIN_EXE_chaty"))
            .args(name.split_whitespace())
            .arg("--help")
            .output()
            .unwrap();
        assert!(output.status.success(), "chaty {name} --help");
        let help = String::from_utf8(output.stdout).unwrap();
        for word in subcommands(&help) {
            waiting.push(format!("{name} {word}").trim().to_owned());
        }
        flags.insert(name, mentioned(&help).map(|(_, flag)| flag.to_owned()).collect());
    }
    flags
}

/// What the help writes above the words of a command: `chaty bot` has tools.
const HEADINGS: [&str; 2] = ["Commands:", "Tools for authors:"];

/// The words under `Commands:`.
fn subcommands(help: &str) -> impl Iterator<Item = &str> {
    help.lines()
        .skip_while(|line| !HEADINGS.contains(&line.trim()))
        .skip(1)
        .take_while(|line| !line.trim().is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| *word != "help")
}

#[test]
fn every_documented_flag_is_real() {
    let flags = real();
    assert!(flags.contains_key("serve"), "the subcommands were found: {:?}", flags.keys());
    let documents = files(&["README.md", "src/README.md", "docs"], &[".md"]);
    assert!(!documents.is_empty());
    let faults: Vec<String> = documents
        .iter()
        .flat_map(|(file, text)| check(file, text, &flags))
        .map(|fault| fault.to_string())
        .collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn planted_flags_are_found() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let flags = Flags::from([
        (String::new(), set(&["--help"])),
        ("serve".into(), set(&["--help", "--listen"])),
        ("join user".into(), set(&["--help", "--plain"])),
    ]);
    for (text, lines) in [
        ("use `--listen`, or `--nothing`\nand --frob", &[1, 2][..]),
        ("chaty serve --listen X --help", &[]),
        ("chaty serve --plain", &[1]),
        ("chaty join user Neo --plain", &[]),
        ("chaty join user Neo --listen", &[1]),
        ("cargo run --release -- serve --listen X", &[]),
        ("cargo run --release -- serve --bogus", &[1]),
        ("`cargo fmt --check` and `--bogus`", &[1]),
        ("a -- b, --- c, a--b, `-- notice`", &[]),
    ] {
        let found: Vec<usize> = check("x.md", text, &flags).iter().map(|f| f.line).collect();
        assert_eq!(found, lines, "{text}");
    }
}

#[test]
fn subcommands_are_read_from_the_help() {
    let help =
        "x\n\nCommands:\n  serve  Run\n         more\n  join\n  help   Print\n\nOptions:\n  -h\n";
    assert_eq!(subcommands(help).collect::<Vec<_>>(), ["serve", "join"]);
}
