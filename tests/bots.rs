//! The bots as a user has them: the real binary, real files, a plain client in the room.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;

/// Far longer than anything here takes: a busy machine must not decide a test.
const LONG: Duration = Duration::from_secs(30);
/// A way to save a file.
type Save = fn(&Path, &str);

const CITIZENS: [&str; 4] = ["alice", "bob", "chuck", "dora"];

fn chaty(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chaty"));
    command.args(arguments).env_remove("RUST_LOG").env_remove("CHATY_SERVER");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The lines of a stream as they come, read on a thread that ends with it.
fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        lines.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop);
    });
    lines
}

/// The first line with this in it.
#[track_caller]
fn wait_for(lines: &Receiver<String>, part: &str) -> String {
    let mut seen = Vec::new();
    while let Ok(line) = lines.recv_timeout(LONG) {
        if line.contains(part) {
            return line;
        }
        seen.push(line);
    }
    panic!("no {part:?} in {seen:#?}");
}

/// A process that does not outlive its test.
struct Running {
    child: Child,
    log: Receiver<String>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A server with the bots of a folder of its own.
struct House {
    _server: Running,
    address: String,
    home: TempDir,
    log: Receiver<String>,
}

impl House {
    fn open(scripts: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("bots")).unwrap();
        for (name, text) in scripts {
            fs::write(home.path().join("bots").join(name), text).unwrap();
        }
        let mut child = chaty(&[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--limit",
            "flood=false",
            "--bots",
            "bots",
        ])
        .current_dir(home.path())
        .spawn()
        .unwrap();
        let first = wait_for(&lines_of(child.stdout.take().unwrap()), "listening on");
        let address = first.rsplit(' ').next().unwrap().to_owned();
        let log = lines_of(child.stderr.take().unwrap());
        let (_unused, empty) = channel();
        let house = Self { _server: Running { child, log: empty }, address, home, log };
        for _ in scripts {
            wait_for(&house.log, "is online");
        }
        house
    }

    fn script(&self, name: &str) -> PathBuf {
        self.home.path().join("bots").join(name)
    }
}

/// Somebody in the room, in the line dialect.
struct Person {
    stream: TcpStream,
    lines: Receiver<String>,
}

impl Person {
    fn join(house: &House, name: &str) -> Self {
        let mut stream = TcpStream::connect(&house.address).unwrap();
        let lines = lines_of(stream.try_clone().unwrap());
        writeln!(stream, "{name}").unwrap();
        wait_for(&lines, "welcome");
        Self { stream, lines }
    }

    fn say(&mut self, text: &str) {
        writeln!(self.stream, "{text}").unwrap();
    }

    /// The next so many lines, sorted: which bot is first is chance.
    #[track_caller]
    fn hear(&self, count: usize) -> Vec<String> {
        let mut heard: Vec<String> =
            (0..count).map(|_| self.lines.recv_timeout(LONG).expect("a line in time")).collect();
        heard.sort();
        heard
    }
}

fn citizens() -> Vec<(&'static str, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("bots");
    ["alice.rhai", "bob.rhai", "chuck.rhai", "dora.rhai"]
        .map(|name| (name, fs::read_to_string(folder.join(name)).unwrap()))
        .to_vec()
}

fn rename_over(path: &Path, text: &str) {
    let other = path.with_extension("tmp");
    fs::write(&other, text).unwrap();
    fs::rename(other, path).unwrap();
}

fn like_vim(path: &Path, text: &str) {
    let backup = path.with_extension("rhai~");
    fs::rename(path, &backup).unwrap();
    fs::write(path, text).unwrap();
    fs::remove_file(backup).unwrap();
}

#[test]
fn the_four_citizens_answer_in_the_room_and_never_each_other() {
    let bots = citizens();
    let bots: Vec<(&str, &str)> = bots.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert_eq!(bots.len(), CITIZENS.len());
    let house = House::open(&bots);
    let mut neo = Person::join(&house, "Neo");
    neo.say("Let's PLAY!");
    let heard = neo.hear(4);
    assert_eq!(heard[0], "Alice: I think playing sounds great!");
    assert_eq!(heard[1], "Bob: Not sure about playing. Don't I get a choice?");
    assert_eq!(heard[2], "Chuck: What? playing sucks. Not doing that.");
    assert!(heard[3].starts_with("Dora: Yea, play is an option. Or we could do some "));
    // Their answers have trigger words in them; the next that is heard answers this:
    neo.say("no player here");
    neo.say("eat or sleep");
    let heard = neo.hear(4);
    assert_eq!(heard[0], "Alice: I think eating sounds great!");
    assert_eq!(heard[1], "Bob: Sure, both eat and sleeping seems ok to me");
    assert_eq!(heard[2], "Chuck: I don't care!");
    assert!(heard[3].starts_with("Dora: Yea, eat is an option."), "{heard:?}");
}

#[test]
fn a_saved_script_answers_anew_however_it_is_saved_and_a_broken_one_never() {
    let script = |answer: &str| format!("fn on_message(msg) {{ \"{answer}\" }}");
    let house = House::open(&[("echo.rhai", &script("first"))]);
    let mut neo = Person::join(&house, "Neo");
    let path = house.script("echo.rhai");
    let in_place: Save = |path, text| fs::write(path, text).unwrap();
    for (style, save) in [("in place", in_place), ("rename", rename_over), ("vim", like_vim)] {
        save(&path, &script(style));
        wait_for(&house.log, "echo.rhai reloaded in ");
        neo.say("hello");
        assert_eq!(neo.hear(1), [format!("Echo: {style}")]);
        save(&path, "fn on_message(msg) {\n  rply(\"x\");\n}\n");
        let first = wait_for(&house.log, "error");
        let message = "2:3: error: unknown function `rply`; did you mean `reply`?";
        assert!(first.ends_with(&format!("bots/echo.rhai:{message}")), "{first}");
        assert!(wait_for(&house.log, "2 | ").ends_with("  2 |   rply(\"x\");"));
        wait_for(&house.log, "^^^^");
        wait_for(&house.log, "still running the version loaded at ");
        neo.say("still there?");
        assert_eq!(neo.hear(1), [format!("Echo: {style}")]);
    }
}

#[test]
fn a_new_file_joins_and_a_deleted_one_leaves() {
    let house = House::open(&[("one.rhai", "fn on_mention(msg) { \"here\" }")]);
    let mut neo = Person::join(&house, "Neo");
    fs::write(house.script("two.rhai"), "fn on_mention(msg) { \"me too\" }").unwrap();
    assert_eq!(neo.hear(1), ["Two just connected"]);
    fs::write(house.script("three.rhai"), "fn on_mention(").unwrap();
    wait_for(&house.log, "waiting for a version that works");
    fs::write(house.script("three.rhai"), "fn on_mention(msg) { \"at last\" }").unwrap();
    assert_eq!(neo.hear(1), ["Three just connected"]);
    neo.say("One, Two, Three?");
    assert_eq!(neo.hear(3), ["One: here", "Three: at last", "Two: me too"]);
    fs::remove_file(house.script("two.rhai")).unwrap();
    assert_eq!(neo.hear(1), ["Two left the chat"]);
}

#[test]
fn bots_that_hear_each_other_fall_silent_at_the_hop_limit() {
    let echo = "const BOT = #{ hears_bots: \"all\" };\nfn on_message(msg) { `${msg.hops}` }";
    let house = House::open(&[("a.rhai", echo), ("b.rhai", echo)]);
    let mut neo = Person::join(&house, "Neo");
    neo.say("go");
    // Each hears the person, then the other, then the other's answer to that.
    assert_eq!(neo.hear(6), ["A: 0", "A: 1", "A: 2", "B: 0", "B: 1", "B: 2"]);
    neo.say("again");
    assert_eq!(neo.hear(6), ["A: 0", "A: 1", "A: 2", "B: 0", "B: 1", "B: 2"]);
}

#[test]
fn a_hostile_bot_troubles_nobody_else() {
    let house = House::open(&[
        (
            "evil.rhai",
            "fn on_message(msg) { let m = #{}; let i = 0; loop { m[`${i}`] = m; i += 1; } }",
        ),
        ("kind.rhai", "fn on_message(msg) { msg.text }"),
    ]);
    let mut neo = Person::join(&house, "Neo");
    for n in 0..5 {
        neo.say(&format!("hi {n}"));
        assert_eq!(neo.hear(1), [format!("Kind: hi {n}")]);
    }
    wait_for(&house.log, "more than 2000 elements");
}

#[track_caller]
fn fails(arguments: &[&str], folder: &Path) -> (i32, String) {
    let mut child = chaty(arguments).current_dir(folder).spawn().unwrap();
    drop(child.stdin.take());
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_script_that_cannot_begin_says_why() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("bots")).unwrap();
    let broken = "fn on_mesage(msg) { }";
    fs::write(home.path().join("bots/broken.rhai"), broken).unwrap();
    fs::write(home.path().join("bots/fine.rhai"), "fn on_message(msg) { }").unwrap();
    let (code, said) = fails(&["bot", "bots/broken.rhai"], home.path());
    let first =
        "bots/broken.rhai:1:4: error: nothing calls `on_mesage`; did you mean `on_message`?";
    assert_eq!((code, said.lines().next()), (1, Some(first)), "{said}");
    // A log for programs has nothing else in it, but for the last word of the process.
    let as_json = ["bot", "bots/broken.rhai", "--log-format", "json"];
    let (code, said) = fails(&as_json, home.path());
    let first: serde_json::Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    let fields = &first["fields"];
    assert_eq!((code, &first["level"]), (1, &"ERROR".into()), "{said}");
    assert_eq!(fields["message"], "nothing calls `on_mesage`; did you mean `on_message`?");
    assert_eq!(fields["file"], "bots/broken.rhai");
    assert_eq!((&fields["line"], &fields["column"]), (&1.into(), &4.into()), "{said}");
    assert!(!said.contains('|'), "{said}");
    let (code, said) = fails(&["bot", "bots/none.rhai"], home.path());
    assert_eq!(code, 1);
    assert!(said.contains("there is no bots/none.rhai"), "{said}");
    let (code, said) = fails(&["join", "bot", "Brokn"], home.path());
    assert_eq!(code, 1);
    assert!(said.contains("did you mean Broken?"), "{said}");
    // Nobody listens on port 1.
    for path in ["bots/fine.rhai", "bots"] {
        fs::write(home.path().join("bots/broken.rhai"), "fn on_message(msg) { }").unwrap();
        let (code, said) = fails(&["bot", path, "--server", "127.0.0.1:1"], home.path());
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("is `chaty serve` running there?"), "{said}");
    }
}

#[test]
fn supervised_bots_end_with_their_standard_input() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("fine.rhai");
    fs::write(&path, "fn on_message(msg) { }").unwrap();
    let path = path.to_str().unwrap();
    let mut child =
        chaty(&["bot", "--supervised", "--server", "127.0.0.1:1", path]).spawn().unwrap();
    let log = lines_of(child.stderr.take().unwrap());
    let mut running = Running { child, log };
    // It waits for a server that is not there yet, and goes on waiting.
    wait_for(&running.log, "is offline");
    assert_eq!(running.child.try_wait().unwrap(), None);
    drop(running.child.stdin.take());
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_room_can_ask_who_its_bots_are_and_why_they_said_something() {
    let house = House::open(&[
        (
            "chuck.rhai",
            "const BOT = #{ triggers: [\"play\"] };
             fn on_trigger(msg, word) { \"no\" }
             fn cmd_mood(msg, args) { after(0, \"later\"); }
             fn later() { \"better\" }",
        ),
        ("zed.rhai", "fn on_message(msg) { }"),
    ]);
    let mut neo = Person::join(&house, "Neo");
    neo.say("/why");
    assert_eq!(neo.hear(1), ["-- no bot has said anything yet"]);
    neo.say("/bots");
    let bots =
        ["--   Chuck answers to !mood, play", "--   Zed answers to every message", "-- 2 bots:"];
    assert_eq!(neo.hear(3), bots);
    neo.say("let's play");
    assert_eq!(neo.hear(1), ["Chuck: no"]);
    neo.say("/why");
    let why = neo.hear(2);
    assert_eq!(why[0], "--   Neo: let's play");
    let (head, cause) = why[1].rsplit_once('#').unwrap();
    assert!(head.ends_with(" was said by Chuck, in on_trigger, because of "), "{why:?}");
    neo.say(&format!("/why {cause}"));
    assert_eq!(neo.hear(1), [format!("-- #{cause} was not said by a bot, or too long ago")]);
    neo.say("!mood");
    assert_eq!(neo.hear(1), ["Chuck: better"]);
    neo.say("/why");
    let why = neo.hear(2);
    assert_eq!(why[0], "--   Neo: !mood");
    assert!(why[1].contains(" was said by Chuck, in later, because of #"), "{why:?}");
}

#[test]
fn state_is_there_when_its_bot_comes_back() {
    let count = "fn on_mention(msg) { state.n = (state.n ?? 0) + 1; `${state.n}` }";
    let house = House::open(&[("count.rhai", count)]);
    let mut neo = Person::join(&house, "Neo");
    neo.say("Count!");
    assert_eq!(neo.hear(1), ["Count: 1"]);
    let kept = house.home.path().join("bots/.state/count.json");
    neo.say("Count, again!");
    assert_eq!(neo.hear(1), ["Count: 2"]);
    fs::remove_file(house.script("count.rhai")).unwrap();
    assert_eq!(neo.hear(1), ["Count left the chat"]);
    let text = fs::read_to_string(&kept).unwrap();
    assert_eq!(text.split_whitespace().collect::<String>(), "{\"n\":2}");
    fs::write(house.script("count.rhai"), count).unwrap();
    assert_eq!(neo.hear(1), ["Count just connected"]);
    neo.say("Count?");
    assert_eq!(neo.hear(1), ["Count: 3"]);
}

#[test]
fn a_bot_is_in_the_rooms_it_names_also_after_an_edit() {
    let script = |room: &str| {
        format!(
            "const BOT = #{{ triggers: [\"work\"], rooms: [\"{room}\"] }};\nfn on_trigger(msg, word) {{ `in ${{msg.room}}` }}\n"
        )
    };
    let house = House::open(&[("ann.rhai", &script("#ops"))]);
    let mut neo = Person::join(&house, "Neo");
    neo.say("work in the lobby");
    neo.say("/join #ops");
    assert_eq!(neo.hear(1), ["-- you are in #ops: 2 here"]);
    neo.say("work");
    assert_eq!(neo.hear(1), ["Ann: in #ops"]);
    neo.say("/join #tea");
    assert_eq!(neo.hear(1), ["-- you are in #tea: 1 here"]);
    fs::write(house.script("ann.rhai"), script("#tea")).unwrap();
    assert_eq!(neo.hear(1), ["Ann just connected"]);
    neo.say("work");
    assert_eq!(neo.hear(1), ["Ann: in #tea"]);
    neo.say("/rooms");
    assert_eq!(neo.hear(2), ["-- #lobby: 0 here", "-- #tea: 2 here"]);
}
