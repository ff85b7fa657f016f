//! What a running script has in its hands: the lines it wants to say, what it stores and plans,
//! its log, its chance. Does nothing itself: what was collected is the caller's, once the handler
//! has ended well.

use super::action::{Action, To};
use super::limits::{Guard, Limits};
use super::mind::{Kept, Mind, Which};
use super::stage::PLANS;
use super::world::World;
use crate::wire::nick::Nick;
use crate::wire::text::{Text, TextError, scrub};
use rand::RngExt;
use rand::distr::uniform::{SampleRange, SampleUniform};
use rhai::{Dynamic, EvalAltResult, ImmutableString};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Lines of log one event may write; the rest is dropped, because a log is read by people.
const LOG_LINES: usize = 20;
/// Characters of one of them.
const LOG_CHARS: usize = 1024;
/// Lines to one event in all: a handler may whisper to a whole team.
const ACTIONS: usize = 64;

type Failed = Box<EvalAltResult>;

/// What a handler was called for.
#[derive(Debug, Clone, Default)]
pub(super) struct Context {
    /// Milliseconds since 1970.
    pub now: u64,
    /// Where `say` speaks.
    pub room: String,
    /// Whom `reply` answers, if it answers a whisper.
    pub whisperer: Option<String>,
    /// The entry of the room that caused it.
    pub cause: Option<u64>,
    /// It is about a message that was just said in the room.
    pub of_message: bool,
    pub handler: String,
}

/// A call that is planned.
#[derive(Debug, Clone)]
pub(super) struct Later {
    pub id: i64,
    pub at: u64,
    pub function: String,
    pub argument: Option<Dynamic>,
    pub context: Context,
}

/// Something a script wants done to its own plans.
#[derive(Debug, Clone)]
pub(super) enum Order {
    After(Later),
    Cancel(i64),
}

/// What a handler did.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub actions: Vec<Action>,
    pub orders: Vec<Order>,
    /// `state` is another than before.
    pub stored: bool,
}

/// One per loaded script. The locks are for `Sync`; only the bot's own thread takes them.
#[derive(Debug)]
pub(super) struct Host {
    pub guard: Guard,
    me: OnceLock<String>,
    /// The constants of each file, which every function in it sees: by the file, the script's
    /// own under the empty name.
    constants: Mutex<BTreeMap<String, BTreeMap<String, Dynamic>>>,
    mind: Arc<Mutex<Mind>>,
    world: Arc<World>,
    /// Calls that are planned.
    plans: AtomicUsize,
    /// What the handler that runs has done so far; none while no handler runs.
    call: Mutex<Option<Call>>,
    log: Mutex<Vec<String>>,
}

#[derive(Debug)]
struct Call {
    context: Context,
    done: Done,
    /// What to go back to, if anything was changed.
    before: Option<Box<Kept>>,
}

impl Host {
    pub(super) fn new(limits: Limits, mind: Arc<Mutex<Mind>>, world: Arc<World>) -> Self {
        Self {
            guard: Guard::new(limits),
            me: OnceLock::new(),
            constants: Mutex::default(),
            mind,
            world,
            plans: AtomicUsize::new(0),
            call: Mutex::new(None),
            log: Mutex::new(Vec::new()),
        }
    }

    /// One that no bot has: for the list of functions.
    pub(super) fn detached() -> Self {
        let mind = Arc::new(Mutex::new(Mind::new(0, &serde_json::Map::new())));
        Self::new(Limits::default(), mind, Arc::default())
    }

    /// Called once, when the declaration has been read.
    pub(super) fn name(&self, me: &str) {
        self.me.get_or_init(|| me.to_owned());
    }

    pub(super) fn me(&self) -> ImmutableString {
        self.me.get().map(ImmutableString::from).unwrap_or_default()
    }

    /// Called when the top level of a file has run.
    pub(super) fn remember(&self, file: &str, constants: BTreeMap<String, Dynamic>) {
        lock(&self.constants).insert(file.to_owned(), constants);
    }

    pub(super) fn constant(&self, file: &str, name: &str) -> Option<Dynamic> {
        lock(&self.constants).get(file)?.get(name).cloned()
    }

    /// A handler begins: from now on what it does is collected.
    pub(super) fn begin(&self, context: Context) {
        *lock(&self.call) = Some(Call { context, done: Done::default(), before: None });
    }

    /// The handler has ended: what it did, or nothing, and everything as it was before.
    pub(super) fn end(&self, well: bool) -> Done {
        let Some(call) = lock(&self.call).take() else {
            return Done::default();
        };
        if well {
            return call.done;
        }
        if let Some(before) = call.before {
            lock(&self.mind).kept = *before;
        }
        Done::default()
    }

    pub(super) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.log))
    }

    /// Says a line in the room, or with `reply` where the handler's cause came from.
    pub(super) fn say(&self, function: &str, text: &Dynamic, emote: bool) -> Result<(), Failed> {
        let text = self.text(function, text)?;
        self.with_call(function, |call| {
            let to = match &call.context.whisperer {
                Some(name) if function != "say" && !emote => To::Member(name.clone()),
                _ => To::Room(call.context.room.clone()),
            };
            self.push(call, to, text, emote)
        })
    }

    /// Says a line to one member.
    pub(super) fn whisper(&self, name: &str, text: &Dynamic) -> Result<(), Failed> {
        let text = self.text("whisper", text)?;
        let name = Nick::parse(name.as_bytes()).map_err(|error| {
            format!("whisper(name, text) takes a name, not \"{name}\": {error}")
        })?;
        self.with_call("whisper", |call| {
            self.push(call, To::Member(name.as_str().to_owned()), text, false)
        })
    }

    fn push(&self, call: &mut Call, to: To, text: Option<Text>, emote: bool) -> Result<(), Failed> {
        let Some(text) = text else { return Ok(()) };
        let limit = self.guard.limits().lines;
        let actions = &mut call.done.actions;
        if actions.iter().filter(|action| action.to == to).count() == limit {
            return Err(format!("a bot says at most {limit} lines to one message").into());
        }
        if actions.len() == ACTIONS {
            return Err(format!("a bot whispers at most {ACTIONS} times at once").into());
        }
        let (cause, handler) = (call.context.cause, call.context.handler.clone());
        actions.push(Action { to, text, emote, cause, handler });
        Ok(())
    }

    /// Text of one line only: a line break or an escape becomes visible. Nothing, if it is empty.
    fn text(&self, function: &str, text: &Dynamic) -> Result<Option<Text>, Failed> {
        if lock(&self.call).is_none() {
            return outside(function);
        }
        let Some(text) = printable(text) else {
            let kind = super::explain::kind(text.type_name());
            return Err(format!("{} takes text, not {kind}", signature(function)).into());
        };
        match Text::clean(text.as_bytes()) {
            Ok(text) => Ok(Some(text)),
            Err(TextError::Empty) => Ok(None),
            Err(error @ TextError::TooLong(_)) => Err(error.to_string().into()),
        }
    }

    /// Plans a call; gives the number by which it can be cancelled.
    pub(super) fn after(
        &self,
        millis: u64,
        function: &str,
        argument: Option<Dynamic>,
    ) -> Result<i64, Failed> {
        self.with_call("after", |call| {
            let plans = self.plans.load(Ordering::Relaxed) + call.done.orders.len();
            if plans >= PLANS {
                return Err(format!("a bot plans at most {PLANS} calls at once").into());
            }
            let id = lock(&self.mind).number();
            let at = call.context.now.saturating_add(millis);
            let context = Context { of_message: false, ..call.context.clone() };
            let function = function.to_owned();
            call.done.orders.push(Order::After(Later { id, at, function, argument, context }));
            Ok(id)
        })
    }

    pub(super) fn cancel(&self, id: i64) -> Result<(), Failed> {
        self.with_call("cancel", |call| {
            call.done.orders.push(Order::Cancel(id));
            Ok(())
        })
    }

    /// Whether a value is the number of something that this very call has planned.
    pub(super) fn is_plan(&self, value: &Dynamic) -> bool {
        let is =
            |order: &Order| matches!(order, Order::After(later) if value.as_int() == Ok(later.id));
        lock(&self.call).as_ref().is_some_and(|call| call.done.orders.iter().any(is))
    }

    /// How many calls are planned already.
    pub(super) fn plan(&self, plans: usize) {
        self.plans.store(plans, Ordering::Relaxed);
    }

    /// Looks at `state` or `temp`. They are there at the top level, too.
    pub(super) fn read<T>(&self, look: impl FnOnce(&Kept) -> T) -> T {
        look(&lock(&self.mind).kept)
    }

    /// Changes what is kept, so that it can be undone.
    pub(super) fn change<T>(
        &self,
        what: &str,
        which: Option<Which>,
        change: impl FnOnce(&mut Kept, &Limits, &Context) -> Result<T, String>,
    ) -> Result<T, Failed> {
        self.with_call(what, |call| {
            let mut mind = lock(&self.mind);
            if call.before.is_none() {
                call.before = Some(Box::new(mind.kept.clone()));
            }
            call.done.stored |= which == Some(Which::State);
            change(&mut mind.kept, self.guard.limits(), &call.context).map_err(Into::into)
        })
    }

    /// Asks about the room the handler is about.
    pub(super) fn look<T>(
        &self,
        function: &str,
        look: impl FnOnce(&World, &Context) -> T,
    ) -> Result<T, Failed> {
        self.with_call(function, |call| Ok(look(&self.world, &call.context)))
    }

    fn with_call<T>(
        &self,
        function: &str,
        work: impl FnOnce(&mut Call) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        lock(&self.call).as_mut().map_or_else(|| outside(function), work)
    }

    pub(super) fn log(&self, text: &str) {
        let mut log = lock(&self.log);
        if log.len() < LOG_LINES {
            log.push(scrub(&text.chars().take(LOG_CHARS).collect::<String>()));
        } else if log.len() == LOG_LINES {
            log.push("… and more".into());
        }
    }

    pub(super) fn draw<T: SampleUniform, R: SampleRange<T>>(&self, range: R) -> T {
        lock(&self.mind).random.random_range(range)
    }
}

fn outside<T>(function: &str) -> Result<T, Failed> {
    Err(format!("{} works inside a handler only", signature(function)).into())
}

fn signature(function: &str) -> &str {
    let known = super::api::FUNCTIONS.iter().find(|known| known.name == function);
    known.map_or(function, |known| known.signature)
}

/// Text, numbers and truth values can be said; arrays, maps and functions are mistakes.
pub(super) fn printable(value: &Dynamic) -> Option<String> {
    let plain = value.is_string() || value.is_char() || value.is_int() || value.is_float();
    (plain || value.is_bool()).then(|| value.to_string())
}

/// A script cannot panic while it holds one of these, and what they hold is whole at any time.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
