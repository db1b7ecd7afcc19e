"""T2: TLS with those that others use, each as a client of our server and as a server behind our relay."""

import collections
import contextlib
import http.client
import http.server
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path

from kit import conduits, secret
from kit.certificates import Authority, openssl
from kit.daemons import free_port, running
from kit.register import Fail, Skip, drill, eventually, must
from kit.server import Server, Trouble

SIZES = (1, 2, 1000, 16384, 16385, 100_000)
LARGE = 3 << 20


class Place:
    """Where it happens: certificates, servers, and the tally of exchanges."""

    def __init__(self, at, folder):
        self.at, self.folder = at, Path(folder)
        self.authority, self.other = Authority(self.folder / "authority"), Authority(self.folder / "other", "Another")
        self.own = self.authority.certify(self.folder / "own")
        self.guest = self.authority.certify(self.folder / "guest", "guest", "DNS:guest")
        self.stranger = self.other.certify(self.folder / "stranger", "stranger", "DNS:stranger")
        self.made, self.failed, self.lacking = collections.Counter(), [], []
        self.data = random.Random(2).randbytes(LARGE)

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


@drill("T2", "TLS with real peers")
def real_peers(at):
    said = subprocess.run([at.program, "serve", "--tls-cert", "x", "--tls-key", "x", "0"], capture_output=True, text=True)
    if "built without TLS" in said.stderr:
        raise Skip("this program was built without TLS (--traits default,TLS)")
    with tempfile.TemporaryDirectory() as folder:
        place = Place(at, folder)
        kinds = [kind(folder, place.authority) for kind in conduits.ALL]
        place.lacking = [kind.name for kind in kinds if kind.lacking()]
        kinds = [kind for kind in kinds if not kind.lacking()]
        with at.serve("echo") as plain, place.serve() as server:
            for kind in kinds:
                for version in conduits.VERSIONS:
                    as_client(place, kind, version, server)
                    as_server(place, kind, version, plain)
            for version in conduits.VERSIONS:
                openssl_client(place, version, server)
                python_client(place, version, server)
            python_server(place)
            openssl_server(place)
            only_those_we_know(place, kinds)
            whom_clients_believe(place, kinds)
            over_http(place)
            redis(place)
            many(place, kinds, plain)
        summary(place)


def summary(place):
    total = sum(place.made.values())
    place.at.tell(f"{total} exchanges, {len(place.failed)} failed: "
                  + ", ".join(f"{name} {count}" for name, count in sorted(place.made.items())))
    if place.lacking:
        place.at.tell(f"not here: {', '.join(place.lacking)}")
    must(not place.failed, f"{len(place.failed)} of {total + len(place.failed)} exchanges failed: "
                           + "; ".join(place.failed[:3]))


# ------------------------------------------------------------------- both ways, all sizes, both ends

def exchanges(place, who, port, halves):
    for size in (*SIZES, LARGE):
        for finishes in (False, True) if halves else (False,):
            with place.exchange(who, f"{size} bytes, {'half-closed' if finishes else 'closed'}"):
                secret.plain_exchange(port, place.data[:size], finishes)


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


def all_over(server):
    eventually(lambda: server.connections() == 0, 5, lambda: f"{server.connections()} connections are left")


# -------------------------------------------------------------------------- OpenSSL's own, and Python

def openssl_client(place, version, server):
    who = "openssl s_client"
    for size in (*SIZES, LARGE):
        with place.exchange(who, f"TLS {version}, {size} bytes"):
            secret.s_client(server.port, place.authority, version, place.data[:size])
    kept = place.folder / f"session-{version}"
    for option, wanted in (("-sess_out", "New,"), ("-sess_in", "Reused,")):
        with place.exchange(who, f"TLS {version}, {option}"):
            said = until_ticket(place, server, version, option, kept)
            must(wanted in said, f"no '{wanted}': {said[-200:]}")
    with place.exchange(who, f"TLS {version}, a new name"):
        command = secret.s_client_command(server.port, place.authority, version, name="other.test")
        must("hostname mismatch" in openssl(*command[1:], codes=(1,)), "another name was believed")


def until_ticket(place, server, version, option, kept):
    """A byte and its echo, behind which tickets have come in TLS 1.3, too."""
    command = secret.s_client_command(server.port, place.authority, version, option, kept)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
        timer = threading.Timer(secret.PATIENCE, child.kill)
        timer.start()
        child.stdin.write(b"x=y\n")
        child.stdin.flush()
        said = b""
        while (line := child.stdout.readline()) and not line.endswith(b"x=y\n"):
            said += line
        child.stdin.close()
        child.wait()
        timer.cancel()
        return said.decode(errors="replace")


def python_client(place, version, server):
    who, made = "Python ssl as client", secret.context(place.authority, version)
    session = None
    for size in (*SIZES, LARGE):
        with place.exchange(who, f"TLS {version}, {size} bytes"):
            with secret.connected(made, server.port, session=session) as stream:
                must(stream.session_reused == (session is not None), f"a session was reused: {stream.session_reused}")
                secret.by_pieces(stream, place.data[:size])
                session = stream.session
                stream.unwrap()
    for how, told in (("ends in order", "the peer finished"), ("is cut off", "it was cut off")):
        with place.exchange(who, f"TLS {version}, {how}"):
            with secret.connected(made, server.port) as stream:
                secret.by_pieces(stream, b"x")
                port = stream.getsockname()[1]
                if how == "ends in order":
                    stream.unwrap()
            must(server.wait_said(f":{port} closed: {told}"), f"it {how}, and the server says {server.tail(1)}")


def python_server(place):
    who = "Python ssl as server"
    for version in conduits.VERSIONS:
        with place.exchange(who, f"TLS {version}"), secret.PythonServer(version, place.own) as there, \
                place.to_tls(there.port) as relay:
            exchanges(place, who, relay.port, halves=True)
        with place.exchange(who, f"TLS {version}, cut off"), \
                secret.PythonServer(version, place.own, breaks_off=True) as there, place.to_tls(there.port) as relay:
            must_be_cut(relay.port)
        refuses(place, who, version)


def must_be_cut(port):
    """What was cut off behind the relay comes to its client as a reset, and not as an end."""
    with socket.create_connection(("127.0.0.1", port), secret.PATIENCE) as stream:
        stream.sendall(b"x")
        try:
            while some := stream.recv(100):
                must(some == b"x", f"{some!r} came back")
        except ConnectionResetError:
            return
        raise Fail("what was cut off looks like an end")


def refuses(place, who, version):
    """Servers with another name, or of an authority that nobody has named, are given nothing."""
    wrong = {"another name": (place.authority, "other.test", "hostname mismatch"),
             "not believed": (place.other, "localhost", "its certificate is not believed")}
    for what, (authority, name, told) in wrong.items():
        with place.exchange(who, f"TLS {version}, {what}"), secret.PythonServer(version, place.own) as there, \
                place.to_tls(there.port, authority, name) as relay:
            secret.ends_at_once(relay.port)
            must(relay.wait_said(told), f"{what}: the relay says {relay.tail(1)}")


def openssl_server(place):
    """Its server sends each line back in reverse, or files by HTTP."""
    who = "openssl s_server"
    (place.folder / "large").write_bytes(place.data)
    for version in conduits.VERSIONS:
        for mode, check in (("-rev", reverses), ("-WWW", gives_files)):
            port = free_port()
            command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", secret.OPTIONS[version], "-quiet",
                       "-cert", place.own.chain, "-key", place.own.key, mode]
            with place.exchange(who, f"TLS {version} {mode}", 0), running(command, port, place.folder), \
                    place.to_tls(port) as relay:
                for number in range(3):
                    with place.exchange(who, f"TLS {version} {mode} {number}"):
                        check(place, relay.port)


def reverses(place, port):
    with socket.create_connection(("127.0.0.1", port), secret.PATIENCE) as stream:
        for size in (1, 10, 100, 1000):
            line = place.data[:size // 2 + 1].hex()[:size].encode()
            stream.sendall(line + b"\n")
            got = b""
            while not got.endswith(b"\n") and (some := stream.recv(65536)):
                got += some
            must(got == line[::-1] + b"\n", f"{got[:40]!r} came back")


def gives_files(place, port):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=secret.PATIENCE)) as asking:
        asking.request("GET", "/large")
        must(asking.getresponse().read() == place.data, "another file came")


# ------------------------------------------------------------------------------------ certificates

def only_those_we_know(place, kinds):
    """A server that wants certificates of clients: with one, without, and with one of another authority."""
    with place.serve("--tls-client-ca", str(place.authority.file)) as server:
        for version in conduits.VERSIONS:
            cases = (("with a certificate", place.guest, None), ("with none", None, "it showed no certificate"),
                     ("with a stranger's", place.stranger, "its certificate is not believed"))
            for what, own, told in cases:
                for kind in kinds:
                    one_case(place, kind, version, server, (what, own, told))
                with place.exchange("Python ssl as client", f"TLS {version}, {what}"):
                    by_python(place, version, server, own, told)
        tell_all(server, "it showed no certificate", "its certificate is not believed")


def one_case(place, kind, version, server, case):
    what, own, told = case
    with place.exchange(f"{kind.name} as client", f"TLS {version}, {what}"), \
            kind.client(server.port, version, own) as port:
        if told is None:
            secret.plain_exchange(port, place.data[:1000], False)
        else:
            secret.ends_at_once(port)


def by_python(place, version, server, own, told):
    try:
        with secret.connected(secret.context(place.authority, version, own), server.port) as stream:
            secret.by_pieces(stream, b"x")
    except (ssl.SSLError, Fail, ConnectionError):
        must(told is not None, "it was refused")
        return
    must(told is None, "it was served")


def tell_all(server, *reasons):
    for reason in reasons:
        must(server.wait_said(reason), f"the operator is not told that '{reason}'")


def whom_clients_believe(place, kinds):
    """A server whose certificate is of an authority that they do not know, or of another name."""
    wrong = {"a stranger's": place.other.certify(place.folder / "other-own"),
             "another name's": place.authority.certify(place.folder / "elsewhere", "elsewhere", "DNS:elsewhere")}
    for what, own in wrong.items():
        with place.at.serve("echo", *place.speaking(own), log="info") as server:
            for version in conduits.VERSIONS:
                for kind in kinds:
                    with place.exchange(f"{kind.name} as client", f"TLS {version}, {what} certificate"), \
                            kind.client(server.port, version) as port:
                        secret.ends_at_once(port)
            must(server.wait_said("closed a connection"), "the operator is not told")


# -------------------------------------------------------------------------------- curl, and redis

class Echoing(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def over_http(place):
    if not place.has("curl"):
        return
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echoing) as there:
        threading.Thread(target=there.serve_forever, daemon=True).start()
        behind = there.server_address[1]
        with place.relay(behind, *place.speaking(), "--alpn", "http/1.1", "--tls-client-ca", place.authority.file) as relay:
            for version in conduits.VERSIONS:
                for size in (*SIZES, LARGE):
                    with place.exchange("curl", f"TLS {version}, {size} bytes"):
                        posted(place, relay.port, version, size)
                refused_curl(place, relay.port, version)
        there.shutdown()


def curl(place, port, version, *options, name="localhost", own=True):
    identity = ["--cert", place.guest.chain, "--key", place.guest.key] if own else []
    command = ["curl", "-sS", "--max-time", "20", f"--tlsv{version}", "--tls-max", version, *identity,
               "--connect-to", f"::127.0.0.1:{port}", *options, f"https://{name}:{port}/"]
    return subprocess.run([str(one) for one in command], capture_output=True, timeout=30)


def posted(place, port, version, size):
    body = place.folder / "body"
    body.write_bytes(place.data[:size])
    done = curl(place, port, version, "--cacert", place.authority.file, "-H", "Expect:", "--data-binary", f"@{body}")
    must(done.returncode == 0, f"curl ended with {done.returncode}: {done.stderr.decode(errors='replace').strip()[-200:]}")
    must(done.stdout == place.data[:size], "another body came back")


def refused_curl(place, port, version):
    """It says itself what it minds: 60 is a certificate."""
    cases = {"another name": (place.authority, "other.test", True, (60,)),
             "not believed": (place.other, "localhost", True, (60,)), "no certificate": (place.authority, "localhost", False, (35, 52, 56))}
    for what, (authority, name, own, codes) in cases.items():
        with place.exchange("curl", f"TLS {version}, {what}"):
            done = curl(place, port, version, "--cacert", authority.file, name=name, own=own)
            must(done.returncode in codes, f"curl ended with {done.returncode}: {done.stderr.decode(errors='replace')[-200:]}")


def redis(place):
    """Its client to our relay, and our relay to its server."""
    if not (place.has("redis-server", "redis") and place.has("redis-cli", "redis")):
        return
    port, secret_port = free_port(), free_port()
    command = ["redis-server", "--bind", "127.0.0.1", "--port", port, "--tls-port", secret_port, "--save", "",
               "--tls-cert-file", place.own.chain, "--tls-key-file", place.own.key, "--tls-ca-cert-file", place.authority.file,
               "--tls-auth-clients", "no"]
    with place.exchange("redis", "a server", 0), running(command, port, place.folder), \
            place.relay(port, *place.speaking()) as outside, place.to_tls(secret_port) as inside:
        asking = {outside.port: ["--tls", "--cacert", str(place.authority.file), "--sni", "localhost"], inside.port: []}
        for where, options in asking.items():
            for size in SIZES:
                with place.exchange("redis", f"{size} bytes"):
                    set_and_get(place, where, options, place.data[:size].hex().encode())


def set_and_get(place, port, options, value):
    command = ["redis-cli", "-h", "127.0.0.1", "-p", str(port), *options]
    for more, given, wanted in ((["-x", "set", "key"], value, b"OK"), (["get", "key"], b"", value)):
        done = subprocess.run([*command, *more], input=given, capture_output=True, timeout=30)
        must(done.returncode == 0 and done.stdout.strip() == wanted, f"{done.stdout[:60]!r}, {done.stderr[:200]!r}")


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
        with self.place.exchange("renewals", f"{self.times} times", self.times):
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
