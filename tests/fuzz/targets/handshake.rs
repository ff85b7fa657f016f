//! A whole connection over a stream in memory, from the handshake to its end, with somebody else in
//! the room: bounds in bytes, well-formed answers in every dialect, and nothing harmful relayed.

use super::bytes::{CUT, PAUSE};
use super::text::harmless;
use chaty::serve::{Entrance, Options, Server};
use chaty::wire::native::{Decoded, ServerEvent, decode_server};
use chaty::wire::{KICK, NICK, NICK_INVALID, NICK_OK, WELCOME, limits};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, split};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// More than any answer to an input of a fuzzer's size, so that nobody waits for a reader.
const PIPE: usize = 1 << 20;
/// What the server may send to somebody who is not in yet.
const BYTES_OUT: usize = 1024;
/// Long enough for the ancestor's dialect to be told by silence.
const SILENCE: Duration = Duration::from_millis(300);
/// No connection outlives its peer by more. The clock stands still while anything is to be done.
const END: Duration = Duration::from_mins(10);

pub(super) fn target(data: &[u8]) {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
    let Heard { peer, watcher } = runtime.expect("a runtime").block_on(talk(data));
    let is_in = answers(&peer);
    let first = data.split(|byte| *byte >= CUT).next().unwrap_or_default();
    let line = first.iter().position(|byte| *byte == b'\n').unwrap_or(first.len());
    assert!(line <= limits::HANDSHAKE || !is_in, "let in with {line} bytes");
    let lines = watcher.strip_prefix(b"NICK\nNICK_OK\n").expect("the watcher is in");
    for line in text(lines).lines() {
        assert!(!is_word(line), "the room read {line:?}");
    }
}

/// What was sent to either.
struct Heard {
    peer: Vec<u8>,
    watcher: Vec<u8>,
}

async fn talk(data: &[u8]) -> Heard {
    let options = Options { listen: "127.0.0.1:0".into(), ..Options::default() };
    let server = Server::bind(options).await.expect("a server");
    let entrance = server.entrance();
    let (stop, stopped) = oneshot::channel::<()>();
    let guests = async {
        let (watcher, end) = duplex(PIPE);
        let heard = tokio::join!(serve(&entrance, end), watch(watcher, &entrance, data)).1;
        drop(stop);
        heard
    };
    let run = server.run(async {
        let _stopped = stopped.await;
    });
    let pauses = data.split(|byte| *byte == PAUSE).count();
    let end = SILENCE * u32::try_from(pauses).expect("an input of a fuzzer's size") + END;
    let (run, heard) = tokio::join!(run, timeout(end, guests));
    assert!(run.is_ok(), "the hub is alive");
    heard.expect("every connection ends")
}

async fn serve(entrance: &Entrance, end: DuplexStream) {
    let (read, write) = split(end);
    entrance.run(SocketAddr::from(([127, 0, 0, 1], 1)), read, write).await;
}

/// Comes in, waits for the peer's whole connection, and leaves.
async fn watch(mut watcher: DuplexStream, entrance: &Entrance, data: &[u8]) -> Heard {
    watcher.write_all(b"Watcher\n").await.expect("the pipe is long");
    sleep(SILENCE).await;
    let (peer, end) = duplex(PIPE);
    let ((), peer) = tokio::join!(serve(entrance, end), speak(peer, data));
    watcher.shutdown().await.expect("a pipe closes");
    let mut heard = Vec::new();
    watcher.read_to_end(&mut heard).await.expect("a pipe ends");
    Heard { peer, watcher: heard }
}

/// Sends the input piece by piece, and gives what came back until the other end closed.
async fn speak(peer: DuplexStream, data: &[u8]) -> Vec<u8> {
    let (mut read, mut write) = split(peer);
    let speaks = async {
        for piece in data.split_inclusive(|byte| *byte >= CUT) {
            let (pause, bytes) = match piece.split_last() {
                Some((last, bytes)) if *last == PAUSE => (SILENCE, bytes),
                Some((last, bytes)) if *last == CUT => (Duration::from_millis(1), bytes),
                _ => (Duration::ZERO, piece),
            };
            // The server may have closed already, as it should.
            let _closed = write.write_all(bytes).await;
            sleep(pause).await;
        }
        let _closed = write.shutdown().await;
    };
    let mut heard = Vec::new();
    let ((), ended) = tokio::join!(speaks, read.read_to_end(&mut heard));
    ended.expect("a pipe ends");
    heard
}

fn text(bytes: &[u8]) -> &str {
    let text = std::str::from_utf8(bytes).expect("what is sent is UTF-8");
    text.split('\n').for_each(harmless);
    text
}

fn is_word(text: &str) -> bool {
    [NICK, NICK_OK, NICK_INVALID, KICK].contains(&text)
}

/// What a peer was sent reads as the dialect it speaks. Gives whether it was let in.
fn answers(sent: &[u8]) -> bool {
    let sent = text(sent).strip_prefix(NICK).expect("the server speaks first");
    let (before, is_in) = match sent.strip_prefix('\n') {
        None => raw(sent),
        Some(lines) if lines.starts_with('{') => native(lines),
        Some(lines) => line(lines),
    };
    let before = before + NICK.len();
    assert!(before <= BYTES_OUT, "{before} bytes to somebody who is not in");
    is_in
}

/// Bytes up to the one with which it was let in, if it was; in each of the dialects.
fn raw(sent: &str) -> (usize, bool) {
    assert!(!sent.contains('\n'), "the ancestor's dialect has no lines: {sent:?}");
    let mut rest = sent;
    while let Some(again) = rest.strip_prefix(NICK_INVALID) {
        rest = again;
    }
    let before = sent.len() - rest.len();
    if rest.is_empty() {
        return (before, false);
    }
    let greeted = rest.strip_prefix(NICK_OK).and_then(|rest| rest.strip_prefix(WELCOME));
    assert!(greeted.is_some(), "neither refused nor greeted: {rest:?}");
    (before, true)
}

fn line(sent: &str) -> (usize, bool) {
    assert!(sent.ends_with('\n'), "an unfinished line: {sent:?}");
    let mut before = 0;
    let mut lines = sent.split_terminator('\n');
    while let Some(line) = lines.next() {
        if line == NICK_OK {
            assert_eq!(lines.next(), Some(WELCOME));
            let rest: Vec<&str> = lines.collect();
            assert!(!rest.iter().any(|line| is_word(line)), "a word of the system in {rest:?}");
            return (before, true);
        }
        assert_eq!(line, NICK_INVALID, "neither refused nor greeted");
        let why = lines.next().expect("a refusal has its reason");
        assert!(why.starts_with("-- "), "{why:?}");
        before += line.len() + why.len() + 2;
    }
    (before, false)
}

fn native(sent: &str) -> (usize, bool) {
    assert!(sent.ends_with('\n'), "an unfinished line: {sent:?}");
    let (mut before, mut is_in) = (0, false);
    for line in sent.split_terminator('\n') {
        let event = match decode_server(line.as_bytes()) {
            Ok(Decoded::Event(event)) => event,
            other => panic!("{line:?} is {other:?}"),
        };
        is_in |= matches!(event, ServerEvent::Welcome(_));
        if !is_in {
            let is_refusal = matches!(event, ServerEvent::Refused(_) | ServerEvent::Bye(_));
            assert!(is_refusal, "before the welcome: {line:?}");
            before += line.len() + 1;
        }
    }
    (before, is_in)
}

#[cfg(test)]
mod tests {
    use super::answers;
    use std::panic::catch_unwind;

    #[test]
    fn what_is_not_well_formed_is_found() {
        let over = format!("NICK{}", "NICK_INVALID".repeat(86));
        for sent in [
            "",
            "NICK_OK",
            "NICKNICK_OKhello",
            "NICK\nNICK_OK\n",
            "NICK\nNICK_INVALID\n",
            "NICK\nNICK_INVALID\n-- no name",
            "NICK\nNICK_OK\nConnection successful, welcome to ChatyChaty !\nKICK\n",
            "NICK\nNICK_OK\nConnection successful, welcome to ChatyChaty !\na\u{1b}[m\n",
            "NICK\n{\"chat\":{}}\n",
            "NICK\n{\"notice\":{\"text\":\"early\"}}\n",
            &over,
        ] {
            assert!(catch_unwind(|| answers(sent.as_bytes())).is_err(), "{sent:?} passes");
        }
        assert!(!answers(b"NICK"));
        assert!(!answers(b"NICK\nNICK_INVALID\n-- no name\n"));
        assert!(answers(b"NICK\nNICK_OK\nConnection successful, welcome to ChatyChaty !\nhi\n"));
    }
}
