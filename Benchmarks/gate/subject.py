"""What the gates measure: a server, started plainly or under a tool, and an exact load on it."""

import contextlib
import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness import servers
from harness.process import Ports, Trouble, last_words, pinned, wait_for_greeting

BUILD = servers.BUILD / "gates"
PATIENCE = 120  # seconds; for whatever should take a few and is slowed by a tool or a busy machine


class Missing(Trouble):
    """What this machine lacks; a gate is then skipped."""


# One processor for the server, its tool and the load. A waiting server then never takes the first
# request of a round while the load is still sending the second: counts repeat, busy machine or not.
PROCESSOR = min(os.sched_getaffinity(0))
ports = Ports()


@dataclass(frozen=True)
class Cell:
    """What the clients do; `few` and `many` are how often, in the two runs a slope is taken from.

    Both are whole rounds of the 64 connections, so that no round is cut short."""

    name: str
    unit: str  # of which figures are counted
    options: tuple
    few: int
    many: int

    def slope(self, at_few, at_many):
        """The figure per request. Start-up, set-up and end are in both runs and cancel out."""
        return (at_many - at_few) / (self.many - self.few)


C64 = Cell("c64", "request", ("--connections", "64"), 640, 13440)
S16384 = Cell("s16384", "request", ("--connections", "64", "--payload", "16384"), 640, 1920)
CHURN = Cell("churn", "connection", ("--connections", "64", "--churn"), 640, 3840)


@dataclass(frozen=True)
class Figure:
    """Something counted."""

    gate: str
    where: str  # server and cell
    what: str
    unit: str  # of which it is counted
    value: float
    advice: str  # what to do when it has grown

    @property
    def name(self):
        return f"{self.where}: {self.what} per {self.unit}"


def switchboard(program, backend, *options):
    return [str(program), "serve", "--protocol", "frames", "--backend", backend,
            "--host", "127.0.0.1", "--log-level", "error", *options, "--port"]


@dataclass(frozen=True)
class Running:
    pid: int  # the server's own, not that of a tool around it
    port: int

    def load(self, cell, count):
        """Exactly `count` requests, every reply byte checked."""
        argv = [str(servers.LOAD), *cell.options, "--requests", str(count), "127.0.0.1",
                str(self.port)]
        try:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE,
                                  preexec_fn=pinned(PROCESSOR))
        except subprocess.TimeoutExpired as error:
            raise Trouble("the load did not end in time") from error
        if done.returncode:
            raise Trouble(done.stderr.strip()[-200:] or f"the load ended with {done.returncode}")


def child_of(pid):
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def terminate(pid):
    os.kill(pid, signal.SIGTERM)


@contextlib.contextmanager
def serving(command, tool=(), is_child=False, environment=None, ask_to_end=terminate):
    """A server from its first greeting to its orderly end, which tools need for their report.

    `is_child`: the tool runs the server as a child of its own, rather than becoming it."""
    port = ports.free()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [*tool, *command, str(port)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=errors, start_new_session=True, preexec_fn=pinned(PROCESSOR),
            env={**os.environ, **(environment or {})})
        try:
            wait_for_greeting(process, port, errors, PATIENCE)
            pid = child_of(process.pid) if is_child else process.pid
            yield Running(pid, port)
            ask_to_end(pid)
            # The peers do not catch the signal.
            if process.wait(PATIENCE) not in (0, -signal.SIGTERM, 128 + signal.SIGTERM):
                raise Trouble(f"the server ended with {process.returncode}: {last_words(errors)}")
        except subprocess.TimeoutExpired as error:
            raise Trouble("the server did not end") from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
