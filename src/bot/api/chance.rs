//! What a bot draws. All of it follows from the bot's seed.

use super::Failed;
use crate::bot::host::Host;
use rhai::{Array, Dynamic};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Dice thrown at once, and their sides: what a table of people has, many times over.
const DICE: i64 = 100;
const SIDES: i64 = 1_000_000;

/// What drawing or printing an element takes, in steps of the interpreter.
const STEPS: usize = 2;

pub(super) fn pick(host: &Host, mut array: Array) -> Result<Dynamic, Failed> {
    if array.is_empty() {
        return Err("pick(array) has nothing to draw from: the array is empty".into());
    }
    let index = host.draw(0..array.len());
    Ok(array.swap_remove(index))
}

/// Every element once before any comes again, and none twice running.
pub(super) fn pick_fresh(host: &Host, mut array: Array) -> Result<Dynamic, Failed> {
    if array.is_empty() {
        return Err("pick_fresh(array) has nothing to draw from: the array is empty".into());
    }
    host.guard.charge(STEPS * array.len());
    let mut hasher = DefaultHasher::new();
    for item in &array {
        item.to_string().hash(&mut hasher);
    }
    // As many numbers as there can be draws, drawn before the mind is held.
    let number: u64 = host.draw(0..u64::MAX);
    let index = host.change("pick_fresh", None, |kept, _, _| {
        Ok(kept.fresh(hasher.finish(), array.len(), |below| below_of(number, below)))
    })?;
    Ok(array.swap_remove(index))
}

fn below_of(number: u64, below: usize) -> usize {
    let below = u64::try_from(below).unwrap_or(u64::MAX).max(1);
    usize::try_from(number % below).unwrap_or(0)
}

pub(super) fn shuffle(host: &Host, mut array: Array) -> Array {
    host.guard.charge(STEPS * array.len());
    for index in (1..array.len()).rev() {
        array.swap(index, host.draw(0..=index));
    }
    array
}

pub(super) fn rand_int(host: &Host, from: i64, to: i64) -> Result<i64, Failed> {
    if from > to {
        return Err(format!("rand_int(from, to) goes upwards: {from} is above {to}").into());
    }
    Ok(host.draw(from..=to))
}

pub(super) fn chance(host: &Host, p: f64) -> Result<bool, Failed> {
    if !(0.0..=1.0).contains(&p) {
        return Err(format!("chance(p) goes from 0.0 to 1.0: {p} is outside").into());
    }
    Ok(host.draw(0.0..1.0) < p)
}

/// `2d6+1`: how many dice, of how many sides, and what is added.
pub(super) fn roll(host: &Host, dice: &str) -> Result<i64, Failed> {
    let Some((count, sides, more)) = parse(dice) else {
        return Err(format!("roll(dice) takes dice such as \"2d6+1\", not \"{dice}\"").into());
    };
    if !(1..=DICE).contains(&count) || !(1..=SIDES).contains(&sides) {
        return Err(format!("roll(dice) takes 1 to {DICE} dice of 1 to {SIDES} sides").into());
    }
    host.guard.charge(usize::try_from(count).unwrap_or_default());
    Ok((0..count).map(|_| host.draw(1..=sides)).sum::<i64>() + more)
}

fn parse(dice: &str) -> Option<(i64, i64, i64)> {
    let dice: String = dice.to_ascii_lowercase().split_whitespace().collect();
    let (count, rest) = dice.split_once('d')?;
    let count = if count.is_empty() { 1 } else { count.parse().ok()? };
    let at = rest.find(['+', '-']).unwrap_or(rest.len());
    let (sides, more) = rest.split_at(at);
    let more: i32 = if more.is_empty() { 0 } else { more.parse().ok()? };
    Some((count, sides.parse().ok()?, more.into()))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn dice_are_written_as_players_write_them() {
        assert_eq!(parse("2d6+1"), Some((2, 6, 1)));
        assert_eq!(parse("D20"), Some((1, 20, 0)));
        assert_eq!(parse(" 3 d 8 - 2 "), Some((3, 8, -2)));
        for wrong in ["", "d", "6", "2d", "d6+", "2x6", "d6+a", "99999999999999999999d6"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
