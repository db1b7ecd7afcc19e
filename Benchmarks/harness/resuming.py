"""A client that comes again: each connection takes up the session of the one before, by TLS 1.2, has a message echoed and
ends in order. For some seconds, with several connections at a time; it prints how many there were.

    python3 -m harness.resuming PORT AUTHORITY SECONDS"""

import contextlib
import socket
import ssl
import sys
import threading
import time

from .process import Trouble

AT_ONCE = 8
MESSAGE = bytes(range(64))


def connection(context, port, session):
    """One of them: its session, for the next one."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    with context.wrap_socket(plain, server_hostname="localhost", session=session) as secure:
        if session and not secure.session_reused:
            raise Trouble("a session was not taken up again")
        secure.sendall(MESSAGE)
        echo = b""
        while len(echo) < len(MESSAGE):
            more = secure.recv(len(MESSAGE))
            if not more:
                raise Trouble(f"the end came after {len(echo)} bytes")
            echo += more
        if echo != MESSAGE:
            raise Trouble("the echo is another one")
        kept = secure.session
        # Not all answer the end in kind.
        with contextlib.suppress(OSError):
            secure.unwrap()
    return kept


def one_after_another(context, port, end, counts, troubles):
    try:
        count, session = 0, connection(context, port, None)
        while time.monotonic() < end and not troubles:
            session = connection(context, port, session)
            count += 1
        counts.append(count)
    except (OSError, Trouble) as trouble:
        troubles.append(trouble)


def main(port, authority, seconds):
    context = ssl.create_default_context(cafile=authority)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    counts, troubles = [], []
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=one_after_another, args=(context, port, end, counts, troubles)) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if troubles:
        sys.exit(f"resuming: {troubles[0]}")
    print(sum(counts))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
