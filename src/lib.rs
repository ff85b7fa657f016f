#![doc = include_str!("README.md")]

pub mod bot;
pub mod client;
pub mod config;
pub mod serve;
pub mod wire;
