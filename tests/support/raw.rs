//! A member in the raw dialect that reads a stream: what comes is compared to the byte, whatever
//! the pieces it comes in. The pieces are the ancestor's subject.

use super::{Hears, WELCOME, Wire};

#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) wire: Wire,
}

impl Raw {
    /// Joins without a newline, and checks the handshake to the byte.
    #[track_caller]
    pub(crate) fn join(mut wire: Wire, nick: &str) -> Self {
        wire.expects("NICK").sends(nick).expects(format!("NICK_OK{WELCOME}"));
        Self { wire }
    }

    /// Sends this in one segment.
    #[track_caller]
    pub(crate) fn says(&mut self, text: &str) -> &mut Self {
        self.wire.sends(text);
        self
    }

    /// These bytes come next.
    #[track_caller]
    pub(crate) fn hears(&mut self, text: &str) -> &mut Self {
        self.wire.expects(text);
        self
    }

    #[track_caller]
    pub(crate) fn ends(&mut self) {
        self.wire.ends();
    }
}

impl Hears for Raw {
    #[track_caller]
    fn hears_server(&mut self, text: &str) {
        self.hears(&format!("Server: {text}"));
    }
}
