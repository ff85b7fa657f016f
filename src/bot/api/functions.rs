//! The table of functions, those used most first.

use super::{Failed, Function, chance, time};
use crate::bot::host::{Host, printable};
use rhai::{Array, Dynamic, Engine};
use std::sync::Arc;

const fn function(
    name: &'static str,
    signature: &'static str,
    doc: &'static str,
    example: &'static str,
    register: fn(&mut Engine, Arc<Host>),
) -> Function {
    Function { name, signature, doc, example, register }
}

/// The functions.
pub const FUNCTIONS: &[Function] = &[
    function(
        "reply",
        "reply(text)",
        "Answers where the message came from: the room, or the one who whispered. A string that a handler returns does the same.",
        "reply(`Hello ${msg.from}!`);",
        |engine, host| {
            engine.register_fn("reply", move |text: Dynamic| host.say("reply", &text, false));
        },
    ),
    function(
        "say",
        "say(text)",
        "Says a line in the room it happened in, behind `after` in the one it was planned in, otherwise in the bot's first.",
        r#"say("Time for a break.");"#,
        |engine, host| {
            engine.register_fn("say", move |text: Dynamic| host.say("say", &text, false));
        },
    ),
    function(
        "emote",
        "emote(text)",
        "Says in the room what the bot does, as /me does for people.",
        r#"emote("shrugs");"#,
        |engine, host| {
            engine.register_fn("emote", move |text: Dynamic| host.say("emote", &text, true));
        },
    ),
    function(
        "whisper",
        "whisper(name, text)",
        "Says a line to one member.",
        r#"whisper(msg.from, "Only you can read this.");"#,
        |engine, host| {
            engine
                .register_fn("whisper", move |name: &str, text: Dynamic| host.whisper(name, &text));
        },
    ),
    function(
        "after",
        "after(secs, function, [arg])",
        "Calls a function of the script later, with the argument if there is one; gives a number for `cancel`. A reload keeps the plan, a restart does not.",
        r#"after(90, "ring", msg.from);"#,
        |engine, host| {
            let other = host.clone();
            engine.register_fn("after", move |secs: Dynamic, name: &str| {
                time::after(&other, &secs, name, None)
            });
            engine.register_fn("after", move |secs: Dynamic, name: &str, argument: Dynamic| {
                time::after(&host, &secs, name, Some(argument.flatten()))
            });
        },
    ),
    function(
        "cancel",
        "cancel(number)",
        "Takes back what `after` planned.",
        r#"let plan = after(5, "ring", "x"); cancel(plan);"#,
        |engine, host| {
            engine.register_fn("cancel", move |number: i64| host.cancel(number));
        },
    ),
    function(
        "cooldown",
        "cooldown(key, secs)",
        "Is true, and begins a pause for this key, unless the last one is not over.",
        r#"if cooldown(msg.from, 60) { reply("Hello."); }"#,
        |engine, host| {
            engine.register_fn("cooldown", move |key: Dynamic, secs: Dynamic| {
                time::cooldown(&host, &key, &secs)
            });
        },
    ),
    function(
        "pick",
        "pick(array)",
        "Draws one element.",
        r#"pick(["heads", "tails"])"#,
        |engine, host| {
            engine.register_fn("pick", move |array: Array| chance::pick(&host, array));
        },
    ),
    function(
        "pick_fresh",
        "pick_fresh(array)",
        "Draws one element; each comes once before any comes again.",
        r#"pick_fresh(["a joke", "another", "a third"])"#,
        |engine, host| {
            engine.register_fn("pick_fresh", move |array: Array| chance::pick_fresh(&host, array));
        },
    ),
    function(
        "shuffle",
        "shuffle(array)",
        "Gives the elements in an order that is drawn.",
        "shuffle([1, 2, 3])[0]",
        |engine, host| {
            engine.register_fn("shuffle", move |array: Array| chance::shuffle(&host, array));
        },
    ),
    function(
        "roll",
        "roll(dice)",
        "Throws dice and adds them up.",
        r#"roll("2d6+1")"#,
        |engine, host| {
            engine.register_fn("roll", move |dice: &str| chance::roll(&host, dice));
        },
    ),
    function(
        "rand_int",
        "rand_int(from, to)",
        "Draws an integer; both ends can come up.",
        "rand_int(1, 6)",
        |engine, host| {
            engine.register_fn("rand_int", move |from: i64, to: i64| {
                chance::rand_int(&host, from, to)
            });
        },
    ),
    function(
        "chance",
        "chance(p)",
        "Is true with the probability p, from 0.0 to 1.0.",
        r#"if chance(0.1) { reply("Lucky you."); }"#,
        |engine, host| {
            let other = host.clone();
            engine.register_fn("chance", move |p: f64| chance::chance(&host, p));
            #[expect(clippy::cast_precision_loss, reason = "0 and 1 are the only useful ones")]
            engine.register_fn("chance", move |p: i64| chance::chance(&other, p as f64));
        },
    ),
    function("me", "me()", "The bot's own name.", "`${me()} is here`", |engine, host| {
        engine.register_fn("me", move || host.me());
    }),
    function(
        "users",
        "users()",
        "The names of everybody in the room, in the order of the alphabet.",
        "users().len()",
        |engine, host| {
            let watched = host.clone();
            engine.register_fn("users", move || {
                host.look("users", |world, context| {
                    let names = world.members(&context.room);
                    watched.guard.charge(names.len());
                    names.into_iter().map(Dynamic::from).collect::<Array>()
                })
            });
        },
    ),
    function(
        "is_online",
        "is_online(name)",
        "Whether somebody of this name is there, whatever its case.",
        r#"if is_online("Trinity") { reply("She is here."); }"#,
        |engine, host| {
            engine.register_fn("is_online", move |name: &str| {
                host.look("is_online", |world, _| world.is_online(name))
            });
        },
    ),
    function(
        "now",
        "now()",
        "The time, in seconds since 1970.",
        "let day = now() / 86400;",
        |engine, host| {
            engine.register_fn("now", move || time::now(&host));
        },
    ),
    function(
        "quiet_for",
        "quiet_for()",
        "Seconds since anything was last said in the room, not counting the message that is answered.",
        r#"if quiet_for() > 600 { reply("Good morning!"); }"#,
        |engine, host| {
            engine.register_fn("quiet_for", move || time::quiet_for(&host));
        },
    ),
    function(
        "join",
        "join(array, separator)",
        "Makes one text of the elements.",
        r#"join(["a", "b"], ", ")"#,
        |engine, host| {
            engine.register_fn("join", move |array: Array, separator: &str| {
                host.guard.charge(array.len());
                joined(&array, separator)
            });
        },
    ),
    function(
        "log",
        "log(value)",
        "Writes to the bots' log, which the room does not see.",
        "log(msg.words);",
        |engine, host| {
            engine.register_fn("log", move |value: Dynamic| host.log(&value.to_string()));
        },
    ),
];

fn joined(array: &Array, separator: &str) -> Result<String, Failed> {
    let mut text = String::new();
    for (index, item) in array.iter().enumerate() {
        let Some(item) = printable(item) else {
            let kind = crate::bot::explain::kind(item.type_name());
            return Err(format!("join(array, separator) takes text, not {kind}").into());
        };
        if index > 0 {
            text.push_str(separator);
        }
        text.push_str(&item);
        if text.len() > JOINED {
            return Err(format!("join makes text of at most {} KiB", JOINED / 1024).into());
        }
    }
    Ok(text)
}

/// Bytes of a joined text: a message has a quarter of it.
const JOINED: usize = 16 * 1024;
