//! What a line typed into `chaty bot try` does, and what is shown for it. Reads no key and draws
//! nothing.

use crate::bot::diagnostic::Diagnostic;
use crate::bot::script::Script;
use crate::bot::tools::play::{Moment, Play};
use crate::bot::tools::scripts::Source;
use crate::wire::shown;
use serde_json::Value;
use std::path::PathBuf;
use std::time::SystemTime;

/// Who types, until `/as` says otherwise.
const SOMEBODY: &str = "Neo";
const HELP: [&str; 9] = [
    "What you type is said in a room where you and the bot are.",
    "  /as NAME         be somebody else from now on; `Alice [bot]` is a bot",
    "  /join [NAME]     come into the room",
    "  /leave [NAME]    leave it",
    "  /msg BOT TEXT    whisper to the bot; /me TEXT does something",
    "  /advance SECS    let time pass, with everything that is due meanwhile",
    "  /state           what the bot keeps in `state` and `temp`",
    "  /quit            end, as Ctrl-D does",
    "Save the script, and it is loaded again at once; `state` and `temp` stay.",
];

/// The words that begin a line of the help, and it.
const COMMANDS: [&str; 9] =
    ["/as", "/join", "/leave", "/msg", "/me", "/advance", "/state", "/quit", "/help"];

/// A conversation that goes on.
#[derive(Debug)]
pub(super) struct Talk {
    play: Play,
    source: Source,
    who: String,
    /// How the script and what it imports looked from outside when they were last read.
    read: Vec<Outside>,
}

/// When a file was last changed, and its length.
type Outside = Option<(SystemTime, u64)>;

/// What is shown for a line.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub lines: Vec<Shown>,
    pub is_the_end: bool,
}

/// A line to show, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub text: String,
    pub style: Style,
}

/// What a line is. Colour never says anything that the text does not say as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// The bot speaks.
    Bot,
    /// `try` itself speaks.
    Note,
    /// Something is wrong with the script.
    Wrong,
}

impl Talk {
    pub(super) fn begin(source: &Source, seed: u64, now: u64) -> Result<(Self, Reply), Diagnostic> {
        let (play, moment) = Play::begin(source, seed, now, true)?;
        let mut talk =
            Self { play, source: source.clone(), who: SOMEBODY.into(), read: Vec::new() };
        talk.read = talk.outside();
        let mut reply = Reply::default();
        let name = talk.play.name();
        reply.note(format!("{name} is here, and you are {SOMEBODY}. /help lists the commands."));
        talk.show(moment, &mut reply);
        Ok((talk, reply))
    }

    /// Who types.
    pub(super) fn who(&self) -> shown::Shown {
        shown::Shown::new(&self.who)
    }

    /// What may be typed: commands as they begin a line, the bot's name and what it hears, as far as
    /// that can be shown.
    pub(super) fn words(&mut self) -> Vec<String> {
        let mut words: Vec<String> = COMMANDS.iter().map(ToString::to_string).collect();
        words.push(self.play.name());
        if let Some(script) = self.play.stage().script() {
            words.extend(script.handlers().commands.iter().map(|command| format!("!{command}")));
            words.extend(script.declaration().triggers.iter().cloned());
        }
        words.retain(|word| *shown::Shown::new(word) == **word);
        words
    }

    /// Loads the script again if its file has changed.
    pub(super) fn look(&mut self) -> Reply {
        let mut reply = Reply::default();
        let now = self.outside();
        if now == self.read {
            return reply;
        }
        self.read = now;
        // In the middle of a save there may be nothing to read.
        let source = Source::read(&self.source.path).ok();
        let Some(source) = source.filter(|source| !source.text.is_empty()) else { return reply };
        self.source = source;
        let followed = self.play.follow(self.source.text.clone());
        match followed {
            Ok(moment) => {
                self.read = self.outside();
                reply.note("loaded again");
                self.show(moment, &mut reply);
            }
            Err(diagnostic) => {
                reply.wrong(&diagnostic);
                reply.note("still talking to the version before");
            }
        }
        reply
    }

    /// Does what a line says.
    pub(super) fn typed(&mut self, line: &str) -> Reply {
        let mut reply = Reply::default();
        let held = self.play.stage().held_back().len();
        self.obey(line, &mut reply);
        let now = self.play.now();
        let waiting: Vec<u64> = self.play.stage().held_back().collect();
        let news = waiting.len() > held || line.trim_start().starts_with("/advance");
        if let Some(last) = waiting.last().filter(|_| news) {
            let secs = last.saturating_sub(now).div_ceil(1000);
            let (lines, them) = match waiting.len() {
                1 => ("1 line".to_owned(), "it"),
                more => (format!("{more} lines"), "them"),
            };
            reply.note(format!(
                "{lines} held back, since a bot says one a second after five at once; \
                 /advance {secs} lets {them} out"
            ));
        }
        reply
    }

    fn obey(&mut self, line: &str, reply: &mut Reply) {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "" => {}
            "/help" => HELP.iter().for_each(|line| reply.note(line)),
            "/quit" => reply.is_the_end = true,
            "/as" if rest.is_empty() => reply.note("usage: /as NAME"),
            "/as" => {
                rest.clone_into(&mut self.who);
                reply.note(format!("you are {rest} now"));
            }
            "/join" => {
                let moment = self.play.joins(&self.named(rest));
                self.show(moment, reply);
            }
            "/leave" => {
                let moment = self.play.leaves(&self.named(rest));
                self.show(moment, reply);
            }
            "/advance" => self.advance(rest, reply),
            "/state" => {
                reply.note(format!("state {}", pretty(self.play.stage().state())));
                reply.note(format!("temp {}", pretty(self.play.stage().temp())));
            }
            _ => match self.play.says(&self.who.clone(), line) {
                Ok(moment) => self.show(moment, reply),
                Err(why) => reply.note(why),
            },
        }
    }

    fn advance(&mut self, rest: &str, reply: &mut Reply) {
        let secs = rest.trim_end_matches('s').trim().parse::<f64>();
        match secs {
            Ok(secs) if secs >= 0.0 && secs.is_finite() => {
                let moment = self.play.advance(crate::bot::declaration::millis(secs));
                self.show(moment, reply);
            }
            _ => reply.note("usage: /advance SECS, such as /advance 60"),
        }
    }

    fn outside(&mut self) -> Vec<Outside> {
        let imports = self.play.stage().script().map(Script::imports).unwrap_or_default();
        let look = |path: &PathBuf| {
            let meta = std::fs::metadata(path).ok()?;
            Some((meta.modified().ok()?, meta.len()))
        };
        std::iter::once(&self.source.path).chain(&imports).map(look).collect()
    }

    fn named(&self, given: &str) -> String {
        if given.is_empty() { self.who.clone() } else { given.to_owned() }
    }

    fn show(&self, moment: Moment, reply: &mut Reply) {
        let name = self.play.name();
        for line in moment.lines {
            let text = match line.split_once(' ') {
                Some(("/msg", rest)) => match rest.split_once(' ') {
                    Some((to, text)) => format!("{name} whispers to {to}: {text}"),
                    None => format!("{name}: {line}"),
                },
                Some(("/me", text)) => format!("* {name} {text}"),
                _ if line.starts_with("//") => format!("{name}: {}", line.trim_start_matches('/')),
                _ => format!("{name}: {line}"),
            };
            reply.put(text, Style::Bot);
        }
        moment.log.into_iter().for_each(|line| reply.note(format!("log: {line}")));
        moment.notes.into_iter().for_each(|note| reply.note(note));
        moment.errors.iter().for_each(|error| reply.wrong(error));
    }
}

impl Reply {
    /// Whatever a script has in its texts, its state and its errors is only shown.
    fn put(&mut self, text: impl AsRef<str>, style: Style) {
        let text = shown::Shown::new(text.as_ref()).to_string();
        self.lines.push(Shown { text, style });
    }

    fn note(&mut self, text: impl AsRef<str>) {
        for line in text.as_ref().lines() {
            self.put(format!("-- {line}"), Style::Note);
        }
    }

    fn wrong(&mut self, diagnostic: &Diagnostic) {
        for line in diagnostic.to_string().lines() {
            self.put(line, Style::Wrong);
        }
    }
}

fn pretty(map: serde_json::Map<String, Value>) -> String {
    serde_json::to_string_pretty(&Value::Object(map)).unwrap_or_default()
}
