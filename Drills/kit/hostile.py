"""What those who mean ill send first, by name: records and hellos of every kind."""

import random

from .records import (
    ALERT, CHANGE_CIPHER, DATA, HANDSHAKE, NEWER, alpn, extension, groups, hello, in_records, listed, message, random_changes,
    record, server_name)


class Shot:
    """What one sends first, and whether it ends then: by half-closing."""

    def __init__(self, data, finishes=False, answered=None):
        self.data, self.finishes, self.answered = data, finishes, answered


def record_types():
    return {f"a record of type {kind}": Shot(record(kind, bytes(200))) for kind in range(256) if kind != HANDSHAKE}


def headers():
    whole = record(HANDSHAKE, hello(), 0x0301)
    found = {}
    for cut in range(6):
        found[f"a header cut behind {cut} bytes, silence"] = Shot(whole[:cut])
        found[f"a header cut behind {cut} bytes, the end"] = Shot(whole[:cut], finishes=True)
    for cut in range(6, len(whole), 17):
        found[f"a hello cut behind {cut} bytes, silence"] = Shot(whole[:cut])
        found[f"a hello cut behind {cut} bytes, the end"] = Shot(whole[:cut], finishes=True)
    for version in (0, 0x0002, 0x0200, 0x0300, 0x0304, 0x0305, 0x03FF, 0x0400, 0x7F00, 0xFEFF, 0xFFFF):
        found[f"a record of version {version:#06x}"] = Shot(record(HANDSHAKE, hello(), version))
        found[f"a hello of version {version:#06x}"] = Shot(in_records(hello(version=version)))
    return found


def lengths():
    found = {}
    for length in (0, 1, 2, 3, 4, 16384, 16385, 16384 + 256, 16384 + 257, 16384 + 2048, 16384 + 2049, 65535):
        for kind in (CHANGE_CIPHER, ALERT, HANDSHAKE, DATA, 24):
            body = (b"\1\0\xff\xff" + bytes(length))[:length]
            found[f"type {kind}, {length} bytes, all there"] = Shot(record(kind, body))
            found[f"type {kind}, {length} bytes, 10 there"] = Shot(record(kind, body[:10], length=length))
    for length in (0, 1, 37, 0xFFFF, 0x20000, 0xFFFFFF):
        found[f"a hello that says {length} bytes"] = Shot(record(HANDSHAKE, message(1, hello()[4:], length), 0x0301))
    for kind in (0, 2, 3, 4, 8, 11, 12, 13, 14, 15, 16, 20, 24, 254, 255):
        found[f"a handshake that begins with message {kind}"] = Shot(record(HANDSHAKE, message(kind, bytes(40)), 0x0301))
    return found


def sslv2():
    """A hello of SSL 2.0 that offers TLS 1.0."""
    body = bytes.fromhex("010301000300000010") + bytes.fromhex("00002f") + bytes(16)
    return bytes([0x80 | len(body) >> 8, len(body) & 0xFF]) + body


def other_protocols():
    made = {
        "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP of a proxy": b"CONNECT localhost:443 HTTP/1.1\r\n\r\n",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "SMTP": b"EHLO localhost\r\n", "SSH": b"SSH-2.0-OpenSSH_9\r\n",
        "a hello of SSL 2.0": sslv2(), "zeroes": bytes(5000), "ones": b"\xff" * 5000,
    }
    return {name: Shot(data) for name, data in made.items()}


def names_and_protocols():
    """Extensions that say whom is asked for, and for what."""
    return {
        "a name of 16,000 bytes": [server_name(b"a" * 16_000)], "a name of 60,000 bytes": [server_name(b"a" * 60_000)],
        "a name with zero bytes": [server_name(b"local\0host")], "a name of zero bytes": [server_name(bytes(100))],
        "no name in the list": [extension(0, b"\0\0")], "an empty name": [server_name(b"")],
        "a name of another kind": [server_name(b"localhost", kind=7)], "names cut": [extension(0, b"\0\xff\0\0\x09local")],
        "ALPN: nothing": [extension(16, b"")], "ALPN: an empty list": [extension(16, b"\0\0")],
        "ALPN: an empty name": [alpn(b"")], "ALPN: others": [alpn(b"h2", b"http/1.1")],
        "ALPN: names beyond the end": [extension(16, listed(b"\xffh2"))],
        "ALPN: 64 KiB": [extension(16, listed(b"\x01x" * 32_000))],
        "ALPN: 16,000 bytes and ours": [alpn(*[b"%04d" % number for number in range(3000)], b"drill")],
    }


def other_extensions():
    return {
        "the same extension twice": [server_name(b"localhost"), server_name(b"localhost")],
        "groups twice": [groups()], "an unknown extension twice": [extension(0x1234, b""), extension(0x1234, b"")],
        "compressed certificates": [extension(27, listed(b"\0\1\0\2\0\3", 1))],
        "compressed certificates, badly": [extension(27, b"\xff" * 300)],
        "an extension beyond the end": [extension(35, b"xyz", length=60_000)],
        "a ticket of rubbish": [extension(35, bytes(range(256)) * 60)],
        "a key exchange of rubbish": [extension(40, b"\xff" * 1000)],
        "no groups in the list": [extension(10, b"\0\0")], "heartbeats": [extension(15, b"\1")],
        "early data": [*NEWER, extension(42, b"")], "a cookie": [*NEWER, extension(44, listed(b"c" * 2000))],
        "a key share of zeroes": [*NEWER[:1], extension(51, listed(b"\0\x1d" + listed(bytes(32))))],
        "a key share too short": [*NEWER[:1], extension(51, listed(b"\0\x1d" + listed(bytes(31))))],
        "a thousand key shares": [*NEWER[:1], extension(51, listed((b"\0\x1d" + listed(bytes(range(32)))) * 1000))],
        "a former session of rubbish": [*NEWER, extension(41, listed(listed(b"t" * 500) + bytes(4)) + listed(listed(b"b" * 48, 1)))],
        "a thousand former sessions": [*NEWER, extension(41, listed((listed(b"t" * 20) + bytes(4)) * 500)
                                                          + listed(listed(b"b" * 48, 1) * 500))],
        "certificates of clients, badly": [extension(49, b"\1")], "a length of records of 0": [extension(28, b"\0\0")],
        "a fragment length of rubbish": [extension(1, b"\x09")], "versions of rubbish": [extension(43, b"\xff\xff")],
        "no version that there is": [extension(43, listed(bytes.fromhex("7f120a0a"), 1))],
        "a thousand extensions": [extension(0x2000 + number, b"") for number in range(1000)],
    }


def hellos():
    made = {name: hello(*more) for name, more in (names_and_protocols() | other_extensions()).items()}
    made |= {
        "no ciphers": hello(ciphers=b""), "half a cipher": hello(ciphers=b"\x13"), "30,000 ciphers": hello(ciphers=b"\x13\x37" * 30_000),
        "no compression": hello(compression=b""), "compression": hello(compression=b"\1\0"),
        "255 ways of compression": hello(compression=bytes(range(255))), "compression, in TLS 1.3": hello(*NEWER, compression=b"\1\0"),
        "a session of 32 bytes": hello(session=bytes(32)), "a session of 255 bytes": hello(session=bytes(255)),
        "extensions that say too much": hello(extensions_length=65535), "extensions that say too little": hello(extensions_length=3),
        "no extensions": hello(extensions=b""), "extensions of rubbish": hello(extensions=b"\xff" * 500),
        "no ciphers that are known": hello(ciphers=b"\0\x2f\0\x05"),
    }
    return {f"a hello with {name}": Shot(in_records(body)) for name, body in made.items()}


def fragments():
    """Hellos that are right, in odd pieces: answered."""
    right = {"TLS 1.2": hello(server_name(b"localhost")), "TLS 1.3": hello(server_name(b"localhost"), *NEWER)}
    found = {}
    for name, body in right.items():
        for size in (1, 2, 100):
            found[f"{name} in records of {size} bytes"] = Shot(in_records(body, size), answered=HANDSHAKE)
    found["two hellos"] = Shot(in_records(right["TLS 1.2"]) * 2)
    found["a hello, and a message of another kind in the same record"] = Shot(record(HANDSHAKE, right["TLS 1.2"] + message(24, b"\0")))
    found["a hello with data among its records"] = Shot(
        record(HANDSHAKE, right["TLS 1.2"][:50], 0x0301) + record(DATA, b"x") + record(HANDSHAKE, right["TLS 1.2"][50:]))
    return found


def changed(count):
    dice = random.Random(3)
    right = (hello(server_name(b"localhost"), alpn(b"drill")), hello(server_name(b"localhost"), alpn(b"drill"), *NEWER))
    return {f"a changed hello, {number}": Shot(in_records(random_changes(dice, right[number % 2])))
            for number in range(count)}


def everything(changes):
    """All of them, and so many hellos that were changed by chance."""
    return {**record_types(), **headers(), **lengths(), **other_protocols(), **hellos(), **fragments(), **changed(changes)}
