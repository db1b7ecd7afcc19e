"""What does not depend on haste: that both instruments count what the server counts, and that both
find what a server loses on purpose."""

import json
import math
import signal
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.process import Ports, Trouble, last_words, wait_for_greeting

from .instruments import HOST, Work, plainly
from .losing import CLOSES, SWALLOWS, losing

PATIENCE = 120  # seconds for what should take a few, on a busy machine
CLOSED = Work(connections=64, requests=12_800, patience=60)
OPEN = Work(connections=64, rate=2_000, seconds=2, patience=60)
DELIMITERS = 2  # bytes of a request beside its payload
LOSSES = 1  # requests that a losing server costs
LOSING = Work(connections=4, rate=200, seconds=2, patience=5)


@dataclass(frozen=True)
class Count:
    """What a server has counted by itself."""

    connections: int
    received: int  # bytes
    sent: int

    def requests(self):
        """Whole requests; each connection was greeted with a byte besides the replies."""
        request, reply = Work.payload + DELIMITERS, Work.payload
        if self.received % request or (self.sent - self.connections) % reply:
            raise Trouble(f"the server's bytes are no whole requests: {self}")
        return self.received // request, (self.sent - self.connections) // reply


@contextmanager
def recording(program, port, file):
    """A frames server that writes down what it does, from its first greeting to its orderly end."""
    command = [str(program), "serve", "--protocol", "frames", "--host", HOST, "--log-level",
               "error", "--record", str(file), "--port", str(port)]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=errors)
        try:
            wait_for_greeting(process, port, errors, PATIENCE)
            yield
            process.send_signal(signal.SIGTERM)
            if process.wait(PATIENCE):
                raise Trouble(f"the server ended with {process.returncode}: {last_words(errors)}")
        except subprocess.TimeoutExpired as error:
            raise Trouble("the server did not end") from error
        finally:
            process.kill()
            process.wait()


def count_of(program, recorded, folder):
    trace = Path(folder) / "trace.json"
    done = subprocess.run([str(program), "timeline", str(recorded), "--trace", str(trace)],
                          capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode:
        raise Trouble(f"switchboard timeline: {done.stderr.strip()[-200:]}")
    events = json.loads(trace.read_text())["traceEvents"]
    served = [event["args"] for event in events if event["name"] == "connection"]
    return Count(len(served), sum(one["received"] for one in served),
                 sum(one["sent"] for one in served))


def counted(program, instrument, work, ports):
    """An instrument's reading, and the server's own count of requests and replies."""
    with tempfile.TemporaryDirectory() as folder:
        file, port = Path(folder) / "recording", ports.free()
        with recording(program, port, file):
            reading = instrument.run(work, port, plainly)
        return reading, count_of(program, file, folder).requests()


def told(what, instrument, reading):
    """The account. How much was never sent depends on haste: what is due in the last moment finds
    its generator asleep where others have the processor."""
    unsent = f", {reading.unsent:,} unsent" if reading.unsent else ""
    return (f"{what:13} {instrument.name:16} {reading.due:6,} due, "
            f"{reading.answered:6,} answered{unsent}")


def judge_count(work, reading, count):
    """What is wrong, or None."""
    wanted = work.requests or round(work.rate * work.seconds)
    received, sent = count
    if reading.lost:
        return f"{reading.lost:,} were lost"
    if reading.due != wanted or reading.answered + reading.unsent != wanted:
        return f"there should be {wanted:,}"
    if not reading.answered or not reading.answered == received == sent:
        return f"the server received {received:,} and answered {sent:,}"
    return None


def counts(program, instruments):
    """A line for each run, and whether it holds."""
    ports = Ports()
    for name, work in (("closed loop", CLOSED), ("open loop", OPEN)):
        for instrument in instruments:
            reading, count = counted(program, instrument, work, ports)
            wrong = judge_count(work, reading, count)
            yield (f"{told(name, instrument, reading)}, {count[0]:,} by the server's count; "
                   f"{reading.rate:,.0f}/s, p50 {reading.latency['p50']:,.0f} µs, "
                   f"p99 {reading.latency['p99']:,.0f} µs, {reading.cpu:.1f} µs CPU", wrong)


def judge_loss(reading, shortest, longest):
    wanted = round(LOSING.rate * LOSING.seconds)
    sent = wanted - reading.unsent
    if reading.due != wanted or reading.answered != sent - LOSSES or reading.lost != LOSSES:
        return f"there should be {wanted} due, {sent - LOSSES} answered and {LOSSES} lost"
    if not shortest * 1e6 <= reading.latency["max"] < longest * 1e6:
        return f"the lost request waited for {shortest} s or more, and less than {longest} s"
    return None


def lost_by(instrument, way):
    with losing(way) as port:
        return instrument.run(LOSING, port, plainly)


def losses(instruments):
    """The same for servers that lose one request, in two ways."""
    ways = [(SWALLOWS, (LOSING.patience, math.inf)), (CLOSES, (0, LOSING.patience))]
    runs = [(way, bounds, instrument) for way, bounds in ways for instrument in instruments]
    with ThreadPoolExecutor(len(runs)) as pool:
        waiting = [pool.submit(lost_by, instrument, way) for way, _, instrument in runs]
        for (way, bounds, instrument), reading in zip(runs, (one.result() for one in waiting)):
            yield (f"{told(way, instrument, reading)}, {reading.lost} lost; "
                   f"the slowest {reading.latency['max'] / 1e6:.2f} s",
                   judge_loss(reading, *bounds))


def check(program, instruments):
    """Prints every line; whether all hold."""
    sound = True
    for runs in (counts(program, instruments), losses(instruments)):
        for line, wrong in runs:
            print(line + (f"  WRONG: {wrong}" if wrong else ""), flush=True)
            sound = sound and not wrong
    return sound
