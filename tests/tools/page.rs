//! `docs/BOTS.md` says only what is true: its reference is generated, its scripts work.

use super::talk::talk;
use super::{bot, folder, root};
use std::fs;

fn page() -> String {
    fs::read_to_string(root().join("docs/BOTS.md")).unwrap()
}

#[test]
fn the_pages_reference_is_what_docs_prints() {
    let begin = "<!-- From here on it is what `chaty bot docs --markdown` prints. -->\n\n";
    let page = page();
    let (_, rest) = page.split_once(begin).unwrap();
    let (reference, _) = rest.split_once("\n<!-- To here. -->").unwrap();
    let printed = bot(root(), &["docs", "--markdown"]).out;
    assert!(
        reference == printed,
        "docs/BOTS.md is not what `chaty bot docs --markdown` prints: put that between its markers"
    );
}

#[test]
fn every_script_on_the_page_works() {
    let page = page();
    let mut blocks = page.split("```rhai\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let karma = blocks.next().unwrap().to_owned() + blocks.next().unwrap();
    let mut function =
        |head: &str, end: &str| format!("fn {head} {{\n{}\n{end}\n}}\n", blocks.next().unwrap());
    let language = [
        function("on_mention(msg)", "return;"),
        function(
            "cmd_texts(msg, args)",
            "[text, `${small}|${big}|${part}|${yes}`, `${where} ${parts} ${length}`]",
        ),
        function(
            "cmd_rest(msg, args)",
            "[half, age, list.to_string(), doubled.to_string(), `${large} ${score}`]",
        ),
    ]
    .concat();
    let mut files = vec![("bots/karma.rhai".to_owned(), karma), ("bots/l.rhai".into(), language)];
    for (number, block) in blocks.enumerate() {
        // A block of helpers belongs to a bot of the reader's own.
        let is_whole = ["fn on_", "fn cmd_"].iter().any(|handler| block.contains(handler));
        let handler = if is_whole { "" } else { "fn on_mention(msg) { }\n" };
        files.push((format!("bots/pattern{number}.rhai"), format!("{block}{handler}")));
    }
    assert!(files.len() > 9, "{}", files.len());
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    let home = folder(&files);
    let ran = bot(home.path(), &["check", "bots"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    let ran = bot(home.path(), &["test", "bots/karma.rhai"]);
    assert!(ran.code == 0 && ran.out.contains("2 passed"), "{}", ran.out);
    let heard = talk(home.path(), "bots/l.rhai", "hello, L\n");
    assert!(heard.contains("-- log: Trinity") && !heard.contains("error"), "{heard}");
    let heard = talk(home.path(), "bots/l.rhai", "!texts\n");
    let said = "L: Hello, Neo\nL: hello, neo|HELLO, NEO|Hello|true\nL: 7 [\"Hello\", \"Neo\"] 10\n";
    assert!(heard.contains(said), "{heard}");
    let heard = talk(home.path(), "bots/l.rhai", "!rest\n");
    let said = "L: 3\nL: 0\nL: [3, 2, 1]\nL: [6, 4, 2]\nL: 2 0\n-- log: Error parsing integer";
    assert!(heard.contains(said), "{heard}");
}
