"""TLS spoken by Python, and by OpenSSL's own client: one exchange at a time, each looked at."""

import contextlib
import socket
import ssl
import subprocess
import threading

from .register import must

PATIENCE = 20.0
NUMBERS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
OPTIONS = {"1.2": "-tls1_2", "1.3": "-tls1_3"}


def context(authority, version=None, own=None):
    """What a client needs."""
    made = ssl.create_default_context(cafile=str(authority.file))
    if version:
        made.minimum_version = made.maximum_version = NUMBERS[version]
    if own:
        made.load_cert_chain(own.chain, own.key)
    return made


def server_context(version, own):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = made.maximum_version = NUMBERS[version]
    made.load_cert_chain(own.chain, own.key)
    return made


def connected(made, port, name="localhost", session=None):
    plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
    return made.wrap_socket(plain, server_hostname=name, session=session)


def carried(stream, data, finish=None):
    """Sends and receives at once, until as much has come back, and then the end, where `finish` says ours."""
    def send():
        with contextlib.suppress(OSError):
            stream.sendall(data)
            if finish:
                finish()
    sender = threading.Thread(target=send, daemon=True)
    # OpenSSL's connections are used by one thread at a time.
    if isinstance(stream, ssl.SSLSocket):
        return by_pieces(stream, data)
    sender.start()
    got = bytearray()
    while len(got) < len(data) and (some := stream.recv(1 << 18)):
        got += some
    must(got == data, f"{len(got)} bytes came back of {len(data)}, or others")
    sender.join(PATIENCE)
    if finish:
        must(stream.recv(1) == b"", "something came behind the last byte")


def by_pieces(stream, data, piece=30_000):
    for start in range(0, len(data), piece):
        part, got = data[start:start + piece], bytearray()
        stream.sendall(part)
        while len(got) < len(part) and (some := stream.recv(65536)):
            got += some
        must(got == part, f"{len(got)} bytes came back of {len(part)}, or others")


def plain_exchange(port, data, finishes):
    """With whatever is behind a plain port."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as stream:
        carried(stream, data, (lambda: stream.shutdown(socket.SHUT_WR)) if finishes else None)


def ends_at_once(port):
    """Nobody answers there: the end comes, or a reset, which may be before connecting returns; and no byte."""
    with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port), PATIENCE) as stream:
        stream.sendall(b"anybody?")
        must(stream.recv(100) == b"", "it was answered")


# ------------------------------------------------------------------------ OpenSSL's own client

def s_client_command(port, authority, version, *options, name="localhost"):
    return ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost", OPTIONS[version],
            "-CAfile", str(authority.file), "-verify_return_error", "-verify_hostname", name, *map(str, options)]


def s_client(port, authority, version, data):
    """Sends, reads as much as it sent, and ends: what it ended with."""
    child = subprocess.Popen([*s_client_command(port, authority, version), "-quiet", "-no_ign_eof", "-nocommands"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    timer = threading.Timer(PATIENCE, child.kill)
    timer.start()
    try:
        def send():
            with contextlib.suppress(OSError):
                child.stdin.write(data)
                child.stdin.flush()
        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        got = child.stdout.read(len(data))
        sender.join(PATIENCE)
        must(got == data, f"{len(got)} bytes came back of {len(data)}, or others")
        child.stdin.close()
        must(child.wait(PATIENCE) == 0, f"it ended with {child.returncode}")
    finally:
        timer.cancel()
        child.kill()
        child.wait()


# -------------------------------------------------------------------------- a server of Python's

class PythonServer:
    """Sends back what comes, in one connection after the other; or breaks off within it, saying nothing."""

    def __init__(self, version, own, breaks_off=False):
        self.context, self.breaks_off = server_context(version, own), breaks_off
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Only that ends what waits to accept.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def serve(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            plain.settimeout(PATIENCE)
            with contextlib.suppress(OSError), self.context.wrap_socket(plain, server_side=True) as stream:
                self.answer(stream)

    def answer(self, stream):
        while some := stream.recv(65536):
            stream.sendall(some)
            if self.breaks_off:
                return
        with contextlib.suppress(ssl.SSLError):
            stream.unwrap()
