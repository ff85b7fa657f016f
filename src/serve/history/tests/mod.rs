//! The history through its own door: logs that a hub would have, recorded into real files.

mod life;
mod rig;
