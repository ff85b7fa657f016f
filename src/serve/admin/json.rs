//! A report as scripts read it: one object with one key, the same as `chaty admin --json` prints.
//! The shapes live only here, so that the core may change without changing them.
//!
//! ```json
//! {"members":[{"name":"Neo","kind":"user","dialect":"line","address":"127.0.0.1:5",
//!              "since_ms":1700000000000,"muted":false,"lag":0}]}
//! {"bans":[{"name":"Neo","address":null,"reason":"spam","since_ms":1700000000000}]}
//! {"rooms":[{"room":"#lobby","members":2,"last_seq":7,"topic":null,"recorded":true}]}
//! {"history":{"file":"/…/history-55556.db","bytes":40960,"entries":7,"unindexed":0,"missing":0,
//!             "suspended":false,"rooms":[{"room":"#lobby","entries":7,"first":1,"last":7,"last_at":1}]}}
//! {"bots":[{"name":"Chuck","answers":["work"],"calls":12,"errors":0,"held_back":0,"mean_us":40,
//!           "slowest_us":900}]}
//! {"stats":{"uptime_ms":1,"last_seq":7,"rooms":1,"connections":3,"open":2,"members":{"user":2},
//!           "messages":5,"messages_10s":5,"deliveries":5,"delivery_latency_us":{"p50":250,"p99":900},
//!           "received_bytes":90,"sent_bytes":300,"turns":4,"turn_entries":{"mean":1,"p99":1},
//!           "turn_us":{"mean":30,"p99":90},"slowest_reader":{"entries":0,"bytes":0},
//!           "retained_bytes":10,"retained_entries":7,"inbox":0,"publisher_waits":0,
//!           "publisher_wait_ms":0,"bots":{"calls":1,"errors":0,"held_back":0},
//!           "history":{"lag_entries":0,"lag_bytes":0,"suspended":false},
//!           "process":{"cpu_ms":4,"resident_bytes":9000000,"open_files":12,"most_files":1024},
//!           "closes":{},"refused":{}}}
//! {"done":"Neo was kicked"}
//! {"failed":"there is nobody called Neo"}
//! {"help":"Valid CLI commands:…"}
//! ```
//!
//! `*_ms` is milliseconds, of a point in time since 1970-01-01 UTC; `*_us` is microseconds. What is
//! not to be had is `null`: `history` where nothing is recorded, some of `process` beside Linux.

use super::{BanRow, BotRow, MemberRow, Recorded, Report, Stats, Target};
use crate::room::RoomRow;
use crate::serve::metrics::Observed;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The one object of a report.
pub fn report(report: &Report) -> Value {
    match report {
        Report::Members(rows) => json!({ "members": rows.iter().map(member).collect::<Vec<_>>() }),
        Report::Bans(rows) => json!({ "bans": rows.iter().map(ban).collect::<Vec<_>>() }),
        Report::Rooms(rows) => json!({ "rooms": rows.iter().map(room).collect::<Vec<_>>() }),
        Report::History(recorded) => json!({ "history": history(recorded) }),
        Report::Bots(rows) => json!({ "bots": rows.iter().map(bot).collect::<Vec<_>>() }),
        Report::Stats(numbers) => json!({ "stats": stats(numbers) }),
        Report::Done(line) => json!({ "done": line }),
        Report::Failed(line) => json!({ "failed": line }),
    }
}

fn member(row: &MemberRow) -> Value {
    json!({
        "name": row.nick,
        "kind": row.kind.name(),
        "dialect": row.dialect.name(),
        "address": row.addr,
        "since_ms": row.since.0,
        "muted": row.muted,
        "lag": row.lag,
    })
}

fn ban(row: &BanRow) -> Value {
    let (name, address) = match &row.target {
        Target::Name(name) => (Some(name), None),
        Target::Address(address) => (None, Some(address)),
    };
    json!({ "name": name, "address": address, "reason": row.reason, "since_ms": row.since.0 })
}

fn room(row: &RoomRow) -> Value {
    json!({
        "room": row.name.as_str(),
        "members": row.members,
        "last_seq": row.seq.0,
        "topic": row.topic.as_deref(),
        "recorded": row.recorded,
    })
}

fn history(recorded: &Recorded) -> Value {
    let mut shown = json!(recorded.stats);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("suspended".into(), json!(recorded.suspended));
    }
    shown
}

fn bot(row: &BotRow) -> Value {
    let about = row.account();
    json!({
        "name": row.nick,
        "answers": about.answers,
        "calls": about.calls,
        "errors": about.errors,
        "held_back": about.muted,
        "mean_us": about.mean_us,
        "slowest_us": about.slowest_us,
    })
}

fn stats(stats: &Stats) -> Value {
    json!({
        "uptime_ms": millis(stats.uptime),
        "last_seq": stats.last_seq.0,
        "rooms": stats.rooms,
        "connections": stats.connections,
        "open": stats.open,
        "members": counts(&stats.members_by_name()),
        "messages": stats.messages,
        "messages_10s": stats.recent_messages,
        "deliveries": stats.deliveries,
        "delivery_latency_us": {
            "p50": stats.latency.quantile(500) / 1000,
            "p99": stats.latency.quantile(990) / 1000,
        },
        "received_bytes": stats.received_bytes,
        "sent_bytes": stats.sent_bytes,
        "turns": stats.turns(),
        "turn_entries": spread(&stats.turn_entries, 1),
        "turn_us": spread(&stats.turn_time, 1000),
        "slowest_reader": { "entries": stats.slowest.entries, "bytes": stats.slowest.bytes },
        "retained_bytes": stats.retained_bytes,
        "retained_entries": stats.retained_entries,
        "inbox": stats.inbox,
        "publisher_waits": stats.waits.count,
        "publisher_wait_ms": millis(stats.waits.time),
        "bots": {
            "calls": stats.bots.calls,
            "errors": stats.bots.errors,
            "held_back": stats.bots.held_back,
        },
        "history": stats.history.map(|history| json!({
            "lag_entries": history.lag.entries,
            "lag_bytes": history.lag.bytes,
            "suspended": history.suspended,
        })),
        "process": stats.process.map(|process| json!({
            "cpu_ms": millis(process.cpu),
            "resident_bytes": process.resident_bytes,
            "open_files": process.open_files,
            "most_files": process.most_files,
        })),
        "closes": counts(&stats.closes),
        "refused": counts(&stats.refused),
    })
}

fn spread(of: &Observed, per: u64) -> Value {
    json!({ "mean": of.mean() / per, "p99": of.quantile(990) / per })
}

/// A server that has been up for more than 2^64 ms has other worries.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn counts(of: &[(&'static str, u64)]) -> Value {
    of.iter().map(|(name, count)| ((*name).to_owned(), json!(count))).collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::admin::render::tests::member as neo;
    use crate::wire::Dialect;
    use crate::wire::entry::{Kind, Millis, Seq};
    use crate::wire::room_name::RoomName;

    #[test]
    fn the_documented_shapes() {
        assert_eq!(
            report(&Report::Members(vec![neo("Neo")])).to_string(),
            r#"{"members":[{"address":"127.0.0.1:5","dialect":"line","kind":"user","lag":0,"muted":false,"name":"Neo","since_ms":1000}]}"#
        );
        let bans = vec![
            BanRow { target: Target::Name("Neo".into()), reason: None, since: Millis(1) },
            BanRow { target: Target::parse("::1"), reason: Some("spam".into()), since: Millis(2) },
        ];
        assert_eq!(
            report(&Report::Bans(bans)).to_string(),
            r#"{"bans":[{"address":null,"name":"Neo","reason":null,"since_ms":1},{"address":"::1","name":null,"reason":"spam","since_ms":2}]}"#
        );
        let bots = vec![BotRow { nick: "Chuck".into(), about: None }];
        assert_eq!(
            report(&Report::Bots(bots)).to_string(),
            r#"{"bots":[{"answers":[],"calls":0,"errors":0,"held_back":0,"mean_us":0,"name":"Chuck","slowest_us":0}]}"#
        );
        let rooms = vec![RoomRow {
            name: RoomName::lobby(),
            seq: Seq(7),
            members: 2,
            topic: None,
            recorded: true,
        }];
        assert_eq!(
            report(&Report::Rooms(rooms)).to_string(),
            r##"{"rooms":[{"last_seq":7,"members":2,"recorded":true,"room":"#lobby","topic":null}]}"##
        );
        let members = vec![(Dialect::Line, Kind::User, 2), (Dialect::Native, Kind::User, 1)];
        let stats = Stats { members, ..Stats::default() };
        let value = report(&Report::Stats(Box::new(stats)));
        assert_eq!(value["stats"]["members"], json!({ "user": 3, "line": 2, "native": 1 }));
        assert_eq!(value["stats"]["history"], Value::Null);
        assert_eq!(value["stats"].as_object().map(Map::len), Some(26));
        assert_eq!(report(&Report::Failed("no".into())), json!({ "failed": "no" }));
    }
}
