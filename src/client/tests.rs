//! The client against a scripted server, in paused time: what it says, what it hears, and what it
//! does when the connection breaks.

use super::dial::Dial;
use super::*;
use crate::wire::close::CloseReason;
use crate::wire::native::{Decoded, Hello, decode_client};
use std::io;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::time::{Instant, timeout};

/// Dials into the test.
#[derive(Debug, Clone)]
struct Fake(mpsc::Sender<DuplexStream>);

impl Dial for Fake {
    type Stream = DuplexStream;

    async fn dial(self) -> io::Result<DuplexStream> {
        let (here, there) = duplex(256 * 1024);
        let refused = |_| io::ErrorKind::ConnectionRefused.into();
        self.0.send(there).await.map(|()| here).map_err(refused)
    }
}

/// A client and the server it believes in.
struct Scene {
    handle: Handle,
    events: mpsc::Receiver<Event>,
    dialled: mpsc::Receiver<DuplexStream>,
    cancel: CancellationToken,
    tracker: TaskTracker,
}

/// The server's side of one connection.
struct Peer(BufReader<DuplexStream>);

fn scene(retry: Retry) -> Scene {
    let (dial, dialled) = mpsc::channel(1);
    let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
    let options = Options {
        server: "h:1".into(),
        nick: Nick::parse(b"Neo").unwrap(),
        kind: Kind::User,
        after: None,
        retry,
    };
    let (handle, events) = start(Fake(dial), options, &tracker, cancel.clone());
    Scene { handle, events, dialled, cancel, tracker }
}

impl Scene {
    /// A connection up to its hello.
    async fn accept(&mut self) -> (Peer, Hello) {
        let mut peer = Peer(BufReader::new(self.dialled.recv().await.unwrap()));
        peer.0.write_all(b"NICK").await.unwrap();
        match peer.hear().await {
            ClientEvent::Hello(hello) => (peer, hello),
            other => panic!("{other:?}"),
        }
    }

    /// A connection on which the client is admitted.
    async fn admit(&mut self, epoch: &str, seq: u64) -> (Peer, Hello) {
        let (mut peer, hello) = self.accept().await;
        peer.welcome(epoch, seq).await;
        match self.events.recv().await.unwrap() {
            Event::Online { nick, .. } => assert_eq!(nick.as_str(), "Neo"),
            other => panic!("{other:?}"),
        }
        (peer, hello)
    }

    #[track_caller]
    fn assert_silent(&mut self) {
        assert_eq!(self.events.try_recv(), Err(mpsc::error::TryRecvError::Empty));
    }

    async fn server_event(&mut self) -> ServerEvent<'static> {
        match self.events.recv().await.unwrap() {
            Event::Server(event) => event,
            other => panic!("{other:?}"),
        }
    }

    async fn offline(&mut self) -> (String, Duration) {
        match self.events.recv().await.unwrap() {
            Event::Offline { why, retry_in } => (why, retry_in),
            other => panic!("{other:?}"),
        }
    }

    /// The end, after which there is nothing.
    async fn closed(&mut self) -> Closed {
        match self.events.recv().await.unwrap() {
            Event::Closed { why } => {
                assert_eq!(self.events.recv().await, None);
                why
            }
            other => panic!("{other:?}"),
        }
    }

    async fn say(&self, text: &str) -> MessageId {
        self.handle.say(Say { text: text.into(), ..Say::default() }).await.unwrap()
    }
}

impl Peer {
    async fn send(&mut self, line: &str) {
        self.0.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    async fn welcome(&mut self, epoch: &str, seq: u64) {
        self.send("").await;
        self.send(&format!(
            r##"{{"welcome":{{"v":1,"server":"t","nick":"Neo","epoch":"{epoch}","rooms":[{{"room":"#lobby","seq":{seq},"members":1}}],"limits":{{"text":4096,"line":16384,"ping_secs":30,"dead_secs":90}},"text":"hi"}}}}"##
        ))
        .await;
    }

    async fn chat(&mut self, seq: u64, from: &str, text: &str) {
        self.send(&format!(
            r##"{{"chat":{{"room":"#lobby","seq":{seq},"at":1,"from":"{from}","text":"{text}"}}}}"##
        ))
        .await;
    }

    async fn ack(&mut self, id: &str, seq: u64, duplicate: bool) {
        self.send(&format!(
            r##"{{"ack":{{"id":"{id}","room":"#lobby","seq":{seq},"at":1,"duplicate":{duplicate}}}}}"##
        ))
        .await;
    }

    async fn hear(&mut self) -> ClientEvent {
        let mut line = String::new();
        assert_ne!(self.0.read_line(&mut line).await.unwrap(), 0, "the client hung up");
        match decode_client(line.trim_end().as_bytes()).unwrap() {
            Decoded::Event(event) => event,
            Decoded::Unknown(name) => panic!("{name}"),
        }
    }

    /// The next message: its id and text.
    async fn said(&mut self) -> (String, String) {
        match self.hear().await {
            ClientEvent::Say(say) => (say.id.unwrap(), say.text),
            other => panic!("{other:?}"),
        }
    }
}

fn text_of(event: &ServerEvent<'_>) -> String {
    match event {
        ServerEvent::Chat(chat) => format!("{} {}: {}", chat.seq, chat.from, chat.text),
        ServerEvent::Ack(ack) => format!("ack {}", ack.id.as_deref().unwrap_or("-")),
        ServerEvent::Gap(gap) => format!("gap {}..{}", gap.after, gap.before),
        ServerEvent::Refused(refused) => {
            format!("refused {} {}", refused.re.as_deref().unwrap_or("-"), refused.code)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_acknowledged_is_said_again_in_order_under_its_old_id() {
    let mut scene = scene(Retry::AfterFirst);
    let (mut peer, first) = scene.admit("e", 5).await;
    assert_eq!(first.resume, None);
    for text in ["a", "b", "c"] {
        scene.say(text).await;
    }
    let said = [peer.said().await, peer.said().await, peer.said().await];
    assert_eq!(said.clone().map(|(_, text)| text), ["a", "b", "c"]);
    peer.ack(&said[0].0, 6, false).await;
    assert_eq!(text_of(&scene.server_event().await), format!("ack {}", said[0].0));
    drop(peer);
    let (why, retry_in) = scene.offline().await;
    assert_eq!(why, "the connection was lost: the server closed the connection");
    assert!(retry_in <= Duration::from_millis(250), "{retry_in:?}");
    scene.say("d").await;

    let (mut peer, again) = scene.admit("e", 6).await;
    assert_eq!(again.token, first.token);
    let resume = again.resume.unwrap();
    assert_eq!((resume.epoch.as_str(), resume.after["#lobby"]), ("e", 6));
    assert_eq!(peer.said().await, said[1]);
    assert_eq!(peer.said().await, said[2]);
    assert_eq!(peer.said().await.1, "d");
    let more = timeout(Duration::from_secs(20), peer.hear()).await;
    assert!(more.is_err(), "nothing twice: {more:?}");
}

#[tokio::test(start_paused = true)]
async fn a_resume_has_no_gap_and_no_double_even_if_the_ack_overtakes_it() {
    let mut scene = scene(Retry::AfterFirst);
    let (mut peer, _) = scene.admit("e", 5).await;
    peer.chat(6, "Trin", "six").await;
    assert_eq!(text_of(&scene.server_event().await), "6 Trin: six");
    let id = scene.say("mine").await;
    peer.said().await;
    drop(peer);
    scene.offline().await;

    // The message had its place before the connection broke; others came before and after.
    let (mut peer, _) = scene.admit("e", 10).await;
    peer.ack(&id, 8, true).await;
    peer.chat(6, "Trin", "six").await;
    for (seq, from, text) in [(7, "Trin", "seven"), (8, "Neo", "mine"), (9, "Trin", "nine")] {
        peer.chat(seq, from, text).await;
    }
    for expected in [format!("ack {id}").as_str(), "7 Trin: seven", "9 Trin: nine"] {
        assert_eq!(text_of(&scene.server_event().await), expected);
    }
    scene.assert_silent();
}

#[tokio::test(start_paused = true)]
async fn an_own_line_that_a_resume_shows_is_told_by_its_ack_only() {
    let mut scene = scene(Retry::AfterFirst);
    let (mut peer, _) = scene.admit("e", 5).await;
    let id = scene.say("mine").await;
    peer.said().await;
    drop(peer);
    scene.offline().await;
    let (mut peer, _) = scene.admit("e", 7).await;
    peer.chat(6, "Neo", "mine").await;
    peer.ack(&id, 6, true).await;
    peer.ack(&id, 6, true).await;
    peer.chat(8, "Trin", "next").await;
    assert_eq!(text_of(&scene.server_event().await), format!("ack {id}"));
    assert_eq!(text_of(&scene.server_event().await), "8 Trin: next");
    scene.assert_silent();
}

#[tokio::test(start_paused = true)]
async fn what_the_server_no_longer_has_is_said() {
    let mut scene = scene(Retry::AfterFirst);
    let (peer, _) = scene.admit("e", 5).await;
    drop(peer);
    scene.offline().await;
    let (mut peer, hello) = scene.admit("f", 3).await;
    assert_eq!(hello.resume.unwrap().epoch, "e");
    peer.send(r##"{"gap":{"room":"#lobby","after":0,"before":2}}"##).await;
    peer.chat(2, "Trin", "a new log").await;
    assert_eq!(text_of(&scene.server_event().await), "gap 0..2");
    assert_eq!(text_of(&scene.server_event().await), "2 Trin: a new log");
}

#[tokio::test(start_paused = true)]
async fn silence_is_pinged_at_30_s_and_ends_at_90() {
    let mut scene = scene(Retry::AfterFirst);
    let (mut peer, _) = scene.admit("e", 5).await;
    let since = Instant::now();
    assert!(matches!(peer.hear().await, ClientEvent::Ping(_)));
    assert_eq!(since.elapsed().as_secs(), 30);
    peer.send(r#"{"pong":{"id":"keepalive"}}"#).await;
    assert!(matches!(peer.hear().await, ClientEvent::Ping(_)));
    assert_eq!(since.elapsed().as_secs(), 60, "an answer begins the count again");
    let (why, _) = scene.offline().await;
    assert_eq!(since.elapsed().as_secs(), 120);
    assert_eq!(why, "the connection was lost: the server was silent for 90 seconds");
}

#[tokio::test(start_paused = true)]
async fn a_servers_ping_is_answered_and_not_shown() {
    let mut scene = scene(Retry::Never);
    let (mut peer, _) = scene.admit("e", 5).await;
    peer.send(r#"{"ping":{"id":"x"}}"#).await;
    match peer.hear().await {
        ClientEvent::Pong(pong) => assert_eq!(pong.id.as_deref(), Some("x")),
        other => panic!("{other:?}"),
    }
    scene.assert_silent();
}

#[tokio::test(start_paused = true)]
async fn a_bye_says_whether_to_try_again() {
    for reason in CloseReason::ALL {
        let mut scene = scene(Retry::AfterFirst);
        let (mut peer, _) = scene.admit("e", 5).await;
        let code = reason.code();
        peer.send(&format!(r#"{{"bye":{{"code":"{code}","text":"why"}}}}"#)).await;
        drop(peer);
        if reason.is_worth_a_retry() {
            scene.offline().await;
            scene.admit("e", 5).await;
        } else {
            assert_eq!(scene.closed().await.to_string(), "why", "{code}");
            assert!(scene.say_after_the_end().await);
        }
    }
}

impl Scene {
    async fn say_after_the_end(&self) -> bool {
        self.handle.say(Say::default()).await == Err(Gone)
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_connection_fails_at_once_unless_told_otherwise() {
    let mut scene = scene(Retry::AfterFirst);
    scene.dialled.close();
    let why = scene.closed().await.to_string();
    assert_eq!(why, "cannot reach h:1: connection refused; is `chaty serve` running there?");

    let mut scene = self::scene(Retry::Always);
    let (mut peer, _) = scene.accept().await;
    peer.send("\n{\"refused\":{\"re\":\"hello\",\"code\":\"nick_taken\",\"text\":\"taken\"}}")
        .await;
    assert_eq!(scene.offline().await.0, "taken; choose another name");
    scene.admit("e", 1).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_chaty_or_does_not_answer_is_told_apart() {
    for (greeting, expected) in [
        ("SSH-2.0-x", "what answers at h:1 is not a chaty server"),
        ("-- the server is full\n", "the server is full; try again later"),
        ("", "cannot reach h:1: no answer within 10 seconds; is `chaty serve` running there?"),
    ] {
        let mut scene = scene(Retry::Never);
        let mut stream = scene.dialled.recv().await.unwrap();
        stream.write_all(greeting.as_bytes()).await.unwrap();
        if !greeting.is_empty() {
            stream.shutdown().await.unwrap();
        }
        let since = Instant::now();
        assert_eq!(scene.closed().await.to_string(), expected);
        assert!(since.elapsed() <= Duration::from_secs(10));
    }
}

#[tokio::test(start_paused = true)]
async fn say_waits_while_64_messages_are_unanswered() {
    let mut scene = scene(Retry::Never);
    let (mut peer, _) = scene.admit("e", 0).await;
    let mut ids = Vec::new();
    for n in 0..UNACKED {
        assert!(!scene.handle.is_full());
        ids.push(scene.say(&n.to_string()).await);
    }
    assert!(scene.handle.is_full());
    let waiting = scene.handle.say(Say { text: "one more".into(), ..Say::default() });
    tokio::pin!(waiting);
    assert!(timeout(Duration::from_secs(5), &mut waiting).await.is_err());
    peer.ack(&ids[0], 1, false).await;
    waiting.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_text_that_no_server_takes_is_refused_here() {
    let mut scene = scene(Retry::Never);
    let (mut peer, _) = scene.admit("e", 0).await;
    let long = scene.say(&"\0".repeat(4096)).await;
    let empty = scene.say("  ").await;
    scene.say("fits").await;
    assert_eq!(text_of(&scene.server_event().await), format!("refused {long} too_long"));
    assert_eq!(text_of(&scene.server_event().await), format!("refused {empty} empty"));
    assert_eq!(peer.said().await.1, "fits");
}

#[tokio::test(start_paused = true)]
async fn a_whisper_that_may_have_arrived_is_not_sent_again() {
    let mut scene = scene(Retry::AfterFirst);
    let (mut peer, _) = scene.admit("e", 0).await;
    let id = scene.handle.whisper("Trin", "psst").await.unwrap();
    assert!(matches!(peer.hear().await, ClientEvent::Whisper(_)));
    drop(peer);
    assert_eq!(text_of(&scene.server_event().await), format!("refused {id} unconfirmed"));
    scene.offline().await;
    let (mut peer, _) = scene.admit("e", 0).await;
    scene.say("next").await;
    assert_eq!(peer.said().await.1, "next");
}

#[tokio::test(start_paused = true)]
async fn quitting_says_what_was_said_before_and_waits_for_its_acks() {
    let mut scene = scene(Retry::AfterFirst);
    let (mut peer, _) = scene.admit("e", 0).await;
    let id = scene.say("last words").await;
    scene.handle.quit().await;
    assert_eq!(peer.said().await.1, "last words");
    assert!(matches!(peer.hear().await, ClientEvent::Quit(_)));
    peer.ack(&id, 1, false).await;
    peer.send(r#"{"bye":{"code":"quit","text":"you left"}}"#).await;
    assert_eq!(text_of(&scene.server_event().await), format!("ack {id}"));
    assert_eq!(scene.closed().await, Closed::Quit);
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_nobody_holds_it_and_when_it_is_cancelled() {
    let scene_ = scene(Retry::Always);
    let Scene { handle, mut events, mut dialled, tracker, .. } = scene_;
    let stream = dialled.recv().await.unwrap();
    drop(handle);
    assert_eq!(events.recv().await, Some(Event::Closed { why: Closed::Quit }));
    tracker.close();
    tracker.wait().await;
    drop(stream);

    let mut scene = scene(Retry::Always);
    let (mut peer, _) = scene.admit("e", 0).await;
    scene.cancel.cancel();
    assert!(matches!(peer.hear().await, ClientEvent::Quit(_)));
    let since = Instant::now();
    assert_eq!(scene.closed().await, Closed::Quit);
    assert!(since.elapsed() <= Duration::from_secs(2), "a deaf server is not waited for");

    let mut scene = self::scene(Retry::Always);
    let (mut peer, _) = scene.admit("e", 0).await;
    let (_gone, events) = mpsc::channel(1);
    drop(std::mem::replace(&mut scene.events, events));
    assert!(matches!(peer.hear().await, ClientEvent::Quit(_)));
}

#[tokio::test(start_paused = true)]
async fn hostile_text_arrives_harmless_and_odd_lines_are_survived() {
    let mut scene = scene(Retry::Never);
    let (mut peer, _) = scene.admit("e", 0).await;
    peer.send(r#"{"hologram":{}}"#).await;
    peer.send("not json").await;
    peer.send(r#"{"chat":{"room":1}}"#).await;
    peer.chat(1, "Tr\\u001b[31min", "a\\u001b]0;x\\u0007b\\u202e").await;
    assert_eq!(text_of(&scene.server_event().await), "1 Tr␛[31min: a␛]0;x␇b");
    scene.assert_silent();
}

#[tokio::test(start_paused = true)]
async fn the_pieces_in_which_bytes_arrive_change_nothing() {
    let transcript = concat!(
        "NICK\n",
        r##"{"welcome":{"v":1,"server":"t","nick":"Neo","epoch":"e","rooms":[{"room":"#lobby","seq":0,"members":1}],"limits":{"text":4096,"line":16384,"ping_secs":30,"dead_secs":90},"text":"hi"}}"##,
        "\r\n",
        r##"{"chat":{"room":"#lobby","seq":1,"at":1,"from":"Trin","text":"né"}}"##,
        "\n",
    );
    for piece in [1, 2, 3, 7, 64, transcript.len()] {
        let mut scene = scene(Retry::Never);
        let mut stream = scene.dialled.recv().await.unwrap();
        for bytes in transcript.as_bytes().chunks(piece) {
            stream.write_all(bytes).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert!(matches!(scene.events.recv().await, Some(Event::Online { first: true, .. })));
        assert_eq!(text_of(&scene.server_event().await), "1 Trin: né");
        let mut hello = [0; 9];
        stream.read_exact(&mut hello).await.unwrap();
        assert_eq!(&hello, br#"{"hello":"#);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_user_is_waited_for_and_loses_nothing() {
    let mut scene = scene(Retry::Never);
    let (mut peer, _) = scene.admit("e", 0).await;
    for seq in 1..=1000 {
        peer.chat(seq, "Trin", "x").await;
    }
    // Much longer than the server may be silent: it is this side that does not listen.
    tokio::time::sleep(Duration::from_mins(5)).await;
    for seq in 1..=1000 {
        assert_eq!(text_of(&scene.server_event().await), format!("{seq} Trin: x"));
    }
}
