//! The loop of the full-screen chat: one task that owns everything. Keys come first, then signals,
//! then what the server says, a bounded part of it at a time; drawn when something has changed, at
//! most sixty times a second. With nothing to do it sleeps until something happens: there is no
//! clock in it that ticks.

use super::super::Failed;
use super::super::clock::Clock;
use super::super::signals::Signals;
use super::app::{App, Do, Msg};
use super::disk::{self, Draft};
use super::screen::Screen;
use super::{osc, view};
use crate::client::{self, Closed, Event, Gone, Handle};
use crate::wire::entry::MessageId;
use crate::wire::nick::Nick;
use crossterm::event::{Event as Input, EventStream, MouseButton, MouseEventKind};
use futures_core::Stream;
use rustix::process::{Signal, kill_current_process_group};
use rustix::termios::{LocalModes, tcgetattr};
use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The least time between two frames: sixty a second are as smooth as screens are.
const FRAME: Duration = Duration::from_micros(16_667);

/// Events taken in before keys are looked at again: a millisecond of work.
const BATCH: usize = 256;

/// A way to connect under another name.
pub(super) type Connect<'a> = &'a dyn Fn(Nick) -> (Handle, mpsc::Receiver<Event>);

/// A running chat.
pub(super) struct Run<'a> {
    pub(super) app: App,
    pub(super) screen: Screen,
    pub(super) handle: Handle,
    pub(super) events: mpsc::Receiver<Event>,
    pub(super) connect: Connect<'a>,
    pub(super) input_file: Option<PathBuf>,
    /// None while another program has the terminal.
    keys: Option<EventStream>,
    /// What the client has not taken yet, in order.
    outbox: VecDeque<Do>,
    sending: Option<Sending>,
    /// The client has ended, and another may be begun under another name.
    is_over: bool,
    /// There is something new to draw.
    is_stale: bool,
    drawn: Instant,
}

/// A message on its way to the client.
struct Sending {
    local: u64,
    taken: Pin<Box<dyn Future<Output = Result<MessageId, Gone>> + Send>>,
}

/// Goes on, or why not.
type Turn = Result<Option<Closed>, Failed>;

impl<'a> Run<'a> {
    pub(super) fn new(
        app: App,
        screen: Screen,
        (handle, events): (Handle, mpsc::Receiver<Event>),
        connect: Connect<'a>,
        input_file: Option<PathBuf>,
    ) -> Self {
        let drawn = Instant::now();
        Self {
            app,
            screen,
            handle,
            events,
            connect,
            input_file,
            keys: Some(EventStream::new()),
            outbox: VecDeque::new(),
            sending: None,
            is_over: false,
            is_stale: true,
            drawn: drawn.checked_sub(FRAME).unwrap_or(drawn),
        }
    }

    /// Goes on until the user leaves or the server ends it; `first` has come already. Gives why
    /// it ended and how many own lines have no answer.
    pub(super) async fn run(
        mut self,
        first: Event,
        signals: &mut Signals,
    ) -> Result<(Closed, usize), Failed> {
        let mut sizes = signal(SignalKind::window_change()).map_err(Failed::Terminal)?;
        let cont = SignalKind::from_raw(Signal::CONT.as_raw());
        let mut continued = signal(cont).map_err(Failed::Terminal)?;
        let (width, height) = crossterm::terminal::size().map_err(Failed::Terminal)?;
        self.tell(Msg::Size(width, height)).await?;
        if let Some(closed) = self.tell(Msg::Client(first)).await? {
            return Ok((closed, 0));
        }
        let mut was_told_to_leave = false;
        loop {
            if self.is_stale && self.drawn.elapsed() >= FRAME {
                self.draw()?;
            }
            let due = self.drawn + FRAME;
            let closed = tokio::select! {
                biased; // Keys first: whatever comes in, the user is answered.
                key = next_key(&mut self.keys) => self.input(key).await?,
                _ = sizes.recv() => {
                    // Also when it is what it was: between, the terminal may have cut what it
                    // showed.
                    self.screen.redraw();
                    let (width, height) = crossterm::terminal::size().map_err(Failed::Terminal)?;
                    self.tell(Msg::Size(width, height)).await?
                }
                _ = continued.recv() => {
                    self.go_on()?;
                    None
                }
                () = signals.leave() => {
                    if std::mem::replace(&mut was_told_to_leave, true) {
                        return Ok((Closed::Quit, self.app.unanswered()));
                    }
                    self.handle.quit().await;
                    None
                }
                (local, taken) = taken(&mut self.sending) => match taken {
                    Ok(id) => self.tell(Msg::Took { local, id }).await?,
                    // The end of the client is on its way as an event.
                    Err(Gone) => None,
                },
                event = self.events.recv(), if !self.is_over => self.received(event).await?,
                () = sleep_until(due), if self.is_stale => None,
            };
            if let Some(closed) = closed {
                return Ok((closed, self.app.unanswered()));
            }
            self.send_next();
        }
    }

    fn draw(&mut self) -> Result<(), Failed> {
        let (app, title) = (&self.app, self.app.title());
        let drawn = self.screen.draw(app.size, &title, |buffer| view::draw(app, buffer));
        drawn.map_err(Failed::Output)?;
        self.is_stale = false;
        self.drawn = Instant::now();
        Ok(())
    }

    async fn input(&mut self, input: Option<io::Result<Input>>) -> Turn {
        let msg = match input {
            None => return Ok(Some(Closed::Quit)),
            // A terminal that is gone.
            Some(Err(error)) => return Err(Failed::Terminal(error)),
            Some(Ok(Input::Key(key))) => Msg::Key(key),
            Some(Ok(Input::Paste(text))) => Msg::Paste(text),
            Some(Ok(Input::FocusGained)) => Msg::Focus(true),
            Some(Ok(Input::FocusLost)) => Msg::Focus(false),
            // Not this one: crossterm 0.29 loses the signal when a key comes with it.
            Some(Ok(Input::Resize(..))) => return Ok(None),
            Some(Ok(Input::Mouse(mouse))) => match mouse.kind {
                MouseEventKind::ScrollUp => Msg::Wheel { up: true },
                MouseEventKind::ScrollDown => Msg::Wheel { up: false },
                MouseEventKind::Down(MouseButton::Left) => {
                    Msg::Click { column: mouse.column, row: mouse.row }
                }
                _ => return Ok(None),
            },
        };
        self.tell(msg).await
    }

    /// Takes in what has come from the server, up to a batch of it.
    async fn received(&mut self, event: Option<Event>) -> Turn {
        let mut next = event;
        if next.is_none() {
            self.is_over = true;
            // Without a question for another name, the client's task is gone without a word.
            return Ok((!self.app.asks_name()).then_some(Closed::Quit));
        }
        for _ in 0..BATCH {
            let Some(event) = next.take() else { break };
            if let Some(closed) = self.tell(Msg::Client(event)).await? {
                return Ok(Some(closed));
            }
            next = self.events.try_recv().ok();
        }
        match next {
            Some(event) => self.tell(Msg::Client(event)).await,
            None => Ok(None),
        }
    }

    /// Changes the state, and does what comes of it.
    async fn tell(&mut self, msg: Msg) -> Turn {
        self.is_stale = true;
        let mut todo = VecDeque::from(self.app.update(msg, Clock::now()));
        while let Some(act) = todo.pop_front() {
            match act {
                Do::End(closed) => return Ok(Some(closed)),
                Do::Quit => self.handle.quit().await,
                Do::Retry => self.handle.retry().await,
                Do::Say { .. } | Do::Whisper { .. } | Do::Send(_) => self.outbox.push_back(act),
                Do::Connect(nick) => {
                    self.outbox.clear();
                    self.sending = None;
                    (self.handle, self.events) = (self.connect)(nick);
                    self.is_over = false;
                }
                Do::Notify { title, body } => {
                    let sequence = osc::notify(self.app.settings.notify, &title, &body);
                    self.screen.write(&sequence).map_err(Failed::Output)?;
                }
                Do::Copy(text) => match osc::copy(&text) {
                    Some(sequence) => self.screen.write(&sequence).map_err(Failed::Output)?,
                    None => todo.extend(self.trouble("that is too long to be copied")),
                },
                Do::Remember(line) => {
                    let kept = self.input_file.as_deref().map(|path| disk::remember(path, &line));
                    if let Some(Err(error)) = kept {
                        // Said once: from now on nothing is kept.
                        self.input_file = None;
                        let why = format!("what you send is not kept for next time: {error}");
                        todo.extend(self.trouble(&why));
                    }
                }
                Do::Redraw => self.screen.redraw(),
                Do::Suspend => self.suspend()?,
                Do::Edit(text) => {
                    let edited = self.edit(&text, &mut todo).await?;
                    todo.extend(self.app.update(Msg::Edited(edited), Clock::now()));
                }
            }
        }
        self.send_next();
        Ok(None)
    }

    fn trouble(&mut self, why: &str) -> Vec<Do> {
        self.app.update(Msg::Trouble(why.to_owned()), Clock::now())
    }

    /// Gives the client the next message once it has taken the last.
    fn send_next(&mut self) {
        if self.sending.is_some() {
            return;
        }
        let handle = self.handle.clone();
        self.sending = match self.outbox.pop_front() {
            Some(Do::Say { local, say }) => {
                Some(Sending { local, taken: Box::pin(async move { handle.say(say).await }) })
            }
            Some(Do::Whisper { local, to, text }) => {
                let taken = Box::pin(async move { handle.whisper(&to, &text).await });
                Some(Sending { local, taken })
            }
            Some(Do::Send(event)) => {
                // No message has the number 0: nobody waits for this one.
                let taken = Box::pin(async move { handle.send(event).await.map(|()| "".into()) });
                Some(Sending { local: 0, taken })
            }
            _ => None,
        };
    }

    /// Stops, as every program does on Ctrl-Z, and comes back when it is told to go on.
    fn suspend(&mut self) -> Result<(), Failed> {
        self.let_go();
        self.screen.leave().map_err(Failed::Terminal)?;
        // Without a shell to come back to, nothing happens.
        kill_current_process_group(Signal::TSTP).ok();
        self.take_back()
    }

    /// After a stop, its own or one that came from outside: whoever had the terminal meanwhile may
    /// have left its modes and something of its own there.
    fn go_on(&mut self) -> Result<(), Failed> {
        let modes = tcgetattr(io::stdin()).map_err(|error| Failed::Terminal(error.into()))?;
        if modes.local_modes.contains(LocalModes::ICANON) {
            self.let_go();
            self.screen.leave().map_err(Failed::Terminal)?;
            return self.take_back();
        }
        self.screen.redraw();
        self.is_stale = true;
        Ok(())
    }

    /// Reads no keys any more.
    fn let_go(&mut self) {
        self.keys = None;
        // Dropping the stream wakes its reader. If that wake were left to the next one, it could
        // cover a key that comes with it, which would wait for the key behind it.
        crossterm::event::poll(Duration::ZERO).ok();
    }

    fn take_back(&mut self) -> Result<(), Failed> {
        self.screen.enter().map_err(Failed::Terminal)?;
        self.keys = Some(EventStream::new());
        self.is_stale = true;
        let (width, height) = crossterm::terminal::size().map_err(Failed::Terminal)?;
        self.app.update(Msg::Size(width, height), Clock::now());
        Ok(())
    }

    /// Has the user write in their own editor. What the server says meanwhile is taken in, so
    /// that nobody has to wait for them; what is to be sent waits.
    async fn edit(
        &mut self,
        text: &str,
        todo: &mut VecDeque<Do>,
    ) -> Result<Result<String, String>, Failed> {
        let words = disk::editor();
        let Some((program, arguments)) = words.split_first() else {
            return Ok(Err("$EDITOR is empty".into()));
        };
        let draft = match Draft::new(text) {
            Ok(draft) => draft,
            Err(error) => return Ok(Err(format!("no file for the editor: {error}"))),
        };
        // Two readers of one terminal share the keys between them.
        self.let_go();
        self.screen.leave().map_err(Failed::Terminal)?;
        let child = Command::new(program).args(arguments).arg(draft.path()).spawn();
        let ended = match child {
            Ok(mut child) => loop {
                tokio::select! {
                    ended = child.wait() => break ended,
                    Some(event) = self.events.recv() => {
                        // What comes of it is done when the terminal is back.
                        todo.extend(self.app.update(Msg::Client(event), Clock::now()));
                    }
                }
            },
            Err(error) => Err(error),
        };
        self.take_back()?;
        Ok(match ended {
            Ok(status) if status.success() => draft.text().map_err(|error| error.to_string()),
            Ok(status) => Err(format!("{program} ended with {status}; nothing is changed")),
            Err(error) => Err(format!("{program}: {error}")),
        })
    }
}

/// The next key; never, while another program has the terminal.
async fn next_key(keys: &mut Option<EventStream>) -> Option<io::Result<Input>> {
    match keys {
        Some(keys) => poll_fn(|context| Pin::new(&mut *keys).poll_next(context)).await,
        None => pending().await,
    }
}

/// Waits until the client has taken what is being sent; for ever, if nothing is.
async fn taken(sending: &mut Option<Sending>) -> (u64, Result<MessageId, Gone>) {
    let Some(Sending { local, taken }) = sending else {
        return pending().await;
    };
    let (local, taken) = (*local, taken.await);
    *sending = None;
    (local, taken)
}

/// Connects as the first time, under another name.
pub(super) fn again(
    options: &client::Options,
    tracker: &TaskTracker,
    cancel: &CancellationToken,
    nick: Nick,
) -> (Handle, mpsc::Receiver<Event>) {
    let options = client::Options { nick, ..options.clone() };
    client::connect(options, tracker, cancel.clone())
}
