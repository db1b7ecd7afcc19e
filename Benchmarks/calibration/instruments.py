"""The load generators, told to do the same work, and what each of them says about it."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness import servers
from harness.process import Trouble, last_words

HOST = "127.0.0.1"
SLACK = 120  # seconds that a run may take beyond what it measures


@dataclass(frozen=True)
class Work:
    """What a load generator is to do, with one request in flight on each connection."""

    connections: int
    protocol: str = "frames"
    payload: int = 16  # bytes
    rate: int = 0  # requests a second; 0: closed loop
    seconds: float = 1
    warm_up: float = 0
    requests: int = 0  # closed loop: exactly so many; 0: as many as the time allows
    patience: float = 10  # seconds that the last replies may take

    @property
    def longest(self):
        return self.seconds + self.warm_up + self.patience + SLACK


@dataclass(frozen=True)
class Reading:
    """What an instrument has found."""

    rate: float  # replies a second
    latency: dict  # p50, p99, p99.9 and max, in µs
    cpu: float | None  # its own processor time for a request, in µs; None: it does not say
    due: int
    answered: int
    lost: int  # sent, and not rightly answered
    unsent: int  # no connection was free for it before the end
    others: float = 0  # processors that others used meanwhile, of those of server and load


@dataclass(frozen=True)
class Frameload:
    name = "frameload"

    def arguments(self, work, port):
        length = ["--requests", str(work.requests)] if work.requests else [
            "--seconds", str(work.seconds), "--warm-up", str(work.warm_up)]
        pace = ["--rate", str(work.rate)] if work.rate else []
        return [str(servers.LOAD), "--connections", str(work.connections),
                "--payload", str(work.payload), "--patience", str(work.patience), *length, *pace,
                HOST, str(port)]

    def run(self, work, port, start):
        """`start` runs a command and returns its exit code and what it wrote on both streams."""
        code, out, errors = start(self.arguments(work, port), work.longest)
        if code:
            raise Trouble(f"frameload ended with {code}: {errors.strip()[-200:]}")
        said = json.loads(out)
        due = said.get("due", said["requests"])
        answered = said.get("answered", said["requests"])
        return Reading(said["requests_per_s"], said["latency_us"], said["load_cpu_us_per_request"],
                       due, answered, said.get("lost", 0), said.get("unsent", 0))


@dataclass(frozen=True)
class SwitchboardLoad:
    program: Path
    name = "switchboard load"

    def arguments(self, work, port, file):
        length = ["--requests", str(work.requests)] if work.requests else [
            "--duration", f"{work.seconds * 1000:.0f}ms",
            "--warm-up", f"{work.warm_up * 1000:.0f}ms"]
        pace = ["--rate", str(work.rate)] if work.rate else []
        asked = [f"http://{HOST}:{port}/"] if work.protocol == "http" else [
            f"{HOST}:{port}", "--protocol", work.protocol, "--size", str(work.payload)]
        return [str(self.program), "load", *asked, "--connections", str(work.connections),
                "--timeout", f"{work.patience * 1000:.0f}ms", "--quiet", "--json", file, *length,
                *pace]

    def run(self, work, port, start):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "result.json"
            code, _, errors = start(self.arguments(work, port, str(file)), work.longest)
            # Its exit code is 1 also where requests were lost, which is a finding here.
            if code not in (0, 1) or not file.exists():
                raise Trouble(f"switchboard load ended with {code}: {errors.strip()[-200:]}")
            said = json.loads(file.read_text())
        ends, summary = said["result"]["window"], said["summary"]
        latency = {name: summary[f"{name}_us"] for name in ("p50", "p99", "p99.9", "max")}
        lost = sum(ends[end] for end in ("lost", "wrong", "inFlight"))
        return Reading(summary["rate"], latency, summary["generator_us_per_request"], ends["due"],
                       ends["answered"], lost, ends["unsent"])


class Wrk:
    """wrk speaks HTTP alone, but does not ask where a response comes from: an echo server returns
    the one that it was sent. So the work is that of `switchboard load --protocol echo`."""

    name = "wrk"
    SCRIPT = "wrk.lua"
    RESPONSE = 38  # bytes

    def run(self, work, port, start):
        argv = ["wrk", "--threads", "1", "--connections", str(work.connections), "--duration",
                f"{work.seconds:.0f}s", "--script", str(Path(__file__).with_name(self.SCRIPT)),
                f"http://{HOST}:{port}/"]
        code, out, errors = start(argv, work.longest)
        report = [line for line in out.splitlines() if line.startswith("{")]
        if code or not report:
            raise Trouble(f"wrk ended with {code}: {(errors or out).strip()[-200:]}")
        said = json.loads(report[-1])
        return Reading(said["requests"] / said["us"] * 1e6, said, None, said["requests"],
                       said["requests"], said["errors"], 0)


class WebWrk(Wrk):
    """wrk as it is meant, with a web server."""

    SCRIPT = "report.lua"


def plainly(argv, longest):
    """Runs an instrument wherever the system puts it."""
    with tempfile.TemporaryFile() as errors:
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=errors, timeout=longest)
        except subprocess.TimeoutExpired as error:
            raise Trouble(f"{argv[0]} did not end in time") from error
        return done.returncode, done.stdout.decode(errors="replace"), last_words(errors)
