//! Which key does what. The table for the user stands beside the one for the program; neither
//! changes anything itself.

use super::editor::Move;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Insert(char),
    Newline,
    Enter,
    Escape,
    Go(Move),
    /// Takes off, and whether it can be put back.
    Remove(Move, bool),
    Yank,
    Transpose,
    Undo,
    Up,
    Down,
    Older,
    Newer,
    SearchPast,
    Complete,
    CompleteBack,
    PageUp,
    PageDown,
    RowUp,
    RowDown,
    Top,
    End,
    Unread,
    Search,
    Mentions,
    Nicks,
    Keys,
    Copy,
    NextRoom,
    PreviousRoom,
    Room(usize),
    Active,
    Edit,
    /// The first half of a key of two.
    Chord,
    Suspend,
    Redraw,
    Interrupt,
    Leave,
}

/// What the user is told about keys, in the order of their use.
pub(super) const TABLE: [(&str, &str); 34] = [
    ("Enter", "send; with nothing to send, and no connection: try again at once"),
    ("Alt-Enter, Ctrl-J", "a new line in the text; each line is sent as one message"),
    ("Tab, Shift-Tab", "complete a command, a #room or a name; again: the next"),
    ("Up, Down", "what was sent before; in a text of several lines, between them"),
    ("Ctrl-P, Ctrl-N", "what was sent before"),
    ("Ctrl-R", "search what was sent before"),
    ("Alt-E, Ctrl-X Ctrl-E", "write in $EDITOR"),
    ("Ctrl-A, Ctrl-E, Home, End", "to the beginning, the end of the line"),
    ("Ctrl-B, Ctrl-F, Left, Right", "a letter back, on"),
    ("Alt-B, Alt-F, Ctrl-Left, Ctrl-Right", "a word back, on"),
    ("Ctrl-W, Alt-D", "take off the word before, the word behind"),
    ("Ctrl-U, Ctrl-K", "take off everything to the beginning, the end of the line"),
    ("Ctrl-Y", "put back what was taken off"),
    ("Ctrl-T", "swap two letters"),
    ("Ctrl-_", "take the last change back"),
    ("PageUp, PageDown", "scroll by a page"),
    ("Shift-Up, Shift-Down", "scroll by a row"),
    ("Ctrl-Home, Alt-<", "to the oldest line held; at the top, older ones come"),
    ("Ctrl-End, Alt->, Esc", "to the newest line"),
    ("Alt-U", "to the first unread line"),
    ("Ctrl-S, F3", "search here; again: in the server's history"),
    ("F4, Alt-M", "mentions and whispers; Enter goes there"),
    ("Alt-C", "copy: choose a line, Enter copies it, L its link"),
    ("F2, Alt-N", "the list of names"),
    ("Alt-1 .. Alt-9", "to a room by its number"),
    ("Alt-Left, Alt-Right", "to the room before, behind"),
    ("Alt-A", "to the room with the most urgent news"),
    ("F1, ? on an empty line", "this list; /help lists the commands"),
    ("Ctrl-L", "draw everything anew"),
    ("Ctrl-Z", "suspend; `fg` comes back"),
    ("Ctrl-C", "clear the line; on an empty one, twice: leave"),
    ("Ctrl-D on an empty line", "leave"),
    ("/quit", "leave"),
    ("//TEXT", "say a text that begins with /"),
];

/// The meaning of a key; none for those without one.
pub(super) fn action(key: KeyEvent) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    let shift = key.modifiers.contains(KeyModifiers::SHIFT);
    match key.code {
        KeyCode::Char(c) if ctrl && alt => Some(Action::Insert(c)).filter(|_| c.is_alphanumeric()),
        KeyCode::Char(c) if ctrl => control(c.to_ascii_lowercase()),
        KeyCode::Char(c) if alt => meta(c),
        KeyCode::Char(c) => Some(Action::Insert(c)),
        code => named(code, ctrl, alt, shift),
    }
}

fn control(c: char) -> Option<Action> {
    Some(match c {
        'a' => Action::Go(Move::LineStart),
        'b' => Action::Go(Move::Left),
        'c' => Action::Interrupt,
        'd' => Action::Leave,
        'e' => Action::Go(Move::LineEnd),
        'f' => Action::Go(Move::Right),
        'h' => Action::Remove(Move::Left, false),
        'j' => Action::Newline,
        'k' => Action::Remove(Move::LineEnd, true),
        'l' => Action::Redraw,
        'm' => Action::Enter,
        'n' => Action::Newer,
        'p' => Action::Older,
        'r' => Action::SearchPast,
        's' => Action::Search,
        't' => Action::Transpose,
        'u' => Action::Remove(Move::LineStart, true),
        'w' => Action::Remove(Move::BigWordLeft, true),
        'x' => Action::Chord,
        'y' => Action::Yank,
        'z' => Action::Suspend,
        // Terminals send Ctrl-_ as one of these.
        '_' | '7' | '/' => Action::Undo,
        _ => return None,
    })
}

fn meta(c: char) -> Option<Action> {
    Some(match c {
        'a' => Action::Active,
        'b' => Action::Go(Move::WordLeft),
        'c' => Action::Copy,
        'd' => Action::Remove(Move::WordRight, true),
        'e' => Action::Edit,
        'f' => Action::Go(Move::WordRight),
        'm' => Action::Mentions,
        'n' => Action::Nicks,
        'u' => Action::Unread,
        '<' => Action::Top,
        '>' => Action::End,
        '\r' | '\n' => Action::Newline,
        '1'..='9' => Action::Room(usize::try_from(c.to_digit(10)?).ok()? - 1),
        _ => return None,
    })
}

fn named(code: KeyCode, ctrl: bool, alt: bool, shift: bool) -> Option<Action> {
    Some(match code {
        KeyCode::Enter if alt || shift => Action::Newline,
        KeyCode::Enter => Action::Enter,
        KeyCode::Esc => Action::Escape,
        KeyCode::Tab => Action::Complete,
        KeyCode::BackTab => Action::CompleteBack,
        KeyCode::Backspace if alt || ctrl => Action::Remove(Move::WordLeft, true),
        KeyCode::Backspace => Action::Remove(Move::Left, false),
        KeyCode::Delete if alt || ctrl => Action::Remove(Move::WordRight, true),
        KeyCode::Delete => Action::Remove(Move::Right, false),
        KeyCode::Left if alt => Action::PreviousRoom,
        KeyCode::Right if alt => Action::NextRoom,
        KeyCode::Left if ctrl => Action::Go(Move::WordLeft),
        KeyCode::Right if ctrl => Action::Go(Move::WordRight),
        KeyCode::Left => Action::Go(Move::Left),
        KeyCode::Right => Action::Go(Move::Right),
        KeyCode::Up if shift || alt || ctrl => Action::RowUp,
        KeyCode::Down if shift || alt || ctrl => Action::RowDown,
        KeyCode::Up => Action::Up,
        KeyCode::Down => Action::Down,
        KeyCode::PageUp if ctrl => Action::PreviousRoom,
        KeyCode::PageDown if ctrl => Action::NextRoom,
        KeyCode::PageUp => Action::PageUp,
        KeyCode::PageDown => Action::PageDown,
        KeyCode::Home if ctrl || alt || shift => Action::Top,
        KeyCode::End if ctrl || alt || shift => Action::End,
        KeyCode::Home => Action::Go(Move::LineStart),
        KeyCode::End => Action::Go(Move::LineEnd),
        KeyCode::F(1) => Action::Keys,
        KeyCode::F(2) => Action::Nicks,
        KeyCode::F(3) => Action::Search,
        KeyCode::F(4) => Action::Mentions,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> Option<Action> {
        action(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn keys_mean_what_readline_taught() {
        let ctrl = |c| key(KeyCode::Char(c), KeyModifiers::CONTROL);
        assert_eq!(ctrl('a'), Some(Action::Go(Move::LineStart)));
        assert_eq!(ctrl('W'), Some(Action::Remove(Move::BigWordLeft, true)));
        let alt = |c| key(KeyCode::Char(c), KeyModifiers::ALT);
        assert_eq!(alt('3'), Some(Action::Room(2)));
        assert_eq!(alt('d'), Some(Action::Remove(Move::WordRight, true)));
        assert_eq!(key(KeyCode::Enter, KeyModifiers::ALT), Some(Action::Newline));
        assert_eq!(key(KeyCode::Char('Ä'), KeyModifiers::SHIFT), Some(Action::Insert('Ä')));
        assert_eq!(key(KeyCode::F(9), KeyModifiers::NONE), None);
    }

    #[test]
    fn a_released_key_does_nothing() {
        let mut key = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
        key.kind = KeyEventKind::Release;
        assert_eq!(action(key), None);
    }
}
