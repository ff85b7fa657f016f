//! The history through its own door: logs that a hub would have, recorded into real files.

mod coding;
mod life;
mod model;
mod numbers;
mod rig;
mod trouble;
