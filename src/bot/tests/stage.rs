//! Handlers, time, memory and plans, on a stage: no server, no clock.

use super::{START, on_a_bots_stack, options, said};
use crate::bot::{Action, Diagnostic, Event, Message, Outcome, Stage, StageOptions, To, Who};
use crate::wire::entry::Kind;
use serde_json::{Map, Value, json};

/// A stage with its own clock, and what the bot said since somebody looked.
pub(super) struct Play {
    pub stage: Stage,
    pub now: u64,
    pub said: Vec<String>,
    pub log: Vec<String>,
    pub errors: Vec<String>,
    pub notes: Vec<String>,
    pub actions: Vec<Action>,
}

impl Play {
    pub(super) fn begin(source: &str) -> Self {
        Self::with(source, false, Map::new())
    }

    pub(super) fn with(source: &str, manners: bool, state: Map<String, Value>) -> Self {
        let mut this = Self {
            stage: Stage::new(StageOptions { load: options(7), state, manners }),
            now: START,
            said: Vec::new(),
            log: Vec::new(),
            errors: Vec::new(),
            notes: Vec::new(),
            actions: Vec::new(),
        };
        this.load(source).unwrap_or_else(|diagnostic| panic!("{diagnostic}"));
        this
    }

    pub(super) fn load(&mut self, source: &str) -> Result<(), Diagnostic> {
        let outcome = self.stage.load(source, self.now)?;
        self.keep(outcome);
        Ok(())
    }

    fn keep(&mut self, outcome: Outcome) {
        for action in &outcome.actions {
            let to = match &action.to {
                To::Room(room) if room == "#lobby" => String::new(),
                To::Room(to) | To::Member(to) => format!("{to}< "),
            };
            self.said.push(format!("{to}{}", &*action.text));
        }
        self.actions.extend(outcome.actions);
        self.log.extend(outcome.log);
        self.errors.extend(outcome.error.map(|error| error.message));
        self.notes.extend(outcome.notes.iter().map(ToString::to_string));
    }

    pub(super) fn happens(&mut self, event: &Event) -> Vec<String> {
        let outcome = self.stage.take(event, self.now);
        self.keep(outcome);
        std::mem::take(&mut self.said)
    }

    pub(super) fn says(&mut self, from: &str, text: &str) -> Vec<String> {
        self.happens(&Event::Message(Message { from: from.into(), ..said(text) }))
    }

    pub(super) fn whispers(&mut self, from: &str, text: &str) -> Vec<String> {
        let message =
            Message { from: from.into(), whisper: true, seq: 0, room: String::new(), ..said(text) };
        self.happens(&Event::Message(message))
    }

    pub(super) fn passes(&mut self, secs: u64) -> Vec<String> {
        self.now += secs * 1000;
        for (_, outcome) in self.stage.advance_to(self.now) {
            self.keep(outcome);
        }
        std::mem::take(&mut self.said)
    }
}

fn join(name: &str) -> Event {
    Event::Join { room: "#lobby".into(), who: who(name, Kind::User), seq: 50 }
}

fn leave(name: &str) -> Event {
    Event::Leave { room: "#lobby".into(), who: who(name, Kind::User), seq: 51 }
}

fn who(name: &str, kind: Kind) -> Who {
    Who { name: name.into(), kind }
}

#[test]
fn commands_come_first_however_they_are_given() {
    on_a_bots_stack(|| {
        let mut play = Play::begin(
            r#"
            const BOT = #{ triggers: ["kudos"] };
            fn cmd_kudos(msg, args) { if args.is_empty() { return; } `${args[0]} of ${args.len()}: ${msg.rest}` }
            fn on_mention(msg) { "mention" }
            fn on_trigger(msg, word) { "trigger" }
            "#,
        );
        assert_eq!(play.says("Neo", "!kudos Trinity  now"), ["Trinity of 2: Trinity  now"]);
        assert_eq!(play.says("Neo", "Test: kudos Trinity"), ["Trinity of 1: Trinity"]);
        assert_eq!(play.says("Neo", "@test KUDOS Trinity"), ["Trinity of 1: Trinity"]);
        assert_eq!(play.whispers("Neo", "kudos Trinity"), ["Neo< Trinity of 1: Trinity"]);
        assert_eq!(play.says("Neo", "!kudos"), ["trigger"]);
        assert_eq!(play.says("Neo", "Test: kudos"), ["mention"]);
        assert_eq!(play.says("Neo", "!other"), [""; 0]);
        assert_eq!(play.whispers("Neo", "a kudos for Test"), [""; 0]);
    });
}

#[test]
fn whispers_are_answered_in_whispers_and_never_between_bots() {
    on_a_bots_stack(|| {
        let mut play = Play::begin(
            r#"
            const BOT = #{ hears_bots: "all" };
            fn on_whisper(msg) { say("in the room"); whisper("Trinity", "psst"); `${msg.from}${msg.is_whisper}${msg.seq}` }
            fn on_message(msg) { if msg.text == "bad" { whisper("a b", "x"); } }
            "#,
        );
        assert_eq!(play.whispers("Neo", "hi"), ["in the room", "Trinity< psst", "Neo< Neotrue0"]);
        assert!(play.actions.iter().all(|action| action.cause.is_none()));
        let from_a_bot = Message { whisper: true, kind: Kind::Bot, ..said("hi") };
        assert_eq!(play.happens(&Event::Message(from_a_bot)), [""; 0]);
        play.says("Neo", "bad");
        assert!(play.errors[0].starts_with("whisper(name, text) takes a name, not \"a b\""));
    });
}

#[test]
fn who_comes_and_goes_is_told_and_known() {
    on_a_bots_stack(|| {
        let mut play = Play::begin(
            r#"
            fn on_join(who) { `Welcome ${who}, ${who.name}! ${users().len()} ${is_online("NEO")}` }
            fn on_leave(who) { `Bye ${who}. ${users()} ${is_online("Neo")}` }
            "#,
        );
        let members = vec![who("Test", Kind::Bot), who("Zed", Kind::User)];
        play.happens(&Event::Roster { room: "#lobby".into(), members });
        assert_eq!(play.happens(&join("Neo")), ["Welcome Neo, Neo! 3 true"]);
        assert_eq!(play.actions[0].cause, Some(50));
        let (from, to) = ("Zed".to_owned(), "Ann".to_owned());
        play.happens(&Event::Rename { room: "#lobby".into(), from, to });
        assert_eq!(play.happens(&leave("Neo")), [r#"Bye Neo. ["Ann", "Test"] false"#]);
        assert_eq!(play.happens(&join("Test")), [""; 0]);
        let bot = Event::Join { room: "#lobby".into(), who: who("Dora", Kind::Bot), seq: 52 };
        assert_eq!(play.happens(&bot), [""; 0]);
    });
}

#[test]
fn timers_and_plans_come_in_their_time() {
    on_a_bots_stack(|| {
        let mut play = Play::begin(
            r#"
            const BOT = #{ timers: #{ tick: 60, tock: 90 } };
            fn on_timer(name) { `${name} ${now()}` }
            fn cmd_remind(msg, args) { after(10, "ring", msg.from); after(30.5, "done"); "ok" }
            fn cmd_stop(msg, args) {
                cancel(after(5, "ring", "never"));
                temp.plan = after(5, "ring", "nor this");
                cancel(temp.plan);
                state.remove("x");
                after(50000, "done");
            }
            fn ring(whom) { reply(`${whom}!`); }
            fn done() { "done" }
            "#,
        );
        assert_eq!(play.passes(59), [""; 0]);
        let at = |secs: u64| START / 1000 + secs;
        assert_eq!(play.passes(1), [format!("tick {}", at(60))]);
        let later = [format!("tock {}", at(90)), format!("tick {}", at(120))];
        assert_eq!(play.passes(60), later);
        assert_eq!(play.says("Neo", "!remind"), ["ok"]);
        assert_eq!(play.says("Neo", "!stop"), [""; 0]);
        assert_eq!(play.passes(9), [""; 0]);
        play.actions.clear();
        assert_eq!(play.passes(1), ["Neo!"]);
        assert_eq!((play.actions[0].cause, play.actions[0].handler.as_str()), (Some(42), "ring"));
        assert_eq!(play.passes(21), ["done"]);
        assert_eq!(play.whispers("Zed", "remind"), ["Zed< ok"]);
        assert_eq!(play.passes(10), ["Zed< Zed!"]);
    });
}

#[test]
fn what_a_failed_handler_stored_and_planned_is_undone() {
    on_a_bots_stack(|| {
        let mut play = Play::begin(
            r#"
            fn cmd_count(msg, args) {
                state.n = (state.n ?? 0) + 1;
                temp.list = (temp.list ?? []) + [state.n];
                after(1, "ring", state.n);
                let free = cooldown("c", 5);
                if !args.is_empty() { throw "no"; }
                `${state.n} ${temp.list} ${free}`
            }
            fn ring(n) { `ring ${n}` }
            "#,
        );
        play.says("Neo", "!count bad");
        assert_eq!(play.errors, ["no"]);
        assert_eq!((play.stage.state().len(), play.stage.temp().len()), (0, 0));
        assert_eq!(play.passes(1), [""; 0]);
        assert_eq!(play.says("Neo", "!count"), ["1 [1] true"]);
        play.says("Neo", "!count bad");
        assert_eq!(play.says("Neo", "!count"), ["2 [1, 2] false"]);
        assert_eq!(Value::from(play.stage.state()), json!({"n": 2}));
        assert_eq!(play.passes(5), ["ring 1", "ring 2"]);
        assert_eq!(play.says("Neo", "!count"), ["3 [1, 2, 3] true"]);
    });
}

#[test]
fn state_is_a_map_of_what_json_can_hold() {
    on_a_bots_stack(|| {
        let state = json!({"karma": {"Neo": 2}, "list": [1, 2.5, null, "x", true]});
        let source = r#"
            fn cmd_go(msg, args) {
                state.karma[args[0]] = (state.karma[args[0]] ?? 0) + 1;
                state.list.push(#{ a: [1] });
                state.list[0] += 5;
                state["a b"] = 'c';
                if "karma" in state && state.len() == 3 && !state.contains("none") { state.fine = state.none == (); }
                state.remove("gone");
                `${state.keys()}`
            }
            fn cmd_bad(msg, args) { state.f = |x| x; }
            fn cmd_worse(msg, args) { state.m = msg; }
            fn cmd_nan(msg, args) { state.m = 0.0 / 0.0; }
            fn cmd_big(msg, args) { let s = ""; s.pad(16000, "x"); for i in 0..99 { state["k" + i] = s; } }
            fn cmd_replace(msg, args) { let s = state; s.x = 1; state.x }
        "#;
        let mut play = Play::with(source, false, state.as_object().unwrap().clone());
        assert_eq!(play.says("Neo", "!go Neo"), [r#"["a b", "fine", "karma", "list"]"#]);
        assert_eq!(play.errors, [""; 0]);
        let expected = json!({
            "karma": {"Neo": 3}, "list": [6, 2.5, null, "x", true, {"a": [1]}], "a b": "c", "fine": true,
        });
        assert_eq!(Value::from(play.stage.state()), expected);
        for (command, part) in [
            ("bad", "a function cannot be kept"),
            ("worse", "a message cannot be kept"),
            ("nan", "the number NaN cannot be kept"),
            ("big", "`state` is full: it holds 256 KiB"),
        ] {
            play.says("Neo", &format!("!{command}"));
            let error = play.errors.pop().unwrap();
            assert!(error.contains(part), "{command}: {error}");
        }
        assert_eq!(Value::from(play.stage.state()), expected);
        assert_eq!(play.says("Neo", "!replace"), ["1"]);
    });
}

#[test]
fn a_reload_keeps_what_is_to_be_kept() {
    on_a_bots_stack(|| {
        let source = |n: u32, more: &str| {
            format!(
                "const BOT = #{{ timers: #{{ tick: 60 }} }};
                 fn on_load() {{ log(`load {n}`); temp.loads = (temp.loads ?? 0) + 1; }}
                 fn on_unload(reason) {{ log(`unload {n} ${{reason}}`); state.last = {n}; }}
                 fn on_timer(name) {{ `tick {n}` }}
                 fn cmd_plan(msg, args) {{ after(100, \"ring\"); after(100, \"go\" + \"ne\"); }}
                 fn ring() {{ \"ring {n}\" }} {more}"
            )
        };
        let mut play = Play::begin(&source(1, "fn gone() {}"));
        play.says("Neo", "!plan");
        play.passes(30);
        play.load(&source(2, "")).unwrap();
        assert_eq!(play.log, ["load 1", "unload 1 reload", "load 2"]);
        assert_eq!(play.notes, ["without the planned call of `gone`: the function is gone"]);
        assert_eq!(play.stage.temp()["loads"], 2);
        assert_eq!(play.stage.state()["last"], 1);
        assert_eq!(play.passes(30), ["tick 2"]);
        assert_eq!(play.passes(40), ["ring 2"]);
        let outcome = play.stage.leave(play.now);
        assert_eq!((outcome.log, outcome.stored), (vec!["unload 2 leave".to_owned()], true));
    });
}

#[test]
fn a_version_whose_on_load_fails_never_was() {
    on_a_bots_stack(|| {
        let old = "fn on_unload(reason) { say(\"bye\"); state.n = 0; } fn on_message(msg) { after(5, \"ring\"); state.n = 1; `old ${rand_int(1, 1000000)}` } fn ring() { \"old rings\" }";
        let expected = {
            let mut play = Play::begin(old);
            [play.says("Neo", "x"), play.says("Neo", "x")]
        };
        let mut play = Play::begin(old);
        assert_eq!(play.says("Neo", "x"), expected[0]);
        let new = "fn on_load() { say(\"hello\"); state.n = 2; temp.x = rand_int(1, 9); throw \"not yet\"; }\nfn on_message(msg) { \"new\" }";
        let error = play.load(new).unwrap_err();
        assert_eq!((error.message.as_str(), error.place), ("not yet", Some((1, 68))));
        assert_eq!(play.stage.state()["n"], 1);
        assert!(play.stage.temp().is_empty() && play.said.is_empty());
        assert_eq!(play.says("Neo", "x"), expected[1]);
        assert_eq!(play.passes(5), ["old rings", "old rings"]);
    });
}

#[test]
fn a_match_is_found_before_the_script_is_entered() {
    on_a_bots_stack(|| {
        let mut play = Play::begin(
            r#"const BOT = #{ match: "(?i)(\\w+)(\\+\\+|--)(!)?" };
               fn on_message(msg) { `${msg.captures} ${msg.matches}` }"#,
        );
        assert_eq!(
            play.says("Neo", "Neo++ and trin--"),
            [r#"["Neo++", "Neo", "++", ()] ["Neo++", "trin--"]"#]
        );
        assert_eq!(play.says("Neo", "nothing"), [""; 0]);
    });
    let source = "const BOT = #{ match: \"a\" };\nfn on_mention(msg) {}";
    let diagnostic = super::refused(source);
    assert_eq!(diagnostic.message, "there is `match`, and no `on_message(msg)` to call");
    assert_eq!(diagnostic.place, Some((1, 16)));
}

#[test]
fn quiet_and_cooldowns_are_measured_in_seconds() {
    on_a_bots_stack(|| {
        let mut play = Play::begin(
            "const BOT = #{ cooldown: 10 };
             fn on_message(msg) { `${quiet_for()} ${msg.at - now()}` }
             fn on_whisper(msg) { `${cooldown(msg.from, 2.5)}` }",
        );
        play.says("Neo", "first");
        play.passes(42);
        assert_eq!(play.says("Neo", "x"), ["42 -42"]);
        assert_eq!(play.says("Neo", "x"), [""; 0]);
        play.passes(10);
        assert_eq!(play.says("Neo", "x"), ["10 -52"]);
        assert_eq!(play.whispers("Neo", "x"), ["Neo< true"]);
        assert_eq!(play.whispers("Neo", "x"), ["Neo< false"]);
        assert_eq!(play.whispers("Zed", "x"), ["Zed< true"]);
        play.passes(3);
        assert_eq!(play.whispers("Neo", "x"), ["Neo< true"]);
    });
}

#[test]
fn draws_are_fair_and_fresh() {
    on_a_bots_stack(|| {
        let mut play = Play::begin(
            r#"fn on_message(msg) {
                let last = 0;
                for round in 0..20 {
                    let seen = [];
                    for i in 0..5 {
                        let n = pick_fresh([1, 2, 3, 4, 5]);
                        if n in seen || n == last { throw `twice ${n}`; }
                        seen.push(n); last = n;
                    }
                    let s = shuffle(seen); s.sort();
                    if s != [1, 2, 3, 4, 5] { throw s; }
                    let r = roll("3d6+2");
                    if r < 5 || r > 20 { throw r; }
                }
                join(["a", 1, 2.5, true], "; ")
            }"#,
        );
        assert_eq!(play.says("Neo", "x"), ["a; 1; 2.5; true"], "{:?}", play.errors);
    });
}
