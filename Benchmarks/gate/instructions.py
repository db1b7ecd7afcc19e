"""Instructions per request in the server's own code, counted by valgrind.

The tool interprets every instruction, so the figure is the same on a fast and on a busy machine.
It depends on the compiler and on the C library's choice of string functions: hence the margin."""

import contextlib
import ctypes
import os
import re
import subprocess
from pathlib import Path

from harness.process import Trouble

from . import calls, subject
from .subject import Figure

TOOLS = ("valgrind", "strace")

PIDFD_GETFD = 438  # on every processor; Python has no name for it
system_call = ctypes.CDLL(None, use_errno=True).syscall


def wake(pid):
    """Asks the server to end. Valgrind takes io_uring_enter for a call that cannot block, and runs no
    handler of a signal while the server is in it. So this also writes what the handler would write,
    into the server's event descriptors."""
    subject.terminate(pid)
    # Where the handler ran, the server is closing them, or has ended.
    with contextlib.suppress(OSError):
        process = os.pidfd_open(pid)
        try:
            for entry in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    if os.readlink(entry) == "anon_inode:[eventfd]":
                        write_one(process, int(entry.name))
        finally:
            os.close(process)


def write_one(process, theirs):
    ours = system_call(PIDFD_GETFD, process, theirs, 0)
    if ours >= 0:
        os.eventfd_write(ours, 1)
        os.close(ours)


def count(command, name, cell, requests):
    report = subject.BUILD / f"{name}-{cell.name}.callgrind"
    tool = [*calls.LATE_WAITS, "valgrind", "--tool=callgrind", "--quiet",
            f"--callgrind-out-file={report}"]
    # Without debug information: some of what clang writes of C files valgrind cannot read, and
    # gives up. The code is the same.
    plain = subject.BUILD / f"{name}-{cell.name}.stripped"
    subprocess.run(["strip", "-g", "-o", plain, command[0]], check=True)
    with subject.serving([str(plain), *command[1:]], tool, is_child=True,
                         ask_to_end=wake) as server:
        server.load(cell, requests)
    total = re.search(r"^(?:summary|totals): (\d+)", report.read_text(), re.MULTILINE)
    if not total:
        raise Trouble(f"no total in {report}")
    return int(total[1])


def figures(command, name, cell):
    few = count(command, name, cell, cell.few)
    many = count(command, name, cell, cell.many)
    advice = (f"`callgrind_annotate Benchmarks/.build/gates/{name}-{cell.name}.callgrind` tells"
              " where; more than twice as many: the loops over bytes are no longer vectors")
    yield Figure("instructions", f"{name} {cell.name}", "instructions", cell.unit,
                 cell.slope(few, many), advice)
