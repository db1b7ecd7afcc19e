"""T3: TLS from those who mean ill: records and hellos of every kind, cut anywhere, and floods of what costs them little."""

import json
import re
import selectors
import socket
import subprocess
import tempfile
import time

from kit import secret
from kit.certificates import Authority
from kit.hostile import Shot, everything
from kit.means import need_tls
from kit.records import (
    ALERT, CHANGE_CIPHER, DATA, HANDSHAKE, NEWER, Spoken, extension, hello, in_records, message, record, server_name)
from kit.register import Fail, drill, must

# How long a handshake may take, and what a busy machine adds.
DEADLINE, MORE = 10.0, 3.0
# The time in which everything else is answered or closed.
SOON = 3.0
FLOOD = 10_000
# Connections tried at once.
TOGETHER = 750
# What a server may hold or keep beside a peer that floods it: its sockets' buffers are the kernel's.
MOST_HELD = 24 << 20


@drill("T3", "hostile TLS records", limit=300)
def hostile(at):
    need_tls(at.program)
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(f"{folder}/authority")
        own = authority.certify(f"{folder}/own")
        with at.serve("echo", "--tls-cert", str(own.chain), "--tls-key", str(own.key), "--alpn", "drill") as server:
            tally = Tally()
            stands_still(at, server, lambda: round_of(at, server, authority, tally))
            told(server)
        at.tell(tally.words())


def stands_still(at, server, body, most=6):
    """Round after round, until one has not added to the largest memory so far. What so many at once need of the heap differs
    from round to round; a leak adds to each."""
    fds, largest = server.descriptors(), None
    for _ in range(most):
        body()
        at.settle(server, fds)
        size = server.rss()
        if largest is not None and size <= 1.01 * largest:
            return at.tell(f"RSS {size / 2**20:.1f} MiB")
        largest = max(size, largest or 0)
    raise Fail(f"memory grew in each of {most} rounds, to {largest >> 10} KiB")


class Tally:
    def __init__(self):
        self.soon = self.late = self.floods = 0
        self.slowest, self.held, self.others = 0.0, 0, []

    def words(self):
        return (f"{self.soon} closed at once ({self.slowest:.2f} s at most), {self.late} at the handshake's deadline, "
                f"{self.floods} floods; {self.held >> 10} KiB held at most; others' p99 meanwhile "
                f"{max(self.others) / 1000:.1f} ms")


def round_of(at, server, authority, tally):
    before = server.rss()
    beside = Beside(at, server, authority)
    for batch in batches(list(everything(at.pick(150, 20_000)).items())):
        all_closed(server, batch, tally)
    for version in "1.2", "1.3":
        after_handshake(server, authority, version, tally)
        floods(server, authority, version, tally)
    flood_before(server, tally)
    renegotiation(server, authority)
    tally.held = max(tally.held, server.rss() - before)
    must(tally.held <= MOST_HELD, f"{tally.held >> 20} MiB more are held")
    tally.others.append(beside.p99())


def batches(list):
    return [list[place:place + TOGETHER] for place in range(0, len(list), TOGETHER)]


class Beside:
    """Good clients, who are served meanwhile."""

    def __init__(self, at, server, authority):
        self.process = subprocess.Popen(
            [at.program, "load", f"localhost:{server.port}", "--protocol", "echo", "--tls", "--tls-ca", str(authority.file),
             "-c", "4", "--rate", "100", "--duration", "12s", "--timeout", "5s", "--quiet", "--out", "-"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def p99(self):
        """In microseconds, from when each was due."""
        out, err = self.process.communicate(timeout=60)
        must(self.process.returncode == 0, f"others were not served: load ended with {self.process.returncode}: {err[-300:]}")
        return json.loads(out)["summary"]["p99_us"]


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), 10)


# ------------------------------------------------------------------------------------ one shot each

def all_closed(server, batch, tally):
    """Each is sent, and then waited for until it is closed."""
    waiting = selectors.DefaultSelector()
    for name, shot in batch:
        peer, began = connect(server), time.monotonic()
        send_all(peer, shot)
        peer.setblocking(False)
        waiting.register(peer, selectors.EVENT_READ, (name, shot, bytearray(), began))
    sent = time.monotonic()
    while waiting.get_map():
        ready = waiting.select(1)
        now = time.monotonic()
        must(now - sent < DEADLINE + MORE, not_closed(waiting))
        for key, _ in ready:
            if receive(key.fileobj, key.data[2]):
                continue
            waiting.unregister(key.fileobj)
            key.fileobj.close()
            closed(key.data, now, now - sent, tally)
    waiting.close()


def send_all(peer, shot):
    try:
        peer.sendall(shot.data)
        if shot.finishes:
            peer.shutdown(socket.SHUT_WR)
    except ConnectionError:
        pass  # Closed before all of it was there.


def receive(peer, got):
    """Whether it goes on."""
    try:
        some = peer.recv(65536)
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    got += some
    return bool(some)


def closed(data, now, since_all, tally):
    """At once, or at the handshake's deadline: not in between. What happened while others were sent counts from then."""
    name, shot, got, began = data
    if shot.answered is not None:
        must(got[:1] == bytes([shot.answered]), f"{name} was answered by {bytes(got[:7]).hex() or 'nothing'}")
    if since_all < SOON:
        tally.soon += 1
        tally.slowest = max(tally.slowest, since_all)
        return
    must(now - began >= DEADLINE - 0.5, f"{name} was closed after {now - began:.1f} s, neither at once nor at the deadline")
    tally.late += 1


def not_closed(waiting):
    names = [key.data[0] for key in waiting.get_map().values()]
    return f"{len(names)} are not closed: {', '.join(names[:4])}"


# -------------------------------------------------------------------------- when hands were shaken

def after_handshake(server, authority, version, tally):
    """What comes then is either not sealed, or sealed and against all custom."""
    unsealed = {f"type {kind}": record(kind, bytes(100)) for kind in (0, CHANGE_CIPHER, ALERT, HANDSHAKE, DATA, 24, 128, 255)}
    unsealed |= {f"{length} bytes": record(DATA, bytes(length))
                 for length in (0, 1, 15, 16, 17, 16384 + 256, 16384 + 257, 16384 + 2048, 16384 + 2049, 65535)}
    unsealed |= {"another version": record(DATA, bytes(100), 0x0200), "HTTP": b"GET / HTTP/1.1\r\n\r\n" + bytes(1000)}
    for name, data in unsealed.items():
        is_ended(server, authority, version, name, lambda spoken: data, tally)
    sealed = {
        "data of 16,385 bytes": lambda spoken: spoken.sealed(DATA, bytes(16385)),
        "an alert of 1 byte": lambda spoken: spoken.sealed(ALERT, b"\1"),
        "a fatal alert": lambda spoken: spoken.sealed(ALERT, b"\2\x28"),
        "two alerts in one": lambda spoken: spoken.sealed(ALERT, b"\1\x5a\1\x5a\1"),
        "type 24": lambda spoken: spoken.sealed(24, b"\1\xff\xff"), "type 0": lambda spoken: spoken.sealed(0, bytes(9)),
        "a cipher changed": lambda spoken: spoken.sealed(CHANGE_CIPHER, b"\1"),
        "a message of 16 MiB": lambda spoken: spoken.sealed(HANDSHAKE, message(24, b"\0", 0xFFFFFF)),
        "a ticket": lambda spoken: spoken.sealed(HANDSHAKE, message(4, bytes(50))),
        "a finish": lambda spoken: spoken.sealed(HANDSHAKE, message(20, bytes(48))),
        "a certificate": lambda spoken: spoken.sealed(HANDSHAKE, message(11, bytes(50))),
        "a seal used twice": twice,
    }
    for name, make in sealed.items():
        is_ended(server, authority, version, f"sealed: {name}", make, tally)


def twice(spoken):
    once = spoken.sealed(DATA, b"again")
    return once + once


def is_ended(server, authority, version, name, make, tally):
    """Closed soon; what is refused without that, as a request to shake hands again is, counts when the peer ends."""
    spoken = Spoken(authority, server.port, version)
    with spoken.socket as peer:
        began = time.monotonic()
        send_all(peer, Shot(make(spoken), finishes=True))
        must(ends_within(peer, SOON), f"TLS {version}, {name}: not closed after {SOON:.0f} s")
        tally.slowest = max(tally.slowest, time.monotonic() - began)
    tally.soon += 1


def ends_within(peer, seconds):
    end = time.monotonic() + seconds
    peer.settimeout(0.2)
    while time.monotonic() < end:
        try:
            if not peer.recv(1 << 18):
                return True
        except TimeoutError:
            pass
        except ConnectionError:
            return True
    return False


# ------------------------------------------------------------------------------------------- floods

def floods(server, authority, version, tally):
    """Ten thousand of what costs a peer little, sealed well: it is closed before they are all taken."""
    kinds = {
        "empty records": lambda spoken: spoken.sealed(DATA, b""),
        "warnings": lambda spoken: spoken.sealed(ALERT, b"\1\x5a"),
        "empty messages": lambda spoken: spoken.sealed(HANDSHAKE, b""),
    }
    if version == "1.3":
        kinds |= {"keys renewed": lambda spoken: spoken.key_update(), "keys renewed, ours too": lambda spoken: spoken.key_update(True),
                  "ciphers changed": lambda spoken: record(CHANGE_CIPHER, b"\1")}
    else:
        again = hello(extension(0xFF01, b"\0"))
        kinds |= {"requests to shake hands again": lambda spoken: spoken.sealed(HANDSHAKE, again)}
    for name, make in kinds.items():
        spoken = Spoken(authority, server.port, version)
        with spoken.socket as peer:
            took = flood(peer, lambda: b"".join(make(spoken) for _ in range(100)), FLOOD // 100, server)
            must(took is not None, f"TLS {version}, {FLOOD} {name}: not closed")
            tally.slowest = max(tally.slowest, took)
        tally.floods += 1


def flood(peer, make, count, server):
    """How long it took until it was closed; nil where it never was. What is flooded is not read before."""
    began = time.monotonic()
    peer.settimeout(SOON)
    try:
        for _ in range(count):
            peer.sendall(make())
    except ConnectionError:
        return time.monotonic() - began
    except TimeoutError:
        return None
    return time.monotonic() - began if ends_within(peer, SOON) else None


def flood_before(server, tally):
    """The same before hands were shaken, by nobody in particular."""
    right = in_records(hello(server_name(b"localhost"), *NEWER))
    kinds = {
        "empty records": record(HANDSHAKE, b""), "warnings": record(ALERT, b"\1\x5a"), "ciphers changed": record(CHANGE_CIPHER, b"\1"),
        "empty data": record(DATA, b""), "hellos": right,
    }
    for name, one in kinds.items():
        for first in (b"", right):
            with connect(server) as peer:
                peer.sendall(first)
                took = flood(peer, lambda: one * 100, FLOOD // 100, server)
                must(took is not None, f"{FLOOD} {name} {'behind a hello' if first else 'first'}: not closed")
                tally.slowest = max(tally.slowest, took)
            tally.floods += 1


def renegotiation(server, authority):
    """OpenSSL's own client asks to shake hands again, which is refused; in TLS 1.3 it cannot."""
    done = subprocess.run([*secret.s_client_command(server.port, authority, "1.2")], input=b"R\n", capture_output=True, timeout=20)
    said = (done.stdout + done.stderr).decode(errors="replace")
    must("RENEGOTIATING" in said and "no renegotiation" in said, f"it was answered by {said[-200:]}")


# -------------------------------------------------------------------------------------- the operator

def told(server):
    """Each reason by name, once for one connection."""
    for reason in ("it spoke HTTP where TLS is spoken", "it asked for a proxy", "what it sent is no TLS", "it speaks no version of TLS",
                   "it knows no cipher", "it speaks no protocol that is spoken here", "its opening exchange was not over in time",
                   "it ended within its opening exchange"):
        must(server.said(reason), f"the operator is not told that {reason}")
    with server.changed:
        lines = [line for _, line in server.lines]
    ports = [found[1] for line in lines if (found := re.search(r"closed a connection from \S+:(\d+): ", line))]
    again = {port for port in ports if ports.count(port) > 1}
    must(not again, "; ".join(line for line in lines if any(f":{port}:" in line for port in again)))
