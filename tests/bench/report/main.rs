//! Measures whole servers with `chaty bench`, keeps what was measured in `docs/benchmarks`, and makes
//! `docs/BENCHMARKS.md` and its plots of that. No figure on the page is typed by hand.
//!
//! ```text
//! cargo run --release --example benchmarks -- measure PROGRAM   whole servers, some three minutes
//! cargo run --release --example benchmarks -- keep              what `cargo bench` measured
//! cargo run --release --example benchmarks -- compare FILE…     results beside other servers
//! cargo run --release --example benchmarks -- write             the page
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a measurement that goes wrong panics, and what is going on is told beside it"
)]

mod figures;
mod machine;
mod medians;
mod page;
mod peers;
mod plot;
mod plots;
mod runs;
mod scale;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the measured figures are kept, from which the page is made again and again.
fn kept(name: &str) -> PathBuf {
    root().join("docs/benchmarks").join(name)
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["measure", program] => runs::measure(program),
        ["keep"] => medians::keep(),
        ["compare", files @ ..] if !files.is_empty() => peers::keep(files),
        ["write"] => page::write(),
        _ => {
            eprintln!("usage: benchmarks measure PROGRAM | keep | compare FILE… | write");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
