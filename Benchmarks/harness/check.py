"""What every server must get right before its speed means anything."""

import contextlib
import select
import socket
import time

from .process import Ports, Trouble, running

SECONDS = 20  # any single exchange may take


def connect(port):
    client = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def read(client, count):
    data = b""
    while len(data) < count:
        piece = client.recv(count - len(data))
        if not piece:
            raise Trouble(f"closed after {len(data)} of {count} bytes")
        data += piece
    return data


def expect(client, wanted):
    got = read(client, len(wanted))
    if got != wanted:
        raise Trouble(f"answered {got[:40]!r}, not {wanted[:40]!r}")


def reply_to(payload):
    return bytes((byte + 1) % 256 for byte in payload)


EVERY_BYTE = bytes(byte for byte in range(256) if byte != ord("$"))


def protocol(port):
    with connect(port) as client:
        client.sendall(b"ignored$^ab^c$ignored^$^" + EVERY_BYTE + b"$")
        expect(client, b"*" + reply_to(b"ab^c" + EVERY_BYTE))
        # A reset here would have lost a reply; a stray byte would come before this one.
        client.sendall(b"^z$")
        expect(client, b"{")


def byte_by_byte(port):
    with connect(port) as client:
        expect(client, b"*")
        for byte in b"x^ab$y^c$":
            client.sendall(bytes([byte]))
            time.sleep(0.002)
        expect(client, b"bcd")


def large_frames(port):
    payload = (EVERY_BYTE * 65)[: 16 << 10]
    with connect(port) as client:
        expect(client, b"*")
        for _ in range(50):
            client.sendall(b"^" + payload + b"$")
            expect(client, reply_to(payload))


def last_request(port):
    """A client that has said all it has to say still gets its reply, then the end."""
    with connect(port) as client:
        client.sendall(b"^abc$")
        client.shutdown(socket.SHUT_WR)
        expect(client, b"*bcd")
        if client.recv(1):
            raise Trouble("went on after the client's end")


def slow_reader(port):
    """A client that sends without reading: others are served meanwhile, it is stopped before the
    server holds all of it, and every byte is right when it reads at last."""
    frame = b"^" + EVERY_BYTE * 64 + b"$"
    most = 96 << 20  # more than all socket buffers on the way can hold
    with connect(port) as client:
        expect(client, b"*")
        sent = flood(client, frame, most)
        if sent >= most:
            raise Trouble(f"took {most >> 20} MiB from a client that read nothing")
        protocol(port)
        # What was cut off is completed while reading, so that both sides move.
        drain(client, frame, sent)


def flood(client, frame, most):
    """Sends without reading until the server stops taking it; the bytes sent."""
    client.setblocking(False)
    sent = 0
    while sent < most and select.select([], [client], [], 1.0)[1]:
        with contextlib.suppress(BlockingIOError):
            sent += client.send(memoryview(frame * 4)[sent % len(frame):])
    return sent


def drain(client, frame, sent):
    frames = -(-sent // len(frame))
    left = memoryview(frame)[len(frame) - (frames * len(frame) - sent):]
    payload = reply_to(frame[1:-1])
    wanted, got, end = frames * len(payload), 0, time.monotonic() + SECONDS
    while got < wanted:
        ready = select.select([client], [client] if left else [], [], 1.0)
        if time.monotonic() > end:
            raise Trouble(f"stalled: {got:,} of {wanted:,} bytes came back")
        if ready[1]:
            with contextlib.suppress(BlockingIOError):
                left = left[client.send(left):]
        if ready[0]:
            piece = client.recv(1 << 16)
            if not piece:
                raise Trouble(f"closed after {got:,} of {wanted:,} bytes")
            at = got % len(payload)
            if (payload * 6)[at : at + len(piece)] != piece:
                raise Trouble(f"a wrong byte after {got:,}")
            got += len(piece)


CHECKS = [protocol, byte_by_byte, large_frames, last_request, slow_reader]


def check(server):
    """Runs every check; the failures, each a line."""
    failures = []
    try:
        port = Ports().free()
        with running(server, port):
            for one in CHECKS:
                try:
                    one(port)
                except (Trouble, OSError) as trouble:
                    failures.append(f"{one.__name__.replace('_', ' ')}: {trouble}")
    except Trouble as trouble:
        failures.append(str(trouble))
    return failures
