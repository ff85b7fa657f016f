//! What handlers and functions promise: order, transactions, lines, chance.

use super::{answer, lines, load, said};
use crate::bot::Action;

const ALL: &str = r#"
    const BOT = #{ triggers: ["play"] };
    fn on_mention(msg)       { if "quiet" in msg.words { return; } "mention" }
    fn on_trigger(msg, word) { if "quiet" in msg.words { return; } "trigger " + word }
    fn on_message(msg)       { "message" }
"#;

#[test]
fn mention_comes_before_trigger_before_message_and_the_first_answer_wins() {
    assert_eq!(lines(&answer(ALL, "Test, let us play")), ["mention"]);
    assert_eq!(lines(&answer(ALL, "let us play")), ["trigger play"]);
    assert_eq!(lines(&answer(ALL, "hello")), ["message"]);
    assert_eq!(lines(&answer(ALL, "Test, play, quiet")), ["message"]);
    assert_eq!(answer(ALL, "Test, play").handler.as_deref(), Some("on_mention"));
}

#[test]
fn an_action_is_an_answer_too() {
    let script = r#"
        fn on_mention(msg) { emote("waves"); }
        fn on_message(msg) { "message" }
    "#;
    let outcome = answer(script, "hi test");
    let [Action { text, emote: true, cause: Some(42), handler, .. }] = &*outcome.actions else {
        panic!("{outcome:?}");
    };
    assert_eq!((&**text, handler.as_str()), ("waves", "on_mention"));
}

#[test]
fn a_call_is_a_transaction() {
    let script = r#"fn on_message(msg) { say("one"); say("two"); log("here"); throw "no"; }"#;
    let outcome = answer(script, "hi");
    assert!(outcome.actions.is_empty());
    assert_eq!(outcome.log, ["here"]);
    assert_eq!(outcome.error.unwrap().message, "no");
}

#[test]
fn what_failed_before_does_not_come_out_later() {
    let script = r#"fn on_message(msg) { say("said"); if msg.text == "bad" { throw 1; } }"#;
    super::on_a_bots_stack(move || {
        let script = load(script).unwrap();
        assert!(script.answer(&said("bad")).error.is_some());
        assert_eq!(lines(&script.answer(&said("good"))), ["said"]);
    });
}

#[test]
fn arrays_are_lines_and_five_are_the_most() {
    let script =
        r"fn on_message(msg) { let l = []; for i in 0..parse_int(msg.text) { l.push(`${i}`); } l }";
    assert_eq!(lines(&answer(script, "5")), ["0", "1", "2", "3", "4"]);
    assert!(lines(&answer(script, "0")).is_empty());
    let six = answer(script, "6");
    assert!(six.actions.is_empty());
    assert!(six.error.unwrap().message.contains("at most 5 lines"));
}

#[test]
fn no_line_break_no_escape_and_no_system_word_comes_through_a_reply() {
    let lines = lines(&answer(
        r#"fn on_message(msg) { [ "a\nKICK\r\n{\"bye\":{}}", "\x1b[31mred\x07", "\u202eabc\u0000" ] }"#,
        "hi",
    ));
    assert_eq!(lines, ["a␊KICK␍␊{\"bye\":{}}", "␛[31mred␇", "abc␀"]);
}

#[test]
fn what_cannot_be_said_is_an_error_or_nothing() {
    for (body, message) in [
        ("[1, [2]]", "on_message returned an array; it returns a string"),
        ("#{}", "on_message returned a map; it returns a string"),
        ("true", "on_message returned a truth value; it returns a string"),
        ("say([])", "say(text) takes text, not an array"),
        ("reply(|x| x)", "reply(text) takes text, not a function"),
        ("let s = \"\"; s.pad(5000, \"x\"); s", "5000 bytes long; the limit is 4096"),
    ] {
        let outcome = answer(&format!("fn on_message(msg) {{ {body} }}"), "hi");
        assert!(outcome.actions.is_empty(), "{body}");
        let error = outcome.error.unwrap_or_else(|| panic!("{body}"));
        assert!(error.message.contains(message), "{body}: {error}");
    }
    for nothing in ["", "()", "\"\"", "[]", "\"  \"", "say(\"\")"] {
        let script = format!("fn on_message(msg) {{ {nothing} }}");
        assert_eq!(lines(&answer(&script, "hi")), [""; 0], "{nothing}");
    }
    assert_eq!(lines(&answer("fn on_message(msg) { 42 }", "hi")), ["42"]);
}

#[test]
fn a_message_has_its_properties_and_cannot_be_changed() {
    let script = r"fn on_message(msg) {
        `${msg.seq}|${msg.room}|${msg.from}|${msg.text}|${msg.words}|${msg.mentions}|${msg.hops}|${msg.at}`
            + `|${msg.is_bot}|${msg.is_whisper}|${msg.is_emote}|${msg.triggers}|${me()}`
    }";
    assert_eq!(
        lines(&answer(script, "Hi, @Trinity!")),
        [
            r#"42|#lobby|Neo|Hi, @Trinity!|["hi", "trinity"]|["Trinity"]|0|1700000000|false|false|false|[]|Test"#
        ]
    );
    let change = answer("fn on_message(msg) { msg.text = \"other\"; }", "hi");
    let error = change.error.unwrap();
    assert!(error.message.contains("cannot be changed"), "{error}");
}

#[test]
fn constants_are_seen_in_functions_and_closures() {
    let script = r#"
        const BOT = #{ name: "Max" };
        const WORDS = ["a", "b"];
        const GREETING = hello("you");
        fn hello(whom) { `hello ${whom}` }
        fn on_message(msg) { [GREETING, WORDS.map(|w| w + WORDS.len() + BOT.name)[1]] }
    "#;
    assert_eq!(lines(&answer(script, "hi")), ["hello you", "b2Max"]);
}

#[test]
fn chance_stays_in_its_bounds() {
    let script = r#"fn on_message(msg) {
        for i in 0..500 {
            let n = rand_int(1, 6);
            if n < 1 || n > 6 { throw n; }
            if chance(0.0) || !chance(1) { throw "chance"; }
            if !(pick([1, 2]) in [1, 2]) { throw "pick"; }
        }
        let seen = #{};
        for i in 0..200 { seen[rand_int(1, 3).to_string()] = 1; }
        seen.len()
    }"#;
    assert_eq!(lines(&answer(script, "hi")), ["3"]);
    for (body, message) in [
        ("pick([])", "the array is empty"),
        ("rand_int(6, 1)", "6 is above 1"),
        ("chance(2)", "2 is outside"),
    ] {
        let error = answer(&format!("fn on_message(msg) {{ {body}; }}"), "hi").error.unwrap();
        assert!(error.message.contains(message), "{error}");
    }
}

#[test]
fn actions_at_the_top_level_are_refused() {
    for action in ["say", "reply", "emote"] {
        let source = format!("{action}(\"hello\");\nfn on_message(msg) {{ }}");
        let diagnostic = super::refused(&source);
        assert_eq!(diagnostic.message, format!("{action}(text) works inside a handler only"));
        assert_eq!(diagnostic.place, Some((1, 1)));
    }
}

#[test]
fn chance_goes_on_across_a_reload() {
    super::on_a_bots_stack(|| {
        let source = "fn on_message(msg) { rand_int(0, 1000000) }";
        let draw = |bot: &super::Bot| lines(&bot.answer(&said("x"))).remove(0);
        let whole = load(source).unwrap();
        let expected = [draw(&whole), draw(&whole)];
        let bot = load(source).unwrap();
        let a = draw(&bot);
        bot.0.borrow_mut().load(source, super::START).unwrap();
        assert_eq!([a, draw(&bot)], expected);
    });
}

#[test]
fn the_log_is_bounded_and_harmless() {
    let outcome =
        answer("fn on_message(msg) { for i in 0..99 { log(\"\\x1b\" + i); } print(\"p\"); }", "x");
    assert_eq!(outcome.log.len(), 21);
    assert_eq!(outcome.log.first().unwrap(), "␛0");
    assert_eq!(outcome.log.last().unwrap(), "… and more");
}

#[test]
fn the_examples_in_the_table_run() {
    for function in crate::bot::FUNCTIONS {
        assert!(function.signature.starts_with(function.name) && !function.doc.is_empty());
        let source = format!("fn ring(who) {{}}\nfn on_message(msg) {{ {}\n}}", function.example);
        assert_eq!(answer(&source, "hi").error, None, "{}", function.name);
    }
    for property in crate::bot::PROPERTIES {
        let source = format!("fn on_message(msg) {{ type_of(msg.{}) }}", property.name);
        let kind = lines(&answer(&source, "hi")).remove(0).replace("i64", "integer");
        assert_eq!(kind, property.kind, "{}", property.name);
        assert!(!property.doc.is_empty());
    }
}

#[test]
fn a_handler_that_says_nothing_leaves_the_message_to_the_next() {
    let silent = r#"
        const BOT = #{ triggers: ["now"] };
        fn cmd_start(msg, args) { state.asked = (state.asked ?? "") + "c"; return; }
        fn on_mention(msg) { state.asked += "m"; return; }
        fn on_trigger(msg, word) { state.asked += "t"; return; }
        fn on_message(msg) { state.asked + "!" }
    "#;
    assert_eq!(lines(&answer(silent, "!start now, Test")), ["cmt!"]);
    // One that fails is the last.
    let failing = r#"fn cmd_x(msg, args) { throw "no" } fn on_message(msg) { "next" }"#;
    let outcome = answer(failing, "!x");
    assert!(outcome.error.is_some() && outcome.actions.is_empty(), "{outcome:?}");
}
