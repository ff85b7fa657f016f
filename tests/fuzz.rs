//! The kept corpus of every fuzz target, once more: valid examples of each form, nasty ones, and
//! whatever was found wrong once; and some inputs beside them. `just fuzz` looks for more.

mod targets;

use std::fs;
use std::path::{Path, PathBuf};
use targets::TARGETS;

/// Inputs tried beside each of the corpus, which follow from it alone: what a fuzzer tries first.
/// `CHATY_FUZZ_BESIDE` sets another number, where there is no fuzzer.
const BESIDE: u64 = 2;

/// Bytes of all inputs together: enough for every form, and nothing beside a clone.
const CORPUS: u64 = 300 * 1024;

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target)
}

/// The inputs of a target, by name.
fn corpus(target: &str) -> Vec<PathBuf> {
    let inputs = fs::read_dir(folder(target)).unwrap().map(|entry| entry.unwrap().path());
    let mut inputs: Vec<PathBuf> = inputs.collect();
    inputs.sort();
    inputs
}

#[track_caller]
fn replay(target: &str) {
    let inputs = corpus(target);
    assert!(inputs.len() > 5, "{target} has only {} inputs", inputs.len());
    let set = std::env::var("CHATY_FUZZ_BESIDE").ok().and_then(|set| set.parse().ok());
    let bytes: Vec<Vec<u8>> = inputs.iter().map(|input| fs::read(input).unwrap()).collect();
    for (at, (input, path)) in bytes.iter().zip(&inputs).enumerate() {
        holds(target, input, path);
        for number in 0..set.unwrap_or(BESIDE) {
            let mut chance = Chance(((at as u64) << 32) | number);
            let other = &bytes[chance.below(bytes.len())];
            holds(target, &chance.beside(input, other), path);
        }
    }
}

/// Tries an input, and keeps it where a fuzzer would if it does not hold.
#[track_caller]
fn holds(target: &str, input: &[u8], near: &Path) {
    let tried = std::panic::catch_unwind(|| targets::named(target)(input));
    if tried.is_err() {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{target}.input"));
        fs::write(&kept, input).unwrap();
        panic!("{target} does not hold for {}, near {}", kept.display(), near.display());
    }
}

/// Numbers that are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = usize::try_from(self.0 >> 33).unwrap();
        number.checked_rem(most).unwrap_or_default()
    }

    /// An input near this one: changed in a few places, or gone on with as another goes on.
    fn beside(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len() + 1);
            let until = (at + 1 + self.below(8)).min(bytes.len()).max(at);
            match self.below(6) {
                0 => drop(bytes.drain(at..until)),
                1 => bytes.truncate(at),
                2 => {
                    let again = bytes[at..until].to_vec();
                    bytes.splice(at..at, again);
                }
                3 => bytes.insert(at, [0, b'\n', b'"', 0x1b, 0x80, 0xfe, 0xff][self.below(7)]),
                4 => {
                    let from = self.below(other.len());
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[from..]);
                }
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << self.below(8);
                    }
                }
            }
        }
        bytes
    }
}

#[test]
fn lines_are_the_same_however_they_are_cut() {
    replay("framing");
}

#[test]
fn any_connection_keeps_its_bounds_and_is_answered_well() {
    replay("handshake");
}

#[test]
fn nothing_the_ancestor_reads_is_a_system_word() {
    replay("raw");
}

#[test]
fn any_event_is_one_line_and_reads_as_it_was() {
    replay("native");
}

#[test]
fn any_import_is_taken_whole_or_not_at_all() {
    replay("import");
}

#[test]
fn any_config_is_settings_or_a_mistake_with_its_place() {
    replay("config");
}

#[test]
fn any_text_or_name_that_passes_is_harmless() {
    replay("text");
}

#[test]
fn any_script_is_checked_and_held_within_its_limits() {
    replay("script");
}

#[test]
fn every_target_is_replayed_and_has_a_program_and_a_corpus_that_is_small() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(here.join("tests/fuzz/Cargo.toml")).unwrap();
    let this = fs::read_to_string(here.join("tests/fuzz.rs")).unwrap();
    let mut size = 0;
    for (target, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{target}\"\n")), "{target} has no program");
        let replay = format!("    replay(\"{target}\");\n");
        assert!(this.contains(&replay), "{target} is not replayed");
        size += corpus(target).iter().map(|input| input.metadata().unwrap().len()).sum::<u64>();
    }
    assert!(size <= CORPUS, "{size} bytes");
}
