//! Definition files, from which editors with a Rhai language server complete and explain. One has
//! the bots' own names, one the part of the language's library that bots have.

use crate::bot::api::FUNCTIONS;
use crate::bot::engine;
use crate::bot::tools::testing::TESTING;
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
    let functions = FUNCTIONS.iter().map(|it| (it.signature, it.doc, it.example));
    let testing = TESTING.iter().map(|it| (it.signature, it.doc, it.example));
    for (signature, doc, example) in functions.chain(testing) {
        let fence = ["", "```rhai"].into_iter().chain(example.lines()).chain(["```"]);
        let comment: Vec<String> = doc.lines().chain(fence).map(str::to_owned).collect();
        for typed in typed(signature) {
            text.push('\n');
            for line in &comment {
                let _infallible = writeln!(text, "{}", format!("/// {line}").trim_end());
            }
            let _infallible = writeln!(text, "fn {typed} -> ?;");
        }
    }
    text
}

/// `after(secs, function, [arg])` as definitions write it, once for each number of arguments.
fn typed(signature: &str) -> Vec<String> {
    let (name, rest) = signature.split_once('(').unwrap_or((signature, ")"));
    let params = rest.trim_end_matches(')').split(',').map(str::trim);
    let params: Vec<&str> = params.filter(|param| !param.is_empty()).collect();
    let needed = params.iter().take_while(|param| !param.starts_with('[')).count();
    (needed..=params.len())
        .map(|count| {
            let typed = params.iter().take(count);
            let typed = typed.map(|param| format!("{}: ?", param.trim_matches(['[', ']'])));
            format!("{name}({})", typed.collect::<Vec<_>>().join(", "))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_left_out_is_a_definition_of_its_own() {
        assert_eq!(typed("me()"), ["me()"]);
        assert_eq!(typed("after(secs, [arg])"), ["after(secs: ?)", "after(secs: ?, arg: ?)"]);
    }
}
