//! A member in the line dialect, as `nc` would be one. Every line is compared whole.

use super::{Hears, WELCOME, Wire};

#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) wire: Wire,
}

impl Line {
    /// Joins, and checks the handshake to the byte.
    #[track_caller]
    pub(crate) fn join(mut wire: Wire, nick: &str) -> Self {
        wire.expects("NICK").sends(format!("{nick}\n")).expects(format!("\nNICK_OK\n{WELCOME}\n"));
        Self { wire }
    }

    #[track_caller]
    pub(crate) fn says(&mut self, text: &str) -> &mut Self {
        self.wire.sends(format!("{text}\n"));
        self
    }

    /// The next line is this.
    #[track_caller]
    pub(crate) fn hears(&mut self, line: &str) -> &mut Self {
        assert_eq!(self.next_line(), line);
        self
    }

    /// The next line has this in it.
    #[track_caller]
    pub(crate) fn hears_like_line(&mut self, part: &str) -> &mut Self {
        let line = self.next_line();
        assert!(line.contains(part), "{line:?} has no {part:?}");
        self
    }

    /// The next lines are these.
    #[track_caller]
    pub(crate) fn hears_all(&mut self, lines: &[&str]) -> &mut Self {
        for line in lines {
            self.hears(line);
        }
        self
    }

    #[track_caller]
    pub(crate) fn next_line(&mut self) -> String {
        let line = self.wire.line().expect("the connection ended");
        String::from_utf8(line).expect("a line is UTF-8")
    }

    /// The connection is closed, and nothing comes before that.
    #[track_caller]
    pub(crate) fn ends(&mut self) {
        self.wire.ends();
    }
}

impl Hears for Line {
    #[track_caller]
    fn hears_server(&mut self, text: &str) {
        self.hears(&format!("Server: {text}"));
    }
}
