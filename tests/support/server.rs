//! `chaty serve` as its own process, ended with the test. Everything it is asked goes through its
//! command line, its console and its port, as a user's would.

use super::{DEADLINE, Hears, Line, Native, Raw, Wire};
use serde_json::Value;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;
use tempfile::TempDir;

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    addr: SocketAddr,
    console: Option<ChildStdin>,
    /// Lines of its standard output.
    output: Receiver<String>,
    fences: u32,
    home: TempDir,
}

/// How a server is started.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    /// The text of its config file.
    pub(crate) config: &'a str,
    pub(crate) history: Option<&'a Path>,
    pub(crate) listen: &'a str,
    /// More flags of `serve`; by default one that lets members speak as fast as they like.
    pub(crate) args: &'a [&'a str],
    /// What it is run by, such as `prlimit --nofile=100`: a program that becomes it.
    pub(crate) under: &'a [&'a str],
    pub(crate) env: &'a [(&'a str, &'a OsStr)],
}

impl Default for Start<'_> {
    fn default() -> Self {
        Self {
            config: "",
            history: None,
            listen: "127.0.0.1:0",
            args: &["--limit", "flood=false"],
            under: &[],
            env: &[],
        }
    }
}

impl Server {
    /// With every setting at its default, but that members may speak as fast as they like.
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// With a config file of this text.
    #[track_caller]
    pub(crate) fn with(config: &str) -> Self {
        Self::run(&Start { config, ..Start::default() })
    }

    /// With a config file of this text, and every other setting at its default: members are slowed
    /// down.
    #[track_caller]
    pub(crate) fn with_flood_control(config: &str) -> Self {
        Self::run(&Start { config, args: &[], ..Start::default() })
    }

    /// With a config file of this text, recording into a file.
    #[track_caller]
    pub(crate) fn recording(config: &str, history: &Path) -> Self {
        Self::run(&Start { config, history: Some(history), ..Start::default() })
    }

    /// In any way there is.
    #[track_caller]
    pub(crate) fn run(start: &Start<'_>) -> Self {
        let &Start { config, history, listen, args, under, env } = start;
        let home = tempfile::tempdir().unwrap();
        let log = home.path().join("stderr");
        let mut words = under.iter().copied().chain([env!("CARGO_BIN_EXE_chaty")]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).args(["serve", "--listen", listen]).args(args);
        if !config.is_empty() {
            let file = home.path().join("chaty.toml");
            std::fs::write(&file, config).unwrap();
            command.arg("--config").arg(file);
        }
        if let Some(history) = history {
            command.arg("--history").arg(history);
        }
        command.envs(env.iter().copied());
        let mut child = command
            .env_remove("CHATY_SERVER")
            .env_remove("RUST_LOG")
            .env("XDG_RUNTIME_DIR", home.path())
            .current_dir(home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let (lines, output) = channel();
        let stdout = child.stdout.take().unwrap();
        // Ends with the process, whose output it is.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    break;
                }
            }
        });
        let first = output.recv_timeout(DEADLINE).unwrap_or_else(|_none| {
            panic!("it does not listen: {}", std::fs::read_to_string(&log).unwrap_or_default())
        });
        let addr = first.strip_prefix("chaty is listening on ").expect(&first).parse().unwrap();
        let console = child.stdin.take();
        Self { child, addr, console, output, fences: 0, home }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.home.path().join("stderr")).unwrap()
    }

    /// A connection that has said nothing yet.
    #[track_caller]
    pub(crate) fn connect(&self) -> Wire {
        Wire::connect(self.addr)
    }

    /// A member in the line dialect.
    #[track_caller]
    pub(crate) fn line(&self, nick: &str) -> Line {
        Line::join(self.connect(), nick)
    }

    /// A member in the native dialect.
    #[track_caller]
    pub(crate) fn native(&self, nick: &str) -> Native {
        Native::join(self.connect(), nick)
    }

    /// A member in the native dialect, with a `hello` of these fields.
    #[track_caller]
    pub(crate) fn hello(&self, hello: &Value) -> Native {
        Native::hello(self.connect(), hello)
    }

    /// A member in the raw dialect.
    #[track_caller]
    pub(crate) fn raw(&self, nick: &str) -> Raw {
        Raw::join(self.connect(), nick)
    }

    /// Types a line at the console.
    #[track_caller]
    pub(crate) fn console(&mut self, line: &str) -> &mut Self {
        writeln!(self.console.as_mut().unwrap(), "{line}").unwrap();
        self
    }

    /// The end of the console's input.
    pub(crate) fn close_console(&mut self) {
        self.console = None;
    }

    /// The console answers with a line that contains this; lines before it are passed over.
    #[track_caller]
    pub(crate) fn answers(&mut self, wanted: &str) -> String {
        let deadline = Instant::now() + DEADLINE;
        let mut seen = Vec::new();
        while let Ok(line) =
            self.output.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            if line.contains(wanted) {
                return line;
            }
            seen.push(line);
        }
        panic!("the console never said {wanted:?}, but {seen:#?}");
    }

    /// Nothing is waiting for any of these members: a word of the administrator, said now, is the
    /// next thing each of them hears.
    #[track_caller]
    pub(crate) fn fence(&mut self, members: &mut [&mut dyn Hears]) {
        self.fences += 1;
        let word = format!("fence {}", self.fences);
        self.console(&format!("say {word}"));
        for member in members {
            member.hears_server(&word);
        }
    }

    /// SIGKILL, and its end.
    pub(crate) fn dies(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM.
    #[track_caller]
    pub(crate) fn terminate(&mut self) {
        self.signal("TERM");
    }

    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for the process to end by itself.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> ExitStatus {
        // Its output ends when it does.
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(_line) => {}
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("it goes on"),
            }
        }
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}
