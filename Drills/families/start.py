"""S and R: how a server starts, with whom, under which limits, and how it is made to end."""

import os
import resource
import signal
import socket
import subprocess
import time

from families.logs import Logging, served
from kit.commands import small_pipe
from kit.means import need
from kit.peers import Peer, open_many, readable, replies
from kit.register import Skip, drill, eventually, is_root, must
from kit.server import Server

MOMENT = 0.15  # seconds: two signals within 100 ms are one wish told twice


def ends(server, number, code):
    """Sends the second signal and waits for the end."""
    time.sleep(MOMENT)
    server.signal(number)
    found, seconds = server.wait(10)
    must(found == code, f"exit {found} after the second {number.name}, {code} is right")
    return seconds


def ends_at_once(server, code, what):
    """An open frame holds draining up; the second signal ends it all the same."""
    peer = Peer(server, greeted=True)
    peer.sent(b"^open")
    must(peer.take(4) == replies(b"^open"), "no reply")
    server.signal(signal.SIGTERM)
    eventually(lambda: not server.is_alive() or not server.listening(), 20, f"{what}: the first does not drain")
    must(server.is_alive(), f"{what}: the first signal ends it")
    return ends(server, signal.SIGTERM, code)


@drill("S4", "the second signal, in every state")
def second_signal(at):
    slow = ("--drain-timeout", "1h")
    with at.serve("frames", *slow) as server:
        ends_at_once(server, -signal.SIGTERM, "as it is")
    # Whoever started it had the signals blocked, or ignored.
    for prepare in (block, ignore):
        with at.serve("frames", *slow, prepare=prepare) as server:
            ends_at_once(server, -signal.SIGTERM, prepare.__name__)
    unread_log(at, slow)
    eventually(lambda: told_twice(at), 60, "this machine cannot send two signals in 50 ms")


def told_twice(at):
    """One wish told twice, as timeout(1) does, drains. Not if the second signal comes too late for that:
    then nothing is known."""
    with at.serve("frames") as server:
        peer = Peer(server, greeted=True)
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        server.signal(signal.SIGINT)
        if time.monotonic() - began > MOMENT / 3:
            return False
        must(peer.to_end() == (b"", "end"), "the peer saw no orderly end")
        peer.close()
        must(server.wait(10)[0] == 0, f"told twice, it ended with {server.code()}")
    return True


def unread_log(at, options):
    """Its log has filled the pipe that nobody reads, and more waits."""
    reading, writing = small_pipe()
    with Logging(at, writing, options=options) as server:
        os.close(writing)
        served(server.port, 200)
        peer = Peer(server, greeted=True)
        peer.sent(b"^open")
        must(peer.take(4) == replies(b"^open"), "no reply")
        server.child.send_signal(signal.SIGTERM)
        eventually(lambda: not Server.listening(server), 20, "log not read: the first signal does not drain")
        time.sleep(MOMENT)
        code = server.end(10)
        must(code == -signal.SIGTERM, f"log not read: the second signal ends it with {code}")
    os.close(reading)


def block():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})


def ignore():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


@drill("S5", "process 1 of a container")
def first_process(at):
    if not is_root():
        raise Skip("no root: no processes of its own")
    need("unshare", "util-linux")
    wrapper = ["unshare", "--pid", "--fork", "--kill-child"]
    # It survives its own signal, and ends by the code that shells give for it.
    with at.serve("frames", "--drain-timeout", "1h", wrapper=wrapper) as server:
        ends_at_once(server, 128 + signal.SIGTERM, "as process 1")
    with at.serve("frames", wrapper=wrapper) as server:
        peer = Peer(server, greeted=True)
        server.signal(signal.SIGTERM)
        must(peer.to_end() == (b"", "end"), "no orderly end")
        peer.close()
        must(server.wait(10)[0] == 0, f"drained, it ended with {server.code()}")
    # What drains nothing ends at the first.
    child = subprocess.Popen([*wrapper, at.program, "simulate", "--seeds", "100000000"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        inner = eventually_child(child.pid)
        os.kill(inner, signal.SIGTERM)
        must(child.wait(10) == 128 + signal.SIGTERM, f"simulate ended with {child.returncode}")
    finally:
        child.kill()
        child.wait()


def eventually_child(pid):
    """The process under a wrapper, when it has become the program and handles signals."""
    def find():
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            for child in children.read().split():
                with open(f"/proc/{child}/status") as status:
                    caught = [line for line in status if line.startswith("SigCgt:")]
                if int(caught[0].split()[1], 16) & 1 << signal.SIGTERM - 1:
                    return int(child)
        return None
    eventually(find, 10, "the process under unshare handles no signal")
    return find()


@drill("S6", "started twice, and several addresses")
def started_twice(at):
    for loops in ("1", "2"):
        with at.serve("frames", "--loops", loops) as first:
            for other in ("1", "2"):
                with at.serve("frames", "--loops", other, port=first.port, ready=False) as second:
                    code, _ = second.wait(10)
                    must(code == 1 and second.said("EADDRINUSE"),
                         f"a second server, {other} loops beside {loops}: exit {code}: {second.tail()}")
            peer = Peer(first, greeted=True)
            peer.ask(b"^a$")
            peer.close()
    with at.serve("frames", "--share-port") as first, \
            at.serve("frames", "--share-port", "--loops", "2", port=first.port) as second:
        must(second.port == first.port, "two servers that share a port do not")
    # A name of two addresses, if this machine has one: one port for both.
    found = {one[4][0] for one in socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)}
    with at.serve("frames", "--host", "localhost", "--loops", "2") as server:
        ports = {port for _, port in server.listening()}
        must(len(ports) == 1, f"localhost is {found}: ports {ports}")


@drill("S7", "limits of all loops together")
def shared_limits(at):
    with at.serve("frames", "--loops", "2", "--max-connections", "4") as server:
        waiting = [Peer(server) for _ in range(12)]
        served = 0
        while waiting:
            # One at a time leaves: its place is used, whichever loop the next one waits at.
            want = min(4, len(waiting))
            eventually(lambda: sum(map(greeted, waiting)) >= want, 10,
                       lambda: f"{sum(map(greeted, waiting))} of {want} places used, {served} served before")
            more = readable([peer.socket for peer in waiting if not greeted(peer)], 0.02)
            must(not more, f"{want + len(more)} are served at once, {want} may be")
            leaver = next(peer for peer in waiting if greeted(peer))
            waiting.remove(leaver)
            leaver.close()
            served += 1
        at.tell(f"{served} served on 4 places of 2 loops")
    with at.serve("frames", "--loops", "2", "--max-connections-per-address", "3") as server:
        peers = [Peer(server) for _ in range(12)]
        ended = [peer.take(1) for peer in peers]
        must(ended.count(b"*") == 3 and ended.count(b"") == 9, f"of 12 from one address: {ended}")


def greeted(peer):
    return bool(readable([peer.socket], 0)) and peer.socket.recv(1, socket.MSG_PEEK) == b"*"


@drill("S8", "peers that vanish")
def vanished(at):
    need("ss", "iproute2")
    with at.serve("frames") as server:
        peer = Peer(server, greeted=True)
        shown = subprocess.run(["ss", "-Htno", "state", "established", f"sport = :{server.port}"],
                               capture_output=True, text=True, check=True).stdout
        must("keepalive" in shown, f"the kernel does not ask for the peer: {shown!r}")
        peer.close()


@drill("R9", "limits of a poor machine")
def poor_machine(at):
    def limit(which, most):
        return lambda: resource.setrlimit(which, (most, most))

    for name, prepare in {
        "16 descriptors": limit(resource.RLIMIT_NOFILE, 16),
        "64 KiB of lockable memory": limit(resource.RLIMIT_MEMLOCK, 1 << 16),
        "stacks of 256 KiB": limit(resource.RLIMIT_STACK, 1 << 18),
        "one processor": lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}),
        "2 GiB of address space": limit(resource.RLIMIT_AS, 2 << 30),
    }.items():
        for loops in ("1", "2"):
            with at.serve("frames", "--loops", loops, prepare=prepare) as server:
                for peer in open_many(server, 2):
                    peer.ask(b"^abc$")
                    peer.close()
                server.signal(signal.SIGTERM)
                must(server.wait(10)[0] == 0, f"{name}: exit {server.code()}: {server.tail()}")


@drill("R10", "no thread to be had")
def no_thread(at):
    """As a user that no process belongs to, which may have one: itself."""
    if not is_root():
        raise Skip("no root: RLIMIT_NPROC is another user's")

    def prepare():
        resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
        os.setgid(64123)
        os.setuid(64123)
    if not readable_by_all(at.program):
        raise Skip("the program is where other users may not look")
    with at.serve("frames", prepare=prepare) as server:
        peer = Peer(server, greeted=True)
        peer.ask(b"^abc$")  # one loop needs no thread
        server.signal(signal.SIGTERM)
        must(peer.to_end() == (b"", "end"), "no orderly end")
        peer.close()
        must(server.wait(10)[0] == 0, f"exit {server.code()}: {server.tail()}")
    with at.serve("frames", "--loops", "2", prepare=prepare, ready=False) as server:
        code, _ = server.wait(10)
        must(code == 1 and server.said("pthread_create.*ulimit -u"),
             f"two loops and no thread: exit {code}: {server.tail()}")


def readable_by_all(program):
    path = os.path.dirname(os.path.abspath(program))
    while path != "/":
        if not os.stat(path).st_mode & 1:
            return False
        path = os.path.dirname(path)
    return bool(os.stat(program).st_mode & 1)
