//! The bots' process: `chaty bot DIR` as a child of the server, started again when it dies, ended
//! with the server. No script and no bug in the bots can take the server with it; the child is an
//! ordinary client, so nothing but its address is shared.

use super::admin::console::Printer;
use crate::wire::shown::Shown;
use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Bytes of one line of the child's log; a longer one is shown in parts.
const LINE: u64 = 16 * 1024;

/// How long the last lines of a child that died may take to be shown: they are in its pipes.
const LAST_LINES: Duration = Duration::from_millis(250);

/// When a child that died is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause; each later one is twice as long …
    pub first: Duration,
    /// … up to this.
    pub longest: Duration,
    /// A child that lived so long begins again with the first pause.
    pub forgiven: Duration,
    /// How long the child may take to leave once its standard input is closed.
    pub grace: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            // Short enough that nobody misses the bots after one crash, long enough that a crash
            // at the start costs no more than a few percent of one core.
            first: Duration::from_millis(250),
            longest: Duration::from_secs(30),
            forgiven: Duration::from_mins(1),
            // The bots have only to say goodbye.
            grace: Duration::from_secs(2),
        }
    }
}

impl Backoff {
    /// The pause after a life of this length, and the one after the next.
    fn after(&self, pause: Duration, lived: Duration) -> (Duration, Duration) {
        let pause = if lived >= self.forgiven { self.first } else { pause };
        (pause, (pause * 2).min(self.longest))
    }
}

/// A child to keep alive.
#[derive(Debug)]
pub struct Supervised {
    pub program: PathBuf,
    pub args: Vec<OsString>,
    pub backoff: Backoff,
    /// Where the child's lines are shown.
    pub printer: Printer,
}

/// Why one life of the child ended.
enum Ended {
    Died(ExitStatus),
    Stopped,
    NotStarted(io::Error),
}

impl Supervised {
    /// The bots of a folder, run by this same program against a server on this machine.
    pub fn bots(
        folder: &Path,
        listening: SocketAddr,
        log: &[OsString],
        printer: Printer,
    ) -> io::Result<Self> {
        let mut args: Vec<OsString> = vec!["bot".into(), "--server".into()];
        args.push(reachable(listening).to_string().into());
        args.push("--supervised".into());
        args.extend_from_slice(log);
        args.extend(["--".into(), folder.into()]);
        let program = std::env::current_exe()?;
        Ok(Self { program, args, backoff: Backoff::default(), printer })
    }

    /// Keeps the child alive until it is cancelled; returns when the last one is gone.
    pub async fn run(self, cancel: CancellationToken) {
        let mut pause = self.backoff.first;
        loop {
            let born = Instant::now();
            let why = match self.live(&cancel).await {
                Ended::Stopped => return,
                Ended::Died(status) => status.to_string(),
                Ended::NotStarted(error) => error.to_string(),
            };
            let now;
            (now, pause) = self.backoff.after(pause, born.elapsed());
            tracing::warn!(%why, "the bots' process ended; it is started again in {now:?}");
            tokio::select! {
                () = cancel.cancelled() => return,
                () = sleep(now) => {}
            }
        }
    }

    /// One child, from its start to its end.
    async fn live(&self, cancel: &CancellationToken) -> Ended {
        let mut child = match self.start() {
            Ok(child) => child,
            Err(error) => return Ended::NotStarted(error),
        };
        // Held open: the child takes its end for the server's, kill -9 included.
        let stdin = child.stdin.take();
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let all_shown = CancellationToken::new();
        let shown = async {
            tokio::join!(self.show(out), self.show(err));
            all_shown.cancel();
            // A grandchild may hold the pipes open; the child's own end is what counts.
            std::future::pending::<()>().await;
        };
        tokio::pin!(shown);
        tokio::select! {
            () = cancel.cancelled() => {}
            status = child.wait() => {
                // What it said last is why it died.
                tokio::select! {
                    () = &mut shown => {}
                    () = all_shown.cancelled() => {}
                    () = sleep(LAST_LINES) => {}
                }
                return ended(status);
            }
            () = &mut shown => {}
        }
        drop(stdin);
        let leaves = async {
            tokio::select! {
                status = child.wait() => drop(status),
                () = &mut shown => {}
            }
        };
        if timeout(self.backoff.grace, leaves).await.is_err() {
            tracing::warn!("the bots did not leave in time and are killed");
            match timeout(self.backoff.grace, child.kill()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "the bots' process cannot be killed"),
                // Held by a disk that does not answer, it goes when that does.
                Err(_late) => tracing::warn!("the bots' process was killed and is there still"),
            }
        }
        Ended::Stopped
    }

    fn start(&self) -> io::Result<Child> {
        Command::new(&self.program)
            .args(&self.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C is the server's; the child leaves when the server says so.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }

    async fn show(&self, from: Option<impl AsyncRead + Unpin>) {
        let Some(from) = from else { return };
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        loop {
            line.clear();
            match (&mut from).take(LINE).read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {
                    let text = String::from_utf8_lossy(&line);
                    self.printer.line(&Shown::new(text.trim_end_matches(['\r', '\n'])));
                }
            }
        }
    }
}

fn ended(status: io::Result<ExitStatus>) -> Ended {
    match status {
        Ok(status) => Ended::Died(status),
        Err(error) => Ended::NotStarted(error),
    }
}

/// The address at which a server on this machine is reached: nobody connects to `0.0.0.0`.
pub fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tokio_util::task::TaskTracker;

    const QUICK: Backoff = Backoff {
        first: Duration::from_millis(1),
        longest: Duration::from_millis(4),
        forgiven: Duration::from_mins(1),
        grace: Duration::from_secs(5),
    };

    fn shell(script: &str, dir: &Path, backoff: Backoff) -> Supervised {
        Supervised {
            program: "/bin/sh".into(),
            args: vec!["-c".into(), script.into(), "bots".into(), dir.into()],
            backoff,
            printer: Printer::new(),
        }
    }

    /// Waits for a file that a child writes.
    async fn appears(path: &Path) {
        let wait = async {
            while !path.exists() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(10), wait).await.unwrap();
    }

    #[tokio::test]
    async fn the_child_is_started_again_and_leaves_when_its_input_ends() {
        let dir = tempfile::tempdir().unwrap();
        // Dies twice; the third life waits for the end of its input and leaves a note.
        let script = "cd \"$1\"; [ -e 1 ] || { touch 1; exit 3; }; [ -e 2 ] || { touch 2; exit 3; }
            touch 3; read line; touch left";
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(shell(script, dir.path(), QUICK).run(cancel.clone()));
        tasks.close();
        appears(&dir.path().join("3")).await;
        assert!(!dir.path().join("left").exists());
        cancel.cancel();
        tasks.wait().await;
        assert!(dir.path().join("left").exists());
    }

    struct Seen(std::sync::mpsc::Sender<String>);

    impl crate::serve::admin::console::Show for Seen {
        fn show(&mut self, lines: String) -> io::Result<()> {
            self.0.send(lines).map_err(io::Error::other)
        }
    }

    /// The end of the child was noticed before what it said of it was read.
    #[tokio::test]
    async fn what_a_child_says_as_it_dies_is_shown() {
        let dir = tempfile::tempdir().unwrap();
        let script = "cd \"$1\"; [ -e 1 ] && { touch 2; read line; exit; }; touch 1;
            i=0; while [ $i -lt 900 ]; do echo $i >&2; i=$((i+1)); done; exit 3";
        let supervised = shell(script, dir.path(), QUICK);
        let (shown, seen) = std::sync::mpsc::channel();
        supervised.printer.above(Seen(shown)).unwrap();
        let printer = supervised.printer.clone();
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(supervised.run(cancel.clone()));
        tasks.close();
        appears(&dir.path().join("2")).await;
        cancel.cancel();
        tasks.wait().await;
        printer.line("end");
        drop(printer);
        let lines: String = seen.iter().collect();
        let said = (0..900).map(|n| format!("{n}\n")).chain(["end\n".into()]);
        assert_eq!(lines, said.collect::<String>());
    }

    #[tokio::test]
    async fn a_child_that_stays_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let script = "cd \"$1\"; trap '' HUP TERM INT; echo $$ > pid; touch up; \
                      while :; do read line || exec sleep 600; done";
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        let backoff = Backoff { grace: Duration::from_millis(50), ..QUICK };
        tasks.spawn(shell(script, dir.path(), backoff).run(cancel.clone()));
        tasks.close();
        appears(&dir.path().join("up")).await;
        cancel.cancel();
        timeout(Duration::from_secs(10), tasks.wait()).await.unwrap();
        let pid = fs::read_to_string(dir.path().join("pid")).unwrap();
        assert!(!Path::new("/proc").join(pid.trim()).exists());
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_a_long_life_is_forgiven() {
        let backoff = Backoff::default();
        let mut pause = backoff.first;
        let mut pauses = Vec::new();
        for _ in 0..9 {
            let now;
            (now, pause) = backoff.after(pause, Duration::from_secs(1));
            pauses.push(now.as_millis());
        }
        assert_eq!(pauses, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        let (now, next) = backoff.after(pause, Duration::from_mins(1));
        assert_eq!((now, next), (backoff.first, backoff.first * 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_that_cannot_start_is_tried_for_ever_and_can_be_called_off() {
        let mut supervised = shell("", Path::new("/"), Backoff::default());
        supervised.program = "/nonexistent/chaty".into();
        let cancel = CancellationToken::new();
        let run = supervised.run(cancel.clone());
        tokio::pin!(run);
        assert!(timeout(Duration::from_mins(10), &mut run).await.is_err());
        cancel.cancel();
        run.await;
    }

    #[test]
    fn a_listener_on_every_address_is_reached_by_loopback() {
        for (listening, at) in
            [("0.0.0.0:5", "127.0.0.1:5"), ("[::]:5", "[::1]:5"), ("192.0.2.1:5", "192.0.2.1:5")]
        {
            assert_eq!(reachable(listening.parse().unwrap()), at.parse().unwrap());
        }
        let bots = Supervised::bots(
            Path::new("bots"),
            "0.0.0.0:5".parse().unwrap(),
            &["--log-format=json".into()],
            Printer::new(),
        );
        let args = bots.unwrap().args;
        let expected =
            ["bot", "--server", "127.0.0.1:5", "--supervised", "--log-format=json", "--", "bots"];
        assert_eq!(args, expected.map(OsString::from));
    }
}
