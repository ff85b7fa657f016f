//! What one abuser costs everybody else: a room in which polite members talk at a steady rate, and
//! how late their messages are heard, in turn without abuse and with one kind of it. Figures are told
//! only by `just abuse`; in every run of the tests it counts that nothing is lost.

use super::kinds::{CROWD, Done, KINDS, Kind};
use super::member::{self, Ears, Mouth};
use super::process::Process;
use super::{is_full, serve_with, size};
use crate::support::DEADLINE;
use crate::support::Server;
use rustix::process::{Pid, setpriority_process};
use serde_json::json;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// Messages a second in all. Each member says at most three a second, less than any flood control
/// minds.
const RATE: u32 = 200;
/// How much later than without abuse a message of a hundred may be heard.
const WORST: f64 = 2.0;
/// How often a kind is measured before it counts as later than that.
const TRIES: usize = 3;

/// What was heard of one phase.
#[derive(Debug, Default, Clone)]
struct Phase {
    sent: usize,
    /// Microseconds from before the write to after the read, one for each message and listener.
    late: Vec<u32>,
}

impl Phase {
    fn quantile(&self, part: f64) -> f64 {
        let mut late = self.late.clone();
        late.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index within a list that fits in memory"
        )]
        let at = (late.len() as f64 * part) as usize;
        f64::from(late.get(at.min(late.len().saturating_sub(1))).copied().unwrap_or_default())
    }
}

/// The polite ones, all on one thread.
struct Room {
    runtime: Runtime,
    tasks: LocalSet,
    mouths: Vec<(bool, Mouth)>,
    next: usize,
    began: Instant,
    phases: Rc<RefCell<Vec<Phase>>>,
    listeners: usize,
}

impl Room {
    fn open(addr: SocketAddr, members: usize) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (tasks, began) = (LocalSet::new(), Instant::now());
        let phases = Rc::<RefCell<Vec<Phase>>>::default();
        let mut mouths = Vec::new();
        for number in 0..members {
            let (is_native, nick) = (number % 2 == 1, format!("member{number}"));
            let (ears, mouth) = runtime.block_on(async {
                if is_native {
                    let hello = json!({"v": 1, "nick": nick});
                    let (ears, mouth, _) = member::native(addr, &hello).await.unwrap();
                    (ears, mouth)
                } else {
                    member::line(addr, &nick).await.unwrap()
                }
            });
            mouths.push((is_native, mouth));
            tasks.spawn_local(listen(ears, began, phases.clone()));
        }
        Self { runtime, tasks, mouths, next: 0, began, phases, listeners: members }
    }

    /// Talks for so long, and until everybody has heard it. Gives what was heard.
    #[track_caller]
    fn phase(&mut self, length: Duration) -> Phase {
        let number = self.phases.borrow().len();
        self.phases.borrow_mut().push(Phase::default());
        let Self { runtime, tasks, mouths, next, began, phases, listeners } = self;
        runtime.block_on(tasks.run_until(async {
            let mut clock = interval(Duration::from_secs(1) / RATE);
            clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
            let end = Instant::now() + length;
            while Instant::now() < end {
                clock.tick().await;
                let count = mouths.len();
                let (is_native, mouth) = &mut mouths[*next % count];
                *next += 1;
                let text = format!("~{number} {}~", began.elapsed().as_micros());
                let line = message(*is_native, &text);
                mouth.write_all(line.as_bytes()).await.unwrap();
                phases.borrow_mut()[number].sent += 1;
            }
            let is_heard = || {
                let phase = &phases.borrow()[number];
                phase.late.len() >= phase.sent * (*listeners - 1)
            };
            let all = async {
                while !is_heard() {
                    sleep(Duration::from_millis(1)).await;
                }
            };
            let _shown_below = timeout(DEADLINE, all).await;
        }));
        let phase = self.phases.borrow()[number].clone();
        assert_eq!(phase.late.len(), phase.sent * (self.listeners - 1), "heard by everybody else");
        phase
    }
}

/// A line that the dialect takes for a message.
fn message(is_native: bool, text: &str) -> String {
    if is_native { format!("{}\n", json!({"say": {"text": text}})) } else { format!("{text}\n") }
}

/// Notes how late each of the polite messages is.
async fn listen(mut ears: Ears, began: Instant, phases: Rc<RefCell<Vec<Phase>>>) {
    while let Ok(line) = ears.line().await {
        let now = began.elapsed().as_micros();
        let Some(stamp) = stamp(line) else { continue };
        let late = now.saturating_sub(stamp.1);
        phases.borrow_mut()[stamp.0].late.push(u32::try_from(late).unwrap_or(u32::MAX));
    }
}

/// The phase of a polite message, and when it was said.
fn stamp(line: &[u8]) -> Option<(usize, u128)> {
    let line = std::str::from_utf8(line).ok()?;
    let (_, rest) = line.split_once('~')?;
    let (stamp, _) = rest.split_once('~')?;
    let (phase, at) = stamp.split_once(' ')?;
    Some((phase.parse().ok()?, at.parse().ok()?))
}

/// Somebody who abuses, on a thread of its own.
struct Abuser {
    stop: tokio::sync::oneshot::Sender<()>,
    done: Arc<Done>,
    thread: JoinHandle<()>,
}

impl Abuser {
    /// Returns when it has begun.
    #[track_caller]
    fn start(addr: SocketAddr, from: Ipv4Addr, kind: &'static Kind) -> Self {
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let done = Arc::<Done>::default();
        let counts = done.clone();
        let thread = thread::spawn(move || {
            member::come_from(from);
            // Its own work is not to be taken for the server's: who measures goes first.
            if is_full() {
                let task = std::fs::read_link("/proc/thread-self").unwrap();
                let number = task.file_name().unwrap().to_str().unwrap().parse().unwrap();
                setpriority_process(Pid::from_raw(number), 19).unwrap();
            }
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    biased;
                    _ = stopped => {}
                    () = kind.abuse(addr, &counts) => {}
                }
            });
        });
        let began = Instant::now();
        while done.connections.load(Ordering::Relaxed) == 0 {
            assert!(began.elapsed() < DEADLINE, "{}: nothing is done", kind.name);
            thread::park_timeout(Duration::from_millis(1));
        }
        Self { stop, done, thread }
    }

    /// Bytes it got rid of and connections it made.
    #[track_caller]
    fn stop(self) -> (u64, u64) {
        drop(self.stop);
        self.thread.join().unwrap();
        let Done { bytes, connections } = &*self.done;
        (bytes.load(Ordering::Relaxed), connections.load(Ordering::Relaxed))
    }
}

/// Milliseconds from the environment, for who wants to look longer.
fn length() -> Duration {
    let asked = std::env::var("CHATY_ABUSE_PHASE").ok().and_then(|millis| millis.parse().ok());
    Duration::from_millis(asked.unwrap_or(if is_full() { 2000 } else { 150 }))
}

/// One way of abuse, between two times without. Gives how many times later than without it the last of
/// a hundred messages were heard, and what was heard after it.
#[track_caller]
fn trial(
    server: &Server,
    room: &mut Room,
    kind: &'static Kind,
    from: Ipv4Addr,
    before: &Phase,
    table: &mut String,
) -> (f64, Phase) {
    let process = Process(server.pid());
    let abuser = Abuser::start(server.addr(), from, kind);
    let computed = process.computed();
    let began = Instant::now();
    let during = room.phase(length());
    let load =
        process.computed().saturating_sub(computed).as_secs_f64() / began.elapsed().as_secs_f64();
    let (bytes, connections) = abuser.stop();
    // What is still on its way belongs to neither.
    room.phase(length() / 10);
    let after = room.phase(length());
    let clean = Phase { sent: 0, late: [&before.late[..], &after.late].concat() };
    let (p50, p99) = (clean.quantile(0.5), clean.quantile(0.99));
    let ratio = during.quantile(0.99) / p99;
    writeln!(
        table,
        "{:<45} {p50:>6.0} {p99:>6.0} {:>7.0} {:>7.0} {:>6.2} {ratio:>6.2} {:>5.0} {:>9} {connections:>6}",
        kind.name,
        during.quantile(0.5),
        during.quantile(0.99),
        during.quantile(0.5) / p50,
        load * 100.0,
        bytes / 1024,
    )
    .unwrap();
    (ratio, after)
}

#[test]
fn everybody_else_hears_everything_in_time_whatever_one_of_them_does() {
    // The abuser has an address of its own each time, for which the limits hold as by default.
    let server = serve_with(
        "[limits]\nloopback_exempt = false\nper_address = 128\nhandshakes_per_address = 128\n",
    );
    let mut room = Room::open(server.addr(), size(10, 99));
    let only = std::env::var("CHATY_ABUSE_KIND").unwrap_or_default();
    let (mut table, mut slow) = (String::new(), Vec::new());
    let mut before = room.phase(length());
    let kinds = KINDS.iter().filter(|kind| kind.name.contains(&only));
    for (kind, number) in kinds.zip(1..) {
        let from = Ipv4Addr::new(127, 0, 1, number);
        // A hundred who may say four messages a second each fill a room for everybody.
        let worst = if kind.name == CROWD { f64::INFINITY } else { WORST };
        // What the machine itself does in such a moment does not come three times in a row.
        let is_kept = (0..TRIES).any(|_| {
            let (ratio, after) = trial(&server, &mut room, kind, from, &before, &mut table);
            before = after;
            ratio <= worst
        });
        if !is_kept {
            slow.push(kind.name);
        }
    }
    if is_full() {
        eprintln!(
            "{:<45} {:>6} {:>6} {:>7} {:>7} {:>6} {:>6} {:>5} {:>9} {:>6}\n{table}",
            "one of 100 members",
            "p50 µs",
            "p99",
            "p50",
            "p99",
            "p50",
            "p99",
            "CPU",
            "KiB",
            "conns"
        );
        assert!(
            slow.is_empty(),
            "others' p99 more than {WORST} times what it was, {TRIES} times: {slow:?}"
        );
    }
}
