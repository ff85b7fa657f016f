//! How a script is read: compiled, its top level run with actions disabled, checked, declared.

use super::{FUNCTIONS, LoadOptions, Script, blank, diagnostic, functions_of};
use crate::bot::declaration::Declaration;
use crate::bot::diagnostic::Diagnostic;
use crate::bot::engine;
use crate::bot::explain::{self, Names};
use crate::bot::habits;
use crate::bot::hearing::{Handlers, Hearing};
use crate::bot::host::Host;
use crate::bot::library::{self, Library};
use crate::bot::lint;
use crate::bot::mind::Mind;
use crate::bot::store::STORES;
use crate::bot::world::World;
use rhai::{AST, Dynamic, Engine, Expr, Scope, Stmt};
use std::borrow::Cow;
use std::sync::{Arc, Mutex};

/// A file's text without what an editor put around it: a byte order mark, and other line ends than
/// ours. Of a carriage return alone the interpreter makes a line in some places and none in others.
pub(in crate::bot) fn plain(source: &str) -> Cow<'_, str> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    if source.contains('\r') {
        Cow::Owned(source.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(source)
    }
}

impl Script {
    /// As [`Script::load`], with the memory and the room of the version before.
    pub(in crate::bot) fn load_into(
        source: &str,
        options: &LoadOptions,
        mind: Arc<Mutex<Mind>>,
        world: Arc<World>,
    ) -> Result<Self, Diagnostic> {
        // There is at least one; the rest is for a check that was asked for.
        Self::load_or_mistakes(source, options, mind, world).map_err(|mut all| all.swap_remove(0))
    }

    /// Everything that is wrong with a script; nothing, if it loads.
    pub fn mistakes(source: &str, options: &LoadOptions) -> Vec<Diagnostic> {
        let mind = Mind::new(options.seed, &serde_json::Map::new());
        let mind = Arc::new(Mutex::new(mind));
        Self::load_or_mistakes(source, options, mind, Arc::default()).err().unwrap_or_default()
    }

    fn load_or_mistakes(
        source: &str,
        options: &LoadOptions,
        mind: Arc<Mutex<Mind>>,
        world: Arc<World>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let source = &*plain(source);
        let host = Arc::new(Host::new(options.limits.clone(), mind, world));
        let mut engine = engine::build(&host);
        let mut functions = FUNCTIONS.clone();
        if let Some(extend) = &options.extend {
            extend(&mut engine);
            functions = functions_of(&engine);
        }
        let library = Library::new(options.lib.clone(), host.clone(), functions.clone());
        library.serve(&mut engine);
        let names = Names { functions, ..Names::default() };
        let mut loading = Loading { file: &options.file, source, engine, host, names, library };
        let drafted = loading.draft();
        let (draft, constants) = drafted.map_err(|first| loading.with_others(first))?;
        let declaration = loading.declaration(&draft, &constants, &options.name).map_err(one)?;
        let ast = loading.compile(&constants).map_err(one)?;
        let handlers = loading.check(&ast, &declaration)?;
        loading.host.name(declaration.name.as_str());
        let Loading { engine, host, names, library, .. } = loading;
        library.close();
        Ok(Self {
            file: options.file.clone(),
            source: source.to_owned(),
            engine,
            ast,
            host,
            names,
            library,
            hearing: Arc::new(Hearing::new(&declaration, &handlers)),
            handlers,
            declaration,
        })
    }
}

fn one(diagnostic: Diagnostic) -> Vec<Diagnostic> {
    vec![diagnostic]
}

/// Syntax errors that are told at once: what a person mends before checking again.
const OTHERS: usize = 10;

/// A script on its way to being one.
struct Loading<'a> {
    file: &'a str,
    source: &'a str,
    engine: Engine,
    host: Arc<Host>,
    names: Names,
    library: Arc<Library>,
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
        let draft = self.host.guard.reading(|| self.engine.compile(self.source));
        let draft = draft.map_err(|error| {
            let (place, message) = explain::parse(&error, self.source, &self.names);
            self.finding(place, message)
        })?;
        if let Some(found) = lint::too_many_arguments(&draft) {
            return Err(self.finding(found.place, found.message));
        }
        for function in draft.iter_functions() {
            let params = function.params.iter().map(ToString::to_string).collect();
            self.names.own.entry(function.name.to_owned()).or_default().push(params);
        }
        self.names.assigned = habits::assigned(&draft);
        let mut scope = Scope::new();
        self.host.guard.start();
        let ran = self.engine.run_ast_with_scope(&mut scope, &draft);
        if ran.is_err() || self.host.guard.tripped().is_some() {
            let error = ran.err().unwrap_or_else(|| "the top level did not end".into());
            let found = explain::run(&error, &self.host.guard, &self.names);
            let wrong = self.library.wrong();
            return Err(wrong.unwrap_or_else(|| self.finding(found.place, found.message)));
        }
        // Plain Rhai shows what a file imports to its top level only.
        for (name, alias) in library::imports(&draft) {
            if let Some(module) = self.library.module(&name) {
                self.engine.register_static_module(&alias, module.clone());
                self.names.modules.insert(alias, module);
            }
        }
        Ok((draft, self.constants(&scope)))
    }

    /// A mistake, and if the parser stopped there, those it would find in other functions.
    fn with_others(&self, first: Diagnostic) -> Vec<Diagnostic> {
        let mut found = vec![first];
        let mut source = self.source.to_owned();
        let read = |source: &str| self.host.guard.reading(|| self.engine.compile(source)).err();
        let is_short = self.source.len() <= self.host.guard.limits().source;
        let mut error = is_short.then(|| read(&source)).flatten();
        while let Some(line) = error.as_ref().and_then(|error| error.position().line())
            && found.len() < OTHERS
            && let Some(rest) = blank::without_function_at(&source, line)
        {
            source = rest;
            error = read(&source);
            if let Some(error) = error.as_ref().filter(|_| self.host.guard.may_read()) {
                let (place, message) = explain::parse(error, &source, &self.names);
                found.push(self.finding(place, message));
            }
        }
        found
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
        let own = constants.iter_raw().map(named).collect();
        self.host.remember("", own);
        let mut known = constants.clone();
        for store in STORES {
            known.push_constant(store, ());
        }
        self.engine.set_strict_variables(true);
        let compile = || self.engine.compile_with_scope(&known, self.source);
        self.host.guard.reading(compile).map_err(|error| {
            let (place, message) = explain::parse(&error, self.source, &self.names);
            self.finding(place, message)
        })
    }

    fn check(&self, ast: &AST, declaration: &Declaration) -> Result<Handlers, Vec<Diagnostic>> {
        let handlers = lint::check(ast, self.source, &self.names).map_err(|all| {
            let each = all.into_iter().map(|found| self.finding(found.place, found.message));
            each.collect::<Vec<_>>()
        })?;
        self.check_pairs(ast, declaration, &handlers).map_err(one)?;
        Ok(handlers)
    }

    /// What is declared and what it is declared for go together.
    fn check_pairs(
        &self,
        ast: &AST,
        declaration: &Declaration,
        handlers: &Handlers,
    ) -> Result<(), Diagnostic> {
        if handlers.trigger && declaration.triggers.is_empty() {
            let message = "`on_trigger` waits for words: declare them, \
                           `const BOT = #{ triggers: [\"…\"] };`";
            return Err(self.finding(lint::find_fn(self.source, "on_trigger"), message.into()));
        }
        if !handlers.trigger && !declaration.triggers.is_empty() {
            let message = "there are triggers, and no `on_trigger(msg, word)` to call";
            return Err(self.finding(place_of_key(ast, "triggers"), message.into()));
        }
        let pairs = [
            ("match", declaration.matches.is_some(), handlers.message, "on_message(msg)"),
            ("timers", !declaration.timers.is_empty(), handlers.timer, "on_timer(name)"),
        ];
        for (key, declared, handled, handler) in pairs {
            if declared && !handled {
                let message = format!("there is `{key}`, and no `{handler}` to call");
                return Err(self.finding(place_of_key(ast, key), message));
            }
        }
        if handlers.timer && declaration.timers.is_empty() {
            let message = "`on_timer` waits for timers: declare them, \
                           `const BOT = #{ timers: #{ tick: 60 } };`";
            return Err(self.finding(lint::find_fn(self.source, "on_timer"), message.into()));
        }
        Ok(())
    }

    fn finding(&self, place: Option<(usize, usize)>, message: String) -> Diagnostic {
        diagnostic(self.file, self.source, place, message)
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
