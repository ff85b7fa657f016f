//! The rules of the rooms: who is where, who may speak, and what comes of each input. Pure: time
//! comes in with the input, and the same inputs give the same entries. Never waits, never writes.

mod arrivals;
mod bans;
mod bots;
mod bucket;
mod flood;
mod input;
mod members;
mod orders;
mod places;
mod recent;
mod rooms;
mod roster;
mod talk;

pub use arrivals::{Arrivals, Places};
pub use bans::{Ban, Target};
pub use bots::{About, Spoken};
pub use flood::{Flood, Pace, Sent};
pub use input::{Answer, Appended, Effects, Input, Join, Known, Post, Refusal, Reply, RoomRow};
pub use recent::REMEMBERED;
pub use rooms::{Room, Rooms};
pub use roster::Member;

#[cfg(test)]
mod tests;
