#!/usr/bin/env python3
"""Two hundred bots in one process: how long they take to come, what memory each takes, and how
long a message takes to its answer in an idle room.

    python3 tests/bots_figures.py target/release/chaty

Every bot answers a word of its own, so that their manners (five lines at once, then one a second)
do not decide the figures. Bounded: some ten seconds. Linux: it reads /proc.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

BOTS = 200
FEW = 20
ROUNDS = 4


class Native:
    """A member that speaks the native dialect."""

    def __init__(self, port, nick):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.socket.makefile("rb")
        self.say({"hello": {"v": 1, "nick": nick}})
        assert self.lines.readline() == b"NICK\n"
        assert "welcome" in json.loads(self.lines.readline())

    def say(self, event):
        self.socket.sendall(json.dumps(event).encode() + b"\n")

    def wait(self, wanted):
        while True:
            event = json.loads(self.lines.readline())
            if wanted(event):
                return event


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def resident(pid):
    status = open("/proc/%d/status" % pid).read()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))


def child_of(pid):
    # Any thread of the server may have started it.
    tasks = "/proc/%d/task" % pid
    children = [open("%s/%s/children" % (tasks, task)).read() for task in os.listdir(tasks)]
    return int("".join(children).split()[0])


def serve(chaty, folder):
    server = subprocess.Popen(
        [chaty, "--log", "warn", "serve", "--listen", "127.0.0.1:0", "--limit", "flood=false",
         "--bots", folder],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    port = int(re.search(r":(\d+)$", server.stdout.readline().strip()).group(1))
    return server, port


def roster(member):
    member.say({"who": {}})
    return len(member.wait(lambda event: "roster" in event)["roster"]["members"])


def memory_with(chaty, count):
    """Seconds until all are there, kilobytes of their process, and seconds to each answer."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            with open(os.path.join(folder, "b%03d.rhai" % number), "w") as script:
                script.write(
                    'const BOT = #{ triggers: ["word%d"] };\n'
                    "fn on_trigger(msg, word) { `${msg.text}: yes` }\n" % number
                )
        began = time.perf_counter()
        server, port = serve(chaty, folder)
        try:
            member = Native(port, "Neo")
            while roster(member) < count + 1:
                assert time.perf_counter() - began < 60, "they did not come"
            came = time.perf_counter() - began
            taken = []
            for turn in range(ROUNDS):
                for number in range(count):
                    text = "word%d %d" % (number, turn)
                    asked = time.perf_counter()
                    member.say({"say": {"text": text}})
                    member.wait(lambda event: event.get("chat", {}).get("text") == text + ": yes")
                    taken.append((time.perf_counter() - asked) * 1000)
            return came, resident(child_of(server.pid)), taken
        finally:
            server.terminate()
            server.wait(10)


def main(chaty):
    _, one, _ = memory_with(chaty, 1)
    came, many, taken = memory_with(chaty, BOTS)
    print("%d bots online after   %.2f s" % (BOTS, came))
    print("memory of each         %.0f KiB (%d bots %.1f MiB, one %.1f MiB)"
          % ((many - one) / (BOTS - 1), BOTS, many / 1024, one / 1024))
    _, _, quickly = memory_with(chaty, FEW)
    for count, times in ((FEW, quickly), (BOTS, taken)):
        print("message to answer      p50 %.2f ms   p99 %.2f ms   max %.2f ms   of %d, %d bots"
              % (percentile(times, 0.5), percentile(times, 0.99), max(times), len(times), count))


if __name__ == "__main__":
    main(*sys.argv[1:])
