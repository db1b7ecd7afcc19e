"""Programs of others that listen, started for a drill and ended with it."""

import contextlib
import socket
import subprocess
import time
from pathlib import Path

from .register import Fail

LISTEN = "0A"
PATIENCE = 20.0


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def listens(port):
    """Whether somebody listens there, found out without connecting."""
    for name in ("tcp", "tcp6"):
        with open(f"/proc/net/{name}") as table:
            next(table)
            for line in table:
                fields = line.split()
                if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    return True
    return False


@contextlib.contextmanager
def running(command, port, folder, seconds=PATIENCE):
    """A program that listens on a port, from then on to the end of the block."""
    log = Path(folder, f"{Path(str(command[0])).name}-{port}.log")
    with open(log, "wb") as said:
        child = subprocess.Popen([str(one) for one in command], stdin=subprocess.DEVNULL, stdout=said,
                                 stderr=subprocess.STDOUT, cwd=folder)
    try:
        deadline = time.monotonic() + seconds
        while not listens(port):
            if child.poll() is not None or time.monotonic() > deadline:
                raise Fail(f"{command[0]} does not listen: {log.read_text(errors='replace').strip()[-300:]}")
            time.sleep(0.01)
        yield child
    finally:
        # Its own children, if it has some, end with it or with the drill.
        child.terminate()
        try:
            child.wait(2)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
