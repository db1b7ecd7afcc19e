"""Clients, made of plain sockets: each reply is checked."""

import random
import select
import selectors
import socket
import struct
import time

from .register import must

PATIENCE = 10.0


def replies(data, inside=False):
    """What the frames protocol answers to a stream."""
    answer = bytearray()
    for byte in data:
        if inside and byte == 0x24:
            inside = False
        elif inside:
            answer.append((byte + 1) & 0xFF)
        elif byte == 0x5E:
            inside = True
    return bytes(answer)


class Peer:
    """A blocking connection; nothing waits longer than ten seconds."""

    def __init__(self, server, source=None, receive=None, host="127.0.0.1", greeted=False):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family)
        self.socket.settimeout(PATIENCE)
        if receive:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect((host, server.port))
        self.sent, self.unread = self.socket.sendall, bytearray()
        if greeted:
            self.greeted()

    def greeted(self):
        must(self.take(1) == b"*", "no greeting")
        return self

    def take(self, count):
        """Exactly so many bytes; fewer only at the end of the stream."""
        while len(self.unread) < count and self.more():
            pass
        return self.cut(count)

    def more(self):
        """Receives what there is, or waits for it: whether it was not the end."""
        self.unread += (some := self.socket.recv(65536))
        return bool(some)

    def cut(self, count):
        data = bytes(self.unread[:count])
        del self.unread[:count]
        return data

    def ask(self, frame):
        """A frame and its reply, checked."""
        self.socket.sendall(frame)
        wanted = replies(frame)
        got = self.take(len(wanted))
        must(got == wanted, f"{frame!r} was answered by {got!r}")

    def line(self, text):
        """A line and the one that answers it."""
        self.socket.sendall(text if isinstance(text, bytes) else text.encode() + b"\n")
        return self.next_line()

    def next_line(self):
        while (end := self.unread.find(b"\n")) < 0 and self.more():
            pass
        return self.cut(end + 1 if end >= 0 else len(self.unread))

    def to_end(self):
        """All to the end of the stream, and how that came: "end" or "reset"."""
        try:
            while self.more():
                pass
        except ConnectionResetError:
            return self.cut(len(self.unread)), "reset"
        return self.cut(len(self.unread)), "end"

    def fill(self, data):
        """Sends without waiting until nothing more is taken; how much that was."""
        self.socket.setblocking(False)
        total = 0
        try:
            while True:
                total += self.socket.send(data)
        except (BlockingIOError, ConnectionError):
            return total
        finally:
            self.socket.settimeout(PATIENCE)

    def finish(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def open_many(server, count, greeted=True, source=None):
    """Many connections at once, each greeted."""
    peers = [Peer(server, source=source) for _ in range(count)]
    if greeted:
        for peer in peers:
            peer.greeted()
    return peers


def close_all(peers, reset=True):
    """With resets, which leave no port waiting."""
    for peer in peers:
        peer.reset() if reset else peer.close()


def pings(peers, count, message=b"^ping$", answer=b"qjoh"):
    """Round trips of a small message, one at a time, over all of them in turn: their durations."""
    durations = []
    for number in range(count):
        data = peers[number % len(peers)].socket
        begin = time.perf_counter()
        data.sendall(message)
        reply = data.recv(64)
        while len(reply) < len(answer) and (more := data.recv(64)):
            reply += more
        durations.append(time.perf_counter() - begin)
        must(reply == answer, f"{message!r} was answered by {reply!r}")
    return durations


def barrier(peer, turns=2):
    """The server has gone through its loop so often since: what came before has been received."""
    for _ in range(turns):
        peer.ask(b"^b$")


class Echoing:
    """Many connections to the echo server, each sending a random block, and the next one when it has
    come back the same."""

    def __init__(self, server, count, seed=1, most=16384):
        self.random = random.Random(seed)
        self.pool, self.most = self.random.randbytes(1 << 18), most
        self.peers = [Peer(server) for _ in range(count)]
        self.selector = selectors.DefaultSelector()
        self.blocks = self.bytes = 0
        for peer in self.peers:
            peer.socket.setblocking(False)
            self.selector.register(peer.socket, selectors.EVENT_READ, peer)
            self.begin(peer)

    def begin(self, peer):
        size = self.random.choice((1, 7, 100, 1000, self.most))
        start = self.random.randrange(len(self.pool) - size)
        peer.wanted = self.pool[start:start + size]
        peer.got, peer.unsent = bytearray(), memoryview(peer.wanted)
        self.send(peer)

    def send(self, peer):
        try:
            peer.unsent = peer.unsent[peer.socket.send(peer.unsent):]
        except BlockingIOError:
            pass
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if peer.unsent else 0)
        if self.selector.get_key(peer.socket).events != events:
            self.selector.modify(peer.socket, events, peer)

    def run(self, seconds):
        """Goes on so long, then finishes what is under way."""
        deadline = time.monotonic() + seconds
        open_peers = len(self.peers)
        while open_peers:
            ready = self.selector.select(PATIENCE)
            must(ready, f"{open_peers} blocks did not come back in {PATIENCE:.0f} s")
            for key, events in ready:
                peer = key.data
                if events & selectors.EVENT_WRITE:
                    self.send(peer)
                if events & selectors.EVENT_READ and self.receive(peer):
                    if time.monotonic() < deadline:
                        self.begin(peer)
                    else:
                        self.selector.unregister(peer.socket)
                        peer.close()
                        open_peers -= 1

    def receive(self, peer):
        """Whether the whole block is back."""
        peer.got += (some := peer.socket.recv(65536))
        must(some, "the server closed in the middle of a block")
        if len(peer.got) < len(peer.wanted):
            return False
        must(peer.got == peer.wanted, "other bytes came back")
        self.blocks += 1
        self.bytes += len(peer.got)
        return True


def readable(sockets, seconds):
    """Those that have something to receive."""
    poller = select.poll()
    by_number = {one.fileno(): one for one in sockets}
    for number in by_number:
        poller.register(number, select.POLLIN)
    return [by_number[number] for number, _ in poller.poll(seconds * 1000)]
