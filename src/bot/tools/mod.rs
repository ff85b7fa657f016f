//! What an author needs besides a room: a script to begin with, a check, tests, a conversation,
//! the reference. Prints to whatever it is given and says whether all is well; reaches no server.

mod check;
mod definitions;
mod docs;
mod play;
mod scripts;
mod shows;
mod start;
mod test;
pub(super) mod testing;
mod trying;

pub use check::check;
pub use definitions::write as write_definitions;
pub use docs::{MARKDOWN_BEGIN, MARKDOWN_END, markdown, text};
pub use shows::Shows;
pub use start::start;
pub use test::{TestOptions, test};
pub use testing::{TESTING, Testing};
pub use trying::{TryOptions, converse};
