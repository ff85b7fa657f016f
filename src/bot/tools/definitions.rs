//! Definition files, from which editors with a Rhai language server complete and explain. One has
//! the bots' own names, one the part of the language's library that bots have.

use crate::bot::api::FUNCTIONS;
use crate::bot::engine;
use anyhow::Context;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Writes the files into a folder, which is made if need be.
pub fn write(folder: &Path, out: &mut dyn std::io::Write) -> anyhow::Result<()> {
    let cannot = || format!("cannot write to {}", folder.display());
    fs::create_dir_all(folder).with_context(cannot)?;
    for (name, text) in [("chaty.d.rhai", ours()), ("rhai.d.rhai", engine::library_definitions())] {
        let path = folder.join(name);
        fs::write(&path, text).with_context(cannot)?;
        writeln!(out, "wrote {}", path.display())?;
    }
    Ok(out.flush()?)
}

fn ours() -> String {
    let mut text = String::from("module static;\n");
    for function in &FUNCTIONS {
        let fence = ["", "```rhai"].into_iter().chain(function.example.lines()).chain(["```"]);
        text.push('\n');
        for line in function.doc.lines().chain(fence) {
            let _infallible = writeln!(text, "{}", format!("/// {line}").trim_end());
        }
        let _infallible = writeln!(text, "fn {};", typed(function.signature));
    }
    text
}

/// `pick(array)` as definitions write it: `pick(array: ?) -> ?`.
fn typed(signature: &str) -> String {
    let (name, rest) = signature.split_once('(').unwrap_or((signature, ")"));
    let params = rest.split(')').next().unwrap_or_default();
    let params: Vec<String> = params
        .split(',')
        .map(str::trim)
        .filter(|param| !param.is_empty())
        .map(|param| format!("{}: ?", param.trim_matches('"')))
        .collect();
    format!("{name}({}) -> ?", params.join(", "))
}
