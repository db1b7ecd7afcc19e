"""Commands run to their end, whose standard streams, limits and surroundings a drill chooses."""

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import time
from dataclasses import dataclass

from .means import LIBC
from .register import Skip, is_root, must

CLONE_NEWNS = 0x20000
MS_REC_PRIVATE = 0x4000 | 0x40000
MS_RDONLY, MS_REMOUNT = 1, 32
MNT_DETACH = 2
F_SETPIPE_SZ = 1031


@dataclass
class Ended:
    code: object
    out: bytes
    err: bytes

    def line(self):
        """What it said on standard error, which must be one line."""
        text = self.err.decode(errors="replace")
        must(text.endswith("\n") and text.count("\n") == 1, f"not one line: {text[:300]!r}")
        return text.rstrip("\n")


def run(command, seconds=20, closed=(), prepare=None, **streams):
    """Runs a command to its end; a code of 'hangs' is one that had to be killed."""
    def before():
        if prepare:
            prepare()
        for number in closed:
            os.close(number)
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
               **streams}
    child = subprocess.Popen(command, preexec_fn=before, start_new_session=True, **streams)
    try:
        out, err = child.communicate(timeout=seconds)
        return Ended(child.returncode, out or b"", err or b"")
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        out, err = child.communicate()
        return Ended("hangs", out or b"", err or b"")


def must_end(ended, code, what):
    """Ended with this code, and neither hanging nor by a trap."""
    must(ended.code == code, f"{what}: exit {ended.code} and not {code}, "
                             f"{ended.err.decode(errors='replace')[:300]!r}")


def must_refuse(ended, what, *words):
    """Ended with a code that tells of a failure, and with one line that names it."""
    must(isinstance(ended.code, int) and ended.code in (1, 64), f"{what}: exit {ended.code}, "
         f"{ended.err.decode(errors='replace')[:300]!r}")
    line = ended.line()
    for word in words:
        must(word in line, f"{what}: '{word}' is not in '{line}'")
    return line


def small_pipe():
    """A pipe that holds 4 KiB."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, F_SETPIPE_SZ, 4096)
    return reading, writing


def read_all(descriptor):
    pieces = []
    while piece := os.read(descriptor, 65536):
        pieces.append(piece)
    return b"".join(pieces)


def wait(child, seconds):
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        return "hangs"


# ----------------------------------------------------------------------- file systems of one's own

def own_mounts():
    """From here on what this process mounts is seen by it and what it starts alone."""
    if not is_root():
        raise Skip("no root: no file systems of its own")
    if LIBC.unshare(CLONE_NEWNS) != 0:
        raise Skip("no file systems of its own: unshare is refused")
    if LIBC.mount(None, b"/", None, MS_REC_PRIVATE, None) != 0:
        raise Skip("no file systems of its own: mount is refused")


def mount_memory(path, options="size=64k", flags=0):
    """A file system in memory; small, if nothing else is said."""
    os.makedirs(path, exist_ok=True)
    if LIBC.mount(b"tmpfs", str(path).encode(), b"tmpfs", flags, options.encode()) != 0:
        raise Skip(f"tmpfs cannot be mounted: {os.strerror(ctypes.get_errno())}")


def make_read_only(path):
    must(LIBC.mount(None, str(path).encode(), None, MS_REMOUNT | MS_RDONLY, None) == 0,
         "a file system cannot be made read-only")


@contextlib.contextmanager
def unmounting(*paths):
    """Takes them away again, so that the folder they are in can be removed."""
    try:
        yield
    finally:
        for path in paths:
            LIBC.umount2(str(path).encode(), MNT_DETACH)


def until(holds, seconds, what):
    deadline = time.monotonic() + seconds
    while not holds():
        must(time.monotonic() < deadline, what() if callable(what) else what)
        time.sleep(0.01)
