//! A server that says whatever it likes, for what a real one never would: the corpus in every
//! place of every event.

use super::corpus::{self, CORPUS};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

/// Its one client's connection.
pub(crate) struct Peer {
    pub(crate) addr: SocketAddr,
    connected: mpsc::Receiver<TcpStream>,
}

impl Peer {
    /// Greets the first who comes as a chaty server does.
    pub(crate) fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (sender, connected) = mpsc::channel();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"NICK").unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut hello = String::new();
            reader.read_line(&mut hello).unwrap();
            assert!(hello.starts_with("{\"hello\""), "{hello}");
            stream.write_all(b"\n").unwrap();
            let welcome = r##"{"welcome":{"v":1,"server":"t","nick":"Neo","epoch":"e","rooms":[{"room":"#lobby","seq":0,"members":1}],"limits":{"text":4096,"line":16384,"ping_secs":30,"dead_secs":90},"text":"hi"}}"##;
            writeln!(stream, "{welcome}").unwrap();
            sender.send(stream).unwrap();
            // What it asks is not answered; it is read, so that it can ask.
            for line in reader.lines() {
                if line.is_err() {
                    return;
                }
            }
        });
        Self { addr, connected }
    }

    /// The connection, once somebody was greeted.
    pub(crate) fn accept(&self) -> TcpStream {
        self.connected.recv().unwrap()
    }
}

/// The corpus in every place of every event that a server can put a text into.
pub(crate) fn assault(peer: &mut impl Write) {
    let longest = corpus::longest();
    for (n, text) in CORPUS.iter().copied().chain([longest.as_str()]).enumerate() {
        let seq = 10 * n + 1;
        let text = serde_json::to_string(text).unwrap();
        let lines = [
            format!(
                r##"{{"chat":{{"room":"#lobby","seq":{seq},"at":1795452000000,"from":{text},"text":{text}}}}}"##
            ),
            format!(
                r##"{{"chat":{{"room":"#lobby","seq":{},"at":1795452000000,"from":"Trin","text":{text}}}}}"##,
                seq + 1
            ),
            format!(
                r##"{{"join":{{"room":"#lobby","seq":{},"at":1795452000000,"who":{text}}}}}"##,
                seq + 2
            ),
            format!(
                r##"{{"leave":{{"room":"#lobby","seq":{},"at":1795452000000,"who":{text},"reason":{text}}}}}"##,
                seq + 3
            ),
            format!(
                r##"{{"rename":{{"room":"#lobby","seq":{},"at":1795452000000,"from":{text},"to":{text}}}}}"##,
                seq + 4
            ),
            format!(
                r##"{{"topic":{{"room":"#lobby","seq":{},"at":1795452000000,"who":"T","topic":{text}}}}}"##,
                seq + 5
            ),
            format!(r#"{{"whisper":{{"at":1795452000000,"from":{text},"text":{text}}}}}"#),
            format!(r#"{{"notice":{{"text":{text}}}}}"#),
            format!(r#"{{"refused":{{"code":{text},"text":{text}}}}}"#),
            format!(
                r##"{{"roster":{{"room":"#lobby","members":[{{"nick":{text},"since":1}}]}}}}"##
            ),
            format!(r#"{{"entered":{{"room":{text},"seq":1,"members":1,"topic":{text}}}}}"#),
            format!(
                r#"{{"rooms":{{"rooms":[{{"room":{text},"seq":1,"members":1,"topic":{text}}}]}}}}"#
            ),
        ];
        for line in lines {
            writeln!(peer, "{line}").unwrap();
        }
    }
    // Half a character, which no string of ours can hold.
    writeln!(peer, r#"{{"notice":{{"text":"\ud800PWNED\udc00\ud83d"}}}}"#).unwrap();
    // … and once as it is, without JSON's escapes.
    for text in CORPUS {
        let text = text.replace('\u{0}', "").replace(['\r', '\n'], " ").replace('\\', "");
        writeln!(peer, r#"{{"notice":{{"text":"{text}"}}}}"#).unwrap();
    }
    writeln!(peer, r#"{{"notice":{{"text":"that was all"}}}}"#).unwrap();
}
