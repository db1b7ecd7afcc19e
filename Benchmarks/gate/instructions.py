"""Instructions per request in the server's own code, counted by valgrind.

The tool interprets every instruction, so the figure is the same on a fast and on a busy machine.
It depends on the compiler and on the C library's choice of string functions: hence the margin."""

import re
import subprocess

from harness.process import Trouble

from . import calls, subject
from .subject import Figure

TOOLS = ("valgrind", "strace")


def count(command, name, cell, requests):
    report = subject.BUILD / f"{name}-{cell.name}.callgrind"
    tool = [*calls.LATE_WAITS, "valgrind", "--tool=callgrind", "--quiet",
            f"--callgrind-out-file={report}"]
    # Without debug information: some of what clang writes of C files valgrind cannot read, and
    # gives up. The code is the same.
    plain = subject.BUILD / f"{name}-{cell.name}.stripped"
    subprocess.run(["strip", "-g", "-o", plain, command[0]], check=True)
    with subject.serving([str(plain), *command[1:]], tool, is_child=True) as server:
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
