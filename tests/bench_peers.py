#!/usr/bin/env python3
"""chaty beside nats-server: `bench_peers.py CHATY [REPETITIONS] [CASE…]`.

Starts each server in turn on a free port of loopback, on one processor, loads it from another with
`chaty bench`, and stops it. Within each repetition every case is measured of both, one right after
the other, so that what else the machine does meets both alike; what is printed are the medians of
the ratios taken so, with the least and the greatest. Nothing is installed, and nothing is left.

Exits with 2 if there is no nats-server, and with 1 if chaty lost or doubled anything or its members
saw different orders."""

import json, os, shutil, statistics, subprocess, sys, threading

FULL = ["--duration", "3s"]
# Each case: what the load is, and what is compared: a figure, and whether more of it is better.
CASES = {
    "flood": (["--window", "0", *FULL], ["deliveries/s", "CPU"]),
    "window": (["--window", "4096", *FULL], ["deliveries/s", "CPU"]),
    "big": (["--members", "1000", "--window", "4096", *FULL], ["deliveries/s", "CPU"]),
    "unbatched": (["--window", "4", "--batch", "1", *FULL], ["deliveries/s", "CPU"]),
    "latency": (["--members", "99", "--publishers", "1", "--rate", "1000", "--duration", "5s"], ["p50", "last p50"]),
    "joins": (["--members", "999", "--publishers", "1", "--rate", "20", "--duration", "200ms"], ["joins/s"]),
    "joins-10k": (["--members", "9900", "--publishers", "1", "--rate", "20", "--duration", "200ms"], ["joins/s"]),
}
FIGURES = {
    "deliveries/s": (lambda run: run["deliveries_per_s"], "more is better"),
    "CPU": (lambda run: run["server_process"]["cpu_s_per_million"], "CPU seconds a delivery, less is better"),
    "p50": (lambda run: run["latency_us"]["p50"], "less is better"),
    "last p50": (lambda run: run["last_member_us"]["p50"], "to the last member, less is better"),
    "joins/s": (lambda run: run["joins_per_s"], "more is better"),
}
MISSING = """there is no nats-server here, and this installs nothing. Debian and Ubuntu have it:
    sudo apt-get install --no-install-recommends nats-server
(its package starts a server, which `sudo systemctl disable --now nats-server` stops); or take a
release of github.com/nats-io/nats-server and put the program on your path."""


class Server:
    """A server on one processor, from its first words to its end."""

    def __init__(self, argv, ready, core):
        pin = lambda: os.sched_setaffinity(0, {core})
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=pin)
        self.address, said = None, []
        for line in self.process.stdout:
            said.append(line)
            if "127.0.0.1:" in line and "listening" in line.lower():
                self.address = "127.0.0.1:" + line.rsplit(":", 1)[1].strip()
            if ready in line:
                break
        else:
            self.stop()
            sys.exit(f"{argv[0]} does not start:\n{''.join(said)}")
        # What it says later is nobody's, but its pipe has to be emptied.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def servers(chaty, core):
    serve = [chaty, "serve", "--listen", "127.0.0.1:0", "--no-history", "--log", "error", "--limit", "flood=false"]
    return {
        "chaty": (lambda: Server(serve, "listening", core), []),
        "nats-server": (lambda: Server(["nats-server", "-a", "127.0.0.1", "-p", "-1"], "Server is ready", core), ["--peer", "nats"]),
    }


def measure(chaty, start, extra, load, core):
    server = start()
    try:
        argv = [chaty, "bench", "--json", "--server", server.address, *extra, *load]
        pin = lambda: os.sched_setaffinity(0, {core})
        done = subprocess.run(argv, capture_output=True, text=True, preexec_fn=pin)
    finally:
        server.stop()
    if not done.stdout:
        sys.exit(f"{' '.join(argv)}: {done.stderr}")
    return json.loads(done.stdout)


def rounded(number):
    return f"{number:.3g}" if number < 1000 else f"{number:,.0f}"


def main():
    chaty = sys.argv[1]
    repetitions = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    chosen = sys.argv[3:] or list(CASES)
    if not shutil.which("nats-server"):
        print(MISSING, file=sys.stderr)
        sys.exit(2)
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("two processors are needed, one for the server and one for the load")
    both = servers(chaty, cores[0])
    runs = {(case, name): [] for case in chosen for name in both}
    print(f"chaty beside nats-server, {repetitions} repetitions; server on processor {cores[0]}, load on {cores[1]}")
    for repetition in range(repetitions):
        for case in chosen:
            for name, (start, extra) in both.items():
                run = measure(chaty, start, extra, CASES[case][0], cores[1])
                runs[case, name].append(run)
                seen = ", ".join(f"{figure} {rounded(FIGURES[figure][0](run))}" for figure in CASES[case][1])
                print(f"  {repetition + 1} {case:10} {name:12} {seen}; one order {run['one_order']}, generator {run['generator']['cpu']:.0%}", flush=True)
    print("\nchaty / nats-server, median of the ratios of each repetition [least - greatest]")
    for case in chosen:
        for figure in CASES[case][1]:
            of, sense = FIGURES[figure]
            ratios = [of(ours) / of(theirs) for ours, theirs in zip(runs[case, "chaty"], runs[case, "nats-server"])]
            median = statistics.median(ratios)
            print(f"  {case:10} {figure:13} {median:6.2f} [{min(ratios):.2f} - {max(ratios):.2f}]  {sense}")
    whole = True
    for name in both:
        all_runs = [run for (_, who), list_ in runs.items() if who == name for run in list_]
        complete = sum(run["complete"] for run in all_runs)
        orders = sum(run["one_order"] is False for run in all_runs)
        lost = sum(run["lost"] + run["doubled"] + run["out_of_order"] for run in all_runs)
        gone = sum(run["departed"] for run in all_runs)
        print(f"{name}: {len(all_runs)} runs, {complete} complete and in one order; {lost} deliveries lost, doubled or out of order; {gone} members disconnected; in {orders} members saw different orders")
        whole &= name != "chaty" or complete == len(all_runs)
    sys.exit(0 if whole else 1)


main()
