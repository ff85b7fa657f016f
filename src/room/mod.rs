//! The room's rules: who is in it, who may speak, and what comes of each input. Pure: time comes
//! in with the input, and the same inputs give the same entries. Never waits, never writes.

mod apply;
mod bans;
mod bots;
mod input;
mod recent;
mod roster;

pub use apply::Room;
pub use bans::{Ban, Target};
pub use bots::{About, Spoken};
pub use input::{Answer, Effects, Input, Join, Post, Refusal, Reply};
pub use roster::Member;

#[cfg(test)]
mod tests;
