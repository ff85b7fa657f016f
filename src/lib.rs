#![doc = include_str!("README.md")]

pub mod client;
pub mod config;
pub mod join;
pub mod serve;
pub mod wire;
