//! Keeps the house: which module may know which, what every file says of itself, what is left
//! lying about. Reads the tree, never the compiled crate. Every check is itself checked with a
//! violation planted in a text, because a check that cannot fail is worth nothing.

mod checks;
mod flags;
mod guarantees;
mod source;

use checks::{
    Fault, check_arrows, check_globs, check_head, check_left_over, check_length, check_purity,
};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below these places that is ours, as (path from the root, text).
fn files(places: &[&str], ends: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> = places.iter().map(|place| root().join(place)).collect();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let inside = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
            waiting.extend(inside);
        } else if path.is_file() {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            if ends.iter().any(|end| name.ends_with(end)) {
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// Runs a check over the sources and names every fault at once.
#[track_caller]
fn keep(check: fn(&str, &str) -> Vec<Fault>, files: &[(String, String)]) {
    assert!(files.len() > 10, "only {} files were looked at", files.len());
    let faults: Vec<String> = files
        .iter()
        .flat_map(|(file, source)| check(file, source))
        .map(|fault| fault.to_string())
        .collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn sources() -> Vec<(String, String)> {
    files(&["src", "tests"], &[".rs"])
}

#[test]
fn arrows_run_one_way() {
    keep(check_arrows, &sources());
}

#[test]
fn the_core_is_pure() {
    keep(check_purity, &sources());
}

#[test]
fn there_are_no_globs() {
    keep(check_globs, &sources());
}

#[test]
fn every_file_says_what_it_is() {
    keep(check_head, &sources());
}

#[test]
fn long_files_say_why() {
    keep(check_length, &sources());
}

#[test]
fn nothing_unfinished_is_left() {
    let places = ["src", "tests", "bots", "docs", ".ci", "justfile", "README.md", "CHANGELOG.md"];
    let ends = [".rs", ".rhai", ".md", ".ci/run", "justfile", ".toml", ".trycmd", ".py"];
    keep(check_left_over, &files(&places, &ends));
}

/// A file of tests that `main.rs` does not name is not even compiled.
#[test]
fn every_file_of_tests_is_run() {
    let main = fs::read_to_string(root().join("tests/main.rs")).unwrap();
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for (file, _) in files(&["tests"], &[".rs"]) {
        let module = file.strip_prefix("tests/").unwrap().strip_suffix(".rs").unwrap();
        let module = module.split('/').next().unwrap();
        let is_named = main.lines().any(|line| line == format!("mod {module};"));
        let is_a_program = |file: &str| manifest.contains(&format!("path = \"{file}\""));
        // A program of several files has them in a folder of its own.
        let (folder, stem) = file.rsplit_once('/').unwrap();
        let program = format!("{folder}/main.rs");
        let line = format!("mod {};", stem.strip_suffix(".rs").unwrap());
        let is_part = is_a_program(&program)
            && fs::read_to_string(root().join(program)).unwrap().lines().any(|has| has == line);
        let is_run = module == "main" || is_named || is_a_program(&file) || is_part;
        assert!(is_run, "{file} is neither in tests/main.rs nor in Cargo.toml");
    }
}
