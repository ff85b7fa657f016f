//! Reads a compiled script for mistakes that would show only when the line runs: functions that do
//! not exist, wrong numbers of arguments, handlers that would never be called. Runs nothing.

use super::api::{COMMAND, COMMAND_PREFIX, HANDLERS};
use super::explain::{Names, place};
use super::habits;
use super::hearing::Handlers;
use super::limits::ARGUMENTS;
use super::modules;
use super::nearest::nearest;
use super::properties;
use rhai::{AST, ASTNode, Expr, FnCallExpr, Position, Stmt};
use std::collections::BTreeSet;

/// One mistake and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub place: Option<(usize, usize)>,
    pub message: String,
}

/// Words the interpreter itself treats as functions.
const KEYWORDS: [&str; 9] =
    ["print", "debug", "type_of", "call", "Fn", "is_def_fn", "is_def_var", "is_shared", "curry"];

/// Mistakes that are looked for at once: what a person mends before checking again.
pub(super) const FINDINGS: usize = 30;

/// The first call with more arguments than any function takes. To be asked before anything runs:
/// see [`ARGUMENTS`].
pub(super) fn too_many_arguments(ast: &AST) -> Option<Finding> {
    let mut found = None;
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        if let Some(
            ASTNode::Stmt(Stmt::FnCall(call, at))
            | ASTNode::Expr(Expr::FnCall(call, at) | Expr::MethodCall(call, at)),
        ) = path.last()
            && call.args.len() > ARGUMENTS
        {
            let message = match call.name.as_str() {
                // How the compiled form says what a closure takes from around it.
                "curry" => {
                    format!("a closure uses at most {} variables from outside", ARGUMENTS - 1)
                }
                _ => format!("a call has at most {ARGUMENTS} arguments: hand on an array or a map"),
            };
            found = Some(Finding { place: place(*at), message });
        }
        found.is_none()
    });
    found
}

/// The mistakes in the order of the file, at least one if there are any.
pub(super) fn check(ast: &AST, source: &str, names: &Names) -> Result<Handlers, Vec<Finding>> {
    let mut found = mistakes(ast, names);
    // In a library a function of a handler's name is a function like others.
    found.extend(properties::unknown(ast));
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        found.extend(late_call(path, names));
        found.len() < 2 * FINDINGS
    });
    match handlers(names, source) {
        Ok(handlers) if found.is_empty() => return Ok(handlers),
        Ok(_) => {}
        Err(finding) => found.push(finding),
    }
    found.sort_by_key(|finding| finding.place);
    Err(found)
}

/// The first mistake in a file that is no bot.
pub(super) fn check_library(ast: &AST, names: &Names) -> Result<(), Finding> {
    match mistakes(ast, names).into_iter().next() {
        Some(first) => Err(first),
        None => Ok(()),
    }
}

fn mistakes(ast: &AST, names: &Names) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen = Seen::default();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        seen.note(path);
        true
    });
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        found.extend(mistake(path, names, &seen));
        found.extend(late_import(path, ast));
        let is_own = |name: &str| names.own.contains_key(name) || seen.properties.contains(name);
        found.extend(habits::unfounded(path, is_own));
        found.len() < FINDINGS
    });
    found.sort_by_key(|finding| finding.place);
    found
}

/// An `import` that is not at the top would read a file while the bot answers, and one whose name
/// is computed is unknown to whoever watches the files.
fn late_import(path: &[ASTNode<'_>], ast: &AST) -> Option<Finding> {
    let Some(ASTNode::Stmt(Stmt::Import(import, at))) = path.last() else {
        return None;
    };
    if !matches!(import.0, Expr::StringConstant(..)) {
        let message = "`import` takes the name of a file in quotes".into();
        return Some(Finding { place: place(*at), message });
    }
    let is_top = |statement: &Stmt| matches!(statement, Stmt::Import(_, top) if top == at);
    (!ast.statements().iter().any(is_top)).then(|| Finding {
        place: place(*at),
        message: "`import` stands at the top of the file".into(),
    })
}

/// `after(60, "rng")`: the function is called by its name, and only when it is due.
fn late_call(path: &[ASTNode<'_>], names: &Names) -> Option<Finding> {
    let (ASTNode::Stmt(Stmt::FnCall(call, _)) | ASTNode::Expr(Expr::FnCall(call, _))) =
        path.last()?
    else {
        return None;
    };
    let (Some(Expr::StringConstant(name, at)), "after") = (call.args.get(1), call.name.as_str())
    else {
        return None;
    };
    let message = match names.own.get(name.as_str()) {
        Some(all) if all.iter().any(|params| params.len() <= 1) => return None,
        Some(_) => format!("`after` calls `{name}` with one argument, or with none"),
        None => match nearest(name, names.own.keys().map(String::as_str)) {
            Some(close) => format!("there is no function `{name}`; did you mean `{close}`?"),
            None => format!("there is no function `{name}` for `after` to call"),
        },
    };
    Some(Finding { place: place(*at), message })
}

/// Which handlers there are; functions that were meant to be one are mistakes.
fn handlers(names: &Names, source: &str) -> Result<Handlers, Finding> {
    let known = || HANDLERS.iter().map(|handler| handler.name);
    let mut commands = BTreeSet::new();
    for (name, all) in &names.own {
        let here = || find_fn(source, name);
        let command = name.strip_prefix(COMMAND_PREFIX);
        let table = command.map_or(name.as_str(), |_| COMMAND);
        if let Some(handler) = HANDLERS.iter().find(|handler| handler.name == table) {
            if all.iter().all(|params| params.len() != handler.params.len()) {
                let wanted = handler.params.join(", ");
                let message = format!("`{name}` is called with ({wanted})");
                return Err(Finding { place: here(), message });
            }
            if let Some(command) = command {
                if command.is_empty() || command != command.to_lowercase() {
                    let message = "a command's name is in small letters: `cmd_kudos`".into();
                    return Err(Finding { place: here(), message });
                }
                commands.insert(command.to_owned());
            }
            continue;
        }
        let is_alone = || source.matches(name.as_str()).count() == 1;
        if let Some(test) = habits::meant_as_test(name).filter(|_| is_alone()) {
            let message = format!("nothing calls `{name}`; did you mean `{test}`?");
            return Err(Finding { place: here(), message });
        }
        let close = nearest(name, known());
        if let Some(close) = close.filter(|_| is_like_a_handler(name)) {
            let message = format!("nothing calls `{name}`; did you mean `{close}`?");
            return Err(Finding { place: here(), message });
        }
        if name.starts_with("on_") {
            let handlers = known().collect::<Vec<_>>().join(", ");
            let message = format!("nothing calls `{name}`: the handlers are {handlers}");
            return Err(Finding { place: here(), message });
        }
    }
    let has = |name: &str| names.own.contains_key(name);
    let handlers = Handlers {
        mention: has("on_mention"),
        trigger: has("on_trigger"),
        message: has("on_message"),
        whisper: has("on_whisper"),
        join: has("on_join"),
        leave: has("on_leave"),
        timer: has("on_timer"),
        load: has("on_load"),
        unload: has("on_unload"),
        commands,
    };
    if handlers == Handlers::default() {
        let names = known().collect::<Vec<_>>().join(", ");
        let message = format!("there is no handler: a bot has one or more of {names}");
        return Err(Finding { place: None, message });
    }
    Ok(handlers)
}

fn is_like_a_handler(name: &str) -> bool {
    name.starts_with("on") || HANDLERS.iter().any(|handler| handler.name.ends_with(name))
}

/// Where a function is defined: the column of its name. The compiled form does not say.
pub(super) fn find_fn(source: &str, name: &str) -> Option<(usize, usize)> {
    source.lines().enumerate().find_map(|(number, line)| {
        let code = line.split("//").next().unwrap_or(line);
        let (before, after) = code.split_once("fn ")?;
        let rest = after.trim_start().strip_prefix(name)?;
        rest.trim_start().starts_with('(').then(|| {
            let indent = after.len() - after.trim_start().len();
            (number + 1, before.chars().count() + 3 + indent + 1)
        })
    })
}

/// Names that stand for values in a script: what is called may be one of these.
#[derive(Default)]
struct Seen {
    variables: BTreeSet<String>,
    properties: BTreeSet<String>,
}

impl Seen {
    fn note(&mut self, path: &[ASTNode<'_>]) {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(var, _, _))) => {
                self.variables.insert(var.0.name.to_string());
            }
            // A function may be put into a map under a name in quotes, too.
            Some(ASTNode::Expr(Expr::Index(parts, _, _))) => {
                if let Expr::StringConstant(key, _) = &parts.rhs {
                    self.properties.insert(key.to_string());
                }
            }
            Some(ASTNode::Expr(Expr::Variable(var, _, _))) => {
                self.variables.insert(var.1.to_string());
            }
            Some(ASTNode::Expr(Expr::Map(map, _))) => {
                self.properties.extend(map.0.iter().map(|(key, _)| key.name.to_string()));
                self.properties.extend(map.1.keys().map(ToString::to_string));
            }
            Some(ASTNode::Expr(Expr::Property(property, _))) => {
                self.properties.insert(property.2.to_string());
            }
            _ => {}
        }
    }
}

fn mistake(path: &[ASTNode<'_>], names: &Names, seen: &Seen) -> Option<Finding> {
    match path.last()? {
        ASTNode::Stmt(Stmt::FnCall(call, position))
        | ASTNode::Expr(Expr::FnCall(call, position)) => {
            modules::a_call(call, *position, names).or_else(|| a_call(call, *position, names, seen))
        }
        ASTNode::Expr(Expr::MethodCall(call, position)) => {
            a_method_call(call, *position, names, seen)
        }
        ASTNode::Stmt(Stmt::Assignment(assignment)) => {
            through_this(&assignment.1.lhs, false).then(|| Finding {
                place: place(assignment.1.lhs.start_position()),
                message: "`this[…] = …` is not available to bots: give the map to the function, \
                          and return it"
                    .into(),
            })
        }
        _ => None,
    }
}

fn a_call(call: &FnCallExpr, at: Position, names: &Names, seen: &Seen) -> Option<Finding> {
    let name = call.name.as_str();
    if is_not_a_name(call) {
        return None;
    }
    let given = call.args.len();
    let of_library = names.functions.get(name);
    let own = names.own.get(name);
    let fits = of_library.is_some_and(|arities| arities.contains(&given))
        || own.is_some_and(|all| all.iter().any(|params| params.len() == given));
    if fits {
        return None;
    }
    let message = if of_library.is_none() && own.is_none() {
        if seen.variables.contains(name) {
            format!("`{name}` is a variable; a function in a variable is called `{name}.call(…)`")
        } else {
            names.unknown_function(name)
        }
    } else {
        wrong_number(name, given, names.signature(name))
    };
    Some(Finding { place: place(at), message })
}

fn a_method_call(call: &FnCallExpr, at: Position, names: &Names, seen: &Seen) -> Option<Finding> {
    let name = call.name.as_str();
    // A function that is kept in a map is called like a method.
    if is_not_a_name(call) || seen.properties.contains(name) {
        return None;
    }
    let given = call.args.len();
    let of_library = names.functions.get(name);
    let own = names.own.get(name);
    let fits = of_library.is_some_and(|arities| arities.contains(&(given + 1)))
        || own.is_some_and(|all| all.iter().any(|params| params.len() == given));
    if fits {
        return None;
    }
    let message = if of_library.is_none() && own.is_none() {
        names.unknown_function(name)
    } else {
        wrong_number(name, given, names.signature(name))
    };
    Some(Finding { place: place(at), message })
}

fn is_not_a_name(call: &FnCallExpr) -> bool {
    let name = call.name.as_str();
    call.is_operator_call()
        || call.is_qualified()
        || KEYWORDS.contains(&name)
        || !name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        || name.contains('$')
}

pub(super) fn wrong_number(name: &str, given: usize, signature: Option<String>) -> String {
    let arguments = match given {
        0 => "no arguments".to_owned(),
        1 => "1 argument".to_owned(),
        more => format!("{more} arguments"),
    };
    match signature {
        Some(signature) => format!("it is `{signature}`: {arguments} are given here"),
        None => format!("`{name}` does not take {arguments}"),
    }
    .replace("1 argument are", "1 argument is")
}

/// Whether an assignment goes into an element of `this`: the one way to grow a value that passes
/// every check of the interpreter unseen.
fn through_this(target: &Expr, indexed: bool) -> bool {
    match target {
        Expr::ThisPtr(_) => indexed,
        Expr::Index(parts, _, _) => through_this(&parts.lhs, true),
        Expr::Dot(parts, _, _) => {
            through_this(&parts.lhs, indexed || matches!(parts.rhs, Expr::Index(..)))
        }
        _ => false,
    }
}
