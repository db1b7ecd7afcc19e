"""The reasons to distrust a table, as lines to stand under it."""

from statistics import median

from .reference import CPU, sound
from .statistics import spread

NOISY = 0.15  # a server's own spread beyond which its figures are not to be leant on
BUSY = 0.15  # share of a processor used by others, likewise
LATE = 1_000  # µs by which the load sends one request in a hundred late, likewise


def is_disturbed(run):
    return max(run["server_cpu_others_share"], run["load_cpu_others_share"]) > BUSY


def failures(cell, name, runs):
    for error in sorted({run["error"] for run in runs if "error" in run}):
        yield f"**Failed:** {name} in {cell}: {error}"
    short = [run for run in runs if not run.get("carried", True)]
    if short:
        worst = min(short, key=lambda run: run["requests_per_s"])
        lost = worst["lost"] + worst["lost_before"]
        yield (f"**Not carried:** {name} in {cell}, in {len(short)} of {len(runs)} runs, which are "
               f"in no figure; in the worst it answered {worst['requests_per_s']:,.0f} of "
               f"{worst['rate']:,} requests/s, {lost:,} were lost, {worst['unsent']:,} never sent.")


def noise(cell, name, runs):
    values = [run[CPU] for run in sound(runs)]
    if len(values) > 1 and spread(values) > NOISY:
        yield f"**Noisy:** {name} in {cell} differs from itself by {spread(values):.0%}."


def of_all(cell, runs):
    if not runs:
        return
    disturbed = sum(map(is_disturbed, runs))
    if disturbed:
        yield (f"**Disturbed:** in {disturbed} of {len(runs)} runs of {cell}, others used more "
               f"than {BUSY:.0%} of a processor.")
    late = [run["late_us"]["p99"] for run in runs if run.get("late_us", {}).get("p99", 0) > LATE]
    if late:
        yield (f"**Late:** in {len(late)} of {len(runs)} runs of {cell}, the load itself sent one "
               f"request in a hundred {median(late) / 1000:.1f} ms late or more; that is in the "
               f"latencies.")


def load_average(runs):
    known = [run for run in runs if "load_average_before" in run]
    if not known:
        return
    before, after = (f"{min(values):.1f} to {max(values):.1f}" for values in (
        [run[f"load_average_{when}"] for run in known] for when in ("before", "after")))
    yield f"Load average of a minute: {before} before the runs, {after} after them."


def notes(cell, by_server):
    for name, runs in by_server.items():
        yield from failures(cell, name, runs)
        yield from noise(cell, name, runs)
    every = [run for runs in by_server.values() for run in runs]
    yield from of_all(cell, [run for run in every if "error" not in run])
    yield from load_average(every)
