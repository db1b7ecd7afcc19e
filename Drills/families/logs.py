"""E: what a server says while it serves. Whatever becomes of its log and of its recording, peers are
served, the end comes when it is asked for, and what is missing is counted."""

import os
import re
import resource
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from kit.commands import read_all, run, small_pipe, until, wait
from kit.peers import Peer
from kit.register import BACKENDS, Skip, drill, must
from kit.server import Server

PEERS = 400
MISSING = re.compile(rb"left out of the log here: ([\d,]+) lines? that")


class At:
    """Where a server listens, for peers."""
    def __init__(self, port):
        self.port = port


def served(port, count=PEERS):
    """So many peers, one after the other, each of which says and hears something."""
    for _ in range(count):
        peer = Peer(At(port), greeted=True)
        peer.ask(b"^abc$")
        peer.close()


def peers_in(text):
    """Lines about peers: two for each."""
    return len(re.findall(rb"^peer \S+ (?:connected$|closed: )", text, re.MULTILINE))


class Logging:
    """A server whose log goes to a descriptor; its port is read from a file of its errors or of /proc."""

    def __init__(self, at, stdout, stderr=subprocess.DEVNULL, options=(), command=None, prepare=None):
        command = command or [at.program, "serve", "--port", "0", "--backend", at.backend, *options]
        self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                                      preexec_fn=prepare)
        self.pid = self.child.pid
        found = []
        until(lambda: found.extend(Server.listening(self)) or found or self.child.poll() is not None, 20,
              "the server does not listen")
        must(found, f"the server ended with {self.child.poll()}")
        self.port = found[0][1]

    inodes, sockets = Server.inodes, Server.sockets

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()

    def end(self, seconds=20):
        self.child.send_signal(signal.SIGTERM)
        return wait(self.child, seconds)


@drill("E4", "a log that nobody reads")
def stalled(at):
    reading, writing = small_pipe()
    with Logging(at, writing) as server:
        os.close(writing)
        old = Peer(At(server.port), greeted=True)
        served(server.port)
        old.ask(b"^still here$")
        old.close()
        must((code := server.end()) == 0, f"SIGTERM, log not read: exit {code}")
    os.close(reading)
    # A reader that is slow and steady gets each line, at the end too.
    reading, writing = small_pipe()
    with Logging(at, writing, options=("--log-level", "debug")) as server:
        os.close(writing)
        served(server.port)
        server.child.send_signal(signal.SIGTERM)
        text = read_slowly(reading)
        must((code := wait(server.child, 20)) == 0, f"SIGTERM, slow reader: exit {code}")
        must(peers_in(text) == 2 * PEERS, f"{peers_in(text)} lines of {2 * PEERS}")
    os.close(reading)
    gone(at)
    full(at)
    limited(at)
    at.tell(f"{PEERS} peers served each time: log stalled, slow, reader gone, disk full, size limit")


def read_slowly(descriptor):
    """All there is, a page (a small pipe's whole) at a time: some 16 kB/s."""
    pieces = []
    while piece := os.read(descriptor, 4096):
        pieces.append(piece)
        time.sleep(0.25)
    return b"".join(pieces)


def gone(at):
    reading, writing = os.pipe()
    errors, theirs = os.pipe()
    with Logging(at, writing, theirs) as server:
        for descriptor in (writing, theirs, reading):
            os.close(descriptor)
        served(server.port)
        must((code := server.end()) == 0, f"SIGTERM, log's reader gone: exit {code}")
    said = read_all(errors)
    os.close(errors)
    must(said.count(b"the log cannot be written") == 1, f"reader gone: {said[:300]!r}")


def full(at):
    with tempfile.TemporaryFile() as errors, open("/dev/full", "wb") as output:
        with Logging(at, output, errors) as server:
            served(server.port)
            must((code := server.end()) == 0, f"SIGTERM, log's disk full: exit {code}")
        errors.seek(0)
        said = errors.read()
    must(said.count(b"the log cannot be written") == 1 and b"the log ends without its last" in said,
         f"disk full: {said[:300]!r}")


def limited(at):
    """A file at its size limit, which then is raised: what is missing is told in it."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    with tempfile.TemporaryFile() as log:
        with Logging(at, log, prepare=limit) as server:
            served(server.port)
            until(lambda: os.fstat(log.fileno()).st_size == 4096, 20, "the log does not come to its limit")
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE,
                             (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            served(server.port, 1)
            must((code := server.end()) == 0, f"SIGTERM, log at its limit: exit {code}")
        log.seek(0)
        text = log.read()
    missing = sum(int(count.replace(b",", b"")) for count in MISSING.findall(text))
    there = peers_in(text)
    # The line that met the limit may be in it up to there.
    must(missing > 0 and there + missing >= 2 * (PEERS + 1), f"{there} lines there, {missing} counted")


@drill("E5", "example servers whose log nobody reads", backends=("all",))
def examples(at):
    folder = Path(at.program).parent
    tried = []
    for name in ("select-server", "poll-server", "epoll-server", "echo-server", "chat-server"):
        if not (folder / name).is_file():
            continue
        reading, writing = small_pipe()
        with Logging(at, writing, command=[str(folder / name), "0"]) as server:
            os.close(writing)
            if name not in ("echo-server", "chat-server"):
                served(server.port)
            must((code := server.end()) == 0, f"{name}: exit {code}")
        os.close(reading)
        tried.append(name)
    for model in ("sequential", "threads", "pool"):
        reading, writing = small_pipe()
        command = [at.program, "serve", "--port", "0", "--model", model]
        with Logging(at, writing, command=command) as server:
            os.close(writing)
            served(server.port)
            must((code := server.end()) == 0, f"--model {model}: exit {code}")
        os.close(reading)
        tried.append(f"--model {model}")
    at.tell(f"{', '.join(tried)}: served, and ended with 0")


@drill("E6", "recordings into pipes and without room")
def recordings(at):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "pipe")
        os.mkfifo(path)
        # Nobody reads it, ever.
        said = record(at, path, lambda port: served(port, 20))
        must("nobody is at its other end" in said, f"nobody reads: {said}")
        # Somebody reads it later, to its end, and gets a recording.
        got = []
        def later(port):
            served(port, 20)
            reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            got.append(reader)
            until(lambda: peek(reader, got), 20, "nothing came into the pipe")
        record(at, path, later)
        drain(got)
        (file := Path(folder) / "got.rec").write_bytes(b"".join(got[1:]))
        drawn = run([at.program, "timeline", str(file)])
        must(drawn.code == 0 and b"20 clients" in drawn.out, f"read later: {drawn.err!r} {drawn.out[:80]!r}")
        os.close(got[0])
        # Its reader stops; its reader goes.
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        said = record(at, path, lambda port: served(port, PEERS * 2))
        os.close(reader)
        must("its reader has stopped" in said, f"reader stops: {said}")
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        def gone(port):
            served(port, 5)
            # A recording that has not begun would find nobody at the other end.
            must(select.select([reader], [], [], 20)[0], "nothing came into the pipe")
            os.close(reader)
            served(port, 50)
        said = record(at, path, gone)
        must("its reader has gone" in said, f"reader goes: {said}")
        said = record(at, "/dev/full", lambda port: served(port, 20))
        must("no space" in said, f"/dev/full: {said}")

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384))
        said = record(at, os.path.join(folder, "limited"), lambda port: served(port), limit)
        must("ulimit -f" in said, f"at its size limit: {said}")
        drawn = run([at.program, "timeline", os.path.join(folder, "limited")])
        must(drawn.code == 0, f"what was recorded up to the limit: {drawn.err!r}")
    at.tell("pipes that nobody reads, later, no more; no room: served, ended with 0, told")


def peek(reader, got):
    try:
        if piece := os.read(reader, 65536):
            got.append(piece)
    except BlockingIOError:
        pass
    return len(got) > 1


def drain(got):
    """What is in the pipe still, once its writer has gone."""
    while piece := os.read(got[0], 65536):
        got.append(piece)


def record(at, path, body, prepare=None):
    """Serves with a recording and ends; what was said of it."""
    with at.serve("frames", "--record", path, log="info", prepare=prepare) as server:
        body(server.port)
        server.signal(signal.SIGTERM)
        code, took = server.wait(20)
        must(code == 0, f"--record {path}: exit {code} after {took:.1f} s: {server.tail()}")
        return " | ".join(line for _, line in server.lines if "record" in line)
