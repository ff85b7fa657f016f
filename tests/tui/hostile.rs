//! Hostile text: from a server that cleans nothing, into the full screen, the plain mode and the
//! log. Not one byte of it that a terminal acts on may come through.

use super::peer::Peer;
use super::{ended, input, shows};
use crate::join::stage::Terminal;
use regex::Regex;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What terminals act on, each with a word by which it would be known.
const CORPUS: [&str; 22] = [
    "\u{1b}]0;PWNED\u{7}",
    "\u{1b}]2;PWNED\u{1b}\\",
    "\u{1b}]52;c;UFdORUQ=\u{7}",
    "\u{1b}]8;;https://evil.example\u{1b}\\PWNED\u{1b}]8;;\u{1b}\\",
    "\u{1b}]9;PWNED\u{7}",
    "\u{1b}]777;notify;PWNED;x\u{7}",
    "\u{1b}[2J\u{1b}[HPWNED",
    "\u{1b}[31;44mPWNED",
    "\u{1b}[?1049l\u{1b}[?25lPWNED",
    "\u{1b}[6n\u{1b}[c\u{1b}[21tPWNED",
    "\u{1b}P$qm\u{1b}\\PWNED",
    "\u{1b}_Gf=24;PWNED\u{1b}\\",
    "\u{1b}cPWNED",
    "\u{9b}31mPWNED\u{9d}0;x\u{9c}",
    "\u{90}PWNED\u{9c}",
    "a\rPWNED\u{8}\u{8}\u{c}\u{b}",
    "\u{7}\u{0}\u{7f}\u{e}\u{f}PWNED",
    "line\u{2028}PWNED\u{2029}\u{85}",
    "\u{202e}DENWP\u{202c}\u{2066}x\u{2069}\u{200f}\u{61c}",
    "P\u{200b}W\u{200d}N\u{feff}E\u{2060}D\u{ad}",
    "\u{e0041}\u{e0001}PWNED\u{115f}\u{3164}",
    "z\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}PWNED",
];

/// What no output may have in it, wherever it goes: C1, marks of direction, what is unseen.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{3164}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{e0000}'..='\u{e0fff}' | '\u{7f}')
}

/// The corpus in every place of every event that a server can put a text into.
fn send(peer: &mut impl Write) {
    for (n, text) in CORPUS.iter().enumerate() {
        let seq = 10 * n + 1;
        let text = serde_json::to_string(text).unwrap();
        let lines = [
            format!(
                r##"{{"chat":{{"room":"#lobby","seq":{seq},"at":1795452000000,"from":{text},"text":{text}}}}}"##
            ),
            format!(
                r##"{{"chat":{{"room":"#lobby","seq":{},"at":1795452000000,"from":"Trin","text":{text}}}}}"##,
                seq + 1
            ),
            format!(
                r##"{{"join":{{"room":"#lobby","seq":{},"at":1795452000000,"who":{text}}}}}"##,
                seq + 2
            ),
            format!(
                r##"{{"leave":{{"room":"#lobby","seq":{},"at":1795452000000,"who":{text},"reason":{text}}}}}"##,
                seq + 3
            ),
            format!(
                r##"{{"rename":{{"room":"#lobby","seq":{},"at":1795452000000,"from":{text},"to":{text}}}}}"##,
                seq + 4
            ),
            format!(
                r##"{{"topic":{{"room":"#lobby","seq":{},"at":1795452000000,"who":"T","topic":{text}}}}}"##,
                seq + 5
            ),
            format!(r#"{{"whisper":{{"at":1795452000000,"from":{text},"text":{text}}}}}"#),
            format!(r#"{{"notice":{{"text":{text}}}}}"#),
            format!(r#"{{"refused":{{"code":{text},"text":{text}}}}}"#),
            format!(
                r##"{{"roster":{{"room":"#lobby","members":[{{"nick":{text},"since":1}}]}}}}"##
            ),
            format!(r#"{{"entered":{{"room":{text},"seq":1,"members":1,"topic":{text}}}}}"#),
            format!(
                r#"{{"rooms":{{"rooms":[{{"room":{text},"seq":1,"members":1,"topic":{text}}}]}}}}"#
            ),
        ];
        for line in lines {
            writeln!(peer, "{line}").unwrap();
        }
    }
    // … and once as it is, without JSON's escapes.
    for text in CORPUS {
        let text = text.replace('\u{0}', "").replace(['\r', '\n'], " ").replace('\\', "");
        writeln!(peer, r#"{{"notice":{{"text":"{text}"}}}}"#).unwrap();
    }
    writeln!(peer, r#"{{"notice":{{"text":"that was all"}}}}"#).unwrap();
}

#[test]
fn the_full_screen_shows_it_and_does_nothing_of_it() {
    let peer = Peer::listen();
    let mut terminal = Terminal::open(&peer.addr.to_string(), &["Neo"], &[]);
    let mut stream = peer.accept();
    // Not looked at: the notifications and the title have their part as well.
    terminal.press("\x1b[O");
    send(&mut stream);
    terminal.until("the end", shows("that was all"));
    terminal.press("\x1b[5~\x1b[5~\x1b[5~");
    for key in ["\x1bOS", "\x1b", "\x1b2", "\x1b3", "\x1b1", "\x1bOQ", "\x1bOR", "PWNED", "\x1b"] {
        terminal.press(key);
        // Each of them has drawn before the next.
        terminal.redraw(Instant::now() + Duration::from_millis(50));
    }
    terminal.press("\x15end");
    terminal.until("the keys", |screen| input(screen).ends_with("end"));
    let raw = String::from_utf8(terminal.raw.clone()).expect("what is written is UTF-8");
    let ours = concat!(
        r"\x1b\[[0-9;]*[ABCDHJKm]|\x1b\[\?(25|1049|2004|1004|2026)[hl]|\x1b\[2[23];2t|",
        r"\x1b\]2;[^\x00-\x1f]*\x07|\x1b\]8;;(https?://[!-~]*)?\x1b\\|\x07|\r|\n"
    );
    let rest = Regex::new(ours).unwrap().replace_all(&raw, "").into_owned();
    let found: Vec<char> = rest.chars().filter(|c| c.is_control() || is_unseen(*c)).collect();
    assert!(found.is_empty(), "{found:?}");
    assert!(!raw.contains("\u{1b}]0") && !raw.contains("\u{1b}]52"));
    assert!(!rest.contains(&"\u{301}".repeat(5)), "marks are capped");
    // Only what changes is drawn, so that no whole line need be there in one piece.
    assert!(rest.contains('␛') && rest.contains("PWNED"), "it is shown");
    // The screen has no hole where something moved the cursor.
    let first = terminal.screen.screen().contents();
    assert!(first.lines().next().is_some_and(|row| row.contains('#')), "{first}");
    drop(stream);
    terminal.press("\x15\x04\x04");
    terminal.signal("TERM");
    ended(terminal);
}

#[test]
fn the_plain_mode_and_the_log_have_nothing_of_it() {
    let peer = Peer::listen();
    let mut child = Command::new(env!("CARGO_BIN_EXE_chaty"))
        .args(["join", "user", "Neo", "--log", "trace", "--server", &peer.addr.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stream = peer.accept();
    send(&mut stream);
    writeln!(
        stream,
        r#"{{"bye":{{"code":"kicked","text":"\u001b]0;PWNED\u0007\u200e\u200b\u202ebye"}}}}"#
    )
    .unwrap();
    drop(stream);
    let stdin = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    for (name, bytes) in [("output", output.stdout), ("log", output.stderr)] {
        let text = String::from_utf8(bytes).unwrap();
        let is_bad = |c: &char| (c.is_control() && *c != '\n') || is_unseen(*c);
        let found: Vec<char> = text.chars().filter(is_bad).collect();
        assert!(found.is_empty(), "{name}: {found:?}");
        assert!(name == "log" || text.contains("that was all"), "{text}");
    }
}
