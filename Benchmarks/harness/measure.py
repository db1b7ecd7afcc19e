"""Runs the load against the servers, interleaved, and keeps every run's figures as JSON."""

import contextlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from . import build, provenance, servers
from .cells import CELLS
from .process import LOAD_CPU, SERVER_CPU, Ports, Trouble, lack_of_processors, pinned, running
from .reference import BETTER_C

FORMAT = 2  # of the results
SLACK = 60  # seconds a run may take beyond its warm-up and measured time
CARRIED = 0.01  # of a fixed rate, by which what came in the measured time may be off


def run_load(server, arguments, port, options):
    """One fresh server, one load; the load's report."""
    with running(server, port, SERVER_CPU) as process:
        load = [str(servers.LOAD), "--pid", str(process.pid), "--server-cpu", str(SERVER_CPU),
                "--seconds", str(options.seconds), "--warm-up", str(options.warm_up),
                *arguments, "127.0.0.1", str(port)]
        done = subprocess.run(load, capture_output=True, text=True,
                              timeout=options.seconds + options.warm_up + SLACK,
                              preexec_fn=pinned(LOAD_CPU))
    if done.returncode:
        raise Trouble(done.stderr.strip()[-200:] or f"the load ended {done.returncode}")
    report = json.loads(done.stdout)
    if "rate" in report:
        report["carried"] = is_carried(report)
    return report


def is_carried(report):
    """Whether a server has kept up with a fixed rate, in the warm-up too. One that has not did
    other work than the rest: that is told, and enters no figure."""
    lost = report["lost"] + report["lost_before"] + report["connections_lost"]
    return not lost and abs(report["requests_per_s"] / report["rate"] - 1) <= CARRIED


def run_once(server, cell, port, options):
    """A run's report, or {"error": why}, and the load average on both sides of it."""
    before = os.getloadavg()[0]
    try:
        report = run_load(server, CELLS[cell].arguments(options.rate), port, options)
    except subprocess.TimeoutExpired:
        report = {"error": "the load did not end in time"}
    except Trouble as trouble:
        report = {"error": str(trouble)}
    return {**report, "load_average_before": before, "load_average_after": os.getloadavg()[0]}


def choose(names, program, extra):
    """The servers to run and a line for each that cannot be."""
    known = {**servers.ours(program), **servers.peers(), **extra}
    wanted = list(known) if names is None else [*names, *(n for n in extra if n not in names)]
    chosen, skipped = [], {}
    for name in wanted:
        if name not in known:
            sys.exit(f"bench: no server is called {name}; there are {', '.join(known)}")
        if known[name].is_built():
            chosen.append(known[name])
        else:
            skipped[name] = why_absent(known[name])
    return chosen, skipped


def why_absent(server):
    if server.name in servers.ours():
        return "not built; `swift build -c release` in the folder above does it"
    if server.steps:
        return f"not built; `bench build {server.name}` does it"
    return f"there is no {server.command[0]}"


def schedule(chosen, cells, repeats):
    """All servers once in every cell, then all again. Neighbours in time are what is compared,
    and each repeat begins with another server, so that no one always runs first."""
    for repeat in range(repeats):
        first = repeat % len(chosen)
        for cell in cells:
            for server in chosen[first:] + chosen[:first]:
                yield repeat, cell, server


def describe(run):
    if "error" in run:
        return f"FAILED: {run['error']}"
    if not run.get("carried", True):
        return f"not carried: {run['requests_per_s']:,.0f} of {run['rate']:,} requests/s"
    return (f"{run['server_cpu_us_per_request']:8.2f} µs CPU per request"
            f" {run['requests_per_s']:12,.0f} requests/s")


def prepare():
    # Always anew: figures are never those of a load that its sources no longer describe.
    trouble = build.build_one(servers.load_generator())
    if trouble and (trouble.startswith("FAILED") or not servers.LOAD.exists()):
        sys.exit(f"bench: {trouble}")
    if lack := lack_of_processors():
        sys.exit(f"bench: {lack}")
    # Servers whose runtime does not raise the limit itself inherit it raised.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def save(results, path):
    """At once or not at all: an interrupted run leaves the results so far, whole."""
    partial = Path(f"{path}.partial")
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(results, indent=1) + "\n")
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        sys.exit(f"bench: cannot write {path}: {error.strerror}; give another --out")


def check_place(path):
    """Ends the program where results could not be written, before it has measured them."""
    folder = next((one for one in [path, *path.absolute().parents][1:] if one.exists()), Path("/"))
    if path.exists() and not path.is_file():
        sys.exit(f"bench: cannot write {path}: it is no file; give another --out")
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        sys.exit(f"bench: cannot write {path}: {folder} is no folder to write into; give another --out")


def measure(options, extra):
    """Everything `bench run` was asked for; the results, also written to options.out."""
    check_place(options.out)
    prepare()
    chosen, skipped = choose(options.servers, options.bin, extra)
    for name, why in skipped.items():
        print(f"skipped {name}: {why}", file=sys.stderr)
    if not chosen:
        sys.exit("bench: nothing to run")
    names = [server.name for server in chosen]
    if options.against not in (BETTER_C, *names):
        sys.exit(f"bench: --against {options.against} is not among what is measured: {', '.join(names)}")
    results = {"format": FORMAT, "provenance": provenance.gather(options, options.bin, chosen),
               "skipped": skipped, "runs": []}
    ports, end = Ports(), time.monotonic() + options.limit
    for repeat, cell, server in schedule(chosen, options.cells, options.repeats):
        if time.monotonic() > end:
            results["stopped"] = f"stopped after {options.limit:.0f} s, before the last repeat"
            break
        run = run_once(server, cell, ports.free(), options)
        results["runs"].append({"server": server.name, "cell": cell, "repeat": repeat, **run})
        save(results, options.out)
        print(f"{repeat + 1}/{options.repeats} {cell:9} {server.name:22} {describe(run)}",
              file=sys.stderr, flush=True)
    results["provenance"]["ended"] = provenance.now()
    save(results, options.out)
    return results
