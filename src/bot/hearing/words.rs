//! How texts are taken apart: words, names, commands; whatever their case and the punctuation
//! around them. Knows no bot.

use crate::bot::message::Command;
use unicode_normalization::UnicodeNormalization;

/// The words of a text: letters and digits, small, an apostrophe kept inside.
pub(in crate::bot) fn words(text: &str) -> Vec<String> {
    fold(text)
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// How words and names are compared: composed, small, with one kind of apostrophe.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.nfc().flat_map(char::to_lowercase).map(|c| if c == '’' { '\'' } else { c }).collect()
    }
}

/// Names written `@Name`, as written, each once.
pub(super) fn called(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let (before, after) = text.split_at(at);
        if before.chars().next_back().is_some_and(char::is_alphanumeric) {
            continue; // an address, not a call
        }
        let name: String = after
            .chars()
            .skip(1)
            .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
            .collect();
        if !name.is_empty() && !names.iter().any(|known| fold(known) == fold(&name)) {
            names.push(name);
        }
    }
    names
}

/// Whether a name stands in the text as a whole, with nothing that belongs to a word on either side.
pub(super) fn is_named(text: &str, name: &str) -> bool {
    let text = fold(text);
    text.match_indices(name).any(|(at, _)| {
        let (before, rest) = text.split_at(at);
        let after = rest.split_at(name.len()).1;
        let of_a_word = |c: char| c.is_alphanumeric() || c == '_';
        !before.chars().next_back().is_some_and(of_a_word)
            && !after.chars().next().is_some_and(of_a_word)
    })
}

/// The command in a text: `!kudos Trinity`, `Chuck: kudos Trinity`, and in a whisper `kudos
/// Trinity` alone. `me` is the bot's name, folded.
pub(super) fn command(text: &str, me: &str, whisper: bool) -> Option<Command> {
    let text = text.trim();
    let said = match text.strip_prefix('!') {
        Some(command) => command,
        None => match addressed(text, me) {
            Some(rest) => rest.strip_prefix('!').unwrap_or(rest),
            None if whisper => text,
            None => return None,
        },
    };
    let of_a_name = |c: char| c.is_alphanumeric() || c == '_';
    let end = said.find(|c| !of_a_name(c)).unwrap_or(said.len());
    let (name, rest) = said.split_at(end);
    // `!what?` is no command, and neither is `!!!`.
    if name.is_empty() || !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let rest = rest.trim().to_owned();
    let args = rest.split_whitespace().map(str::to_owned).collect();
    Some(Command { name: name.to_lowercase(), args, rest })
}

/// What follows the bot's name at the beginning of a text: `Chuck: …`, `Chuck, …`, `@Chuck …`.
fn addressed<'a>(text: &'a str, me: &str) -> Option<&'a str> {
    let (named, at) = match text.strip_prefix('@') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let end = named.find(|c: char| c.is_whitespace() || matches!(c, ':' | ','))?;
    let (name, rest) = named.split_at(end);
    if fold(name) != me {
        return None;
    }
    let marked = rest.starts_with([':', ',']);
    (at || marked).then(|| rest.trim_start_matches([':', ',']).trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, whisper: bool) -> Option<(String, String)> {
        command(text, "chuck", whisper).map(|command| (command.name, command.rest))
    }

    #[test]
    fn commands_are_marked_or_addressed() {
        let kudos = Some(("kudos".to_owned(), "Trinity  now".to_owned()));
        for text in [
            "!kudos Trinity  now",
            "  !KUDOS   Trinity  now ",
            "Chuck: kudos Trinity  now",
            "chuck, kudos Trinity  now",
            "@Chuck kudos Trinity  now",
            "Chuck: !kudos Trinity  now",
        ] {
            assert_eq!(parsed(text, false), kudos, "{text}");
        }
        assert_eq!(parsed("kudos Trinity  now", true), kudos);
        assert_eq!(parsed("!kudos", false), Some(("kudos".into(), String::new())));
        for text in
            ["kudos Trinity", "Chuck kudos", "Alice: kudos", "!", "!!!", "!what?", "", "Chuck:"]
        {
            assert_eq!(parsed(text, false), None, "{text}");
        }
        assert_eq!(command("!a b  c", "chuck", false).unwrap().args, ["b", "c"]);
    }
}
