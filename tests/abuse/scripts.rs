//! What a script can reach outside: nothing. The real host runs scripts that try, beside a file and a
//! port that tell whoever touches them; `just abuse` also looks at every call of the kernel.

use super::is_full;
use crate::cli::program::{Program, chaty_path, private_dir};
use crate::support::{Line, Wire};
use notify::event::{AccessKind, EventKind};
use notify::{RecursiveMode, Watcher};
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

/// Ways to a file, a socket or a program that a script might look for. Each is a script of its own.
fn attempts(bait: &Path, port: u16) -> Vec<String> {
    let bait = bait.display();
    let outside = bait.to_string().replace(".rhai", "");
    [
        format!("open(\"{bait}\")"),
        format!("open_file(\"{bait}\")"),
        format!("read_file(\"{bait}\")"),
        format!("File::open(\"{bait}\")"),
        format!("fs::read(\"{bait}\")"),
        format!("load(\"{bait}\")"),
        format!("include(\"{bait}\")"),
        format!("import \"{outside}\" as bait"),
        "import \"../bait\" as bait".into(),
        "import \"../../bait\" as bait".into(),
        "import \"lib/../../bait\" as bait".into(),
        format!("eval(\"1\"); open(\"{bait}\")"),
        format!("connect(\"127.0.0.1:{port}\")"),
        format!("TcpStream::connect(\"127.0.0.1:{port}\")"),
        format!("http_get(\"127.0.0.1:{port}\")"),
        format!("fetch(\"http://127.0.0.1:{port}/\")"),
        format!("import \"http://127.0.0.1:{port}/bait\" as bait"),
        format!("system(\"cat {bait}\")"),
        format!("exec(\"cat {bait}\")"),
        "import \"/dev/tcp/127.0.0.1/1\" as bait".into(),
    ]
    .into()
}

/// A file that tells when it is opened.
fn watched(file: &Path) -> (notify::RecommendedWatcher, Receiver<()>) {
    let (touch, touched) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if matches!(event.unwrap().kind, EventKind::Access(AccessKind::Open(_))) {
            // Its test may be over.
            let _over = touch.send(());
        }
    })
    .unwrap();
    watcher.watch(file, RecursiveMode::NonRecursive).unwrap();
    (watcher, touched)
}

#[test]
fn no_script_opens_a_file_or_a_socket() {
    let dir = private_dir();
    let bots = dir.path().join("bots");
    fs::create_dir_all(bots.join("lib")).unwrap();
    let bait = dir.path().join("bait.rhai");
    fs::write(&bait, "fn taken() { 1 }").unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    port.set_nonblocking(true).unwrap();
    let attempts = attempts(&bait, port.local_addr().unwrap().port());
    for (number, attempt) in attempts.iter().enumerate() {
        // Both where it is loaded and where it runs.
        let script = format!("{attempt};\nfn on_load() {{ {attempt}; }}\n");
        fs::write(bots.join(format!("try{number}.rhai")), script).unwrap();
    }
    fs::write(bots.join("good.rhai"), "fn on_mention(msg) { \"fine\" }").unwrap();

    let (_watcher, touched) = watched(&bait);
    let mut host = Program::serve(dir.path(), &["--bots", bots.to_str().unwrap()]);
    host.logged("Good is online");
    for number in 0..attempts.len() {
        host.logged(&format!("try{number}.rhai"));
    }
    let mut neo = Line::join(Wire::connect(host.addr().parse().unwrap()), "Neo");
    neo.says("Good?").hears("Good: fine");
    assert_eq!(touched.try_recv(), Err(TryRecvError::Empty), "it was opened");
    assert_eq!(port.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "it was connected to");
    // The watch works: it tells of us.
    drop(fs::read(&bait).unwrap());
    touched.recv_timeout(Duration::from_secs(10)).expect("an opened file is told of");
    if is_full() {
        only_its_own_is_opened(dir.path(), &bots);
    }
}

/// Runs the same scripts again, and looks at every call that opens something.
#[track_caller]
fn only_its_own_is_opened(home: &Path, bots: &Path) {
    let runtime = private_dir();
    let server = Program::serve(runtime.path(), &[]);
    let trace = home.join("trace");
    // With -D it is the host that is our child, and the tracer ends with it.
    let mut host = Command::new("strace")
        .args(["-D", "-f", "-qq", "-s", "256"])
        .args(["-e", "trace=open,openat,openat2,creat,socket,connect,bind,execve", "-o"])
        .arg(&trace)
        .arg(chaty_path())
        .args(["bot", "--server", &server.addr()])
        .arg(bots)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("strace");
    let mut neo = Line::join(Wire::connect(server.addr().parse().unwrap()), "Neo");
    neo.hears("Good just connected").says("Good?").hears("Good: fine");
    host.kill().unwrap();
    host.wait().unwrap();

    let (trace, bots) = (fs::read_to_string(&trace).unwrap(), bots.to_str().unwrap());
    let may_open = [bots, "/proc/", "/sys/", "/etc/", "/lib", "/usr/", "/dev/null"];
    let done = trace.lines().filter(|line| !line.contains(" = -1 "));
    let mut opened = 0;
    for line in done.filter(|line| line.contains("open") && line.contains('"')) {
        let path = line.split('"').nth(1).unwrap();
        assert!(may_open.iter().any(|start| path.starts_with(start)), "{line}");
        opened += 1;
    }
    let port = format!("htons({})", server.port);
    for line in trace.lines().filter(|line| line.contains("connect(")) {
        assert!(line.contains(&port) || line.contains("resumed"), "{line}");
    }
    assert_eq!(trace.matches("execve(").count(), 1, "it starts nothing");
    assert!(!trace.contains("bind("), "it listens nowhere");
    assert!(opened > 10 && trace.contains(&port), "the trace is of something else");
    assert!(!trace.contains("bait.rhai"), "it even tried");
}
