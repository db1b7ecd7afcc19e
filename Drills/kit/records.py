"""TLS as bytes: hellos and records made by hand, also sealed ones that no library would send."""

import ctypes
import hmac
import socket
import ssl
import struct
import tempfile

from .register import Skip, must
from .secret import NUMBERS, PATIENCE

CHANGE_CIPHER, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
SUITE = "ECDHE-ECDSA-AES256-GCM-SHA384"


def record(kind, body, version=0x0303, length=None):
    """With a length that may be another one than it has."""
    return struct.pack("!BHH", kind, version, len(body) if length is None else length) + body


def message(kind, body, length=None):
    return bytes([kind]) + struct.pack("!I", len(body) if length is None else length)[1:] + body


def extension(kind, body, length=None):
    return struct.pack("!HH", kind, len(body) if length is None else length) + body


def listed(body, width=2):
    return len(body).to_bytes(width, "big") + body


def server_name(name, kind=0):
    return extension(0, listed(bytes([kind]) + listed(name)))


def alpn(*names):
    return extension(16, listed(b"".join(listed(name, 1) for name in names)))


def groups():
    return extension(10, listed(bytes.fromhex("001d0017")))


USUAL = [groups(), extension(11, b"\x01\x00"), extension(13, listed(bytes.fromhex("040308040401050308050501"))),
         extension(23, b"")]
NEWER = [extension(43, listed(bytes.fromhex("0304"), 1)),
         extension(51, listed(bytes.fromhex("001d") + listed(bytes(range(1, 33))))), extension(45, b"\x01\x01")]


def hello(*more, version=0x0303, session=b"", ciphers=bytes.fromhex("13021301c02cc02bc030c02f"), compression=b"\0",
          extensions=None, extensions_length=None):
    """A client's hello, as a message; of TLS 1.3 with `*NEWER` among what is added."""
    parts = b"".join(USUAL + list(more)) if extensions is None else extensions
    count = len(parts) if extensions_length is None else extensions_length
    return message(1, struct.pack("!H", version) + bytes(range(32)) + listed(session, 1) + listed(ciphers)
                   + listed(compression, 1) + struct.pack("!H", count) + parts)


def in_records(body, size=16384, version=0x0301):
    return b"".join(record(HANDSHAKE, body[place:place + size], version) for place in range(0, len(body), size))


# -------------------------------------------------------------------------------- sealed by hand

def library():
    for name in ("libcrypto.so.3", "libcrypto.so"):
        try:
            found = ctypes.CDLL(name)
            break
        except OSError:
            continue
    else:
        raise Skip("no libcrypto to seal records with")
    for name in ("EVP_CIPHER_CTX_new", "EVP_aes_256_gcm"):
        getattr(found, name).restype = ctypes.c_void_p
    return found


class Sealer:
    """AES-256-GCM, as records have it."""

    def __init__(self, key):
        self.crypto, self.key = library(), key
        self.context = ctypes.c_void_p(self.crypto.EVP_CIPHER_CTX_new())
        self.cipher = ctypes.c_void_p(self.crypto.EVP_aes_256_gcm())

    def seal(self, nonce, plain, beside):
        out, count, tag = ctypes.create_string_buffer(len(plain) + 16), ctypes.c_int(), ctypes.create_string_buffer(16)
        call = self.crypto
        call.EVP_EncryptInit_ex(self.context, self.cipher, None, self.key, nonce)
        call.EVP_EncryptUpdate(self.context, None, ctypes.byref(count), beside, len(beside))
        if plain:
            call.EVP_EncryptUpdate(self.context, out, ctypes.byref(count), plain, len(plain))
        last = ctypes.create_string_buffer(16)
        call.EVP_EncryptFinal_ex(self.context, last, ctypes.byref(count))
        call.EVP_CIPHER_CTX_ctrl(self.context, 0x10, 16, tag)
        return out.raw[:len(plain)] + tag.raw


def expand(secret, label, count, context=b""):
    """HKDF-Expand-Label of RFC 8446, 7.1."""
    info = struct.pack("!H", count) + listed(b"tls13 " + label, 1) + listed(context, 1)
    return hmac.digest(secret, info + b"\x01", "sha384")[:count]


def prf(secret, label, seed, count):
    """Of TLS 1.2 (RFC 5246, 5)."""
    seed, out = label + seed, b""
    a = seed
    while len(out) < count:
        a = hmac.digest(secret, a, "sha384")
        out += hmac.digest(secret, a + seed, "sha384")
    return out[:count]


class Spoken:
    """A connection whose hands were shaken, by Python's TLS; what it sends from then on is sealed by hand. What comes is
    not opened any more."""

    def __init__(self, authority, port, version):
        self.version, self.count = version, 0
        self.keys = tempfile.NamedTemporaryFile("r")
        made = ssl.create_default_context(cafile=str(authority.file))
        made.minimum_version = made.maximum_version = NUMBERS[version]
        made.keylog_filename = self.keys.name
        if version == "1.2":
            made.set_ciphers(SUITE)
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.into, self.out_of = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.wire = b""
        self.speaker = made.wrap_bio(self.into, self.out_of, server_hostname="localhost")
        self.shake()
        self.derive()

    def shake(self):
        """In TLS 1.2 up to our Finished, whose answer is waited for; in 1.3 up to ours, which the server has then."""
        while True:
            try:
                self.speaker.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.send_out()
                some = self.socket.recv(65536)
                must(some, "no handshake came about")
                self.wire += some
                self.into.write(some)
        self.send_out()
        self.count = 1 if self.version == "1.2" else 0

    def send_out(self):
        if data := self.out_of.read():
            self.socket.sendall(data)

    def derive(self):
        lines = [line.split() for line in self.keys.read().splitlines()]
        found = {fields[0]: (bytes.fromhex(fields[1]), bytes.fromhex(fields[2])) for fields in lines if len(fields) == 3}
        self.keys.close()
        if self.version == "1.3":
            return self.use(found["CLIENT_TRAFFIC_SECRET_0"][1])
        client, master = found["CLIENT_RANDOM"]
        # The server's own random bytes are those of its hello, the first record that came.
        server = self.wire[11:43]
        block = prf(master, b"key expansion", server + client, 72)
        self.sealer, self.iv = Sealer(block[:32]), block[64:68]

    def use(self, secret):
        must(self.speaker.cipher()[0] == "TLS_AES_256_GCM_SHA384", f"another cipher: {self.speaker.cipher()[0]}")
        self.secret, self.count = secret, 0
        self.sealer, self.iv = Sealer(expand(secret, b"key", 32)), expand(secret, b"iv", 12)

    def sealed(self, kind, plain):
        number = self.count.to_bytes(8, "big")
        self.count += 1
        if self.version == "1.2":
            beside = number + struct.pack("!BHH", kind, 0x0303, len(plain))
            return record(kind, number + self.sealer.seal(self.iv + number, plain, beside))
        nonce = bytes(a ^ b for a, b in zip(self.iv, bytes(4) + number))
        plain += bytes([kind])
        beside = struct.pack("!BHH", DATA, 0x0303, len(plain) + 16)
        return beside + self.sealer.seal(nonce, plain, beside)

    def key_update(self, asks=False):
        made = self.sealed(HANDSHAKE, message(24, bytes([asks])))
        self.use(expand(self.secret, b"traffic upd", 48))
        return made


def random_changes(dice, body, most=4):
    """The same with a few bytes changed, taken out or put in."""
    changed = bytearray(body)
    for _ in range(dice.randrange(1, most + 1)):
        place = dice.randrange(len(changed))
        how = dice.randrange(3)
        if how == 0:
            changed[place] = dice.randrange(256)
        elif how == 1:
            del changed[place:place + dice.randrange(1, 9)]
        else:
            changed[place:place] = dice.randbytes(dice.randrange(1, 9))
        if not changed:
            changed = bytearray(b"\0")
    return bytes(changed)
