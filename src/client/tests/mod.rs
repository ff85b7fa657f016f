//! The client against a scripted server, in paused time: what it says, what it hears, and what it
//! does when the connection breaks.

mod breaks;
mod talk;

use super::dial::Dial;
use super::{Closed, Event, Handle, Options, Retry, start};
use crate::wire::entry::{Kind, MessageId};
use crate::wire::native::{ClientEvent, Decoded, Hello, Say, ServerEvent, decode_client};
use crate::wire::nick::Nick;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

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
        rooms: Vec::new(),
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

    async fn say_after_the_end(&self) -> bool {
        self.handle.say(Say::default()).await == Err(super::Gone)
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
