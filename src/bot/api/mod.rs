//! What a script can do and be asked: the tables of functions and handlers, from which the engine,
//! the linter's hints and the documents are made. Nothing here touches a file, a socket or a clock.

mod chance;
mod functions;
mod time;

pub use functions::FUNCTIONS;

use super::host::Host;
use rhai::{Engine, EvalAltResult};
use std::sync::Arc;

/// One function of the bots' language.
#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    /// As it is called: `pick(array)`. An argument in brackets may be left out.
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

const fn handler(
    name: &'static str,
    params: &'static [&'static str],
    doc: &'static str,
) -> Handler {
    Handler { name, params, doc }
}

/// The name of the handlers of commands, in the table and in messages.
pub(super) const COMMAND: &str = "cmd_NAME";
/// How their names begin.
pub(super) const COMMAND_PREFIX: &str = "cmd_";

/// The handlers; those of a message in the order in which they are asked.
pub const HANDLERS: &[Handler] = &[
    handler(
        COMMAND,
        &["msg", "args"],
        "`!NAME a b` was said, or `Bot: NAME a b`; `args` is its words, `msg.rest` the text",
    ),
    handler("on_mention", &["msg"], "somebody said the bot's name"),
    handler(
        "on_trigger",
        &["msg", "word"],
        "one of the declared triggers was said; `word` is the first of them, `msg.triggers` all",
    ),
    handler("on_message", &["msg"], "anything was said; with a declared `match`, what it fits"),
    handler("on_whisper", &["msg"], "somebody whispered to the bot, and it was no command"),
    handler("on_join", &["who"], "somebody came into the room"),
    handler("on_leave", &["who"], "somebody left the room"),
    handler("on_timer", &["name"], "one of the declared `timers` is due"),
    handler("on_load", &[], "this version begins to run; if it fails, the one before goes on"),
    handler(
        "on_unload",
        &["reason"],
        "this version ends: for another one, \"reload\", or because the bot leaves, \"leave\"",
    ),
];

pub(super) type Failed = Box<EvalAltResult>;

/// Gives an engine the whole table.
pub(super) fn register(engine: &mut Engine, host: &Arc<Host>) {
    for function in FUNCTIONS {
        (function.register)(engine, host.clone());
    }
}
