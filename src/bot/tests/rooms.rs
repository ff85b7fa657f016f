//! Where a bot of several rooms speaks and looks: what `docs/BOTS.md` says about it.

use super::{START, lines, on_a_bots_stack, options, said};
use crate::bot::action::To;
use crate::bot::message::{Message, Who};
use crate::bot::{Event, Outcome, Stage, StageOptions};
use crate::wire::entry::Kind;

const SCRIPT: &str = r##"
    const BOT = #{ rooms: ["#one", "#two"], timers: #{ tick: 60 } };
    fn on_join(who) { say(`${who} ${users()}`); after(1, "ring", "x"); }
    fn on_leave(who) { emote(`${who} ${users()}`); }
    fn on_whisper(msg) { say(`${users()}`); }
    fn ring(x) { say(`ring ${users()}`); }
    fn on_timer(name) { say(`${name} ${users()}`); }
"##;

fn neo() -> Who {
    Who { name: "Neo".into(), kind: Kind::User }
}

/// The room of the one line that was said, and the line.
fn heard(outcome: &Outcome) -> (String, String) {
    match (&outcome.actions[..], &lines(outcome)[..]) {
        ([action], [line]) => match &action.to {
            To::Room(room) => (room.clone(), line.clone()),
            To::Member(name) => panic!("whispered to {name}: {line}"),
        },
        _ => panic!("{outcome:?}"),
    }
}

#[test]
fn a_line_goes_to_the_room_it_happened_in_or_was_planned_in_and_a_timers_to_the_first() {
    on_a_bots_stack(|| {
        let nothing = serde_json::Map::new();
        let mut stage =
            Stage::new(StageOptions { load: options(1), state: nothing, manners: false });
        stage.load(SCRIPT, START).unwrap();
        let in_two = |line: &str| ("#two".to_owned(), line.to_owned());
        let join = Event::Join { room: "#two".into(), who: neo(), seq: 1 };
        assert_eq!(heard(&stage.take(&join, START)), in_two("Neo [\"Neo\"]"));
        let whisper = Message { whisper: true, room: String::new(), ..said("hi") };
        let answer = stage.take(&Event::Message(whisper), START);
        assert_eq!(heard(&answer), ("#one".into(), "[]".into()));
        let rename = Event::Rename { room: "#two".into(), from: "Neo".into(), to: "Neon".into() };
        assert_eq!(lines(&stage.take(&rename, START)), [""; 0]);
        let due = stage.advance_to(START + 60_000);
        let due: Vec<_> = due.iter().map(|(_, outcome)| heard(outcome)).collect();
        assert_eq!(due, [in_two("ring [\"Neon\"]"), ("#one".into(), "tick []".into())]);
        let leave = Event::Leave { room: "#two".into(), who: neo(), seq: 2 };
        assert_eq!(heard(&stage.take(&leave, START)), in_two("Neo [\"Neon\"]"));
    });
}
