//! The members of the soak: each lives in one room, says something when it is told to, is cut off when
//! it is told to, and comes back. What it hears goes to the checker.

use super::member::{self, Ears, Mouth};
use super::truth::{Heard, Truth};
use serde_json::{Value, json};
use socket2::SockRef;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;

/// How a member speaks with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Native,
    Line,
    Raw,
}

/// What a member is told to do.
#[derive(Debug)]
pub(crate) enum Order {
    Say,
    Cut,
}

/// One member, over all its connections.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) number: usize,
    pub(crate) dialect: Dialect,
    pub(crate) room: &'static str,
    pub(crate) is_slow: bool,
}

/// All that is known, and counted.
#[derive(Debug, Default)]
pub(crate) struct World {
    truth: BTreeMap<&'static str, Truth>,
    /// What those without numbers have heard, by member; only who is connected.
    heard: BTreeMap<usize, (&'static str, bool, Heard)>,
    /// The last number of each native member that is connected and reads.
    last: BTreeMap<usize, (&'static str, u64)>,
    fault: Option<String>,
    deliveries: u64,
    said: u64,
    cuts: u64,
    /// Slow readers that the server gave up.
    given_up: u64,
}

/// How far a slow reader may fall behind before it is looked upon as lost: it is cut off by then.
const PAUSE: Duration = Duration::from_millis(200);

impl World {
    /// Checks what has come since, and says how many who read have not heard everything yet.
    pub(crate) fn check(&mut self) -> Result<usize, String> {
        let Self { truth, heard, last, fault, .. } = self;
        if let Some(fault) = fault.take() {
            return Err(fault);
        }
        let mut behind = 0;
        for (room, is_slow, heard) in heard.values_mut() {
            let truth = truth.entry(room).or_default();
            heard.check(truth)?;
            behind += usize::from(!*is_slow && heard.next() != Some(truth.last() + 1));
        }
        for (room, seq) in last.values() {
            behind += usize::from(truth.entry(room).or_default().last() != *seq);
        }
        Ok(behind)
    }

    /// In the end nothing may be missing.
    pub(crate) fn ended(&self) -> Result<(), String> {
        for (room, truth) in &self.truth {
            let missing = truth.missing();
            if !missing.is_empty() {
                return Err(format!("nobody was told of {missing:?} of {room}"));
            }
        }
        for (number, (room, is_slow, heard)) in &self.heard {
            let last = self.truth.get(room).map_or(0, Truth::last);
            if !is_slow && heard.next() != Some(last + 1) {
                return Err(format!("m{number} has heard {:?} of {last} in {room}", heard.next()));
            }
        }
        for (number, (room, seq)) in &self.last {
            let last = self.truth.get(room).map_or(0, Truth::last);
            if *seq != last {
                return Err(format!("m{number} has been told of {seq} of {last} in {room}"));
            }
        }
        Ok(())
    }

    fn fault(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { said, deliveries, cuts, given_up, last, heard, .. } = self;
        write!(
            f,
            "{said} said, {deliveries} heard, {cuts} cuts, {given_up} slow readers closed, \
             {} here, 0 faults",
            last.len() + heard.len()
        )
    }
}

/// What a native member keeps from one connection to the next.
#[derive(Debug, Default)]
struct Kept {
    epoch: String,
    last: Option<u64>,
    /// Its own coming, which it is not told of.
    own: Option<u64>,
    /// What is said and not acknowledged.
    unacked: VecDeque<String>,
}

impl Person {
    /// A connection has ended; whether there is to be another.
    fn ended(&self, world: &mut World, result: io::Result<bool>) -> bool {
        world.heard.remove(&self.number);
        world.last.remove(&self.number);
        match result {
            Ok(true) => world.cuts += 1,
            Ok(false) => return false,
            Err(_given_up) if self.is_slow => world.given_up += 1,
            Err(error) => world.fault(format!("m{} lost its connection: {error}", self.number)),
        }
        true
    }

    /// What the server says to this member alone has no place in the order.
    fn hears(&self, world: &mut World, bytes: &[u8], is_framed: bool) {
        world.deliveries += 1;
        if !(is_framed && bytes.starts_with(b"-- "))
            && let Some((_, _, heard)) = world.heard.get_mut(&self.number)
        {
            heard.hears(bytes, is_framed);
        }
    }

    /// Lives until nobody gives it orders any more.
    pub(crate) async fn live(
        self,
        addr: SocketAddr,
        world: Rc<RefCell<World>>,
        mut orders: Receiver<Order>,
    ) {
        let (mut kept, mut said) = (Kept::default(), 0);
        for life in 0_u32.. {
            let result = match self.dialect {
                Dialect::Native => {
                    self.native(addr, &world, &mut orders, &mut kept, &mut said).await
                }
                Dialect::Line | Dialect::Raw => {
                    self.plain(addr, &world, &mut orders, life, &mut said).await
                }
            };
            if !self.ended(&mut world.borrow_mut(), result) {
                return;
            }
            sleep(Duration::from_millis(rand::random_range(0..1000))).await;
        }
    }

    /// What is said next; now and then a bot has something to say to it.
    fn text(&self, said: &mut u64) -> String {
        *said += 1;
        let word = if said.is_multiple_of(7) { "shall we play" } else { "the build is green" };
        format!("{} {said}, {word}", self.room)
    }

    /// How a connection ends that is cut: in order, or with a reset.
    fn cut(mouth: &Mouth) {
        if rand::random() {
            let _gone = SockRef::from(mouth.as_ref()).set_linger(Some(Duration::ZERO));
        }
    }

    /// One connection in the native dialect; true if it was cut, false at the end of all.
    async fn native(
        &self,
        addr: SocketAddr,
        world: &RefCell<World>,
        orders: &mut Receiver<Order>,
        kept: &mut Kept,
        said: &mut u64,
    ) -> io::Result<bool> {
        let nick = format!("m{}", self.number);
        let mut hello =
            json!({"v": 1, "nick": nick, "token": format!("{nick} itself"), "room": self.room});
        if let Some(last) = kept.last {
            hello["resume"] = json!({"epoch": kept.epoch, "after": {self.room: last}});
        }
        let (mut ears, mut mouth, welcome) = member::native(addr, &hello).await?;
        let own = welcome["rooms"][0]["seq"].as_u64().unwrap_or_default();
        welcome["epoch"].as_str().unwrap_or_default().clone_into(&mut kept.epoch);
        kept.own = Some(own);
        let last = *kept.last.get_or_insert(own);
        let mut entry = Presence { truth: self.room, nick: &nick, last };
        if self.is_slow {
            SockRef::from(mouth.as_ref()).set_recv_buffer_size(4096)?;
        }
        for text in &kept.unacked {
            mouth.write_all(say(text).as_bytes()).await?;
        }
        loop {
            if kept.own == Some(entry.last + 1) {
                entry.last += 1;
            }
            if !self.is_slow {
                world.borrow_mut().last.insert(self.number, (self.room, entry.last));
            }
            tokio::select! {
                event = ears.event() => {
                    let event = event?;
                    entry.told(&event, &mut world.borrow_mut(), kept)?;
                    kept.last = Some(entry.last);
                    if event.get("ping").is_some() {
                        mouth.write_all(b"{\"pong\":{}}\n").await?;
                    }
                    if self.is_slow {
                        sleep(PAUSE).await;
                    }
                }
                order = orders.recv() => match order {
                    Some(Order::Say) if !self.is_slow => {
                        let text = self.text(said);
                        mouth.write_all(say(&text).as_bytes()).await?;
                        kept.unacked.push_back(text);
                        world.borrow_mut().said += 1;
                    }
                    Some(Order::Say) => {}
                    Some(Order::Cut) => {
                        Self::cut(&mouth);
                        return Ok(true);
                    }
                    None => return Ok(false),
                },
            }
        }
    }

    /// One connection in one of the other dialects, under a name that is used once.
    async fn plain(
        &self,
        addr: SocketAddr,
        world: &RefCell<World>,
        orders: &mut Receiver<Order>,
        life: u32,
        said: &mut u64,
    ) -> io::Result<bool> {
        let nick = format!("m{}.{life}", self.number);
        let is_framed = self.dialect == Dialect::Line;
        let (mut ears, mut mouth) = if is_framed {
            self.enter(addr, &nick).await?
        } else {
            member::raw(addr, &nick).await?
        };
        let heard = (self.room, self.is_slow, Heard::new(&nick));
        world.borrow_mut().heard.insert(self.number, heard);
        if self.is_slow {
            SockRef::from(mouth.as_ref()).set_recv_buffer_size(4096)?;
        }
        loop {
            tokio::select! {
                heard = hears(&mut ears, is_framed) => {
                    let bytes = heard?;
                    if bytes.is_empty() {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    self.hears(&mut world.borrow_mut(), bytes, is_framed);
                    if self.is_slow {
                        sleep(PAUSE).await;
                    }
                }
                order = orders.recv() => match order {
                    Some(Order::Say) if !self.is_slow => {
                        let end = if is_framed { "\n" } else { "" };
                        let text = format!("{}{end}", self.text(said));
                        mouth.write_all(text.as_bytes()).await?;
                        world.borrow_mut().said += 1;
                    }
                    Some(Order::Say) => {}
                    Some(Order::Cut) => {
                        Self::cut(&mouth);
                        return Ok(true);
                    }
                    None => return Ok(false),
                },
            }
        }
    }

    /// Comes in as a line member and goes to its room.
    async fn enter(&self, addr: SocketAddr, nick: &str) -> io::Result<(Ears, Mouth)> {
        let (mut ears, mut mouth) = member::line(addr, nick).await?;
        mouth.write_all(format!("/join {}\n", self.room).as_bytes()).await?;
        let entered = format!("-- you are in {}", self.room);
        while !ears.line().await?.starts_with(entered.as_bytes()) {}
        Ok((ears, mouth))
    }
}

async fn hears(ears: &mut Ears, is_framed: bool) -> io::Result<&[u8]> {
    if is_framed { ears.line().await } else { ears.bytes().await }
}

/// A message whose id is its text: what is sent again after a cut is said once.
fn say(text: &str) -> String {
    format!("{}\n", json!({"say": {"id": text, "text": text}}))
}

/// Where a native member has come to.
struct Presence<'a> {
    truth: &'static str,
    nick: &'a str,
    last: u64,
}

impl Presence<'_> {
    /// Takes an event: the numbers go on without a gap, and all are told the same.
    fn told(&mut self, event: &Value, world: &mut World, kept: &mut Kept) -> io::Result<()> {
        let (name, it) = event.as_object().and_then(|event| event.iter().next()).unwrap();
        let text = |key: &str| it[key].as_str().unwrap_or_default();
        let (author, line) = match name.as_str() {
            "chat" => (text("from"), format!("{}: {}", text("from"), text("text"))),
            "join" => (text("who"), format!("{} just connected", text("who"))),
            "leave" => (text("who"), format!("{} left the chat", text("who"))),
            "ack" => {
                kept.unacked.retain(|unacked| unacked != text("id"));
                if it["duplicate"] == true {
                    return Ok(());
                }
                (self.nick, format!("{}: {}", self.nick, text("id")))
            }
            "gap" => {
                world.fault(format!("{} is told of a gap: {event}", self.nick));
                return Ok(());
            }
            "bye" => return Err(io::Error::other(event.to_string())),
            _ => return Ok(()),
        };
        world.deliveries += 1;
        let seq = it["seq"].as_u64().unwrap_or_default();
        if seq != self.last + 1 {
            world.fault(format!("{} is told of {seq} after {}: {event}", self.nick, self.last));
        }
        self.last = seq;
        let told = world.truth.entry(self.truth).or_default().tell(seq, author, &line);
        if let Err(fault) = told {
            world.fault(fault);
        }
        Ok(())
    }
}
