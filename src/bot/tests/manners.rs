//! What the host does about a bot whatever its script says: repeats, pace, errors.

use super::on_a_bots_stack;
use super::stage::Play;
use serde_json::Map;

const ECHO: &str = "fn on_message(msg) { msg.text } fn on_whisper(msg) { msg.text }";

#[test]
fn the_same_text_is_said_three_times_a_minute_to_the_same_ears() {
    on_a_bots_stack(|| {
        let mut play = Play::with(ECHO, true, Map::new());
        for _ in 0..3 {
            assert_eq!(play.says("Neo", "x"), ["x"]);
            play.passes(5);
        }
        assert_eq!(play.says("Neo", "x"), [""; 0]);
        assert_eq!(play.notes, ["muted, it has said so often enough: x"]);
        assert_eq!(play.says("Neo", "y"), ["y"]);
        assert_eq!(play.whispers("Neo", "x"), ["Neo< x"]);
        // A reload is no way around it.
        play.load(ECHO).unwrap();
        assert_eq!(play.says("Neo", "x"), [""; 0]);
        play.passes(45);
        assert_eq!(play.says("Neo", "x"), ["x"]);
        assert_eq!(play.stage.stats().muted, 2);
    });
}

#[test]
fn a_bot_says_five_lines_at_once_and_then_one_a_second() {
    on_a_bots_stack(|| {
        let mut play = Play::with(ECHO, true, Map::new());
        for n in 0..5 {
            assert_eq!(play.says("Neo", &format!("{n}")), [format!("{n}")]);
        }
        for n in 5..60 {
            assert_eq!(play.says("Neo", &format!("{n}")), [""; 0]);
        }
        assert_eq!(play.passes(1), ["5"]);
        assert_eq!(play.passes(2), ["6", "7"]);
        assert_eq!(play.passes(100).len(), 27);
        assert_eq!(play.notes.len(), 25);
        assert_eq!(play.notes[0], "dropped, it says too much at once: 35");
        assert_eq!(play.says("Neo", "again"), ["again"]);
    });
}

#[test]
fn five_errors_bench_a_bot_longer_each_time_until_it_is_mended() {
    on_a_bots_stack(|| {
        let bad = "const BOT = #{ timers: #{ tick: 7 } }; fn on_timer(name) { name }
                   fn on_message(msg) { try { throw 1; } catch { } if msg.text == \"bad\" { throw 2; } msg.text }";
        let mut play = Play::with(bad, true, Map::new());
        let benched = |play: &mut Play| {
            for _ in 0..5 {
                play.says("Neo", "bad");
            }
            play.stage.benched(play.now).map(|until| (until - play.now) / 1000)
        };
        for secs in [30, 60, 120] {
            assert_eq!(benched(&mut play), Some(secs));
            assert_eq!(play.says("Neo", "hello"), [""; 0]);
            assert_eq!(play.passes(secs - 1), [""; 0]);
            assert_eq!(play.says("Neo", &format!("{secs}")), [""; 0]);
            assert_eq!(play.passes(1), ["tick"]);
            assert_eq!(play.says("Neo", &format!("{secs}")), [format!("{secs}")]);
            play.passes(180);
        }
        assert_eq!(
            play.notes[0],
            "benched for 30 s, or until its script is saved: too many errors"
        );
        assert_eq!(benched(&mut play), Some(240));
        play.load(bad).unwrap();
        assert_eq!(play.says("Neo", "mended"), ["mended"]);
        assert_eq!(benched(&mut play), Some(30));
        assert_eq!(play.stage.stats().errors, 25);
    });
}

/// A room of bots: what each says is heard by the others, with a place and hops.
#[test]
fn five_that_hear_each_other_fall_silent_at_the_hop_limit() {
    use crate::bot::{Event, Message, Stage, StageOptions};
    use crate::wire::entry::Kind;
    on_a_bots_stack(|| {
        let echo = "const BOT = #{ hears_bots: \"all\" };
                    fn on_message(msg) { after(0.5, \"late\", msg.seq); `${me()} ${msg.seq}` }
                    fn late(seq) { `${me()} late ${seq}` }";
        let load = |n: usize| super::LoadOptions { name: format!("B{n}"), ..super::options(7) };
        let mut bots: Vec<Stage> = (0..5)
            .map(|n| {
                let options = StageOptions { load: load(n), state: Map::new(), manners: true };
                let mut stage = Stage::new(options);
                stage.load(echo, 0).unwrap();
                stage
            })
            .collect();
        let mut hops = vec![0, 0];
        let mut heard = vec![Message { seq: 1, ..super::said("go") }];
        let (mut now, mut lines) = (super::START, 0);
        let over = now + 3_600_000;
        while now < over {
            let message = heard.pop();
            let due = bots.iter().filter_map(Stage::next_due).min();
            now = if message.is_some() { now } else { due.unwrap_or(over).max(now) };
            for (n, bot) in bots.iter_mut().enumerate() {
                let outcome = match &message {
                    Some(message) => bot.take(&Event::Message(message.clone()), now),
                    None => bot.advance(now).unwrap_or_default(),
                };
                assert_eq!(outcome.error, None);
                for action in outcome.actions {
                    let cause = usize::try_from(action.cause.unwrap()).unwrap();
                    hops.push(hops[cause] + 1);
                    lines += 1;
                    heard.push(Message {
                        seq: hops.len() as u64 - 1,
                        from: format!("B{n}"),
                        kind: Kind::Bot,
                        hops: hops[hops.len() - 1],
                        ..super::said(&action.text)
                    });
                }
            }
        }
        assert_eq!(hops.iter().max(), Some(&3));
        assert!(heard.is_empty() && bots.iter().all(|bot| bot.next_due().is_none()));
        // Without the pace it would be 10 + 80 + 640.
        assert!((100..=730).contains(&lines), "{lines}");
    });
}
