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
const RESERVED: [&str; 8] = [
    "NICK",
    "NICK_OK",
    "NICK_INVALID",
    "KICK",
    "Server",
    "Console",
    "Chaty",
    "System",
];

/// Made once: a key costs more than the rest of the door.
static RESERVED_KEYS: LazyLock<[NickKey; RESERVED.len()]> =
    LazyLock::new(|| RESERVED.map(NickKey::of));

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
        let plain: String = name.nfkc().collect();
        Self {
            folded: fold(&plain),
            skeleton: shape(&plain),
        }
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
    matches!(
        c,
        ':' | 'ː' | '˸' | '∶' | '∷' | '≔' | '≕' | '⧴' | '⸬' | '꞉' | '𝄈'
    )
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(name: &str) -> Result<Nick, NickError> {
        Nick::parse(name.as_bytes())
    }

    fn clash(one: &str, other: &str) -> bool {
        let (one, other) = (parse(one).unwrap().key(), parse(other).unwrap().key());
        assert_eq!(
            one.clashes(&other),
            other.clashes(&one),
            "a clash is mutual"
        );
        one.clashes(&other)
    }

    fn characters() -> impl Iterator<Item = char> {
        '\0'..=char::MAX
    }

    #[test]
    fn ordinary_names_of_many_scripts_are_kept_as_they_are() {
        let longest = "x".repeat(limits::NICK_CHARS);
        for name in [
            "Neo",
            "a",
            "R2-D2",
            "neo_",
            "O'Hara",
            "[bot]",
            "日本",
            "ひらカナ漢字",
            "Ωμέγα",
            "Жанна",
            "Zoë",
            "שלום",
            "42",
            "🦀",
            &longest,
        ] {
            assert_eq!(parse(name).as_ref().map(Nick::as_str), Ok(name));
        }
        assert_eq!(parse("Zoe\u{308}").unwrap().as_str(), "Zoë", "composed");
    }

    #[test]
    fn every_refusal_has_its_reason() {
        let long = "x".repeat(limits::NICK_CHARS + 1);
        for (name, why) in [
            ("", NickError::Empty),
            (&long, NickError::TooLong),
            ("a b", NickError::WhiteSpace),
            ("a\u{a0}b", NickError::WhiteSpace),
            ("a\nb", NickError::WhiteSpace),
            ("a:b", NickError::Colon),
            ("Neo:", NickError::Colon),
            ("a\0", NickError::Invisible),
            ("a\u{1b}", NickError::Invisible),
            ("a\u{7f}", NickError::Invisible),
            ("a\u{9b}", NickError::Invisible),
            ("a\u{200b}b", NickError::Invisible),
            ("a\u{200d}b", NickError::Invisible),
            ("a\u{202e}b", NickError::Invisible),
            ("a\u{2066}b", NickError::Invisible),
            ("a\u{fe0f}", NickError::Invisible),
            ("\u{feff}Neo", NickError::Invisible),
            ("a\u{e0041}", NickError::Invisible),
            ("Aliсe", NickError::MixedScript),
            ("Ｎｅｏ", NickError::MixedScript),
            ("Ⓝeo", NickError::MixedScript),
            ("ﬁn", NickError::MixedScript),
        ] {
            assert_eq!(parse(name), Err(why), "{name:?}");
        }
        assert_eq!(Nick::parse(b"caf\xe9"), Err(NickError::NotUtf8));
        for first in NOT_FIRST {
            assert_eq!(
                parse(&format!("{first}a")),
                Err(NickError::FirstCharacter(first))
            );
            assert!(
                parse(&format!("a{first}")).is_ok(),
                "only in front: {first}"
            );
        }
    }

    #[test]
    fn the_bound_is_one_of_characters_and_holds_after_normalising() {
        assert!(parse(&"日".repeat(limits::NICK_CHARS)).is_ok());
        assert_eq!(
            parse(&"日".repeat(limits::NICK_CHARS + 1)),
            Err(NickError::TooLong)
        );
        let grows = |c: &char| c.to_string().nfc().count() > 1;
        for c in characters().filter(grows) {
            let name: String = std::iter::repeat_n(c, limits::NICK_CHARS).collect();
            if let Ok(nick) = parse(&name) {
                assert!(nick.as_str().chars().count() <= limits::NICK_CHARS, "{c:?}");
            }
        }
    }

    #[test]
    fn reserved_words_are_refused_in_every_case_and_disguise() {
        for word in RESERVED {
            for name in [word.to_string(), word.to_lowercase(), word.to_uppercase()] {
                assert_eq!(parse(&name), Err(NickError::Reserved), "{name}");
            }
        }
        for name in [
            "KlCK",
            "K1CK",
            "k|ck",
            "КІСК",
            "NlCK_OK",
            "nick_inva1id",
            "Conso1e",
        ] {
            assert_eq!(parse(name), Err(NickError::Reserved), "{name}");
        }
        assert!(parse("KICKer").is_ok());
    }

    #[test]
    fn nothing_that_does_not_show_is_in_a_name() {
        for c in characters() {
            let shows =
                !c.is_control() && !c.is_whitespace() && skeleton(&c.to_string()).next().is_some();
            if !shows {
                assert!(parse(&format!("a{c}b")).is_err(), "{:x}", u32::from(c));
                assert!(parse(&c.to_string()).is_err(), "{:x}", u32::from(c));
            }
        }
    }

    #[test]
    fn case_does_not_tell_names_apart() {
        assert!(clash("neo", "NEO"));
        assert!(clash("Straße", "STRASSE"));
        assert!(clash("ΝΕΟΣ", "νεος"));
        assert!(clash("νεοσ", "νεος"));
        assert!(!clash("neo", "trin"));
        // Neither do look-alikes of the other case.
        assert!(clash("ALlCE", "alice"));
        assert!(clash("rnark", "MARK"));
        assert!(clash("lris", "iris"));
        let has_case = |c: &char| !c.to_uppercase().eq([*c]) || !c.to_lowercase().eq([*c]);
        for c in characters().filter(|c| !c.is_ascii() && has_case(c)) {
            let name = format!("{c}");
            let Ok(nick) = parse(&name) else { continue };
            for cased in [name.to_lowercase(), name.to_uppercase()] {
                if let Ok(other) = parse(&cased) {
                    assert!(nick.key().clashes(&other.key()), "{name:?} and {cased:?}");
                }
            }
        }
    }

    /// Every pair of UTS 39's table, alone, doubled and inside a Latin name.
    #[test]
    fn every_look_alike_is_refused_or_clashes() {
        let mut pairs = 0;
        for c in characters() {
            let prototype: String = skeleton(&c.to_string()).collect();
            if prototype.chars().eq([c]) {
                continue;
            }
            pairs += 1;
            let names = |of: &str| {
                [
                    of.to_string(),
                    of.repeat(2),
                    format!("a{of}z"),
                    format!("a{of}"),
                ]
            };
            for (like, plain) in names(&c.to_string()).into_iter().zip(names(&prototype)) {
                let (Ok(like), Ok(plain)) = (parse(&like), parse(&plain)) else {
                    continue;
                };
                assert!(
                    like.key().clashes(&plain.key()),
                    "{like} passes beside {plain}"
                );
            }
        }
        assert!(pairs > 6000, "the table has been read: {pairs}");
    }

    #[test]
    fn nothing_that_reads_like_a_colon_is_in_a_latin_name() {
        let passed: Vec<char> = characters()
            .filter(|c| !c.is_ascii() && skeleton(&c.to_string()).any(|c| c == ':'))
            .filter(|c| parse(&format!("a{c}")).is_ok())
            .collect();
        assert!(passed.is_empty(), "{passed:?}");
        // In its own script it is a letter's sign, not a colon.
        assert!(parse("दुःख").is_ok());
    }

    proptest! {
        #[test]
        fn a_name_that_passed_is_clean_and_passes_again(name in "\\PC{1,34}") {
            if let Ok(nick) = parse(&name) {
                let shown = nick.as_str();
                prop_assert_eq!(crate::wire::text::scrub(shown), shown);
                prop_assert!(!shown.contains(|c: char| c.is_whitespace() || c == ':'));
                prop_assert_eq!(parse(shown), Ok(nick.clone()));
                prop_assert!(nick.key().clashes(&nick.key()));
            }
        }

        #[test]
        fn no_bytes_upset_the_door(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(nick) = Nick::parse(&bytes) {
                prop_assert!(nick.as_str().chars().count() <= limits::NICK_CHARS);
            }
        }
    }
}
