#!/usr/bin/env python3
"""How long from saving a script to its new version in the room: 200 saves in each of three styles,
while the room carries 500 messages a second.

    python3 tests/save_to_live.py target/release/chaty

Saves in place, by renaming over the file, and as vim does; after each it waits for the line that
says the new version runs, and after each style checks in the room that it does. Bounded: some ten
seconds. Prints the 50th and the 99th percentile.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

SAVES = 200
RATE = 500


def script(version):
    return "fn on_mention(msg) { `v%d` }\n" % version


def in_place(path, text):
    with open(path, "w") as file:
        file.write(text)


def rename_over(path, text):
    in_place(path + ".tmp", text)
    os.rename(path + ".tmp", path)


def like_vim(path, text):
    os.rename(path, path + "~")
    in_place(path, text)
    os.remove(path + "~")


def wait_for(log, words, count):
    deadline = time.monotonic() + 10
    while open(log).read().count(words) < count:
        if time.monotonic() > deadline:
            sys.exit(f"no {words!r} in time:\n{open(log).read()}")
        time.sleep(0.0005)


def publish(port, stop):
    """A member that says so many things a second, in a room where nobody is asked."""
    wire = socket.create_connection(("127.0.0.1", port))
    wire.sendall(b"Chatterbox\n")
    began, said = time.monotonic(), 0
    while not stop.wait(0.01):
        due = int((time.monotonic() - began) * RATE)
        wire.sendall(b"nothing for anybody\n" * (due - said))
        said = due
    wire.close()


def main(program):
    program = os.path.abspath(program)
    home = tempfile.mkdtemp()
    os.mkdir(f"{home}/bots")
    path, log = f"{home}/bots/echo.rhai", f"{home}/log"
    in_place(path, script(0))
    server = subprocess.Popen(
        [program, "serve", "--listen", "127.0.0.1:0", "--limit", "flood=false", "--bots", "bots"],
        cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=open(log, "w"), text=True,
    )
    try:
        port = int(re.search(r":(\d+)", server.stdout.readline()).group(1))
        wait_for(log, "is online", 1)
        room = socket.create_connection(("127.0.0.1", port)).makefile("rwb")
        room.write(b'{"hello":{"v":1,"nick":"Neo"}}\n')
        room.flush()
        version = 0
        stop = threading.Event()
        threading.Thread(target=publish, args=(port, stop), daemon=True).start()
        for save in (in_place, rename_over, like_vim):
            took = []
            for _ in range(SAVES):
                version += 1
                start = time.perf_counter()
                save(path, script(version))
                wait_for(log, "reloaded in", version)
                took.append((time.perf_counter() - start) * 1000)
            room.write(b'{"say":{"text":"Echo, which?"}}\n')
            room.flush()
            event = {}
            while event.get("chat", {}).get("from") != "Echo":
                line = room.readline().removeprefix(b"NICK").strip()
                event = json.loads(line) if line else {}
            assert event["chat"]["text"] == f"v{version}", event
            took.sort()
            print(f"{save.__name__:12} p50 {took[SAVES // 2]:5.1f} ms   p99 {took[SAVES - 2]:5.1f} ms")
        stop.set()
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
