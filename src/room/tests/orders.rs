//! What the administrator is told, and what is kept of what was ordered.

use super::{Input, Join, Post, RoomName, Stage, Target, addr, join, text};
use crate::wire::entry::{Event, SessionId};

fn kick(name: &str) -> Input {
    Input::Kick { name: name.into(), reason: None }
}

fn ban(target: &str, reason: Option<&str>) -> Input {
    Input::Ban { target: Target::parse(target), reason: reason.map(Into::into) }
}

fn unban(target: &str) -> Input {
    Input::Unban { target: Target::parse(target) }
}

#[test]
fn every_order_is_answered_with_what_was_done() {
    let mut stage = Stage::with(&["Neo", "Smith", "Brown"]);
    let mut console = |order| stage.console(order);
    let done = |text: &str| Ok(text.to_owned());
    let failed = |text: &str| Err(text.to_owned());
    assert_eq!(console(kick("nobody")), failed("nobody is not here; `list` shows who is"));
    assert_eq!(console(kick("SMITH")), done("kicked Smith"));
    assert_eq!(console(ban("neo", Some("spam"))), done("banned neo: spam (1 closed)"));
    assert_eq!(console(ban("9.9.9.9", None)), done("banned 9.9.9.9 (0 closed)"));
    assert_eq!(console(unban("8.8.8.8")), failed("8.8.8.8 is not banned; `ban` lists who is"));
    assert_eq!(console(unban("9.9.9.9")), done("9.9.9.9 may come in again"));
    let mute = |name: &str| Input::Mute { name: name.into() };
    assert_eq!(console(mute("nobody")), failed("nobody is not here; `list` shows who is"));
    assert_eq!(console(mute("brown")), done("muted brown"));
    let unmute = |name: &str| Input::Unmute { name: name.into() };
    assert_eq!(console(unmute("Brown")), done("Brown may speak again"));
    assert_eq!(console(unmute("nobody")), failed("nobody is not here; `list` shows who is"));
}

#[test]
fn the_administrator_speaks_as_the_server_and_only_in_rooms_that_are_there() {
    let mut stage = Stage::with(&["Neo"]);
    let say = |room: &str| Input::Say { room: RoomName::parse(room).unwrap(), text: text("hi") };
    assert_eq!(stage.console(say("lobby")), Ok("said in #lobby".into()));
    let came = stage.apply(say("lobby"));
    let [entry] = &came.entries[..] else { panic!("{came:?}") };
    let Event::Chat(chat) = &entry.event else { panic!("{entry:?}") };
    assert_eq!((entry.author, chat.from.as_str()), (SessionId::CONSOLE, "Server"));
    let nowhere = "there is no room #ops; `rooms` lists them";
    assert_eq!(stage.console(say("ops")), Err(nowhere.into()));
}

#[test]
fn a_ban_stands_once_with_its_last_reason_and_its_time() {
    let mut stage = Stage::new();
    for (target, reason) in [("Smith", None), ("9.9.9.9", None), ("SMITH", Some("spam"))] {
        stage.apply(ban(target, reason));
    }
    let bans: Vec<_> = stage.room.bans().iter().map(|ban| ban.target.to_string()).collect();
    assert_eq!(bans, ["9.9.9.9", "SMITH"]);
    let last = &stage.room.bans()[1];
    assert_eq!((last.reason.as_deref(), last.since.0), (Some("spam"), stage.at));
    // A name is no address, and the other way round.
    stage.apply(unban("9.9.9.9"));
    assert_eq!(stage.room.bans().len(), 1);
    stage.join(Join { addr: addr(9), ..join(1, "Neo") });
}

#[test]
fn who_is_muted_and_away_may_be_unmuted() {
    let mut stage = Stage::with(&["Smith"]);
    stage.apply(Input::Mute { name: "Smith".into() });
    stage.apply(kick("Smith"));
    assert!(stage.console(Input::Unmute { name: "smith".into() }).is_ok());
    stage.join(join(2, "Smith"));
    assert_eq!(stage.post(2, Post::plain(text("free"))).entries.len(), 1);
}
