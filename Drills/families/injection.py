"""F2, F3, R2: system calls that fail, made to by strace on the release program. An injected failure
keeps the kernel from doing the call, so a descriptor is never said to be closed that is not, and
nothing is said that would be a lie to an edge-triggered poller."""

import random
import time

from kit.means import injecting
from kit.peers import Peer, close_all, open_many
from kit.register import Fail, Skip, drill, eventually, must

# What the system answers when one queued connection went wrong, or when it has run out: the
# connection stays in the queue here, and must be served in the end.
ACCEPT = ("EINTR", "ECONNABORTED", "EPROTO", "EPERM", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM")
WAITS = {"select": "select", "poll": "poll", "epoll": "epoll_wait", "io_uring": "io_uring_enter"}


def sweep(backend):
    """Each call with each errno, and how many peers it may cost."""
    wait = WAITS[backend]
    if backend == "io_uring":
        # EBUSY and EAGAIN: full queues, out of memory. Nothing was submitted.
        return [(wait, "EINTR", 0), (wait, "EAGAIN", 0), (wait, "EBUSY", 0)]
    found = [("accept4", errno, 0) for errno in ACCEPT]
    found += [("recvfrom", "EINTR", 0), ("sendto", "EINTR", 0), (wait, "EINTR", 0)]
    found += [("recvfrom", errno, 1) for errno in ("ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH")]
    found += [("sendto", errno, 1) for errno in ("EPIPE", "ECONNRESET", "ENOBUFS")]
    if backend == "epoll":
        found += [("epoll_ctl", errno, 1) for errno in ("ENOMEM", "ENOSPC")]
    else:
        found += [("recvfrom", "EAGAIN", 0), ("sendto", "EAGAIN", 0)]
    return found


@drill("F2", "each call fails once")
def each_call(at):
    pairs = sweep(at.backend)
    places = at.pick((2,), (1, 2, 3, 5, 8))
    for call, errno, cost in pairs:
        for place in places:
            fail_once(at, call, errno, cost, place)
    at.tell(f"{len(pairs)} pairs of call and errno, {len(places)} places each")


def fail_once(at, call, errno, cost, place):
    # The three registrations before the first peer's would end the server, and rightly.
    first = place + 3 if call == "epoll_ctl" else place
    if call == "io_uring_enter":
        first = place + 4
    injection = f"{call}:error={errno}:when={first}"
    with at.serve(wrapper=injecting(injection)) as server:
        fds, lost = server.descriptors(), 0
        peers = [Peer(server) for _ in range(8)]
        for peer in peers:
            try:
                peer.greeted()
                for _ in range(3):
                    peer.ask(b"^abc$")
            except TimeoutError:
                raise Fail(f"{injection}: a peer is left waiting") from None
            except (OSError, Fail):
                lost += 1
        must(lost <= cost, f"{injection}: {lost} peers lost, at most {cost} is right")
        close_all(peers, reset=False)
        one_more(server, injection)
        eventually(lambda: server.descriptors() <= fds, 2,
                   f"{injection}: {server.descriptors()} descriptors, {fds} at the start")
        must(server.is_alive(), f"{injection}: ended with {server.code()}: {server.tail()}")


def one_more(server, what):
    try:
        peer = Peer(server, greeted=True)
        peer.ask(b"^after$")
        peer.close()
    except (OSError, Fail) as error:
        raise Fail(f"{what}: the next peer is not served: {error}") from None


@drill("F3", "a fifth of all calls fails")
def fifth(at):
    seeds = at.pick(2, 50)
    for seed in range(seeds):
        dice = random.Random(seed)
        calls = [WAITS[at.backend]]
        if at.backend != "io_uring":
            calls += ["accept4", "recvfrom", "sendto"]
        injections = [f"{call}:error=EINTR:when={dice.randrange(5, 12)}+5" for call in calls]
        with at.serve("echo", wrapper=injecting(*injections)) as server:
            fds = server.descriptors()
            trickle(server, dice)
            eventually(lambda: server.descriptors() <= fds, 2, "descriptors are left")
            must(server.is_alive(), f"seed {seed}: ended with {server.code()}: {server.tail()}")
    at.tell(f"{seeds} seeds: EINTR from every fifth of {', '.join(calls)}; pieces of any size to and "
            "from windows of 4 KiB, every byte the same")


def trickle(server, dice, count=6, size=150_000):
    """Small windows make real short sends, and random pieces short receives."""
    data = dice.randbytes(size)
    peers = [Peer(server, receive=4096) for _ in range(count)]
    sent, got = [0] * count, [bytearray() for _ in range(count)]
    for peer in peers:
        peer.socket.setblocking(False)
    deadline = time.monotonic() + 20
    while any(len(one) < size for one in got):
        must(time.monotonic() < deadline, f"stands still at {[len(one) for one in got]}")
        number = dice.randrange(count)
        peer = peers[number].socket
        try:
            sent[number] += peer.send(data[sent[number]:sent[number] + dice.randrange(1, 20_000)])
        except BlockingIOError:
            pass
        try:
            got[number] += peer.recv(dice.randrange(1, 20_000))
        except BlockingIOError:
            pass
    must(all(one == data for one in got), "other bytes came back")
    close_all(peers, reset=False)


@drill("R2", "accept fails for a while")
def accept_fails(at):
    if at.backend == "io_uring":
        raise Skip("a ring's accept is no system call: nothing outside can make it fail")
    for errno in at.pick(("ENFILE", "ENOMEM"), ("EMFILE", "ENFILE", "ENOBUFS", "ENOMEM")):
        # Each pause ends with one more try: these last a second or two.
        injection = f"accept4:error={errno}:when=3..8"
        with at.serve(wrapper=injecting(injection)) as server:
            first = open_many(server, 1)
            begin, used = time.monotonic(), server.cpu()
            late = [Peer(server) for _ in range(20)]
            for peer in late:
                peer.greeted().ask(b"^late$")
            seconds = time.monotonic() - begin
            share = (server.cpu() - used) / seconds
            must(share <= 0.05, f"{errno}: {share:.0%} of a processor while it lasted")
            paused = server.said("accepting paused")
            must(len(paused) == 1, f"{errno}: {len(paused)} lines about it, one is right")
            close_all(first + late)
            at.tell(f"{errno} six times: served after {seconds * 1000:.0f} ms, one line, "
                    f"{share:.1%} of a processor")
