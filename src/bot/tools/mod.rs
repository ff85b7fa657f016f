//! What an author needs besides a room: a script to begin with, a check, the reference. Prints to
//! whatever it is given and says whether all is well; reaches no server.

mod check;
mod definitions;
mod docs;
mod scripts;
mod start;

pub use check::check;
pub use definitions::write as write_definitions;
pub use docs::{MARKDOWN_BEGIN, MARKDOWN_END, markdown, text};
pub use start::start;
