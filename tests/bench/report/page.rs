//! `docs/BENCHMARKS.md`: a text with places that what was measured fills in.

use super::figures::{digits, short, time};
use super::machine::Machine;
use super::medians::Medians;
use super::peers::Peers;
use super::runs::{self, Run};
use super::scale::{Costs, LINE};
use super::{plots, root, table};
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

const TEMPLATE: &str = include_str!("page.md");

/// Draws the plots and writes the page, from what is kept.
pub(crate) fn write() {
    let (medians, runs) = (Medians::load(), runs::load());
    plots::draw(&medians, &runs, &Costs::new(&medians));
    fs::write(file(), made(&medians, &runs)).unwrap();
}

fn file() -> PathBuf {
    root().join("docs/BENCHMARKS.md")
}

fn made(medians: &Medians, runs: &[Run]) -> String {
    let (peers, costs) = (Peers::load(), Costs::new(medians));
    fill(TEMPLATE, |place| match place {
        "machine" => machine(&medians.machine),
        "table" => table::table(medians, &peers, runs),
        "soundness" => table::soundness(&peers),
        "parts" => parts(medians),
        "names" => names(medians),
        "texts" => texts(medians),
        "bots" => bots(medians),
        "servers" => servers(runs),
        "checks" => checks(&costs, runs),
        _ => cost(&costs, medians, place),
    })
}

/// Puts something into each `{{place}}`.
fn fill(template: &str, of: impl Fn(&str) -> String) -> String {
    let mut parts = template.split("{{");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (place, rest) = part.split_once("}}").expect("a place is closed");
        out += of(place).trim_end();
        out += rest;
    }
    out
}

fn machine(machine: &Machine) -> String {
    let Machine { processor, is_virtual, cores, memory_gib, system, rustc, chaty, day } = machine;
    let kind = if *is_virtual { "a virtual machine" } else { "the machine itself" };
    format!(
        "{processor}, {cores} cores, {memory_gib:.0} GiB, {kind}; {system}; {rustc}; chaty at \
         {chaty}, on {day}."
    )
}

/// A single figure in a sentence.
fn cost(costs: &Costs, medians: &Medians, place: &str) -> String {
    let growth =
        |function| medians.each("turn", function, 10_000.0) / medians.each("turn", function, 10.0);
    let at_turns = |turns: f64| costs.most(1000.0, turns).unwrap_or(0.0);
    match place {
        "message" => time(costs.message),
        "turn" => time(costs.turn),
        "wake" => time(costs.wake),
        "write" => time(costs.write(LINE)),
        "write4k" => time(costs.write(4096.0)),
        "write64k" => time(costs.write(65_536.0)),
        "byte" => {
            let (low, high) = (costs.write(4096.0), costs.write(65_536.0));
            time((high - low) / (65_536.0 - 4096.0))
        }
        "growth-busy" => digits(growth("busy_512")),
        "growth-asleep" => digits(growth("asleep_512")),
        "growth-asleep-1" => digits(growth("asleep_1")),
        "rate-1ms" => short(at_turns(1000.0)),
        "rate-10ms" => short(at_turns(100.0)),
        "rate-100ms" => short(at_turns(10.0)),
        "members-10ms" => short(costs.most_members(100.0)),
        "members-100ms" => short(costs.most_members(10.0)),
        "members-1s" => short(costs.most_members(1.0)),
        // Deliveries a second of a core whose time is all for bytes in large writes.
        "deliveries" => short(1e9 / (costs.write(65_536.0) / (65_536.0 / LINE))),
        "gbit" => digits(65_536.0 * 8.0 / costs.write(65_536.0)),
        "card-1g" => short(1e9 / 8.0 / LINE),
        "card-10g" => short(10e9 / 8.0 / LINE),
        "write-share" => {
            format!("{:.0} %", 100.0 * costs.write(LINE) / (costs.write(LINE) + costs.wake))
        }
        _ => panic!("nothing is known of {{{{{place}}}}}"),
    }
}

fn parts(medians: &Medians) -> String {
    let mut out = String::from(
        "| a message of | 16 B | 64 B | 512 B | 4096 B |\n| --- | ---: | ---: | ---: | ---: |\n",
    );
    for (name, group, function) in [
        ("read and understood, line", "decode", "line"),
        ("read and understood, native", "decode", "native"),
        ("the hub's turn, 64 messages", "turn_by_size", "busy_64"),
        ("encoded once for all, line", "encode", "line"),
        ("encoded once for all, native", "encode", "native"),
        ("cut for one raw reader", "encode", "raw"),
    ] {
        write!(out, "| {name} |").unwrap();
        for size in [16.0, 64.0, 512.0, 4096.0] {
            write!(out, " {} |", time(medians.each(group, function, size))).unwrap();
        }
        out += "\n";
    }
    out += "\n| messages of a turn | 1 | 64 | 512 |\n| --- | ---: | ---: | ---: |\n";
    for (name, group, function) in [
        ("appended, per message", "append", "batch"),
        ("taken by a cursor, per reader", "cursor", "others"),
        ("taken by one of the authors, per reader", "cursor", "author"),
    ] {
        write!(out, "| {name} |").unwrap();
        for batch in [1.0, 64.0, 512.0] {
            write!(out, " {} |", time(medians.each(group, function, batch))).unwrap();
        }
        out += "\n";
    }
    out
}

fn names(medians: &Medians) -> String {
    let mut out = String::from("| a name in | checked | its key |\n| --- | ---: | ---: |\n");
    for script in ["latin", "cyrillic", "han"] {
        let of = |function: &str| {
            let found = medians.medians.iter().find(|median| {
                median.group == "name" && median.function == format!("{function}_{script}")
            });
            found.map_or_else(|| "–".into(), |median| time(median.nanos))
        };
        writeln!(out, "| {script} letters | {} | {} |", of("check"), of("key")).unwrap();
    }
    out
}

fn texts(medians: &Medians) -> String {
    let mut out = String::from(
        "| a text of | 16 B | 64 B | 512 B | 4000 B |\n| --- | ---: | ---: | ---: | ---: |\n",
    );
    for (kind, name) in [
        ("ascii", "plain ASCII"),
        ("utf8", "other letters"),
        ("hostile", "escapes, controls, overrides"),
        ("no_utf8", "bytes that are no UTF-8"),
    ] {
        write!(out, "| {name} |").unwrap();
        for size in [16.0, 64.0, 512.0, 4000.0] {
            write!(out, " {} |", time(medians.nanos("text", kind, size))).unwrap();
        }
        out += "\n";
    }
    out
}

fn bots(medians: &Medians) -> String {
    let mut out = String::from(
        "| bot | hears what is not for it | hears its own | answers: the script's call |\n\
         | --- | ---: | ---: | ---: |\n",
    );
    for bot in ["chuck", "kudos"] {
        write!(out, "| {bot} |").unwrap();
        for what in ["hear_others", "hear_its_own", "call"] {
            let found = medians
                .medians
                .iter()
                .find(|median| median.group == "bot" && median.function == format!("{what}_{bot}"));
            write!(out, " {} |", found.map_or_else(|| "–".into(), |median| time(median.nanos)))
                .unwrap();
        }
        out += "\n";
    }
    out
}

fn servers(runs: &[Run]) -> String {
    if runs.is_empty() {
        return "Whole servers were not measured for this page.".into();
    }
    let mut out = String::from(
        "| dialect | members | publishers | bytes | messages/s | deliveries/s | processor s per \
         million | whole, in one order |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n",
    );
    for run in runs.iter().filter(|run| run.sweep != "rate") {
        let used = run.server_process.as_ref().and_then(|used| used.cpu_s_per_million);
        let used = used.map_or_else(|| "–".into(), digits);
        let is_whole = if run.complete && run.one_order != Some(false) { "yes" } else { "**no**" };
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {used} | {is_whole} |",
            run.dialect,
            run.members,
            run.publishers,
            run.bytes,
            short(run.messages_per_s),
            short(run.deliveries_per_s),
        )
        .unwrap();
    }
    out
}

fn checks(costs: &Costs, runs: &[Run]) -> String {
    let rows = costs.checks(runs);
    if rows.is_empty() {
        return "Whole servers were not measured for this page.".into();
    }
    let mut out = String::from(
        "| members | messages/s | cores, computed | cores, measured | measured ÷ computed |\n\
         | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for [members, rate, told, seen, ratio] in rows {
        let [told, seen, ratio] = [told, seen, ratio].map(digits);
        writeln!(out, "| {members} | {rate} | {told} | {seen} | {ratio} |").unwrap();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept;

    #[test]
    fn the_page_is_what_is_made_of_the_figures_that_are_kept() {
        assert_eq!(file().exists(), kept("medians.json").exists(), "one without the other");
        if !file().exists() {
            return;
        }
        let made = made(&Medians::load(), &runs::load());
        let page = fs::read_to_string(file()).unwrap();
        assert!(page == made, "docs/BENCHMARKS.md is another: `just bench-page`");
    }

    #[test]
    fn every_place_is_filled() {
        assert_eq!(fill("a {{b}}, {{c}}.", |place| format!("<{place}>\n")), "a <b>, <c>.");
    }
}
