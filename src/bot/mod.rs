//! Bots: Rhai scripts that are members of the room, each in its own sandbox, each replaced while
//! it runs when its file changes. A bot is an ordinary client; nothing here sees the server.
//!
//! From the outside in: [`run`] keeps a `member` for each script that `watch` finds; a member has
//! a connection and a `worker`, the thread its [`Script`] lives on; a script is what `engine`,
//! `api` and `lint` made of its text. What is not for a script's ears ends at [`Hearing`].

mod action;
mod api;
mod declaration;
mod diagnostic;
mod engine;
mod events;
mod explain;
mod find;
mod foreign;
mod habits;
mod hearing;
mod host;
mod json;
mod keeper;
mod library;
mod limits;
mod lint;
mod member;
mod message;
mod mind;
mod modules;
mod nearest;
mod notice;
mod properties;
mod puzzle;
mod repeats;
mod run;
mod script;
mod stage;
mod store;
pub mod tools;
mod unset;
mod watch;
mod worker;
mod world;

#[cfg(test)]
mod tests;

pub use action::{Action, To};
pub use api::{FUNCTIONS, Function, HANDLERS, Handler};
pub use declaration::{KEYS, Key};
pub use diagnostic::Diagnostic;
pub use find::{NoSuchBot, join_bot_path};
pub use hearing::Hearing;
pub use limits::Limits;
pub use message::{Heard, Message, PROPERTIES, Property, WHO_PROPERTIES, Who};
pub use notice::Notice;
pub use run::{RunError, RunOptions, run, run_telling};
pub use script::{Extend, LoadOptions, STACK, Script};
pub use stage::{Ears, Event, Note, Outcome, Stage, StageOptions, Stats};
