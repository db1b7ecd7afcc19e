"""S: ends of the server."""

import os
import signal
import time

from kit.figures import micro
from kit.peers import Peer, open_many, replies
from kit.register import drill, must


@drill("S1", "SIGTERM under load")
def under_load(at):
    count = at.pick(200, 500)
    with at.serve("frames", "--drain-timeout", "5s") as server:
        peers = open_many(server, count)
        block = b"^" + b"work" * 500
        for place, peer in enumerate(peers):
            peer.sent(block)
            if place % 2:
                peer.sent(b"$")
        late = [Peer(server) for _ in range(20)]
        for peer in late:
            peer.sent(b"^x$")
        server.signal(signal.SIGTERM)
        begin = time.monotonic()
        for peer in peers[::2]:
            peer.sent(b"end$")
        wanted = replies(block)
        for place, peer in enumerate(peers):
            got, how = peer.to_end()
            due = wanted + (b"foe" if place % 2 == 0 else b"")
            must((got, how) == (due, "end"), f"peer {place}: {len(got)} of {len(due)} bytes, {how}")
            peer.close()
        for peer in late:
            must(peer.to_end() == (b"*y", "end"), "a queued connection was not served")
            peer.close()
        code, _ = server.wait(5)
        seconds = time.monotonic() - begin
        must(code == 0, f"exit {code}: {server.tail()}")
        must(seconds <= 5, f"took {seconds:.1f} s")
        at.tell(f"{count} in flight and 20 in the queue: 0 replies cut, exit 0 after {micro(seconds)}")
    with at.serve("line") as lines:
        peers = open_many(lines, 50, greeted=False)
        for peer in peers:
            peer.sent(b"SLEEP 150\n")
        pong = Peer(lines)
        must(pong.line("PING") == b"OK PONG\n", "no PONG")
        lines.signal(signal.SIGTERM)
        for peer in peers:
            must(peer.to_end() == (b"OK slept 150\n", "end"), "an answer under way was lost")
            peer.close()
        pong.close()
        must(lines.wait(5)[0] == 0, f"exit {lines.code()}")


@drill("S2", "signals")
def signals(at):
    for second in (signal.SIGTERM, signal.SIGINT):
        for first in (signal.SIGTERM, signal.SIGINT):
            with at.serve(log="info") as server:
                stuck = Peer(server, greeted=True)
                stuck.sent(b"^open frame")
                must(stuck.take(10) == replies(b"^open frame"), "no reply")
                server.signal(first)
                must(server.wait_said("^draining"), "the first signal does not drain")
                must(server.is_alive(), "the first signal ends the server")
                time.sleep(0.15)  # two within 100 ms are one wish told twice
                server.signal(second)
                code, seconds = server.wait(2)
                must(code == -second, f"exit {code} after {first.name} and {second.name}")
                must(seconds <= 0.1, f"{second.name} after {first.name} took {micro(seconds)}")
    with at.serve() as server:
        server.signal(signal.SIGHUP)
        code, seconds = server.wait(2)
        must(code == -signal.SIGHUP and seconds <= 0.1, f"SIGHUP: exit {code}, {micro(seconds)}")
    at.tell(f"the second one ends it in {micro(seconds)} or so")


@drill("S3", "stuck peers at the end", timed=True)
def stuck(at):
    timeout = 1.0
    with at.serve("frames", "--drain-timeout", "1s", log="info") as server:
        pids = [stuck_peer(server) for _ in range(3)]
        good = open_many(server, 7)
        for peer in good:
            peer.ask(b"^a$")
        server.wait_said("connected", 10)
        server.signal(signal.SIGTERM)
        begin = time.monotonic()
        code, _ = server.wait(5)
        seconds = time.monotonic() - begin
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        must(code == 0, f"exit {code}: {server.tail()}")
        must(abs(seconds / timeout - 1) <= 0.05, f"{seconds:.3f} s, {timeout} s are allowed")
        found = server.said(r"^drained: (\d+) finished, (\d+) cut off")
        must(found, f"no line about the drain: {server.tail()}")
        must(found[0][1].groups() == ("7", "3"), f"said '{found[0][1][0]}', 7 and 3 are right")
        at.tell(f"3 of 10 stuck: exit 0 after {seconds:.3f} s of 1 s, '{found[0][1][0]}'")


def stuck_peer(server):
    """A process with an open frame, stopped."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            peer = Peer(server, greeted=True)
            peer.sent(b"^")
            os.write(theirs, b"x")
            time.sleep(60)
        finally:
            os._exit(0)
    os.close(theirs)
    os.read(ours, 1)
    os.close(ours)
    os.kill(pid, signal.SIGSTOP)
    return pid
