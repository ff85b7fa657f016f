//! The server: listener, sessions, the hub and its administration.

pub mod admin;
pub mod stop;
pub mod supervise;
