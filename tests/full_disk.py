#!/usr/bin/env python3
"""A small tmpfs fills up while people talk: no chat is lost for who is connected, and recording
goes on once there is room.

    python3 tests/full_disk.py target/debug/chaty     (as root: it mounts a tmpfs of 2 MiB)
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

CHATY = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/debug/chaty")
TEXT = "x" * 4000
MESSAGES = 1000


class Member:
    """A native client."""

    def __init__(self, address, nick):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.lines = self.socket.makefile("rb")
        self.send({"hello": {"v": 1, "nick": nick}})
        while "welcome" not in self.event():
            pass

    def send(self, event):
        self.socket.sendall(json.dumps(event).encode() + b"\n")

    def event(self):
        while True:
            line = self.lines.readline()
            if not line:
                raise SystemExit("the server has gone")
            if line.startswith(b"{"):
                return json.loads(line)

    def until(self, name):
        while True:
            event = self.event()
            if name in event:
                return event[name]


def logged(path, words):
    """Waits until the log has the words, and gives their line."""
    for _ in range(300):
        for line in open(path, errors="replace"):
            if words in line:
                return re.sub(r"\x1b\[[0-9;]*m", "", line).strip()
        time.sleep(0.1)
    raise SystemExit(f"the log never said {words!r}:\n{open(path).read()}")


def main():
    home = tempfile.mkdtemp()
    disk = os.path.join(home, "disk")
    os.mkdir(disk)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
    log = os.path.join(home, "log")
    server = None
    try:
        server = subprocess.Popen(
            [CHATY, "serve", "--listen", "127.0.0.1:0", "--limit", "flood=false",
             "--history", os.path.join(disk, "h.db")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=open(log, "w"),
            env={**os.environ, "XDG_RUNTIME_DIR": home},
            text=True,
        )
        address = server.stdout.readline().split()[-1]
        listener, speaker = Member(address, "Trin"), Member(address, "Neo")
        slowest = 0
        for number in range(MESSAGES):
            began = time.monotonic()
            speaker.send({"say": {"id": str(number), "text": f"{number} {TEXT}"}})
            heard = listener.until("chat")
            slowest = max(slowest, time.monotonic() - began)
            assert heard["text"].split()[0] == str(number), heard["text"][:20]
            assert speaker.until("ack")["id"] == str(number)
        print(f"{MESSAGES} messages heard in order, the slowest after {slowest * 1000:.0f} ms")
        print(logged(log, "recording is suspended"))
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        line = logged(log, "recording goes on")
        print(line)
        assert "missing=0" in line, line
        server.terminate()
        assert server.wait(20) == 0
        export = subprocess.run(
            [CHATY, "history", "export", "--history", os.path.join(disk, "h.db")],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        chats = [json.loads(line)["chat"] for line in export.splitlines() if line.startswith('{"chat"')]
        assert [chat["text"].split()[0] for chat in chats] == [str(n) for n in range(MESSAGES)]
        print(f"{len(chats)} messages in the history: all of them")
    finally:
        if server and server.poll() is None:
            server.kill()
        subprocess.run(["umount", disk], check=False)


if __name__ == "__main__":
    main()
