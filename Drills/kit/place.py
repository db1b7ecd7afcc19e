"""Where TLS is spoken with others: certificates, servers and relays, and the tally of exchanges."""

import collections
import contextlib
import http.client
import random
import shutil
import subprocess
from pathlib import Path

from . import conduits, secret
from .certificates import Authority
from .register import Fail, eventually, must
from .server import Server, Trouble

SIZES = (1, 2, 1000, 16384, 16385, 100_000)


class Place:
    """Where it happens: certificates, servers, and the tally of exchanges."""

    def __init__(self, at, folder):
        self.at, self.folder = at, Path(folder)
        self.authority, self.other = Authority(self.folder / "authority"), Authority(self.folder / "other", "Another")
        self.own = self.authority.certify(self.folder / "own")
        self.guest = self.authority.certify(self.folder / "guest", "guest", "DNS:guest")
        self.stranger = self.other.certify(self.folder / "stranger", "stranger", "DNS:stranger")
        self.made, self.failed, self.lacking = collections.Counter(), [], []
        self.data = random.Random(2).randbytes(at.pick(1 << 20, 5 << 20))
        self.sizes = (*SIZES, len(self.data))
        self.renewals = 0
        # Who is not believed is tried with one version where time is short; Python's and curl's clients try both.
        self.versions = at.pick(conduits.VERSIONS[1:], conduits.VERSIONS)

    @contextlib.contextmanager
    def exchange(self, who, what, count=1):
        """Counts it, whether it fails or not; the next one comes all the same."""
        try:
            yield
            self.made[who] += count
        except (Fail, Trouble, OSError, subprocess.SubprocessError, http.client.HTTPException) as error:
            self.failed.append(f"{who}, {what}: {type(error).__name__} {error}")

    def has(self, tool, name=None):
        if not shutil.which(tool):
            self.lacking.append(name or tool)
        return bool(shutil.which(tool))

    def speaking(self, own=None):
        own = own or self.own
        return ("--tls-cert", str(own.chain), "--tls-key", str(own.key))

    def serve(self, *options):
        return self.at.serve("echo", *self.speaking(), *options, log="info")

    def relay(self, port, *options):
        """A relay of ours before a port, which speaks TLS to it unless options say otherwise."""
        return Server(self.at.program, command=[
            self.at.program, "relay", "127.0.0.1:0", f"127.0.0.1:{port}", "--backend", self.at.backend, *map(str, options)])

    def to_tls(self, port, authority=None, name="localhost", *options):
        return self.relay(port, "--tls", "--tls-ca", (authority or self.authority).file, "--tls-name", name, *options)


def summary(place):
    total = sum(place.made.values())
    place.at.tell(f"{total} exchanges, {len(place.failed)} failed, {place.renewals} renewals: "
                  + ", ".join(f"{name} {count}" for name, count in sorted(place.made.items()) if count))
    if place.lacking:
        place.at.tell(f"not here: {', '.join(place.lacking)}")
    must(not place.failed, f"{len(place.failed)} of {total + len(place.failed)} exchanges failed: "
                           + "; ".join(place.failed[:3]))


def exchanges(place, who, port, halves):
    for size in place.sizes:
        for finishes in (False, True) if halves else (False,):
            with place.exchange(who, f"{size} bytes, {'half-closed' if finishes else 'closed'}"):
                secret.plain_exchange(port, place.data[:size], finishes)


def all_over(server):
    eventually(lambda: server.connections() == 0, 5, lambda: f"{server.connections()} connections are left")
