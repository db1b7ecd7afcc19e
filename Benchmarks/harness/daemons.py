"""Servers of several kinds, each on one processor, and what they used of it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from .process import SERVER_CPU, Trouble, lack_of_processors, pinned

TICKS = os.sysconf("SC_CLK_TCK")
NO_RING = 425  # io_uring_setup


def require(tools):
    """That there are these programs, by Debian's packages, and a processor for each side."""
    for tool, package in tools.items():
        if not shutil.which(tool):
            raise Trouble(f"there is no {tool} here; Debian's package is called {package}")
    if lack := lack_of_processors():
        raise Trouble(f"it {lack}")


def command(name, main):
    """Runs a program's `main`; what goes wrong is told in one line."""
    # As an exception it passes through the code that ends the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(f"{name}: terminated"))
    try:
        main()
    except Trouble as trouble:
        sys.exit(f"{name}: {trouble}")
    except KeyboardInterrupt:
        sys.exit(f"{name}: interrupted")


def without_ring():
    """For a child about to start: io_uring is refused it, so that it takes epoll."""
    import ctypes
    import struct
    # Load the call's number; if it is that one answer EPERM, else allow.
    code = [(0x20, 0, 0, 0), (0x15, 0, 1, NO_RING), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    head = ctypes.create_string_buffer(struct.pack("HL", len(code), ctypes.addressof(program)))
    libc = ctypes.CDLL(None, use_errno=True)
    set_no_new_privileges, set_filter, mode = 38, 22, 2
    if libc.prctl(set_no_new_privileges, 1, 0, 0, 0) or libc.prctl(set_filter, mode, head, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def cpu_seconds(pid):
    """Processor time that a process has used, the kernel's part with it, in ticks of a hundredth."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def start(command, prepare=None, folder=None):
    pin = pinned(SERVER_CPU)

    def prepared():
        pin()
        if prepare:
            prepare()
    return subprocess.Popen(
        command, preexec_fn=prepared, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
