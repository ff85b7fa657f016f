//! The sandbox: an interpreter with the language's plain library and the bots' own functions, and
//! with every limit set. Has no file, no socket, no clock, no `eval` and no sleep; what it may import
//! is the library's to say.

use super::api;
use super::host::Host;
use super::limits::EXPRESSION_DEPTH;
use super::message;
use super::store;
use super::tools::testing;
use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage,
    BasicMathPackage, BasicStringPackage, LanguageCorePackage, LogicPackage, MoreStringPackage,
    Package,
};
use rhai::{
    Dynamic, Engine, EvalAltResult, ImmutableString, LexError, Module, NativeCallContext,
    OptimizationLevel, Position, Shared, Token,
};
use std::sync::{Arc, LazyLock};

/// The language's own library, made once for all engines: an engine costs microseconds so, and
/// a millisecond with half a mebibyte otherwise. Without blobs, bit fields and time stamps, for
/// which a bot has no use.
static LIBRARY: LazyLock<Shared<Module>> = LazyLock::new(|| {
    let mut library = Module::new();
    LanguageCorePackage::init(&mut library);
    ArithmeticPackage::init(&mut library);
    LogicPackage::init(&mut library);
    BasicMathPackage::init(&mut library);
    BasicStringPackage::init(&mut library);
    MoreStringPackage::init(&mut library);
    BasicIteratorPackage::init(&mut library);
    BasicFnPackage::init(&mut library);
    BasicArrayPackage::init(&mut library);
    BasicMapPackage::init(&mut library);
    library.build_index();
    library.into()
});

/// Words of the language that a bot does without. `eval` is code nobody checked; `curry` copies a
/// function into itself, doubling it unseen by any size limit.
pub(super) const FORBIDDEN: [&str; 2] = ["eval", "curry"];

/// Functions a script may define: far above what one file holds readably.
const FUNCTIONS: usize = 256;

/// A fresh sandbox around `host`.
pub(super) fn build(host: &Arc<Host>) -> Engine {
    let mut engine = Engine::new_raw();
    engine.register_global_module(LIBRARY.clone());
    engine.set_optimization_level(OptimizationLevel::None);
    for word in FORBIDDEN {
        engine.disable_symbol(word);
    }
    limit(&mut engine, host);
    tame(&mut engine);
    let reader = host.clone();
    #[expect(deprecated, reason = "marked as volatile, not as leaving; the version is pinned")]
    engine.on_parse_token(move |token, _position, _state| match token {
        // So that a declaration can have `match: "…"` without quotes around the name.
        Token::Reserved(word) if word.as_str() == "match" => Token::Identifier(word),
        Token::EOF => token,
        _ if !reader.guard.token() => {
            let why = "this is too much for one script: there are too many names in it, or too many \
                       parts in one thing";
            Token::LexError(LexError::Runtime(why.into()).into())
        }
        token => token,
    });
    message::register(&mut engine);
    store::register(&mut engine);
    api::register(&mut engine, host);
    testing::register(&mut engine, &None);
    engine
}

/// The part of the language's library that bots have, as a definition file.
pub(super) fn library_definitions() -> String {
    let mut engine = Engine::new_raw();
    engine.register_global_module(LIBRARY.clone());
    let definitions = engine.definitions().include_standard_packages(true);
    let mut files = definitions.iter_files();
    files.find(|(name, _)| name == "__static__.d.rhai").map(|(_, text)| text).unwrap_or_default()
}

fn limit(engine: &mut Engine, host: &Arc<Host>) {
    let limits = host.guard.limits();
    engine
        .set_max_operations(limits.operations)
        .set_max_string_size(limits.string)
        .set_max_array_size(limits.elements)
        .set_max_map_size(limits.elements)
        .set_max_call_levels(limits.calls)
        .set_max_variables(limits.variables)
        .set_max_functions(FUNCTIONS)
        .set_max_expr_depths(EXPRESSION_DEPTH, EXPRESSION_DEPTH / 2);
    let watcher = host.clone();
    engine.on_progress(move |_operations| watcher.guard.step());
    let weigher = host.clone();
    #[expect(deprecated, reason = "marked as volatile, not as leaving; the version is pinned")]
    engine.on_var(move |name, _index, context| {
        if !weigher.guard.weigh(name, &context) {
            return Err(EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE).into());
        }
        // A global module would show constants to functions too, but not to closures.
        let is_local = context.scope().contains(name);
        if is_local {
            return Ok(None);
        }
        let file = context.source().unwrap_or_default();
        let constant = weigher.constant(file, name);
        if let Some(value) = &constant {
            weigher.guard.charge_for(value);
        }
        Ok(constant.or_else(|| store::store(&weigher, name)))
    });
    let printer = host.clone();
    engine.on_print(move |text| printer.log(text));
    let debugger = host.clone();
    engine.on_debug(move |text, _source, _position| debugger.log(text));
}

/// Replaces what the library does that no limit reaches.
fn tame(engine: &mut Engine) {
    engine.register_fn("sleep", |_seconds: i64| no_sleep());
    engine.register_fn("sleep", |_seconds: f64| no_sleep());
    // The library's `replace` looks at its size after it has allocated: up to 256 MiB.
    engine.register_fn(
        "replace",
        |context: NativeCallContext<'_>, text: &mut ImmutableString, find: &str, by: &str| {
            replace(&context, text, find, by)
        },
    );
    engine.register_fn(
        "replace",
        |context: NativeCallContext<'_>, text: &mut ImmutableString, find: &str, by: char| {
            replace(&context, text, find, by.encode_utf8(&mut [0; 4]))
        },
    );
    engine.register_fn(
        "replace",
        |context: NativeCallContext<'_>, text: &mut ImmutableString, find: char, by: &str| {
            replace(&context, text, find.encode_utf8(&mut [0; 4]), by)
        },
    );
    engine.register_fn(
        "replace",
        |context: NativeCallContext<'_>, text: &mut ImmutableString, find: char, by: char| {
            replace(&context, text, find.encode_utf8(&mut [0; 4]), by.encode_utf8(&mut [0; 4]))
        },
    );
}

fn no_sleep() -> Result<(), Box<EvalAltResult>> {
    Err("a bot does not sleep: it would hear nothing meanwhile".into())
}

fn replace(
    context: &NativeCallContext<'_>,
    text: &mut ImmutableString,
    find: &str,
    by: &str,
) -> Result<(), Box<EvalAltResult>> {
    let found = text.matches(find).count();
    let length = (text.len() + found * by.len()).saturating_sub(found * find.len());
    if length > context.engine().max_string_size() {
        let what = "Length of string".to_owned();
        return Err(EvalAltResult::ErrorDataTooLarge(what, context.call_position()).into());
    }
    if found > 0 {
        *text = text.replace(find, by).into();
    }
    Ok(())
}
