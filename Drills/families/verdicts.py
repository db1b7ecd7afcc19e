"""V: what the laboratory says where the machine is against it: undecided and why, and never wrong."""

import contextlib
import os
import re
import resource
import signal
import subprocess
import tempfile

from kit.commands import run
from kit.register import drill, must

BUSY_LOOP = "while :; do :; done"
# What is counted, and may be decided beside other programs, too.
COUNTED = ("epoll-control-calls", "backpressure", "idle-costs")
# How a script tells what became of all claims together.
HELD, FAILED, UNDECIDED = 0, 2, 3


@drill("V1", "experiments in any surroundings", backends=("all",), quick=False)
def surroundings(at):
    names = experiments(at)
    quick = [] if at.long else ["--quick"]
    tried(at, names, quick, "alone")
    tried(at, names, quick, "300 descriptors", prepare=few_descriptors)
    tried(at, names, quick, "one processor", prepare=one_processor)
    with busy(4):
        tried(at, names, quick, "beside four busy processes")


@drill("V2", "experiments where little is allowed", backends=("all",))
def limited(at):
    names = experiments(at)
    verdicts = tried(at, names, ["--quick"], "300 descriptors", prepare=few_descriptors)
    for name in ("ten-thousand", "idle-costs", "select-wall", "threads-cost"):
        must(verdicts[name].startswith("? undecided") and "ulimit -n" in verdicts[name],
             f"{name} with 300 descriptors: {verdicts[name]}")
    with busy(4):
        tried(at, COUNTED, ["--quick"], "beside four busy processes")


def experiments(at):
    lines = run([at.program, "experiment", "list"]).out.decode().splitlines()
    names = [line.split()[0] for line in lines if not line.startswith(" ")]
    names.remove("waiting-cost")  # it claims nothing
    must(len(names) >= 12, f"{len(names)} experiments are listed")
    return names


def tried(at, names, options, where, prepare=None):
    """Tries each; its line of verdict. A claim that 'did not hold' is wrong of this machine, wherever
    something was in its way."""
    verdicts = {}
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            ended = run([at.program, "experiment", name, *options, "--out", folder], seconds=180,
                        prepare=prepare)
            page = os.path.join(folder, "report.html")
            must(os.path.exists(page), f"{name}, {where}: no report, {ended.err.decode()[-300:]}")
        text = " ".join(ended.out.decode().split())
        sign = re.search(r"(✓ held|\? undecided|✗ did not hold): .*", text)
        must(sign is not None, f"{name}, {where}: no verdict, exit {ended.code}, {ended.err.decode()[-300:]}")
        verdicts[name] = sign.group(0)[:400]
        code = {"✓": HELD, "✗": FAILED, "?": UNDECIDED}[sign.group(0)[0]]
        must(ended.code == code, f"{name}, {where}: exit {ended.code} for {verdicts[name]}")
        must(code != FAILED, f"{name}, {where}: {verdicts[name]}")
    held = sum(verdict.startswith("✓") for verdict in verdicts.values())
    at.tell(f"{where}: {held} held, {len(verdicts) - held} undecided")
    return verdicts


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))


def one_processor():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


@contextlib.contextmanager
def busy(count):
    """That many processes that want a processor all the time; without one they end by themselves."""
    children = [subprocess.Popen(["timeout", "900", "/bin/sh", "-c", BUSY_LOOP], start_new_session=True)
                for _ in range(count)]
    try:
        yield
    finally:
        for child in children:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
