//! Bots: Rhai scripts that are members of the room, each in its own sandbox, each replaced while
//! it runs when its file changes. A bot is an ordinary client; nothing here sees the server.
//!
//! From the outside in: [`run`] keeps a `member` for each script that `watch` finds; a member has
//! a connection and a `worker`, the thread its [`Script`] lives on; a script is what `engine`,
//! `api` and `lint` made of its text. What is not for a script's ears ends at [`Hearing`].

mod api;
mod declaration;
mod diagnostic;
mod engine;
mod explain;
mod find;
mod hearing;
mod host;
mod limits;
mod lint;
mod member;
mod message;
mod nearest;
mod notice;
mod repeats;
mod run;
mod script;
pub mod tools;
mod watch;
mod worker;

#[cfg(test)]
mod tests;

pub use api::{FUNCTIONS, Function, HANDLERS, Handler};
pub use declaration::{KEYS, Key};
pub use diagnostic::Diagnostic;
pub use find::{NoSuchBot, join_bot_path};
pub use hearing::Hearing;
pub use host::Action;
pub use limits::Limits;
pub use message::{Heard, Message, PROPERTIES, Property};
pub use notice::Notice;
pub use run::{RunError, RunOptions, run, run_telling};
pub use script::{LoadOptions, Outcome, STACK, Script};
