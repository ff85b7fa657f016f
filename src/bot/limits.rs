//! What one event may cost a script, and the guard that keeps account while it runs. Decides when
//! a script ends, never what is said about it.

use rhai::{Dynamic, EvalContext, FnPtr, Map};
use rustix::time::{ClockId, clock_gettime};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Bounds of one call into a script. Three families, because none stands for another: operations
/// bound neither bytes nor time, and a single library call is one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Steps of the interpreter: about 10 ms of a busy script. What goes through many elements in
    /// one step is charged as several.
    pub operations: u64,
    /// Time on the clock, for steps that are slow ones.
    pub wall: Duration,
    /// Bytes of a string, and of all the text inside one array or map.
    pub string: usize,
    /// Elements of an array or map, those nested inside it included.
    pub elements: usize,
    /// Bytes of everything the script's variables hold at once.
    pub memory: usize,
    /// Calls inside calls. 8 MiB of stack carry 32 with the deepest expressions the parser lets
    /// through several times over; 256 on a 2 MiB stack aborted the process.
    pub calls: usize,
    /// Variables at once: far above what a readable script has.
    pub variables: usize,
    /// Bytes of a script. The longest useful bot known has a tenth of it.
    pub source: usize,
    /// What the processor works to read a script with all that it imports. A script of 64 KiB takes
    /// a fifth of it; the parser looks for each name among all it has met.
    pub reading: Duration,
    /// Lines a bot says to one event, to the room or to one member.
    pub lines: usize,
    /// Bytes of `state`, and of `temp`: thousands of scores, and written to a file in a millisecond.
    pub state: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            operations: 200_000,
            wall: Duration::from_millis(50),
            string: 16 * 1024,
            elements: 2_000,
            memory: 8 * 1024 * 1024,
            calls: 32,
            variables: 256,
            source: 64 * 1024,
            reading: Duration::from_millis(40),
            lines: 5,
            state: 256 * 1024,
        }
    }
}

/// Nesting of expressions the parser lets through. Rhai's own number for optimised builds; its
/// debug builds have less, and a bot must not depend on how chaty was built.
pub(super) const EXPRESSION_DEPTH: usize = 64;
/// Arguments of one call. The interpreter tries every way to take them for values of any kind, 2 to
/// the power of their number: with 16, a call of an unknown function took 15 ms.
pub(super) const ARGUMENTS: usize = 10;
/// Clock readings are this many operations apart: a reading costs as much as a few steps.
const CLOCK_EVERY: u64 = 64;
/// As many tokens apart when a script is read: the processor's own clock costs more.
const TOKENS_EVERY: u32 = 128;
/// Values in an array or map for which its use costs one step more: to copy so many takes as long
/// as several steps do.
const VALUES_A_STEP: usize = 16;
/// Every so many uses of a variable all variables are weighed, not only the one used.
const WEIGH_EVERY: u32 = 64;
/// Values inside values that are followed. Deeper ones overflow the stack when they are dropped.
const VALUE_DEPTH: usize = 128;
/// What an element of an array takes besides its content, and an entry of a map.
const ELEMENT_BYTES: usize = 16;
const ENTRY_BYTES: usize = 48;

/// A limit that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trip {
    Operations = 1,
    Wall = 2,
    Memory = 3,
    Elements = 4,
    Depth = 5,
}

impl Trip {
    const ALL: [Self; 5] =
        [Self::Operations, Self::Wall, Self::Memory, Self::Elements, Self::Depth];

    /// What to tell the script's author.
    pub(super) fn explain(self, limits: &Limits) -> String {
        match self {
            Self::Operations => format!(
                "this takes too long: over {} steps for one event; is there a loop without end?",
                limits.operations
            ),
            Self::Wall => {
                format!("this takes too long: over {} ms for one event", limits.wall.as_millis())
            }
            Self::Memory => format!(
                "this holds too much: over {} MiB in its variables",
                limits.memory / (1024 * 1024)
            ),
            Self::Elements => {
                format!("an array or map has more than {} elements", limits.elements)
            }
            Self::Depth => format!("values are nested more than {VALUE_DEPTH} deep"),
        }
    }
}

/// Keeps account during one call. Its own count goes on inside callbacks, whose errors some
/// library functions (`sort`) swallow; once tripped, every further step ends at once.
pub(super) struct Guard {
    limits: Limits,
    born: Instant,
    operations: AtomicU64,
    /// Nanoseconds after `born`; the atomics are for `Sync`, there is one thread.
    deadline: AtomicU64,
    tripped: AtomicU8,
    uses: AtomicU32,
    /// Bytes last weighed at each level of calls.
    levels: Mutex<Vec<usize>>,
    tokens: AtomicU32,
    /// Nanoseconds on the processor's clock: when the reading must have ended, and what is left of
    /// it for other files.
    read_by: AtomicU64,
    reading_left: AtomicU64,
}

impl Guard {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            reading_left: AtomicU64::new(nanos(limits.reading)),
            read_by: AtomicU64::new(u64::MAX),
            tokens: AtomicU32::new(0),
            limits,
            born: Instant::now(),
            operations: AtomicU64::new(0),
            deadline: AtomicU64::new(u64::MAX),
            tripped: AtomicU8::new(0),
            uses: AtomicU32::new(0),
            levels: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A new call begins with everything unspent.
    pub(super) fn start(&self) {
        self.operations.store(0, Ordering::Relaxed);
        self.tripped.store(0, Ordering::Relaxed);
        self.uses.store(0, Ordering::Relaxed);
        if let Ok(mut levels) = self.levels.lock() {
            levels.clear();
        }
        let deadline = self.born.elapsed().saturating_add(self.limits.wall);
        self.deadline.store(nanos(deadline), Ordering::Relaxed);
    }

    /// How long the call has taken.
    pub(super) fn took(&self) -> Duration {
        let began = Duration::from_nanos(self.deadline.load(Ordering::Relaxed));
        let began = began.saturating_sub(self.limits.wall);
        self.born.elapsed().saturating_sub(began)
    }

    /// The limit that ended the call, also when the script's library swallowed the error.
    pub(super) fn tripped(&self) -> Option<Trip> {
        let tripped = self.tripped.load(Ordering::Relaxed);
        Trip::ALL.into_iter().find(|trip| *trip as u8 == tripped)
    }

    /// One step of the interpreter: what it is to be stopped with, if it is.
    pub(super) fn step(&self) -> Option<Dynamic> {
        let steps = self.operations.fetch_add(1, Ordering::Relaxed) + 1;
        if self.tripped.load(Ordering::Relaxed) != 0 {
            return Some(Dynamic::UNIT);
        }
        if steps > self.limits.operations {
            self.trip(Trip::Operations);
            return Some(Dynamic::UNIT);
        }
        if steps.is_multiple_of(CLOCK_EVERY)
            && nanos(self.born.elapsed()) > self.deadline.load(Ordering::Relaxed)
        {
            self.trip(Trip::Wall);
            return Some(Dynamic::UNIT);
        }
        None
    }

    /// A step that did the work of more of them. The next one ends the call, if it was too much.
    pub(super) fn charge(&self, steps: usize) {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.operations.fetch_add(steps, Ordering::Relaxed);
    }

    /// Copied a value: the more values are in it, the more steps it was.
    pub(super) fn charge_for(&self, value: &Dynamic) {
        let mut scale = Scale::new(&self.limits);
        // One that is over a limit is found where it is made.
        scale.one_value(value).ok();
        self.charge(scale.values / VALUES_A_STEP);
    }

    /// Reads a script. All that one version of a bot reads has one measure of time: the
    /// processor's, so that a busy machine refuses no script.
    pub(super) fn reading<T>(&self, read: impl FnOnce() -> T) -> T {
        let left = self.reading_left.load(Ordering::Relaxed);
        let by = worked().saturating_add(left);
        self.read_by.store(by, Ordering::Relaxed);
        let done = read();
        self.reading_left.store(by.saturating_sub(worked()).min(left), Ordering::Relaxed);
        done
    }

    /// Whether there is time left to read more.
    pub(super) fn may_read(&self) -> bool {
        self.reading_left.load(Ordering::Relaxed) > 0
    }

    /// One more token was read: whether there may be another.
    pub(super) fn token(&self) -> bool {
        let tokens = self.tokens.fetch_add(1, Ordering::Relaxed);
        !tokens.is_multiple_of(TOKENS_EVERY) || worked() <= self.read_by.load(Ordering::Relaxed)
    }

    /// A variable is about to be used: weighs it, and now and then all of them, because
    /// `map[key] = value` is not checked by the library.
    pub(super) fn weigh(&self, name: &str, context: &EvalContext<'_, '_, '_, '_, '_, '_>) -> bool {
        let scope = context.scope();
        let mut scale = Scale::new(&self.limits);
        let mut verdict = match scope.get(name) {
            Some(value) => scale.one_value(value),
            None => Ok(()),
        };
        self.charge(scale.values / VALUES_A_STEP);
        let uses = self.uses.fetch_add(1, Ordering::Relaxed);
        let level = context.call_level();
        if let Ok(mut levels) = self.levels.lock()
            && verdict.is_ok()
            && (uses.is_multiple_of(WEIGH_EVERY) || levels.len() != level + 1)
        {
            scale = Scale::new(&self.limits);
            verdict = scope.iter_raw().try_for_each(|(_, _, value)| scale.one_value(value));
            if let (Ok(()), Some(this)) = (verdict, context.this_ptr()) {
                verdict = scale.one_value(this);
            }
            self.charge(scale.values / VALUES_A_STEP);
            levels.resize(level + 1, 0);
            if let Some(here) = levels.last_mut() {
                *here = scale.bytes;
            }
            if verdict.is_ok() && levels.iter().sum::<usize>() > self.limits.memory {
                verdict = Err(Trip::Memory);
            }
        }
        verdict.map_err(|trip| self.trip(trip)).is_ok()
    }

    fn trip(&self, trip: Trip) {
        self.tripped.store(trip as u8, Ordering::Relaxed);
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("tripped", &self.tripped()).finish_non_exhaustive()
    }
}

/// Adds up what values hold. Text that several values share is counted for each: a little too
/// much is on the safe side.
struct Scale<'a> {
    limits: &'a Limits,
    bytes: usize,
    values: usize,
}

impl<'a> Scale<'a> {
    fn new(limits: &'a Limits) -> Self {
        Self { limits, bytes: 0, values: 0 }
    }

    fn one_value(&mut self, value: &Dynamic) -> Result<(), Trip> {
        let mut elements = 0;
        self.add(value, 0, &mut elements)
    }

    fn add(&mut self, value: &Dynamic, depth: usize, elements: &mut usize) -> Result<(), Trip> {
        self.bytes += ELEMENT_BYTES;
        self.values += 1;
        // What most values are, without asking for each kind there is.
        if value.is_int() || value.is_unit() || value.is_bool() || value.is_float() {
            return Ok(());
        }
        if depth > VALUE_DEPTH {
            return Err(Trip::Depth);
        }
        if let Ok(text) = value.as_immutable_string_ref() {
            self.bytes += text.len();
        } else if let Ok(array) = value.as_array_ref() {
            *elements += array.len();
            self.check(*elements)?;
            array.iter().try_for_each(|item| self.add(item, depth + 1, elements))?;
        } else if let Ok(map) = value.as_map_ref() {
            *elements += map.len();
            self.check(*elements)?;
            for (key, item) in map.iter() {
                self.bytes += ENTRY_BYTES + key.len();
                self.add(item, depth + 1, elements)?;
            }
        } else if let Some(function) = value.read_lock::<FnPtr>() {
            *elements += function.curry().len();
            self.check(*elements)?;
            function.curry().iter().try_for_each(|item| self.add(item, depth + 1, elements))?;
        }
        if self.bytes > self.limits.memory { Err(Trip::Memory) } else { Ok(()) }
    }

    fn check(&self, elements: usize) -> Result<(), Trip> {
        if elements > self.limits.elements { Err(Trip::Elements) } else { Ok(()) }
    }
}

/// What a value holds, in bytes; nothing, if it is over a limit.
pub(super) fn weight(value: &Dynamic, limits: &Limits) -> Option<usize> {
    let mut scale = Scale::new(limits);
    scale.one_value(value).ok()?;
    Some(scale.bytes)
}

/// What a map holds, as [`weight`].
pub(super) fn weight_of_map(map: &Map, limits: &Limits) -> Option<usize> {
    let mut scale = Scale::new(limits);
    let mut elements = map.len();
    for (key, item) in map {
        scale.bytes += ENTRY_BYTES + key.len();
        scale.add(item, 0, &mut elements).ok()?;
    }
    scale.check(elements).ok()?;
    Some(scale.bytes)
}

/// What this thread has worked, in nanoseconds.
fn worked() -> u64 {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).map_or(0, nanos)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
