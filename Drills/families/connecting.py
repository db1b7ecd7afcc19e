"""C: connections that are begun here: to names whose servers or networks do not answer, and many at once. What is
sent to many and passed on is in passing.py."""

import os
import socket
import subprocess
from pathlib import Path

from kit.figures import micro, p99
from kit.helper import helper, network
from kit.means import need, processors
from kit.names import NameServer, asking_here
from kit.peers import Peer, close_all, pings
from kit.register import Skip, drill, eventually, must

SWALLOWED, ANSWERS = "fd00::1", "fd00::2"


# ------------------------------------------------------------------------------ C1: Happy Eyeballs

def swallow():
    """A network with two IPv6 addresses, one of which is a black hole."""
    need("nft", "nftables")
    if not Path("/proc/net/if_inet6").exists():
        raise Skip("no IPv6 here")
    for address in (SWALLOWED, ANSWERS):
        subprocess.run(["ip", "-6", "address", "add", f"{address}/128", "dev", "lo", "nodad"], check=True)
    rules = ("table inet drill {{\nchain input {{\ntype filter hook input priority 0;\n"
             "ip6 daddr {0} drop\nip daddr 10.9.9.9 drop\n}}\n}}\n").format(SWALLOWED)
    made = subprocess.run(["nft", "-f", "-"], input=rules, text=True, capture_output=True)
    if made.returncode:
        raise Skip(f"no filter: {made.stderr.strip()[:100]}")
    subprocess.run(["ip", "address", "add", "10.9.9.9/32", "dev", "lo"], check=True)


# By name: what is answered for A and for AAAA (seconds, addresses; None: nothing, ever), where the connection goes, and
# between which milliseconds.
NAMES = {
    "hole": ((0, ["127.0.0.1"]), (0, [SWALLOWED]), "127.0.0.1", 250, 300),
    "fine": ((0, ["127.0.0.1"]), (0, [ANSWERS]), ANSWERS, 0, 50),
    "a-first": ((0, ["127.0.0.1"]), (0.02, [ANSWERS]), ANSWERS, 20, 100),
    "late": ((0, ["127.0.0.1"]), (0.2, [ANSWERS]), "127.0.0.1", 50, 150),
    "never": ((0, ["127.0.0.1"]), None, "127.0.0.1", 50, 100),
    "holes": ((0, ["127.0.0.1"]), (0, [SWALLOWED, ANSWERS]), "127.0.0.1", 250, 300),
}


@drill("C1", "black holes and late names", timed=True)
def eyeballs(at):
    network(at)
    swallow()
    script = {(name, kind): answer for name, (four, six, *_) in NAMES.items()
              for kind, answer in (("A", four), ("AAAA", six))}
    script.update({("refused", "A"): (0, ["127.0.0.1"]), ("refused", "AAAA"): (0, [ANSWERS]),
                   ("dark", "A"): (0, ["10.9.9.9"]), ("dark", "AAAA"): (0, [SWALLOWED])})
    with asking_here(), listening("127.0.0.1") as four, listening(ANSWERS, four.getsockname()[1]):
        NameServer(script)
        port = four.getsockname()[1]
        with helper(at, "names", port, 2) as client:
            for name in NAMES.keys() - {"never"}:
                reached(at, client, name)
            dark(at, client)
        # In a process of its own: its calls for IPv6 are stuck, and those of others would wait for them.
        with helper(at, "names", port, 2) as client:
            reached(at, client, "never")
        with helper(at, "names", unused_port(), 2) as client:
            said = client.ask("refused", "failed after ([0-9.]+) ms: (.*)")
            must("connection refused (ECONNREFUSED) from [fd00::2]:" in said[2] and "and 127.0.0.1:" in said[2]
                 and "check that a server is listening" in said[2], f"refused: '{said[2]}'")
            at.tell(f"all refused: both told after {float(said[1]):.0f} ms")


def reached(at, client, name):
    _, _, where, least, most = NAMES[name]
    took = sorted(reach(client, name, where, least) for _ in range(at.pick(3, 20)))
    at.tell(f"{name}: {took[0]:.0f} to {took[-1]:.0f} ms")
    must(took[0] <= most, f"{name}: connected after {took[0]:.1f} ms at best, {most} are allowed")


def dark(at, client):
    """Nobody answers at all: both are told, at the deadline."""
    said = client.ask("dark", "failed after ([0-9.]+) ms: (.*)")
    must("within 2.0 seconds: no answer from [fd00::1]:" in said[2] and "and 10.9.9.9:" in said[2],
         f"two black holes: '{said[2]}'")
    must(2000 <= float(said[1]) <= 2200, f"two black holes: {said[1]} ms and not 2 s")
    at.tell(f"two black holes: both told after {float(said[1]):.0f} ms of 2 s")


def listening(host, port=0):
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.bind((host, port))
    made.listen(128)
    return made


def unused_port():
    with listening("127.0.0.1") as one:
        return one.getsockname()[1]


def reach(client, name, where, least):
    said = client.ask(name, r"(connected to|failed after) (\S+)(?: after ([0-9.]+) ms)?(.*)")
    must(said[1] == "connected to", f"{name}: {said[0]}")
    must(where in said[2], f"{name}: connected to {said[2]} and not to {where}")
    must(float(said[3]) >= least, f"{name}: connected after {said[3]} ms, sooner than {least}")
    return float(said[3])


# ------------------------------------------------------------------------ C2: a dead name server

@drill("C2", "a dead name server", timed=True)
def dead(at):
    network(at)
    count, seconds = at.pick(300, 1000), at.pick(3, 8)
    # What asks is stuck for longer than a look-up may take, and gone soon after.
    with asking_here(timeout=at.pick(2, 5)):
        names = NameServer({})
        ours, theirs = processors()
        with helper(at, "dead", count, seconds, listens=True, processor=ours) as server:
            if theirs is not None:
                os.sched_setaffinity(0, {theirs})
            warm(server, seconds)
            fds = server.descriptors()
            peers = [Peer(server) for _ in range(20)]
            sample = lambda: p99(pings(peers, at.pick(1500, 8000), b"ping", b"ping"))
            sample()

            def waited():
                said = len(server.lines)
                server.ask("ask", f"asked {count}", 10)
                loaded = sample()
                must(len(server.lines) == said + 1, f"look-ups ended while others were served: {server.tail()}")
                for what in ("attempts", "look-ups"):
                    ended = server.next_said(rf"(\d+) {what} ended, (\d+) by deadline, (\S+) to (\S+) ms", said,
                                             seconds + 5)
                    must(int(ended[2]) == count, f"{what}: {ended[0]}")
                    late.append((float(ended[3]), float(ended[4])))
                return loaded
            late = []
            # Below 100 µs a round trip is the peer's own work more than the server's.
            ratio, quiet, loaded = at.timed(sample, waited, 1.25, floor=100e-6)
            at.tell(f"p99 {micro(quiet)}, with {count} attempts and {count} look-ups waiting {micro(loaded)}; "
                    f"all ended {min(low for low, _ in late):.0f} to {max(high for _, high in late):.0f} ms after "
                    "their deadline")
            must(names.asked > 0, "nobody asked the name server")
            must(ratio <= 1.25, f"p99 {micro(loaded)} while look-ups wait, {micro(quiet)} without")
            must(min(low for low, _ in late) >= 0, "some ended before their deadline")
            must(max(high for _, high in late) <= 100, f"some ended {max(late)} ms after their deadline")
            close_all(peers)
            unstuck(server, fds)
            at.settle(server, fds)


def warm(server, seconds):
    """What the first connection out needs stays."""
    before = server.descriptors()
    server.ask("ask", "asked")
    for what in ("attempts", "look-ups"):
        server.next_said(f"{what} ended", seconds=seconds + 5)
    unstuck(server, before + 1)


def unstuck(server, fds):
    """The calls that are stuck have come to their ends: each has a socket."""
    eventually(lambda: server.descriptors() <= fds, 30, lambda: f"{server.descriptors()} descriptors, {fds} before")


# --------------------------------------------------------------------------- C3: many at once

@drill("C3", "many connections out", backends=("poll", "epoll", "io_uring"))
def many(at):
    network(at)
    count = at.pick(2000, 10_000)
    with at.serve("echo", backend="epoll") as server:
        fds = server.descriptors()
        with helper(at, "often", count, server.port, "-") as client:
            open_after = client.next_said(r"(\d+) answered after (\S+) ms", seconds=60)
            more = client.next_said(r"(\d+) descriptors more; (\d+) wrong")
            must(int(open_after[1]) == count, f"{open_after[1]} of {count} answered: {client.tail()}")
            must(more[2] == "0", f"{more[2]} words came back wrong")
            must(server.connections() == count, f"the server has {server.connections()}")
            closed = client.ask("close", r"(\d+) closed after (\S+) ms", 30)
            must(int(closed[1]) == count, f"{closed[1]} of {count} closed: {client.tail()}")
            client.next_said("no descriptor left", seconds=70)
            held = client.inodes()
            ports = [inode for _, _, state, inode in server.sockets() if state in ("01", "08") and inode in held]
            must(not ports, f"the client holds {len(ports)} sockets")
            at.settle(server, fds)
            at.tell(f"{count} opened, used in {float(open_after[2]):.0f} ms, closed in {float(closed[2]):.0f} ms; "
                    f"{more[1]} descriptors while open, none left")


# -------------------------------------------------------------------- C4: ports run out

@drill("C4", "local ports run out")
def ports(at):
    network(at)
    Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("40000 40099")
    with at.serve("echo", backend="epoll", port=30000) as server:
        for source, there in (("-", 100), ("127.0.0.1", 100)):
            with helper(at, "often", 300, server.port, source) as client:
                fine = client.next_said(r"(\d+) answered after")
                failed = client.next_said(r"failed (\d+) with (\S+): (.*)")
                client.next_said("descriptors more")
                # One port is where the first connection waits for what may still come (TIME_WAIT).
                must(there - 5 <= int(fine[1]) <= there, f"{fine[1]} connections on {there} ports")
                must(int(fine[1]) + int(failed[1]) == 300, f"{fine[0]}, {failed[0]}")
                must(failed[2] == "EADDRNOTAVAIL", f"from {source}: {failed[0]}")
                must("no free local port" in failed[3] and "several source addresses" in failed[3],
                     f"from {source}: '{failed[3]}'")
                other_peer(at, source)
                client.ask("close", "closed after")
                client.next_said("no descriptor left")
            at.tell(f"{'any address' if source == '-' else source}: {fine[1]} stand, {failed[1]} {failed[2]}")
            # The ports of the connections that were closed wait: others are wanted.
            Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("41000 41099")
    with helper(at, "often", 10, 30002, "-") as client:
        refused = client.next_said(r"failed (\d+) with (\S+): (.*)")
        must(refused[1] == "10" and refused[2] == "ECONNREFUSED" and "check that a server is listening" in refused[3],
             f"where nobody listens: {refused[0]}")
        at.tell(f"where nobody listens: {refused[2]}")


def other_peer(at, source):
    """Ports that run out for one peer are there for another, also from an address that was named."""
    with at.serve("echo", backend="epoll", port=30001) as other, helper(at, "often", 20, 30001, source) as client:
        fine = client.next_said(r"(\d+) answered after")
        must(fine[1] == "20", f"from {source}: {fine[1]} of 20 to another port, {client.tail()}")
        client.ask("close", "closed after")
        must(other.is_alive(), "the other server has ended")
