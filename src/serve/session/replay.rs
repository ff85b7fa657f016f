//! Brings a member what it missed and the log does not retain any more: page by page from the file,
//! until the log goes on. Also holds back a member's own entries until they are on the disk, where
//! the server was told to acknowledge nothing before.

use super::following::Replay;
use super::private::{ack, native_gap};
use super::writer::Writer;
use crate::log::Gap;
use crate::serve::history::{Durable, History, HistoryError, Past};
use crate::serve::hub::HubHandle;
use crate::wire::close::CloseReason;
use crate::wire::entry::{Entry, Event, Ordinal, RoomId, Seq};
use crate::wire::native::{self, ServerEvent};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWrite;
use tokio::sync::watch;

/// Entries of a page: of the longest a MiB in all, of ordinary ones a few writes' worth. Each session
/// that reads the file has one at a time.
const PAGE: usize = 256;
/// How long a replay that has caught up with the file waits for what is on its way there.
const COMMITTED: Duration = Duration::from_secs(5);

/// What a native session has of the file.
#[derive(Debug)]
pub(super) struct Filed {
    pub(super) hub: HubHandle,
    pub(super) history: History,
    /// Its name, which its coming into a room tells.
    pub(super) nick: Nick,
    /// What stands for the client's secret: messages with it are its own.
    pub(super) owner: Option<Arc<str>>,
    /// How far everything is on the disk, if acks wait for it.
    pub(super) durable: Option<watch::Receiver<Durable>>,
}

impl Filed {
    /// Up to where own entries may be told of, if not to the end.
    pub(super) fn limit(&self) -> Option<Ordinal> {
        let durable = *self.durable.as_ref()?.borrow();
        (!durable.suspended).then_some(durable.upto)
    }

    /// Waits until more is on the disk, if that makes a difference.
    pub(super) async fn moved(filed: Option<&mut Box<Self>>) {
        let Some(filed) = filed else { return pending().await };
        let Some(durable) = &mut filed.durable else { return pending().await };
        if durable.changed().await.is_err() {
            // A history that has ended keeps nobody waiting.
            filed.durable = None;
        }
    }
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    /// Writes the next page of what a room's log does not retain, or goes on with the log.
    pub(super) async fn replay(&mut self, replay: Replay) -> Result<(), CloseReason> {
        let Replay { room, name, after, joined } = replay;
        let Some(filed) = &self.filed else {
            self.following.part(room);
            return Ok(());
        };
        let (hub, history) = (filed.hub.clone(), filed.history.clone());
        let seat = self.seat.clone();
        let past = tokio::select! {
            past = missed(&hub, &history, &name, after) => past,
            // Its writer says why.
            () = seat.closed() => return Ok(()),
        };
        let past = past.unwrap_or_else(|error| {
            // Chat goes on without it; what is missing is told.
            tracing::warn!(room = %name, %error, "the history does not answer");
            Past::default()
        });
        let Some(last) = past.entries.last().map(|entry| entry.seq) else {
            self.go_on(&hub, room, name, after).await;
            return Ok(());
        };
        let (mut out, mut before) = (Vec::new(), after);
        for entry in &past.entries {
            if entry.seq > before.next() {
                native_gap(&name, Gap { after: before, before: entry.seq }, &mut out);
            }
            let is_mine = self.tell(&name, entry, joined, &mut out);
            self.taken.entries += u64::from(!is_mine);
            before = entry.seq;
        }
        self.own(out);
        self.following.replayed(room, last);
        if past.more {
            return Ok(());
        }
        // Perhaps the log has the rest.
        if let Some((cursor, None)) = hub.reopen(name, last).await {
            self.following.live(room, cursor);
        }
        Ok(())
    }

    /// Goes on with the log, behind what neither has.
    async fn go_on(&mut self, hub: &HubHandle, room: RoomId, name: RoomName, after: Seq) {
        match hub.reopen(name.clone(), after).await {
            Some((cursor, gap)) => {
                if let Some(gap) = gap {
                    let mut out = Vec::new();
                    native_gap(&name, gap, &mut out);
                    self.own(out);
                }
                self.following.live(room, cursor);
            }
            // A room that is forgotten has nobody in it.
            None => self.following.part(room),
        }
    }

    /// An entry of the file: one of its own, said since it came, is acknowledged by it. Gives
    /// whether it is.
    fn tell(&self, room: &RoomName, entry: &Entry, joined: Seq, out: &mut Vec<u8>) -> bool {
        let is_mine = match (&entry.event, &self.filed) {
            _ if entry.seq < joined => false,
            (Event::Chat(chat), Some(filed)) => chat.owner.is_some() && chat.owner == filed.owner,
            // In a crowd, and of a script, there is no such entry.
            (Event::Join { who, .. }, Some(filed)) => entry.seq == joined && *who == filed.nick,
            _ => false,
        };
        match (is_mine, &entry.event, ServerEvent::of(room, entry)) {
            (true, Event::Chat(said), ServerEvent::Chat(chat)) => {
                ack(entry.seq, &chat, said.id.as_ref(), out);
            }
            // Its own coming.
            (true, ..) => {}
            (false, _, event) => native::put(&event, out),
        }
        is_mine
    }
}

/// The next page, if there is one now or when all that was said is in the file: what the log has let
/// go of may still be on its way there.
async fn missed(
    hub: &HubHandle,
    history: &History,
    room: &RoomName,
    after: Seq,
) -> Result<Past, HistoryError> {
    let past = history.after(room, after, PAGE).await?;
    if !past.entries.is_empty() {
        return Ok(past);
    }
    hub.recorded(COMMITTED).await;
    history.after(room, after, PAGE).await
}
