"""Two instruments on one server by turns, and whether their figures agree."""

import resource
import subprocess
import time
from dataclasses import dataclass, field, replace
from statistics import median

from harness.distrust import BUSY
from harness.loops import busy_seconds
from harness.measure import LOAD_CPU, SERVER_CPU
from harness.process import Ports, Trouble, pinned, running
from harness.servers import Server
from harness.statistics import interval

from .instruments import Work
from .nginx import nginx

RATE_TOLERANCE = 0.03
WEB_TOLERANCE = 0.1  # of what wrk finds on a web server
CPU_BAR = 1.1  # of switchboard load, in frameload's
LEAST_REPLICATES = 9  # undisturbed: their lowest and highest are the wider interval's ends
TOLERANCE_CONFIDENCE = 0.95
# Of ten figures that do not differ, one is found to in a twentieth of the calibrations.
NOISE_CONFIDENCE = 0.995
# How far apart an interval's ends may be, the higher over the lower; a wider one says nothing.
TELLING = {"p50": 1.25, "p99": 1.5, "p99.9": 3.0}
SCHEDULED = 2  # a process's clock, of those that the kernel keeps (CPUCLOCK_SCHED)

RATE, CPU = "requests/s", "CPU µs/request"
AGREE, DIFFER, UNDECIDED = "agree", "DIFFER", "undecided"


@dataclass
class Trial:
    """Readings of one kind of work, by instrument, in turns."""

    title: str
    work: Work
    instruments: list  # two
    unjudged: dict = field(default_factory=dict)  # figure -> why it is only told
    judges: dict = field(default_factory=dict)  # figure -> how it is judged, where not as usual
    pairs: list = field(default_factory=list)  # of readings, one of each instrument

    def calm(self):
        """The pairs that nobody disturbed."""
        return [pair for pair in self.pairs if all(one.others <= BUSY for one in pair)]

    def total(self, key):
        return sum(key(reading) for pair in self.pairs for reading in pair)


@dataclass(frozen=True)
class Line:
    what: str
    values: list  # of each instrument
    ratios: list  # the second's over the first's, pair by pair
    verdict: str
    why: str


def serving(program, protocol):
    return Server(f"switchboard {protocol}",
                  [str(program), "serve", "--protocol", protocol, "--backend", "epoll", "--host",
                   "127.0.0.1", "--log-level", "error", "--port"], greets=protocol == "frames")


def process_seconds(pid):
    """Processor time of a process: its clock's number is what clock_getcpuclockid would answer."""
    return time.clock_gettime(((~pid) << 3) | SCHEDULED)


class Watch:
    """Starts instruments on the load's processor; finds out what others used of both meanwhile."""

    def __init__(self, server):
        self.server = server
        self.others = 0.0  # processors, during the last one
        self.own = 0.0  # seconds of the last one

    def used(self):
        """Seconds so far: of both processors, of the server, and of instruments that have ended."""
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (busy_seconds(with_stolen=True), process_seconds(self.server),
                children.ru_utime + children.ru_stime)

    def start(self, argv, longest):
        before, began = self.used(), time.monotonic()
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  errors="replace", timeout=longest, preexec_fn=pinned(LOAD_CPU))
        except subprocess.TimeoutExpired as error:
            raise Trouble(f"{argv[0]} did not end in time") from error
        busy, served, self.own = (after - earlier for after, earlier in zip(self.used(), before))
        self.others = max(0.0, busy - served - self.own) / (time.monotonic() - began)
        return done.returncode, done.stdout, done.stderr


def read(trial, instrument, port, watch):
    reading = instrument.run(trial.work, port, watch.start)
    if reading.cpu is None:
        reading = replace(reading, cpu=watch.own * 1e6 / reading.answered)
    return replace(reading, others=watch.others)


def measure(program, trial, replicates):
    """All of a trial's readings: in each replicate both instruments once, and every other time in
    the opposite order."""
    port = Ports().free()
    server = nginx(port, SERVER_CPU) if trial.work.protocol == "http" else running(
        serving(program, trial.work.protocol), port, SERVER_CPU)
    with server as process:
        watch = Watch(process.pid)
        for replicate in range(replicates):
            step = -1 if replicate % 2 else 1
            pair = [read(trial, one, port, watch) for one in trial.instruments[::step]]
            trial.pairs.append(pair[::step])


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


def within_tolerance(ratios, tolerance=RATE_TOLERANCE):
    return within(ratios, 1 - tolerance, 1 + tolerance, f"within {tolerance:.0%}")


def within_web_tolerance(ratios):
    return within_tolerance(ratios, WEB_TOLERANCE)


def within_bar(ratios):
    return within(ratios, 0, CPU_BAR, f"at most {CPU_BAR}")


# What is compared: how it is read, and how it is judged.
FIGURES = {
    RATE: (lambda reading: reading.rate, within_tolerance),
    **{f"{name} µs": (lambda reading, name=name: reading.latency[name],
                      lambda ratios, telling=telling: in_the_noise(ratios, telling))
       for name, telling in TELLING.items()},
    CPU: (lambda reading: reading.cpu, within_bar),
}
PERCENTILES = [f"{name} µs" for name in TELLING]


def judge(trial, what, ratios, judged_by):
    if what in trial.unjudged:
        return "", trial.unjudged[what]
    if len(ratios) < LEAST_REPLICATES:
        pairs = "1 pair" if len(ratios) == 1 else f"{len(ratios)} pairs"
        return UNDECIDED, f"{pairs} undisturbed, {LEAST_REPLICATES} are needed"
    return judged_by(ratios)


def lines(trial):
    """Every figure of a trial's undisturbed pairs, with its verdict; of all pairs if none is."""
    calm = trial.calm()
    for what, (key, judged_by) in FIGURES.items():
        values = [[key(pair[number]) for pair in calm or trial.pairs] for number in (0, 1)]
        ratios = [second / first for first, second in zip(*values)]
        judged_by = trial.judges.get(what, judged_by)
        decided = judge(trial, what, ratios if calm else [], judged_by)
        yield Line(what, values, ratios, *decided)


def verdict(judged, trials):
    """Of the whole calibration, and why."""
    if missing := sum(trial.total(lambda reading: reading.lost) for trial in trials):
        return DIFFER, f"{missing:,} requests were lost"
    for wanted in (DIFFER, UNDECIDED):
        if found := [f"- {title}, {line.what}: {line.why}" for title, line in judged
                     if line.verdict == wanted]:
            return wanted, "\n" + "\n".join(found)
    return AGREE, "every figure"
