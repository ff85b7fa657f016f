//! Why a client's connection ended, and the one line that tells its user what to do.

use super::Retry;
use crate::wire::close::CloseReason;
use std::fmt;

/// How a connection, or the whole client, came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// The client left: it was told to, or nobody listened any more.
    Quit,
    /// There was nobody there.
    Unreachable { server: String, why: String },
    /// Somebody is there who speaks something else.
    NotChaty { server: String },
    /// The server did not let the client in.
    Refused { code: String, text: String },
    /// The administrator removed the member; the text is the server's.
    Kicked { text: String },
    /// The server ended it, with the code of a [`CloseReason`].
    Bye { code: String, text: String },
    /// The connection broke.
    Lost { why: String },
}

impl Closed {
    /// Whether a program that ends so has failed.
    pub fn is_failure(&self) -> bool {
        !matches!(self, Self::Quit)
    }

    /// Whether trying again may help, and the client was told to.
    pub(super) fn is_worth_a_retry(&self, retry: Retry, admitted: bool) -> bool {
        let wanted = match retry {
            Retry::Never => false,
            Retry::AfterFirst => admitted,
            Retry::Always => true,
        };
        wanted
            && match self {
                Self::Quit | Self::NotChaty { .. } | Self::Kicked { .. } => false,
                Self::Unreachable { .. } | Self::Lost { .. } => true,
                // The other one may leave, or be a ghost the server has not noticed yet.
                Self::Refused { code, .. } if code == "nick_taken" => retry == Retry::Always,
                Self::Refused { code, .. } => code == "full",
                Self::Bye { code, .. } => {
                    CloseReason::from_code(code).is_none_or(CloseReason::is_worth_a_retry)
                }
            }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quit => f.write_str("you left"),
            Self::Unreachable { server, why } => {
                write!(f, "cannot reach {server}: {why}; is `chaty serve` running there?")
            }
            Self::NotChaty { server } => {
                write!(f, "what answers at {server} is not a chaty server")
            }
            Self::Refused { code, text } => match code.as_str() {
                "nick_taken" | "nick_invalid" => write!(f, "{text}; choose another name"),
                "full" => write!(f, "{text}; try again later"),
                _ => f.write_str(text),
            },
            Self::Kicked { text } | Self::Bye { text, .. } => f.write_str(text),
            Self::Lost { why } => write!(f, "the connection was lost: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bye(code: &str) -> Closed {
        Closed::Bye { code: code.into(), text: String::new() }
    }

    fn refused(code: &str) -> Closed {
        Closed::Refused { code: code.into(), text: "no".into() }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let lost = Closed::Lost { why: String::new() };
        for again in [lost.clone(), bye("shutdown"), bye("lagged"), bye("new"), refused("full")] {
            assert!(again.is_worth_a_retry(Retry::AfterFirst, true), "{again:?}");
            assert!(again.is_worth_a_retry(Retry::Always, false), "{again:?}");
            assert!(!again.is_worth_a_retry(Retry::AfterFirst, false), "{again:?}");
            assert!(!again.is_worth_a_retry(Retry::Never, true), "{again:?}");
        }
        let kicked = Closed::Kicked { text: String::new() };
        for never in [Closed::Quit, kicked, bye("banned"), bye("replaced"), refused("nick_invalid")]
        {
            assert!(!never.is_worth_a_retry(Retry::Always, true), "{never:?}");
        }
        assert!(refused("nick_taken").is_worth_a_retry(Retry::Always, true));
        assert!(!refused("nick_taken").is_worth_a_retry(Retry::AfterFirst, true));
    }

    #[test]
    fn each_says_what_to_do() {
        let taken = Closed::Refused { code: "nick_taken".into(), text: "Neo is taken".into() };
        assert_eq!(taken.to_string(), "Neo is taken; choose another name");
        let gone = Closed::Unreachable { server: "h:1".into(), why: "refused".into() };
        assert_eq!(gone.to_string(), "cannot reach h:1: refused; is `chaty serve` running there?");
        assert!(gone.is_failure() && !Closed::Quit.is_failure());
    }
}
