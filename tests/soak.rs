//! The checker of `just soak`, checked itself: whatever fault is planted in what members hear, it
//! says so. The soak is `tests/figures/soak.rs`.

mod truth;

use truth::{Heard, Truth};

/// A room in which five things happened, as a native member told of them.
fn room() -> Truth {
    let mut truth = Truth::default();
    for (seq, author, line) in [
        (7, "neo", "neo: first"),
        (8, "trin", "trin just connected"),
        (9, "neo", "neo: second"),
        (10, "trin", "trin: third"),
        (11, "neo", "neo: fourth"),
    ] {
        truth.tell(seq, author, line).unwrap();
    }
    truth
}

/// What somebody who joined as `trin` hears, line by line.
fn follows(lines: &[&str]) -> Result<u64, String> {
    let (truth, mut trin) = (room(), Heard::new("trin"));
    for line in lines {
        trin.hears(line.as_bytes(), true);
    }
    trin.check(&truth)?;
    Ok(trin.next().unwrap())
}

#[test]
fn who_hears_everything_but_its_own_is_right() {
    assert_eq!(follows(&["neo: second", "neo: fourth"]), Ok(12));
    assert_eq!(follows(&["neo: second"]), Ok(11), "what is still to come is not missing yet");
}

#[test]
fn planted_faults_in_a_line_members_hearing_are_found() {
    for planted in [
        &["neo: fourth"][..],
        &["neo: fourth", "neo: second"],
        &["neo: second", "neo: second"],
        &["neo: second", "trin: third"],
        &["neo: first", "neo: second"],
        &["neo: second", "neo: forth"],
    ] {
        assert!(follows(planted).is_err(), "{planted:?} was not found");
    }
}

#[test]
fn a_stream_without_framing_is_followed_to_the_byte() {
    let truth = room();
    let mut trin = Heard::new("trin");
    for piece in ["neo: sec", "ondneo: fo", "urth"] {
        trin.hears(piece.as_bytes(), false);
        trin.check(&truth).unwrap();
    }
    assert_eq!(trin.next(), Some(12));
    let mut trin = Heard::new("trin");
    trin.hears(b"neo: secondneo: f0", false);
    assert!(trin.check(&truth).is_err());
}

#[test]
fn planted_faults_in_what_native_members_tell_are_found() {
    assert!(room().tell(9, "neo", "neo: second").is_ok(), "the same again");
    assert!(room().tell(9, "neo", "neo: other").is_err(), "another text under one number");
    assert!(room().tell(12, "neo", "neo: second").is_err(), "said twice");
    assert!(room().tell(12, "trin", "trin left the chat").is_ok());
}

#[test]
fn a_missing_number_is_found_when_its_time_has_come() {
    let mut truth = room();
    truth.tell(13, "neo", "neo: fifth").unwrap();
    assert_eq!(truth.missing(), [12]);
    truth.tell(12, "trin", "trin: between").unwrap();
    assert!(truth.missing().is_empty());
    assert_eq!(truth.last(), 13);
}
