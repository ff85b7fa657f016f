//! One version of one bot: a script that was compiled, checked and declared, and what it answers.
//! Knows no connection and no file; `runner` brings it both.

use super::api::HANDLERS;
use super::declaration::Declaration;
use super::diagnostic::Diagnostic;
use super::engine;
use super::explain::{self, Names};
use super::hearing::{Handlers, Hearing};
use super::host::{Action, Host, printable};
use super::limits::Limits;
use super::lint;
use super::message::{Heard, Message};
use crate::wire::nick::Nick;
use rhai::{AST, Array, CallFnOptions, Dynamic, Engine, EvalAltResult, Expr, Scope, Stmt};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

/// What a script is loaded with.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The file, as diagnostics name it.
    pub file: String,
    /// The bot's name, if the script declares none.
    pub name: String,
    /// Everything the script draws follows from this.
    pub seed: u64,
    pub limits: Limits,
}

/// A script that can answer. Has to be loaded and called on a stack of [`STACK`] bytes.
pub struct Script {
    file: String,
    source: String,
    engine: Engine,
    ast: AST,
    host: Arc<Host>,
    names: Names,
    name: Nick,
    handlers: Handlers,
    hearing: Arc<Hearing>,
}

/// What came of one message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What the bot does. Nothing, if there is an error: a call is a transaction.
    pub actions: Vec<Action>,
    /// What it wrote to its log; kept in any case.
    pub log: Vec<String>,
    /// The handler that answered or failed.
    pub handler: Option<&'static str>,
    pub error: Option<Diagnostic>,
}

/// Bytes of stack a script needs at the most. With 2 MiB, 256 levels of calls aborted the process.
pub const STACK: usize = 8 * 1024 * 1024;

/// The functions every engine has, with the numbers of their arguments.
static FUNCTIONS: LazyLock<BTreeMap<String, BTreeSet<usize>>> = LazyLock::new(|| {
    let engine = engine::build(&Arc::new(Host::new(0, Limits::default())));
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
});

impl Script {
    /// Compiles, runs the top level with actions disabled, and checks.
    pub fn load(source: &str, options: &LoadOptions) -> Result<Self, Diagnostic> {
        // Some editors begin a file with a byte order mark.
        let source = source.strip_prefix('\u{feff}').unwrap_or(source);
        let host = Arc::new(Host::new(options.seed, options.limits.clone()));
        let mut loading = Loading {
            file: &options.file,
            source,
            engine: engine::build(&host),
            host,
            names: Names { functions: FUNCTIONS.clone(), ..Names::default() },
        };
        let (draft, constants) = loading.draft()?;
        let declaration = loading.declaration(&draft, &constants, &options.name)?;
        let ast = loading.compile(&constants)?;
        let handlers = loading.check(&ast, &declaration)?;
        loading.host.name(declaration.name.as_str());
        let Loading { engine, host, names, .. } = loading;
        Ok(Self {
            file: options.file.clone(),
            source: source.to_owned(),
            engine,
            ast,
            host,
            names,
            handlers,
            hearing: Arc::new(Hearing::new(&declaration, handlers)),
            name: declaration.name,
        })
    }

    /// What the bot is called in the room.
    pub fn name(&self) -> &Nick {
        &self.name
    }

    /// What it listens for; to be asked before [`Script::handle`], on any thread.
    pub fn hearing(&self) -> Arc<Hearing> {
        self.hearing.clone()
    }

    /// Takes over what survives a reload.
    pub fn continue_from(&mut self, before: &Self) {
        self.host.continue_from(&before.host);
    }

    /// Hears and answers one message: the two steps in one.
    pub fn answer(&self, message: &Message) -> Outcome {
        self.hearing.hear(message).map_or_else(Outcome::default, |heard| self.handle(&heard))
    }

    /// Asks the handlers in their order; the first that answers, or fails, is the last.
    pub fn handle(&self, heard: &Heard) -> Outcome {
        let concerned = [
            self.handlers.mention && heard.0.mentioned,
            self.handlers.trigger && !heard.0.triggers.is_empty(),
            self.handlers.message,
        ];
        let mut outcome = Outcome::default();
        for (handler, _) in HANDLERS.iter().zip(concerned).filter(|(_, concerned)| *concerned) {
            let result = self.call(handler.name, heard);
            outcome.log.append(&mut self.host.take_log());
            match result {
                Ok(actions) if actions.is_empty() => continue,
                Ok(actions) => outcome.actions = actions,
                Err(diagnostic) => outcome.error = Some(diagnostic),
            }
            outcome.handler = Some(handler.name);
            break;
        }
        outcome
    }

    fn call(&self, handler: &'static str, heard: &Heard) -> Result<Vec<Action>, Diagnostic> {
        let mut arguments = vec![Dynamic::from(heard.clone())];
        if handler == "on_trigger" {
            arguments.push(heard.0.triggers.first().cloned().unwrap_or_default().into());
        }
        let options = CallFnOptions::new().eval_ast(false).in_all_namespaces(true);
        self.host.begin();
        self.host.guard.start();
        let call = || {
            let mut scope = Scope::new();
            let arguments = std::mem::take(&mut arguments);
            self.engine.call_fn_with_options(options, &mut scope, &self.ast, handler, arguments)
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
            Ok(value) => self.say_returned(handler, value),
            Err(error) => Err(error),
        };
        let actions = self.host.end();
        ended.map(|()| actions).map_err(|error| self.diagnose(handler, &error))
    }

    /// A returned string is the reply, an array is several lines, nothing is no answer.
    fn say_returned(&self, handler: &str, value: Dynamic) -> Result<(), Box<EvalAltResult>> {
        if value.is_unit() {
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
        let (place, message) = explain::run(error, &self.host.guard, &self.names);
        let place = place.or_else(|| lint::find_fn(&self.source, handler));
        diagnostic(&self.file, &self.source, place, message)
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("file", &self.file)
            .field("name", &self.name)
            .field("handlers", &self.handlers)
            .finish_non_exhaustive()
    }
}

/// A script on its way to being one.
struct Loading<'a> {
    file: &'a str,
    source: &'a str,
    engine: Engine,
    host: Arc<Host>,
    names: Names,
}

impl Loading<'_> {
    /// First pass: compiles loosely and runs the top level, which gives the constants. Plain Rhai
    /// does not show constants to functions; the second pass does.
    fn draft(&mut self) -> Result<(AST, Scope<'static>), Diagnostic> {
        let limit = self.host.guard.limits().source;
        if self.source.len() > limit {
            let message = format!("a script has at most {} KiB", limit / 1024);
            return Err(Diagnostic::whole(self.file, message));
        }
        self.engine.set_strict_variables(false);
        let draft = self.engine.compile(self.source).map_err(|error| {
            let (place, message) = explain::parse(&error, self.source, &self.names);
            self.finding(place, message)
        })?;
        for function in draft.iter_functions() {
            let params = function.params.iter().map(ToString::to_string).collect();
            self.names.own.entry(function.name.to_owned()).or_default().push(params);
        }
        let mut scope = Scope::new();
        self.host.guard.start();
        let ran = self.engine.run_ast_with_scope(&mut scope, &draft);
        if ran.is_err() || self.host.guard.tripped().is_some() {
            let error = ran.err().unwrap_or_else(|| "the top level did not end".into());
            let (place, message) = explain::run(&error, &self.host.guard, &self.names);
            return Err(self.finding(place, message));
        }
        Ok((draft, self.constants(&scope)))
    }

    /// The constants of the top level, the later of two with one name.
    fn constants(&mut self, scope: &Scope<'_>) -> Scope<'static> {
        let mut constants = Scope::new();
        for (name, is_constant, value) in scope.iter_raw() {
            if !is_constant {
                self.names.globals.insert(name.to_owned());
            } else if self.names.constants.insert(name.to_owned()) {
                constants.push_constant_dynamic(name, value.clone());
            }
        }
        constants
    }

    fn declaration(
        &self,
        draft: &AST,
        constants: &Scope<'_>,
        name: &str,
    ) -> Result<Declaration, Diagnostic> {
        Declaration::read(constants.get("BOT"), name).map_err(|wrong| {
            let place = wrong.key.as_deref().and_then(|key| place_of_key(draft, key));
            let place = place.or_else(|| place_of_key(draft, ""));
            self.finding(place, wrong.message)
        })
    }

    /// Second pass: strict, with the constants in sight of every function.
    fn compile(&mut self, constants: &Scope<'_>) -> Result<AST, Diagnostic> {
        let named = |(name, _, value): (&str, bool, &Dynamic)| (name.to_owned(), value.clone());
        self.host.remember(constants.iter_raw().map(named).collect());
        self.engine.set_strict_variables(true);
        self.engine.compile_with_scope(constants, self.source).map_err(|error| {
            let (place, message) = explain::parse(&error, self.source, &self.names);
            self.finding(place, message)
        })
    }

    fn check(&self, ast: &AST, declaration: &Declaration) -> Result<Handlers, Diagnostic> {
        let handlers = lint::check(ast, self.source, &self.names)
            .map_err(|found| self.finding(found.place, found.message))?;
        if handlers.trigger && declaration.triggers.is_empty() {
            let message = "`on_trigger` waits for words: declare them, \
                           `const BOT = #{ triggers: [\"…\"] };`";
            return Err(self.finding(lint::find_fn(self.source, "on_trigger"), message.into()));
        }
        if !handlers.trigger && !declaration.triggers.is_empty() {
            let message = "there are triggers, and no `on_trigger(msg, word)` to call";
            return Err(self.finding(place_of_key(ast, "triggers"), message.into()));
        }
        Ok(handlers)
    }

    fn finding(&self, place: Option<(usize, usize)>, message: String) -> Diagnostic {
        diagnostic(self.file, self.source, place, message)
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

/// Where a key stands in `const BOT = #{ … }`; with no key, where `BOT` itself does.
fn place_of_key(ast: &AST, key: &str) -> Option<(usize, usize)> {
    ast.statements().iter().find_map(|statement| {
        let Stmt::Var(var, _, _) = statement else {
            return None;
        };
        if var.0.name != "BOT" {
            return None;
        }
        let in_map = match &var.1 {
            Expr::Map(map, _) => map.0.iter().find(|(name, _)| name.name == key),
            _ => None,
        };
        explain::place(in_map.map_or(var.0.pos, |(name, _)| name.pos))
    })
}
