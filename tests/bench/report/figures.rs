//! Figures as people read them.

/// Three digits and a thousand's letter: `1.23 M`.
pub(crate) fn short(value: f64) -> String {
    let (value, unit) = match value.abs() {
        big if big >= 999.5e6 => (value / 1e9, " G"),
        big if big >= 999.5e3 => (value / 1e6, " M"),
        big if big >= 9_995.0 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    format!("{}{unit}", digits(value))
}

/// Three digits, as far as there are any.
pub(crate) fn digits(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        big if big >= 99.95 => format!("{value:.0}"),
        big if big >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Nanoseconds in the unit that fits.
pub(crate) fn time(nanos: f64) -> String {
    match nanos {
        long if long >= 999.5e6 => format!("{} s", digits(long / 1e9)),
        long if long >= 999.5e3 => format!("{} ms", digits(long / 1e6)),
        long if long >= 999.5 => format!("{} µs", digits(long / 1e3)),
        short => format!("{} ns", digits(short)),
    }
}

/// A tick of an axis: `10 k`, without a fraction it does not have.
pub(crate) fn tick(value: f64) -> String {
    let (value, unit) = match value.abs() {
        big if big >= 1e9 => (value / 1e9, "G"),
        big if big >= 1e6 => (value / 1e6, "M"),
        big if big >= 1e3 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let rounded = (value * 1000.0).round() / 1000.0;
    format!("{rounded}{unit}")
}

pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}
