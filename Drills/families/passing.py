"""C5 and C6: what is sent to many, and what is passed on to those that read slowly."""

import json
import os
import re
import subprocess
import time
from pathlib import Path

from kit.figures import micro
from kit.helper import helper, network
from kit.means import come_last, need, processors
from kit.peers import Peer, close_all
from kit.register import drill, eventually, must
from kit.server import Server


# -------------------------------------------------------------------------- C5: a broadcast

SIZE = 65536


@drill("C5", "a broadcast to many", backends=("epoll", "io_uring"), timed=True)
def broadcast(at):
    network(at)
    count = at.pick(500, 10_000)
    grown = memory(at, count)
    one_copy = SIZE / count
    at.tell(f"64 KiB to {count}: memory {grown['shared']:.0f} bytes a peer shared, "
            f"{grown['plain']:.0f} written to each")
    # A place in a table that doubles; of few, the heap's own pages are a large share.
    must(grown["shared"] <= one_copy + at.pick(2048, 512),
         f"memory grew by {grown['shared']:.0f} bytes a peer where the bytes are shared")
    times = duration(at, count)
    at.tell("; ".join(f"{kind}: {cpu:.0f} ms of processor, {sent:.0f} ms until sent, {read:.0f} ms until all have it"
                      for kind, (cpu, sent, read) in times.items()))


def audience(at, count, server, processor=None):
    client = helper(at, "readers", count, SIZE, server.port, processor=processor)
    said = client.next_said(r"(\d+) reading", seconds=60)
    must(int(said[1]) == count, f"{said[1]} of {count} connected")
    eventually(lambda: server.ask("count", r"(\d+) joined, 0 lost")[1] == str(count), 30,
               lambda: f"the broadcaster has {server.tail(1)}")
    return client


def memory(at, count):
    """What a broadcast adds to the memory of its sender while nobody reads, and sockets take little."""
    for name in ("tcp_rmem", "tcp_wmem"):
        Path(f"/proc/sys/net/ipv4/{name}").write_text("4096 8192 8192")
    grown = {}
    for kind in ("shared", "plain"):
        with helper(at, "broadcast", SIZE, listens=True) as server, audience(at, count, server) as client:
            before = server.rss()
            server.ask(kind, "written in", 60)
            eventually(lambda: server.load(0.1) < 0.02, 30, "the broadcaster does not rest")
            grown[kind] = (server.rss() - before) / count
            must(not server.said("sent in"), "sockets have taken all of it: nothing was kept")
            whole(client, count)
            must(server.ask("count", r"(\d+) lost")[1] == "0", f"peers were lost: {server.tail(1)}")
    for name, standard in (("tcp_rmem", "4096 131072 6291456"), ("tcp_wmem", "4096 16384 4194304")):
        Path(f"/proc/sys/net/ipv4/{name}").write_text(standard)
    return grown


def whole(client, count):
    got = client.ask("read", r"all have it after (\S+) ms; (\d+) wrong", 120)
    must(got[2] == "0", f"{got[2]} bytes were wrong")
    return float(got[1])


def duration(at, count):
    """Of the broadcaster, to readers who read, on a processor of their own: medians of a few rounds, by turns."""
    ours, theirs = processors()
    rounds = at.pick(3, 9)
    found = {"shared": [], "plain": []}
    with helper(at, "broadcast", SIZE, listens=True, processor=ours) as server, \
            audience(at, count, server, theirs) as client:
        for _ in range(rounds):
            for kind, list in found.items():
                after = len(client.lines)
                client.tell("read")
                used, begun = server.cpu(), time.monotonic()
                sent = server.ask(kind, r"sent in (\S+) ms", 120)
                end, got = client.next_said_at(r"all have it after \S+ ms; (\d+) wrong", after, 120)
                must(got[1] == "0", f"{got[1]} bytes were wrong")
                list.append(((server.cpu() - used) * 1e3, float(sent[1]), (end - begun) * 1e3))
        must(server.ask("count", r"(\d+) lost")[1] == "0", f"peers were lost: {server.tail(1)}")
    return {kind: tuple(sorted(column)[rounds // 2] for column in zip(*list)) for kind, list in found.items()}


# ------------------------------------------------------------- C6: a slow reader behind a relay

WATERMARK = 65536


class Relayed:
    """`switchboard relay` before a port, and what it holds: what it has taken from a socket of a client's and not
    given to the one behind, as the kernel counts both."""

    def __init__(self, at, behind, *options):
        self.server = Server(at.program, command=[
            at.program, "relay", "0", str(behind), "--backend", at.backend, "--log-level", "warning", *options],
            processor=processors()[0])
        self.behind = behind

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *how):
        self.server.__exit__(*how)

    def sockets(self):
        """Of the relay's own sockets, by local and peer's port: bytes taken from each, and given to it."""
        listing = subprocess.run(["ss", "-Htinao", "state", "established"], capture_output=True, text=True).stdout
        found = {}
        for line in re.sub(r"\n\s+", " ", listing).splitlines():
            fields = line.split()
            unread, unsent = int(fields[0]), int(fields[1])
            local, peer = (int(one.rpartition(":")[2]) for one in fields[2:4])
            if self.server.port == local or self.behind == peer:
                received, acked = (int((re.search(rf"{name}:(\d+)", line) or [0, 0])[1])
                                   for name in ("bytes_received", "bytes_acked"))
                # The kernel counts a connection's beginning as a byte where it was accepted here, or begun.
                found[local, peer] = (received - unread, acked + unsent)
        return found

    def held(self):
        """Of all of the relay's clients together, by direction."""
        there = back = 0
        for (local, _), (taken, given) in self.sockets().items():
            if local == self.server.port:
                there, back = there + taken, back - given
            else:
                there, back = there - given, back + taken
        return there, back


@drill("C6", "a slow reader behind a relay", backends=("poll", "epoll", "io_uring"), timed=True)
def slow(at):
    network(at)
    need("ss", "iproute2")
    ours, theirs = processors()
    with at.serve("echo", backend="epoll", processor=theirs) as echo, Relayed(at, echo.port) as relay:
        if theirs is not None:
            os.sched_setaffinity(0, {theirs})
        server = relay.server
        # What the first connection out needs stays.
        Peer(server).close()
        eventually(lambda: server.connections() == 0, 5, "the first connection is left")
        fds = server.descriptors()
        stuck, most = [], 0
        for number in range(at.pick(3, 20)):
            peer = Peer(server)
            flooded = settle_full(peer)
            stuck.append(peer)
            held = relay.held()
            each = [one / len(stuck) for one in held]
            most = max(most, *each)
        at.tell(f"{len(stuck)} who read nothing: {each[0] / 1024:.0f} KiB there and {each[1] / 1024:.0f} KiB back held "
                f"for each, {flooded >> 10} KiB on their way")
        must(most <= 2 * WATERMARK, f"{most / 1024:.0f} KiB held for one, {2 * WATERMARK >> 10} are allowed")
        slowest(at, relay, stuck)
        close_all(stuck)
        eventually(lambda: server.connections() == 0, 5, "connections are left")
        latency(at, server, fds)


def settle_full(peer):
    """Sends until nothing more goes for a while: how much."""
    total, quiet = 0, time.monotonic()
    while time.monotonic() - quiet < 0.15:
        if some := peer.fill(bytes(65536)):
            total, quiet = total + some, time.monotonic()
        time.sleep(0.005)
    return total


def slowest(at, relay, stuck):
    """They read a little now and then, and go on sending: what is held when it stands still again."""
    most = 0
    for _ in range(at.pick(3, 10)):
        for peer in stuck:
            got = 0
            peer.socket.setblocking(False)
            while got < 4 * WATERMARK:
                try:
                    got += len(peer.socket.recv(65536))
                except BlockingIOError:
                    time.sleep(0.001)
        settle_full(stuck[-1])
        for peer in stuck:
            peer.fill(bytes(65536))
        time.sleep(0.1)
        most = max(most, *relay.held())
    most /= len(stuck)
    at.tell(f"when they have read a little: {most / 1024:.0f} KiB")
    must(most <= 2 * WATERMARK, f"{most / 1024:.0f} KiB held for one that reads slowly, "
                                f"{2 * WATERMARK >> 10} are allowed")


def reading_slowly(server, count, processor):
    """A process of so many who send what goes, and read 4 KiB each 10 ms."""
    pid = os.fork()
    if pid:
        return pid
    try:
        come_last()
        if processor is not None:
            os.sched_setaffinity(0, {processor})
        peers = [Peer(server) for _ in range(count)]
        while True:
            for peer in peers:
                peer.fill(bytes(16384))
                peer.socket.setblocking(False)
                try:
                    peer.socket.recv(4096)
                except BlockingIOError:
                    pass
            time.sleep(0.01)
    finally:
        os._exit(0)


def latency(at, server, fds):
    """Of others, while some read slowly."""
    theirs = processors()[1]
    command = [at.program, "load", f"127.0.0.1:{server.port}", "--protocol", "echo", "--connections", "16",
               "--warm-up", "0.2s", "--duration", at.pick("0.7s", "5s"), "--quiet", "--out", "-"]

    def quiet():
        made = subprocess.run(command, capture_output=True, text=True)
        must(made.returncode == 0, f"load: {made.stderr.strip()[-200:]}")
        return json.loads(made.stdout)["summary"]["p99_us"] / 1e6

    def loaded():
        pid = reading_slowly(server, at.pick(3, 20), theirs)
        try:
            eventually(lambda: server.connections() >= at.pick(3, 20), 10, "the slow readers do not connect")
            return quiet()
        finally:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
    ratio, before, after = at.timed(quiet, loaded, 2)
    at.tell(f"others' p99 {micro(before)}, beside slow readers {micro(after)}")
    must(ratio <= 2, f"others' p99 {micro(after)} beside slow readers, {micro(before)} without")
    at.settle(server, fds)
