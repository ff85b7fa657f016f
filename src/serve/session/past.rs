//! Looks into a room's past for a member: what is retained comes from the hub, what is older and
//! what is searched for from the file. The member's next question waits meanwhile.

use super::private::{Past, Search, Word};
use super::reader::{Over, Reader};
use crate::room::Refusal;
use crate::serve::history::{HistoryError, Page};
use crate::serve::hub::{Recent, Request};
use crate::wire::close::CloseReason;
use crate::wire::entry::{Entry, MessageId, Seq};
use crate::wire::room_name::RoomName;
use std::time::Duration;
use tokio::io::AsyncRead;
use tokio::sync::oneshot;

/// How long a search waits until what was said before it is in the file: many commits' time. A disk
/// that takes longer is searched without.
const COMMITTED: Duration = Duration::from_secs(1);

/// What a member asks of the past.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) id: Option<MessageId>,
    pub(super) room: Option<RoomName>,
    pub(super) before: Option<Seq>,
    pub(super) limit: usize,
    pub(super) search: Option<String>,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// Answers, or refuses.
    pub(super) async fn past(&mut self, ask: Ask) -> Result<(), Over> {
        let id = ask.id.clone();
        match self.look(ask).await? {
            Ok(past) => self.tell(Word::History(past)).await,
            Err(refusal) => {
                let re = Some(id.unwrap_or_else(|| "history".into()));
                self.send(Request::Refuse { session: self.session, re, refusal }).await
            }
        }
    }

    async fn look(&mut self, ask: Ask) -> Result<Result<Past, Refusal>, Over> {
        let Ask { id: re, room, before, limit, search } = ask;
        let (reply, recent) = oneshot::channel();
        let request = Request::Recent { session: self.session, room, before, limit, reply };
        self.send(request).await?;
        let recent = match recent.await {
            Ok(Ok(recent)) => recent,
            Ok(Err(refusal)) => return Ok(Err(refusal)),
            Err(_hub_is_gone) => return Err(Over(CloseReason::Shutdown)),
        };
        let Recent { room, recorded, mut cursor, count, mut first, mut more } = recent;
        let file = self.hub.history().filter(|_| recorded);
        let mut entries: Vec<Entry> = Vec::with_capacity(count);
        while let Some(slice) = cursor.next_slice(None).filter(|_| entries.len() < count) {
            entries.extend(slice.iter().take(count - entries.len()).cloned());
        }
        if entries.len() < count {
            // The log has let go of them since: the file has them, or nobody.
            (first, more) = (Seq(first.0 + count as u64), false);
            entries.clear();
        }
        Ok(match (file, search) {
            (None, Some(_)) => Err(Refusal::NotRecorded(room)),
            (None, None) => Ok(Past { re, room, entries, more, search: None }),
            (Some(_), None) if entries.len() >= limit && more => {
                Ok(Past { re, room, entries, more, search: None })
            }
            (Some(file), None) => {
                let missing = limit - entries.len();
                // With nothing missing, one shows whether there is more.
                let page = file.before(&room, Some(first), missing.max(1), None).await;
                let Page { entries: mut older, mut more, .. } = known(&room, page);
                if missing == 0 {
                    more = !older.is_empty();
                    older.clear();
                }
                older.append(&mut entries);
                Ok(Past { re, room, entries: older, more, search: None })
            }
            (Some(file), Some(words)) => {
                self.hub.recorded(COMMITTED).await;
                let page = file.before(&room, before, limit, Some(&words)).await;
                let Page { entries, more, cut } = known(&room, page);
                let search = Some(Search { words, cut });
                Ok(Past { re, room, entries, more: more || cut, search })
            }
        })
    }
}

/// A page, or nothing where the file does not answer: chat goes on without it.
fn known(room: &RoomName, page: Result<Page, HistoryError>) -> Page {
    page.unwrap_or_else(|error| {
        tracing::warn!(%room, %error, "the history does not answer");
        Page::default()
    })
}
