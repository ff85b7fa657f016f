//! `join`, `send` and `tail` as a user has them: the real program, on a terminal of its own or on
//! pipes, against a real server.

use chaty::serve::admin::{Command as Admin, Report};
use chaty::serve::hub::HubHandle;
use chaty::serve::{Options, Server};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// How long anything may take: much longer than it does on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The editor marks the end of each redraw: what is on the screen there is what the user sees.
const REDRAWN: &[u8] = b"\x1b[?2026l";

/// A server in this process, with a runtime of its own.
struct Host {
    runtime: Runtime,
    addr: SocketAddr,
    hub: HubHandle,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<()>,
}

impl Host {
    fn start(listen: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let options = Options { listen: listen.into(), ..Options::default() };
        let server = runtime.block_on(Server::bind(options)).unwrap();
        let (addr, hub) = (server.local_addr(), server.hub());
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = runtime.handle().spawn(async move {
            server.run(async { drop(stopped.await) }).await;
        });
        Self { runtime, addr, hub, stop, ended }
    }

    #[track_caller]
    fn admin(&self, command: Admin) {
        let report = self.runtime.block_on(self.hub.admin(command));
        assert!(matches!(report, Report::Done(_)), "{report:?}");
    }

    fn say(&self, text: &str) {
        self.admin(Admin::Say { text: text.into() });
    }

    /// Goes down as a server does, and says where it was.
    fn stop(self) -> String {
        self.stop.send(()).unwrap();
        self.runtime.block_on(self.ended).unwrap();
        self.addr.to_string()
    }
}

/// The program on a terminal of 24 rows and 80 columns.
struct Terminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    bytes: mpsc::Receiver<Vec<u8>>,
    screen: vt100::Parser,
    unread: Vec<u8>,
    raw: Vec<u8>,
    modes: String,
}

impl Terminal {
    fn open(host: &str, args: &[&str]) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let modes = modes(&*pair.master);
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_chaty"));
        command.args(["join", "user"]);
        command.args(args);
        command.args(["--server", host]);
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, bytes) = mpsc::channel();
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            // The end of a terminal is an error on Linux.
            while let Ok(n @ 1..) = reader.read(&mut chunk) {
                if sender.send(chunk[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            keys: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
            bytes,
            screen: vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 1000),
            unread: Vec::new(),
            raw: Vec::new(),
            modes,
        }
    }

    /// The program as `Neo`, admitted and with its prompt drawn.
    #[track_caller]
    fn joined(host: &str) -> Self {
        let mut terminal = Self::open(host, &["Neo"]);
        terminal.until("the prompt", |screen| {
            screen.contents().contains("in #lobby: ") && cursor_row(screen) == ">"
        });
        terminal
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Reads until the screen is as wanted.
    #[track_caller]
    fn until(&mut self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        let late = Instant::now() + PATIENCE;
        while !is_so(self.screen.screen()) {
            assert!(self.redraw(late), "no {what}:\n{}", self.screen.screen().contents());
        }
    }

    /// Reads up to the end of the next redraw, or what there is. False when there is no more.
    fn redraw(&mut self, late: Instant) -> bool {
        if self.unread.is_empty() {
            let wait = late.saturating_duration_since(Instant::now());
            match self.bytes.recv_timeout(wait) {
                Ok(bytes) => self.unread = bytes,
                Err(_) => return false,
            }
        }
        let found = self.unread.windows(REDRAWN.len()).position(|bytes| bytes == REDRAWN);
        let end = found.map_or(self.unread.len(), |at| at + REDRAWN.len());
        let rest = self.unread.split_off(end);
        self.screen.process(&self.unread);
        self.raw.append(&mut self.unread);
        self.unread = rest;
        true
    }

    /// The program ends: its exit code. The terminal must be as it was found.
    #[track_caller]
    fn ended(mut self) -> (u32, String) {
        let late = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < late, "still there:\n{}", self.screen.screen().contents());
            // Keeps the terminal flowing; returns as soon as there is something.
            self.redraw(Instant::now() + Duration::from_millis(20));
        };
        assert_eq!(modes(&*self.master), self.modes, "the terminal is not given back");
        while self.redraw(Instant::now() + Duration::from_millis(50)) {}
        let pasting = (count(&self.raw, b"\x1b[?2004h"), count(&self.raw, b"\x1b[?2004l"));
        assert!(pasting.0 <= pasting.1, "bracketed paste stays on: {pasting:?}");
        (status.exit_code(), self.screen.screen().contents())
    }
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}

fn count(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes.windows(wanted.len()).filter(|window| *window == wanted).count()
}

fn row(screen: &vt100::Screen, row: u16) -> String {
    screen.contents_between(row, 0, row, 80).trim_end().to_owned()
}

fn cursor_row(screen: &vt100::Screen) -> String {
    row(screen, screen.cursor_position().0)
}

/// Everything the terminal has shown above its last screen, and that screen.
fn all_rows(parser: &mut vt100::Parser) -> Vec<String> {
    let screen = parser.screen_mut();
    screen.set_scrollback(usize::MAX);
    let mut rows = Vec::new();
    for above in (1..=screen.scrollback()).rev() {
        screen.set_scrollback(above);
        rows.push(row(screen, 0));
    }
    screen.set_scrollback(0);
    rows.extend((0..24).map(|n| row(screen, n)));
    rows
}

/// A line without the time of day in front.
fn untimed(row: &str) -> &str {
    match row.split_once(' ') {
        Some((time, rest)) if time.len() == 5 && time.as_bytes()[2] == b':' => rest,
        _ => row,
    }
}

fn run(args: &[&str], server: &str, input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_chaty"))
        .args(args)
        .args(["--server", server])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The program may end without reading it all.
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_half_typed_line_stays_whole_while_100_lines_come_in() {
    let host = Host::start("127.0.0.1:0");
    let mut terminal = Terminal::joined(&host.addr.to_string());
    let typed = "> half a line that nobody may tear";
    terminal.press(&typed[2..]);
    terminal.until("typed line", |screen| cursor_row(screen) == typed);
    for n in 0..100 {
        host.say(&format!("line {n} of many"));
    }
    let late = Instant::now() + PATIENCE;
    while !terminal.screen.screen().contents().contains("line 99 of many") {
        assert!(terminal.redraw(late), "{}", terminal.screen.screen().contents());
        if terminal.raw.ends_with(REDRAWN) {
            assert_eq!(cursor_row(terminal.screen.screen()), typed);
        }
    }
    terminal.until("prompt", |screen| cursor_row(screen) == typed);
    let rows = all_rows(&mut terminal.screen);
    let said: Vec<&str> =
        rows.iter().map(|row| untimed(row)).filter(|row| row.contains("of many")).collect();
    let expected: Vec<String> = (0..100).map(|n| format!("Server: line {n} of many")).collect();
    assert_eq!(said, expected);
    assert_eq!(rows.iter().filter(|row| row.contains("half a line")).count(), 1);
    terminal.press(" and its end\r");
    terminal.until("own line", |screen| {
        screen.contents().contains("Neo: half a line that nobody may tear and its end")
            && cursor_row(screen) == ">"
    });
    terminal.press("\x04");
    assert_eq!(terminal.ended().0, 0);
}

#[test]
fn own_lines_are_shown_once_and_commands_are_answered() {
    let host = Host::start("127.0.0.1:0");
    let mut terminal = Terminal::joined(&host.addr.to_string());
    assert_ne!(modes(&*terminal.master), terminal.modes, "a prompt has modes of its own");
    terminal.press("hello room\r");
    terminal.press("/me waves\r");
    terminal.press("/rooms\r");
    terminal.press("/frob\r");
    terminal.press("/nick Trin\r");
    terminal.until("rename", |screen| screen.contents().contains("you are now known as Trin"));
    terminal.press("/history 3\r");
    terminal.until("history", |screen| screen.contents().contains("what follows is new"));
    host.say("wake up, Trin");
    terminal.until("mention", |screen| screen.contents().contains("wake up, Trin"));
    let contents = terminal.screen.screen().contents();
    let rows: Vec<&str> = contents.lines().map(untimed).collect();
    let times = |line: &str| rows.iter().filter(|row| **row == line).count();
    assert_eq!(times("Neo: hello room"), 2, "once said, once in the history:\n{contents}");
    assert_eq!(times("* Neo waves"), 2, "{contents}");
    assert_eq!(times("-- #lobby is the only room of this server"), 1, "{contents}");
    assert!(contents.contains("/frob is not a command"), "{contents}");
    assert_eq!(count(&terminal.raw, b"\x07"), 1, "a mention rings");
    terminal.press("\x1b[A");
    terminal.until("last line", |screen| cursor_row(screen) == "> /history 3");
    terminal.press("\x1b[A\x1b[A");
    terminal.until("older line", |screen| cursor_row(screen) == "> /frob");
    terminal.press("\x1b[B");
    terminal.until("newer line", |screen| cursor_row(screen) == "> /nick Trin");
    terminal.press("\x12room");
    terminal.until("found line", |screen| cursor_row(screen).ends_with("/rooms"));
    terminal.press("\x07\x15/qu\t");
    terminal.until("completion", |screen| cursor_row(screen) == "> /quit");
    terminal.press("\r");
    assert_eq!(terminal.ended().0, 0);
}

#[test]
fn ctrl_c_leaves_and_gives_the_terminal_back() {
    let host = Host::start("127.0.0.1:0");
    let mut terminal = Terminal::joined(&host.addr.to_string());
    terminal.press("half");
    terminal.press("\x03");
    assert_eq!(terminal.ended().0, 0);
}

#[test]
fn a_kick_says_why_and_gives_the_terminal_back_although_the_prompt_waits() {
    let host = Host::start("127.0.0.1:0");
    let mut terminal = Terminal::joined(&host.addr.to_string());
    terminal.press("never sent");
    terminal.until("typed line", |screen| cursor_row(screen) == "> never sent");
    host.admin(Admin::Kick { name: "Neo".into(), reason: Some("too loud".into()) });
    let (code, contents) = terminal.ended();
    assert_eq!(code, 1, "{contents}");
    assert!(contents.contains("you were kicked: too loud"), "{contents}");
    assert!(contents.contains("> never sent\n"), "what was typed stays to be read: {contents}");
}

#[test]
fn a_lost_server_is_found_again_and_what_was_typed_meanwhile_is_sent_once() {
    let host = Host::start("127.0.0.1:0");
    let mut terminal = Terminal::joined(&host.addr.to_string());
    let addr = host.stop();
    terminal.until("loss", |screen| screen.contents().contains("trying again in"));
    terminal.press("said meanwhile\r");
    terminal.until("notice", |screen| screen.contents().contains("not connected: it will be sent"));
    let host = Host::start(&addr);
    terminal.until("return", |screen| screen.contents().contains("your 1 waiting line is sent"));
    host.say("welcome back");
    terminal.until("chat", |screen| screen.contents().contains("Server: welcome back"));
    let contents = terminal.screen.screen().contents();
    assert_eq!(contents.matches("said meanwhile").count(), 1, "{contents}");
    let tail = run(&["send", "--as", "Ann", "x"], &addr, "");
    assert!(tail.status.success());
    terminal.press("\x04");
    assert_eq!(terminal.ended().0, 0);
    let said = run(&["join", "user", "Bob"], &addr, "/history\n/rooms\n");
    assert_eq!(stdout(&said).matches("Neo: said meanwhile").count(), 1, "{}", stdout(&said));
}

#[test]
fn a_name_that_is_taken_is_one_line_and_no_prompt() {
    let host = Host::start("127.0.0.1:0");
    let addr = host.addr.to_string();
    let terminal = Terminal::joined(&addr);
    let (code, contents) = Terminal::open(&addr, &["neo"]).ended();
    assert_eq!(code, 1);
    assert_eq!(
        contents.trim(),
        "error: the name Neo is taken, or too like one that is; choose another name"
    );
    drop(terminal);
}

#[test]
fn a_pipe_is_said_line_by_line_and_shown_without_escape_codes() {
    let host = Host::start("127.0.0.1:0");
    let mut input = String::new();
    for n in 0..200 {
        writeln!(input, "line {n}").unwrap();
    }
    let output = run(&["join", "user", "Neo"], &host.addr.to_string(), &input);
    assert!(output.status.success(), "{}", stderr(&output));
    let shown = stdout(&output);
    assert!(!shown.contains('\x1b'), "{shown}");
    let said: Vec<&str> =
        shown.lines().map(untimed).filter(|line| line.starts_with("Neo")).collect();
    let expected: Vec<String> = (0..200).map(|n| format!("Neo: line {n}")).collect();
    assert_eq!(said, expected);
}

#[test]
fn send_is_done_when_everything_is_acknowledged_and_fails_if_something_is_refused() {
    let host = Host::start("127.0.0.1:0");
    let addr = host.addr.to_string();
    let one = run(&["send", "--as", "Ann", "/who is literal"], &addr, "");
    assert_eq!(
        (one.status.code(), stdout(&one), stderr(&one)),
        (Some(0), String::new(), String::new())
    );
    let input = format!("first\n\n{}\nlast", "x".repeat(4097));
    let some = run(&["send", "--as", "Ann"], &addr, &input);
    assert_eq!(some.status.code(), Some(1));
    let expected = "message 2 was refused: that message is 4097 bytes long; the limit is 4096\n\
                    error: 1 of 3 messages were refused\n";
    assert_eq!(stderr(&some), expected);

    let mut tail = Command::new(env!("CARGO_BIN_EXE_chaty"))
        .args(["tail", "--json", "--after", "1", "--server", &addr])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut bytes = Vec::new();
    let mut pipe = tail.stdout.take().unwrap();
    while count(&bytes, b"\n") < 3 {
        let mut chunk = [0; 4096];
        let n = pipe.read(&mut chunk).unwrap();
        assert_ne!(n, 0, "tail has ended");
        bytes.extend_from_slice(&chunk[..n]);
    }
    let texts: Vec<serde_json::Value> = String::from_utf8(bytes)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(texts[0].get("welcome").is_some());
    assert_eq!((&texts[1]["chat"]["text"], &texts[1]["chat"]["seq"]), (&"first".into(), &2.into()));
    assert_eq!(
        (&texts[2]["chat"]["text"], &texts[2]["chat"]["kind"]),
        (&"last".into(), &"script".into())
    );
    // A reader that goes away ends it without a word, when there is more to say.
    drop(pipe);
    host.say("to nobody");
    assert_eq!(tail.wait().unwrap().code(), Some(0));
}
