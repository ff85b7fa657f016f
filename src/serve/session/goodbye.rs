//! The last words of a session in each dialect.

use crate::wire::close::CloseReason;
use crate::wire::native::{self, Bye, ServerEvent};
use crate::wire::{Dialect, KICK, line};

/// Whether the administrator threw the member out.
pub(super) fn is_kick(reason: CloseReason) -> bool {
    matches!(reason, CloseReason::Kicked | CloseReason::Banned)
}

/// The last message of a session, `KICK` being the very last where the ancestor had it.
pub(super) fn goodbye(dialect: Dialect, reason: CloseReason, detail: Option<&str>) -> Vec<u8> {
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
