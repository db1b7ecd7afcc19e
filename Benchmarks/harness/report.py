"""Markdown from results: a table per cell, what to distrust in it, what it was measured with."""

from statistics import median

from . import provenance
from .cells import CELLS
from .distrust import notes
from .reference import BETTER_C, CPU, TAILS, choose, ratios, sound

NAMES = {CPU: "CPU"}


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


def fairness(run):
    """Requests of the least served connection over those of the most served; None: not counted."""
    return run["served_least"] / run["served_most"] if run.get("served_most") else None


class Table:
    """One cell's table: every server a row, without the columns that nobody fills."""

    def __init__(self, by_server, against):
        self.by_server = by_server
        self.reference = {one: choose(by_server, against, one) for one in (CPU, *TAILS)}
        self.times = "× C" if against == BETTER_C else f"× {against}"

    def ratio(self, name, one):
        reference = self.reference[one]
        if reference is None:
            return ""
        if name == reference:
            return "1"
        return with_range(ratios(self.by_server[name], self.by_server[reference], one))

    def columns(self):
        """Heading, and what makes a cell from a server's name and its sound runs."""
        def middle(key):
            return lambda _, good: figure(median(key(run) for run in good))

        def optional(key, text):
            def made(_, good):
                values = [value for value in map(key, good) if value is not None]
                return text(median(values)) if values else ""
            return made

        yield "CPU µs/request", lambda _, good: with_range([run[CPU] for run in good])
        yield self.times, lambda name, _: self.ratio(name, CPU)
        yield "user µs", middle(lambda run: run["server_user_us_per_request"])
        yield "p50 µs", middle(lambda run: run["latency_us"]["p50"])
        for tail in TAILS:
            yield f"{tail} µs", middle(lambda run, tail=tail: run["latency_us"][tail])
            yield self.times, lambda name, _, tail=tail: self.ratio(name, tail)
        yield "requests/s", lambda _, good: f"{median(run['requests_per_s'] for run in good):,.0f}"
        yield "least/most", optional(fairness, lambda value: f"{value:.2f}")
        yield "bytes/idle", optional(lambda run: run.get("rss_bytes_per_idle"), "{:,.0f}".format)

    def row(self, name, runs, columns):
        good = sound(runs)
        count = str(len(good)) if len(good) == len(runs) else f"{len(good)} of {len(runs)}"
        if good:
            return [name, *(made(name, good) for _, made in columns), count]
        why = "not carried" if any(not run.get("carried", True) for run in runs) else "failed"
        return [name, why, *[""] * (len(columns) - 1), count]

    def lines(self):
        columns = list(self.columns())
        rows = [["server", *(heading for heading, _ in columns), "runs"]]
        rows += [self.row(name, runs, columns) for name, runs in self.by_server.items()]
        filled = [at for at in range(len(rows[0])) if any(row[at] for row in rows[1:])]
        rows = [[row[at] for at in filled] for row in rows]
        rows.insert(1, ["---"] + ["---:"] * (len(filled) - 1))
        return ["| " + " | ".join(row) + " |" for row in rows]

    def compared(self):
        """To which server the ratios are, where the better one was chosen."""
        found = {one: name for one, name in self.reference.items() if name}
        if self.times != "× C" or not found:
            return
        if len(set(found.values())) == 1:
            yield f"C is {found[CPU]}."
        else:
            yield "C is " + ", ".join(f"{name} in {NAMES.get(one, one)}"
                                      for one, name in found.items()) + "."


def head(results, against):
    options = results["provenance"]["options"]
    what = "the better of the C servers" if against == BETTER_C else against
    yield (f"Repeats of {options['seconds']:g} s, {options['repeats']} of them. Medians "
           f"(lowest–highest); ratios are to {what} in the same repeat.")


def markdown(results, against):
    yield from head(results, against)
    rate = results["provenance"]["options"]["rate"]
    for cell, by_server in group(results).items():
        heading = CELLS[cell].heading(rate) if cell in CELLS else "a cell of another version"
        table = Table(by_server, against)
        yield from ["", f"### {cell}: {heading}", "", *table.lines()]
        yield from ["", *(f"- {note}" for note in [*table.compared(), *notes(cell, by_server)])]
    trailing = [f"- {name} was skipped: {why}." for name, why in results["skipped"].items()]
    if "stopped" in results:
        trailing.append(f"- {results['stopped']}.")
    if trailing:
        yield from ["", *trailing]
    yield from ["", "### Measured with", ""]
    yield from (f"- {line}" for line in provenance.lines(results["provenance"]))
