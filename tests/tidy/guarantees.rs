//! `docs/GUARANTEES.md` names a test or a recipe for each promise and each fault: the names are those
//! of real tests and of recipes that there are.

use super::{files, sources};
use std::collections::BTreeSet;

/// The tests of a source file, by the names under which `cargo test` lists them, without the
/// `tests` modules between.
fn tests(file: &str, source: &str) -> Vec<String> {
    let module = file.trim_start_matches("src/").trim_start_matches("tests/");
    let module: Vec<&str> = module
        .trim_end_matches(".rs")
        .split('/')
        .filter(|part| !matches!(*part, "mod" | "tests"))
        .collect();
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let is_test = |line: &str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    let name = |line: &str| {
        let rest = line.trim_start_matches("async ").strip_prefix("fn ")?;
        rest.split_once('(').map(|(name, _)| format!("{}::{name}", module.join("::")))
    };
    let starts = lines.iter().enumerate().filter(|(_, line)| is_test(line));
    // An attribute or two, or the head of a property test, may stand between.
    starts.filter_map(|(at, _)| lines.iter().skip(at).take(5).find_map(|line| name(line))).collect()
}

/// The names in a document: words in backticks with `::` in them.
fn named(document: &str) -> Vec<String> {
    let words = document.split('`').skip(1).step_by(2);
    words.filter(|word| word.contains("::")).map(|name| name.replace("::tests::", "::")).collect()
}

#[test]
fn every_promise_names_tests_that_exist() {
    let real: BTreeSet<String> =
        sources().iter().flat_map(|(file, source)| tests(file, source)).collect();
    let documents = files(&["docs/GUARANTEES.md"], &[".md"]);
    let named: Vec<String> = documents.iter().flat_map(|(_, text)| named(text)).collect();
    assert!(named.len() > 30, "only {} names were found", named.len());
    let missing: Vec<&String> = named.iter().filter(|name| !real.contains(*name)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

/// The recipes of a justfile, by their names.
fn recipes(justfile: &str) -> BTreeSet<&str> {
    let heads = justfile.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    heads.filter_map(|head| head.split([':', ' ']).next()).collect()
}

/// The recipes in a document: what stands behind `just` in backticks.
fn named_recipes(document: &str) -> Vec<&str> {
    let words = document.split('`').skip(1).step_by(2);
    words.filter_map(|word| word.strip_prefix("just ")?.split(' ').next()).collect()
}

#[test]
fn every_recipe_that_is_named_exists() {
    let justfile = std::fs::read_to_string(super::root().join("justfile")).unwrap();
    let real = recipes(&justfile);
    for (file, text) in files(&["docs", "README.md"], &[".md"]) {
        for recipe in named_recipes(&text) {
            assert!(real.contains(recipe), "{file}: there is no recipe `just {recipe}`");
        }
    }
}

/// Each row of the table of faults is there, in order, and says how it is shown.
#[test]
fn every_fault_is_answered() {
    let (_, text) = files(&["docs/GUARANTEES.md"], &[".md"]).pop().unwrap();
    let table = text.split("## Faults, row by row").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with('|'));
    let rows: Vec<Vec<&str>> =
        rows.skip(2).map(|row| row.split('|').map(str::trim).collect()).collect();
    let numbers: Vec<&str> = rows.iter().map(|row| row[1]).collect();
    let expected: Vec<String> = (1..=30).map(|n| n.to_string()).collect();
    assert_eq!(numbers, expected);
    for row in rows {
        let shown_by = row[4];
        let names = named(shown_by).len() + named_recipes(shown_by).len();
        assert!(names > 0 && !row[5].is_empty(), "{row:?}");
    }
}

#[test]
fn every_promise_has_a_test() {
    for (_, text) in files(&["docs/GUARANTEES.md"], &[".md"]) {
        let rows = text.lines().filter(|line| line.starts_with("| ") && line.ends_with('.'));
        assert_eq!(rows.count(), 0, "a row that ends with its sentence names no test");
        let promises = text.split("## Memory").next().unwrap_or_default().lines();
        for row in promises.filter(|line| line.starts_with("| ") && !line.starts_with("| promise"))
        {
            assert!(row.starts_with("| ---") || !named(row).is_empty(), "no test: {row}");
        }
    }
}

#[test]
fn tests_are_found_by_their_names() {
    let source =
        "#[test]\nfn one() {\n#[tokio::test(start_paused = true)]\nasync fn two() {\nfn no() {";
    assert_eq!(tests("src/serve/gate.rs", source), ["serve::gate::one", "serve::gate::two"]);
    assert_eq!(tests("src/log/tests.rs", "#[test]\n#[x]\nfn one(a: u8) {"), ["log::one"]);
    let justfile = "# x\n_list:\n    just x\nmodel:\nfuzz target secs=\"5\":\n    cargo";
    assert_eq!(recipes(justfile).into_iter().collect::<Vec<_>>(), ["fuzz", "model"]);
    assert_eq!(named_recipes("run `just fuzz all 5` or `just` or `x just y`"), ["fuzz"]);
    assert_eq!(named("| a | `log::tests::one`, `b` | `c::d`"), ["log::one", "c::d"]);
}
