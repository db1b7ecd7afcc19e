"""R: descriptors, memory and patience that run out."""

import errno
import os
import socket
import time

from kit.figures import micro, p99
from kit.means import filter_call
from kit.peers import Peer, close_all, open_many, pings, readable
from kit.register import Skip, drill, eventually, must


@drill("R1", "descriptors run out")
def descriptors(at):
    # With a limit of its own the server stops in time; without, accept4 says EMFILE.
    for options, why in (((), "the limit"), (("--max-connections", "1000"), "EMFILE")):
        with at.serve("frames", *options, nofile=64) as server:
            fds = server.descriptors()
            peers = [Peer(server) for _ in range(200)]
            served, closed = settled(peers)
            must(not closed, f"{len(closed)} of 200 were closed instead of left waiting ({why})")
            waiting = [peer for peer in peers if peer not in served]
            must(served and waiting, f"{len(served)} of 200 served with 64 descriptors")
            for peer in served:
                peer.ask(b"^full$")
            share = server.load(0.5)
            must(share <= 0.05, f"{share:.0%} of a processor while full ({why})")
            served[0].close()
            begin = time.monotonic()
            ready = readable([peer.socket for peer in waiting], 2)
            must(ready, f"nobody was served within 2 s of a close ({why})")
            late = time.monotonic() - begin
            must(late <= 1, f"the next one was served {micro(late)} after a close ({why})")
            close_all(served[1:])
            while waiting:
                ready = set(readable([peer.socket for peer in waiting], 3))
                must(ready, f"{len(waiting)} are never served ({why})")
                for peer in [one for one in waiting if one.socket in ready]:
                    peer.greeted().close()
                    waiting.remove(peer)
            at.settle(server, fds)
            must(len(server.said("accepting paused")) >= 1, "no line says that accepting paused")
            at.tell(f"{why}: {len(served)} of 200 at once, {share:.1%} of a processor when full, "
                    f"next one after {micro(late)}")


def settled(peers):
    """Those who were greeted and those who were closed, when no more of them are for a while."""
    served, closed, last, rest = [], [], time.monotonic(), list(peers)
    while time.monotonic() - last < 0.3:
        ready = set(readable([peer.socket for peer in rest], 0.05))
        for peer in [one for one in rest if one.socket in ready]:
            (served if peer.take(1) == b"*" else closed).append(peer)
            rest.remove(peer)
            last = time.monotonic()
    return served, closed


@drill("R3", "peers that never read")
def never_read(at):
    count, cap = at.pick(40, 100), 256 << 10
    with at.serve("echo", "--idle-timeout", "1500ms", "--outbox-limit", str(cap)) as server:
        fds = server.descriptors()
        before = server.rss()
        peers = [Peer(server, receive=4096) for _ in range(count)]
        begin, offered = time.monotonic(), 0
        data = bytes(1 << 20)
        for _ in range(2):
            offered += sum(peer.fill(data) for peer in peers)
        grown = server.rss() - before
        # A ring receives before it is asked: what its buffers hold can come for one peer.
        ahead = 1 << 20 if at.backend == "io_uring" else 0
        must(grown <= count * (cap + ahead) + (8 << 20), f"{grown >> 20} MiB for {count} peers")
        # A good one among them is served as always.
        good = Peer(server)
        good.sent(b"hello")
        must(good.take(5) == b"hello", "no answer beside them")
        good.close()
        eventually(lambda: server.connections() == 0, 5, "stalled peers are kept")
        late = time.monotonic() - begin
        close_all(peers)
        at.settle(server, fds)
        at.tell(f"{count} peers, {offered >> 20} MiB taken for them, {grown >> 10} KiB held by the "
                f"server; all cut after {late:.1f} s of an idle timeout of 1.5 s")


@drill("R4", "a byte now and then", timed=True)
def slowloris(at):
    most = 800 if at.backend == "select" else 5000
    count, first = at.pick(min(most, 1000), most), at.pick(1.5, 15.0)
    # select and poll ask about every descriptor in every wait: their own cost.
    linear = 2 * 0.5e-6 * count if at.backend in ("select", "poll") else 0
    # A busy machine adds to any time and takes from none: where it was too busy to tell, again with
    # more time.
    for timeout in (first, 2 * first, 4 * first):
        rounds, late, beside, alone = trickle(at, count, timeout)
        bound = 2 * max(alone, 100e-6) + linear
        if rounds and beside <= bound:
            break
    must(rounds, "the machine is too busy for a byte now and then")
    at.tell(f"{count} peers, {rounds + 1} bytes each, all cut within {late:.1f} s of a line timeout of "
            f"{timeout} s; a good peer's p99 {micro(beside)}, alone {micro(alone)}")
    must(beside <= bound, f"a good peer's p99 is {micro(beside)}, alone {micro(alone)}")


def trickle(at, count, timeout):
    """Peers that send a line byte by byte, which must end in time: how often each could send one, when
    the last was cut off, and a good peer's p99 beside them and alone. Never where the machine was too
    busy."""
    with at.serve("line", "--line-timeout", f"{int(timeout * 1000)}ms") as server:
        fds = server.descriptors()
        good = open_many(server, 20, greeted=False)
        asks(good, 500)
        alone = min(asks(good, 1000) for _ in range(3))
        slow = open_many(server, count, greeted=False, source="127.0.0.9")
        sockets = [peer.socket for peer in slow]
        begin = last = time.monotonic()
        for peer in slow:
            peer.sent(b"E")
        rounds, beside = 0, []
        while time.monotonic() - begin < timeout * 0.8:
            beside.append(asks(good, 200))
            last = time.monotonic()
            for peer in slow:
                peer.sent(b"C")
            rounds += 1
            cut = readable(sockets, 0)
            must(not cut or time.monotonic() - begin >= timeout, f"{len(cut)} were cut before their time")
        for peer in slow:
            got, _ = peer.to_end()
            must(got.startswith(b"ERR a line must end in time"), f"cut off with {got!r}")
        late = time.monotonic() - begin
        if last - begin < timeout / 2:
            rounds = 0
        # Who takes each byte for a new beginning cuts them no sooner than this.
        must(not rounds or late < last - begin + timeout, f"the last was cut after {late:.1f} s")
        close_all(slow)
        must(asks(good, 20), "no answer any more")
        close_all(good)
        at.settle(server, fds)
        return rounds, late, min(beside, default=float("inf")), alone


def asks(peers, count):
    """The 99th percentile of round trips, one at a time."""
    return p99(pings(peers, count, b"PING\n", b"OK PONG\n"))


@drill("R6", "beyond select's wall", backends=("select",))
def wall(at):
    with at.serve("frames") as server:
        fds = server.descriptors()
        peers = [Peer(server) for _ in range(1100)]
        served, closed = settled(peers)
        must(len(closed) <= 1, f"{len(closed)} were closed to find the wall, one is right")
        must(900 < len(served) < 1024, f"{len(served)} served at once")
        for peer in served:
            peer.ask(b"^full$")
        share = server.load(0.3)
        must(share <= 0.05, f"{share:.0%} of a processor at the wall")
        paused = server.said("accepting paused")
        must(len(paused) == 1, f"{len(paused)} lines about the wall, one is right")
        rest = [peer for peer in peers if peer not in served and peer not in closed]
        close_all(served)
        # The wall may have to be found again, at the price of one peer each time.
        again = 0
        for peer in rest:
            if peer.take(1) == b"*":
                peer.ask(b"^in$")
            else:
                again += 1
        must(again <= 8, f"{again} of those who waited were closed")
        close_all(rest)
        at.settle(server, fds)
        at.tell(f"{len(served)} of 1,100 at once, {len(closed)} closed, the others when these had gone")
    holders = [os.dup(0) for _ in range(1100)]
    try:
        # All from 3 on, so that no low number is left for its listener.
        with at.serve(fds=range(3, max(holders) + 1), ready=False) as server:
            code, _ = server.wait(5)
            must(code == 1, f"a listener beyond the wall: exit {code}: {server.tail()}")
            line = server.tail(1)
            must("1023" in line, f"no reason is given: {line}")
            at.tell(f"1,100 descriptors open before: exit 1, '{line}'")
    finally:
        for one in holders:
            os.close(one)


@drill("R8", "no ring to be had", backends=("io_uring",), timed=True)
def no_ring(at):
    setup = 425
    times = {}
    for name in (None, "EPERM", "ENOSYS", "EOPNOTSUPP"):
        prepare = filter_call(setup, getattr(errno, name)) if name else None
        starts = []
        while len(starts) < 5 or name and min(starts) > times[None] + 0.01 and len(starts) < 20:
            with at.serve(prepare=prepare, backend="auto", log="info") as server:
                starts.append(server.ready_after)
                Peer(server, greeted=True).ask(b"^auto$")
                said = [found[0] for _, found in server.wait_said("^backend: .*")]
        times[name] = min(starts)
        if name:
            must(len(said) == 1 and said[0].startswith("backend: epoll ("), f"{name}: said {said}")
            must(name in said[0], f"the line does not name {name}: {said[0]}")
            with at.serve(prepare=prepare, backend="io_uring", ready=False) as server:
                code, _ = server.wait(5)
                must(code == 1 and "--backend" in server.tail(), f"{name}: {code}, {server.tail()}")
    late = max(times[name] for name in times) - times[None]
    must(late <= 0.010, f"epoll came {micro(late)} later than the ring")
    at.tell(f"epoll in its place, one line with the reason, {micro(max(late, 0))} later")
