//! The real binary as a child: started in a private folder, spoken to through its pipes and its
//! port, always ended with its test.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the binary under test is.
pub(crate) fn chaty_path() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_chaty"))
}

/// A folder that stands in for the user's own runtime folder.
pub(crate) fn private_dir() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
    dir
}

/// The binary, cut off from the settings of whoever runs the tests.
pub(crate) fn chaty(dir: &Path) -> Command {
    let mut command = Command::new(chaty_path());
    command
        .env_remove("CHATY_SERVER")
        .env_remove("RUST_LOG")
        .env("XDG_RUNTIME_DIR", dir)
        .stdin(Stdio::null());
    command
}

/// No read waits for ever.
pub(crate) fn within(stream: &TcpStream) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
}

/// A member of the line dialect who is in the room.
#[track_caller]
pub(crate) fn member_of(addr: &str, name: &str) -> TcpStream {
    let mut stream = TcpStream::connect(addr).unwrap();
    within(&stream);
    stream.write_all(format!("{name}\n").as_bytes()).unwrap();
    let mut heard = Vec::new();
    while !heard.ends_with(b"welcome to ChatyChaty !\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        heard.push(byte[0]);
    }
    stream
}

/// A running `chaty serve`.
pub(crate) struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<BufReader<ChildStdout>>,
    errors: Receiver<String>,
    log: String,
    pub(crate) port: u16,
}

impl Program {
    /// Serves on any port of loopback, and lets everybody speak as fast as they like.
    #[track_caller]
    pub(crate) fn serve(dir: &Path, args: &[&str]) -> Self {
        let usual = ["--listen", "127.0.0.1:0", "--limit", "flood=false"];
        Self::start(dir, &[&usual, args].concat())
    }

    #[track_caller]
    pub(crate) fn start(dir: &Path, args: &[&str]) -> Self {
        let mut child = chaty(dir)
            .arg("serve")
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = child.stderr.take().unwrap();
        let (lines, errors) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().map(BufReader::new);
        let mut program = Self { child, stdin, stdout, errors, log: String::new(), port: 0 };
        let first = program.line();
        let address = first.strip_prefix("chaty is listening on ").unwrap_or_else(|| {
            panic!("the first line is {first:?}; {}", program.log());
        });
        program.port = address.rsplit_once(':').unwrap().1.parse().unwrap();
        program
    }

    pub(crate) fn addr(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn socket(&self, dir: &Path) -> PathBuf {
        dir.join("chaty").join(format!("admin-{}.sock", self.port))
    }

    /// The next line of standard output.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.as_mut().unwrap().read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    /// The line after the one that begins so.
    #[track_caller]
    pub(crate) fn line_after(&mut self, start: &str) -> String {
        loop {
            let line = self.line();
            assert!(!line.is_empty(), "no line begins with {start}");
            if line.starts_with(start) {
                return self.line();
            }
        }
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    pub(crate) fn close_output(&mut self) {
        self.stdout = None;
    }

    /// A member of the line dialect who is in the room.
    #[track_caller]
    pub(crate) fn member(&self, name: &str) -> TcpStream {
        member_of(&self.addr(), name)
    }

    /// A member of the raw dialect, who has to wait for the pace between two messages.
    #[track_caller]
    pub(crate) fn slow_member(&self) -> TcpStream {
        let mut slow = TcpStream::connect(self.addr()).unwrap();
        within(&slow);
        slow.write_all(b"Slow").unwrap();
        let mut heard = [0; 11];
        slow.read_exact(&mut heard).unwrap();
        assert_eq!(heard.as_slice(), b"NICKNICK_OK");
        slow
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// The number of the process this one has started, once there is one that is not `old`.
    #[track_caller]
    pub(crate) fn child_process(&self, old: Option<&str>) -> String {
        let deadline = Instant::now() + PATIENCE;
        let tasks = Path::new("/proc").join(self.child.id().to_string()).join("task");
        loop {
            // The kernel lists children by the thread that made them.
            let children = tasks.read_dir().unwrap().flatten().find_map(|task| {
                let children = fs::read_to_string(task.path().join("children")).ok()?;
                Some(children.split_whitespace().next()?.to_owned())
            });
            match children {
                Some(child) if Some(child.as_str()) != old => return child,
                _ => assert!(Instant::now() < deadline, "it starts nothing"),
            }
            thread::park_timeout(Duration::from_millis(10));
        }
    }

    #[track_caller]
    pub(crate) fn still_runs(&mut self) -> Result<(), Option<i32>> {
        match self.child.try_wait().unwrap() {
            None => Ok(()),
            Some(status) => Err(status.code()),
        }
    }

    /// Waits for a line of the log that has this in it.
    #[track_caller]
    pub(crate) fn logged(&mut self, what: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.log.contains(what) {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.errors.recv_timeout(left);
            let Ok(line) = line else { panic!("{what:?} was never logged:\n{}", self.log) };
            self.log.push_str(&line);
            self.log.push('\n');
        }
    }

    /// All that was logged so far; all there is once the program has ended.
    pub(crate) fn log(&mut self) -> String {
        for line in &self.errors {
            self.log.push_str(&line);
            self.log.push('\n');
        }
        self.log.clone()
    }

    /// Waits for the end.
    #[track_caller]
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.log);
            thread::park_timeout(Duration::from_millis(10));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}
