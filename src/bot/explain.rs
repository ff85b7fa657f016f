//! Says the interpreter's errors in the words of a bot's author: functions and kinds of values by
//! the names the script uses, and what was probably meant.

use super::api::FUNCTIONS;
use super::engine::FORBIDDEN;
use super::foreign;
use super::limits::Guard;
use super::message::properties;
use super::nearest::nearest;
use super::puzzle;
use rhai::{EvalAltResult, Module, ParseError, ParseErrorType, Position, Shared};
use std::collections::{BTreeMap, BTreeSet};

/// The names a script can use, for suggestions.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// Functions of the library and of the bots' own table, with the numbers of their arguments.
    pub functions: BTreeMap<String, BTreeSet<usize>>,
    /// The script's own functions, with the parameters of each that has the name.
    pub own: BTreeMap<String, Vec<Vec<String>>>,
    /// Constants of the file's top level.
    pub constants: BTreeSet<String>,
    /// Variables of the file's top level, which no function sees.
    pub globals: BTreeSet<String>,
    /// Variables that functions assign to.
    pub assigned: BTreeSet<String>,
    /// What the file imports, by the names it is called by.
    pub modules: BTreeMap<String, Shared<Module>>,
}

impl Names {
    /// `reply(text)`: how a function is called, if the script can know it.
    pub(super) fn signature(&self, name: &str) -> Option<String> {
        if let Some(params) = self.own.get(name).and_then(|all| all.first()) {
            return Some(format!("{name}({})", params.join(", ")));
        }
        FUNCTIONS
            .iter()
            .find(|function| function.name == name)
            .map(|function| function.signature.to_owned())
    }

    /// What to say about a call of something that is no function.
    pub(super) fn unknown_function(&self, name: &str) -> String {
        if let Some(suggestion) = foreign::suggestion(name) {
            return format!("unknown function `{name}`; {suggestion}");
        }
        let own = self.own.keys().map(String::as_str);
        let ours = FUNCTIONS.iter().map(|function| function.name);
        // The bots' own functions first: they are what is meant most often.
        let close = nearest(name, ours.chain(own))
            .or_else(|| nearest(name, self.functions.keys().map(String::as_str)));
        match close {
            Some(close) => format!("unknown function `{name}`; did you mean `{close}`?"),
            None => format!("unknown function `{name}`"),
        }
    }

    fn unknown_variable(&self, name: &str) -> String {
        if self.globals.contains(name) && self.assigned.contains(name) {
            return format!(
                "`{name}` is a variable of the file, which functions do not see: keep what changes \
                 in `state.{name}`, across restarts, or in `temp.{name}`"
            );
        }
        if self.globals.contains(name) {
            return format!(
                "`{name}` is a variable of the file, which functions do not see; make it a `const`"
            );
        }
        if let Some(signature) = self.signature(name) {
            return format!("`{name}` is a function: call it, `{signature}`");
        }
        if let Some(here) = foreign::value(name) {
            return format!("unknown variable `{name}`; did you mean `{here}`?");
        }
        match nearest(name, self.constants.iter().map(String::as_str)) {
            Some(close) => format!("unknown variable `{name}`; did you mean `{close}`?"),
            None => format!("unknown variable `{name}`"),
        }
    }
}

/// What stopped a script while it ran.
#[derive(Debug)]
pub(super) struct Stopped {
    /// The file it happened in; empty for the script itself.
    pub source: String,
    pub place: Option<(usize, usize)>,
    pub message: String,
}

/// Says what stopped a script: where, and why.
pub(super) fn run(error: &EvalAltResult, guard: &Guard, names: &Names) -> Stopped {
    let message = match guard.tripped() {
        Some(trip) => trip.explain(guard.limits()),
        None => runtime(error.unwrap_inner(), guard, names),
    };
    let (source, place) = innermost(error, "").unwrap_or_default();
    Stopped { source, place, message }
}

/// The file and position nearest to the cause: errors of limits carry none of their own.
fn innermost(error: &EvalAltResult, source: &str) -> Option<(String, Option<(usize, usize)>)> {
    let inner = match error {
        EvalAltResult::ErrorInFunctionCall(_, source, inner, _) => innermost(inner, source),
        EvalAltResult::ErrorInModule(_, inner, _) => innermost(inner, source),
        _ => None,
    };
    inner.or_else(|| Some((source.to_owned(), Some(place(error.position())?))))
}

/// Line and column of a position, if it is one.
pub(super) fn place(position: Position) -> Option<(usize, usize)> {
    Some((position.line()?, position.position().unwrap_or(1)))
}

fn runtime(error: &EvalAltResult, guard: &Guard, names: &Names) -> String {
    let limits = guard.limits();
    match error {
        EvalAltResult::ErrorParsing(error, _) => syntax(error, names),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => no_such_call(signature, names),
        EvalAltResult::ErrorVariableNotFound(name, _) => names.unknown_variable(name),
        EvalAltResult::ErrorModuleNotFound(_, _) | EvalAltResult::ErrorTooManyModules(_) => {
            "`import` takes the name of a file in lib, beside the script".into()
        }
        EvalAltResult::ErrorDotExpr(text, _) => property(text),
        EvalAltResult::ErrorMismatchDataType(wanted, given, _)
        | EvalAltResult::ErrorMismatchOutputType(wanted, given, _) => {
            format!("this needs {}, and there is {}", kind(wanted), kind(given))
        }
        EvalAltResult::ErrorIndexingType(given, _) => {
            let given = given.split(" [").next().unwrap_or(given);
            format!("{} has no elements to index{}", kind(given), if_nothing(given))
        }
        EvalAltResult::ErrorArrayBounds(0, index, _) => {
            format!("the array is empty: there is no element {index}")
        }
        EvalAltResult::ErrorArrayBounds(1, index, _) => {
            format!("the array has one element, 0: there is no {index}")
        }
        EvalAltResult::ErrorArrayBounds(length, index, _) => {
            format!("the array has {length} elements, 0 to {}: there is no {index}", length - 1)
        }
        EvalAltResult::ErrorFor(_) => "`for` goes through arrays, ranges and strings only".into(),
        EvalAltResult::ErrorStackOverflow(_) => format!(
            "functions call each other more than {} deep; is there a recursion without end?",
            limits.calls
        ),
        EvalAltResult::ErrorTooManyVariables(_) => {
            format!("there are more than {} variables at once", limits.variables)
        }
        EvalAltResult::ErrorTooManyOperations(_) => super::limits::Trip::Operations.explain(limits),
        EvalAltResult::ErrorDataTooLarge(what, _) if what.contains("string") => {
            format!("there is more than {} KiB of text in one value", limits.string / 1024)
        }
        EvalAltResult::ErrorDataTooLarge(_, _) => super::limits::Trip::Elements.explain(limits),
        EvalAltResult::ErrorDataRace(_, _) => "a closure uses the variable whose method calls it; \
            put what it needs into a variable of its own first, `let from = msg.from;`"
            .into(),
        EvalAltResult::ErrorNonPureMethodCallOnConstant(name, _) => format!(
            "`{name}` would change a constant; make a copy that can be changed, `let copy = …;`"
        ),
        EvalAltResult::ErrorUnboundThis(_) => {
            "`this` means nothing here: the function was not called as a method".into()
        }
        // What the script throws, and what the bots' own functions refuse.
        EvalAltResult::ErrorRuntime(value, _) if value.is_unit() => "the script threw ()".into(),
        EvalAltResult::ErrorRuntime(value, _) => value.to_string(),
        other => plain(&other.to_string()),
    }
}

/// What keeps a script from being understood.
pub(super) fn parse(
    error: &ParseError,
    source: &str,
    names: &Names,
) -> (Option<(usize, usize)>, String) {
    let place = place(error.position());
    if let Some((place, message)) = puzzle::solve(error.err_type(), source, place) {
        return (Some(place), message);
    }
    // A word that was taken out of the language is a puzzle to the parser.
    let message = match place.map(|place| word_at(source, place)) {
        Some(word) if FORBIDDEN.contains(&word.as_str()) => {
            format!("`{word}` is not available to bots")
        }
        _ => syntax(error.err_type(), names),
    };
    (place, message)
}

pub(super) fn word_at(source: &str, (line, column): (usize, usize)) -> String {
    let line = source.lines().nth(line - 1).unwrap_or_default();
    let of_a_word = |c: &char| c.is_alphanumeric() || *c == '_';
    line.chars().skip(column - 1).take_while(of_a_word).collect()
}

fn syntax(error: &ParseErrorType, names: &Names) -> String {
    match error {
        ParseErrorType::VariableUndefined(name) => names.unknown_variable(name),
        ParseErrorType::Reserved(word) => {
            format!("`{word}` is a word of the language: take another name")
        }
        ParseErrorType::MissingToken(token, why) => {
            format!("`{token}` is missing {}", why.replace('\'', "`"))
        }
        ParseErrorType::ExprTooDeep => "this is nested too deeply".into(),
        ParseErrorType::UnexpectedEOF => "the script ends in the middle of something".into(),
        ParseErrorType::WrongDocComment => {
            "`///` stands right before a function; use `//` anywhere else".into()
        }
        ParseErrorType::ModuleUndefined(name) => {
            format!(
                "there is no module `{name}`: `import \"{name}\" as {name};` at the top brings it in"
            )
        }
        other => plain(&other.to_string()),
    }
}

/// A call that fits no function: `reply (i64, i64)`, or `+ (map, i64)`, with Rust's names.
fn no_such_call(signature: &str, names: &Names) -> String {
    let (name, given) = signature.split_once(" (").unwrap_or((signature, ""));
    let kinds: Vec<String> = given
        .strip_suffix(')')
        .unwrap_or(given)
        .split(", ")
        .filter(|s| !s.is_empty())
        .map(kind)
        .collect();
    let hint = if kinds.iter().any(|kind| *kind == self::kind("()")) { NOTHING } else { "" };
    let given = match kinds.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    if let Some(property) = name.strip_prefix("get$").or_else(|| name.strip_prefix("set$")) {
        return has_no(&given, property) + hint;
    }
    if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return format!("`{name}` does not work with {given}{hint}");
    }
    match names.signature(name) {
        Some(signature) => format!("`{signature}` does not take {given}{hint}"),
        None if names.functions.contains_key(name) => {
            format!("`{name}` does not take {given}{hint}")
        }
        None => names.unknown_function(name),
    }
}

/// `Unknown property 'txt' - a getter is not registered for type 'msg'`, and its like.
fn property(text: &str) -> String {
    let quoted: Vec<&str> = text.split('\'').skip(1).step_by(2).collect();
    match quoted.as_slice() {
        [name, owner, ..] if properties(owner).is_some() && text.contains("setter") => {
            let why = if *owner == "msg" { ": it is what was said" } else { "" };
            format!("`{name}` of {} cannot be changed{why}", kind(owner))
        }
        [name, owner, ..] if properties(owner).is_some() => unknown_property(owner, name),
        [name, "()", ..] if text.contains("setter") => {
            format!(
                "there is nothing, (), that `{name}` could be put into: begin with a map, `#{{}}`"
            )
        }
        [name, owner, ..] => has_no(&kind(owner), name) + if_nothing(owner),
        _ => plain(text),
    }
}

/// What explains most of the nothings in a script.
const NOTHING: &str =
    "; what was never stored in `state` or a map is (): `?? 0` behind it stands in for it";

fn if_nothing(kind: &str) -> &'static str {
    if matches!(kind, "()" | "") { NOTHING } else { "" }
}

fn has_no(owner: &str, property: &str) -> String {
    match foreign::suggestion(property) {
        Some(suggestion) => format!("{owner} has no `{property}`; {suggestion}"),
        None => format!("{owner} has no `{property}`"),
    }
}

/// What to say about `msg.txt`, or `who.nme`.
pub(super) fn unknown_property(of: &str, name: &str) -> String {
    let known = || properties(of).unwrap_or_default().iter().map(|property| property.name);
    let owner = kind(of);
    match nearest(name, known()) {
        Some(close) => format!("{owner} has no `{name}`; did you mean `{close}`?"),
        None => {
            format!("{owner} has no `{name}`; it has {}", known().collect::<Vec<_>>().join(", "))
        }
    }
}

/// A kind of value as people say it, with its article.
pub(super) fn kind(name: &str) -> String {
    // Rhai offers all the types it would have taken: `&str | ImmutableString | String`.
    let first = name.split(" | ").next().unwrap_or(name).trim_start_matches("&mut ");
    match first.trim_start_matches('&') {
        "str" | "string" | "String" | "ImmutableString" => "a string".into(),
        "i64" | "int" => "an integer".into(),
        "f64" | "float" => "a number".into(),
        "bool" => "a truth value".into(),
        "char" => "a character".into(),
        "array" | "Array" => "an array".into(),
        "map" | "Map" | "object map" => "a map".into(),
        "Fn" | "FnPtr" => "a function".into(),
        "msg" => "a message".into(),
        "who" => "a member".into(),
        "store" => "all of `state` or `temp`".into(),
        other if other.ends_with("::Who") => "a member".into(),
        other if other.ends_with("::Store") => "all of `state` or `temp`".into(),
        other if other.ends_with("::Heard") => "a message".into(),
        "()" | "" => "nothing, ()".into(),
        "range" | "range=" => "a range".into(),
        other if other.contains("Range") => "a range".into(),
        other => format!("a value of the kind {other}"),
    }
}

/// The interpreter's own sentence, without the position it repeats and in the house's case.
fn plain(text: &str) -> String {
    let text = match text.rfind(" (line ") {
        Some(at) => text.split_at(at).0,
        None => text,
    };
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect::<String>().replace('\'', "`"),
        None => "the script failed".into(),
    }
}
