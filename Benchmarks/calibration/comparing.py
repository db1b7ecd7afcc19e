"""Two instruments on one server by turns, and whether their figures agree."""

import resource
import subprocess
import time
from dataclasses import dataclass, field
from statistics import median

from harness.distrust import BUSY
from harness.loops import busy_seconds
from harness.measure import LOAD_CPU, SERVER_CPU
from harness.process import Ports, Trouble, pinned, running
from harness.servers import ours
from harness.statistics import interval

from .instruments import Work

RATE_TOLERANCE = 0.03
CPU_BAR = 1.1  # of switchboard load, in frameload's
LEAST_REPLICATES = 9  # so that their lowest and highest make the interval below
TOLERANCE_CONFIDENCE = 0.95
# Of ten figures that do not differ, one is found to in a twentieth of the calibrations.
NOISE_CONFIDENCE = 0.995
# How far apart an interval's ends may be, the higher over the lower; a wider one says nothing.
TELLING = {"p50": 1.25, "p99": 1.5, "p99.9": 3.0}
DISTURBED = 0.25  # share of the runs that others may have disturbed

AGREE, DIFFER, UNDECIDED = "agree", "DIFFER", "undecided"


@dataclass
class Trial:
    """Readings of one kind of work, by instrument, in turns."""

    title: str
    work: Work
    readings: dict = field(default_factory=dict)  # instrument -> readings
    disturbed: int = 0  # runs

    def runs(self):
        return sum(map(len, self.readings.values()))


@dataclass(frozen=True)
class Line:
    what: str
    values: list  # of each instrument
    ratios: list  # the second's over the first's, replicate by replicate
    verdict: str
    why: str


def process_seconds(pid):
    """Processor time of a process: its clock's number is made as the C library makes it."""
    return time.clock_gettime(((~pid) << 3) | 2)


class Watch:
    """Starts instruments on the load's processor; finds out what others used of both meanwhile."""

    def __init__(self, server):
        self.server = server
        self.others = 0.0  # processors, during the last one

    def used(self):
        """Seconds so far: of both processors, of the server, and of instruments that have ended."""
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (busy_seconds(), process_seconds(self.server),
                children.ru_utime + children.ru_stime)

    def start(self, argv, longest):
        before, began = self.used(), time.monotonic()
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  errors="replace", timeout=longest, preexec_fn=pinned(LOAD_CPU))
        except subprocess.TimeoutExpired as error:
            raise Trouble(f"{argv[0]} did not end in time") from error
        busy, served, own = (after - earlier for after, earlier in zip(self.used(), before))
        self.others = max(0.0, busy - served - own) / (time.monotonic() - began)
        return done.returncode, done.stdout, done.stderr


def measure(program, instruments, trials, replicates):
    """All of the trials' readings: in each replicate every instrument once, and every other time in
    the opposite order."""
    port = Ports().free()
    with running(ours(program)["switchboard-epoll"], port, SERVER_CPU) as server:
        watch = Watch(server.pid)
        for trial in trials:
            for replicate in range(replicates):
                for instrument in instruments[::-1] if replicate % 2 else instruments:
                    reading = instrument.run(trial.work, port, watch.start)
                    trial.readings.setdefault(instrument.name, []).append(reading)
                    trial.disturbed += watch.others > BUSY


# MARK: verdicts

def within(ratios, lowest, highest, said):
    """Whether the median ratio is known to be between the two."""
    low, high = interval(ratios, TOLERANCE_CONFIDENCE)
    if lowest <= low and high <= highest:
        return AGREE, said
    if high < lowest or low > highest:
        return DIFFER, f"not {said}: {median(ratios):.3f}"
    return UNDECIDED, f"{said}? {low:.3f} to {high:.3f} is too wide to tell"


def in_the_noise(ratios, telling):
    """Whether what two instruments say differs no more than what each says from run to run."""
    low, high = interval(ratios, NOISE_CONFIDENCE)
    if low <= 1 <= high:
        if high > telling * low:
            return UNDECIDED, f"{low:.2f} to {high:.2f} is too wide to tell"
        return AGREE, "within the noise"
    if abs(median(ratios) - 1) <= RATE_TOLERANCE:
        return AGREE, f"within {RATE_TOLERANCE:.0%}"
    return DIFFER, f"beyond the noise: {median(ratios) - 1:+.0%}"


def lines(trial, judges_cpu):
    """Every figure of a trial with its verdict."""
    first, second = trial.readings.values()

    def line(what, key, judge):
        values = [[key(reading) for reading in readings] for readings in (first, second)]
        ratios = [b / a for a, b in zip(*values)]
        return Line(what, values, ratios, *judge(ratios))

    yield line("requests/s", lambda reading: reading.rate, lambda ratios: within(
        ratios, 1 - RATE_TOLERANCE, 1 + RATE_TOLERANCE, f"within {RATE_TOLERANCE:.0%}"))
    for name, telling in TELLING.items():
        yield line(f"{name} µs", lambda reading, name=name: reading.latency[name],
                   lambda ratios, telling=telling: in_the_noise(ratios, telling))
    yield line("CPU µs/request", lambda reading: reading.cpu, lambda ratios: within(
        ratios, 0, CPU_BAR, f"at most {CPU_BAR}") if judges_cpu else ("", "not judged"))


def total(trial, key):
    return sum(key(reading) for readings in trial.readings.values() for reading in readings)


def verdict(judged, trials):
    """Of the whole calibration, and why. What was disturbed decides nothing."""
    runs = sum(trial.runs() for trial in trials)
    disturbed = sum(trial.disturbed for trial in trials)
    if disturbed > DISTURBED * runs:
        return UNDECIDED, (f"others used more than {BUSY:.0%} of a processor in {disturbed} of "
                           f"{runs} runs: repeat on a quiet machine")
    if missing := sum(total(trial, lambda reading: reading.lost) for trial in trials):
        return DIFFER, f"{missing:,} requests were lost"
    for wanted in (DIFFER, UNDECIDED):
        if found := [f"{title}, {line.what}: {line.why}" for title, line in judged
                     if line.verdict == wanted]:
            return wanted, "; ".join(found)
    return AGREE, "every figure"
