"""A frames server that loses exactly one request: what an instrument must find is known."""

import socket
import threading
from contextlib import contextmanager, suppress

SWALLOWS, CLOSES = "one swallowed", "one closed"
ANSWERED = 5  # requests on the unlucky connection before it happens
RECEIVE = 4096


def answers(data):
    """Replies to whole frames, and the bytes of a frame that is not whole yet."""
    *frames, rest = data.split(b"$")
    replies = [bytes((byte + 1) % 256 for byte in frame[1:]) for frame in frames]
    return replies, rest


def serve(client, is_unlucky, way):
    rest, served = b"", 0
    with suppress(OSError), client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(b"*")
        while data := client.recv(RECEIVE):
            replies, rest = answers(rest + data)
            for reply in replies:
                if is_unlucky and served == ANSWERED:
                    if way == CLOSES:
                        return
                    continue
                client.sendall(reply)
                served += 1


def accept(listener, way):
    unlucky = True
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client, unlucky, way), daemon=True).start()
            unlucky = False


@contextmanager
def losing(way):
    """Its port. The first connection is the unlucky one: after some replies it swallows what comes,
    or is closed at the next request. All others are served."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        acceptor = threading.Thread(target=accept, args=(listener, way), daemon=True)
        acceptor.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        acceptor.join()
