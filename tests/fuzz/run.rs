//! The program of every target; cargo names it after the one it is to run. Decides nothing.

#![no_main]

mod targets;

use libfuzzer_sys::fuzz_target;
use std::panic;

// The fuzzer's own hook ends the process at every panic. Scripts reach panics of the interpreter
// that the house catches; a target's own still ends the process.
fuzz_target!(
    init: {
        if env!("CARGO_BIN_NAME") == "script" {
            drop(panic::take_hook());
        }
    },
    |data: &[u8]| targets::named(env!("CARGO_BIN_NAME"))(data)
);
