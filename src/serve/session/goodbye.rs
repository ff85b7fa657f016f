//! The last words of a session, and how they are said in each dialect.

use super::replay::Filed;
use super::writer::{Until, Writer};
use crate::wire::close::CloseReason;
use crate::wire::native::{self, Bye, ServerEvent};
use crate::wire::{Dialect, KICK, line};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::sleep;

/// Whether the administrator threw the member out.
fn is_kick(reason: CloseReason) -> bool {
    matches!(reason, CloseReason::Kicked | CloseReason::Banned)
}

/// The last message of a session, `KICK` being the very last where the ancestor had it.
fn goodbye(dialect: Dialect, reason: CloseReason, detail: Option<&str>) -> Vec<u8> {
    let why = match detail {
        Some(detail) => format!("{reason}: {detail}"),
        None => reason.to_string(),
    };
    match dialect {
        Dialect::Native => {
            let mut out = Vec::new();
            let bye = Bye { code: reason.code().into(), text: why.into() };
            native::put(&ServerEvent::Bye(bye), &mut out);
            out
        }
        Dialect::Line if is_kick(reason) => format!("{}\n{KICK}\n", line::notice(&why)).into(),
        Dialect::Line => format!("{}\n", line::notice(&why)).into(),
        Dialect::Raw if is_kick(reason) => KICK.into(),
        Dialect::Raw => Vec::new(),
    }
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    /// Finishes the line that is half out, gives the answers that were given before the end, for
    /// a shutdown also what the room said, and last the reason. The caller sets the deadline.
    pub(super) async fn last_words(&mut self) {
        let (reason, detail) = self.seat.why();
        let goodbye = goodbye(self.dialect, reason, detail);
        let end = if reason == CloseReason::Shutdown { Until::Tail } else { Until::LastAnswer };
        if is_kick(reason) && !self.paced.is_empty() {
            // Whoever is kicked hears no more of the room.
            self.paced.clear();
            self.taken.drop_entries();
        }
        if reason == CloseReason::Lagged {
            self.let_go();
        }
        loop {
            if self.write(false).await.is_err() || self.pace_out().await.is_err() {
                return;
            }
            self.count();
            if self.gather(end).is_err() {
                self.let_go();
            }
            if !self.batch.is_empty() || !self.paced.is_empty() {
                continue;
            }
            if !self.is_held {
                break;
            }
            Filed::moved(self.filed.as_mut()).await;
        }
        if self.dialect == Dialect::Raw {
            sleep(self.limits.now().raw_pace).await;
        }
        self.batch.own(goodbye);
        if self.write(false).await.is_ok() {
            let _already_gone = self.out.shutdown().await;
        }
    }

    /// Keeps nothing of the log alive any more, which has let go of it: only the line that is half
    /// out is still owed.
    fn let_go(&mut self) {
        self.batch.keep_line();
        self.taken.drop_entries();
        self.following.let_go();
        self.paced.clear();
        self.waiting = None;
        while self.seat.take().is_some() {}
    }

    async fn pace_out(&mut self) -> Result<(), CloseReason> {
        while let Some(message) = self.paced.pop_front() {
            self.batch.own(message);
            self.write(false).await?;
            sleep(self.limits.now().raw_pace).await;
        }
        Ok(())
    }
}
