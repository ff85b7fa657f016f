#![doc = include_str!("README.md")]

pub mod bench;
pub mod bot;
pub mod cli;
pub mod client;
pub mod config;
pub mod join;
pub mod log;
pub mod room;
pub mod serve;
pub mod wire;
