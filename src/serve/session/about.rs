//! What a bot tells about itself, made harmless and cut to a bearable length. Decides nothing.

use crate::room::About;
use crate::wire::native;
use crate::wire::text::scrub;
use std::sync::Arc;

/// Answers of one bot that are listed, and characters of each: a screen is full with fewer.
const ANSWERS: usize = 64;
const CHARS: usize = 64;

pub(super) fn about(told: native::About) -> About {
    let native::About { answers, calls, errors, muted, mean_us, slowest_us } = told;
    let answers = answers.iter().take(ANSWERS).map(|answer| cut(answer)).collect();
    About { answers, calls, errors, muted, mean_us, slowest_us }
}

/// The name of a bot's part.
pub(super) fn handler(name: &str) -> Arc<str> {
    cut(name).into()
}

fn cut(text: &str) -> String {
    scrub(&text.chars().take(CHARS).collect::<String>())
}
