//! One person's stay as a transcript: what comes in, what is shown, what is done.

use super::*;
use crate::client::Closed;
use crate::wire::command::COMMANDS;
use crate::wire::native::{Decoded, decode_server};

/// 2026-11-23, 16:40 UTC.
const AT: u64 = 1_795_452_000_000;

struct Stay(Session);

fn stay(echo: Echo) -> Stay {
    let own = Nick::parse(b"Neo").unwrap();
    Stay(Session::new(&own, echo, Clock::utc(), Millis(AT)))
}

fn welcome(seq: u64) -> Welcome<'static> {
    let line = format!(
        r##"{{"welcome":{{"v":1,"server":"t","nick":"Neo","epoch":"e","rooms":[{{"room":"#lobby","seq":{seq},"members":2}}],"limits":{{"text":4096,"line":16384,"ping_secs":30,"dead_secs":90}},"text":"hi"}}}}"##
    );
    match decode_server(line.as_bytes()).unwrap() {
        Decoded::Event(ServerEvent::Welcome(welcome)) => welcome,
        other => panic!("{other:?}"),
    }
}

impl Stay {
    fn online(&mut self, seq: u64, first: bool) -> Outcome {
        let nick = Nick::parse(b"Neo").unwrap();
        self.0.event(Event::Online { nick, welcome: welcome(seq), first })
    }

    fn offline(&mut self, secs: u64) -> Vec<String> {
        let retry_in = Duration::from_secs(secs);
        plain(&self.0.event(Event::Offline { why: "gone".into(), retry_in }))
    }

    fn hear(&mut self, line: &str) -> Vec<String> {
        let line = line.replace("AT", &AT.to_string());
        match decode_server(line.as_bytes()).unwrap() {
            Decoded::Event(event) => plain(&self.0.event(Event::Server(event))),
            Decoded::Unknown(name) => panic!("{name}"),
        }
    }

    fn chat(&mut self, seq: u64, text: &str) -> Vec<String> {
        self.hear(&format!(
            r##"{{"chat":{{"room":"#lobby","seq":{seq},"at":AT,"from":"Trin","text":"{text}"}}}}"##
        ))
    }

    /// Types a line that is a message, which the client takes under the id.
    fn says(&mut self, line: &str, id: &str) -> Vec<String> {
        let act = self.0.typed(line).act.unwrap();
        self.0.took(id.into(), act, Millis(AT)).iter().map(Line::plain).collect()
    }

    fn answered(&mut self, line: &str) -> Vec<String> {
        let outcome = self.0.typed(line);
        assert_eq!(outcome.act, None);
        plain(&outcome)
    }
}

fn plain(outcome: &Outcome) -> Vec<String> {
    outcome.lines.iter().map(Line::plain).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn the_first_welcome_asks_who_is_here_and_later_ones_do_not() {
    let mut stay = stay(Echo::AtOnce);
    let first = stay.online(1, true);
    assert_eq!(
        plain(&first),
        ["-- hi", "-- you are Neo in #lobby; /help lists the commands, /quit leaves"]
    );
    let room = Some("#lobby".to_owned());
    assert_eq!(first.act, Some(Do::Send(ClientEvent::Who(Who { room }))));
    stay.offline(1);
    assert_eq!(stay.online(1, false).act, None);
}

#[test]
fn own_lines_are_shown_once_at_once_or_in_their_place_or_not_at_all() {
    for (echo, at_once, at_ack) in [
        (Echo::AtOnce, &["16:40 Neo: hi"][..], &[][..]),
        (Echo::AtAck, &[][..], &["16:40 Neo: hi"][..]),
        (Echo::Never, &[][..], &[][..]),
    ] {
        let mut stay = stay(echo);
        stay.online(1, true);
        assert_eq!(stay.says("hi", "1"), at_once);
        assert_eq!(stay.0.unacked(), 1);
        assert_eq!(stay.hear(r#"{"ack":{"id":"1","at":AT}}"#), at_ack);
        assert_eq!(stay.0.unacked(), 0);
        assert_eq!(stay.hear(r#"{"ack":{"id":"1","at":AT}}"#), NONE);
    }
}

#[test]
fn what_was_missed_has_a_heading_and_what_waited_is_told_when_it_is_sent() {
    let mut stay = stay(Echo::AtOnce);
    stay.online(5, true);
    assert_eq!(stay.offline(0), ["-- gone; trying again in a moment"]);
    let waiting = stay.says("later", "1");
    assert_eq!(
        waiting,
        ["16:40 Neo: later", "-- not connected: it will be sent as soon as that changes"]
    );
    assert_eq!(stay.offline(7), ["-- still not connected: gone; trying again in 7 seconds"]);
    assert_eq!(stay.0.typed(" ").act, Some(Do::Retry));
    assert_eq!(plain(&stay.online(9, false)), ["-- connected again"]);
    assert_eq!(stay.0.typed(" ").act, None);
    let ghost = r##"{"leave":{"room":"#lobby","seq":6,"at":AT,"who":"Neo","reason":"lost"}}"##;
    assert_eq!(stay.hear(ghost), NONE, "one's own ghost is no news");
    assert_eq!(stay.chat(7, "a"), ["-- while you were away:", "16:40 Trin: a"]);
    assert_eq!(stay.chat(8, "b"), ["16:40 Trin: b"]);
    assert_eq!(stay.hear(r#"{"ack":{"id":"1","at":AT}}"#), ["-- your 1 waiting line is sent"]);
}

#[test]
fn nothing_missed_has_no_heading_and_a_long_outage_is_not_told_for_ever() {
    let mut stay = stay(Echo::AtOnce);
    stay.online(5, true);
    let told = (0..20).map(|_| stay.offline(1).len()).sum::<usize>();
    assert_eq!(told, 6);
    assert_eq!(stay.offline(1), NONE);
    stay.online(6, false);
    assert_eq!(stay.chat(7, "new"), ["16:40 Trin: new"]);
    assert_eq!(stay.offline(1).len(), 1, "the next outage is told again");
}

#[test]
fn a_refused_line_is_named() {
    let mut stay = stay(Echo::AtOnce);
    stay.online(1, true);
    stay.says("hello", "1");
    let refused = r#"{"refused":{"re":"1","code":"muted","text":"you are muted"}}"#;
    assert_eq!(stay.hear(refused), ["-- not sent: you are muted (hello)"]);
    assert_eq!(stay.0.unacked(), 0);
}

#[test]
fn commands_ask_for_their_events() {
    let mut stay = stay(Echo::AtOnce);
    assert_eq!(stay.answered("/who"), ["-- not connected at the moment; ask again later"]);
    stay.online(1, true);
    let asked = |stay: &mut Stay, line: &str| stay.0.typed(line).act;
    let room = Some("#lobby".to_owned());
    let who = ClientEvent::Who(Who { room: room.clone() });
    assert_eq!(asked(&mut stay, "/who"), Some(Do::Send(who)));
    let history = AskHistory { room, limit: Some(100), ..AskHistory::default() };
    assert_eq!(asked(&mut stay, "/history 9999"), Some(Do::Send(ClientEvent::History(history))));
    let nick = SetNick { nick: "Trin".into() };
    assert_eq!(asked(&mut stay, "/nick Trin"), Some(Do::Send(ClientEvent::Nick(nick))));
    let whisper = Do::Whisper { to: "Trin".into(), text: "psst".into() };
    assert_eq!(asked(&mut stay, "/msg Trin psst"), Some(whisper));
    assert_eq!(asked(&mut stay, "/quit"), Some(Do::Quit));
    assert_eq!(asked(&mut stay, "  "), None);
    match stay.0.typed("//etc").act {
        Some(Do::Say(message)) => {
            assert_eq!((message.text.as_str(), message.emote), ("/etc", false));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn questions_this_side_can_answer_are_answered_here() {
    let mut stay = stay(Echo::AtOnce);
    stay.online(1, true);
    assert_eq!(stay.answered("/\u{1b}[2J")[0].matches('\u{1b}').count(), 0);
    assert_eq!(stay.answered("/help").len(), COMMANDS.len() + 1);
}

#[test]
fn what_is_said_goes_to_the_room_that_was_gone_to_and_other_rooms_are_named() {
    let mut stay = stay(Echo::AtOnce);
    stay.online(1, true);
    let entered = r##"{"entered":{"room":"#ops","seq":1,"members":1}}"##;
    assert_eq!(stay.hear(entered), ["-- you are in #ops"]);
    assert_eq!(stay.hear(entered), NONE, "again, after a reconnect");
    assert_eq!(stay.chat(2, "hi"), ["#lobby 16:40 Trin: hi"]);
    match stay.0.typed("all well").act {
        Some(Do::Say(said)) => assert_eq!(said.room.as_deref(), Some("#ops")),
        other => panic!("{other:?}"),
    }
    assert_eq!(stay.answered("/join lobby"), ["-- you are in #lobby"]);
    assert_eq!(stay.answered("/join #ops"), ["-- you are in #ops"]);
    let parted = r##"{"parted":{"room":"#ops"}}"##;
    assert_eq!(stay.hear(parted), ["-- you left #ops", "-- you are in #lobby"]);
    assert_eq!(stay.chat(3, "hi"), ["16:40 Trin: hi"]);
}

#[test]
fn a_rename_changes_who_the_user_is_and_names_follow_the_room() {
    let mut stay = stay(Echo::AtOnce);
    stay.online(1, true);
    let rename = r##"{"rename":{"room":"#lobby","seq":2,"at":AT,"from":"Neo","to":"One"}}"##;
    assert_eq!(stay.hear(rename), ["-- you are now known as One"]);
    assert_eq!(stay.says("/me waves", "1"), ["16:40 * One waves"]);
    stay.chat(3, "hi");
    assert_eq!(stay.0.names().iter().collect::<Vec<_>>(), ["One", "Trin"]);
    stay.hear(r##"{"leave":{"room":"#lobby","seq":4,"at":AT,"who":"Trin","reason":"quit"}}"##);
    assert_eq!(stay.0.names().iter().collect::<Vec<_>>(), ["One"]);
    let closed = stay.0.event(Event::Closed { why: Closed::Quit });
    assert_eq!(closed, Outcome::default(), "the end is for the caller to tell");
}

/// It is of an earlier connection: this one's name is the welcome's.
#[test]
fn a_replayed_rename_does_not_change_who_the_user_is() {
    let mut stay = stay(Echo::AtOnce);
    stay.online(1, true);
    stay.online(8, false);
    let rename = r##"{"rename":{"room":"#lobby","seq":2,"at":AT,"from":"Neo","to":"One"}}"##;
    assert_eq!(stay.hear(rename), ["16:40 -- Neo is now known as One"]);
    assert_eq!(stay.says("/me waves", "1"), ["16:40 * Neo waves"]);
}
