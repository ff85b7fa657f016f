//! What went wrong elsewhere, tried here: one test for each advisory and issue that the catalogue of
//! faults names, called by its number. Each plays the attack as it was, over a real socket, and says
//! in a sentence what class of fault it was. Where another subject's test already is that attack,
//! `docs/GUARANTEES.md` names it instead.

mod bots;
#[cfg(target_os = "linux")]
mod descriptors;
mod door;
mod names;
mod order;
mod shown;
mod text;
mod verbs;
