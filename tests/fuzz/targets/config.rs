//! Any text as a config file, the server's and the client's: settings within their bounds, or one
//! line that says where the mistake is and what it is.

use super::scratch;
use super::text::harmless;
use chaty::config::{File, FileError, client_settings, read};
use std::fs;
use std::path::Path;
use std::time::Duration;

pub(super) fn target(data: &[u8]) {
    let folder = scratch();
    let path = folder.path().join("chaty.toml");
    fs::write(&path, data).expect("a file");
    let (server, client) = (read(&path), client_settings(Some(&path)));
    let again = (read(&path), client_settings(Some(&path)));
    let text = std::str::from_utf8(data);
    match server {
        Ok(file) => {
            bounded(&file);
            assert_eq!(again.0.ok(), Some(file), "read again");
        }
        Err(error) => refused(&error, &path, text.ok()),
    }
    match client {
        Ok(settings) => {
            assert!(settings.scrollback >= 500 && settings.earlier <= 100, "{settings:?}");
            assert_eq!(again.1.ok(), Some(settings), "read again");
        }
        Err(error) => refused(&error, &path, text.ok()),
    }
}

/// What is out of bounds is refused where it is written, and never found out later.
fn bounded(file: &File) {
    let limits = &file.limits;
    let day = Duration::from_hours(24);
    let some = [
        limits.handshake,
        limits.handshake_idle,
        limits.write_deadline,
        limits.keepalive_idle,
        limits.keepalive_interval,
        limits.ping,
        limits.ping_dead,
    ];
    assert!(some.iter().all(|time| (Duration::from_millis(1)..=day).contains(time)), "{limits:?}");
    assert!([limits.drain, limits.raw_pace].iter().all(|time| *time <= day), "{limits:?}");
    assert!(limits.ping_dead > limits.ping, "{limits:?}");
    assert!(limits.retained_bytes >= 256 * 1024, "{limits:?}");
    assert!(limits.connections > 0 && limits.rooms > 0, "{limits:?}");
    assert!(file.listen.as_deref() != Some("") && file.log.as_deref() != Some(""), "{file:?}");
}

/// One line, safe to print; for a text, with a place that is in it.
fn refused(error: &FileError, path: &Path, text: Option<&str>) {
    let said = error.to_string();
    harmless(&said);
    let Some(text) = text else {
        assert!(matches!(error, FileError::Unreadable { .. }), "{said}");
        return;
    };
    let place = said.strip_prefix(&format!("{}:", path.display())).expect("the file is named");
    let mut parts = place.splitn(3, ':');
    let mut number = || parts.next().and_then(|part| part.parse::<usize>().ok());
    let (line, column) = (number().expect("a line"), number().expect("a column"));
    let what = parts.next().expect("a reason");
    assert!(!what.trim().is_empty(), "{said}");
    let found = text.split('\n').nth(line.saturating_sub(1)).expect("the line is in the file");
    assert!(line > 0 && (1..=found.chars().count() + 1).contains(&column), "{said} in {text:?}");
}
