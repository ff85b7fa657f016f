//! The terminal's own verdict on hostile text: in every place where a peer, a script or a file can
//! put it, through every place where a terminal shows it. Whatever it was, it is read and acts on
//! nothing. The full-screen chat's part stands with the other tests of it.

mod clients;
pub(crate) mod corpus;
mod peer;
mod server;
mod tools;
mod verdict;

pub(crate) use peer::{Peer, assault};
pub(crate) use verdict::{Oracle, Ours};
