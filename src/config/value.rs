//! How a setting's value is written: durations, sizes and counts. Knows no names of settings.

use crate::wire::room_name::RoomName;
use std::time::Duration;
use toml::de::DeValue;

/// The longest duration a setting takes. A day: anything above is a unit taken for another.
const LONGEST: Duration = Duration::from_hours(24);

/// Units of a written duration, in seconds.
const TIMES: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// Units of a written size, in bytes.
const SIZES: [(&str, usize); 4] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)];

/// A number of seconds (`10`, `0.5`), or a text with its unit (`"10s"`, `"250ms"`, `"5m"`).
/// Not shorter than `least`.
pub(super) fn duration(value: &DeValue<'_>, least: Duration) -> Result<Duration, String> {
    let seconds = match value {
        DeValue::Integer(number) => integer(number.as_str(), number.radix()).map(seconds_of),
        DeValue::Float(number) => number.as_str().replace('_', "").parse().ok(),
        DeValue::String(text) => TIMES.iter().find_map(|(unit, seconds)| {
            let number = text.strip_suffix(unit)?.trim_end();
            let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            plain.then(|| number.parse::<f64>().ok().map(|number| number * seconds)).flatten()
        }),
        _ => None,
    };
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| (least..=LONGEST).contains(duration))
        .ok_or_else(|| {
            let least = if least.is_zero() { "0s".into() } else { format!("{least:?}") };
            format!(
                "a duration from {least} to a day: seconds such as 10 or 0.5, or \"250ms\", \
                 \"10s\", \"5m\", \"1h\""
            )
        })
}

/// A number of bytes (`65536`), or a text with its unit (`"64MiB"`).
/// Not less than `least`.
pub(super) fn bytes(value: &DeValue<'_>, least: usize) -> Result<usize, String> {
    let bytes = match value {
        DeValue::Integer(number) => integer(number.as_str(), number.radix()),
        DeValue::String(text) => SIZES.iter().find_map(|(unit, bytes)| {
            text.strip_suffix(unit)?.trim_end().parse::<usize>().ok()?.checked_mul(*bytes)
        }),
        _ => None,
    };
    bytes.filter(|bytes| *bytes >= least).ok_or_else(|| {
        format!("at least {least} bytes: a number, or a text such as \"512KiB\" or \"64MiB\"")
    })
}

/// A whole number, not less than `least`.
pub(super) fn count(value: &DeValue<'_>, least: usize) -> Result<usize, String> {
    match value {
        DeValue::Integer(number) => integer(number.as_str(), number.radix()),
        _ => None,
    }
    .filter(|count| *count >= least)
    .ok_or_else(|| format!("a whole number, at least {least}"))
}

/// `true` or `false`.
pub(super) fn yes(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| "true or false".into())
}

/// A text in quotes, not empty.
pub(super) fn text(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) if !text.is_empty() => Ok(text.to_string()),
        _ => Err("a text in quotes".into()),
    }
}

/// A duration as it is written in the file.
pub(super) fn shown_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis.is_multiple_of(1000) {
        format!("\"{}s\"", millis / 1000)
    } else {
        format!("\"{millis}ms\"")
    }
}

/// A size as it is written in the file, in the largest unit that fits.
pub(super) fn shown_bytes(bytes: usize) -> String {
    let unit = ["GiB", "MiB", "KiB"].into_iter().zip([30, 20, 10]);
    let whole = |(_, shift): &(&str, u32)| bytes > 0 && bytes.is_multiple_of(1 << shift);
    match unit.into_iter().find(whole) {
        Some((unit, shift)) => format!("\"{}{unit}\"", bytes >> shift),
        None => bytes.to_string(),
    }
}

fn integer(digits: &str, radix: u32) -> Option<usize> {
    usize::from_str_radix(&digits.replace('_', ""), radix).ok()
}

#[expect(clippy::cast_precision_loss, reason = "the bound of a day is far below 2^52 seconds")]
fn seconds_of(number: usize) -> f64 {
    number as f64
}

/// A list of rooms, with or without their `#`.
pub(super) fn rooms(value: &DeValue<'_>) -> Result<Vec<RoomName>, String> {
    let expected = || "a list of rooms, such as [\"#ops\", \"#dev\"]".to_owned();
    let rooms = value.as_array().ok_or_else(expected)?;
    let room = |room: &DeValue<'_>| RoomName::parse(&text(room).ok()?).ok();
    rooms.iter().map(|name| room(name.get_ref()).ok_or_else(expected)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(written: &str) -> DeValue<'_> {
        DeValue::parse(written).unwrap().into_inner()
    }

    #[test]
    fn durations_are_seconds_or_have_a_unit() {
        for (written, millis) in [
            ("10", 10_000),
            ("0.5", 500),
            ("1_000", 1_000_000),
            ("\"250ms\"", 250),
            ("\"10s\"", 10_000),
            ("\"1.5 m\"", 90_000),
            ("\"1h\"", 3_600_000),
        ] {
            assert_eq!(
                duration(&value(written), Duration::ZERO),
                Ok(Duration::from_millis(millis)),
                "{written}"
            );
        }
        for wrong in ["-1", "\"10\"", "\"ten s\"", "\"infs\"", "\"1e9s\"", "true", "\"25h\"", "nan"]
        {
            assert!(duration(&value(wrong), Duration::ZERO).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_too_little_is_refused() {
        let second = Duration::from_secs(1);
        assert_eq!(duration(&value("1"), second), Ok(second));
        let why = duration(&value("0.9"), second).unwrap_err();
        assert!(why.starts_with("a duration from 1s to a day"), "{why}");
        assert_eq!(bytes(&value("4096"), 4096), Ok(4096));
        assert!(bytes(&value("4095"), 4096).is_err());
    }

    #[test]
    fn sizes_are_bytes_or_have_a_unit() {
        for (written, expected) in
            [("1000", 1000), ("0x10", 16), ("\"4KiB\"", 4096), ("\"64 MiB\"", 67_108_864)]
        {
            assert_eq!(bytes(&value(written), 0), Ok(expected), "{written}");
        }
        for wrong in ["-1", "1.5", "\"64MB\"", "\"KiB\"", "\"99999999999999999999GiB\""] {
            assert!(bytes(&value(wrong), 0).is_err(), "{wrong}");
        }
    }

    #[test]
    fn counts_have_a_least() {
        assert_eq!(count(&value("1"), 1), Ok(1));
        assert!(count(&value("0"), 1).is_err());
        assert!(count(&value("\"1\""), 1).is_err());
    }
}
