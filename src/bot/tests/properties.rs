//! What messages and members have and do not have, whatever a handler calls them.

use super::diagnostics::{check, check_running};

#[test]
fn what_a_message_does_not_have() {
    let text = "a message has no `txt`; did you mean `text`?";
    check("fn on_message(msg) { msg.txt }", Some((1, 26)), text);
    check(
        "fn on_message(msg) { msg.frm.len() }",
        Some((1, 26)),
        "a message has no `frm`; did you mean `from`?",
    );
    check_running("let m = msg; m.txt", (2, 16), text);
}

#[test]
fn a_handlers_parameter_is_known_by_its_place() {
    let text = "a message has no `txt`; did you mean `text`?";
    check("fn on_mention(m) { m.txt }", Some((1, 22)), text);
    check("fn cmd_x(m, msg) { msg.len; m.txt }", Some((1, 31)), text);
    check("private fn on_whisper(m) { if true { say(m.txt[0]); } }", Some((1, 44)), text);
    check(
        "fn on_message(m) { m.text.length }",
        Some((1, 27)),
        "`m.text` has no `length`; did you mean `len`?",
    );
    // What another function has to do with the name is of no importance.
    check(
        "fn shout(msg) { msg.len }\nfn on_message(msg) { shout(1); msg.txt }",
        Some((2, 36)),
        text,
    );
    for who in ["on_join(w)", "on_leave(w)"] {
        let source = format!("fn {who} {{\n  w.nme }}");
        check(&source, Some((2, 5)), "a member has no `nme`; did you mean `name`?");
    }
    check(
        "fn on_join(who) { who.from }",
        Some((1, 23)),
        "a member has no `from`; it has name, is_bot",
    );
}

#[test]
fn a_closure_knows_what_it_takes_from_its_handler() {
    let text = "a message has no `txt`; did you mean `text`?";
    check("fn on_message(m) { let a = 1; [1].map(|x| x + a + m.txt); }", Some((1, 53)), text);
    check("fn on_message(m) { [1].map(|x| [x].map(|y| y + m.txt)); }", Some((1, 50)), text);
}
