//! What an author reads when something is wrong: place, words and suggestion, case by case.

use super::{answer, refused};
use crate::bot::Script;

/// Where a value that was never stored is the cause.
const NOTHING: &str =
    "; what was never stored in `state` or a map is (): `?? 0` behind it stands in for it";

/// The message and the place of what keeps a script from being loaded.
#[track_caller]
pub(super) fn check(source: &str, place: Option<(usize, usize)>, message: &str) {
    let diagnostic = refused(source);
    assert_eq!(diagnostic.message, message, "{source}");
    assert_eq!(diagnostic.place, place, "{source}: {message}");
}

#[track_caller]
pub(super) fn check_running(body: &str, place: (usize, usize), message: &str) {
    let source = format!("fn on_message(msg) {{\n{body}\n}}");
    let error = answer(&source, "hi").error.unwrap_or_else(|| panic!("no error: {body}"));
    assert_eq!(error.message, message, "{body}");
    assert_eq!(error.place, Some(place), "{body}: {message}");
}

#[test]
fn the_contracts_own_example() {
    let source = "fn on_message(msg) {\n  rply(\"x\");\n}\n";
    assert_eq!(
        refused(source).to_string(),
        "bots/test.rhai:2:3: error: unknown function `rply`; did you mean `reply`?\n\
         \x20 2 |   rply(\"x\");\n\
         \x20   |   ^^^^"
    );
}

#[test]
fn functions_that_are_none() {
    let at = |body: &str| format!("fn on_message(msg) {{\n    {body}\n}}");
    check(&at("zebra();"), Some((2, 5)), "unknown function `zebra`");
    check(
        &at("if false { sya(1); }"),
        Some((2, 16)),
        "unknown function `sya`; did you mean `say`?",
    );
    check(&at("[1].psh(2);"), Some((2, 9)), "unknown function `psh`; did you mean `push`?");
    check(&at("reply();"), Some((2, 5)), "it is `reply(text)`: no arguments are given here");
    check(
        &at("rand_int(6);"),
        Some((2, 5)),
        "it is `rand_int(from, to)`: 1 argument is given here",
    );
    check(&at("[1].len(2, 3);"), Some((2, 9)), "`len` does not take 2 arguments");
    check(
        &at("helper(1);\n}\nfn helper() {"),
        Some((2, 5)),
        "it is `helper()`: 1 argument is given here",
    );
    check(
        &at("let f = |x| x; f(1)"),
        Some((2, 20)),
        "`f` is a variable; a function in a variable is called `f.call(…)`",
    );
    check(&at("say([1].map(|x| foo(x)));"), Some((2, 21)), "unknown function `foo`");
}

#[test]
fn functions_that_are_to_be_called_later() {
    let at = |call: &str| {
        format!("fn on_message(msg) {{\n    {call}\n}}\nfn ring(who) {{ }} fn two(a, b) {{ }}")
    };
    check(
        &at("after(5, \"rng\", msg.from);"),
        Some((2, 14)),
        "there is no function `rng`; did you mean `ring`?",
    );
    let nothing_like_it = "there is no function `zebra` for `after` to call";
    check(&at("let a = after(5, \"zebra\");"), Some((2, 22)), nothing_like_it);
    let two = "`after` calls `two` with one argument, or with none";
    check(&at("after(5, \"two\");"), Some((2, 14)), two);
    assert_eq!(answer(&at("after(5, \"ring\"); after(5, \"ri\" + \"ng\");"), "x").error, None);
}

#[test]
fn functions_in_maps_are_called_like_methods() {
    let source = "fn on_message(msg) { let m = #{ dance: |x| `${x}!` }; m.dance(\"hop\") }";
    assert_eq!(super::lines(&answer(source, "hi")), ["hop!"]);
    let method =
        "fn louder(by) { this += by; } fn on_message(msg) { let t = \"a\"; t.louder(\"b\"); t }";
    assert_eq!(super::lines(&answer(method, "hi")), ["ab"]);
}

#[test]
fn handlers_that_would_never_be_called() {
    check(
        "// hi\nfn on_mesage(msg) { }",
        Some((2, 4)),
        "nothing calls `on_mesage`; did you mean `on_message`?",
    );
    check(
        "fn on_message(msg) {}\nfn on_zebra() {}",
        Some((2, 4)),
        "nothing calls `on_zebra`: the handlers are cmd_NAME, on_mention, on_trigger, on_message, \
         on_whisper, on_join, on_leave, on_timer, on_load, on_unload",
    );
    check(
        "fn onMessage(msg) {}",
        Some((1, 4)),
        "nothing calls `onMessage`; did you mean `on_message`?",
    );
    check("fn on_message() { }", Some((1, 4)), "`on_message` is called with (msg)");
    check(
        "const BOT = #{ triggers: [\"a\"] };\nfn on_trigger(msg) { }",
        Some((2, 4)),
        "`on_trigger` is called with (msg, word)",
    );
    for empty in ["", "// nothing", "const BOT = #{};", "fn helper() { }"] {
        let message = "there is no handler: a bot has one or more of cmd_NAME, on_mention, on_trigger, \
             on_message, on_whisper, on_join, on_leave, on_timer, on_load, on_unload";
        check(empty, None, message);
    }
    check(
        "fn on_trigger(msg, word) { }",
        Some((1, 4)),
        "`on_trigger` waits for words: declare them, `const BOT = #{ triggers: [\"…\"] };`",
    );
    check(
        "const BOT = #{\n  triggers: [\"a\"] };\nfn on_message(msg) { }",
        Some((2, 3)),
        "there are triggers, and no `on_trigger(msg, word)` to call",
    );
}

#[test]
fn declarations() {
    check(
        "const BOT = #{\n    trigers: [\"play\"],\n};\nfn on_message(msg) { }",
        Some((2, 5)),
        "unknown key `trigers` in `BOT`; did you mean `triggers`?",
    );
    check(
        "const BOT = 5; fn on_message(msg) { }",
        Some((1, 7)),
        "`BOT` is a map, `const BOT = #{ … }`, not an integer",
    );
}

#[test]
fn variables_that_are_none() {
    let at =
        |body: &str| format!("const IDEAS = [1];\nlet count = 0;\nfn on_message(msg) {{ {body} }}");
    check(&at("IDEA"), Some((3, 22)), "unknown variable `IDEA`; did you mean `IDEAS`?");
    let seen = "is a variable of the file, which functions do not see";
    check(&at("count + 1"), Some((3, 22)), &format!("`count` {seen}; make it a `const`"));
    let kept = format!(
        "`count` {seen}: keep what changes in `state.count`, across restarts, or in `temp.count`"
    );
    for change in ["count += 1;", "count[0] = 1;", "say(count); count = 1;", "count.push(1);"] {
        let column = if change.starts_with("say") { 26 } else { 22 };
        check(&at(change), Some((3, column)), &kept);
    }
    check(&at("me"), Some((3, 22)), "`me` is a function: call it, `me()`");
    check(&at("[1].map(|x| x + zebra)"), Some((3, 38)), "unknown variable `zebra`");
}

#[test]
fn what_is_right_is_not_a_finding() {
    for source in [
        "fn on_message(m) { shout(m.text) } fn shout(msg) { msg.len + 1 }",
        "fn on_message(m) { let msg = #{ txt: \"a\" }; msg.txt }",
        "fn on_message(m) { try { throw #{ a: 1 } } catch (msg) { msg.a } }",
        "fn on_message(m) { for msg in [#{ a: 1 }] { msg.a; } }",
        "fn on_message(m) { for m in [#{ a: 1 }] { m.a; } }",
        "fn on_message(m) { m = #{ a: 1 }; m.a }",
        "fn on_message(m) { [#{ a: 1 }].map(|m| m.a); }",
        "fn f(a) { f(a, 1) } fn f(a, b) { a + b } fn on_message(msg) { f(1) + f(1, 2) }",
        "fn on_message(msg) { let m = #{}; m[\"dance\"] = |x| x; m.dance(1) }",
        "fn on_message(msg) { let f = Fn(\"g\"); f.call(1) } fn g(x) { x }",
        "fn on_message(msg) { msg.text.len() + msg.words.filter(|w| w.len > 2).len() }",
        "\u{feff}// a byte order mark\r\nfn on_message(msg) {\r\n  1\r\n}\r\n",
        "// a carriage return\rfn on_message(msg) {\r  1\r}\r",
        "/// > Neo: hi\nprivate fn helper() { 1 }\nfn on_message(msg) { helper() }",
    ] {
        assert_eq!(answer(source, "hi").error, None, "{source}");
    }
}

#[test]
fn syntax() {
    check(
        "// a line\rfn on_message(msg) { say(\"a\" }",
        Some((2, 30)),
        "`,` is missing to separate the arguments to function call `say`",
    );
    check(
        "fn on_message(msg) { say(\"a\" }",
        Some((1, 30)),
        "`,` is missing to separate the arguments to function call `say`",
    );
    check("fn on_message(msg) {", Some((1, 20)), "this `{` is never closed");
    check("fn on_message(msg) { eval(\"1\") }", Some((1, 22)), "`eval` is not available to bots");
    check(
        "import \"../secret\" as s;\nfn on_message(msg) { }",
        Some((1, 8)),
        "`import` is not available here",
    );
    check("let 5 = 3;", Some((1, 5)), "expecting name of a variable");
}

#[test]
fn kinds_of_values_have_names() {
    check_running("  1 + #{}", (2, 5), "`+` does not work with an integer and a map");
    check_running("let a = [1]; a[3]", (2, 16), "the array has one element, 0: there is no 3");
    check_running(
        "  rand_int(\"a\", 2)",
        (2, 3),
        "`rand_int(from, to)` does not take a string and an integer",
    );
    check_running("if msg { 1 }", (2, 4), "this needs a truth value, and there is a message");
    check_running("throw \"that's it\"", (2, 1), "that's it");
    check_running(
        "let n = (); n.len()",
        (2, 15),
        &format!("`len` does not take nothing, (){NOTHING}"),
    );
}

#[test]
fn a_closure_that_uses_the_variable_whose_method_calls_it() {
    let source = "fn on_message(msg) { let a = [1, 2]; a.filter(|n| a.len() == n) }";
    let error = answer(source, "hi").error.unwrap();
    assert!(
        error.message.starts_with("a closure uses the variable whose method calls it"),
        "{error}"
    );
}

#[test]
fn names_from_other_languages() {
    let at = |body: &str| format!("fn on_message(msg) {{\n{body}\n}}");
    for (theirs, ours) in [
        ("toLowerCase", "`to_lower`"),
        ("toUpperCase", "`to_upper`"),
        ("includes", "`contains`"),
        ("startsWith", "`starts_with`"),
        ("slice", "`sub_string`, or `extract` of an array"),
        ("length", "`len`"),
        ("forEach", "`for_each`"),
    ] {
        let message = format!("unknown function `{theirs}`; did you mean {ours}?");
        check(&at(&format!("msg.text.{theirs}(1)")), Some((2, 10)), &message);
    }
    check(
        &at("msg.text.length > 3"),
        Some((2, 10)),
        "`msg.text` has no `length`; did you mean `len`?",
    );
    check_running(
        "let text = msg.text; text.length",
        (2, 27),
        "a string has no `length`; did you mean `len`?",
    );
    check(&at("None"), Some((2, 1)), "unknown variable `None`; did you mean `()`?");
    let no_word = |word: &str, here: &str| {
        format!("`{word}` is no word of the language; did you mean `{here}`?")
    };
    check("function on_message(msg) { }", Some((1, 1)), &no_word("function", "fn"));
    check(&at("var x = 1;"), Some((2, 1)), &no_word("var", "let"));
    check(&at("let x = null;"), Some((2, 9)), &no_word("null", "()"));
}

#[test]
fn habits_from_other_languages() {
    let at = |body: &str| format!("fn on_message(msg) {{\n{body}\n}}");
    check(
        &at("say('hello');"),
        Some((2, 5)),
        "text stands in double quotes or backticks; single quotes are for one character",
    );
    check(&at("let m = {name: 1};"), Some((2, 9)), "a map has # before its brace: `#{ name: … }`");
    let nothing =
        "`sort` changes the thing itself and gives nothing back: give it a line of its own";
    check(&at("let list = [2]; list.sort().len()"), Some((2, 22)), nothing);
    check(&at("let list = [2]; let sorted = list.sort();"), Some((2, 35)), nothing);
    for (body, column) in [
        ("let list = [2]; say(list.sort());", 26),
        ("let list = [2]; for x in list.sort() { say(x); }", 31),
        ("let list = [2]; reply(`all: ${list.sort()}`);", 36),
        ("let list = [2]; let both = [list.sort(), 1];", 34),
        ("let list = [2]; let m = #{ a: list.sort() };", 36),
        ("let list = [2]; if list.sort() == [2] { say(1); }", 25),
    ] {
        check(&at(body), Some((2, column)), nothing);
    }
    let well = "fn on_message(msg) { let list = [2]; list.sort(); for x in list { say(x); } }";
    assert!(super::load(well).is_ok());
    let own = "fn sort() { [1] } fn on_message(msg) { let list = [2]; say(list.sort()[0]); }";
    assert!(super::load(own).is_ok());
    check(
        &at("after(5, \"rnig\", msg.from);\n}\nfn ring(who) {"),
        Some((2, 10)),
        "there is no function `rnig`; did you mean `ring`?",
    );
    check(
        "fn on_message(msg) { }\nfn tset_x() { }",
        Some((2, 4)),
        "nothing calls `tset_x`; did you mean `test_x`?",
    );
    assert!(super::load("fn on_message(msg) { tset_x() }\nfn tset_x() { 1 }").is_ok());
}

#[test]
fn a_brace_that_is_not_closed_is_where_it_was_opened() {
    let never = "this `{` is never closed";
    check("fn on_message(msg) {\n  // }\n  say(\"}\");\n\n", Some((1, 20)), never);
    check("fn on_message(msg) {\n  say('\"');\n  say('\\'');\n", Some((1, 20)), never);
    let source = "fn a() {\n  if true {\n    say(1);\n}\nfn on_message(msg) { a() }\n";
    check(source, Some((1, 8)), never);
    // The parser is at the end of the file, and misses something else.
    check("fn on_message(msg) {\n  `${msg.from} ${1}`\n", Some((1, 20)), never);
    check("fn on_message(msg) { `${msg.from}` // }", Some((1, 20)), never);
}

#[test]
fn what_was_never_stored_is_explained() {
    let plus = format!("`+` does not work with nothing, () and an integer{NOTHING}");
    check_running("  state.points + 1", (2, 16), &plus);
    let dot = format!("nothing, () has no `x`{NOTHING}");
    check_running("state.m.x", (2, 9), &dot);
    let index = format!("nothing, () has no elements to index{NOTHING}");
    check_running("state.m[\"x\"]", (2, 8), &index);
}

#[test]
fn what_is_put_into_nothing_says_how_to_begin() {
    let empty = |owner: &str| {
        format!(
            "`{owner}` is empty, (): nothing can be put into it; begin it before, \
             `if {owner} == () {{ {owner} = #{{}} }}`"
        )
    };
    for (body, column, owner) in [
        ("state.foo.bar = 1;", 11, "state.foo"),
        ("state.foo.bar += 1;", 11, "state.foo"),
        ("state.foo.bar.baz = 1;", 11, "state.foo"),
        ("state[\"a\"][\"b\"] = 1;", 11, "state[\"a\"]"),
        ("state.foo[msg.from] = 1;", 10, "state.foo"),
        ("temp.m = #{}; temp.m.a.b = 1;", 24, "temp.m.a"),
        ("let m = #{}; m.a.b = 1;", 18, "m.a"),
    ] {
        check_running(body, (2, column), &empty(owner));
    }
    let index = format!("nothing, () has no elements to index{NOTHING}");
    check_running("state.foo[0] = 1;", (2, 10), &index);
    let map = "there is nothing, (), that `bar` could be put into: begin with a map, `#{}`";
    check_running("state.foo\n.bar = 1;", (3, 2), map);
    check_running(
        "msg.text = 1;",
        (2, 5),
        "`text` of a message cannot be changed: it is what was said",
    );
}

#[test]
fn syntax_errors_of_several_functions_are_told_at_once() {
    let source = "fn a() {\n  let = 1;\n}\nfn b() {\n  2\n}\nfn on_message(msg) {\n  say(\"a\"\n}\n\
                  fn c() {\n  if { }\n}\n";
    let found = super::on_a_bots_stack(move || Script::mistakes(source, &super::options(1)));
    let lines: Vec<usize> = found.iter().map(|found| found.place.unwrap().0).collect();
    assert_eq!(lines, [2, 9, 11], "{found:?}");
    // What stands behind the first one may hang together with it: nothing is guessed.
    let source = "fn a() {\n  if true {\n}\nfn on_message(msg) {\n  say(\"a\"\n}\n";
    let found = super::on_a_bots_stack(move || Script::mistakes(source, &super::options(1)));
    assert_eq!(found.len(), 1, "{found:?}");
}
