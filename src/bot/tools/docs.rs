//! `chaty bot docs`: everything a script can use, from the very tables the interpreter is set up
//! from. The same sections are a text for the terminal and the reference of `docs/BOTS.md`.

use crate::bot::api::{FUNCTIONS, HANDLERS};
use crate::bot::declaration::KEYS;
use crate::bot::limits::{ARGUMENTS, Limits};
use crate::bot::message::{PROPERTIES, WHO_PROPERTIES};
use crate::bot::tools::testing::TESTING;
use std::fmt::Write;

/// Around the generated part of `docs/BOTS.md`.
pub const MARKDOWN_BEGIN: &str =
    "<!-- From here on it is what `chaty bot docs --markdown` prints. -->";
pub const MARKDOWN_END: &str = "<!-- To here. -->";

/// Columns of a terminal that the text keeps to.
const WIDTH: usize = 80;

/// Things of one kind that a script can use.
pub(super) struct Section {
    pub title: &'static str,
    pub intro: &'static str,
    pub entries: Vec<Entry>,
}

/// One of them.
pub(super) struct Entry {
    /// As it is written: `pick(array)`.
    pub head: String,
    /// What kind of value it is, if that is to be said.
    pub kind: &'static str,
    pub doc: String,
    pub example: &'static str,
}

/// For a terminal.
pub fn text() -> String {
    let mut text = String::new();
    for section in sections() {
        let Section { title, intro, entries } = section;
        let _infallible = writeln!(text, "{}\n", title.to_uppercase());
        wrap(&mut text, intro, 0);
        text.push('\n');
        for entry in entries {
            let kind =
                if entry.kind.is_empty() { String::new() } else { format!(": {}", entry.kind) };
            let _infallible = writeln!(text, "  {}{kind}", entry.head);
            wrap(&mut text, &entry.doc, 6);
            for line in entry.example.lines() {
                let _infallible = writeln!(text, "        {line}");
            }
        }
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n"
}

/// For `docs/BOTS.md`.
pub fn markdown() -> String {
    let mut page = String::new();
    for Section { title, intro, entries } in sections() {
        let _infallible = writeln!(page, "### {title}\n\n{intro}\n");
        let has = |column: fn(&Entry) -> bool| entries.iter().any(column);
        let (kinds, examples) =
            (has(|entry| !entry.kind.is_empty()), has(|entry| !entry.example.is_empty()));
        let mut row = |cells: [&str; 4]| {
            let shown = [true, kinds, true, examples];
            for (cell, _) in cells.iter().zip(shown).filter(|(_, shown)| *shown) {
                let _infallible = write!(page, "| {cell} ");
            }
            page.push_str("|\n");
        };
        row(["", "is", "", "for example"]);
        row(["---"; 4]);
        for entry in &entries {
            row([&code(&entry.head), entry.kind, &cell(&entry.doc), &code(entry.example)]);
        }
        page.push('\n');
    }
    page.trim_end().to_owned() + "\n"
}

pub(super) fn sections() -> Vec<Section> {
    vec![
        declaration(),
        handlers(),
        messages(),
        members(),
        functions(),
        memory(),
        testing(),
        limits(),
    ]
}

fn declaration() -> Section {
    let entry = |key: &'static crate::bot::Key| Entry {
        head: key.name.into(),
        kind: key.kind,
        doc: sentence(key.doc),
        example: "",
    };
    Section {
        title: "The declaration",
        intro: "What a bot says about itself: `const BOT = #{ triggers: [\"tea\"] };`. All of it \
                can be left out, `BOT` too.",
        entries: KEYS.iter().map(entry).collect(),
    }
}

fn handlers() -> Section {
    let entry = |handler: &crate::bot::Handler| Entry {
        head: format!("fn {}({})", handler.name, handler.params.join(", ")),
        kind: "",
        doc: sentence(handler.doc),
        example: "",
    };
    Section {
        title: "Handlers",
        intro: "Functions that chaty calls if the script has them. For a message they \
                are asked in this order, and the first that says anything is the last; one that \
                says nothing leaves the message to the next. A string that is returned is the answer, an \
                array is several lines, nothing is no answer.",
        entries: HANDLERS.iter().map(entry).collect(),
    }
}

fn messages() -> Section {
    let entry = |property: &'static crate::bot::Property| Entry {
        head: format!("msg.{}", property.name),
        kind: property.kind,
        doc: sentence(property.doc),
        example: "",
    };
    Section {
        title: "Messages",
        intro: "What a handler is given as `msg`. It cannot be changed: it is what was said.",
        entries: PROPERTIES.iter().map(entry).collect(),
    }
}

fn members() -> Section {
    let entry = |property: &'static crate::bot::Property| Entry {
        head: format!("who.{}", property.name),
        kind: property.kind,
        doc: sentence(property.doc),
        example: "",
    };
    Section {
        title: "Members",
        intro: "What `on_join` and `on_leave` are given as `who`. In a text it is the name: \
                `${who}`.",
        entries: WHO_PROPERTIES.iter().map(entry).collect(),
    }
}

fn memory() -> Section {
    let entry = |head: &str, doc: &str, example: &'static str| Entry {
        head: head.into(),
        kind: "",
        doc: doc.into(),
        example,
    };
    Section {
        title: "Memory",
        intro: "Two maps that every function sees. They keep text, numbers, truth values, arrays \
                and maps; what was never stored is `()`.",
        entries: vec![
            entry(
                "state",
                "Is kept in a file, across reloads and restarts.",
                "state.points = (state.points ?? 0) + 1;",
            ),
            entry("temp", "Is kept across reloads, not across restarts.", "temp.open = msg.from;"),
            entry("keys(), values(), len()", "What is in it.", "for name in state.keys() { }"),
            entry(
                "contains(key), key in state",
                "Whether it is in it.",
                "if \"points\" in state { }",
            ),
            entry("remove(key), clear()", "Forgets one, or all.", "temp.remove(\"open\");"),
        ],
    }
}

fn testing() -> Section {
    let entry = |function: &'static crate::bot::tools::Testing| Entry {
        head: function.signature.into(),
        kind: "",
        doc: function.doc.into(),
        example: function.example,
    };
    Section {
        title: "Functions of tests",
        intro: "What a test can do as well: a function `fn test_NAME()`, which `chaty bot test` \
                calls with a bot that has just come in and a clock that stands. In a test \
                `state` and `temp` are the bot's own, and `users()` are those who are there.",
        entries: TESTING.iter().map(entry).collect(),
    }
}

fn functions() -> Section {
    let entry = |function: &'static crate::bot::Function| Entry {
        head: function.signature.into(),
        kind: "",
        doc: sentence(function.doc),
        example: function.example,
    };
    Section {
        title: "Functions",
        intro: "What a script can do, besides the language's own functions on strings, arrays, \
                maps and numbers. Nothing takes effect unless the handler ends well.",
        entries: FUNCTIONS.iter().map(entry).collect(),
    }
}

fn limits() -> Section {
    let limits = Limits::default();
    let entry = |head: &str, doc: String| Entry { head: head.into(), kind: "", doc, example: "" };
    Section {
        title: "Limits",
        intro: "What one call may cost. A call that goes over a limit does nothing, and its \
                author is told where it was.",
        entries: vec![
            entry(
                "steps",
                format!(
                    "{} of the interpreter. What goes through a long array or map is several.",
                    limits.operations
                ),
            ),
            entry("time", format!("{} ms.", limits.wall.as_millis())),
            entry("text", format!("{} KiB in one value.", limits.string / 1024)),
            entry("elements", format!("{} in an array or a map.", limits.elements)),
            entry("memory", format!("{} MiB in all variables.", limits.memory / (1024 * 1024))),
            entry("calls", format!("{} inside one another.", limits.calls)),
            entry("arguments", format!("{ARGUMENTS} of one call.")),
            entry("variables", format!("{} at once.", limits.variables)),
            entry("lines", format!("{} to one message, to each who hears them.", limits.lines)),
            entry("state, temp", format!("{} KiB each.", limits.state / 1024)),
            entry("source", format!("{} KiB a file.", limits.source / 1024)),
            entry(
                "reading",
                format!(
                    "{} ms of the processor's time, with all that is imported.",
                    limits.reading.as_millis()
                ),
            ),
        ],
    }
}

/// The tables' phrases as whole sentences.
fn sentence(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    // A name of the language keeps its small letter.
    let is_name = first.contains(['`', '_', '(']);
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return String::new() };
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    let first: String = if is_name { first.into() } else { first.to_uppercase().collect() };
    first + letters.as_str() + end
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A code span, fenced by more backticks than stand inside it.
fn code(text: &str) -> String {
    let text = cell(text);
    match text.as_str() {
        "" => text,
        _ if text.contains('`') => format!("`` {text} ``"),
        _ => format!("`{text}`"),
    }
}

/// Appends a paragraph in lines of at most [`WIDTH`] columns.
fn wrap(to: &mut String, text: &str, indent: usize) {
    let mut column = 0;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            to.push('\n');
            column = 0;
        }
        if column == 0 {
            to.push_str(&" ".repeat(indent));
            column = indent;
        } else {
            to.push(' ');
            column += 1;
        }
        to.push_str(word);
        column += width;
    }
    to.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_in_both_forms() {
        let (text, page) = (text(), markdown());
        let names = FUNCTIONS
            .iter()
            .map(|function| function.signature)
            .chain(HANDLERS.iter().map(|handler| handler.name))
            .chain(PROPERTIES.iter().map(|property| property.name))
            .chain(KEYS.iter().map(|key| key.name));
        for name in names {
            assert!(text.contains(name) && page.contains(name), "{name}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }

    #[test]
    fn phrases_become_sentences_and_code_keeps_its_backticks() {
        assert_eq!(sentence("who said it"), "Who said it.");
        assert_eq!(sentence("`word` is it"), "`word` is it.");
        assert_eq!(sentence("on_timer(name) is called"), "on_timer(name) is called.");
        assert_eq!(code("`${me()}`|x"), "`` `${me()}`\\|x ``");
        let mut text = String::new();
        wrap(&mut text, &"abc ".repeat(40), 6);
        assert!(
            text.lines().count() == 3 && text.lines().all(|line| line.len() <= WIDTH),
            "{text}"
        );
    }
}
