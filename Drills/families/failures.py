"""F: connections that break, at every moment."""

import os
import select
import signal
import subprocess
import time
from pathlib import Path

from kit.figures import micro, p99
from kit.means import come_last, need
from kit.peers import Peer, close_all, open_many, pings
from kit.register import Fail, Skip, drill, eventually, must

PACKAGE = Path(__file__).resolve().parents[2]


@drill("F4", "resets in every state")
def resets(at):
    times = at.pick(20, 1000)
    with at.serve("frames", "--linger-timeout", "500ms", log="info") as server:
        total = 0

        def body():
            nonlocal total
            for _ in range(times):
                for state in STATES:
                    peer = Peer(server)
                    state(peer)
                    peer.reset()
                    total += 1
            Peer(server, greeted=True).ask(b"^still here$")
            total += 1
        at.steady(server, body)
        opened, closed = by_peer(server, "connected"), by_peer(server, "closed")
        must(opened == closed, "not one line of closing for each line of connecting")
        must(all(count >= 1 for count in opened.values()), "a peer was opened twice")
        at.tell(f"{len(STATES)} states, {total} connections, {sum(opened.values())} of them seen "
                "by a session, each closed once")


def by_peer(server, what):
    counts = {}
    server.wait_said(r"^$", seconds=0.05)
    for _, found in server.said(rf"peer (\S+) {what}"):
        counts[found[1]] = counts.get(found[1], 0) + 1
    return counts


def owing(peer):
    """The server owes more than the connection holds."""
    peer.sent(b"^" + b"a" * 100_000)


def half_closed(peer):
    peer.greeted()
    peer.sent(b"^abc")
    peer.finish()


STATES = [
    lambda peer: None,                          # in the listener's queue, or hardly out of it
    lambda peer: peer.greeted(),                # idle
    lambda peer: peer.sent(b"^abc"),            # in a frame, greeting and replies unread
    lambda peer: peer.greeted().ask(b"^a$"),    # between frames
    owing, half_closed]


@drill("F5", "half-closes, closes and resets")
def matrix(at):
    """Who ends it, how, and whether something is under way: twelve cells."""
    with at.serve("line", "--idle-timeout", "400ms", log="info") as server:
        def body():
            for name, cell in CELLS.items():
                try:
                    cell(server)
                except Fail as failure:
                    raise Fail(f"{name}: {failure}") from None
        at.steady(server, body)
        for reason in ("the peer finished", "finished", "idle for too long",
                       "connection reset by peer"):
            must(server.said(f"closed: {reason}"), f"no peer was closed for '{reason}'")
    at.tell(f"{len(CELLS)} cells: a complete reply or a stated reason in each")


LONG = b"ECHO " + b"x" * 1000 + b"\n"


def peer_finishes(server):
    peer = Peer(server)
    peer.finish()
    must(peer.to_end() == (b"", "end"), "no end for an end")


def peer_finishes_pending(server):
    peer = Peer(server)
    peer.sent(LONG * 50 + b"SLEEP 50\nPING\n")
    peer.finish()
    got, how = peer.to_end()
    must(how == "end" and got.endswith(b"OK slept 50\nOK PONG\n") and len(got) == 50 * 1004 + 20,
         f"{len(got)} bytes and {how}")


def peer_closes(server):
    peer = Peer(server)
    must(peer.line("PING") == b"OK PONG\n", "no PONG")
    peer.close()


def peer_closes_pending(server):
    peer = Peer(server)
    peer.sent(LONG * 50)
    peer.close()


def peer_resets(server):
    peer = Peer(server)
    must(peer.line("PING") == b"OK PONG\n", "no PONG")
    peer.reset()


def peer_resets_pending(server):
    peer = Peer(server)
    peer.sent(LONG * 50 + b"SLEEP 30\n")
    peer.reset()


def server_finishes(server):
    peer = Peer(server)
    must(peer.line("QUIT") == b"OK bye\n", "no goodbye")
    must(peer.to_end() == (b"", "end"), "no end of stream")
    peer.close()


def server_finishes_pending(server):
    """More has come than the server will read: closing at once would destroy the reply."""
    peer = Peer(server)
    peer.sent(b"PING\nQUIT\n" + LONG * 200)
    got, how = peer.to_end()
    must((got, how) == (b"OK PONG\nOK bye\n", "end"), f"{got!r} and {how}")
    peer.sent(LONG)
    peer.close()


def server_closes(server):
    peer = Peer(server)
    data, how = peer.to_end()
    must(data == b"", "bytes from nowhere")


def server_closes_pending(server):
    """Idle, with a line begun."""
    peer = Peer(server)
    peer.sent(b"ECHO half a li")
    data, how = peer.to_end()
    must(data == b"", f"half a line was answered by {data!r}")


def server_refuses(server):
    peer = Peer(server)
    peer.sent(b"x" * 2000)
    got, how = peer.to_end()
    must(got.startswith(b"ERR a line may have 1024 bytes") and how == "end", f"{got!r} and {how}")


def server_refuses_pending(server):
    peer = Peer(server)
    peer.sent(b"PING\n" + b"x" * 300_000)
    got, how = peer.to_end()
    must(got.startswith(b"OK PONG\nERR a line may have") and how == "end", f"{got!r} and {how}")


CELLS = {
    "peer finishes": peer_finishes, "peer finishes, replies due": peer_finishes_pending,
    "peer closes": peer_closes, "peer closes, replies due": peer_closes_pending,
    "peer resets": peer_resets, "peer resets, replies due": peer_resets_pending,
    "server finishes": server_finishes, "server finishes, input due": server_finishes_pending,
    "server closes": server_closes, "server closes, input held": server_closes_pending,
    "server refuses": server_refuses, "server refuses, much more coming": server_refuses_pending}


@drill("F8", "the system destroys each socket")
def destroyed(at):
    need("ss", "iproute2")
    if at.no_namespace:
        raise Skip(at.no_namespace)
    count = 100
    with at.serve(log="info") as server:
        def body():
            peers = open_many(server, count)
            before = len(server.said("closed:"))
            begin = time.monotonic()
            killed = subprocess.run(
                ["ss", "-K", "-t", "state", "established", f"( sport = :{server.port} )"],
                capture_output=True, text=True)
            must(killed.returncode == 0, f"ss -K: {killed.stderr.strip()}")
            done = time.monotonic()
            found = server.wait_said("closed:", before + count, 2)
            must(len(found) == before + count, f"{len(found) - before} of {count} were closed")
            close_all(peers)
            return found[-1][0] - done, done - begin
        late, took = at.steady(server, body)
        must(late <= 0.1, f"the last was closed after {micro(late)}")
        at.tell(f"{count} sockets destroyed in {micro(took)}; the last session closed "
                f"{'meanwhile' if late < 0 else micro(late) + ' later'}")


@drill("F9", "stopped peer, stopped server", timed=True)
def stopped(at):
    seconds = at.pick(1.0, 10.0)
    with at.serve("frames") as server:
        fds = server.descriptors()
        peers = open_many(server, 50)
        sample = lambda: p99(pings(peers, 1500))

        def with_stopped_peer():
            said, says = os.pipe()
            pid = os.fork()
            if pid == 0:
                flood_forever(server, says)
            os.close(says)
            try:
                # It has sent all that is taken, and goes on.
                must(select.select([said], [], [], 5)[0] and os.read(said, 1), "the peer sends nothing")
                os.kill(pid, signal.SIGSTOP)
                return sample()
            finally:
                os.close(said)
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        sample()
        ratio, quiet, loaded = at.timed(sample, with_stopped_peer, 2, rounds=5)
        must(ratio <= 2, f"p99 {micro(loaded)} with a stopped peer, {micro(quiet)} without")
        close_all(peers)
        at.settle(server, fds)
    stop_server(at, seconds)
    at.tell(f"p99 {micro(quiet)}, with a stopped peer {micro(loaded)}")


def flood_forever(server, says):
    """Says so when the connection is full for the first time."""
    try:
        come_last()
        peer = Peer(server)
        while peer.fill(b"^" + b"a" * 65536) > 0:
            pass
        os.write(says, b"!")
        while True:
            peer.fill(b"^" + b"a" * 65536)
            time.sleep(0.001)
    finally:
        os._exit(0)


def stop_server(at, seconds):
    """While it stands, peers send, and timers run out: each is served once, none is called idle that
    has sent, and all that were idle are closed."""
    with at.serve("line", "--idle-timeout", "500ms") as server:
        fds = server.descriptors()
        busy, silent, asleep = (open_many(server, 40, greeted=False) for _ in range(3))
        for peer in asleep:
            peer.sent(b"SLEEP 200\n")
        must(busy[0].line("PING") == b"OK PONG\n", "no PONG")
        server.signal(signal.SIGSTOP)
        time.sleep(seconds)
        for peer in busy:
            peer.sent(b"PING\n")
        begin = time.monotonic()
        server.signal(signal.SIGCONT)
        for peer in busy:
            must(peer.next_line() == b"OK PONG\n", "a peer that has sent was not answered")
        for peer in asleep:
            must(peer.next_line() == b"OK slept 200\n", "no answer after a sleep")
        recovered = time.monotonic() - begin
        for peer in silent:
            must(peer.to_end() == (b"", "end"), "an idle peer was not closed")
        must(recovered <= 0.4, f"took {micro(recovered)} to recover")
        close_all(busy + silent + asleep)
        at.settle(server, fds)
        at.tell(f"server stopped {seconds:.0f} s: 80 peers answered {micro(recovered)} after it went on")
