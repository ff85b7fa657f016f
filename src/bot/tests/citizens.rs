//! The four citizens answer to the letter, for every word and every pair of words.

use super::{Bot, lines, load, options, said};
use crate::wire::entry::Kind;
use std::collections::BTreeSet;

const WORDS: [&str; 6] = ["work", "play", "eat", "cry", "sleep", "fight"];

const SCRIPTS: [(&str, &str); 4] = [
    ("Alice", include_str!("../../../bots/alice.rhai")),
    ("Bob", include_str!("../../../bots/bob.rhai")),
    ("Chuck", include_str!("../../../bots/chuck.rhai")),
    ("Dora", include_str!("../../../bots/dora.rhai")),
];

fn citizen(name: &str) -> Bot {
    let (_, source) = SCRIPTS.iter().find(|(known, _)| *known == name).unwrap();
    load(source).unwrap_or_else(|diagnostic| panic!("{diagnostic}"))
}

#[track_caller]
fn check(bot: &Bot, text: &str, answer: &str) {
    assert_eq!(lines(&bot.answer(&said(text))), [answer], "{text}");
}

#[test]
fn alice_agrees() {
    let alice = citizen("Alice");
    for word in WORDS {
        check(&alice, &format!("let us {word}"), &format!("I think {word}ing sounds great!"));
        check(&alice, &word.to_uppercase(), &format!("I think {word}ing sounds great!"));
    }
    check(&alice, "Let's PLAY!", "I think playing sounds great!");
}

#[test]
fn bob_wants_a_choice() {
    let bob = citizen("Bob");
    for a in WORDS {
        let one = format!("Not sure about {a}ing. Don't I get a choice?");
        check(&bob, a, &one);
        check(&bob, &format!("{a} and {a}"), &one);
        for b in WORDS.into_iter().filter(|b| *b != a) {
            let both = format!("Sure, both {a} and {b}ing seems ok to me");
            check(&bob, &format!("{a} or {b}?"), &both);
        }
    }
}

#[test]
fn dora_has_every_idea_sooner_or_later_and_no_other() {
    let dora = citizen("Dora");
    let mut ideas = BTreeSet::new();
    for word in WORDS {
        for _ in 0..40 {
            let line = lines(&dora.answer(&said(word))).remove(0);
            let idea = line
                .strip_prefix(&format!("Yea, {word} is an option. Or we could do some "))
                .and_then(|rest| rest.strip_suffix('.'));
            ideas.insert(idea.unwrap_or_else(|| panic!("{line}")).to_owned());
        }
    }
    assert_eq!(
        ideas.iter().map(String::as_str).collect::<Vec<_>>(),
        ["coding", "fighting", "singing", "sleeping"]
    );
}

#[test]
fn chuck_has_his_moods() {
    let chuck = citizen("Chuck");
    for word in WORDS {
        let answer = match word {
            "fight" => "YESS! Time for fighting".to_owned(),
            "work" | "play" => format!("What? {word}ing sucks. Not doing that."),
            _ => "I don't care!".to_owned(),
        };
        check(&chuck, &format!("{word}."), &answer);
    }
}

#[test]
fn a_bot_answers_no_bot_and_nothing_but_its_words() {
    for name in ["Alice", "Bob", "Dora", "Chuck"] {
        let bot = citizen(name);
        for text in ["player", "hello", "WORKING", "", name] {
            assert_eq!(bot.answer(&said(text)), crate::bot::Outcome::default(), "{name}: {text}");
        }
        let mut from_a_bot = said("let us play");
        from_a_bot.kind = Kind::Bot;
        assert_eq!(bot.answer(&from_a_bot), crate::bot::Outcome::default(), "{name}");
    }
}

/// `/// > Neo: …` and the `/// < …` after it; `*` stands for what chance decides.
#[test]
fn the_examples_in_their_scripts_are_true() {
    for (name, source) in SCRIPTS {
        let bot = citizen(name);
        let (mut asked, mut checked) = (None, 0);
        for line in source.lines().filter_map(|line| line.strip_prefix("/// ")) {
            if let Some(text) = line.strip_prefix("> Neo: ") {
                asked = Some(text);
            } else if let Some(wanted) = line.strip_prefix("< ") {
                let said = lines(&bot.answer(&said(asked.take().unwrap()))).remove(0);
                let (start, end) = wanted.split_once('*').unwrap_or((wanted, ""));
                assert!(said.starts_with(start) && said.ends_with(end), "{name}: {said}");
                assert!(wanted.contains('*') || said == wanted, "{name}: {said}");
                checked += 1;
            }
        }
        assert!(checked > 0, "{name}");
    }
}

#[test]
fn the_same_seed_draws_the_same() {
    let draw = |seed| {
        let dora = Bot::load(include_str!("../../../bots/dora.rhai"), options(seed)).unwrap();
        (0..20).flat_map(|_| lines(&dora.answer(&said("play")))).collect::<Vec<_>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}
