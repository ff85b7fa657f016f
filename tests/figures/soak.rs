//! A long life: hundreds of members of all dialects, bots, slow readers, constant coming and going,
//! at a rate that keeps the machine about half busy; and a check of all that everybody hears. Prints a
//! line a minute and a verdict, and fails on a wrong order, a loss, or a server that grows.
//!
//! ```text
//! cargo run --release --example soak [MINUTES] [CHATY]
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that goes wrong panics, and its figures go to standard output"
)]

#[path = "../abuse/member.rs"]
mod member;
#[path = "../soak/people.rs"]
mod people;
#[path = "../abuse/process.rs"]
mod process;
#[path = "../soak/truth.rs"]
mod truth;

use people::{Dialect, Order, Person, World};
use process::Process;
use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Members who read as fast as they can: native and line in the rooms, and in the lobby, at a rate that
/// raw members can follow, some of each.
const NATIVE: usize = 220;
const LINE: usize = 220;
const RAW: usize = 20;
const IN_LOBBY: usize = 20;
/// Members who read a few lines a second.
const SLOW: usize = 20;
const ROOMS: [&str; 5] = ["#lobby", "#r1", "#r2", "#r3", "#r4"];
const BOTS: [&str; 5] = ["alice", "bob", "chuck", "dora", "dice"];

/// Messages a second in all: what the machine is half busy with lies between these.
const SLOWEST: f64 = 20.0;
/// Less than two a second for each member, which no flood control minds.
const FASTEST: f64 = 800.0;
/// … and what is said in the lobby.
const LOBBY: f64 = 5.0;
/// How busy the machine is to be.
const BUSY: f64 = 0.5;
/// One member is cut off, and comes back, every so often.
const CUT_EVERY: Duration = Duration::from_millis(400);

/// How often something that is to come is looked for.
const MOMENT: Duration = Duration::from_millis(500);

/// Memory may grow by so much in a minute, once it is warm.
const SLOPE: f64 = 256.0;
/// Descriptors that the history's readers open when they are first asked.
const MORE_DESCRIPTORS: usize = 16;

/// How much of the time since then no core was idle, and the same to go on from.
fn busy(before: (u64, u64)) -> (f64, (u64, u64)) {
    let stat = fs::read_to_string("/proc/stat").unwrap();
    let fields = stat.lines().next().unwrap().split_whitespace().skip(1).take(8);
    let ticks: Vec<u64> = fields.map(|field| field.parse().unwrap()).collect();
    let now: (u64, u64) = (ticks[3] + ticks[4], ticks.iter().sum());
    #[expect(clippy::cast_precision_loss, reason = "hundredths of seconds")]
    let idle = (now.0 - before.0) as f64 / (now.1 - before.1).max(1) as f64;
    (1.0 - idle, now)
}

/// How much `y` grows while `x` grows by one, by least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of samples")]
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let above: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let below: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if below > 0.0 { above / below } else { 0.0 }
}

/// The server, ended when this is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}

fn serve(chaty: &Path, home: &Path) -> (Server, SocketAddr) {
    let bots = home.join("bots");
    fs::create_dir(&bots).unwrap();
    for bot in BOTS {
        let script = format!("{bot}.rhai");
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("bots").join(&script);
        fs::copy(from, bots.join(script)).unwrap();
    }
    let config = home.join("chaty.toml");
    // Small enough that it is full before anything is measured.
    fs::write(&config, "[limits]\nretained_bytes = \"4MiB\"\n").unwrap();
    let mut child = Command::new(chaty)
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(&config)
        .arg("--history")
        .arg(home.join("h.db"))
        .arg("--bots")
        .arg(&bots)
        .env("XDG_RUNTIME_DIR", home)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(fs::File::create(home.join("log")).unwrap())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let addr = first.trim_end().strip_prefix("chaty is listening on ").expect(&first);
    let addr = addr.parse().unwrap();
    (Server(child), addr)
}

/// Everybody there is to be.
fn people() -> Vec<Person> {
    let mut all = Vec::new();
    let mut add = |count, dialect, is_slow, rooms: &[&'static str]| {
        for n in 0..count {
            let room = rooms[n % rooms.len()];
            all.push(Person { number: all.len(), dialect, room, is_slow });
        }
    };
    add(NATIVE, Dialect::Native, false, &ROOMS[1..]);
    add(LINE, Dialect::Line, false, &ROOMS[1..]);
    add(IN_LOBBY, Dialect::Native, false, &ROOMS[..1]);
    add(RAW, Dialect::Raw, false, &ROOMS[..1]);
    add(SLOW / 2, Dialect::Native, true, &ROOMS[1..]);
    add(SLOW / 2, Dialect::Line, true, &ROOMS[1..]);
    all
}

/// What is seen of the server over time.
struct Samples {
    process: Process,
    began: Instant,
    warm: Duration,
    resident: Vec<(f64, f64)>,
    threads: Vec<u64>,
}

impl Samples {
    fn take(&mut self) {
        let minutes = self.began.elapsed().as_secs_f64() / 60.0;
        if self.began.elapsed() >= self.warm {
            #[expect(clippy::cast_precision_loss, reason = "KiB of one process")]
            self.resident.push((minutes, self.process.resident() as f64));
            self.threads.push(self.process.threads());
        }
    }

    fn verdict(&self, world: &World) -> Result<String, String> {
        let growth = slope(&self.resident);
        let (fewest, most) = (self.threads.iter().min(), self.threads.iter().max());
        let seen = format!(
            "{world}; RSS {growth:+.1} KiB/min over {} samples, {} KiB at most; {} to {} threads",
            self.resident.len(),
            self.process.most_resident(),
            fewest.unwrap(),
            most.unwrap(),
        );
        if growth > SLOPE { Err(format!("it grows: {seen}")) } else { Ok(seen) }
    }
}

async fn soak(length: Duration, addr: SocketAddr, process: Process) -> Result<String, String> {
    let world = Rc::new(RefCell::new(World::default()));
    let (people, mut mouths) = (people(), Vec::new());
    let nobody = process.descriptors();
    let mut samples = Samples {
        process,
        began: Instant::now(),
        warm: (length / 3).min(Duration::from_mins(10)),
        resident: Vec::new(),
        threads: Vec::new(),
    };
    for person in &people {
        let (mouth, orders) = mpsc::channel(16);
        mouths.push(mouth);
        tokio::task::spawn_local(person.clone().live(addr, world.clone(), orders));
        // A few hundred a second, as after a restart.
        sleep(Duration::from_millis(3)).await;
    }

    let mut clock = interval(Duration::from_millis(5));
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut rate, mut due, mut due_lobby, mut last) = (100.0, 0.0, 0.0, Instant::now());
    let (mut cut, mut checked, mut told) = (Instant::now(), Instant::now(), Instant::now());
    let mut load = busy((0, 0)).1;
    let (lobby, elsewhere): (Vec<usize>, Vec<usize>) =
        (0..people.len()).partition(|&n| people[n].room == ROOMS[0]);
    while samples.began.elapsed() < length {
        clock.tick().await;
        let passed = last.elapsed().as_secs_f64();
        last = Instant::now();
        (due, due_lobby) = (due + rate * passed, due_lobby + LOBBY * passed);
        while due >= 1.0 {
            due -= 1.0;
            let _full =
                mouths[elsewhere[rand::random_range(0..elsewhere.len())]].try_send(Order::Say);
        }
        while due_lobby >= 1.0 {
            due_lobby -= 1.0;
            let _full = mouths[lobby[rand::random_range(0..lobby.len())]].try_send(Order::Say);
        }
        if cut.elapsed() >= CUT_EVERY {
            cut = Instant::now();
            let _full = mouths[rand::random_range(0..mouths.len())].try_send(Order::Cut);
        }
        if checked.elapsed() >= Duration::from_secs(1) {
            checked = Instant::now();
            world.borrow_mut().check()?;
            samples.take();
        }
        if told.elapsed() >= Duration::from_mins(1) {
            told = Instant::now();
            let (share, now) = busy(load);
            load = now;
            println!(
                "{:>3} min: {} KiB, {} descriptors, {} threads, {rate:.0} messages/s, machine {:.0} % busy, \
                 server computed {:.0?}, {}",
                samples.began.elapsed().as_secs() / 60,
                process.resident(),
                process.descriptors(),
                process.threads(),
                share * 100.0,
                process.computed(),
                world.borrow(),
            );
            rate = (rate * (BUSY / share.max(0.05)).clamp(0.7, 1.4)).clamp(SLOWEST, FASTEST);
        }
    }
    heard_to_the_end(&world).await?;
    drop(mouths);
    left_as_it_was(&samples, nobody).await?;
    samples.verdict(&world.borrow())
}

/// Everybody who is there hears the rest.
async fn heard_to_the_end(world: &RefCell<World>) -> Result<(), String> {
    let mut left = Duration::from_secs(30);
    while world.borrow_mut().check()? > 0 && !left.is_zero() {
        sleep(MOMENT).await;
        left = left.saturating_sub(MOMENT);
    }
    world.borrow().ended()
}

/// When everybody has gone, as much is open as before anybody came.
async fn left_as_it_was(samples: &Samples, nobody: usize) -> Result<(), String> {
    let (most, mut left) = (nobody + MORE_DESCRIPTORS, Duration::from_secs(20));
    while samples.process.descriptors() > most && !left.is_zero() {
        sleep(MOMENT).await;
        left = left.saturating_sub(MOMENT);
    }
    let open = samples.process.descriptors();
    println!("descriptors: {nobody} before anybody came, {open} after all have gone");
    if open > most {
        Err(format!("{open} descriptors are open, and {nobody} were"))
    } else {
        Ok(())
    }
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let minutes: f64 = args.next().map_or(30.0, |minutes| minutes.parse().unwrap());
    let beside = std::env::current_exe().unwrap().parent().unwrap().join("../chaty");
    let chaty = args.next().map_or(beside, Into::into);
    let home = tempfile::tempdir().unwrap();
    let (server, addr) = serve(&chaty, home.path());
    let process = Process(server.0.id());
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let length = Duration::from_secs_f64(minutes * 60.0);
    // Not from where the bots come from.
    member::come_from(Ipv4Addr::new(127, 0, 2, 1));
    match LocalSet::new().block_on(&runtime, soak(length, addr, process)) {
        Ok(seen) => {
            println!("passed: {seen}");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            println!("FAILED: {fault}");
            // The log is the server's side of it.
            println!("{}", home.keep().join("log").display());
            ExitCode::FAILURE
        }
    }
}
