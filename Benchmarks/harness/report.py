"""Markdown from results: a table per cell, and what to distrust in it."""

from statistics import median

from .cells import MEANING

CPU = "server_cpu_us_per_request"
NOISY = 0.15  # a server's own spread beyond which its figures are not to be leant on
BUSY = 0.15  # share of a processor used by others, likewise


def figure(value):
    """Three digits are all a noisy machine is good for."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def with_range(values):
    if len(values) < 2:
        return figure(values[0]) if values else ""
    return f"{figure(median(values))} ({figure(min(values))}–{figure(max(values))})"


def group(results):
    """cell -> server -> its runs, in the order they were first seen."""
    cells = {}
    for run in results["runs"]:
        cells.setdefault(run["cell"], {}).setdefault(run["server"], []).append(run)
    return cells


def sound(runs):
    return [run for run in runs if "error" not in run]


def ratios(runs, reference):
    """A server's cost over the reference's in the same repeat: neighbours in time, so that a
    machine that was slow for a while was slow for both."""
    other = {run["repeat"]: run[CPU] for run in sound(reference)}
    return [run[CPU] / other[run["repeat"]] for run in sound(runs) if run["repeat"] in other]


def row(name, runs, reference):
    """One line of a table; `reference` is the runs that the ratio is to."""
    good = sound(runs)
    count = str(len(good)) if len(good) == len(runs) else f"{len(good)} of {len(runs)}"
    if not good:
        return [name, "failed", *[""] * 6, count]
    ratio = "1" if runs is reference else with_range(ratios(runs, reference))
    latency = [figure(median(run["latency_us"][q] for run in good)) for q in ("p50", "p99")]
    return [
        name,
        with_range([run[CPU] for run in good]),
        ratio,
        figure(median(run["server_user_us_per_request"] for run in good)),
        *latency,
        f"{median(run['requests_per_s'] for run in good):,.0f}",
        memory(good),
        count,
    ]


def memory(good):
    if "rss_bytes_per_idle" not in good[0]:
        return ""
    return f"{median(run['rss_bytes_per_idle'] for run in good):,.0f}"


def table(by_server, against):
    header = ["server", "CPU µs/request", f"× {against}", "user µs", "p50 µs", "p99 µs",
              "requests/s", "bytes/idle", "runs"]
    rows = [row(name, runs, by_server.get(against, [])) for name, runs in by_server.items()]
    if not any(cells[-2] for cells in rows):
        header.pop(-2)
        for cells in rows:
            cells.pop(-2)
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return ["| " + " | ".join(cells) + " |" for cells in [header, rule, *rows]]


def warnings(cell, by_server):
    for name, runs in by_server.items():
        errors = sorted({run["error"] for run in runs if "error" in run})
        for error in errors:
            yield f"**Failed:** {name} in {cell}: {error}"
        values = [run[CPU] for run in sound(runs)]
        if not values:
            continue
        spread = (max(values) - min(values)) / median(values)
        if spread > NOISY:
            yield f"**Noisy:** {name} in {cell} differs from itself by {spread:.0%}."
    disturbed = [run for runs in by_server.values() for run in sound(runs) if is_disturbed(run)]
    if disturbed:
        total = sum(len(sound(runs)) for runs in by_server.values())
        yield (f"**Disturbed:** in {len(disturbed)} of {total} runs of {cell}, others used more "
               f"than {BUSY:.0%} of a processor.")


def is_disturbed(run):
    return max(run["server_cpu_others_share"], run["load_cpu_others_share"]) > BUSY


def markdown(results, against):
    machine = results["machine"]
    yield (f"{machine['processors']} × {machine['processor']}, Linux {machine['kernel']}, "
           f"{results['began']}, {results['seconds']:g} s a run. Medians (lowest–highest); the "
           f"ratio is to {against} in the same repeat.")
    for cell, by_server in group(results).items():
        yield from ["", f"### {cell}: {MEANING[cell]}", ""]
        yield from table(by_server, against)
        notes = list(warnings(cell, by_server))
        if notes:
            yield from ["", *(f"- {note}" for note in notes)]
    notes = [f"- {name} was skipped: {why}." for name, why in results["skipped"].items()]
    if "stopped" in results:
        notes.append(f"- {results['stopped']}.")
    if notes:
        yield from ["", *notes]
