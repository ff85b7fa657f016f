"""Runs every fuzz target for so many seconds (an hour each, if not said) and prints a line for each.

What is found goes to target/fuzz/corpus and starts the next run there; the committed corpus is
only read. Without a sanitizer: the house has no `unsafe`, and what is looked for is broken promises.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FUZZ = ROOT / "tests/fuzz"
SEEDS = FUZZ / "corpus"
WORK = ROOT / "target/fuzz"
# One input may take so long before it counts as a find. The slowest script ends in a second.
TIMEOUT = 20


def cargo_fuzz(*words):
    where = ["--fuzz-dir", FUZZ, "--target-dir", WORK / "build", "--sanitizer", "none"]
    return ["cargo", "+nightly", "fuzz", words[0], *where, *words[1:]]


def number(pattern, text, which=-1):
    found = re.findall(pattern, text)
    return int(found[which]) if found else 0


def run(target, seconds):
    found = WORK / "corpus" / target
    found.mkdir(parents=True, exist_ok=True)
    flags = [f"-max_total_time={seconds}", "-print_final_stats=1", f"-timeout={TIMEOUT}"]
    words = FUZZ / "dict" / f"{target}.dict"
    if words.exists():
        flags.append(f"-dict={words}")
    command = cargo_fuzz("run", target, found, SEEDS / target, "--", *flags)
    log = WORK / f"{target}.log"
    with log.open("wb") as out:
        code = subprocess.call(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
    text = log.read_text(errors="replace")
    runs = number(r"stat::number_of_executed_units: (\d+)", text)
    before, after = number(r"INITED cov: (\d+)", text), number(r"cov: (\d+)", text)
    kept = number(r"stat::new_units_added:\s+(\d+)", text)
    crash = re.findall(r"Test unit written to (\S+)", text)
    print(
        f"{target:10} {runs:>11,} runs  {after:>6,} edges (+{max(after - before, 0)})"
        f"  {kept:>5} new inputs  {len(crash)} crashes",
        *crash,
        flush=True,
    )
    if code != 0 and not crash:
        print(f"{target}: ended with {code}, see {log.relative_to(ROOT)}", flush=True)
    return code == 0


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 3600
    targets = sys.argv[2:] or sorted(folder.name for folder in SEEDS.iterdir())
    shutil.copy(ROOT / "Cargo.lock", FUZZ / "Cargo.lock")
    subprocess.check_call(cargo_fuzz("build"), cwd=ROOT)
    well = [run(target, seconds) for target in targets]
    sys.exit(0 if all(well) else 1)


if __name__ == "__main__":
    main()
