//! The known name nearest to a mistyped one. Suggests nothing rather than something far-fetched.

/// How alike two words must be: `rply` and `reply`, `on_mesage` and `on_message` are; `roll` and
/// `reply` are not. Jaro-Winkler's usual threshold for typing errors, raised a little.
const ALIKE: f64 = 0.84;

/// Letters of the words that are compared: nobody mistypes a longer name in one place only, and the
/// work is the product of two lengths.
const LETTERS: usize = 40;

/// The candidate most like `word`, if any is like it at all.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if word.len() > LETTERS {
        return None;
    }
    let word = word.to_lowercase();
    candidates
        .into_iter()
        // A slip adds or drops one letter, of at most four bytes.
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= word.len().max(3) / 3 * 4)
        .map(|candidate| (strsim::jaro_winkler(&word, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, candidate)| is_slip(&word, &candidate.to_lowercase(), *likeness))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// One slip of a finger in a word of three letters, one more for every three letters more.
fn is_slip(word: &str, candidate: &str, likeness: f64) -> bool {
    let slips = strsim::osa_distance(word, candidate);
    slips <= 1 && word.len() >= 3 || slips <= word.len() / 3 && likeness >= ALIKE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_recognised_and_other_words_are_not() {
        let known = ["reply", "say", "emote", "pick", "rand_int", "on_message", "on_mention"];
        let of = |word| nearest(word, known);
        assert_eq!(of("rply"), Some("reply"));
        assert_eq!(of("Reply"), Some("reply"));
        assert_eq!(of("on_mesage"), Some("on_message"));
        assert_eq!(of("onmention"), Some("on_mention"));
        assert_eq!(of("randint"), Some("rand_int"));
        assert_eq!(of("sya"), Some("say"));
        assert_eq!(of("zebra"), None);
        assert_eq!(of("x"), None);
    }
}
