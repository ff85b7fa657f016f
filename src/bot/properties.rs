//! Reads the handlers of a compiled script for properties that a message or a member does not have.
//! Follows what a handler is given into its closures, and not into functions it is handed to.

use super::api::{COMMAND, COMMAND_PREFIX, HANDLERS};
use super::explain::{place, unknown_property};
use super::habits;
use super::lint::{FINDINGS, Finding};
use super::message;
use rhai::{AST, ASTNode, Expr, FnCallExpr, FnPtr, Stmt};

/// A function's parameter that is known to be a message or a member.
struct Given {
    function: String,
    /// How many parameters the function has: others may have its name.
    arity: usize,
    param: String,
    /// `msg` or `who`, whatever the function calls it.
    of: &'static str,
}

/// `msg.txt`, in every handler, whatever it calls its message.
pub(super) fn unknown(ast: &AST) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut given: Vec<Given> =
        ast.iter_fn_def().filter_map(|f| of_handler(&f.name, &f.params)).collect();
    while let Some(next) = given.pop().filter(|_| found.len() < FINDINGS) {
        look(ast, &next, &mut found, &mut given);
    }
    found
}

fn of_handler(name: &str, params: &[rhai::ImmutableString]) -> Option<Given> {
    let table = if name.starts_with(COMMAND_PREFIX) { COMMAND } else { name };
    let handler = HANDLERS.iter().find(|handler| handler.name == table)?;
    let (of, param) = (*handler.params.first()?, params.first()?);
    let fits = handler.params.len() == params.len() && message::properties(of).is_some();
    let (function, param) = (name.to_owned(), param.to_string());
    fits.then_some(Given { function, arity: params.len(), param, of })
}

/// Looks through one function, unless the parameter's name stands for something else in it, too.
fn look(ast: &AST, given: &Given, found: &mut Vec<Finding>, closures: &mut Vec<Given>) {
    let mut alone = ast.clone_functions_only();
    alone.retain_functions(|_, _, name, arity| name == given.function && arity == given.arity);
    let mut mistakes = Vec::new();
    let mut captured = Vec::new();
    let is_message = alone.walk(&mut |path: &[ASTNode<'_>]| {
        match path.last() {
            Some(ASTNode::Expr(Expr::Dot(parts, _, _))) if mistakes.len() < FINDINGS => {
                mistakes.extend(property(given, &parts.lhs, &parts.rhs));
            }
            Some(ASTNode::Expr(Expr::FnCall(call, _))) => {
                captured.extend(capture(ast, given, call));
            }
            Some(ASTNode::Stmt(statement)) if makes(statement, &given.param) => return false,
            _ => {}
        }
        true
    });
    if is_message {
        found.append(&mut mistakes);
        closures.append(&mut captured);
    }
}

/// Whether from a statement on a name stands for another value.
fn makes(statement: &Stmt, name: &str) -> bool {
    let is = |expr: &Expr| matches!(expr, Expr::Variable(v, _, _) if v.1 == name);
    match statement {
        Stmt::Var(var, _, _) => var.0.name == name,
        Stmt::For(parts, _) => {
            parts.0.name == name || parts.1.as_ref().is_some_and(|counter| counter.name == name)
        }
        Stmt::TryCatch(parts, _) => is(&parts.expr),
        Stmt::Assignment(assignment) => is(&assignment.1.lhs),
        _ => false,
    }
}

/// A closure in its compiled form: a function whose first parameters are what it takes from around.
fn capture(ast: &AST, given: &Given, call: &FnCallExpr) -> Option<Given> {
    let (Some(Expr::DynamicConstant(closure, _)), "curry") =
        (call.args.first(), call.name.as_str())
    else {
        return None;
    };
    let function = closure.read_lock::<FnPtr>()?.fn_name().to_owned();
    let is = |expr: &Expr| matches!(expr, Expr::Variable(v, _, _) if v.1 == given.param);
    let index = call.args.iter().skip(1).position(is)?;
    let params = &ast.iter_fn_def().find(|one| one.name == function)?.params;
    let param = params.get(index)?.to_string();
    Some(Given { function, arity: params.len(), param, of: given.of })
}

fn property(given: &Given, left: &Expr, right: &Expr) -> Option<Finding> {
    let Expr::Variable(variable, _, _) = left else { return None };
    let (name, at) = match right {
        Expr::Property(property, at) => (property.2.as_str(), *at),
        Expr::Dot(parts, _, _) | Expr::Index(parts, _, _) => match &parts.lhs {
            Expr::Property(property, at) => (property.2.as_str(), *at),
            _ => return None,
        },
        _ => return None,
    };
    if variable.1 != given.param {
        return None;
    }
    if message::properties(given.of)?.iter().any(|property| property.name == name) {
        return habits::property_of_property(&given.param, name, right);
    }
    Some(Finding { place: place(at), message: unknown_property(given.of, name) })
}
