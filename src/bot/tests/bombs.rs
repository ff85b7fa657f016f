//! Scripts that are hard to read: each is refused or loads, in time that its length bounds.

use super::hostile::{timed, within_bounds};
use super::{Bot, on_a_bots_stack, options, said};
use crate::bot::diagnostic::Diagnostic;
use crate::bot::{Limits, LoadOptions, Script};

/// With the limits of a room. What reading takes is on the processor's clock, so that a busy
/// machine decides nothing.
fn load(source: &str) -> Result<Bot, Diagnostic> {
    Bot::load(source, LoadOptions { limits: Limits::default(), ..options(7) })
}

fn head(bomb: &str) -> String {
    bomb.chars().take(60).collect()
}

fn on_message(body: &str) -> String {
    format!("fn on_message(msg) {{ {body} }}")
}

/// So many of something, with their numbers.
fn each(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

/// Each must be refused or load; the process must live, and the time be bounded by the length.
#[test]
fn parser_bombs() {
    let many = |piece: &str, times: usize| piece.repeat(times);
    let bombs = [
        many("(", 60_000),
        many("[", 60_000),
        many("{", 60_000),
        many("#{a:", 15_000),
        many("!", 60_000),
        many("-", 60_000),
        many("||", 30_000),
        many("|x|", 20_000),
        format!("let x = {};", many("1+", 30_000)),
        format!("let x = {}1;", many("1+", 30_000)),
        format!("let x = {}1;", many("1**", 20_000)),
        format!("let x = {}1;", many("a??", 20_000)),
        format!("let x = {}true;", many("a&&", 20_000)),
        format!("let x = {}1;", many("1==", 20_000)),
        format!("let x = {}1;", many("a in ", 12_000)),
        format!("let x = 1; x{};", many(".x", 30_000)),
        format!("let x = 1; x{};", many("[0]", 20_000)),
        format!("let x = 1; x{};", many(".x()", 15_000)),
        format!("let x = 1; x{} = 1;", many("?.x", 20_000)),
        format!("let x = {};", many("if a {1} else ", 4_000)),
        many("if a {1} else ", 4_000),
        many("if true {", 6_000),
        many("switch 1 { 1 => ", 4_000),
        many("fn f(){", 9_000),
        many("try {", 12_000),
        many("loop {", 10_000),
        many("while ", 10_000),
        many("return ", 9_000),
        many("let a=", 10_000),
        many("a=", 30_000),
        many("/*", 30_000),
        many("`${", 20_000),
        many("\"", 60_001),
        many("'", 60_001),
        many("x::", 20_000),
        format!("fn f({}) {{ }}", many("a,", 30_000)),
        format!("f({});", many("1,", 30_000)),
        many("fn a(){}", 8_000),
        many("let a;", 10_000),
        many("\u{202e}", 20_000),
        "x".repeat(65 * 1024),
    ];
    on_a_bots_stack(move || {
        for bomb in &bombs {
            let (loaded, took) = timed(|| load(bomb));
            within_bounds(&head(bomb), took);
            let diagnostic = loaded.expect_err("no bomb has a handler");
            assert!(diagnostic.to_string().len() < 3 * 66_000, "{}", bomb.len());
        }
    });
}

#[test]
fn a_bomb_inside_a_handler_is_as_harmless() {
    let bombs: Vec<String> = [
        format!("let x = {}1;", "1+".repeat(30_000)),
        format!("let x = #{{}}; x{};", ".x".repeat(30_000)),
        format!("let x = []; x{};", "[0]".repeat(20_000)),
        format!("let x = 1; x{};", ".abs()".repeat(10_000)),
        format!("{}1", "if msg == 1 {1} else ".repeat(3_000)),
        format!("let x = {}1;", "1 ?? ".repeat(12_000)),
        format!("let x = {}true;", "true && ".repeat(7_000)),
        format!("let x = {}1;", "1 == ".repeat(12_000)),
        format!("let x = `{}`;", "${1}".repeat(15_000)),
    ]
    .map(|body| format!("fn on_message(msg) {{ {body} }}"))
    .to_vec();
    on_a_bots_stack(move || {
        for bomb in &bombs {
            let (loaded, took) = timed(|| load(bomb));
            within_bounds(&head(bomb), took);
            if let Ok(script) = loaded {
                let (_, took) = timed(|| script.answer(&said("hi")));
                within_bounds(&head(bomb), took);
            }
        }
    });
}

/// What takes the square of its length: every name is looked for among all others, every mistake
/// wants a suggestion.
#[test]
fn the_square_of_a_length_is_bounded() {
    let long = "z".repeat(30_000);
    let key = |i| format!("a{i}:1,");
    let bombs = [
        on_message(&each(4_300, |i| format!("let a{i}=msg;"))),
        on_message(&(each(250, |i| format!("let a{i}=0;")) + &*"a;".repeat(30_000))),
        on_message(&each(9_000, |i| format!("z{i};"))),
        on_message(&each(8_000, |i| format!("z{i}();"))),
        on_message(&each(5_000, |i| format!("msg.z{i}();"))),
        on_message(&each(6_000, |i| format!("msg.z{i};"))),
        on_message(&"z();".repeat(15_000)),
        on_message(&("msg".to_owned() + &*".x()".repeat(28) + ";").repeat(500)),
        "\n".repeat(30_000) + &*on_message(&"z();".repeat(8_000)),
        format!("fn {long}() {{}} ") + &*on_message(&format!("y{long}();")),
        format!("const {long} = 1; ") + &*on_message(&format!("y{long};")),
        each(250, |i| format!("fn f{}{i}(){{}}", "x".repeat(30)))
            + &*on_message(&each(900, |i| format!("f{}y{i}();", "x".repeat(30)))),
        each(250, |i| format!("fn f{}{i}(){{}}", "x".repeat(90)))
            + &*on_message(&each(300, |i| format!("after(1, \"f{}y{i}\");", "x".repeat(90)))),
        on_message(&each(2_400, |i| format!("import \"x{i}\" as x{i};"))),
        format!("fn f({}) {{}}", each(9_000, |i| format!("a{i},"))) + &*on_message(""),
        ("let x = #{".to_owned() + &*each(1_990, key) + "};").repeat(3) + &*on_message(""),
        on_message(
            &(each(200, |i| format!("let v{i}=1;"))
                + &*format!("||[{}];", each(200, |i| format!("v{i},"))).repeat(40)),
        ),
        on_message(&format!("switch msg.seq {{ {} }}", each(5_500, |i| format!("{i}..9=>1,")))),
        on_message(
            &("let v=1;".to_owned() + &*("||{v;".repeat(28) + &*"}".repeat(28)).repeat(300)),
        ),
        on_message(&("`${".repeat(25) + "1" + &*"}`".repeat(25) + ";").repeat(450)),
    ];
    on_a_bots_stack(move || {
        for bomb in &bombs {
            assert!(bomb.len() <= 64 * 1024, "{}", head(bomb));
            let options = LoadOptions { limits: Limits::default(), ..options(7) };
            let (mistakes, took) = timed(|| Script::mistakes(bomb, &options));
            within_bounds(&head(bomb), took);
            assert!(mistakes.len() <= 60, "{}: {}", head(bomb), mistakes.len());
        }
    });
}

/// The interpreter looks for a function in 2 to the power of its arguments ways: seven seconds for
/// the first of these, when its name looked known to a filter, by chance.
#[test]
fn calls_have_few_arguments() {
    for (source, what) in [
        (format!("f({});", "1,".repeat(30_000)), "a call has at most 10 arguments"),
        (on_message(&format!("say({});", "1,".repeat(11))), "a call has at most 10 arguments"),
        (on_message(&format!("msg.f({});", "1,".repeat(11))), "a call has at most 10 arguments"),
        (on_message(&format!("let f = |x| x; f.call({});", "1,".repeat(11))), "at most 10"),
        (
            on_message(
                &(each(10, |i| format!("let v{i}=1;"))
                    + &*format!("let f = || [{}];", each(10, |i| format!("v{i},")))),
            ),
            "a closure uses at most 9 variables from outside",
        ),
    ] {
        let diagnostic = on_a_bots_stack(move || load(&source).expect_err("it must not load"));
        assert!(diagnostic.message.contains(what), "{diagnostic}");
    }
    let most = "fn f(a, b, c, d, e, g, h, i, j, k) { a + k }
                fn on_message(msg) { f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) }";
    on_a_bots_stack(move || load(most).map(drop)).unwrap();
    let unknown = "for i in 0..99999 { try { Fn(`f${i}`).call(1, 2, 3, 4, 5, 6, 7, 8, 9, 10); } \
                   catch { } }";
    let (loaded, took) = on_a_bots_stack(move || timed(|| load(unknown).map(drop)));
    within_bounds(unknown, took);
    assert!(loaded.unwrap_err().message.contains("this takes too long"));
}

/// A script as long as one may be, as people write them, is read in the time there is. (Without
/// optimisation everything takes some ten times as long.)
#[test]
fn a_long_ordinary_script_loads() {
    let piece = |i| {
        format!(
            "/// `!kudos{i} NAME`: counts what somebody earned.\n\
             fn cmd_kudos{i}(msg, args) {{\n\
             \x20   if args.is_empty() {{ return `Usage: !kudos{i} NAME`; }}\n\
             \x20   let name = args[0];\n\
             \x20   let points = state[name] ?? 0;\n\
             \x20   for other in users() {{\n\
             \x20       if other == name && points > {i} {{ points += 1; }} else {{ points += 2; }}\n\
             \x20   }}\n\
             \x20   state[name] = points;\n\
             \x20   // The room likes to see how it stands.\n\
             \x20   reply(`${{name}} has ${{points}} points, says ${{msg.from}}`);\n\
             }}\n\n"
        )
    };
    let source = each(140, piece);
    assert!((60 * 1024..64 * 1024).contains(&source.len()), "{}", source.len());
    let times = if cfg!(debug_assertions) { 10 } else { 1 };
    let usual = Limits::default();
    let limits = Limits { reading: usual.reading * times, ..usual };
    let options = LoadOptions { limits, ..options(7) };
    on_a_bots_stack(move || Bot::load(&source, options).map(drop)).unwrap();
}
