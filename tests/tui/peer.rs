//! A server that says whatever it likes, for what a real one never would.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

/// Its one client's connection.
pub(super) struct Peer {
    pub(super) addr: SocketAddr,
    connected: mpsc::Receiver<TcpStream>,
}

impl Peer {
    /// Greets the first who comes as a chaty server does.
    pub(super) fn listen() -> Self {
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
    pub(super) fn accept(&self) -> TcpStream {
        self.connected.recv().unwrap()
    }
}
