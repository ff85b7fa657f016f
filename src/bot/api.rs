//! What a script can do: one table of functions, from which the engine, the linter's hints and the
//! documents are made. Nothing here touches a file, a socket or a clock.

use super::host::Host;
use rhai::{Array, Dynamic, Engine, EvalAltResult};
use std::sync::Arc;

/// One function of the bots' language.
#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    /// As it is called: `pick(array)`.
    pub signature: &'static str,
    pub doc: &'static str,
    pub example: &'static str,
    register: fn(&mut Engine, Arc<Host>),
}

/// A handler a script may define.
#[derive(Debug)]
pub struct Handler {
    pub name: &'static str,
    pub params: &'static [&'static str],
    pub doc: &'static str,
}

/// The handlers, in the order in which they are asked.
pub const HANDLERS: [Handler; 3] = [
    Handler { name: "on_mention", params: &["msg"], doc: "somebody said the bot's name" },
    Handler {
        name: "on_trigger",
        params: &["msg", "word"],
        doc: "one of the declared triggers was said; `word` is the first of them, `msg.triggers` all",
    },
    Handler { name: "on_message", params: &["msg"], doc: "anything was said" },
];

type Failed = Box<EvalAltResult>;

/// The functions, those used most first.
pub const FUNCTIONS: [Function; 8] = [
    Function {
        name: "reply",
        signature: "reply(text)",
        doc: "Answers where the message came from. A string that a handler returns does the same.",
        example: r"reply(`Hello ${msg.from}!`);",
        register: |engine, host| {
            engine.register_fn("reply", move |text: Dynamic| host.say("reply", &text, false));
        },
    },
    Function {
        name: "say",
        signature: "say(text)",
        doc: "Says a line in the room.",
        example: r#"say("Time for a break.");"#,
        register: |engine, host| {
            engine.register_fn("say", move |text: Dynamic| host.say("say", &text, false));
        },
    },
    Function {
        name: "emote",
        signature: "emote(text)",
        doc: "Says what the bot does, as /me does for people.",
        example: r#"emote("shrugs");"#,
        register: |engine, host| {
            engine.register_fn("emote", move |text: Dynamic| host.say("emote", &text, true));
        },
    },
    Function {
        name: "pick",
        signature: "pick(array)",
        doc: "Draws one element.",
        example: r#"pick(["heads", "tails"])"#,
        register: |engine, host| {
            engine.register_fn("pick", move |array: Array| pick(&host, array));
        },
    },
    Function {
        name: "rand_int",
        signature: "rand_int(from, to)",
        doc: "Draws an integer; both ends can come up.",
        example: "rand_int(1, 6)",
        register: |engine, host| {
            engine.register_fn("rand_int", move |from: i64, to: i64| rand_int(&host, from, to));
        },
    },
    Function {
        name: "chance",
        signature: "chance(p)",
        doc: "Is true with the probability p, from 0.0 to 1.0.",
        example: "if chance(0.1) { reply(\"Lucky you.\"); }",
        register: |engine, host| {
            let other = host.clone();
            engine.register_fn("chance", move |p: f64| chance(&host, p));
            #[expect(clippy::cast_precision_loss, reason = "0 and 1 are the only useful ones")]
            engine.register_fn("chance", move |p: i64| chance(&other, p as f64));
        },
    },
    Function {
        name: "me",
        signature: "me()",
        doc: "The bot's own name.",
        example: "`${me()} is here`",
        register: |engine, host| {
            engine.register_fn("me", move || host.me());
        },
    },
    Function {
        name: "log",
        signature: "log(value)",
        doc: "Writes to the bots' log, which the room does not see.",
        example: "log(msg.words);",
        register: |engine, host| {
            engine.register_fn("log", move |value: Dynamic| host.log(&value.to_string()));
        },
    },
];

/// Gives an engine the whole table.
pub(super) fn register(engine: &mut Engine, host: &Arc<Host>) {
    for function in &FUNCTIONS {
        (function.register)(engine, host.clone());
    }
}

fn pick(host: &Host, mut array: Array) -> Result<Dynamic, Failed> {
    if array.is_empty() {
        return Err("pick(array) has nothing to draw from: the array is empty".into());
    }
    let index = host.draw(0..array.len());
    Ok(array.swap_remove(index))
}

fn rand_int(host: &Host, from: i64, to: i64) -> Result<i64, Failed> {
    if from > to {
        return Err(format!("rand_int(from, to) goes upwards: {from} is above {to}").into());
    }
    Ok(host.draw(from..=to))
}

fn chance(host: &Host, p: f64) -> Result<bool, Failed> {
    if !(0.0..=1.0).contains(&p) {
        return Err(format!("chance(p) goes from 0.0 to 1.0: {p} is outside").into());
    }
    Ok(host.draw(0.0..1.0) < p)
}
