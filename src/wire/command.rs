//! Slash commands: what a line that begins with `/` asks for. The same words in every dialect;
//! native clients parse them here too and send the event instead.

use super::room_name::RoomName;

/// What a line from a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed<'a> {
    /// Ordinary text, with one slash taken off a leading `//`.
    Text(&'a str),
    Command(Command<'a>),
    /// A command, but not a right one: what to say about it.
    Wrong(String),
}

/// A command's meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    Help,
    Who,
    Rooms,
    Join(RoomName),
    /// This room, if none is named.
    Part(Option<RoomName>),
    /// Asks for it, sets it, or takes it away with `-`.
    Topic(Option<&'a str>),
    Msg {
        to: &'a str,
        text: &'a str,
    },
    Me(&'a str),
    Nick(&'a str),
    /// The last so many lines.
    History(usize),
    /// Lines of the past with all of these words.
    Search(&'a str),
    Bots,
    /// Of the entry with this number, or of the last thing a bot said.
    Why(Option<u64>),
    Quit,
}

/// Usage and meaning of every command, for `/help`, completion and the documents.
pub const COMMANDS: [(&str, &str); 14] = [
    ("/help", "this list"),
    ("/who", "who is here"),
    ("/rooms", "the rooms of this server"),
    ("/join #ROOM", "go to another room; it is made if there is none"),
    ("/part [#ROOM]", "leave a room"),
    ("/topic [TEXT]", "what this room is about; - takes it away"),
    ("/msg NAME TEXT", "say something to one member only"),
    ("/me TEXT", "say what you do"),
    ("/nick NAME", "change your name"),
    ("/history [N]", "the last N lines, 20 if not said"),
    ("/search WORDS", "lines of the past with all of these words"),
    ("/bots", "the bots here, and what they answer to"),
    ("/why [SEQ]", "which bot said that, and why; the last bot's words if not said"),
    ("/quit", "leave"),
];

/// Lines `/history` shows when it is not told how many.
const HISTORY_LINES: usize = 20;

/// Reads one line as typed. `//` in front says a text that begins with one `/`.
pub fn parse(line: &str) -> Typed<'_> {
    let Some(rest) = line.strip_prefix('/') else {
        return Typed::Text(line);
    };
    if rest.starts_with('/') {
        return Typed::Text(rest);
    }
    let (word, args) = match rest.split_once(char::is_whitespace) {
        Some((word, args)) => (word, args.trim()),
        None => (rest, ""),
    };
    match command(word, args) {
        Ok(command) => Typed::Command(command),
        Err(why) => Typed::Wrong(why),
    }
}

fn command<'a>(word: &str, args: &'a str) -> Result<Command<'a>, String> {
    let need = |usage: &str| format!("usage: {usage}");
    match word.to_ascii_lowercase().as_str() {
        "help" => Ok(Command::Help),
        "who" => Ok(Command::Who),
        "rooms" => Ok(Command::Rooms),
        "join" => RoomName::parse(args).map(Command::Join).map_err(|error| error.to_string()),
        "part" if args.is_empty() => Ok(Command::Part(None)),
        "part" => RoomName::parse(args)
            .map(|room| Command::Part(Some(room)))
            .map_err(|error| error.to_string()),
        "topic" => Ok(Command::Topic(Some(args).filter(|args| !args.is_empty()))),
        "search" if !args.is_empty() => Ok(Command::Search(args)),
        "search" => Err(need("/search WORDS")),
        "msg" => match args.split_once(char::is_whitespace) {
            Some((to, text)) => Ok(Command::Msg { to, text: text.trim_start() }),
            None => Err(need("/msg NAME TEXT")),
        },
        "me" if !args.is_empty() => Ok(Command::Me(args)),
        "me" => Err(need("/me TEXT")),
        "nick" if !args.is_empty() => Ok(Command::Nick(args)),
        "nick" => Err(need("/nick NAME")),
        "history" if args.is_empty() => Ok(Command::History(HISTORY_LINES)),
        "history" => args.parse().map(Command::History).map_err(|_nan| need("/history [N]")),
        "bots" => Ok(Command::Bots),
        "why" if args.is_empty() => Ok(Command::Why(None)),
        "why" => args
            .trim_start_matches('#')
            .parse()
            .map(|seq| Command::Why(Some(seq)))
            .map_err(|_nan| need("/why [SEQ]")),
        "quit" => Ok(Command::Quit),
        _ => Err(format!("/{word} is not a command; /help lists them, // says a slash")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_texts_and_escapes() {
        assert_eq!(parse("hi /who"), Typed::Text("hi /who"));
        assert_eq!(parse("//who"), Typed::Text("/who"));
        assert_eq!(parse("/WHO"), Typed::Command(Command::Who));
        assert_eq!(
            parse("/msg Neo  hi there"),
            Typed::Command(Command::Msg { to: "Neo", text: "hi there" })
        );
        assert_eq!(parse("/history 5"), Typed::Command(Command::History(5)));
        assert_eq!(parse("/part"), Typed::Command(Command::Part(None)));
        assert_eq!(parse("/topic  tea "), Typed::Command(Command::Topic(Some("tea"))));
        assert_eq!(parse("/search old tea"), Typed::Command(Command::Search("old tea")));
        assert_eq!(parse("/why"), Typed::Command(Command::Why(None)));
        assert_eq!(parse("/why #12"), Typed::Command(Command::Why(Some(12))));
        for wrong in [
            "/search",
            "/part a b",
            "/why x",
            "/msg",
            "/msg Neo",
            "/me",
            "/nick ",
            "/history x",
            "/frob",
            "/",
            "/join a b",
        ] {
            assert!(matches!(parse(wrong), Typed::Wrong(_)), "{wrong:?}");
        }
    }

    /// Every command of the list, as its usage shows it, is understood, and does what it says.
    #[test]
    fn each_listed_command_is_one() {
        let room = || RoomName::parse("ops").unwrap();
        for (typed, command) in [
            ("/help", Command::Help),
            ("/who", Command::Who),
            ("/rooms", Command::Rooms),
            ("/join #OPS", Command::Join(room())),
            ("/part ops", Command::Part(Some(room()))),
            ("/part", Command::Part(None)),
            ("/topic", Command::Topic(None)),
            ("/topic -", Command::Topic(Some("-"))),
            ("/msg Neo\thi", Command::Msg { to: "Neo", text: "hi" }),
            ("/me  waves at Neo ", Command::Me("waves at Neo")),
            ("/nick Neo", Command::Nick("Neo")),
            ("/history", Command::History(20)),
            ("/search tea", Command::Search("tea")),
            ("/bots", Command::Bots),
            ("/why 3", Command::Why(Some(3))),
            ("/quit", Command::Quit),
        ] {
            assert_eq!(parse(typed), Typed::Command(command), "{typed}");
        }
        for (usage, _) in COMMANDS {
            let word = usage.split(' ').next().unwrap();
            let answer = parse(word);
            assert!(!is_unknown(&answer), "{word} is listed, and {answer:?}");
        }
    }

    fn is_unknown(answer: &Typed<'_>) -> bool {
        matches!(answer, Typed::Wrong(why) if why.contains("is not a command"))
    }

    #[test]
    fn what_is_wrong_is_told_with_the_usage() {
        for (typed, told) in [
            ("/msg Neo", "usage: /msg NAME TEXT"),
            ("/msg Neo ", "usage: /msg NAME TEXT"),
            ("/me ", "usage: /me TEXT"),
            ("/nick", "usage: /nick NAME"),
            ("/search", "usage: /search WORDS"),
            ("/history x", "usage: /history [N]"),
            ("/why x", "usage: /why [SEQ]"),
            ("/frob", "/frob is not a command; /help lists them, // says a slash"),
        ] {
            assert_eq!(parse(typed), Typed::Wrong(told.into()), "{typed}");
        }
    }
}
