"""What a second loop costs: the processor time of a request with one loop, with two, and with two
servers of one loop each, which share nothing by construction.

The time is that of the whole machine, load and kernel threads included: where server and load share
a processor, the kernel may do a server's TCP work in a thread of its own, or in the load's time."""

import json
import os
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from . import servers
from .process import Ports, Trouble, pinned, running

CONNECTIONS = 32  # of each of the four loads
SETTLE = 0.5

ARRANGEMENTS = {
    "one loop": [(["--loops", "1"], {0})],
    "two loops": [(["--loops", "2", "--pin"], {0, 1})],
    "two servers of one loop": [(["--loops", "1"], {0}), (["--loops", "1"], {1})],
}


def start(program, backend, extra):
    command = servers.ours(program)[f"switchboard-{backend}"].command
    return servers.Server(backend, [*command[:-1], *extra, command[-1]])


def busy_seconds(with_stolen=False):
    """What both processors have done so far, in whole ticks; where they are a virtual machine's,
    perhaps with what its host took from them."""
    busy = 0
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name in ("cpu0", "cpu1"):
            user, nice, system, _idle, _iowait, irq, softirq, stolen = map(int, ticks[:8])
            busy += user + nice + system + irq + softirq + (stolen if with_stolen else 0)
    return busy / os.sysconf("SC_CLK_TCK")


def load(port, cpu, seconds):
    argv = [str(servers.LOAD), "--connections", str(CONNECTIONS), "--warm-up", str(SETTLE),
            "--seconds", str(seconds), "127.0.0.1", str(port)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            preexec_fn=pinned(cpu))


def run_once(program, backend, arrangement, ports, seconds):
    """Processor time of a request in microseconds, and requests a second.

    Two loads stand on each of the two processors in every arrangement. Where there are two servers,
    one of the two goes to each; otherwise all go to the one, and the kernel deals their connections
    out among its loops. So what differs is the servers alone."""
    with ExitStack() as stack:
        started = []
        for extra, cpus in ARRANGEMENTS[arrangement]:
            port = ports.free()
            stack.enter_context(running(start(program, backend, extra), port, cpus))
            started.append(port)
        loads = [load(started[number % len(started)], cpu, seconds)
                 for cpu in (0, 1) for number in (0, 1)]
        try:
            time.sleep(SETTLE + 0.2)
            before, began = busy_seconds(), time.monotonic()
            time.sleep(seconds - 0.4)
            after, ended = busy_seconds(), time.monotonic()
            rate = sum(finish(one) for one in loads)
        finally:
            for one in loads:
                one.kill()
                one.wait()
    return (after - before) / (ended - began) / rate * 1e6, rate


def finish(process):
    out, errors = process.communicate(timeout=60)
    if process.returncode:
        raise Trouble(errors.strip()[-200:] or f"the load ended {process.returncode}")
    return json.loads(out)["requests_per_s"]


def measure(program, backends, repeats, seconds):
    """backend -> arrangement -> [(µs a request, requests/s)], interleaved."""
    ports, results = Ports(), {}
    for repeat in range(repeats):
        names = list(ARRANGEMENTS)
        names = names[repeat % len(names):] + names[:repeat % len(names)]
        for backend in backends:
            for name in names:
                figures = run_once(program, backend, name, ports, seconds)
                results.setdefault(backend, {}).setdefault(name, []).append(figures)
    return results


def table(results):
    yield "| backend | arrangement | µs/request, all | × one loop | × two servers | requests/s |"
    yield "|---|---|---:|---:|---:|---:|"
    for backend, by_name in results.items():
        for name in ARRANGEMENTS:
            cost = [cpu for cpu, _ in by_name[name]]
            ratios = [
                f"{median(c / o[0] for c, o in zip(cost, by_name[other])):.2f}"
                for other in ("one loop", "two servers of one loop")]
            rate = median(rate for _, rate in by_name[name])
            yield (f"| {backend} | {name} | {median(cost):.2f} ({min(cost):.2f}–{max(cost):.2f}) |"
                   f" {ratios[0]} | {ratios[1]} | {rate:,.0f} |")
