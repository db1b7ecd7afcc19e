"""What ratios are to: one server, or of the C servers the better one, for each cell and figure."""

from statistics import median

BETTER_C = "better-c"
C_SERVERS = ("c-epoll", "c-uring")

CPU = "server_cpu_us_per_request"
TAILS = ("p99", "p99.9")


def sound(runs):
    """What may be averaged: neither failed nor short of the rate that was asked for."""
    return [run for run in runs if "error" not in run and run.get("carried", True)]


def value(run, figure):
    return run[CPU] if figure == CPU else run["latency_us"][figure]


def choose(by_server, against, figure):
    """The server that a figure's ratios are to in this cell; None if it has no sound run."""
    names = C_SERVERS if against == BETTER_C else (against,)
    medians = {name: median(value(run, figure) for run in sound(by_server[name]))
               for name in names if sound(by_server.get(name, []))}
    return min(medians, key=medians.get) if medians else None


def ratios(runs, reference, figure):
    """A server's figure over the reference's in the same repeat: neighbours in time, so that a
    machine that was slow for a while was slow for both."""
    other = {run["repeat"]: value(run, figure) for run in sound(reference)}
    return [value(run, figure) / other[run["repeat"]] for run in sound(runs)
            if other.get(run["repeat"])]
