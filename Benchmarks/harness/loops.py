"""What a second loop costs: the processor time of a request with one loop, with two, and with two
servers of one loop each, which share nothing by construction."""

import json
import subprocess
import time
from contextlib import ExitStack
from statistics import median

from . import servers
from .process import Ports, Trouble, pinned, running

CONNECTIONS = 64  # of each of the two loads
SETTLE = 0.5

ARRANGEMENTS = {
    "one loop": [(["--loops", "1"], {0})],
    "two loops": [(["--loops", "2", "--pin"], {0, 1})],
    "two servers of one loop": [(["--loops", "1"], {0}), (["--loops", "1"], {1})],
}


def start(backend, extra):
    command = servers.ours()[f"switchboard-{backend}"].command
    return servers.Server(backend, [*command[:-1], *extra, command[-1]])


def cpu_nanoseconds(pid):
    """What all threads of a process have used, living ones only: servers end none."""
    total = 0
    for task in servers.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total


def load(port, cpu, seconds):
    argv = [str(servers.LOAD), "--connections", str(CONNECTIONS), "--warm-up", str(SETTLE),
            "--seconds", str(seconds), "127.0.0.1", str(port)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            preexec_fn=pinned(cpu))


def run_once(backend, arrangement, ports, seconds):
    """Processor time of a request in microseconds, and requests a second.

    A load stands on each of the two processors in every arrangement, so that what differs is the
    servers alone. Two servers have a load each; in the other arrangements both go to the one."""
    with ExitStack() as stack:
        started = []
        for extra, cpus in ARRANGEMENTS[arrangement]:
            port = ports.free()
            process = stack.enter_context(running(start(backend, extra), port, cpus))
            started.append((process.pid, port))
        loads = [load(started[cpu % len(started)][1], cpu, seconds) for cpu in (0, 1)]
        try:
            time.sleep(SETTLE + 0.2)
            before, began = sum(cpu_nanoseconds(pid) for pid, _ in started), time.monotonic()
            time.sleep(seconds - 0.4)
            after, ended = sum(cpu_nanoseconds(pid) for pid, _ in started), time.monotonic()
            rate = sum(finish(one) for one in loads)
        finally:
            for one in loads:
                one.kill()
                one.wait()
    return (after - before) / (ended - began) / rate / 1e3, rate


def finish(process):
    out, errors = process.communicate(timeout=60)
    if process.returncode:
        raise Trouble(errors.strip()[-200:] or f"the load ended {process.returncode}")
    return json.loads(out)["requests_per_s"]


def measure(backends, repeats, seconds):
    """backend -> arrangement -> [(µs a request, requests/s)], interleaved."""
    ports, results = Ports(), {}
    for repeat in range(repeats):
        names = list(ARRANGEMENTS)
        names = names[repeat % len(names):] + names[:repeat % len(names)]
        for backend in backends:
            for name in names:
                figures = run_once(backend, name, ports, seconds)
                results.setdefault(backend, {}).setdefault(name, []).append(figures)
    return results


def table(results):
    yield "| backend | arrangement | CPU µs/request | × one loop | × two servers | requests/s |"
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
