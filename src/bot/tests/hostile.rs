//! Scripts that mean harm: each must end in a clear error, soon, and leave the bot able to answer.

use super::{Bot, answer, load, on_a_bots_stack, options, refused, said};
use crate::bot::{Limits, LoadOptions, Outcome};
use rustix::time::{ClockId, clock_gettime};
use std::sync::OnceLock;
use std::time::Duration;

/// The script fails with this in its message, and the same engine still answers afterwards.
#[track_caller]
fn ends(body: &str, message: &str) {
    let source = format!(
        "fn forever(n) {{ forever(n + 1) }}
         fn ping(n) {{ pong(n + 1) }} fn pong(n) {{ ping(n + 1) }}
         fn deep(n) {{ ((((((((((((1 + deep(n + 1))))))))))))) }}
         fn on_message(msg) {{ if msg.text == \"ok?\" {{ return \"ok\"; }} {body} }}"
    );
    let (hostile, sane, took) = on_a_bots_stack(move || {
        let script = load(&source).unwrap_or_else(|diagnostic| panic!("{diagnostic}"));
        let (hostile, took) = timed(|| script.answer(&said("hi")));
        (hostile, script.answer(&said("ok?")), took)
    });
    within_bounds(body, took);
    let Outcome { actions, error, .. } = hostile;
    assert!(actions.is_empty(), "{body}: {actions:?}");
    let error = error.unwrap_or_else(|| panic!("it ended well: {body}"));
    assert!(error.message.contains(message), "{body}: {error}");
    assert_eq!(super::lines(&sane), ["ok"], "{body}");
}

/// What the thread worked for it: a busy machine must not decide a test.
pub(super) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let now = || {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        Duration::try_from(now).expect("a clock that only goes forward")
    };
    let before = now();
    let done = work();
    (done, now().saturating_sub(before))
}

/// What it takes here to count an empty loop to its end: the yardstick of what scripts may cost.
fn a_loop() -> Duration {
    static A_LOOP: OnceLock<Duration> = OnceLock::new();
    *A_LOOP.get_or_init(|| {
        let script = load("fn on_message(msg) { while true { let x = 1; } }").expect("a script");
        (0..3).map(|_| timed(|| script.answer(&said("hi"))).1).min().expect("three of them")
    })
}

/// With nothing else in the process, as CI runs this corpus: 64 MiB for all of it, and for each
/// script what the clock gives it and twenty times a plain loop. Here the count of steps alone ends
/// it, so that a busy machine decides nothing; in a room the clock does, after 50 ms.
#[track_caller]
pub(super) fn within_bounds(body: &str, took: Duration) {
    if std::env::var_os("CHATY_CORPUS_ALONE").is_none() {
        return;
    }
    // Rhai is optimised in debug builds, too; what is ours is not.
    let ours = if cfg!(debug_assertions) { 3 } else { 1 };
    let bound = Limits::default().wall + 20 * ours * a_loop();
    assert!(took <= bound, "{body}: {took:?}, more than {bound:?}");
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.split_whitespace().next()?.parse::<u64>().ok());
    assert!(peak.is_none_or(|kib| kib <= 64 * 1024), "{body}: {peak:?} KiB");
}

const LOOP: &str = "is there a loop without end?";
const TEXT: &str = "more than 16 KiB of text";
const ELEMENTS: &str = "more than 2000 elements";
const RECURSION: &str = "is there a recursion without end?";

#[test]
fn loops_without_end() {
    ends("loop { }", LOOP);
    ends("while true { let x = 1; }", LOOP);
    ends("loop { try { loop { } } catch { } }", LOOP);
    ends("loop { try { throw 1; } catch (e) { } }", LOOP);
    ends("for i in 0..9223372036854775807 { }", LOOP);
    ends("say(\"before\"); loop { }", LOOP);
    ends("do { } until false", LOOP);
}

#[test]
fn strings_without_end() {
    ends("let s = \"x\"; loop { s += s; }", TEXT);
    ends("let s = \"x\"; loop { s = s + s; }", TEXT);
    ends("let s = \"x\"; loop { s = `${s}${s}`; }", TEXT);
    ends("let s = \"x\"; loop { s.append(s); }", TEXT);
    ends("let s = \"x\"; s.pad(2000000000, \"y\");", TEXT);
    ends("let s = \"x\"; s.pad(10000, \"y\"); s.replace(\"y\", s);", TEXT);
    ends("let s = \"x\"; s.pad(10000, \"y\"); s.replace('y', s);", TEXT);
    ends("let s = \"x\"; s.pad(16000, \"y\"); s.replace(\"\", \"yyyyyyyy\");", TEXT);
    ends("let s = \"x\"; s.pad(16000, \"y\"); s.split(\"\");", ELEMENTS);
}

#[test]
fn arrays_without_end() {
    ends("let a = [1]; loop { a += a; }", ELEMENTS);
    ends("let a = [1]; loop { a.append(a); }", ELEMENTS);
    ends("let a = [1]; loop { a = a + a; }", ELEMENTS);
    ends("let a = [1]; loop { a = [a, a]; }", ELEMENTS);
    ends("let a = []; loop { a.push(a); }", ELEMENTS);
    ends("let a = [0]; loop { a[0] = [a]; }", "");
    ends("let a = []; a.pad(2000000000, 1);", ELEMENTS);
    ends("let a = []; let s = \"\"; s.pad(9000, \"x\"); a.push(s); a.push(s);", TEXT);
}

#[test]
fn maps_without_end() {
    ends("let m = #{}; let i = 0; loop { m[`${i}`] = i; i += 1; }", ELEMENTS);
    ends("let m = #{}; let i = 0; loop { m[`${i}`] = m; i += 1; }", ELEMENTS);
    ends("let m = #{}; loop { m = #{ a: m, b: m }; }", ELEMENTS);
    ends("let m = #{}; loop { let n = #{}; n[\"x\"] = m; m = n; }", "nested");
    ends("let m = #{}; loop { let n = #{}; n.x = m; m = n; }", "nested");
    ends(
        "let s = \"\"; s.pad(16000, \"x\"); let m = #{}; let i = 0; loop { m[`${i}`] = s + i; i += 1; }",
        "over 8 MiB",
    );
    ends(
        "let s = \"\"; s.pad(16000, \"x\"); let m = #{}; let i = 0; loop { m[s + i] = 1; i += 1; }",
        "over 8 MiB",
    );
    ends(
        "let m = #{}; let set = |k, v| m[k] = v; let i = 0; loop { set.call(`${i}`, m); i += 1; }",
        "",
    );
}

#[test]
fn many_variables_and_many_frames_are_one_sum() {
    ends(
        "let fill = []; fill.pad(2000, 1); let big = #{}; for i in 0..300 { big[`${i}`] = fill; }",
        ELEMENTS,
    );
    let hoard = "fn hoard(n) { let a = #{}; let s = \"\"; s.pad(16000, \"x\");
                 for i in 0..40 { a[`${i}`] = s + i; } hoard(n + 1); a }
                 fn on_message(msg) { hoard(0); }";
    let error = answer(hoard, "hi").error.unwrap();
    assert!(error.message.contains("over 8 MiB"), "{error}");
}

#[test]
fn recursion_without_end() {
    ends("forever(0);", RECURSION);
    ends("ping(0);", RECURSION);
    ends("deep(0);", RECURSION);
    ends("let f = |g| g.call(g); f.call(f);", RECURSION);
    ends("loop { try { forever(0); } catch { } }", RECURSION);
}

#[test]
fn backtracking_by_hand() {
    ends(
        "let walk = |w, n| { if n == 0 { 1 } else { w.call(w, n - 1) + w.call(w, n - 1) } };
         walk.call(walk, 28);",
        LOOP,
    );
}

#[test]
fn callbacks_whose_errors_the_library_swallows() {
    ends(
        "let a = []; for i in 0..1500 { a.push(rand_int(0, 9999)); }
         a.sort(|x, y| { for i in 0..1000 { } x - y });",
        LOOP,
    );
    ends("let a = [3, 1, 2]; a.sort(|x, y| { loop { } }); \"sorted\"", LOOP);
    ends("[1, 2, 3].map(|x| { loop { } });", LOOP);
    ends("[1, 2, 3].filter(|x| forever(x));", RECURSION);
    ends("let a = [1]; a.pad(1900, 1); a.dedup(|x, y| { for i in 0..1000 { } false });", LOOP);
}

#[test]
fn what_is_kept_without_end() {
    let full = "`state` is full: it holds 256 KiB";
    ends("let s = \"\"; s.pad(16000, \"x\"); let i = 0; loop { state[`${i}`] = s; i += 1; }", full);
    ends("let i = 0; loop { temp[`${i}`] = i; i += 1; }", "`temp` is full: it holds 256 KiB");
    ends("state.x = 1; loop { state.x = #{ a: state.x, b: [state.x] }; }", "");
    ends("state.x = state;", "cannot be kept");
    ends("loop { after(1, \"forever\"); }", "at most 100 calls at once");
    ends("let a = []; a.pad(1900, \"abcd\"); after(1, \"forever\", a);", "at most 32 KiB");
    ends("let i = 0; loop { cooldown(i, 5); i += 1; }", "1000 cooldowns at once");
    ends("let s = \"\"; s.pad(9000, \"x\"); cooldown(s, 5);", "at most 256 bytes");
    ends(
        "let a = []; a.pad(1000, \"x\"); join(a, \"a separator of some length\");",
        "at most 16 KiB",
    );
    ends("let a = []; a.pad(20, 1); loop { a = shuffle(a); pick_fresh(a); }", "");
    ends("loop { roll(\"100d6\"); }", LOOP);
    ends("for i in 0..99 { whisper(`N${i}`, \"x\"); }", "at most 64 times at once");
    ends("loop { users(); is_online(\"x\"); now(); quiet_for(); }", LOOP);
}

/// One step each, and a whole array or text to go through: with the clock of a room, which the
/// processor's is never ahead of.
#[test]
fn steps_that_are_long_ones() {
    let big = "let a = []; a.pad(1990, 1); let s = \"\"; s.pad(15000, \"x\"); let t = s + \"y\";
               state.a = a;";
    for work in [
        "let b = a;",
        "let m = `${a}`;",
        "a.sort();",
        "a.reverse();",
        "a == a;",
        "2 in a;",
        "a.index_of(2);",
        "a.contains(2);",
        "state.a;",
        "state.a.len();",
        "pick(a);",
        "shuffle(a);",
        "pick_fresh(a);",
        "join(a, \"\");",
        "s == t;",
        "s.to_upper();",
        "s.contains(\"y\");",
        "s.index_of(\"xy\");",
        "s.len();",
        "s.trim();",
        "s.split(\"y\");",
        "let r = s + 1;",
        "s.replace(\"y\", \"z\");",
        "s.sub_string(9, 9000);",
    ] {
        let source = format!("fn on_message(msg) {{ {big} loop {{ {work} }} }}");
        let (error, took) = on_a_bots_stack(move || {
            let script =
                Bot::load(&source, LoadOptions { limits: Limits::default(), ..options(1) });
            let script = script.unwrap();
            let (outcome, took) = timed(|| script.answer(&said("hi")));
            (outcome.error.unwrap(), took)
        });
        within_bounds(work, took);
        assert!(error.message.contains("this takes too long"), "{work}: {error}");
    }
    // The count of steps alone, too, for what bots do most.
    for work in ["let b = a;", "state.a;", "pick(a);", "shuffle(a);", "pick_fresh(a);"] {
        ends(&format!("{big} loop {{ {work} }}"), LOOP);
    }
}

#[test]
fn what_is_not_to_be_had() {
    ends("sleep(1e300);", "a bot does not sleep");
    ends("sleep(1);", "a bot does not sleep");
    for (source, message) in [
        ("fn on_message(msg) { eval(\"40 + 2\") }", "`eval` is not available"),
        ("fn on_message(msg) { let f = |x| x; f = f.curry(f); }", "`curry` is not available"),
        ("fn on_message(msg) { blob(2000000000) }", "unknown function `blob`"),
        ("fn on_message(msg) { timestamp() }", "unknown function `timestamp`"),
        ("fn on_message(msg) { open(\"/etc/passwd\") }", "unknown function `open`"),
        ("fn on_message(msg) { this[\"x\"] = 1; }", "not available to bots"),
        ("fn on_message(msg) { this.a[\"x\"] = this; }", "not available to bots"),
        ("import \"../outside\" as x; fn on_message(msg) { }", "`import` is not available"),
        ("import \"/etc/passwd\" as x; fn on_message(msg) { }", "`import` is not available"),
    ] {
        let diagnostic = refused(source);
        assert!(diagnostic.message.contains(message), "{source}: {diagnostic}");
    }
    let inside = refused("fn on_message(msg) { import \"../outside\" as x; }");
    assert_eq!(inside.message, "`import` stands at the top of the file");
}

#[test]
fn a_top_level_is_bound_by_the_same_limits() {
    for (top, message) in [
        ("loop { }", LOOP),
        ("let s = \"x\"; loop { s += s; }", TEXT),
        ("const A = [1]; let b = A; loop { b += b; }", ELEMENTS),
        ("fn f() { f() } f();", RECURSION),
    ] {
        let diagnostic = refused(&format!("{top}\nfn on_message(msg) {{ }}"));
        assert!(diagnostic.message.contains(message), "{top}: {diagnostic}");
    }
}

#[test]
fn the_clock_ends_what_the_count_of_steps_does_not() {
    let source = "fn on_message(msg) { loop { } }";
    let limits = Limits { operations: u64::MAX, ..Limits::default() };
    let error = on_a_bots_stack(move || {
        let script = Bot::load(source, LoadOptions { limits, ..options(1) }).unwrap();
        script.answer(&said("hi")).error.unwrap()
    });
    assert_eq!(error.message, "this takes too long: over 50 ms for one event");
    assert_eq!(error.place.map(|(line, _)| line), Some(1));
}

/// The interpreter shares what a closure uses, and calls itself unreachable where it finds such a
/// value inside another. However it gets there: an answer or an error, never a panic.
#[test]
fn what_closures_share_may_be_put_anywhere() {
    for body in [
        "let x = [1]; let f = || x; let a = [x, x]; a.push(x); a += x; a.len()",
        "let x = #{}; let f = || x; x.a = x; x[\"b\"] = x; x.len()",
        "let x = #{}; let f = || x.len(); let m = #{ x: x }; m.y = x; m[\"z\"] = x; m.len()",
        "let x = \"a\"; let f = || x; let a = []; a.push(x); a[0] = x; a.insert(0, x); `${a}`",
        "let x = [1]; let f = |y| x.push(y); f.call(2); let a = [f]; a[0].call(3); x.len()",
        "let a = []; let f = || a; a.push(f); a.push(a); a.len()",
        "let a = []; let f = || a.len(); for i in 0..3 { a.push(f); a = [a]; } a.len()",
        "let m = #{}; let f = || m; m.f = f; m.g = m.f; `${m.len()}`",
        "let x = 1; let f = || { let g = || x; g }; f.call().call()",
        "let x = [3, 1, 2]; let f = || x; x.sort(|a, b| a - b); x.map(|v| v + f.call().len())",
    ] {
        let source = format!("fn on_message(msg) {{ {body} }}");
        let outcome = answer(&source, "hi");
        assert!(outcome.error.is_some() || !outcome.actions.is_empty(), "{body}: {outcome:?}");
    }
}
