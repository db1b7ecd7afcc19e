"""A server's life: start it pinned, wait until it greets, end it. Nothing else is ever ended."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time


SERVER_CPU, LOAD_CPU = 0, 1


class Trouble(Exception):
    """A run that failed, and why."""


class Ports:
    """Ports of 127.0.0.1 nobody listens on. Below the ephemeral range, so that none of the
    load's own connections can hold one."""

    def __init__(self, first=20000, last=29999):
        self.first, self.last, self.next = first, last, first + os.getpid() % 5000

    def free(self):
        for _ in range(self.last - self.first):
            self.next = self.next + 1 if self.next < self.last else self.first
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with contextlib.suppress(OSError):
                    probe.bind(("127.0.0.1", self.next))
                    return self.next
        raise Trouble("no free port")


def lack_of_processors():
    """Why a server and its load cannot have one each; None where they can."""
    if {SERVER_CPU, LOAD_CPU} <= os.sched_getaffinity(0):
        return None
    return "needs processors 0 and 1, one for the server and one for the load"


def pinned(cpus):
    """For a child about to start: a processor, or a set of them; None leaves it where it is."""
    if cpus is None:
        return None
    allowed = cpus if isinstance(cpus, set) else {cpus}
    return lambda: os.sched_setaffinity(0, allowed)


def last_words(file):
    file.seek(0)
    text = file.read().decode(errors="replace").strip()
    return text.splitlines()[-1][-200:] if text else "it said nothing"


def wait_for_greeting(process, port, errors, patience=10, greets=True):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if process.poll() is not None:
            raise Trouble(f"the server ended with {process.returncode}: {last_words(errors)}")
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
                if not greets or probe.recv(1) == b"*":
                    return
        time.sleep(0.02)
    raise Trouble(f"no greeting within {patience} s: {last_words(errors)}")


@contextlib.contextmanager
def running(server, port, cpu=None):
    """The server's process, from its first greeting to its end.

    It has a session of its own: Ctrl-C reaches the harness alone, which then ends the server,
    and with it whatever the server started.
    """
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                [*server.command, str(port)], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
                preexec_fn=pinned(cpu))
        except OSError as error:
            raise Trouble(f"the server did not start: {error}") from error
        try:
            wait_for_greeting(process, port, errors, greets=server.greets)
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
