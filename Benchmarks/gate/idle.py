"""Resident bytes per idle connection, from the kernel's books."""

import contextlib
import resource
import time
from pathlib import Path

from harness.check import connect, expect
from harness.process import Trouble

from . import subject
from .subject import Figure, Missing

TOOLS = ()
FIRST, MORE = 1_000, 10_000  # the first ones pay for what is there once
LIMITS = ("--idle-timeout", "10m", "--max-connections", "12000", "--outbox-limit", "1m",
          "--high-watermark", "64k")
ADVICE = "an idle connection should hold its slot, its session and its timer's place alone"


def resident(pid):
    """In bytes. Counted page by page: the figure in `status` is off by up to 64 pages each
    processor."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) << 10
    raise Trouble("the kernel does not tell its memory")


def settled(pid):
    before = resident(pid)
    while True:
        time.sleep(0.1)
        now = resident(pid)
        if now == before:
            return now
        before = now


def raise_descriptor_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < FIRST + MORE + 100:
        raise Missing(f"needs {FIRST + MORE + 100:,} descriptors, `ulimit -Hn` allows {hard:,}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def figures(command, name):
    raise_descriptor_limit()
    with contextlib.ExitStack() as clients, subject.serving(command) as server:
        def open_greeted(count):
            for _ in range(count):
                expect(clients.enter_context(connect(server.port)), b"*")

        server.load(subject.CHURN, subject.CHURN.few)  # the code that serves is in memory
        open_greeted(FIRST)
        before = settled(server.pid)
        open_greeted(MORE)
        grown = settled(server.pid) - before
        clients.close()  # before the server ends, which would wait for them
    yield Figure("idle", f"{name} idle", "bytes", "connection", grown / MORE, ADVICE)
