"""C7: a file to those that read slowly, and to one that goes on while the server drains."""

import errno
import shlex
import signal
import tempfile
from pathlib import Path

from kit.figures import micro
from kit.means import filter_call
from kit.peers import Peer, close_all
from kit.register import Skip, drill, eventually, must
from kit.server import Server

IO_URING_SETUP = 425
SIZE = 256 << 20
REQUEST = b"GET /file HTTP/1.1\r\n\r\n"


@drill("C7", "a file to slow readers", backends=("epoll", "io_uring"))
def slow_readers(at):
    path = Path(at.program).parent / "file-server"
    if not path.is_file():
        raise Skip("no file-server beside the program (swift build --product file-server)")
    prepare = filter_call(IO_URING_SETUP, errno.EPERM) if at.backend == "epoll" else None
    with tempfile.TemporaryDirectory() as folder:
        with open(Path(folder, "file"), "wb") as file:
            file.truncate(SIZE)
        command = ["sh", "-c", f"cd {shlex.quote(folder)} && exec {shlex.quote(str(path))} 0"]
        with Server(at.program, command=command, prepare=prepare) as server:
            nobody_waits(at, server)
            goes_on(at, server)


def asking(server, **how):
    peer = Peer(server, **how)
    peer.socket.sendall(REQUEST)
    return peer


def head(peer):
    """The head of a reply: the length that it tells."""
    while peer.unread.find(b"\r\n\r\n") < 0 and peer.more():
        pass
    text = peer.cut(peer.unread.find(b"\r\n\r\n") + 4)
    must(text.startswith(b"HTTP/1.1 200 OK\r\n"), f"answered by {text[:60]!r}")
    return int(text.split(b"Content-Length: ")[1].split(b"\r\n")[0])


def nobody_waits(at, server):
    """Those that read nothing cost neither memory nor the processor, and hold up nobody."""
    count = at.pick(100, 1000)
    fds, before = server.descriptors(), server.rss()
    peers = [asking(server, receive=4096) for _ in range(count)]
    for peer in peers:
        must(head(peer) == SIZE, "another length was told")
    grown = (server.rss() - before) / count
    busy = server.load(0.5)
    # Tables are touched for the first time: of few peers that is much.
    must(grown <= 16384, f"each of {count} slow readers costs {grown:.0f} bytes")
    must(busy < 0.05, f"{busy:.0%} of a processor while nobody reads")
    other = Peer(server)
    other.socket.sendall(REQUEST.replace(b"GET", b"HEAD") * 2)
    must(head(other) == head(other) == SIZE, "another is not answered")
    close_all([*peers, other])
    eventually(lambda: server.descriptors() == fds, 5, lambda: f"{server.descriptors() - fds} descriptors are left")
    at.tell(f"{count} slow readers of 256 MiB: {grown:.0f} bytes each, {busy:.1%} of a processor")


def goes_on(at, server):
    """A file that is on its way is sent to its end by a server that is told to end."""
    peer = asking(server)
    must(head(peer) == SIZE, "another length was told")
    server.signal(signal.SIGTERM)
    left, buffer = SIZE - len(peer.unread), bytearray(1 << 20)
    while left > 0 and (some := peer.socket.recv_into(buffer)):
        must(not any(buffer[:some:4096]), "a byte was wrong")
        left -= some
    must(left == 0, f"{left} bytes of the file are missing")
    must(peer.socket.recv(1) == b"", "something came behind the file")
    close_all([peer])
    code, seconds = server.wait(5)
    must(code == 0, f"exit {code}: {server.tail()}")
    at.tell(f"sent to its end in a drain, which took {micro(seconds)} more")
