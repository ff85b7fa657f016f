//! Reads a compiled script for what is right in other languages and not in this one. Finds, and
//! suggests; runs nothing.

use super::explain::place;
use super::foreign;
use super::lint::Finding;
use rhai::{AST, ASTNode, Expr, Position, Stmt};
use std::collections::BTreeSet;

/// Slips of `test` at the beginning of a function's name.
const SLIPS: [&str; 8] = ["tset", "tets", "etst", "tes", "tst", "tests", "testt", "Test"];

/// The name of the test that a function was most likely meant to be.
pub(super) fn meant_as_test(name: &str) -> Option<String> {
    let (begin, rest) = name.split_once('_')?;
    SLIPS.contains(&begin).then(|| format!("test_{rest}"))
}

/// `list.sort().len()`, `let sorted = list.sort();`, `say(list.sort())` and their like: something
/// is done with nothing. `is_own` tells what the script itself calls so.
pub(super) fn unfounded(path: &[ASTNode<'_>], is_own: impl Fn(&str) -> bool) -> Option<Finding> {
    let (name, at) = used_by(path.last()?)
        .into_iter()
        .filter_map(|used| method(last(used)))
        .find(|(name, _)| foreign::gives_nothing(name) && !is_own(name))?;
    Some(Finding {
        place: place(at),
        message: format!(
            "`{name}` changes the thing itself and gives nothing back: give it a line of its own"
        ),
    })
}

/// Variables that functions give other values: what is to change is no constant.
pub(super) fn assigned(ast: &AST) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    ast.clone_functions_only().walk(&mut |path: &[ASTNode<'_>]| {
        found.extend(path.last().and_then(changed).map(ToOwned::to_owned));
        true
    });
    found
}

/// The variable that a part of a script changes: `n += 1`, `list[0] = 1`, `list.push(1)`.
fn changed<'a>(node: &ASTNode<'a>) -> Option<&'a str> {
    let target = match node {
        ASTNode::Stmt(Stmt::Assignment(assignment)) => &assignment.1.lhs,
        ASTNode::Expr(Expr::Dot(parts, _, _)) => {
            let (name, _) = method(&parts.rhs)?;
            let takes = matches!(name, "pop" | "shift" | "remove" | "drain" | "retain");
            (takes || foreign::gives_nothing(name)).then_some(&parts.lhs)?
        }
        _ => return None,
    };
    let mut target = target;
    while let Expr::Dot(parts, _, _) | Expr::Index(parts, _, _) = target {
        target = &parts.lhs;
    }
    match target {
        Expr::Variable(variable, _, _) => Some(variable.1.as_str()),
        _ => None,
    }
}

/// The parts whose values something is done with.
fn used_by<'a>(node: &ASTNode<'a>) -> Vec<&'a Expr> {
    match node {
        ASTNode::Expr(Expr::Dot(parts, _, _)) => vec![&parts.lhs],
        ASTNode::Stmt(Stmt::Var(var, _, _)) => vec![&var.1],
        ASTNode::Stmt(Stmt::Assignment(assignment)) => vec![&assignment.1.rhs],
        ASTNode::Stmt(Stmt::For(parts, _)) => vec![&parts.2.expr],
        ASTNode::Stmt(Stmt::FnCall(call, _))
        | ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _)) => {
            call.args.iter().collect()
        }
        ASTNode::Expr(Expr::Array(items, _) | Expr::InterpolatedString(items, _)) => {
            items.iter().collect()
        }
        ASTNode::Expr(Expr::Map(map, _)) => map.0.iter().map(|(_, value)| value).collect(),
        _ => Vec::new(),
    }
}

/// `msg.text.length`: what a message has are texts, numbers and arrays of the language.
pub(super) fn property_of_property(whose: &str, owner: &str, right: &Expr) -> Option<Finding> {
    let Expr::Dot(parts, _, _) = right else { return None };
    let of = match &parts.rhs {
        Expr::Dot(further, _, _) => &further.lhs,
        other => other,
    };
    let Expr::Property(property, at) = of else { return None };
    let name = property.2.as_str();
    let suggestion = foreign::suggestion(name)?;
    let message = format!("`{whose}.{owner}` has no `{name}`; {suggestion}");
    Some(Finding { place: place(*at), message })
}

fn method(expr: &Expr) -> Option<(&str, Position)> {
    match expr {
        Expr::MethodCall(call, at) => Some((call.name.as_str(), *at)),
        _ => None,
    }
}

/// What a chain of dots gives, or a block.
fn last(expr: &Expr) -> &Expr {
    match expr {
        Expr::Dot(parts, _, _) => last(&parts.rhs),
        Expr::Stmt(block) => match block.statements().last() {
            Some(Stmt::Expr(value)) => last(value),
            _ => expr,
        },
        other => other,
    }
}
