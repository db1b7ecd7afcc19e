"""Heap allocations per request, counted by a library put in front of the allocator."""

import struct
import subprocess
import time

from harness import servers
from harness.process import Trouble

from . import subject
from .subject import Figure

TOOLS = (servers.CC,)
SHIM = subject.BUILD / "heap.so"
COUNTS = subject.BUILD / "heap.counts"
ADVICE = ("`gdb -p PID -ex 'break malloc' -ex continue` on a warm server, then one request and"
          " `bt`, names the line")


def prepare():
    source = servers.ROOT / "gate" / "heap.c"
    subprocess.run([servers.CC, "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", str(SHIM),
                    str(source)], check=True)


def read():
    allocations, releases, is_shared = struct.unpack("QQQ", COUNTS.read_bytes()[:24])
    if not is_shared:
        raise Trouble("its allocations are not seen: is it linked statically?")
    return allocations, releases


def settled():
    """The counters once the server has dealt with the closing of the last connections."""
    before = read()
    while True:
        time.sleep(0.1)
        now = read()
        if now == before:
            return now
        before = now


def figures(command, name, cell):
    """After warming up: allocations for each request, and blocks that each leaves behind."""
    COUNTS.write_bytes(bytes(4096))
    preload = {"LD_PRELOAD": str(SHIM), "HEAP_COUNTS": str(COUNTS)}
    with subject.serving(command, environment=preload) as server:
        server.load(cell, cell.many)
        at = [settled()]
        for count in (cell.few, cell.many):
            server.load(cell, count)
            at.append(settled())
    (a0, r0), (a1, r1), (a2, r2) = at
    allocations = cell.slope(a1 - a0, a2 - a1)
    left = cell.slope((a1 - r1) - (a0 - r0), (a2 - r2) - (a1 - r1))
    for what, value in (("allocations", allocations), ("blocks left", left)):
        yield Figure("heap", f"{name} {cell.name}", what, cell.unit, value, ADVICE)
