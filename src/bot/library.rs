//! What scripts share: `import "words" as words;` reads `lib/words.rhai` beside the script, and
//! nothing else. A name is a word, so that no path leads out; a link that does is not followed.

use super::diagnostic::Diagnostic;
use super::engine;
use super::explain::{self, Names};
use super::habits;
use super::host::{Host, lock};
use super::lint;
use super::script::plain;
use super::store::STORES;
use rhai::{
    AST, Dynamic, Engine, EvalAltResult, Module, ModuleResolver, ParseError, Position, Scope,
    Shared,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Files one script imports, those that they import included.
const LIBRARIES: usize = 16;

/// One file that was imported.
#[derive(Clone)]
pub(super) struct Imported {
    /// As diagnostics name it.
    pub file: String,
    pub source: String,
    module: Shared<Module>,
}

/// The library of one script.
pub(super) struct Library {
    root: Option<PathBuf>,
    host: Arc<Host>,
    functions: BTreeMap<String, BTreeSet<usize>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    imported: BTreeMap<String, Imported>,
    /// Files that are being read, to find those that import themselves.
    open: Vec<String>,
    /// Everything that was tried, for whoever watches the files.
    tried: BTreeSet<PathBuf>,
    /// What is wrong with a file: the interpreter's own errors have no room for it.
    wrong: Option<Diagnostic>,
    closed: bool,
}

type Failed = Box<EvalAltResult>;

impl Library {
    pub(super) fn new(
        root: Option<PathBuf>,
        host: Arc<Host>,
        functions: BTreeMap<String, BTreeSet<usize>>,
    ) -> Arc<Self> {
        Arc::new(Self { root, host, functions, state: Mutex::default() })
    }

    /// Lets an engine import.
    pub(super) fn serve(self: &Arc<Self>, engine: &mut Engine) {
        // The engine's own count is above ours, which says more.
        engine.set_max_modules(2 * LIBRARIES).set_module_resolver(Resolver(self.clone()));
    }

    /// What was wrong with a file, once.
    pub(super) fn wrong(&self) -> Option<Diagnostic> {
        lock(&self.state).wrong.take()
    }

    pub(super) fn module(&self, name: &str) -> Option<Shared<Module>> {
        Some(lock(&self.state).imported.get(name)?.module.clone())
    }

    /// The script is loaded: nothing is read any more.
    pub(super) fn close(&self) {
        lock(&self.state).closed = true;
    }

    /// The file that diagnostics call so.
    pub(super) fn find(&self, file: &str) -> Option<Imported> {
        lock(&self.state).imported.values().find(|imported| imported.file == file).cloned()
    }

    /// Every file that was read, or would have been.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        lock(&self.state).tried.iter().cloned().collect()
    }

    fn import(self: &Arc<Self>, name: &str, position: Position) -> Result<Shared<Module>, Failed> {
        if let Some(module) = self.module(name) {
            return Ok(module);
        }
        let refuse = |why: String| Err(EvalAltResult::ErrorRuntime(why.into(), position).into());
        let Some(root) = &self.root else {
            return refuse("`import` is not available here".into());
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || !name.chars().all(plain) {
            return refuse(format!(
                "`import` takes the name of a file in {}, without its path and ending, not \"{name}\"",
                root.display()
            ));
        }
        let path = root.join(format!("{name}.rhai"));
        {
            let mut state = lock(&self.state);
            if state.closed {
                return refuse("`import` stands at the top of the file".into());
            }
            if state.open.iter().any(|open| open == name) {
                return refuse(format!("the file \"{name}\" imports itself"));
            }
            if state.imported.len() + state.open.len() >= LIBRARIES {
                return refuse(format!("a script imports at most {LIBRARIES} files"));
            }
            state.tried.insert(path.clone());
            state.open.push(name.to_owned());
        }
        let imported = self.read(root, &path, position);
        let mut state = lock(&self.state);
        state.open.pop();
        let imported = imported?;
        let module = imported.module.clone();
        state.imported.insert(name.to_owned(), imported);
        Ok(module)
    }

    fn read(
        self: &Arc<Self>,
        root: &Path,
        path: &Path,
        position: Position,
    ) -> Result<Imported, Failed> {
        let file = path.display().to_string();
        let limit = self.host.guard.limits().source;
        let source = confined(root, path, limit).map_err(|why| {
            let why = format!("{file} cannot be imported: {why}");
            EvalAltResult::ErrorRuntime(why.into(), position)
        })?;
        let mut reading = Reading {
            library: self,
            file: &file,
            source: &source,
            engine: engine::build(&self.host),
            names: Names { functions: self.functions.clone(), ..Names::default() },
        };
        self.serve(&mut reading.engine);
        let module = reading.module()?;
        Ok(Imported { module: module.into(), file, source })
    }
}

/// The text of a file that really is inside the folder.
fn confined(root: &Path, path: &Path, limit: usize) -> io::Result<String> {
    let (root, real) = (root.canonicalize()?, path.canonicalize()?);
    if !real.starts_with(&root) {
        return Err(io::Error::other("it is a link that leads out of the folder"));
    }
    // A pipe of that name would be waited for, for ever.
    if !real.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let most = u64::try_from(limit + 1).unwrap_or(u64::MAX);
    let mut text = String::new();
    File::open(real)?.take(most).read_to_string(&mut text)?;
    if text.len() > limit {
        return Err(io::Error::other(format!("it has more than {} KiB", limit / 1024)));
    }
    Ok(plain(&text).into_owned())
}

/// A file on its way to being a module.
struct Reading<'a> {
    library: &'a Library,
    file: &'a str,
    source: &'a str,
    engine: Engine,
    names: Names,
}

impl Reading<'_> {
    /// The same two passes as for a script: loosely for the constants, then strictly with them.
    fn module(&mut self) -> Result<Module, Failed> {
        self.engine.set_strict_variables(false);
        let guard = &self.library.host.guard;
        let draft = guard.reading(|| self.engine.compile(self.source));
        let mut draft = draft.or_else(|error| self.unreadable(&error))?;
        lint::too_many_arguments(&draft)
            .map_or(Ok(()), |found| self.wrong(found.place, found.message))?;
        draft.set_source(self.file);
        for function in draft.iter_functions() {
            let params = function.params.iter().map(ToString::to_string).collect();
            self.names.own.entry(function.name.to_owned()).or_default().push(params);
        }
        self.names.assigned = habits::assigned(&draft);
        let mut scope = Scope::new();
        self.run(|engine| engine.run_ast_with_scope(&mut scope, &draft))?;
        for (name, alias) in imports(&draft) {
            let module = self.library.module(&name);
            self.names.modules.extend(module.map(|module| (alias, module)));
        }
        let mut known = Scope::new();
        let mut constants = BTreeMap::new();
        for (name, is_constant, value) in scope.iter_raw() {
            if !is_constant {
                self.names.globals.insert(name.to_owned());
            } else if self.names.constants.insert(name.to_owned()) {
                known.push_constant_dynamic(name, value.clone());
                constants.insert(name.to_owned(), value.clone());
            }
        }
        self.library.host.remember(self.file, constants);
        for store in STORES {
            known.push_constant(store, ());
        }
        self.engine.set_strict_variables(true);
        let strict = guard.reading(|| self.engine.compile_with_scope(&known, self.source));
        let mut ast = strict.or_else(|error| self.unreadable(&error))?;
        ast.set_source(self.file);
        lint::check_library(&ast, &self.names)
            .or_else(|found| self.wrong(found.place, found.message))?;
        self.run(|engine| Module::eval_ast_as_new(Scope::new(), &ast, engine))
    }

    fn run<T>(&self, work: impl FnOnce(&Engine) -> Result<T, Failed>) -> Result<T, Failed> {
        work(&self.engine).or_else(|error| {
            let found = explain::run(&error, &self.library.host.guard, &self.names);
            self.wrong(found.place, found.message)
        })
    }

    fn unreadable<T>(&self, error: &ParseError) -> Result<T, Failed> {
        let (place, message) = explain::parse(error, self.source, &self.names);
        self.wrong(place, message)
    }

    /// Remembers the first finding, and stops the script that imports.
    fn wrong<T>(&self, place: Option<(usize, usize)>, message: String) -> Result<T, Failed> {
        let diagnostic = match place {
            Some(place) => Diagnostic::at(self.file, self.source, place, message),
            None => Diagnostic::whole(self.file, message),
        };
        lock(&self.library.state).wrong.get_or_insert(diagnostic);
        Err(EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE).into())
    }
}

/// The imports at the top of a file: their names and what they are called in it.
pub(super) fn imports(ast: &AST) -> Vec<(String, String)> {
    let import = |statement: &rhai::Stmt| match statement {
        rhai::Stmt::Import(import, _) => match &import.0 {
            rhai::Expr::StringConstant(name, _) => {
                Some((name.to_string(), import.1.name.to_string()))
            }
            _ => None,
        },
        _ => None,
    };
    ast.statements().iter().filter_map(import).filter(|(_, alias)| !alias.is_empty()).collect()
}

struct Resolver(Arc<Library>);

impl ModuleResolver for Resolver {
    fn resolve(
        &self,
        _engine: &Engine,
        _source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        self.0.import(path, position)
    }
}
