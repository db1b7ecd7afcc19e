"""Runs drills: each in a process and, where it may, in a network of its own, so that none sees
another's ports, and nothing of it is left when it has ended, however it ended."""

import gc
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field

from . import means, table
from .register import Bench, Fail, Skip
from .server import Trouble

FORK = multiprocessing.get_context("fork")


@dataclass
class Result:
    drill: object
    backend: str
    verdict: str = "FAIL"
    reason: str = ""
    seconds: float = 0.0
    figures: list = field(default_factory=list)


def inside(pipe, drill, backend, options, program):
    """In the process of one drill."""
    os.setsid()
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if drill.timed:
        means.come_first()
    bench = Bench(str(program), backend, options.long, options.seconds)
    bench.no_namespace = means.enter_namespace()
    try:
        drill.function(bench)
        verdict, reason = "pass", ""
    except Skip as skip:
        verdict, reason = "skip", str(skip)
    except (Fail, Trouble) as failure:
        verdict, reason = "FAIL", str(failure)
    except Exception as error:  # a reply that does not come is a timeout here, or a reset
        place = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{type(error).__name__}: {error} ({os.path.basename(place.filename)}:{place.lineno})"
        verdict = "FAIL"
    pipe.send((verdict, reason, bench.figures))
    pipe.close()


def one(drill, backend, options, program):
    result, begun = Result(drill, backend), time.monotonic()
    ours, theirs = FORK.Pipe(duplex=False)
    process = FORK.Process(target=inside, args=(theirs, drill, backend, options, program))
    process.start()
    theirs.close()
    # One that is not quick builds what it runs.
    limit = options.seconds + 900 if options.long or not drill.quick else drill.limit
    try:
        if ours.poll(limit):
            result.verdict, result.reason, result.figures = ours.recv()
        else:
            result.reason = f"not done after {limit} s"
    except EOFError:
        result.reason = "the drill's own process died"
    finally:
        end(process)
    result.seconds = time.monotonic() - begun
    return result


def end(process):
    """Ends what the drill has started: all of its session, and itself."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.join(5)


def all_of(drills, options, program):
    backends = options.backend
    wanted = [(drill, backend) for drill in drills for backend in drill.backends
              if not backends or backend in backends or len(drill.backends) == 1]
    together = [pair for pair in wanted if not pair[0].timed]
    alone = [pair for pair in wanted if pair[0].timed]
    results, lock, waiting = [], threading.Lock(), queue.SimpleQueue()

    def work():
        while True:
            try:
                drill, backend = waiting.get_nowait()
            except queue.Empty:
                return
            result = one(drill, backend, options, program)
            with lock:
                results.append(result)
                print(table.line(result), flush=True)

    def work_off(pairs, threads):
        for pair in pairs:
            waiting.put(pair)
        workers = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    if not sys.stdout.isatty():
        sys.stdout.reconfigure(line_buffering=True)
    work_off(together, options.jobs)
    work_off(alone, 1)
    order = {pair: place for place, pair in enumerate(wanted)}
    return sorted(results, key=lambda result: order[(result.drill, result.backend)])
