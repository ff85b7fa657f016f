//! Numbers as people read them: three digits, and a word for how many there are behind.

use std::time::Duration;

/// `20.0 million`, `231 thousand`, `9340`, `3.52`.
pub(super) fn rounded(number: f64) -> String {
    match number {
        1e9.. => format!("{} billion", digits(number / 1e9)),
        1e6.. => format!("{} million", digits(number / 1e6)),
        1e5.. => format!("{} thousand", digits(number / 1e3)),
        1e3.. => format!("{number:.0}"),
        _ => digits(number),
    }
}

fn digits(number: f64) -> String {
    match number {
        100.0.. => format!("{number:.0}"),
        10.0.. => format!("{number:.1}"),
        0.1.. | 0.0 => format!("{number:.2}"),
        _ => format!("{number:.4}"),
    }
}

/// `17.1 ms`, `360 us`.
pub(super) fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        1.0.. => format!("{} s", digits(seconds)),
        0.001.. => format!("{} ms", digits(seconds * 1e3)),
        _ => format!("{} µs", digits(seconds * 1e6)),
    }
}

/// `12.3 MiB`.
pub(super) fn kib(kib: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for people, in three digits")]
    let kib = kib as f64;
    match kib {
        1_048_576.0.. => format!("{} GiB", digits(kib / 1_048_576.0)),
        1024.0.. => format!("{} MiB", digits(kib / 1024.0)),
        _ => format!("{kib:.0} KiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits() {
        for (number, text) in [
            (21_400_000.0, "21.4 million"),
            (231_400.0, "231 thousand"),
            (9_340.4, "9340"),
            (0.0, "0.00"),
            (0.0451, "0.0451"),
            (3.519, "3.52"),
        ] {
            assert_eq!(rounded(number), text);
        }
        assert_eq!(time(Duration::from_micros(17_120)), "17.1 ms");
        assert_eq!(time(Duration::from_nanos(360_400)), "360 µs");
        assert_eq!(time(Duration::from_secs(2)), "2.00 s");
        assert_eq!((kib(900), kib(12_595)), ("900 KiB".into(), "12.3 MiB".into()));
    }
}
