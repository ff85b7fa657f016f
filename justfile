# The recipes of this house; `just` alone lists them.

_list:
    @just --list --unsorted

# The tests, as the README says
test:
    cargo test

# What CI runs: tests, format, lints
check:
    bash .ci/run

# Put the sources into their format
fmt:
    cargo fmt

# The lints, warnings refused
lint:
    cargo clippy --all-targets -- -D warnings

# A server with the bots of this folder, on the default port
serve:
    cargo run --release -- serve --bots bots

# Licences, sources and advisories of the dependencies (needs cargo-deny)
deny:
    cargo deny --config .deny.toml check

# From a saved script to its new answer, under 500 messages a second: 600 saves, some ten seconds
save-to-live:
    cargo build --release
    python3 tests/save_to_live.py target/release/chaty

# 200 bots in one process: time to come, memory of each, message to answer; some ten seconds
bots-figures:
    cargo build --release
    python3 tests/bots_figures.py target/release/chaty

# Random joins, cuts, restarts and resumes against the model, a thousand of them; some four minutes
model:
    CHATY_MODEL_CASES=1000 cargo test --test it model

# 20 000 simulated worlds and 10 000 contests for a name; some minutes on two cores
sim:
    CHATY_SIM_SEEDS=20000 CHATY_SIM_NAMES=10000 CHATY_SIM_ECHOES=1000 cargo test --release --lib serve::sim -- --nocapture

# The full-screen chat under 10 000 messages a second, and at rest; some forty seconds
chat-load:
    cargo build --release
    python3 tests/tui_load.py target/release/chaty

# A server killed 200 times under load, and what its history holds; some two minutes
kill:
    CHATY_KILLS=200 cargo test --test it killed -- --nocapture

# A full disk: a tmpfs of 2 MiB (needs root)
full-disk:
    cargo build
    python3 tests/full_disk.py target/debug/chaty

# The history with a million messages: append, open, page, search; half a minute
history-figures:
    cargo run --release --example history 1000000

# chaty beside nats-server, in ratios taken in one run; some four minutes (needs nats-server, and says how to get it)
bench-peers *REPETITIONS_AND_CASES:
    cargo build --release
    python3 tests/bench_peers.py target/release/chaty {{REPETITIONS_AND_CASES}}

# Micro-benchmarks and whole servers under load, and docs/BENCHMARKS.md of them; some ten minutes
bench:
    cargo build --release
    cargo bench --bench micro
    cargo run --release --example benchmarks -- keep
    cargo run --release --example benchmarks -- measure target/release/chaty
    cargo run --release --example benchmarks -- write

# docs/BENCHMARKS.md again, from what was measured; `just bench-page compare FILE…` takes in
# results beside other servers
bench-page *ARGS="write":
    cargo run --release --example benchmarks -- {{ARGS}}

# Everything one member, or a thousand, can do to the others, in full and with figures; two cores, some four minutes
abuse:
    cargo test --release --test it --no-run
    CHATY_ABUSE=1 taskset -c 1 cargo test --release --test it abuse -- --nocapture --test-threads=1

# 500 members, 20 slow readers, 5 bots, constant cuts, all of it checked: half an hour
soak minutes="30":
    cargo build --release --bin chaty --example soak
    target/release/examples/soak {{minutes}}

# Every fuzz target for so many seconds each, an hour if not said (needs cargo-fuzz and a nightly toolchain)
fuzz SECONDS="3600" *TARGETS:
    python3 tests/fuzz/all.py {{SECONDS}} {{TARGETS}}

# The pure core changed in every small way, and whether a test notices (needs cargo-mutants); half an hour alone
mutants *ARGS:
    tests/mutants/run {{ARGS}}
