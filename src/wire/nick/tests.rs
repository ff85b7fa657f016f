//! Tests of the door for names: what passes, what is refused and why, and which two are one.

use super::*;
use proptest::prelude::*;
use std::collections::HashMap;

fn parse(name: &str) -> Result<Nick, NickError> {
    Nick::parse(name.as_bytes())
}

fn clash(one: &str, other: &str) -> bool {
    let (one, other) = (parse(one).unwrap().key(), parse(other).unwrap().key());
    assert_eq!(one.clashes(&other), other.clashes(&one), "a clash is mutual");
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
        let nick = parse(name).unwrap();
        assert_eq!((nick.as_str(), nick.to_string().as_str()), (name, name));
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
        assert_eq!(parse(&format!("{first}a")), Err(NickError::FirstCharacter(first)));
        assert!(parse(&format!("a{first}")).is_ok(), "only in front: {first}");
    }
}

#[test]
fn the_bound_is_one_of_characters_and_holds_after_normalising() {
    assert!(parse(&"日".repeat(limits::NICK_CHARS)).is_ok());
    assert_eq!(parse(&"日".repeat(limits::NICK_CHARS + 1)), Err(NickError::TooLong));
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
    for name in ["KlCK", "K1CK", "k|ck", "КІСК", "NlCK_OK", "nick_inva1id", "Conso1e"] {
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
        let names = |of: &str| [of.to_string(), of.repeat(2), format!("a{of}z"), format!("a{of}")];
        for (like, plain) in names(&c.to_string()).into_iter().zip(names(&prototype)) {
            let (Ok(like), Ok(plain)) = (parse(&like), parse(&plain)) else {
                continue;
            };
            assert!(like.key().clashes(&plain.key()), "{like} passes beside {plain}");
        }
    }
    assert!(pairs > 6000, "the table has been read: {pairs}");
}

/// … and every two characters that the table takes for the same third one, whether or not that one
/// is in a name: at most one of them can be there.
#[test]
fn two_that_look_like_a_third_are_one_name() {
    let mut like: HashMap<String, Vec<char>> = HashMap::new();
    for c in characters() {
        like.entry(skeleton(&c.to_string()).collect()).or_default().push(c);
    }
    let (mut pairs, mut names) = (0, 0);
    for alike in like.values().filter(|alike| alike.len() > 1) {
        let contexts: [fn(char) -> String; 5] = [
            |c| c.into(),
            |c| c.to_string().repeat(2),
            |c| format!("a{c}z"),
            |c| format!("{c}1"),
            |c| format!("日{c}"),
        ];
        for name in contexts {
            let keys: Vec<NickKey> =
                alike.iter().filter_map(|c| parse(&name(*c)).ok()).map(|nick| nick.key()).collect();
            names += keys.len();
            pairs += keys.len() * keys.len().saturating_sub(1) / 2;
            // Being alike is passed on, so that the first stands for all.
            let strange = keys.iter().position(|key| !key.clashes(&keys[0]));
            assert_eq!(strange, None, "{alike:?} as {}", name('c'));
            let same = keys.iter().all(|key| key.skeleton == keys[0].skeleton);
            assert!(same, "{alike:?} as {} do not all clash with each other", name('c'));
        }
    }
    assert!(pairs > 1000 && names > 1000, "{pairs} pairs, {names} names");
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

/// Every pair of them, and what stands beside a pair changes nothing that a pair does not show.
#[test]
fn a_key_of_ascii_is_the_key_of_any_name() {
    for one in '\0'..='\x7f' {
        for other in '\0'..='\x7f' {
            let name = format!("{one}{other}");
            assert_eq!(
                NickKey::of_ascii(&name).as_ref(),
                Some(&NickKey::of_any(&name)),
                "{name:?}"
            );
        }
    }
    assert_eq!(NickKey::of_ascii("Zoë"), None);
}

proptest! {
    #[test]
    fn a_long_key_of_ascii_is_the_key_of_any_name(name in "[\\x00-\\x7f]{0,32}") {
        prop_assert_eq!(NickKey::of_ascii(&name), Some(NickKey::of_any(&name)));
    }

    /// The short way through the door for ASCII is no other door.
    #[test]
    fn a_name_of_ascii_is_one_script_and_composed(name in "[\\x21-\\x7e]{1,20}") {
        prop_assert!(name.nfkc().eq(name.chars()) && name.nfc().eq(name.chars()));
        prop_assert!(name.as_str().is_single_script());
    }
}
