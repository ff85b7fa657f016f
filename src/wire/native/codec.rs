//! Events to lines and lines to events. Knows no field of any event.

use super::{ClientEvent, ServerEvent};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What came of decoding a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded<T> {
    Event(T),
    /// An event of a later version: its name. Answered or ignored, never fatal.
    Unknown(String),
}

/// A line that is no event: what is wrong with it, for the peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("that line is not JSON: {0}")]
    NotJson(String),
    #[error("an event is an object with one key, the event's name")]
    NotAnEvent,
    #[error("`{event}` is not as it should be: {why}")]
    Fields { event: String, id: Option<String>, why: String },
}

/// Appends an event as one line with its newline.
pub fn put<T: Serialize>(event: &T, out: &mut Vec<u8>) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, event).is_ok() {
        out.push(b'\n');
    } else {
        // Strings, numbers and string keys only: serde_json has nothing to refuse here.
        out.truncate(start);
    }
}

/// Reads one line as a client's event.
pub fn decode_client(line: &[u8]) -> Result<Decoded<ClientEvent>, Malformed> {
    decode(
        line,
        &[
            "hello", "join", "part", "topic", "rooms", "say", "whisper", "who", "history", "about",
            "bots", "why", "nick", "ping", "pong", "quit",
        ],
    )
}

/// Reads one line as a server's event.
pub fn decode_server(line: &[u8]) -> Result<Decoded<ServerEvent<'static>>, Malformed> {
    decode(
        line,
        &[
            "welcome", "entered", "parted", "rooms", "chat", "join", "leave", "rename", "topic",
            "crowd", "ack", "refused", "whisper", "roster", "history", "gap", "notice", "ping",
            "pong", "bye",
        ],
    )
}

fn decode<T: DeserializeOwned>(line: &[u8], known: &[&str]) -> Result<Decoded<T>, Malformed> {
    let why = match serde_json::from_slice(line) {
        Ok(event) => return Ok(Decoded::Event(event)),
        Err(error) => error.to_string(),
    };
    // Only a line that is no event of ours is looked at twice.
    let value: serde_json::Value =
        serde_json::from_slice(line).map_err(|error| Malformed::NotJson(error.to_string()))?;
    let Some(object) = value.as_object().filter(|object| object.len() == 1) else {
        return Err(Malformed::NotAnEvent);
    };
    let event = object.keys().next().cloned().unwrap_or_default();
    if known.contains(&event.as_str()) {
        let id = object.values().next().and_then(|body| body.get("id")?.as_str());
        Err(Malformed::Fields { id: id.map(Into::into), event, why })
    } else {
        Ok(Decoded::Unknown(event))
    }
}
