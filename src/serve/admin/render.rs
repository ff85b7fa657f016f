//! A report as people read it: aligned, without a colour, and harmless to any terminal whatever
//! members call themselves.

use super::{BanRow, BotRow, MemberRow, Recorded, Report, Target, numbers};
use crate::room::RoomRow;
use crate::wire::entry::Millis;
use crate::wire::shown::Shown;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// The ancestor's heading of `list`, to the byte.
const LIST: &str = "List of connected clients: ";

/// The text of a report, without a newline at its end.
pub fn text(report: &Report, now: Millis) -> String {
    match report {
        Report::Members(rows) => members(rows, now),
        Report::Bans(rows) if rows.is_empty() => "Nobody is banned.".into(),
        Report::Bans(rows) => bans(rows, now),
        Report::Rooms(rows) => rooms(rows),
        Report::History(recorded) => history(recorded, now),
        Report::Bots(rows) if rows.is_empty() => "There is no bot.".into(),
        Report::Bots(rows) => bots(rows),
        Report::Stats(stats) => numbers::text(stats),
        Report::Done(line) | Report::Failed(line) => shown(line),
    }
}

fn shown(text: &str) -> String {
    Shown::new(text).to_string()
}

fn members(rows: &[MemberRow], now: Millis) -> String {
    let rows = rows.iter().map(|row| {
        vec![
            shown(&row.nick),
            row.kind.name().into(),
            row.dialect.name().into(),
            row.addr.to_string(),
            format!("since {}", ago(row.since, now)),
            format!("lag {}", row.lag),
            if row.muted { "muted".into() } else { String::new() },
        ]
    });
    std::iter::once(LIST.into()).chain(table(rows.collect())).collect::<Vec<_>>().join("\n")
}

fn bans(rows: &[BanRow], now: Millis) -> String {
    let rows = rows.iter().map(|row| {
        vec![
            target(&row.target),
            format!("since {}", ago(row.since, now)),
            row.reason.as_deref().map(shown).unwrap_or_default(),
        ]
    });
    table(rows.collect()).join("\n")
}

fn rooms(rows: &[RoomRow]) -> String {
    let rows = rows.iter().map(|row| {
        vec![
            row.name.to_string(),
            format!("members {}", row.members),
            format!("last seq {}", row.seq),
            if row.recorded { String::new() } else { "not recorded".into() },
            row.topic.as_deref().map(shown).unwrap_or_default(),
        ]
    });
    table(rows.collect()).join("\n")
}

fn history(recorded: &Recorded, now: Millis) -> String {
    let Recorded { stats, suspended } = recorded;
    let recording =
        if *suspended { "NOT AT THE MOMENT: the disk takes nothing; see the log" } else { "yes" };
    let mut rows = vec![
        vec!["file".into(), shown(&stats.file.display().to_string())],
        vec!["recording".into(), recording.into()],
        vec!["kept".into(), format!("{} entries in {}", stats.entries, size(stats.bytes))],
    ];
    for (name, count) in [("not indexed yet", stats.unindexed), ("missing", stats.missing)] {
        if count > 0 {
            rows.push(vec![name.into(), count.to_string()]);
        }
    }
    for room in &stats.rooms {
        let ago = ago(Millis(room.last_at), now);
        let kept =
            format!("{} to {}, {} entries, the last {ago}", room.first, room.last, room.entries);
        rows.push(vec![shown(&room.room), kept]);
    }
    table(rows).join("\n")
}

fn bots(rows: &[BotRow]) -> String {
    let rows = rows.iter().map(|row| {
        let about = row.account();
        vec![
            shown(&row.nick),
            format!("calls {}", about.calls),
            format!("errors {}", about.errors),
            format!("held back {}", about.muted),
            format!("{} us a call, {} at most", about.mean_us, about.slowest_us),
            shown(&about.answers.join(", ")),
        ]
    });
    table(rows.collect()).join("\n")
}

pub(super) fn counts(of: &[(&'static str, u64)]) -> String {
    let some = of.iter().filter(|(_, count)| *count > 0);
    let each: Vec<_> = some.map(|(name, count)| format!("{count} {name}")).collect();
    if each.is_empty() { "none".into() } else { each.join(", ") }
}

/// A ban's target as it is typed.
pub(super) fn target(target: &Target) -> String {
    match target {
        Target::Name(name) => shown(name),
        Target::Address(address) => address.to_string(),
    }
}

/// Columns two spaces apart, padded by what they take on a screen rather than by characters.
pub(super) fn table(rows: Vec<Vec<String>>) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|c| c.width()).max())
        .map(Option::unwrap_or_default)
        .collect();
    let line = |row: Vec<String>| {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + 2));
        }
        line.truncate(line.trim_end().len());
        line
    };
    rows.into_iter().map(line).collect()
}

/// How long ago something was.
pub(in crate::serve) fn ago(then: Millis, now: Millis) -> String {
    format!("{} ago", duration(Duration::from_millis(now.0.saturating_sub(then.0))))
}

/// The two largest units, which is as exact as anybody reads.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// Bytes in the largest binary unit that leaves a whole number to show, with one decimal.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::room::About;
    use crate::wire::Dialect;
    use crate::wire::entry::Kind;

    pub(in super::super) fn member(nick: &str) -> MemberRow {
        MemberRow {
            nick: nick.into(),
            kind: Kind::User,
            dialect: Dialect::Line,
            addr: "127.0.0.1:5".parse().unwrap(),
            since: Millis(1_000),
            muted: false,
            lag: 0,
        }
    }

    #[test]
    fn the_list_begins_as_the_ancestors_and_is_aligned() {
        let mut wide = member("日本");
        wide.dialect = Dialect::Native;
        wide.kind = Kind::Bot;
        wide.muted = true;
        wide.lag = 12;
        let shown = text(&Report::Members(vec![member("Neo"), wide]), Millis(91_000));
        assert_eq!(
            shown,
            "List of connected clients: \n\
             Neo   user  line    127.0.0.1:5  since 1m 30s ago  lag 0\n\
             日本  bot   native  127.0.0.1:5  since 1m 30s ago  lag 12  muted"
        );
        assert_eq!(text(&Report::Members(vec![]), Millis(0)), "List of connected clients: ");
    }

    #[test]
    fn bans_and_what_nobody_may_smuggle_in() {
        let ban = BanRow {
            target: Target::Name("a\x1b[2J".into()),
            reason: Some("b\nc".into()),
            since: Millis(0),
        };
        let shown = text(&Report::Bans(vec![ban]), Millis(3_700_000));
        assert_eq!(shown, "a␛[2J  since 1h 1m ago  b␊c");
        assert_eq!(text(&Report::Bans(vec![]), Millis(0)), "Nobody is banned.");
        assert_eq!(text(&Report::Done("x\r\ny".into()), Millis(0)), "x␍␊y");
    }

    #[test]
    fn bots_and_what_they_did() {
        let about = About {
            answers: vec!["!kudos".into(), "wo\x1brk".into()],
            calls: 12,
            errors: 1,
            muted: 3,
            mean_us: 40,
            slowest_us: 900,
        };
        let rows = vec![
            BotRow { nick: "Chuck".into(), about: Some(about) },
            BotRow { nick: "Al".into(), about: None },
        ];
        assert_eq!(
            text(&Report::Bots(rows), Millis(0)),
            "Chuck  calls 12  errors 1  held back 3  40 us a call, 900 at most  !kudos, wo␛rk\n\
             Al     calls 0   errors 0  held back 0  0 us a call, 0 at most"
        );
    }
}
