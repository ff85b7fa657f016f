//! One order for all: 50 members of two dialects, five of them publishing 20 000 messages as fast
//! as they are let. Every member hears one and the same sequence, its own left out, none lost and
//! none doubled.

use crate::support::{DEADLINE, Line, Native, Server};
use serde_json::{Value, json};
use std::io::Write;
use std::thread;
use std::time::Instant;

const MEMBERS: usize = 50;
const PUBLISHERS: usize = 5;
const EACH: usize = 4000;

/// Who said it, and which of theirs it was.
type Said = (usize, usize);

/// A member and what it reads.
enum Member {
    Line(Line),
    Native(Native),
}

fn text(publisher: usize, n: usize) -> String {
    format!("{publisher}/{n}")
}

fn parse(from: &str, text: &str) -> Said {
    let (publisher, n) = text.split_once('/').expect(text);
    assert_eq!(from, format!("member{publisher}"), "said under its own name");
    (publisher.parse().unwrap(), n.parse().unwrap())
}

/// Reads until the administrator says `end`, or until as many have come.
fn read_line(mut line: Line) -> Vec<Said> {
    let mut heard = Vec::new();
    loop {
        let next = line.next_line();
        if next == "Server: end" {
            return heard;
        }
        let (from, text) = next.split_once(": ").expect(&next);
        heard.push(parse(from, text));
    }
}

/// The same, and each message's number; its own come as acks.
fn read_native(mut native: Native, me: usize) -> (Vec<Said>, Vec<u64>) {
    let (mut heard, mut numbers, mut acked) = (Vec::new(), Vec::new(), 0);
    loop {
        let event: Value = native.next_event();
        if let Some(ack) = event.get("ack") {
            assert_eq!(ack["id"], json!(acked.to_string()), "acks come in order: {ack}");
            acked += 1;
            numbers.push(ack["seq"].as_u64().unwrap());
            continue;
        }
        let chat = event.get("chat").unwrap_or_else(|| panic!("{event}"));
        numbers.push(chat["seq"].as_u64().unwrap());
        if chat["from"] == "Server" {
            assert_eq!(acked, if me < PUBLISHERS { EACH } else { 0 });
            return (heard, numbers);
        }
        heard.push(parse(chat["from"].as_str().unwrap(), chat["text"].as_str().unwrap()));
    }
}

#[test]
fn fifty_members_hear_five_publishers_in_one_order() {
    let mut server = Server::start();
    // Joined before anybody reads, so that the joins are out of the way.
    let mut members = Vec::new();
    for n in 0..MEMBERS {
        let nick = format!("member{n}");
        members.push(if n % 2 == 0 {
            Member::Line(server.line(&nick))
        } else {
            Member::Native(server.native(&nick))
        });
    }
    for (n, member) in members.iter_mut().enumerate() {
        for later in n + 1..MEMBERS {
            let who = format!("member{later}");
            match member {
                Member::Line(line) => drop(line.hears(&format!("{who} just connected"))),
                Member::Native(native) => drop(native.hears_of("join", &who)),
            }
        }
    }

    let heard: Vec<(Vec<Said>, Vec<u64>)> = thread::scope(|scope| {
        let mut publishers = Vec::new();
        let mut readers = Vec::new();
        for (n, member) in members.into_iter().enumerate() {
            let (mut writer, native) = match &member {
                Member::Line(line) => (line.wire.writer(), false),
                Member::Native(native) => (native.wire.writer(), true),
            };
            readers.push(scope.spawn(move || match member {
                Member::Line(line) => (read_line(line), Vec::new()),
                Member::Native(native) => read_native(native, n),
            }));
            if n < PUBLISHERS {
                publishers.push(scope.spawn(move || {
                    for at in 0..EACH {
                        let line = if native {
                            json!({"say": {"id": at.to_string(), "text": text(n, at)}}).to_string()
                        } else {
                            text(n, at)
                        };
                        writer.write_all(format!("{line}\n").as_bytes()).unwrap();
                    }
                    writer
                }));
            }
        }
        // Every publisher has to be heard before the end is said. A script's coming is not told.
        let mut last = server.hello(&json!({"v": 1, "nick": "last", "kind": "script"}));
        drop(publishers.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>());
        let deadline = Instant::now() + 3 * DEADLINE;
        loop {
            assert!(Instant::now() < deadline, "not everything was said in time");
            last.sends(&json!({"history": {"limit": 1}}));
            let event = loop {
                let event = last.next_event();
                if event.get("history").is_some() {
                    break event;
                }
            };
            // 50 joins, and all that is said.
            let events = &event["history"]["events"];
            let seq = events[0]["chat"]["seq"].as_u64().or(events[0]["join"]["seq"].as_u64());
            if seq == Some((MEMBERS + PUBLISHERS * EACH) as u64) {
                break;
            }
        }
        server.console("say end");
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });

    // A native member that publishes nothing has seen all of it, with its numbers.
    let (order, numbers) = &heard[PUBLISHERS | 1];
    assert_eq!(order.len(), PUBLISHERS * EACH, "none lost, none doubled");
    for publisher in 0..PUBLISHERS {
        let own: Vec<usize> =
            order.iter().filter(|said| said.0 == publisher).map(|said| said.1).collect();
        assert!(own.iter().copied().eq(0..EACH), "{publisher}'s own order is kept");
    }
    for (n, (heard, seqs)) in heard.iter().enumerate() {
        let without_own = order.iter().filter(|said| said.0 != n);
        assert!(heard.iter().eq(without_own), "member{n} heard another sequence");
        if n % 2 == 1 {
            assert_eq!(seqs, numbers, "member{n}: the same numbers, acks included");
        }
    }
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
}
