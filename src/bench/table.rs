//! The figures for people: a line of what was done, a table of what came of it, and notes.

use super::figures::{Figures, Times};
use super::words::{kib, rounded, time};
use std::io::{self, Write};
use std::time::Duration;

/// Columns of the first column.
const LABEL: usize = 16;

/// How a value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Plain,
    Strong,
    Alarm,
}

/// Where a table goes.
#[derive(Debug)]
pub(super) struct Table<'a, W> {
    pub out: &'a mut W,
    pub colour: bool,
}

impl<W: Write> Table<'_, W> {
    pub(super) fn print(&mut self, figures: &Figures) -> io::Result<()> {
        writeln!(self.out, "{}", heading(figures))?;
        writeln!(self.out)?;
        self.row("deliveries/s", Tone::Strong, &rounded(figures.deliveries_per_s))?;
        self.row("messages/s", Tone::Strong, &rounded(figures.messages_per_s))?;
        let queue = if figures.rate.is_none() { " (at full speed: of a queue)" } else { "" };
        self.row("latency", Tone::Plain, &format!("{}{queue}", times(figures.latency_us)))?;
        self.row("last member", Tone::Plain, &times(figures.last_member_us))?;
        for (label, count) in [
            ("lost", figures.lost),
            ("doubled", figures.doubled),
            ("out of order", figures.out_of_order),
        ] {
            let tone = if count == 0 { Tone::Plain } else { Tone::Alarm };
            self.row(label, tone, &count.to_string())?;
        }
        self.order(figures)?;
        if figures.departed > 0 {
            let why = figures.departed_why.as_deref().unwrap_or("for no known reason");
            let gone = format!("{} members; the first: {why}", figures.departed);
            self.row("disconnected", Tone::Alarm, &gone)?;
        }
        self.row("joins/s", Tone::Plain, &rounded(figures.joins_per_s))?;
        self.row("server", Tone::Plain, &server(figures))?;
        let generator = format!("{:.0} % of a core", figures.generator.cpu * 100.0);
        self.row("generator", Tone::Plain, &generator)?;
        if !figures.notes.is_empty() {
            writeln!(self.out)?;
        }
        for note in &figures.notes {
            writeln!(self.out, "note: {note}")?;
        }
        self.out.flush()
    }

    fn order(&mut self, figures: &Figures) -> io::Result<()> {
        let all = figures.members + figures.publishers;
        let who = if figures.compared == all {
            format!("all {all} members")
        } else {
            format!("{} of {all} members could be compared", figures.compared)
        };
        match figures.one_order {
            None => self.row("one order", Tone::Plain, "not to be said: nobody can be compared"),
            Some(true) => self.row("one order", Tone::Plain, &format!("yes, {who}")),
            Some(false) => self.row("one order", Tone::Alarm, &format!("NO, {who}")),
        }
    }

    fn row(&mut self, label: &str, tone: Tone, value: &str) -> io::Result<()> {
        let (dim, code, off) = match (self.colour, tone) {
            (false, _) => ("", "", ""),
            (true, Tone::Plain) => ("\x1b[2m", "", "\x1b[0m"),
            (true, Tone::Strong) => ("\x1b[2m", "\x1b[1m", "\x1b[0m"),
            (true, Tone::Alarm) => ("\x1b[2m", "\x1b[1;31m", "\x1b[0m"),
        };
        writeln!(self.out, "  {dim}{label:LABEL$}{off}{code}{value}{off}")
    }
}

fn heading(figures: &Figures) -> String {
    let Figures { members, publishers, bytes, dialect, room, server, seconds, .. } = figures;
    let pace = match (figures.rate, figures.window) {
        (Some(rate), _) => format!("{} messages/s", rounded(rate)),
        (None, Some(window)) => format!("at full speed, {window} under way"),
        (None, None) => "at full speed, held back by the connections alone".into(),
    };
    let whose = if figures.own_server {
        format!("a server started for this ({server})")
    } else {
        server.to_string()
    };
    let ended = if figures.interrupted { ", interrupted" } else { "" };
    format!(
        "{members} members and {publishers} publishers in {room} of {whose}\n\
         {bytes} bytes a message, {dialect} dialect, {pace}, {seconds:.1} s{ended}"
    )
}

fn times(times: Option<Times>) -> String {
    let Some(Times { p50, p99, p999, max, .. }) = times else {
        return "none was heard by all".into();
    };
    let of = |micros: f64| time(Duration::from_secs_f64(micros / 1e6));
    format!("p50 {}, p99 {}, p99.9 {}, max {}", of(p50), of(p99), of(p999), of(max))
}

fn server(figures: &Figures) -> String {
    let Some(used) = figures.server_process else {
        return "its processor time and memory are not to be had".into();
    };
    let cpu = match used.cpu_s_per_million {
        Some(cpu) => format!("{} CPU seconds a million deliveries", rounded(cpu)),
        None => format!("{:.2} CPU seconds", used.cpu_s),
    };
    let memory = used.memory_kib.map_or_else(String::new, |memory| {
        format!(", {} resident, {} at most", kib(memory.resident), kib(memory.highest))
    });
    format!("{cpu}{memory}")
}
