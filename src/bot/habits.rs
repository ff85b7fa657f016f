//! Reads a compiled script for what is right in other languages and not in this one. Finds, and
//! suggests; runs nothing.

use super::explain::place;
use super::foreign;
use super::lint::Finding;
use rhai::{ASTNode, Expr, Position, Stmt};

/// Slips of `test` at the beginning of a function's name.
const SLIPS: [&str; 8] = ["tset", "tets", "etst", "tes", "tst", "tests", "testt", "Test"];

/// The name of the test that a function was most likely meant to be.
pub(super) fn meant_as_test(name: &str) -> Option<String> {
    let (begin, rest) = name.split_once('_')?;
    SLIPS.contains(&begin).then(|| format!("test_{rest}"))
}

/// `list.sort().len()` and `let sorted = list.sort();`: something is done with nothing. `is_own`
/// tells what the script itself calls so.
pub(super) fn unfounded(path: &[ASTNode<'_>], is_own: impl Fn(&str) -> bool) -> Option<Finding> {
    let (name, at) = match path.last()? {
        ASTNode::Expr(Expr::Dot(parts, _, _)) => method(&parts.lhs)?,
        ASTNode::Stmt(Stmt::Var(var, _, _)) => method(last(&var.1))?,
        ASTNode::Stmt(Stmt::Assignment(assignment)) => method(last(&assignment.1.rhs))?,
        _ => return None,
    };
    (foreign::gives_nothing(name) && !is_own(name)).then(|| Finding {
        place: place(at),
        message: format!(
            "`{name}` changes the thing itself and gives nothing back: give it a line of its own"
        ),
    })
}

/// `msg.text.length`: what a message has are texts, numbers and arrays of the language.
pub(super) fn property_of_property(owner: &str, right: &Expr) -> Option<Finding> {
    let Expr::Dot(parts, _, _) = right else { return None };
    let of = match &parts.rhs {
        Expr::Dot(further, _, _) => &further.lhs,
        other => other,
    };
    let Expr::Property(property, at) = of else { return None };
    let name = property.2.as_str();
    let suggestion = foreign::suggestion(name)?;
    let message = format!("`msg.{owner}` has no `{name}`; {suggestion}");
    Some(Finding { place: place(*at), message })
}

fn method(expr: &Expr) -> Option<(&str, Position)> {
    match expr {
        Expr::MethodCall(call, at) => Some((call.name.as_str(), *at)),
        _ => None,
    }
}

/// What a chain of dots gives.
fn last(expr: &Expr) -> &Expr {
    match expr {
        Expr::Dot(parts, _, _) => last(&parts.rhs),
        other => other,
    }
}
