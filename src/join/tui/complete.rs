//! What Tab offers: commands at the beginning of a line, rooms behind `#`, and names, those who
//! spoke last first. Pure.

use crate::wire::command::COMMANDS;

/// What could stand in the place of the word before the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Completion {
    /// Bytes of what stands there now.
    pub(super) replaces: usize,
    pub(super) choices: Vec<String>,
    /// Which of them stands there.
    pub(super) at: usize,
}

/// The choices for a text up to its cursor; none, if there are none.
pub(super) fn choices(before: &str, names: &[String], rooms: &[String]) -> Option<Completion> {
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let is_first = word.len() == before.len();
    let choices: Vec<String> = if word.is_empty() {
        return None;
    } else if is_first && word.starts_with('/') {
        let commands = COMMANDS.iter().filter_map(|(usage, _)| usage.split(' ').next());
        commands.filter(|name| name.starts_with(word)).map(|name| format!("{name} ")).collect()
    } else if word.starts_with('#') {
        let word = word.to_lowercase();
        rooms.iter().filter(|name| name.starts_with(&word)).map(|name| format!("{name} ")).collect()
    } else {
        let (at, prefix) = word.strip_prefix('@').map_or(("", word), |rest| ("@", rest));
        let prefix = prefix.to_lowercase();
        // Addressing somebody is how a line that begins with a name is meant.
        let end = if is_first { ": " } else { " " };
        let names = names.iter().filter(|name| name.to_lowercase().starts_with(&prefix));
        names.map(|name| format!("{at}{name}{end}")).collect()
    };
    (!choices.is_empty()).then_some(Completion { replaces: word.len(), choices, at: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(line: &str) -> Vec<String> {
        let names = ["Neo", "Ned", "Ünal"].map(String::from);
        let rooms = ["#lobby", "#ops"].map(String::from);
        choices(line, &names, &rooms).map(|found| found.choices).unwrap_or_default()
    }

    #[test]
    fn commands_in_front_and_names_and_rooms_everywhere() {
        assert_eq!(offered("/h"), ["/help ", "/history "]);
        assert_eq!(offered("ne"), ["Neo: ", "Ned: "]);
        assert_eq!(offered("hi ne"), ["Neo ", "Ned "]);
        assert_eq!(offered("hi @NED"), ["@Ned "]);
        assert_eq!(offered("/msg ü"), ["Ünal "]);
        assert_eq!(offered("/join #O"), ["#ops "]);
        for none in ["hi /h", "xyz", "", "hi "] {
            assert_eq!(offered(none), [""; 0], "{none}");
        }
    }
}
