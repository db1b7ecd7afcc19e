"""The register of drills, and what a drill is given to work with."""

import os
import time

from .server import Server

READINESS = ("select", "poll", "epoll")
BACKENDS = READINESS + ("io_uring",)
DRILLS = {}


class Skip(Exception):
    """The machine cannot: says which means is missing."""


class Fail(Exception):
    """Something did not hold."""


class Drill:
    def __init__(self, function, name, title, backends, timed, quick, limit):
        self.function, self.name, self.title = function, name, title
        self.backends, self.timed, self.quick, self.limit = backends, timed, quick, limit


def drill(name, title, backends=BACKENDS, timed=False, quick=True, limit=90):
    """Enters a drill. A timed one runs alone; one that is not quick runs only with --long. A quick one that is not done
    after so many seconds, on a machine however busy, has failed."""
    def enter(function):
        DRILLS[name] = Drill(function, name, title, backends, timed, quick, limit)
        return function
    return enter


def must(holds, what):
    if not holds:
        raise Fail(what)


def eventually(holds, seconds, what=None):
    """Waits until something holds; how long that took."""
    begin = time.monotonic()
    while True:
        if holds():
            return time.monotonic() - begin
        if time.monotonic() - begin > seconds:
            if what is None:
                return None
            raise Fail(what() if callable(what) else what)
        time.sleep(0.002)


class Bench:
    """What one drill on one backend is given."""

    def __init__(self, program, backend, long, seconds):
        self.program, self.backend, self.long = program, backend, long
        self.seconds = seconds
        self.figures = []

    def tell(self, figure):
        """A figure for the table."""
        self.figures.append(figure)

    def pick(self, quick, long):
        return long if self.long else quick

    def serve(self, protocol="frames", *options, **how):
        how.setdefault("backend", self.backend)
        return Server(self.program, protocol, *options, **how)

    def steady(self, server, body, rounds=2):
        """Runs the body again and again on one server and holds it to the fixed line: no crash, all
        descriptors and connections back within 2 s, no more memory than after the first round (5 %),
        and at most 1 % of a processor when idle afterwards."""
        fds, first = server.descriptors(), None
        for _ in range(rounds):
            result = body()
            self.settle(server, fds)
            if first is None:
                first = server.rss()
        grown = server.rss() / first - 1
        must(grown <= 0.05, f"memory grew by {grown:.1%} from round to round ({first >> 10} KiB)")
        self.tell(f"RSS {server.rss() / 2**20:.1f} MiB")
        return result

    def settle(self, server, fds):
        """The fixed line, without memory."""
        must(server.is_alive(), f"the server ended with {server.code()}: {server.tail()}")
        eventually(lambda: server.descriptors() <= fds, 2,
                   lambda: f"{server.descriptors()} descriptors open, {fds} at the start")
        eventually(lambda: server.connections() == 0, 2,
                   lambda: f"{server.connections()} connections left")
        self.idle(server)

    def idle(self, server, most=0.01, window=0.25):
        """The least of a few windows: others on the machine only add."""
        share = min_until(lambda: server.load(window), most, 8)
        must(share <= most, f"{share:.1%} of a processor when idle")

    def timed(self, quiet, loaded, factor, floor=0.0, rounds=3):
        """Loaded latency against quiet latency: in at least one of a few rounds, since a busy machine
        adds to either and takes from none. Both answer seconds."""
        best = None
        for _ in range(rounds):
            before, after = quiet(), loaded()
            ratio = after / max(before, floor)
            if best is None or ratio < best[0]:
                best = (ratio, before, after)
            if ratio <= factor:
                break
        return best


def min_until(measure, enough, rounds):
    least = measure()
    for _ in range(rounds - 1):
        if least <= enough:
            break
        least = min(least, measure())
    return least


def is_root():
    return os.geteuid() == 0
