//! What is measured, as Prometheus and a person see it: the page over a real socket, held to its
//! format and to what was done; `stats`; and a log that never repeats what was said.

mod exposition;

use crate::support::{DEADLINE, Native, Server};
use exposition::Scrape;
use serde_json::json;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

/// A server that gives metrics, and where.
fn measured(config: &str) -> (Server, SocketAddr) {
    let mut server = Server::with(&format!("metrics = 0\n{config}"));
    let at = address(&mut server);
    (server, at)
}

#[track_caller]
fn address(server: &mut Server) -> SocketAddr {
    let line = server.answers("metrics:");
    let url = line.rsplit_once("http://").unwrap().1;
    url.strip_suffix("/metrics").unwrap().parse().unwrap()
}

/// The answer to one request, head and body.
#[track_caller]
fn ask(at: SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    (head.to_owned(), body.to_owned())
}

#[track_caller]
fn get(at: SocketAddr, path: &str) -> (String, String) {
    ask(at, &format!("GET {path} HTTP/1.1\r\nHost: {at}\r\n\r\n"))
}

#[track_caller]
fn scrape(at: SocketAddr) -> Scrape {
    let (head, body) = get(at, "/metrics");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    Scrape::parse(&body)
}

/// These samples come to these values, all of them at once. A page may be as it was a moment ago,
/// and a write is counted after its reader has it.
#[track_caller]
fn settles(at: SocketAddr, expected: &[(&str, f64)]) -> Scrape {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let scrape = scrape(at);
        let seen: Vec<_> = expected.iter().map(|(name, _)| (*name, scrape.value(name))).collect();
        let wanted: Vec<_> = expected.iter().map(|(name, value)| (*name, Some(*value))).collect();
        if seen == wanted {
            return scrape;
        }
        assert!(Instant::now() < deadline, "seen:   {seen:?}\nwanted: {wanted:?}");
    }
}

#[test]
fn the_numbers_move_by_exactly_what_was_done() {
    let (mut server, at) = measured("");
    settles(at, &[("chaty_connections_total", 0.0), ("chaty_messages_total", 0.0)]);

    let mut neo = server.line("Neo");
    let mut trin = server.native("Trin");
    neo.hears("Trin just connected");
    let mut smith = server.raw("Smith");
    neo.hears("Smith just connected");
    trin.hears_of("join", "Smith");
    let expected = [
        ("chaty_members{dialect=\"line\",kind=\"user\"}", 1.0),
        ("chaty_members{dialect=\"native\",kind=\"user\"}", 1.0),
        ("chaty_members{dialect=\"raw\",kind=\"user\"}", 1.0),
        ("chaty_members{dialect=\"native\",kind=\"bot\"}", 0.0),
        ("chaty_connections_open", 3.0),
        ("chaty_deliveries_total", 3.0),
        ("chaty_messages_total", 0.0),
    ];
    let scrape = settles(at, &expected);
    assert_eq!(scrape.value("chaty_closes_total{reason=\"quit\"}"), None, "nobody has left");

    neo.says("one");
    trin.hears_chat("Neo", "one");
    smith.hears("Neo: one");
    let two = json!({"say": {"text": "two"}});
    trin.sends(&two).hears_ack(None);
    neo.hears("Trin: two");
    smith.hears("Trin: two");
    let whisper = json!({"whisper": {"to": "Nobody", "text": "x"}});
    trin.sends(&whisper).hears_refusal(Some("whisper"), "no_such_member");
    neo.says("/quit").hears("-- you left").ends();
    trin.hears_of("leave", "Neo");
    smith.hears("Neo left the chat");

    let received = "one\n/quit\n".len() + two.to_string().len() + whisper.to_string().len() + 2;
    let received = f64::from(u32::try_from(received).unwrap());
    let expected = [
        ("chaty_members{dialect=\"line\",kind=\"user\"}", 0.0),
        ("chaty_members{dialect=\"native\",kind=\"user\"}", 1.0),
        ("chaty_connections_total", 3.0),
        ("chaty_connections_open", 2.0),
        ("chaty_messages_total", 2.0),
        // Each of the three has heard three entries of the others, and each was written by itself.
        ("chaty_deliveries_total", 9.0),
        ("chaty_delivery_latency_seconds_count", 9.0),
        ("chaty_delivery_latency_seconds_bucket{le=\"+Inf\"}", 9.0),
        // Three joins, two messages, a leave.
        ("chaty_turn_entries_sum", 6.0),
        ("chaty_retained_entries", 6.0),
        ("chaty_rooms", 1.0),
        ("chaty_received_bytes_total", received),
        ("chaty_refusals_total{code=\"no_such_member\"}", 1.0),
        ("chaty_closes_total{reason=\"quit\"}", 1.0),
        ("chaty_slowest_reader_lag_entries", 0.0),
        ("chaty_slowest_reader_lag_bytes", 0.0),
        ("chaty_publisher_waits_total", 0.0),
    ];
    let scrape = settles(at, &expected);
    let sum = scrape.value("chaty_delivery_latency_seconds_sum").unwrap();
    assert!(sum > 0.0 && sum < DEADLINE.as_secs_f64(), "{sum}");
    // The same numbers for people.
    server.console("stats");
    server.answers("connections  2 now, 3 in all");
    server.answers("messages     2, ");
    server.answers("deliveries   9 in 9 writes, 1.0 each");
}

#[test]
fn what_bots_tell_of_themselves_adds_up() {
    let (server, at) = measured("");
    let about = |calls: u64, errors: u64, muted: u64| {
        json!({"about": {
            "answers": [], "calls": calls, "errors": errors, "muted": muted,
            "mean_us": 1, "slowest_us": 1,
        }})
    };
    let bot =
        |nick: &str| -> Native { server.hello(&json!({"v": 1, "nick": nick, "kind": "bot"})) };
    let mut chuck = bot("Chuck");
    chuck.sends(&about(12, 1, 0)).sends(&about(15, 1, 2));
    settles(at, &[("chaty_bot_calls_total", 15.0), ("chaty_bot_held_back_lines_total", 2.0)]);
    // It goes and comes again, counting anew; what it did is not taken back.
    chuck.sends(&json!({"quit": {}})).hears_bye("quit");
    bot("Chuck").sends(&about(3, 2, 0));
    settles(at, &[("chaty_bot_calls_total", 18.0), ("chaty_bot_errors_total", 3.0)]);
    // Of others it is not taken.
    let mut neo = server.native("Neo");
    neo.sends(&about(1000, 0, 0)).sends(&json!({"ping": {}}));
    while neo.next_event().get("pong").is_none() {}
    settles(at, &[("chaty_bot_calls_total", 18.0), ("chaty_connections_total", 3.0)]);
}

/// `docs/OPERATIONS.md` lists each metric with its type.
#[test]
fn the_documents_list_what_is_given_and_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    let mut server = Server::recording("metrics = ':0'\n", &home.path().join("history.db"));
    let at = address(&mut server);
    let mut neo = server.line("Neo");
    neo.says("/msg Nobody hm").hears_like_line("Nobody");
    neo.says("/quit").hears("-- you left").ends();
    let scrape = settles(at, &[("chaty_closes_total{reason=\"quit\"}", 1.0)]);
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/OPERATIONS.md");
    let document = std::fs::read_to_string(document).unwrap();
    let rows = document.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.split(['`', '{']).next()?;
        let is_metric = name.starts_with("chaty_") || name.starts_with("process_");
        is_metric.then(|| (name.to_owned(), cells.next().unwrap_or_default().to_owned()))
    });
    let documented: BTreeSet<_> = rows.collect();
    assert!(documented.len() > 20, "only {} rows were found", documented.len());
    // Only Linux tells all of what a process takes.
    let is_here = |name: &str| cfg!(target_os = "linux") || !name.starts_with("process_");
    let documented: BTreeSet<_> =
        documented.into_iter().filter(|(name, _)| is_here(name)).collect();
    let given: BTreeSet<_> = scrape.families().filter(|(name, _)| is_here(name)).collect();
    assert_eq!(given, documented);
}

#[test]
fn only_get_and_head_of_one_page_are_answered() {
    let (_server, at) = measured("");
    let (_, page) = get(at, "/metrics");
    let (head, body) = ask(at, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("content-length: ") && body.is_empty(), "{head}\n{body}");
    assert!(page.starts_with("# HELP chaty_build_info "), "{page}");
    let (head, body) = get(at, "/");
    assert!(head.starts_with("HTTP/1.1 200 ") && body.contains("/metrics"), "{head}\n{body}");
    assert!(get(at, "/metrics/x").0.starts_with("HTTP/1.1 404 "));
    let (head, _) = ask(at, "POST /metrics HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
    assert!(head.starts_with("HTTP/1.1 405 ") && head.contains("allow: GET, HEAD"), "{head}");
}

/// What a hostile scraper sends ends its own connection, and the next one is answered.
#[test]
fn what_is_no_request_ends_its_own_connection_only() {
    let (mut server, at) = measured("");
    let long = format!("GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(16 * 1024));
    let many = format!("GET /metrics HTTP/1.1\r\n{}\r\n", "X: x\r\n".repeat(40));
    for bad in
        [b"NICK\n\n".as_slice(), b"\x16\x03\x01\x02\x00\x01\x00", long.as_bytes(), many.as_bytes()]
    {
        let mut stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        // It may be closed before it has sent all of that, and what it left unread resets.
        let _closed = stream.write_all(bad);
        let _half = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _reset = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    scrape(at);
    // Nor does one who asks for nothing hold up the end.
    let _idle = TcpStream::connect(at).unwrap();
    server.terminate();
    assert!(server.ends().success());
}

#[test]
fn nothing_that_was_said_is_in_the_log() {
    const MARKER: &str = "xyzzy";
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.native("Trin");
    neo.hears("Trin just connected");
    let mut smith = server.raw("Smith");
    neo.hears("Smith just connected");
    trin.hears_of("join", "Smith");
    neo.says(MARKER);
    trin.hears_chat("Neo", MARKER);
    neo.says(&format!("/me {MARKER}"));
    trin.hears_chat("Neo", MARKER);
    neo.says(&format!("/msg Trin {MARKER}")).hears("-- whispered to Trin");
    trin.hears_like(&json!({"whisper": {"text": MARKER}}));
    neo.says(&format!("/topic {MARKER}")).says("/topic").hears_like_line(MARKER);
    trin.hears_of("topic", "Neo");
    trin.sends(&json!({"say": {"text": MARKER, "id": MARKER}})).hears_ack(Some(MARKER));
    trin.sends(&json!({"nonsense": MARKER})).hears_refusal(Some("nonsense"), "unknown_event");
    neo.hears(&format!("Trin: {MARKER}"));
    smith.says(MARKER);
    neo.hears(&format!("Smith: {MARKER}"));
    neo.says(&format!("/{MARKER} hm")).hears_like_line(MARKER);
    neo.says(&"x".repeat(5000)).hears_like_line("bytes long");
    server.console(&format!("say {MARKER}"));
    neo.hears(&format!("Server: {MARKER}"));
    neo.says(&format!("/quit {MARKER}"));
    server.terminate();
    assert!(server.ends().success());
    let log = server.log();
    assert_eq!(log.matches(" left ").count(), 3, "one line a session: {log}");
    assert!(!log.contains(MARKER) && !log.contains("xxxx"), "{log}");
}
