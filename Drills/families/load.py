"""L: load. Long, much, or unfair."""

import os
import subprocess
import sys
import time
from pathlib import Path

from kit.figures import jain, micro, p99
from kit.means import come_last, processors
from kit.peers import Echoing, Peer, close_all, open_many, pings, readable
from kit.register import Fail, Skip, drill, eventually, min_until, must

PACKAGE = Path(__file__).resolve().parents[2]


@drill("L1", "soak")
def soak(at):
    count, seconds = at.pick(100, 500), at.pick(1.0, at.seconds / 2)
    with at.serve("echo") as server:
        total = []

        def body():
            crowd = Echoing(server, count)
            crowd.run(seconds)
            total.append(crowd)
        at.steady(server, body)
        blocks, size = sum(one.blocks for one in total), sum(one.bytes for one in total)
        at.tell(f"{count} connections, {blocks} blocks, {size / 2**20:.0f} MiB, every byte the same")


@drill("L2", "connections come and go")
def churn(at):
    seconds = at.pick(0.7, 30)
    with at.serve() as server:
        count = 0

        def body():
            nonlocal count
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                peer = Peer(server, greeted=True)
                peer.ask(b"^a$")
                if count % 3 == 0:
                    peer.reset()
                elif count % 3 == 1:
                    peer.close()
                else:
                    peer.finish()
                    must(peer.to_end() == (b"", "end"), "no end of stream for an end of stream")
                    peer.close()
                count += 1
        at.steady(server, body)
        at.tell(f"{count} connections, closed, half-closed and reset in turn")


@drill("L3", "many idle, some active", timed=True)
def idle(at):
    # Beyond these select and 20,000 descriptors end, and waiting with poll takes a millisecond.
    most = {"select": 800, "poll": at.pick(3000, 10_000)}.get(at.backend, 10_000)
    with at.serve() as server:
        active = open_many(server, 100)
        fds, rss = server.descriptors(), server.rss()
        sample = lambda: p99(pings(active, 1000))
        sample()
        quiet = min(sample() for _ in range(3))
        crowd = []
        for number in range(0, most, 100):
            crowd += open_many(server, 100, source=f"127.0.0.{2 + number // 2000}")
        grown = (server.rss() - rss) / most
        # select and poll ask about every descriptor in every wait: their own cost.
        linear = 2 * 0.5e-6 * most if at.backend in ("select", "poll") else 0
        # Below 100 µs a round trip is the peer's own work more than the server's.
        bound = 1.5 * max(quiet, 100e-6) + linear
        loaded = min_until(sample, bound, 20)
        at.tell(f"p99 {micro(quiet)}, with {most} idle {micro(loaded)}, {grown:.0f} bytes each")
        must(loaded <= bound, f"p99 {micro(loaded)}, at most {micro(bound)} is allowed")
        close_all(crowd)
        eventually(lambda: server.connections() == 100, 2, "idle connections are left")
        if at.backend != "io_uring":
            must(server.descriptors() <= fds, "descriptors are left")
        close_all(active)
        at.settle(server, fds)


def flooder(server, processor):
    """A process that sends as fast as it can, and reads what comes back."""
    pid = os.fork()
    if pid:
        return pid
    try:
        come_last()
        if processor is not None:
            os.sched_setaffinity(0, {processor})
        peer = Peer(server, greeted=True)
        peer.socket.setblocking(False)
        block = b"^" + bytes(range(0x61, 0x7B)) * 2500
        while True:
            try:
                peer.socket.send(block)
            except BlockingIOError:
                pass
            try:
                peer.socket.recv(1 << 20)
            except BlockingIOError:
                pass
    finally:
        os._exit(0)


@drill("L4", "one peer floods", timed=True)
def flood(at):
    ours, theirs = processors()
    with at.serve(processor=ours) as server:
        if theirs is not None:
            os.sched_setaffinity(0, {theirs})
        peers = open_many(server, 100)
        fds = server.descriptors()
        sample = lambda: p99(pings(peers, 1500))

        def flooded():
            pid = flooder(server, theirs)
            try:
                eventually(lambda: server.load(0.05) > 0.1, 3, "the flood does not flow")
                return sample()
            finally:
                os.kill(pid, 9)
                os.waitpid(pid, 0)
        sample()
        # A flooded turn receives and answers 64 KiB first: some 20 µs. Where a quiet answer takes
        # less than 100 µs, ten times that is what is held to.
        ratio, quiet, loaded = at.timed(sample, flooded, 10, floor=100e-6)
        at.tell(f"p99 {micro(quiet)}, flooded {micro(loaded)}")
        must(ratio <= 10, f"p99 {micro(loaded)} in a flood, {micro(quiet)} without")
        index = max(shares(server) for _ in range(3))
        at.tell(f"Jain index {index:.3f}")
        must(index >= 0.9, f"Jain index {index:.3f} among eight equals")
        close_all(peers)
        at.settle(server, fds)


def shares(server, count=8, seconds=0.4):
    """How evenly equals are served, each with as much under way as goes."""
    peers = open_many(server, count)
    block, got = b"^" + b"a" * 8192 + b"$", {}
    for peer in peers:
        got[peer.socket] = 0
        peer.socket.setblocking(False)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for peer in peers:
            try:
                peer.socket.send(block)
            except BlockingIOError:
                pass
        for one in readable(list(got), 0):
            got[one] += len(one.recv(65536))
    close_all(peers)
    return jain(list(got.values()))


@drill("L6", "heap allocations", backends=("all",), quick=False)
def heap(at):
    made = subprocess.run(
        [sys.executable, PACKAGE / "Benchmarks/gates", "--only", "heap", "--bin", at.program],
        capture_output=True, text=True)
    last = made.stdout.strip().splitlines()[-1]
    if "skipped" in made.stdout and "FAIL" not in made.stdout:
        raise Skip(last)
    if made.returncode:
        raise Fail(last)
    at.tell(last)
