//! A program in a pseudo-terminal, and the screen it draws.

use crate::cli::program::chaty_path;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{ErrorKind, Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Wide enough that no line of the log is wrapped.
pub(crate) const SIZE: PtySize = PtySize { rows: 24, cols: 160, pixel_width: 0, pixel_height: 0 };

/// What the program has drawn, and the news of more.
type Drawn = Arc<(Mutex<Shown>, Condvar)>;

struct Shown {
    parser: vt100::Parser,
    /// Every byte of it.
    raw: Vec<u8>,
    /// Nobody draws any more.
    over: bool,
}

pub(crate) struct Screen {
    drawn: Drawn,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
}

impl Screen {
    #[track_caller]
    pub(crate) fn start(dir: &Path, args: &[&str]) -> Self {
        Self::start_as(dir, args, "xterm")
    }

    #[track_caller]
    pub(crate) fn start_as(dir: &Path, args: &[&str], term: &str) -> Self {
        Self::start_with(dir, args, &[("TERM", term), ("NO_COLOR", "1")])
    }

    /// With these variables set.
    #[track_caller]
    pub(crate) fn start_with(dir: &Path, args: &[&str], vars: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(SIZE).unwrap();
        let mut command = CommandBuilder::new(chaty_path());
        command.args(args);
        for (name, value) in vars {
            command.env(name, value);
        }
        command.env("XDG_RUNTIME_DIR", dir);
        // The settings and the histories of whoever runs the tests are not theirs.
        command.env("XDG_CONFIG_HOME", dir);
        command.env("XDG_STATE_HOME", dir);
        command.env_remove("RUST_LOG");
        command.env_remove("CHATY_SERVER");
        command.cwd(dir);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let parser = vt100::Parser::new(size(SIZE.rows), size(SIZE.cols), 0);
        let drawn: Drawn =
            Arc::new((Mutex::new(Shown { parser, raw: Vec::new(), over: false }), Condvar::new()));
        let mut output = pair.master.try_clone_reader().unwrap();
        let drawing = Arc::clone(&drawn);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                // A pseudo-terminal ends with an error once its program is gone.
                let read = match output.read(&mut bytes) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    read => read.unwrap_or_default(),
                };
                let mut shown = drawing.0.lock().unwrap();
                shown.parser.process(&bytes[..read]);
                shown.raw.extend_from_slice(&bytes[..read]);
                shown.over = read == 0;
                drawing.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { drawn, keys, child, master: pair.master }
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// The rows with something on them, without the white space at their ends.
    pub(crate) fn rows(&self) -> Vec<String> {
        rows(&self.drawn.0.lock().unwrap().parser)
    }

    /// Every byte that was written so far.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.drawn.0.lock().unwrap().raw.clone()
    }

    pub(crate) fn bracketed_paste(&self) -> bool {
        self.drawn.0.lock().unwrap().parser.screen().bracketed_paste()
    }

    /// Waits until the screen looks so.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, looks: impl Fn(&[String]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut shown = self.drawn.0.lock().unwrap();
        while !looks(&rows(&shown.parser)) {
            let left = deadline.saturating_duration_since(Instant::now());
            let rows = rows(&shown.parser);
            assert!(!left.is_zero() && !shown.over, "never saw {what}:\n{rows:#?}");
            shown = self.drawn.1.wait_timeout(shown, left).unwrap().0;
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// The terminal's modes, in words.
    pub(crate) fn modes(&self) -> String {
        modes(self.master.as_ref())
    }

    /// The modes of a terminal that nobody has touched.
    pub(crate) fn fresh_modes() -> String {
        let pair = native_pty_system().openpty(SIZE).unwrap();
        modes(pair.master.as_ref())
    }

    /// Waits for the end of the program and for the last it drew.
    #[track_caller]
    pub(crate) fn exit_code(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        let mut shown = self.drawn.0.lock().unwrap();
        while !shown.over {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "it does not end:\n{:#?}", rows(&shown.parser));
            shown = self.drawn.1.wait_timeout(shown, left).unwrap().0;
        }
        drop(shown);
        self.child.wait().unwrap().exit_code()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn size(cells: u16) -> NonZero<u16> {
    NonZero::new(cells).unwrap()
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}

fn rows(parser: &vt100::Parser) -> Vec<String> {
    let rows = parser.screen().rows(0, SIZE.cols);
    rows.map(|row| row.trim_end().to_owned()).filter(|row| !row.is_empty()).collect()
}
