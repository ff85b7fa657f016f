#!/usr/bin/env python3
"""The full-screen chat under load and at rest: `tui_load.py BINARY [SECONDS]`.

A server of this script's own says 10 000 messages a second to one client on a terminal of its own.
Meanwhile a key is pressed every 100 ms, and the time until its letter is on the terminal is taken.
Then nothing is said for ten seconds, and the wake-ups of all threads are counted.
Prints one line each; exits with 1 if a bound of the issue is broken."""

import fcntl, json, os, select, socket, struct, sys, termios, threading, time
from pty import fork

RATE = 10_000
KEYS = "ΑΒΓΔΕΖΗΘΚΛΜΝΞΠΡΣΤΦΧΨΩ"


def server(listener, state):
    """Greets as a chaty server does; then floods while `state` says so."""
    peer, _ = listener.accept()
    peer.sendall(b"NICK")
    peer.recv(4096)
    welcome = {"welcome": {"v": 1, "server": "t", "nick": "Neo", "epoch": "e", "rooms": [{"room": "#lobby", "seq": 0, "members": 9}],
               "limits": {"text": 4096, "line": 16384, "ping_secs": 30, "dead_secs": 90}, "text": "hi"}}
    peer.sendall(b"\n" + json.dumps(welcome).encode() + b"\n")
    threading.Thread(target=drain, args=(peer,), daemon=True).start()
    state["ready"].set()
    state["go"].wait()
    began, said = time.monotonic(), 0
    while not state["stop"].is_set():
        due = int((time.monotonic() - began) * RATE)
        batch = min(due - said, 1000)
        if batch > 0:
            at = int(time.time() * 1000)
            lines = [f'{{"chat":{{"room":"#lobby","seq":{said + n + 1},"at":{at},"from":"m{n % 40}","text":"message {said + n} with some words to wrap and to draw"}}}}\n' for n in range(batch)]
            peer.sendall("".join(lines).encode())
            said += batch
        time.sleep(0.005)
    state["said"], state["secs"] = said, time.monotonic() - began
    state["end"].wait()


def drain(peer):
    while peer.recv(65536):
        pass


def status(pid, field):
    return int(next(line for line in open(f"/proc/{pid}/status") if line.startswith(field)).split()[1])


def cpu(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wakes(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        for line in open(f"/proc/{pid}/task/{task}/status"):
            if "ctxt_switches" in line:
                total += int(line.split()[1])
    return total


class Terminal:
    def __init__(self, argv):
        self.pid, self.fd = fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", XDG_STATE_HOME="/nonexistent", XDG_CONFIG_HOME="/nonexistent")
            os.execv(argv[0], argv)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.seen = b""

    def read(self, wait):
        if select.select([self.fd], [], [], wait)[0]:
            chunk = os.read(self.fd, 1 << 20)
            self.seen = self.seen[-4096:] + chunk
            return len(chunk)
        return 0

    def until(self, wanted, wait):
        end = time.monotonic() + wait
        while wanted not in self.seen:
            left = end - time.monotonic()
            if left <= 0:
                raise SystemExit(f"never saw {wanted!r}")
            self.read(left)

    def press(self, letter):
        self.seen = b""
        began = time.monotonic()
        os.write(self.fd, letter.encode())
        self.until(letter.encode(), 10)
        return (time.monotonic() - began) * 1000


def main():
    binary, secs = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
    listener = socket.create_server(("127.0.0.1", 0))
    state = {name: threading.Event() for name in ("ready", "go", "stop", "end")}
    threading.Thread(target=server, args=(listener, state), daemon=True).start()
    terminal = Terminal([binary, "join", "user", "Neo", "--server", "127.0.0.1:%d" % listener.getsockname()[1]])
    state["ready"].wait(10)
    terminal.until(b"online", 10)
    before, cpu_before, began = status(terminal.pid, "VmRSS"), cpu(terminal.pid), time.monotonic()
    state["go"].set()
    took, n, peak = [], 0, 0
    while time.monotonic() - began < secs:
        took.append(terminal.press(KEYS[n % len(KEYS)]))
        os.write(terminal.fd, b"\x7f")
        n += 1
        until = time.monotonic() + 0.1
        while (left := until - time.monotonic()) > 0:
            terminal.read(left)
        if n == 20:
            early = status(terminal.pid, "VmRSS")
    busy = (cpu(terminal.pid) - cpu_before) / (time.monotonic() - began) * 100
    state["stop"].set()
    while terminal.read(1.0):
        pass
    last = state["said"] - 1
    took.sort()
    p = lambda q: took[min(len(took) - 1, int(len(took) * q))]
    late = status(terminal.pid, "VmRSS")
    print(f"said: {state['said']} messages in {state['secs']:.1f} s ({state['said'] / state['secs']:.0f} a second)")
    print(f"key to echo: p50 {p(0.5):.1f} ms, p99 {p(0.99):.1f} ms, max {took[-1]:.1f} ms, {len(took)} keys")
    print(f"memory: {before} kB before, {early} kB after 2 s, {late} kB after all, peak {status(terminal.pid, 'VmHWM')} kB")
    print(f"processor: {busy:.0f} % of one core")
    os.write(terminal.fd, b"\x03")
    terminal.read(0.5), terminal.read(1.0)
    first = wakes(terminal.pid)
    drawn = 0
    end = time.monotonic() + 10
    while (left := end - time.monotonic()) > 0:
        drawn += terminal.read(left)
    woken = wakes(terminal.pid) - first
    print(f"idle: {woken} wake-ups of all threads and {drawn} bytes drawn in 10 s")
    os.write(terminal.fd, b"\x15\x04")
    state["end"].set()
    _, code = os.waitpid(terminal.pid, 0)
    good = p(0.99) <= 50 and late <= early * 2 and woken == 0 and drawn == 0 and state["said"] >= 0.98 * RATE * secs
    raise SystemExit(0 if good else 1)


main()
