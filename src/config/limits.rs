//! The keys of `[limits]`, as they are written in the file and behind `--limit`. Knows how each is
//! read and shown, not what it does.

use super::Limits;
use super::file::{Take, put, unknown_key};
use super::value;
use std::time::Duration;
use toml::de::DeValue;

/// One key: how its value is taken, and how it is written.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) take: Take<Limits>,
    show: fn(&Limits) -> String,
}

/// Why `--limit KEY=VALUE` is refused, with what was probably meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LimitError(String);

/// The least of a deadline: with none at all, everything would be late.
const SOME: Duration = Duration::from_millis(1);
/// The least of what the kernel counts in seconds.
const SECOND: Duration = Duration::from_secs(1);
/// The least of the retained log: a few of the longest messages in every dialect.
const RETAINED: usize = 256 * 1024;
/// The least of a flow of bytes: a quarter of the longest line, so that one waits 4 s at most.
const FLOW: usize = 1024;

/// A key of which name, field and kind of value are one: a duration, a size, a count or a switch.
macro_rules! key {
    ($field:ident: duration from $least:expr) => {
        Key {
            name: stringify!($field),
            take: |limits, v| put(&mut limits.$field, value::duration(v, $least)),
            show: |limits| value::shown_duration(limits.$field),
        }
    };
    ($field:ident: bytes from $least:expr) => {
        Key {
            name: stringify!($field),
            take: |limits, v| put(&mut limits.$field, value::bytes(v, $least)),
            show: |limits| value::shown_bytes(limits.$field),
        }
    };
    ($field:ident: count from $least:expr) => {
        Key {
            name: stringify!($field),
            take: |limits, v| put(&mut limits.$field, value::count(v, $least)),
            show: |limits| limits.$field.to_string(),
        }
    };
    ($field:ident: switch) => {
        Key {
            name: stringify!($field),
            take: |limits, v| put(&mut limits.$field, value::yes(v)),
            show: |limits| limits.$field.to_string(),
        }
    };
}

/// The fields of [`Limits`], in their order; a test holds the two together.
pub(super) const KEYS: [Key; 23] = [
    key!(handshake: duration from SOME),
    key!(handshake_idle: duration from SOME),
    key!(retained_bytes: bytes from RETAINED),
    key!(write_deadline: duration from SOME),
    key!(connections: count from 1),
    key!(keepalive_idle: duration from SECOND),
    key!(keepalive_interval: duration from SECOND),
    Key {
        name: "keepalive_probes",
        take: |limits, v| put(&mut limits.keepalive_probes, probes(v)),
        show: |limits| limits.keepalive_probes.to_string(),
    },
    key!(ping: duration from SOME),
    key!(ping_dead: duration from SOME),
    key!(crowd: count from 0),
    key!(rooms: count from 1),
    key!(drain: duration from Duration::ZERO),
    key!(raw_pace: duration from Duration::ZERO),
    key!(flood: switch),
    key!(flood_burst: count from 1),
    key!(flood_messages: count from 1),
    key!(flood_bytes: bytes from FLOW),
    key!(per_address: count from 1),
    key!(per_address_minute: count from 1),
    key!(handshakes_per_address: count from 1),
    key!(handshakes: count from 1),
    key!(loopback_exempt: switch),
];

/// What one limit says about another.
pub(super) fn agree(limits: &Limits) -> Result<(), String> {
    if limits.ping_dead > limits.ping {
        Ok(())
    } else {
        Err("`limits.ping_dead` should be longer than `limits.ping`, or nobody is in time".into())
    }
}

/// Sets one limit as `--limit` is told to: `KEY=VALUE`, the value as in the file, where a text
/// needs no quotes.
///
/// # Errors
///
/// When there is no such key, or the value is none for it.
pub fn set_limit(limits: &mut Limits, written: &str) -> Result<(), LimitError> {
    let Some((name, value)) = written.split_once('=') else {
        let what = format!("`{written}` should be KEY=VALUE, such as flood=false or drain=10s");
        return Err(LimitError(what));
    };
    let (name, value) = (name.trim(), value.trim());
    let Some(key) = KEYS.iter().find(|key| key.name == name) else {
        return Err(LimitError(unknown_key(name, "", KEYS.iter().map(|key| key.name))));
    };
    // What is no value of TOML is a text without its quotes.
    let parsed = DeValue::parse(value).map(toml::Spanned::into_inner);
    let value = parsed.unwrap_or_else(|_bare| DeValue::String(value.into()));
    (key.take)(limits, &value)
        .map_err(|expected| LimitError(format!("`{name}` should be {expected}")))
}

/// Checks what the limits say about each other, once the flags are laid over the file.
///
/// # Errors
///
/// When two of them do not go together.
pub fn check_limits(limits: &Limits) -> Result<(), LimitError> {
    agree(limits).map_err(LimitError)
}

/// All limits as the lines of the file that would set them.
pub fn written_limits(limits: &Limits) -> Vec<String> {
    KEYS.iter().map(|key| format!("{} = {}", key.name, (key.show)(limits))).collect()
}

fn probes(value: &DeValue<'_>) -> Result<u32, String> {
    let probes = value::count(value, 1)?;
    u32::try_from(probes).map_err(|_too_many| "a number of probes".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(written: &str) -> Result<Limits, String> {
        let mut limits = Limits::default();
        set_limit(&mut limits, written).map_err(|error| error.to_string())?;
        Ok(limits)
    }

    #[test]
    fn every_limit_can_be_set_and_is_written_as_it_is_read() {
        let shown = format!("{:?}", Limits::default());
        let fields = shown.trim_start_matches("Limits { ").trim_end_matches(" }").split(", ");
        let fields: Vec<_> = fields.map(|field| field.split_once(':').unwrap().0).collect();
        assert_eq!(KEYS.iter().map(|key| key.name).collect::<Vec<_>>(), fields);
        // No key writes into another's field: each changes the defaults, and all differently.
        let mut changed = Vec::new();
        for key in KEYS {
            let other = match (key.show)(&Limits::default()).as_str() {
                "true" => "false",
                _ if key.name.ends_with("bytes") => "777777",
                _ => "77",
            };
            let limits = set(&format!("{}={other}", key.name)).unwrap();
            assert_ne!(limits, Limits::default(), "{}", key.name);
            assert!(!changed.contains(&limits), "{}", key.name);
            let mut again = Limits::default();
            for line in written_limits(&limits) {
                set_limit(&mut again, &line).unwrap();
            }
            assert_eq!(again, limits, "{}", key.name);
            changed.push(limits);
        }
    }

    #[test]
    fn a_flag_is_written_with_or_without_quotes_and_a_slip_is_told() {
        assert!(!set("flood=false").unwrap().flood);
        assert_eq!(set("drain=250ms").unwrap().drain, Duration::from_millis(250));
        assert_eq!(set("drain = \"250ms\"").unwrap().drain, Duration::from_millis(250));
        assert_eq!(set("flood_bytes=1MiB").unwrap().flood_bytes, 1 << 20);
        assert_eq!(set("flod=false").unwrap_err(), "unknown key `flod`; did you mean `flood`?");
        assert!(set("zzz=1").unwrap_err().contains("the keys here are handshake, "));
        assert_eq!(set("flood=no").unwrap_err(), "`flood` should be true or false");
        assert!(set("flood_burst=0").unwrap_err().starts_with("`flood_burst` should be a whole"));
        assert!(set("flood").unwrap_err().starts_with("`flood` should be KEY=VALUE"));
        assert!(set("connections=").unwrap_err().starts_with("`connections` should be a whole"));
        assert!(check_limits(&set("ping=100s").unwrap()).is_err());
    }
}
