//! The handle that sessions and the console have, and the thread that answers it with a
//! connection of its own, so that a question never waits for a commit.

use super::OwnerKey;
use super::error::HistoryError;
use super::read::{Asker, Page, Past};
use super::recorder::Durable;
use super::transfer::{Stats, stats_of};
use super::view::Names;
use crate::wire::entry::Seq;
use crate::wire::room_name::RoomName;
use rusqlite::Connection;
use std::path::Path;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Questions that wait for the reader; who asks one more waits to ask. Each is at most a search.
const QUESTIONS: usize = 64;
/// How long an answer is waited for: many times what a search in millions of messages takes. Whoever
/// asks a disk that hangs goes on without it.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

/// The history of a running server, for whoever asks it.
#[derive(Debug, Clone)]
pub struct History {
    pub(super) questions: mpsc::Sender<Question>,
    pub(super) durable: watch::Receiver<Durable>,
    pub(super) closing: CancellationToken,
    pub(super) closed: watch::Receiver<bool>,
    pub(super) key: OwnerKey,
}

type Reply<T> = oneshot::Sender<Result<T, HistoryError>>;

#[derive(Debug)]
pub(super) enum Question {
    After {
        room: RoomName,
        after: Seq,
        limit: usize,
        reply: Reply<Past>,
    },
    Before(Box<Before>, Reply<Page>),
    Stats(Reply<Stats>),
    /// The last one: who still asks is told that the history is closed.
    Stop,
}

#[derive(Debug)]
pub(super) struct Before {
    room: RoomName,
    end: Option<Seq>,
    limit: usize,
    search: Option<String>,
}

impl History {
    /// The first `limit` entries of a room after a number, oldest first.
    pub async fn after(
        &self,
        room: &RoomName,
        after: Seq,
        limit: usize,
    ) -> Result<Past, HistoryError> {
        let room = room.clone();
        self.ask(|reply| Question::After { room, after, limit, reply }).await
    }

    /// The last `limit` entries of a room before a number (or at all), oldest first; with
    /// `search`, of the chats that have all of its words. A word may end in `*`.
    pub async fn before(
        &self,
        room: &RoomName,
        before: Option<Seq>,
        limit: usize,
        search: Option<&str>,
    ) -> Result<Page, HistoryError> {
        let (room, search) = (room.clone(), search.map(Into::into));
        let question = Box::new(Before { room, end: before, limit, search });
        self.ask(|reply| Question::Before(question, reply)).await
    }

    /// The file in numbers.
    pub async fn stats(&self) -> Result<Stats, HistoryError> {
        self.ask(Question::Stats).await
    }

    /// How far everything is in the file.
    pub fn durable(&self) -> watch::Receiver<Durable> {
        self.durable.clone()
    }

    /// For owners of ids, as [`Known`](super::Known) has them.
    pub fn key(&self) -> OwnerKey {
        self.key
    }

    /// Records what is still in the logs, which nobody appends to any more, and closes the file.
    pub async fn close(&self) {
        self.closing.cancel();
        let mut closed = self.closed.clone();
        // A recorder that is gone is closed.
        let _gone = closed.wait_for(|closed| *closed).await;
    }

    async fn ask<T>(&self, question: impl FnOnce(Reply<T>) -> Question) -> Result<T, HistoryError> {
        let (reply, answer) = oneshot::channel();
        let answered = async {
            self.questions.send(question(reply)).await.map_err(|_gone| HistoryError::Closed)?;
            answer.await.map_err(|_gone| HistoryError::Closed)?
        };
        timeout(ANSWER, answered).await.unwrap_or(Err(HistoryError::Late))
    }
}

pub(super) fn questions() -> (mpsc::Sender<Question>, mpsc::Receiver<Question>) {
    mpsc::channel(QUESTIONS)
}

/// Answers until it is stopped, or nobody can ask any more.
pub(super) fn answer(
    file: &Path,
    connection: &Connection,
    mut questions: mpsc::Receiver<Question>,
) {
    let mut names = Names::default();
    while let Some(question) = questions.blocking_recv() {
        let mut asker = Asker { file, connection, names: &mut names };
        // Who does not wait any more does not need to know.
        match question {
            // Searches may be waiting whose askers have long gone.
            Question::After { reply, .. } if reply.is_closed() => {}
            Question::Before(_, reply) if reply.is_closed() => {}
            Question::After { room, after, limit, reply } => {
                let _gone = reply.send(asker.after(&room, after, limit));
            }
            Question::Before(question, reply) => {
                let Before { room, end, limit, search } = *question;
                let _gone = reply.send(asker.before(&room, end, limit, search.as_deref()));
            }
            Question::Stats(reply) => {
                let _gone = reply.send(stats_of(file, connection));
            }
            Question::Stop => break,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What hung with it heard nothing more, and was not heard.
    #[tokio::test(start_paused = true)]
    async fn a_disk_that_hangs_is_not_waited_for() {
        let (questions, _nobody_answers) = questions();
        let (durable, closed) = (watch::channel(Durable::default()).1, watch::channel(false).1);
        let (closing, key) = (CancellationToken::new(), OwnerKey([0; 16]));
        let history = History { questions, durable, closing, closed, key };
        for _ in 0..=QUESTIONS {
            assert_eq!(history.stats().await, Err(HistoryError::Late));
        }
    }
}
