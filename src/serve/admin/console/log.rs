//! How the log is written so that no text in it can do anything to a terminal: colours are the
//! log's own, and an event is one line. Decides nothing about what is logged.

use super::Printer;
use super::printer::Event;
use crate::wire::shown::Shown;
use serde_json::json;
use std::fmt;
use std::io::{self, Write};
use tracing::field::Field;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{self, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FormatFields, MakeWriter};

/// The fields of an event in a log for people, as `tracing-subscriber` writes them itself, but that
/// it lets most characters of most fields through.
pub fn fields() -> impl for<'writer> FormatFields<'writer> + Send + Sync + 'static {
    let field = |writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug| {
        let value = Shown::new(&format!("{value:?}"));
        match (field.name(), writer.has_ansi_escapes()) {
            ("message", _) => write!(writer, "{value}"),
            (name, true) => write!(writer, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m{value}"),
            (name, false) => write!(writer, "{name}={value}"),
        }
    };
    format::debug_fn(field).delimited(" ")
}

/// What stands in a log for programs in place of lines that were left out.
pub fn left_out(count: u64) -> String {
    let mut at = String::new();
    // Into memory, which takes everything.
    let _taken = SystemTime.format_time(&mut Writer::new(&mut at));
    let fields = json!({"message": "lines of the log were left out here", "lines": count});
    format!("{}\n", json!({"timestamp": at, "level": "WARN", "fields": fields, "target": "chaty"}))
}

/// Where a log for programs goes: JSON escapes what is a control to it, and no more.
#[derive(Debug, Clone)]
pub struct Plain(pub Printer);

/// One event on its way, gathered whole.
#[derive(Debug)]
pub struct PlainEvent {
    event: Event,
    bytes: Vec<u8>,
}

impl<'a> MakeWriter<'a> for Plain {
    type Writer = PlainEvent;

    fn make_writer(&'a self) -> PlainEvent {
        PlainEvent { event: self.0.make_writer(), bytes: Vec::new() }
    }
}

impl Write for PlainEvent {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for PlainEvent {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.bytes);
        // Into memory, which takes everything.
        let _taken = self.event.write_all(crate::wire::shown::json(&text).as_bytes());
    }
}
