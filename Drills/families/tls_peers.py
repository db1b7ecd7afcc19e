"""T2: TLS with those that others use, each as a client of our server and as a server behind our relay."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

from kit import conduits, programs, secret
from kit.means import need_tls
from kit.place import Place, all_over, exchanges, summary
from kit.register import drill, must


@drill("T2", "TLS with real peers", limit=300)
def real_peers(at):
    need_tls(at.program)
    with tempfile.TemporaryDirectory() as folder:
        place = Place(at, folder)
        kinds = [kind(folder, place.authority) for kind in conduits.ALL]
        place.lacking = [kind.name for kind in kinds if kind.lacking()]
        kinds = [kind for kind in kinds if not kind.lacking()]
        with at.serve("echo") as plain, place.serve() as server:
            fds = server.descriptors()
            for kind in kinds:
                for version in conduits.VERSIONS:
                    as_client(place, kind, version, server)
                    as_server(place, kind, version, plain)
            for version in conduits.VERSIONS:
                programs.openssl_client(place, version, server)
                programs.python_client(place, version, server)
            at.settle(server, fds)
            programs.python_server(place)
            programs.openssl_server(place)
            broken_off(place, kinds, plain)
            only_those_we_know(place, kinds)
            whom_clients_believe(place, kinds)
            programs.over_http(place)
            programs.redis(place)
            many(place, kinds, plain)
        summary(place)


# ------------------------------------------------------------------- both ways, all sizes, both ends

def as_client(place, kind, version, server):
    who = f"{kind.name} as client"
    before = len(server.said("cut off"))
    with place.exchange(who, f"TLS {version}"), kind.client(server.port, version) as port:
        exchanges(place, who, port, kind.halves)
        all_over(server)
        if kind.says_end:
            cut = len(server.said("cut off")) - before
            must(cut == 0, f"{cut} connections were cut off, {server.tail(1)}")


def as_server(place, kind, version, plain):
    who = f"{kind.name} as server"
    with place.exchange(who, f"TLS {version}"), kind.server(plain.port, version, place.own) as port, \
            place.to_tls(port) as relay:
        exchanges(place, who, relay.port, kind.halves)
        all_over(relay)


def broken_off(place, kinds, plain):
    """Programs that are killed while bytes go both ways: no end is made of that."""
    with place.serve() as server:
        for kind in kinds:
            with place.exchange(f"{kind.name} as client", "killed"), kind.client(server.port, "1.3") as port:
                held(port, kind.child)
                all_over(server)
                must(not server.said("the peer finished"), f"a client was killed, and the server says {server.tail(1)}")
            with place.exchange(f"{kind.name} as server", "killed"), kind.server(plain.port, "1.3", place.own) as port, \
                    place.to_tls(port) as relay:
                must(held(relay.port, kind.child) != "end", "a server was killed, and its client has an end")


def held(port, child):
    """A connection whose peer is killed while nothing is read: how it ends then."""
    with socket.create_connection(("127.0.0.1", port), secret.PATIENCE) as stream:
        secret.carried(stream, b"x")
        stream.setblocking(False)
        # As much as goes, until it comes back and is not read.
        with contextlib.suppress(BlockingIOError):
            while stream.send(bytes(65536)):
                pass
        for pid in [*children(child.pid), child.pid]:
            os.kill(pid, signal.SIGKILL)
        stream.setblocking(True)
        stream.settimeout(secret.PATIENCE)
        try:
            while stream.recv(1 << 18):
                pass
            return "end"
        except ConnectionResetError:
            return "reset"


def children(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


# ------------------------------------------------------------------------------------ certificates

def only_those_we_know(place, kinds):
    """A server that wants certificates of clients: with one, without, and with one of another authority."""
    with place.serve("--tls-client-ca", str(place.authority.file)) as server:
        for version in conduits.VERSIONS:
            cases = (("with a certificate", place.guest, None), ("with none", None, "it showed no certificate"),
                     ("with a stranger's", place.stranger, "its certificate is not believed"))
            for what, own, told in cases:
                for kind in kinds if version in place.versions else ():
                    one_case(place, kind, version, server, (what, own, told))
                with place.exchange("Python ssl as client", f"TLS {version}, {what}"):
                    programs.by_python(place, version, server, own, told)
        tell_all(server, "it showed no certificate", "its certificate is not believed")


def one_case(place, kind, version, server, case):
    what, own, told = case
    with place.exchange(f"{kind.name} as client", f"TLS {version}, {what}"), \
            kind.client(server.port, version, own) as port:
        if told is None:
            secret.plain_exchange(port, place.data[:1000], False)
        else:
            secret.ends_at_once(port)


def tell_all(server, *reasons):
    for reason in reasons:
        must(server.wait_said(reason), f"the operator is not told that '{reason}'")


def whom_clients_believe(place, kinds):
    """A server whose certificate is of an authority that they do not know, or of another name."""
    wrong = {"a stranger's": place.other.certify(place.folder / "other-own"),
             "another name's": place.authority.certify(place.folder / "elsewhere", "elsewhere", "DNS:elsewhere")}
    for what, own in wrong.items():
        with place.at.serve("echo", *place.speaking(own), log="info") as server:
            for version in place.versions:
                for kind in kinds:
                    with place.exchange(f"{kind.name} as client", f"TLS {version}, {what} certificate"), \
                            kind.client(server.port, version) as port:
                        secret.ends_at_once(port)
            must(server.wait_said("closed a connection"), "the operator is not told")


# ------------------------------------------------------------------ many, while certificates are renewed

STRONG = ("nginx", "haproxy", "stunnel", "Go crypto/tls")


def many(place, kinds, plain):
    """Connections by the thousand, each for one exchange, through whoever is made for that: to our server, and from
    our relay, both of which get new certificates all the while."""
    strong = [kind for kind in kinds if kind.name in STRONG]
    count = place.at.pick(600, 100_000) // (2 * len(strong) + 1)
    with place.serve() as server, Renewing(place, server):
        load(place, "our own client", server.port, count, "--tls", "--tls-ca", str(place.authority.file))
        for kind in strong:
            with kind.client(server.port, "1.3") as port:
                load(place, f"{kind.name} as client", port, count)
    for kind in strong:
        with kind.server(plain.port, "1.3", place.own) as port, place.to_tls(port, None, "localhost", *place.speaking()) as relay, \
                Renewing(place, relay):
            load(place, f"{kind.name} as server", relay.port, count, "--tls", "--tls-ca", str(place.authority.file))


def load(place, who, port, count, *options):
    name = "localhost" if options else "127.0.0.1"
    with place.exchange(who, f"{count} connections", count):
        done = subprocess.run(
            [place.at.program, "load", f"{name}:{port}", "--protocol", "echo", "-c", "8", "--churn", "1", "--size", "1..3000",
             "--requests", str(count), "--source", "127.0.0.1", "--quiet", *options], capture_output=True, text=True, timeout=600)
        must(done.returncode == 0, f"load ended with {done.returncode}: {(done.stdout + done.stderr).strip()[-300:]}")


class Renewing:
    """New certificates for a server, again and again."""

    def __init__(self, place, server):
        self.place, self.server = place, server
        self.over, self.times = threading.Event(), 0

    def __enter__(self):
        self.thread = threading.Thread(target=self.renew, daemon=True)
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(30)
        self.place.renewals += self.times
        with self.place.exchange("renewals", f"{self.times} times", 0):
            must(self.times > 0, "none was made")
            read = len(self.server.said("were read anew"))
            must(read >= self.times, f"{self.times} renewals, {read} told: {self.server.tail(2)}")

    def renew(self):
        while not self.over.is_set():
            self.place.authority.certify(self.place.own.folder)
            os.kill(self.server.pid, signal.SIGHUP)
            self.server.wait_said("were read anew", self.times + 1, 20)
            self.times += 1
            self.over.wait(0.2)
