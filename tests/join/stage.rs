//! What the tests of `join` play on: a real server, and the program on a terminal of its own.

use chaty::config::Limits;
use chaty::serve::admin::{Command as Admin, Report};
use chaty::serve::hub::HubHandle;
use chaty::serve::{Options, Server};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// How long anything may take: much longer than it does on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The editor marks the end of each redraw: what is on the screen there is what the user sees.
pub(crate) const REDRAWN: &[u8] = b"\x1b[?2026l";

/// A server in this process, with a runtime of its own.
pub(crate) struct Host {
    runtime: Runtime,
    pub(crate) addr: SocketAddr,
    hub: HubHandle,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<()>,
}

impl Host {
    pub(crate) fn start(listen: &str) -> Self {
        Self::try_start(listen).unwrap()
    }

    /// At a port where it can come back: none that the system gives to another test meanwhile.
    pub(crate) fn start_to_come_back() -> Self {
        // Below the ports that are given to whoever asks for any.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let n = std::process::id() + NEXT.fetch_add(1, Ordering::Relaxed) * 101;
            if let Some(host) = Self::try_start(&format!("127.0.0.1:{}", 20_000 + n % 10_000)) {
                return host;
            }
        }
    }

    fn try_start(listen: &str) -> Option<Self> {
        let runtime = Runtime::new().unwrap();
        let limits = Limits { flood: false, ..Limits::default() };
        let options = Options { listen: listen.into(), limits, ..Options::default() };
        let server = runtime.block_on(Server::bind(options)).ok()?;
        let (addr, hub) = (server.local_addr(), server.hub());
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = runtime.handle().spawn(async move {
            server.run(async { drop(stopped.await) }).await.unwrap();
        });
        Some(Self { runtime, addr, hub, stop, ended })
    }

    #[track_caller]
    pub(crate) fn admin(&self, command: Admin) {
        let report = self.runtime.block_on(self.hub.admin(command));
        assert!(matches!(report, Report::Done(_)), "{report:?}");
    }

    pub(crate) fn say(&self, text: &str) {
        self.admin(Admin::Say {
            room: chaty::wire::room_name::RoomName::lobby(),
            text: text.into(),
        });
    }

    /// Goes down as a server does, and says where it was.
    pub(crate) fn stop(self) -> String {
        self.stop.send(()).unwrap();
        self.runtime.block_on(self.ended).unwrap();
        self.addr.to_string()
    }
}

/// The program on a terminal of 24 rows and 80 columns.
pub(crate) struct Terminal {
    pub(crate) master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    bytes: mpsc::Receiver<Vec<u8>>,
    pub(crate) screen: vt100::Parser,
    unread: Vec<u8>,
    pub(crate) raw: Vec<u8>,
    pub(crate) modes: String,
}

impl Terminal {
    pub(crate) fn open(host: &str, args: &[&str], vars: &[(&str, &str)]) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let modes = modes(&*pair.master);
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_chaty"));
        command.args(["join", "user"]);
        command.args(args);
        command.args(["--server", host]);
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        // The settings and the history of whoever runs the tests are not theirs.
        command.env("XDG_CONFIG_HOME", "/nonexistent");
        command.env("XDG_STATE_HOME", "/nonexistent");
        for (name, value) in vars {
            command.env(name, value);
        }
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
    pub(crate) fn joined(host: &str) -> Self {
        let mut terminal = Self::open(host, &["Neo", "--inline"], &[]);
        terminal.until("the prompt", |screen| {
            screen.contents().contains("in #lobby: ") && cursor_row(screen) == ">"
        });
        terminal
    }

    /// The terminal's window gets another size, and forgets what was on it: everything has to be
    /// drawn again.
    pub(crate) fn resize(&mut self, rows: u16, cols: u16) {
        let (high, wide) = (rows.try_into().unwrap(), cols.try_into().unwrap());
        self.screen = vt100::Parser::new(high, wide, 1000);
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Reads until the screen is as wanted.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        let late = Instant::now() + PATIENCE;
        while self.is_midway() || !is_so(self.screen.screen()) {
            assert!(self.redraw(late), "no {what}:\n{}", self.screen.screen().contents());
        }
    }

    /// The program has begun to redraw and is not done: what is on the screen, nobody sees.
    fn is_midway(&self) -> bool {
        let last = |wanted: &[u8]| self.raw.windows(wanted.len()).rposition(|raw| raw == wanted);
        last(b"\x1b[?2026h") > last(REDRAWN)
    }

    /// Reads up to the end of the next redraw, or what there is. False when there is no more.
    pub(crate) fn redraw(&mut self, late: Instant) -> bool {
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
    pub(crate) fn ended(self) -> (u32, String) {
        let (code, _, screen) = self.ended_with();
        (code, screen.contents())
    }

    /// … and every byte it wrote, and the last screen.
    #[track_caller]
    pub(crate) fn ended_with(mut self) -> (u32, Vec<u8>, vt100::Screen) {
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
        (status.exit_code(), self.raw, self.screen.screen().clone())
    }
}

pub(crate) fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}

pub(crate) fn count(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes.windows(wanted.len()).filter(|window| *window == wanted).count()
}

fn row(screen: &vt100::Screen, row: u16) -> String {
    screen.contents_between(row, 0, row, 80).trim_end().to_owned()
}

pub(crate) fn cursor_row(screen: &vt100::Screen) -> String {
    row(screen, screen.cursor_position().0)
}

/// Everything the terminal has shown above its last screen, and that screen.
pub(crate) fn all_rows(parser: &mut vt100::Parser) -> Vec<String> {
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
pub(crate) fn untimed(row: &str) -> &str {
    match row.split_once(' ') {
        Some((time, rest)) if time.len() == 5 && time.as_bytes()[2] == b':' => rest,
        _ => row,
    }
}

pub(crate) fn run(args: &[&str], server: &str, input: &str) -> Output {
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

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
