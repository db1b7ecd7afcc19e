"""E: poor and hostile surroundings of a process: streams closed at its start, no /proc, odd names and
terminals, system calls that are refused."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
from pathlib import Path

from families.logs import Logging, served
from families.output import with_samples
from kit.commands import mount_memory, must_end, must_refuse, own_mounts, run, wait
from kit.peers import Peer
from kit.register import Skip, drill, must


@drill("E7", "standard streams closed at the start")
def closed(at):
    sets = ((1,), (2,), (1, 2), (0, 1, 2))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.rec")
        for numbers in sets:
            with Logging(at, None, None, ("--record", path), prepare=closing(numbers)) as server:
                served(server.port, 20)
                must((code := server.end()) == 0, f"closed {numbers}: exit {code}")
            recorded = Path(path).read_bytes()
            must(recorded.startswith(b"SWBRECRD") and b"connected" not in recorded,
                 f"closed {numbers}: the log is in the recording")
            drawn = run([at.program, "timeline", path])
            must(drawn.code == 0 and b"20 clients" in drawn.out, f"closed {numbers}: {drawn.err!r}")
            with Logging(at, None, None, ("--loops", "2") if at.backend != "select" else (),
                         prepare=closing(numbers)) as server:
                peers = [Peer(server, greeted=True) for _ in range(8)]
                for peer in peers:
                    peer.ask(b"^abc$")
                    peer.socket.setblocking(False)
                    must(not peer.unread and not pending(peer.socket), f"closed {numbers}: a peer hears more")
                    peer.close()
                must((code := server.end()) == 0, f"closed {numbers}, two loops: exit {code}")
    with at.serve("frames") as server:
        load = [at.program, "load", f"127.0.0.1:{server.port}", "--duration", "100ms", "--warm-up", "0s"]
        for numbers in sets:
            for command in (load, [*load, "--processes", "2"]):
                must_end(run(command, closed=numbers, stdout=None, stderr=None), 0,
                         f"{' '.join(command[2:])}, closed {numbers}")
    at.tell(f"serve, record, load, two processes: {len(sets)} ways")


def closing(numbers):
    return lambda: [os.close(number) for number in numbers]


def pending(peer):
    return select.select([peer], [], [], 0)[0]


@drill("E8", "no /proc")
@with_samples
def no_proc(at, samples, folder):
    own_mounts()
    limits = {"open descriptors": "ulimit -n"}
    before = run([at.program, "backends"]).out.decode()
    machine = json.loads(samples.result.read_text())["machine"]
    # A server is watched through /proc: here its own words tell its port.
    mount_memory("/proc")
    here = run([at.program, "backends"])
    must_end(here, 0, "backends")
    for name in limits:
        row = next(line for line in before.splitlines() if name in line)
        must(row in here.out.decode(), f"'{row}' is missing without /proc")
    must("no limit" not in here.out.decode() or "no limit" in before, "a limit that cannot be read is none")
    server = subprocess.Popen([at.program, "serve", "--port", "0", "--backend", at.backend],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        text = b""
        while b"listening on" not in text or not text.endswith(b"\n"):
            must(piece := os.read(server.stdout.fileno(), 4096), f"serve without /proc: {text!r}")
            text += piece
        port = int(re.search(rb"listening on \S+:(\d+)", text).group(1))
        served(port, 5)
        result = folder / "here.json"
        for processes in ("1", "2"):
            ended = run([at.program, "load", f"127.0.0.1:{port}", "--duration", "200ms", "--warm-up", "0s",
                         "--quiet", "--processes", processes, "--json", str(result)])
            must_end(ended, 0, f"load --processes {processes}")
            there = json.loads(result.read_text())["machine"].split(", ", 1)[1]
            must(machine.endswith(there), f"the machine is '{there}' without /proc and '{machine}' with it")
        server.send_signal(signal.SIGTERM)
        must(wait(server, 20) == 0, "SIGTERM without /proc")
    finally:
        server.kill()
        server.wait()
    if at.backend == "epoll":
        compared = run([at.program, "compare", "--models", "epoll", "--connections", "1", "--rounds", "1",
                        "--duration", "100ms"], 60)
        must_end(compared, 0, "compare")
    at.tell("backends, serve, load, two processes, compare: as with it")


NAMES = [b"plain", b"with space", b"a%20b", b"tab\tname", b"nl\nname", b"-dash", "café".encode(),
         "cafe\u0301".encode(), b"latin\xe9", b"~tilde", b"a:b", b"[x]", b"q?#f", b"\xff\xfe",
         b"esc\x1b[31m", "\U0010ffe9".encode(), b"\xed\xa0\x80"]


@drill("E9", "odd names", backends=("all",))
@with_samples
def names(at, samples, folder):
    place = os.fsencode(folder / "names")
    others = [pair for pair in samples.writers.items() if pair[0] != "--json"]
    for number, name in enumerate(NAMES):
        for option, command in (("--json", samples.writers["--json"]), others[number % len(others)]):
            os.makedirs(place, exist_ok=True)
            path = os.path.join(place, name)
            must_end(run([*command, option, path]), 0, f"{option} {name!r}")
            must(os.listdir(place) == [name], f"{option} {name!r} made {os.listdir(place)}")
            if option == "--json":
                must_end(run([at.program, "load", "merge", path]), 0, f"load merge {name!r}")
            os.unlink(path)
        path = os.path.join(place, name)
        with at.serve("frames", "--record", path, backend="epoll") as server:
            Peer(server, greeted=True).close()
            server.signal(signal.SIGTERM)
            must(server.wait(10)[0] == 0, f"--record {name!r}")
        must(os.listdir(place) == [name], f"--record {name!r} made {os.listdir(place)}")
        drawn = run([at.program, "timeline", path, "-o", path + b".html"])
        must_end(drawn, 0, f"timeline {name!r}")
        for made in os.listdir(place):
            os.unlink(os.path.join(place, made))
    # What a user wrote never commands the terminal, on either stream.
    hostile = b"no\x1b[31msuch\n\xe9\x9b"
    for words in (["timeline", hostile], ["load", "merge", hostile], ["serve", "--host", hostile],
                  ["serve", "--record", hostile + b"/x"], ["load", hostile + b":9090"],
                  ["client", hostile, "9090"], ["timeline", samples.folder / "sample.rec", "-o", hostile + b"/x"],
                  ["compare", "--models", "epoll", "--out", b"/dev/null/" + hostile],
                  ["experiment", hostile], ["simulate", "--protocol", hostile], [hostile]):
        ended = run([at.program, *words])
        must_refuse(ended, f"{words}")
        raw = [byte for byte in ended.err + ended.out if byte < 32 and byte != 10 or byte == 127]
        must(not raw, f"{words}: a terminal is commanded: {ended.err!r}")
    odd = os.path.join(os.fsencode(folder), b"esc\x1b[31m")
    wrote = run([*samples.writers["--svg"], "--svg", odd])
    must(wrote.code == 0 and b"\x1b" not in wrote.out, f"'wrote': {wrote.out!r}")
    gone(at, samples)
    at.tell(f"{len(NAMES)} names for each option; escapes are shown; a folder that is gone")


def gone(at, samples):
    """In a folder that is there no more."""
    with tempfile.TemporaryDirectory() as folder:
        inner = os.path.join(folder, "gone")
        os.mkdir(inner)

        def enter():
            os.chdir(inner)
            os.rmdir(inner)
        must_end(run([at.program, "backends"], prepare=enter), 0, "backends in a folder that is gone")
        os.mkdir(inner)
        ended = run([*samples.writers["--json"], "--json", "x.json"], prepare=enter)
        must_refuse(ended, "--json in a folder that is gone", "the current folder is gone")


def on_terminal(command, columns, env=None, errors_only=False, seconds=30):
    """What a command writes on a terminal of that width, and its exit code."""
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        if errors_only:
            os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
        os.execvpe(command[0], command, {**os.environ, "TERM": "xterm-256color", **(env or {})})
    data, deadline = b"", time.monotonic() + seconds
    while time.monotonic() < deadline:
        if select.select([master], [], [], 0.2)[0]:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            data += piece
    else:
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(master)
    return code, data.decode(errors="replace")


@drill("E10", "odd terminals", backends=("all",))
@with_samples
def terminals(at, samples, folder):
    for name in ("timeline", "backends", "experiment list", "--help", "load merge"):
        for columns in (1, 2, 3, 8, 20, 40, 80, 300, 5000, 65535):
            code, text = on_terminal(samples.reports[name], columns)
            must(code == 0, f"{name} on {columns} columns: exit {code}, {text[-200:]!r}")
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}):
            code, text = on_terminal(samples.reports[name], 80, env)
            must(code == 0 and ("\x1b" not in text or env == {"TERM": ""}), f"{name} with {env}: escapes")
    with at.serve("frames", backend="epoll") as server:
        load = [at.program, "load", f"127.0.0.1:{server.port}", "--duration", "1100ms", "--warm-up", "0s"]
        for columns in (1, 10, 20, 40, 60, 80):
            code, text = on_terminal(load, columns, errors_only=True)
            drawn = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "\r", text).split("\r")
            widest = max(len(part.strip("\r\n")) for part in drawn)
            must(code == 0, f"load on {columns} columns: exit {code}, {text!r}")
            must(widest <= columns, f"load's progress is {widest} wide on {columns} columns: {text!r}")
        code, text = on_terminal(load, 80, {"TERM": "dumb"})
        must(code == 0 and "\x1b" not in text, f"load with TERM=dumb: {text[:100]!r}")
    at.tell("1 to 65,535 columns; progress fits its row; dumb and colourless ones get no escapes")
