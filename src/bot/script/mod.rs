//! One version of one bot: a script that was compiled, checked and declared, and what it does when
//! it is called. Knows no connection, no file and no clock.

mod blank;
mod load;

pub(in crate::bot) use load::plain;

use super::declaration::Declaration;
use super::diagnostic::Diagnostic;
use super::engine;
use super::explain::{self, Names};
use super::hearing::{Handlers, Hearing};
use super::host::{Context, Done, Host, Later, printable};
use super::library::Library;
use super::limits::Limits;
use super::lint;
use super::message::{Heard, Who};
use super::mind::Mind;
use super::unset;
use crate::wire::nick::Nick;
use rhai::{AST, Array, CallFnOptions, Dynamic, Engine, EvalAltResult, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

/// What a script is loaded with.
#[derive(Clone)]
pub struct LoadOptions {
    /// The file, as diagnostics name it.
    pub file: String,
    /// The bot's name, if the script declares none.
    pub name: String,
    /// Everything the script draws follows from this.
    pub seed: u64,
    pub limits: Limits,
    /// The folder `import` reads from, if it reads at all: `lib` beside the scripts.
    pub lib: Option<PathBuf>,
    /// Gives the engine more functions, known to the script's check, too: those of a test.
    pub extend: Option<Extend>,
}

/// Registers further functions.
pub type Extend = Arc<dyn Fn(&mut Engine) + Send + Sync>;

/// A script that can answer. Has to be loaded and called on a stack of [`STACK`] bytes.
pub struct Script {
    file: String,
    source: String,
    engine: Engine,
    ast: AST,
    host: Arc<Host>,
    names: Names,
    library: Arc<Library>,
    declaration: Declaration,
    handlers: Handlers,
    hearing: Arc<Hearing>,
}

/// What came of calling a script.
#[derive(Debug, Default)]
pub(super) struct Called {
    /// Nothing, if there is an error: a call is a transaction.
    pub done: Done,
    /// What it wrote to its log; kept in any case.
    pub log: Vec<String>,
    /// The handler that answered or failed.
    pub handler: Option<String>,
    pub error: Option<Diagnostic>,
    /// For the account only: no bot's behaviour depends on it.
    pub took: Duration,
}

/// Bytes of stack a script needs at the most. With 2 MiB, 256 levels of calls aborted the process.
pub const STACK: usize = 8 * 1024 * 1024;

/// The functions every engine has, with the numbers of their arguments.
static FUNCTIONS: LazyLock<BTreeMap<String, BTreeSet<usize>>> =
    LazyLock::new(|| functions_of(&engine::build(&Arc::new(Host::detached()))));

fn functions_of(engine: &Engine) -> BTreeMap<String, BTreeSet<usize>> {
    let mut functions: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let all = engine.collect_fn_metadata(
        None,
        |info| Some((info.metadata.name.to_string(), info.metadata.num_params)),
        true,
    );
    for (name, arguments) in all {
        functions.entry(name).or_default().insert(arguments);
    }
    functions
}

impl Script {
    /// Compiles, runs the top level with actions disabled, and checks. The script begins with an
    /// empty memory and in an empty room.
    pub fn load(source: &str, options: &LoadOptions) -> Result<Self, Diagnostic> {
        let mind = Mind::new(options.seed, &serde_json::Map::new());
        Self::load_into(source, options, Arc::new(Mutex::new(mind)), Arc::default())
    }

    /// What the bot is called in the room.
    pub fn name(&self) -> &Nick {
        &self.declaration.name
    }

    /// What it listens for; to be asked before a call, on any thread.
    pub fn hearing(&self) -> Arc<Hearing> {
        self.hearing.clone()
    }

    /// Who is told when an edit fails.
    pub fn owner(&self) -> Option<&str> {
        self.declaration.owner.as_deref()
    }

    /// Whether it asks who is in the room.
    pub(super) fn asks_who(&self) -> bool {
        ["users", "is_online"].iter().any(|name| self.source.contains(name))
    }

    /// What it answers to, for people: `!kudos`, `work`, `every message`.
    pub fn answers(&self) -> Vec<String> {
        let commands = self.handlers.commands.iter().map(|command| format!("!{command}"));
        let others = [
            (self.handlers.mention, "its name"),
            (self.handlers.whisper, "whispers"),
            (self.handlers.message && self.declaration.matches.is_none(), "every message"),
        ];
        let others =
            others.into_iter().filter(|(answers, _)| *answers).map(|(_, what)| what.into());
        let matches = self.declaration.matches.iter().map(|pattern| format!("/{}/", pattern.0));
        commands
            .chain(self.declaration.triggers.iter().cloned())
            .chain(matches)
            .chain(others)
            .collect()
    }

    /// The files it imports.
    pub(super) fn imports(&self) -> Vec<PathBuf> {
        self.library.files()
    }

    /// Where it speaks when nobody asked.
    pub(super) fn home(&self) -> &str {
        self.declaration.rooms.first().map_or("#lobby", |room| room.as_str())
    }

    pub(super) fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    pub(super) fn handlers(&self) -> &Handlers {
        &self.handlers
    }

    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    /// Whether the script has a function of this name that takes so many arguments.
    pub fn has(&self, name: &str, arguments: usize) -> bool {
        self.names.own.get(name).is_some_and(|all| all.iter().any(|p| p.len() == arguments))
    }

    /// Names of all its functions.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.names.own.keys().map(String::as_str)
    }

    /// Calls any of its functions, without arguments and without anything that happened: a test.
    pub fn run(&self, function: &str) -> (Vec<String>, Result<(), Diagnostic>) {
        let context = Context { room: self.home().to_owned(), ..Context::default() };
        let called = self.call(function, Vec::new(), context);
        (called.log, called.error.map_or(Ok(()), Err))
    }

    /// Asks the handlers of a message in their order; the first that answers, or fails, is the
    /// last.
    pub(super) fn hear(&self, heard: &Heard, now: u64) -> Called {
        let message = &heard.0.message;
        let in_room = !message.whisper;
        let context = Context {
            now,
            room: if in_room { message.room.clone() } else { self.home().to_owned() },
            whisperer: message.whisper.then(|| message.from.clone()),
            cause: in_room.then_some(message.seq),
            of_message: in_room,
            handler: String::new(),
        };
        let msg = || Dynamic::from(heard.clone());
        let mut calls: Vec<(String, Vec<Dynamic>)> = Vec::new();
        if let Some(command) = &heard.0.command {
            let args = command.args.iter().map(|arg| Dynamic::from(arg.clone()));
            calls.push((
                format!("cmd_{}", command.name),
                vec![msg(), args.collect::<Array>().into()],
            ));
        }
        if in_room && self.handlers.mention && heard.0.mentioned {
            calls.push(("on_mention".into(), vec![msg()]));
        }
        if let Some(word) = heard.0.triggers.first()
            && in_room
            && self.handlers.trigger
        {
            calls.push(("on_trigger".into(), vec![msg(), word.clone().into()]));
        }
        if in_room && self.handlers.message && heard.0.matched {
            calls.push(("on_message".into(), vec![msg()]));
        }
        if !in_room && self.handlers.whisper {
            calls.push(("on_whisper".into(), vec![msg()]));
        }
        let mut all = Called::default();
        for (handler, arguments) in calls {
            let mut called = self.call(&handler, arguments, context.clone());
            all.log.append(&mut called.log);
            all.took += called.took;
            let ended = called.error.is_some() || !called.done.actions.is_empty();
            all.done.stored |= called.done.stored;
            all.done.actions = called.done.actions;
            all.done.orders.append(&mut called.done.orders);
            all.error = called.error;
            if ended {
                all.handler = called.handler;
                break;
            }
        }
        all
    }

    /// Somebody came or went.
    pub(super) fn greet(&self, handler: &str, who: &Who, context: Context) -> Called {
        self.call(handler, vec![Dynamic::from(who.clone())], context)
    }

    /// A planned call is due.
    pub(super) fn ring(&self, later: Later, now: u64) -> Called {
        let Later { function, argument, context, .. } = later;
        // A function that takes nothing may be given something, and the other way round.
        let arguments = match argument {
            Some(argument) if self.has(&function, 1) => vec![argument],
            None if !self.has(&function, 0) => vec![Dynamic::UNIT],
            _ => Vec::new(),
        };
        self.call(&function, arguments, Context { now, ..context })
    }

    /// Calls one function as a transaction.
    pub(super) fn call(&self, function: &str, arguments: Vec<Dynamic>, context: Context) -> Called {
        let mut arguments = arguments;
        let options = CallFnOptions::new().eval_ast(false).in_all_namespaces(true);
        self.host.begin(Context { handler: function.to_owned(), ..context });
        self.host.guard.start();
        let call = || {
            let mut scope = Scope::new();
            let arguments = std::mem::take(&mut arguments);
            self.engine.call_fn_with_options(options, &mut scope, &self.ast, function, arguments)
        };
        // The interpreter has places it takes to be out of reach, and scripts that reach them: a
        // value that is shared with a closure and put into itself. It costs them an answer.
        let returned = catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_panic| {
            Err("the interpreter itself failed here: is a value put into itself?".into())
        });
        let ended = match returned {
            // A library function may have swallowed the error of a limit; it counts all the same.
            Ok(_) if self.host.guard.tripped().is_some() => {
                Err(EvalAltResult::ErrorTerminated(Dynamic::UNIT, rhai::Position::NONE).into())
            }
            Ok(value) => self.say_returned(function, value),
            Err(error) => Err(error),
        };
        let done = self.host.end(ended.is_ok());
        let error = ended.err().map(|error| self.diagnose(function, &error));
        let took = self.host.guard.took();
        Called { done, log: self.host.take_log(), handler: Some(function.to_owned()), error, took }
    }

    /// A returned string is the reply, an array is several lines, nothing is no answer.
    fn say_returned(&self, handler: &str, value: Dynamic) -> Result<(), Box<EvalAltResult>> {
        // The last line of a function is its value, behind a semicolon, too: the number of a plan is
        // for `cancel`, not for the room.
        if value.is_unit() || self.host.is_plan(&value) {
            return Ok(());
        }
        let lines = match value.try_cast_result::<Array>() {
            Ok(lines) => lines,
            Err(value) => vec![value],
        };
        for line in lines {
            if !line.is_string() && printable(&line).is_none() || line.is_bool() {
                let kind = explain::kind(line.type_name());
                return Err(format!(
                    "{handler} returned {kind}; it returns a string, an array of strings, or nothing"
                )
                .into());
            }
            self.host.say(handler, &line, false)?;
        }
        Ok(())
    }

    /// Some limits are reached between two lines: then the handler's own line is named.
    fn diagnose(&self, handler: &str, error: &EvalAltResult) -> Diagnostic {
        let found = explain::run(error, &self.host.guard, &self.names);
        let imported = self.library.find(&found.source);
        let (file, source) = match &imported {
            Some(imported) => (&imported.file, &imported.source),
            None => (&self.file, &self.source),
        };
        let begin = found.place.and_then(|place| unset::begin(error, source, place));
        let own = || lint::find_fn(&self.source, handler).filter(|_| imported.is_none());
        diagnostic(file, source, found.place.or_else(own), begin.unwrap_or(found.message))
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("file", &self.file)
            .field("name", &self.declaration.name)
            .field("handlers", &self.handlers)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LoadOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadOptions").field("file", &self.file).finish_non_exhaustive()
    }
}

fn diagnostic(
    file: &str,
    source: &str,
    place: Option<(usize, usize)>,
    message: String,
) -> Diagnostic {
    match place {
        Some(place) => Diagnostic::at(file, source, place, message),
        None => Diagnostic::whole(file, message),
    }
}
