//! `join` as a full-screen program. `app` changes state, `view` draws it, `run` brings them
//! together with the terminal and the client; nothing here speaks to a socket.

mod app;
mod complete;
mod disk;
mod editor;
mod hue;
mod item;
mod keys;
mod layout;
mod osc;
mod past;
mod place;
mod room;
mod run;
mod screen;
mod theme;
mod view;
mod wrap;

use super::Failed;
use super::clock::Clock;
use super::signals::Signals;
use crate::client::{self, Closed, Event, Handle};
use crate::config::ClientSettings;
use app::App;
use past::Past;
use run::Run;
use screen::Screen;
use std::io::{self, Write};
use theme::Theme;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the chat begins with.
pub(super) struct Start {
    pub(super) options: client::Options,
    pub(super) settings: ClientSettings,
    pub(super) handle: Handle,
    pub(super) events: mpsc::Receiver<Event>,
    /// What came first: welcome, or a name that is not to be had.
    pub(super) first: Event,
    pub(super) tracker: TaskTracker,
    pub(super) cancel: CancellationToken,
}

/// Whether a chat can begin with this: the user may be asked for another name, everything else
/// that ends a client is one line on standard error.
pub(super) fn can_begin(first: &Event) -> bool {
    match first {
        Event::Closed { why: Closed::Refused { code, .. } } => {
            matches!(code.as_str(), "nick_taken" | "nick_invalid")
        }
        Event::Closed { .. } => false,
        _ => true,
    }
}

/// Has the terminal until the user leaves or the server ends it, and gives it back.
pub(super) async fn run(start: Start, signals: &mut Signals) -> Result<(), Failed> {
    let Start { options, settings, handle, events, first, tracker, cancel } = start;
    let var = |name: &str| std::env::var(name).ok();
    let theme = Theme::detect(settings.theme, settings.colours, var);
    let input_file = settings.remember.then(disk::input_file).flatten();
    let past = input_file.as_deref().map(disk::remembered).and_then(Result::ok);
    let past = Past::new(past.unwrap_or_default());
    let screen = Screen::open(settings.mouse, settings.title).map_err(Failed::Terminal)?;
    let app = App::new(&options.nick, &options.server, settings, theme, Clock::local(), past);
    let connect = |nick| run::again(&options, &tracker, &cancel, nick);
    let run = Run::new(app, screen, (handle, events), &connect, input_file);
    // The terminal is given back when this is over, before anything is said.
    let (why, unanswered) = run.run(first, signals).await?;
    if unanswered > 0 {
        // Where standard output is gone there is nobody to be told.
        writeln!(io::stdout(), "the last {unanswered} of your lines may not have arrived").ok();
    }
    if why.is_failure() { Err(Failed::Closed(why)) } else { Ok(()) }
}
