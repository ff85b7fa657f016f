//! A stand-in for the ancestor's own client: no framing, `recv(1024)`, each piece compared whole
//! with the system words, and everything else a message. It does what the ancestor's `user` mode
//! does, in a thread of its own, and keeps what it would have printed.

use super::{DEADLINE, Wire};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What the ancestor makes of one `recv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Received {
    /// `NICK`: it sent its name.
    AskedForName,
    NameTaken,
    Connected,
    Kicked,
    Message(String),
    /// The end, or bytes that are not UTF-8: it gives up.
    Disconnected,
}

/// A running ancestor.
#[derive(Debug)]
pub(crate) struct Ancestor {
    name: String,
    writer: TcpStream,
    received: Receiver<(Received, Duration)>,
    reader: Option<JoinHandle<()>>,
}

impl Ancestor {
    pub(crate) fn start(addr: SocketAddr, name: &str) -> Self {
        let wire = Wire::connect(addr);
        let writer = wire.writer();
        let (sender, received) = channel();
        let reader = std::thread::spawn({
            let name = name.to_owned();
            move || receive(wire, &name, &sender)
        });
        Self { name: name.into(), writer, received, reader: Some(reader) }
    }

    /// Joins. On a machine too busy to wake it in time the two words of the handshake may wait
    /// for it together; a test with a longer pause shows them apart.
    #[track_caller]
    pub(crate) fn join(addr: SocketAddr, name: &str) -> Self {
        let mut ancestor = Self::start(addr, name);
        ancestor.hears(&Received::AskedForName);
        match ancestor.next().0 {
            Received::Connected => ancestor.hears_text(super::WELCOME),
            Received::Message(both) if both == format!("NICK_OK{}", super::WELCOME) => {}
            other => panic!("{other:?}"),
        }
        ancestor
    }

    /// As its `input` loop does: its own tag in front, no newline behind.
    #[track_caller]
    pub(crate) fn says(&mut self, text: &str) -> &mut Self {
        use std::io::Write;
        self.writer.write_all(format!("{}: {text}", self.name).as_bytes()).unwrap();
        self
    }

    /// The next `recv`, and how long after the one before it came.
    #[track_caller]
    pub(crate) fn next(&mut self) -> (Received, Duration) {
        self.received.recv_timeout(DEADLINE).expect("nothing was received in time")
    }

    #[track_caller]
    pub(crate) fn hears(&mut self, expected: &Received) -> &mut Self {
        let (received, _) = self.next();
        assert_eq!(&received, expected);
        self
    }

    /// This comes next, in one message or, if this reader was late, some of them together.
    #[track_caller]
    pub(crate) fn hears_text(&mut self, text: &str) {
        let mut heard = String::new();
        while heard.len() < text.len() {
            let (Received::Message(part), _) = self.next() else { panic!("no message") };
            heard.push_str(&part);
        }
        assert_eq!(heard, text);
    }

    #[track_caller]
    pub(crate) fn hears_message(&mut self, text: &str) -> &mut Self {
        self.hears(&Received::Message(text.into()))
    }
}

impl Drop for Ancestor {
    fn drop(&mut self) {
        let _already_closed = self.writer.shutdown(std::net::Shutdown::Both);
        if let Some(reader) = self.reader.take() {
            // Its panics have been seen as a missing message.
            let _ended = reader.join();
        }
    }
}

fn receive(mut wire: Wire, name: &str, sender: &Sender<(Received, Duration)>) {
    let mut last = Instant::now();
    loop {
        let bytes = wire.recv(1024);
        let received = match std::str::from_utf8(&bytes) {
            Ok("") | Err(_) => Received::Disconnected,
            Ok("NICK") => {
                wire.sends(name);
                Received::AskedForName
            }
            Ok("NICK_INVALID") => Received::NameTaken,
            Ok("NICK_OK") => Received::Connected,
            Ok("KICK") => Received::Kicked,
            Ok(message) => Received::Message(message.to_owned()),
        };
        let now = Instant::now();
        let over =
            matches!(received, Received::NameTaken | Received::Kicked | Received::Disconnected);
        if sender.send((received, now.duration_since(last))).is_err() || over {
            return;
        }
        last = now;
    }
}
