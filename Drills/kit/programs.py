"""Programs that speak TLS themselves, and have no plain side: OpenSSL's own, Python, curl and redis."""

import contextlib
import http.client
import http.server
import socket
import ssl
import subprocess
import threading

from . import conduits, secret
from .certificates import openssl
from .daemons import free_port, running
from .place import SIZES, exchanges
from .register import Fail, must

# -------------------------------------------------------------------------- OpenSSL's own, and Python

def openssl_client(place, version, server):
    who = "openssl s_client"
    for size in place.sizes:
        with place.exchange(who, f"TLS {version}, {size} bytes"):
            secret.s_client(server.port, place.authority, version, place.data[:size])
    kept = place.folder / f"session-{version}"
    for option, wanted in (("-sess_out", "New,"), ("-sess_in", "Reused,")):
        with place.exchange(who, f"TLS {version}, {option}"):
            said = until_ticket(place, server, version, option, kept)
            must(wanted in said, f"no '{wanted}': {said[-200:]}")
            must(version == "1.2" or "New Session Ticket arrived" in said, "no ticket for the next time")
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
        # What it says of tickets is behind what it passes on, which goes past its buffer.
        said += child.stdout.read()
        child.wait()
        timer.cancel()
        return said.decode(errors="replace")


def python_client(place, version, server):
    who, made = "Python ssl as client", secret.context(place.authority, version)
    session = None
    for size in place.sizes:
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


def by_python(place, version, server, own, told):
    try:
        with secret.connected(secret.context(place.authority, version, own), server.port) as stream:
            secret.by_pieces(stream, b"x")
    except (ssl.SSLError, Fail, ConnectionError):
        must(told is not None, "it was refused")
        return
    must(told is None, "it was served")


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
                for size in place.sizes:
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
