//! Many who never read, and what they cost: they are cut off with a reason, the others hear
//! everything, and the memory stays under what the settings say.

use super::kinds::small_window;
use super::process::Process;
use super::{serve_with, size};
use crate::support::{DEADLINE, Native};
use chaty::config::Limits;
use chaty::serve::memory::Ceiling;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

/// Messages that are said before anybody waits for them.
const AT_ONCE: usize = 16;
/// What one of them weighs in the log: its text twice, and as much again for its encodings.
const WEIGHT: usize = 16;
/// Comes in through the smallest window there is, and never reads again.
fn stuck(addr: SocketAddr, number: usize) -> TcpStream {
    let mut stream = small_window(addr).unwrap();
    stream.write_all(format!("stuck{number}\n").as_bytes()).unwrap();
    // In, when the server says so: what follows is never read.
    stream.read_exact(&mut [0; b"NICK\nNICK_OK\n".len()]).unwrap();
    stream
}

/// Reads up to an event, and counts who leaves meanwhile.
#[track_caller]
fn read_until(native: &mut Native, is_last: impl Fn(&Value) -> bool) -> usize {
    let mut left = 0;
    loop {
        let event = native.next_event();
        // In a crowd many are told of at once.
        left += usize::from(event.get("leave").is_some());
        left += usize::try_from(event["crowd"]["left"].as_u64().unwrap_or_default()).unwrap();
        if is_last(&event) {
            return left;
        }
    }
}

#[test]
fn members_that_never_read_cost_no_more_than_is_computed() {
    let (count, retained) = (size(40, 1000), size(4, 64) * 1024);
    // They are cut off because they fall out of what is retained, and not before.
    let config = format!(
        "{}retained_bytes = \"{retained}KiB\"\nwrite_deadline = \"1m\"\ncrowd = 10\n",
        super::UNLIMITED
    );
    let server = serve_with(&config);
    let process = Process(server.pid());
    let (mut neo, mut trin) = (server.native("Neo"), server.native("Trin"));
    neo.hears_of("join", "Trin");
    let stuck: Vec<TcpStream> = (0..count).map(|number| stuck(server.addr(), number)).collect();

    let (text, began, mut said, mut left) = ("x".repeat(4000), Instant::now(), 0, 0);
    while left < count || said * WEIGHT < 2 * retained {
        assert!(began.elapsed() < 6 * DEADLINE, "{left} of {count} are cut off");
        for _ in 0..AT_ONCE {
            neo.says(&text);
        }
        for _ in 0..AT_ONCE {
            left += read_until(&mut neo, |event| event.get("ack").is_some());
            read_until(&mut trin, |event| event["chat"]["text"] == text.as_str());
        }
        said += AT_ONCE;
    }
    let most = process.most_resident();
    let limits = Limits { retained_bytes: retained * 1024, ..Limits::default() };
    let ceiling = Ceiling::of(&limits, false).with_listeners(count) as u64 / 1024;
    eprintln!(
        "{count} that never read, {} MB said: {} MiB at most ({} MiB now), {} MiB computed",
        said * 4 / 1000,
        most / 1024,
        process.resident() / 1024,
        ceiling / 1024
    );
    assert!(most <= ceiling + ceiling / 10, "{most} KiB, and {ceiling} were computed");
    drop(stuck);
}
