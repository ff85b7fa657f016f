//! Reads a compiled script for calls of functions that what it imports does not have.

use super::explain::{Names, place};
use super::lint::{Finding, wrong_number};
use super::nearest::nearest;
use rhai::{FnCallExpr, Position};

/// `words::plurral(2, "point")`: the module is there when the script is checked.
pub(super) fn a_call(call: &FnCallExpr, at: Position, names: &Names) -> Option<Finding> {
    let mut path = call.namespace.path.iter();
    let first = names.modules.get(path.next()?.as_str())?;
    let module = path.try_fold(&**first, |module, part| module.get_sub_module(part.as_str()))?;
    let (name, given) = (call.name.as_str(), call.args.len());
    if module.iter_script_fn_info().any(|(_, _, known, arity, _)| known == name && arity == given) {
        return None;
    }
    let owner = call.namespace.to_string();
    let known = || module.iter_script_fn_info().map(|(_, _, known, _, function)| (known, function));
    let message = if let Some((_, function)) = known().find(|(known, _)| *known == name) {
        let signature = format!("{owner}::{name}({})", function.params.join(", "));
        wrong_number(name, given, Some(signature))
    } else {
        // Closures have names of the interpreter's own.
        let callable = known().map(|(known, _)| known).filter(|known| !known.contains('$'));
        match nearest(name, callable) {
            Some(close) => format!("`{owner}` has no function `{name}`; did you mean `{close}`?"),
            None => format!("`{owner}` has no function `{name}` that others may call"),
        }
    };
    Some(Finding { place: place(at), message })
}
