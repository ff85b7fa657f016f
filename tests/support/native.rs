//! A member in the native dialect. Events are compared whole, but for the times, which are
//! checked to be the server's now and taken out.

use super::{Hears, Wire};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Debug)]
pub(crate) struct Native {
    pub(crate) wire: Wire,
    /// The fields of the welcome.
    pub(crate) welcome: Value,
}

impl Native {
    #[track_caller]
    pub(crate) fn join(wire: Wire, nick: &str) -> Self {
        Self::hello(wire, &json!({"v": 1, "nick": nick}))
    }

    /// Joins with a `hello` of these fields.
    #[track_caller]
    pub(crate) fn hello(mut wire: Wire, hello: &Value) -> Self {
        wire.expects("NICK").sends(format!("{}\n", json!({ "hello": hello }))).expects("\n");
        let mut native = Self { wire, welcome: Value::Null };
        let mut event = native.next_event();
        native.welcome = event["welcome"].take();
        assert!(native.welcome.is_object(), "expected a welcome: {event}");
        native
    }

    /// The number of the last entry when it came in.
    pub(crate) fn seq(&self) -> u64 {
        self.welcome["rooms"][0]["seq"].as_u64().unwrap()
    }

    pub(crate) fn epoch(&self) -> String {
        self.welcome["epoch"].as_str().unwrap().into()
    }

    #[track_caller]
    pub(crate) fn sends(&mut self, event: &Value) -> &mut Self {
        self.wire.sends(format!("{event}\n"));
        self
    }

    /// Says this without an id.
    #[track_caller]
    pub(crate) fn says(&mut self, text: &str) -> &mut Self {
        self.sends(&json!({"say": {"text": text}}))
    }

    /// The next event, as it came.
    #[track_caller]
    pub(crate) fn next_event(&mut self) -> Value {
        let line = self.wire.line().expect("the connection ended");
        serde_json::from_slice(&line).expect("a line is JSON")
    }

    /// The next event is this one, with any sensible time.
    #[track_caller]
    pub(crate) fn hears(&mut self, event: &Value) -> &mut Self {
        let mut heard = self.next_event();
        without_times(&mut heard);
        assert_eq!(&heard, event);
        self
    }

    /// The next event has these fields, whatever others it has.
    #[track_caller]
    pub(crate) fn hears_like(&mut self, part: &Value) -> &mut Self {
        let heard = self.next_event();
        assert!(is_like(&heard, part), "heard {heard}\nnot {part}");
        self
    }

    /// The next event is a refusal with this code, of this; its words are for people.
    #[track_caller]
    pub(crate) fn hears_refusal(&mut self, re: Option<&str>, code: &str) -> &mut Self {
        let heard = self.next_event();
        let refused = &heard["refused"];
        assert_eq!(refused["code"], code, "{heard}");
        assert_eq!(refused["re"].as_str(), re, "{heard}");
        assert!(!refused["text"].as_str().unwrap().is_empty(), "{heard}");
        self
    }

    /// The last event is a goodbye with this code.
    #[track_caller]
    pub(crate) fn hears_bye(&mut self, code: &str) {
        let heard = self.next_event();
        assert_eq!(heard["bye"]["code"], code, "{heard}");
        assert!(!heard["bye"]["text"].as_str().unwrap().is_empty(), "{heard}");
        self.wire.ends();
    }

    /// What is said next, and by whom, in the fewest words: `Neo: hi`.
    #[track_caller]
    pub(crate) fn hears_chat(&mut self, from: &str, text: &str) -> &mut Self {
        let heard = self.next_event();
        assert_eq!(
            (&heard["chat"]["from"], &heard["chat"]["text"]),
            (&json!(from), &json!(text)),
            "{heard}"
        );
        self
    }

    /// The next event is of this kind and about this member.
    #[track_caller]
    pub(crate) fn hears_of(&mut self, event: &str, who: &str) -> &mut Self {
        let heard = self.next_event();
        assert_eq!(heard[event]["who"], who, "{heard}");
        self
    }

    /// The place its next message took.
    #[track_caller]
    pub(crate) fn hears_ack(&mut self, id: Option<&str>) -> u64 {
        let heard = self.next_event();
        let ack = &heard["ack"];
        assert_eq!(ack["id"].as_str(), id, "{heard}");
        assert_eq!(ack.get("duplicate"), None, "{heard}");
        ack["seq"].as_u64().unwrap_or_else(|| panic!("{heard}"))
    }
}

impl Hears for Native {
    #[track_caller]
    fn hears_server(&mut self, text: &str) {
        self.hears_chat("Server", text);
    }
}

/// Takes the times out of an event, wherever they are, after a look at each.
#[track_caller]
fn without_times(value: &mut Value) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    match value {
        Value::Object(fields) => {
            for time in ["at", "since"] {
                if let Some(at) = fields.remove(time) {
                    let at = u128::from(at.as_u64().expect("milliseconds"));
                    assert!(now.abs_diff(at) < 600_000, "{at} is not about now, {now}");
                }
            }
            fields.values_mut().for_each(without_times);
        }
        Value::Array(values) => values.iter_mut().for_each(without_times),
        _ => {}
    }
}

fn is_like(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, part)| whole.get(key).is_some_and(|whole| is_like(whole, part)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len()
                && whole.iter().zip(part).all(|(whole, part)| is_like(whole, part))
        }
        _ => whole == part,
    }
}
