//! Members' names: what may be one, and which two read alike. Holds no roster.

use super::limits;
use std::fmt;
use std::sync::{Arc, LazyLock};
use unicode_normalization::UnicodeNormalization;
use unicode_security::mixed_script::MixedScript;
use unicode_security::skeleton;

/// A name that passed the door: 1 to [`limits::NICK_CHARS`] characters of one script, nothing
/// invisible, nothing that reads like a system word.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nick(Arc<str>);

/// Why a name is refused. The texts are shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NickError {
    #[error("a name has at least one character")]
    Empty,
    #[error("a name has at most {limit} characters", limit = limits::NICK_CHARS)]
    TooLong,
    #[error("a name has no white space")]
    WhiteSpace,
    #[error("a name has no ':'")]
    Colon,
    #[error("a name does not begin with '{0}'")]
    FirstCharacter(char),
    #[error("a name has no control or invisible characters")]
    Invisible,
    #[error("a name is UTF-8 text")]
    NotUtf8,
    #[error("a name keeps to one script, and to its ordinary letters")]
    MixedScript,
    #[error("that name is reserved")]
    Reserved,
}

/// What two names that read alike have in common: compare both halves with [`NickKey::clashes`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NickKey {
    /// Case folded away.
    pub folded: Box<str>,
    /// The skeleton of Unicode's UTS 39, section 4, the same in either case.
    pub skeleton: Box<str>,
}

/// Words of the system and of the house: nobody may look like one of these.
const RESERVED: [&str; 8] =
    ["NICK", "NICK_OK", "NICK_INVALID", "KICK", "Server", "Console", "Chaty", "System"];

/// Made once: a key costs more than the rest of the door.
static RESERVED_KEYS: LazyLock<[NickKey; RESERVED.len()]> =
    LazyLock::new(|| RESERVED.map(NickKey::of));

/// The [`shape`] of each character of ASCII, made once as well.
static ASCII_SHAPES: LazyLock<[Box<str>; 128]> = LazyLock::new(|| {
    std::array::from_fn(|byte| shape(&char::from(u8::try_from(byte).unwrap_or(0)).to_string()))
});

/// Characters no name begins with: `/` is a command, `#` a room, `{` the native dialect, `*` an
/// emote, `-` a notice, and `!` and `@` address bots and people.
const NOT_FIRST: [char; 7] = ['/', '#', '{', '*', '-', '!', '@'];

impl Nick {
    /// Checks what a peer gave as its name.
    pub fn parse(bytes: &[u8]) -> Result<Self, NickError> {
        let given = std::str::from_utf8(bytes).map_err(|_not_utf8| NickError::NotUtf8)?;
        let nick = Self::well_formed(given)?;
        let key = nick.key();
        if RESERVED_KEYS.iter().any(|word| key.clashes(word)) {
            return Err(NickError::Reserved);
        }
        Ok(nick)
    }

    /// The administrator's own name in the room.
    pub fn server() -> Self {
        Self("Server".into())
    }

    fn well_formed(given: &str) -> Result<Self, NickError> {
        let Some(first) = given.chars().next() else {
            return Err(NickError::Empty);
        };
        // Bounded before anything that looks at every character more than once.
        if given.chars().nth(limits::NICK_CHARS).is_some() {
            return Err(NickError::TooLong);
        }
        for c in given.chars() {
            if c.is_whitespace() {
                return Err(NickError::WhiteSpace);
            } else if is_colon(c) {
                return Err(NickError::Colon);
            } else if c.is_control() || is_invisible(c) {
                return Err(NickError::Invisible);
            }
        }
        if NOT_FIRST.contains(&first) {
            return Err(NickError::FirstCharacter(first));
        }
        if given.is_ascii() {
            return Ok(Self(given.into()));
        }
        let name: String = given.nfc().collect();
        // Full-width, circled and other compatibility forms read like their plain letters.
        if !name.nfkc().eq(name.chars()) || !name.as_str().is_single_script() {
            return Err(NickError::MixedScript);
        }
        // Normalising may have lengthened it.
        if name.chars().nth(limits::NICK_CHARS).is_some() {
            return Err(NickError::TooLong);
        }
        Ok(Self(name.into()))
    }

    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What this name may not share with another's.
    pub fn key(&self) -> NickKey {
        NickKey::of(&self.0)
    }
}

impl NickKey {
    /// The key of any string, a name or not: what the administrator types may be looked up too.
    pub fn of(name: &str) -> Self {
        match Self::of_ascii(name) {
            Some(key) => key,
            None => Self::of_any(name),
        }
    }

    /// What most names are: nothing of ASCII composes with its neighbour, so each character has its
    /// part of the key, whatever stands beside it.
    fn of_ascii(name: &str) -> Option<Self> {
        if !name.is_ascii() {
            return None;
        }
        let shapes = name.bytes().map(|byte| ASCII_SHAPES.get(usize::from(byte)));
        let skeleton: String = shapes.flatten().map(|shape| &**shape).collect();
        Some(Self { folded: name.to_ascii_lowercase().into(), skeleton: skeleton.into() })
    }

    fn of_any(name: &str) -> Self {
        let plain: String = name.nfkc().collect();
        Self { folded: fold(&plain), skeleton: shape(&plain) }
    }

    /// Whether two names could be taken for one another.
    pub fn clashes(&self, other: &Self) -> bool {
        self.folded == other.folded || self.skeleton == other.skeleton
    }
}

impl fmt::Display for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Folds case away, character by character: `ß` meets `SS`, and a final `ς` meets `σ`, which lower
/// case alone keeps apart.
fn fold(name: &str) -> Box<str> {
    name.chars()
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfc()
        .collect::<String>()
        .into()
}

/// What is left of a name when both case and look-alikes are taken away. Capitals look like other
/// letters than small ones do (`I` like `l`, `m` like `rn`), so each case is looked at: `nick_inva1id`
/// reads like `NICK_INVALID`, `ALlCE` like `alice`. That `Neil` and `Nell` are one name too is the
/// price of it.
fn shape(name: &str) -> Box<str> {
    let look = |name: &str| skeleton(name).collect::<String>();
    fold(&look(&fold(&look(&look(name).to_uppercase()))))
}

/// The colon that ends a sender's tag, and what reads like one in a Latin name.
fn is_colon(c: char) -> bool {
    matches!(c, ':' | 'ː' | '˸' | '∶' | '∷' | '≔' | '≕' | '⧴' | '⸬' | '꞉' | '𝄈')
}

/// Zero-width, bidirectional, filler, variation and tag characters: they change what a name is
/// without changing how it looks.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffd}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;
