"""System calls per request, counted by strace."""

from . import subject
from .subject import Figure

TOOLS = ("strace",)

# What a server calls, by what it is for: the C library chooses among names.
GROUPS = {
    "receive": ("recvfrom", "recvmsg", "read", "readv"),
    "send": ("sendto", "sendmsg", "write", "writev"),
    "wait": ("epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6",
             "io_uring_enter"),
    "epoll_ctl": ("epoll_ctl",),
    "accept": ("accept4", "accept"),
    "close": ("close",),
}

# Each wait begins 5 ms late, when all requests of a round have come, though another program had
# the processor in between: the share of a wait is then the same in every run, and an additional
# wait per round doubles it.
WAITS = ",".join(f"?{name}" for name in GROUPS["wait"])
LATE = f"--inject={WAITS}:delay_enter=5000"
# A tool that does this and nothing else.
LATE_WAITS = ["strace", "--follow-forks", "--seccomp-bpf", "--quiet=all", f"--trace={WAITS}", LATE,
              "--output", "/dev/null"]


def count(command, cell, requests):
    """How often a server made each system call in its life, by name."""
    report = subject.BUILD / "strace.txt"
    tool = ["strace", "--follow-forks", "--summary-only", "--summary-columns=calls,name",
            "--trace=all", LATE, "--output", str(report)]
    with subject.serving(command, tool, is_child=True) as server:
        server.load(cell, requests)
    rows = [line.split() for line in report.read_text().splitlines()]
    return {row[1]: int(row[0]) for row in rows if row and row[0].isdigit() and row[1] != "total"}


def slopes(command, cell):
    """Calls per request by group; what is in no group is "other". And those others, in words."""
    few, many = count(command, cell, cell.few), count(command, cell, cell.many)
    each = {name: cell.slope(few.get(name, 0), many.get(name, 0)) for name in {**few, **many}}
    by_group = {group: sum(each.pop(name, 0) for name in names) for group, names in GROUPS.items()}
    others = ", ".join(f"{name} {value:.3f}" for name, value in each.items() if value > 0.001)
    return {**by_group, "other": sum(each.values())}, others


def figures(command, name, cell):
    found, others = slopes(command, cell)
    for group, value in found.items():
        advice = "a system call was added: `strace -f -p PID` shows where in a turn"
        if group == "other" and others:
            advice += f" ({others})"
        yield Figure("calls", f"{name} {cell.name}", f"{group} calls", cell.unit, value, advice)
