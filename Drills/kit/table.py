"""Results as lines, and as a table of drills by backends."""

from .register import BACKENDS


def line(result):
    detail = "; ".join(filter(None, [result.reason, ", ".join(result.figures)]))
    return (f"{result.drill.name:4} {result.drill.title:34} {result.backend:9} {result.verdict:4} "
            f"{result.seconds:6.1f} s  {detail}")


def rows(results):
    """For each drill: its verdicts by backend."""
    by_drill = {}
    for result in results:
        by_drill.setdefault(result.drill, {})[result.backend] = result
    for drill, found in by_drill.items():
        common = found.get("all")
        yield drill, [(common or found.get(backend)) for backend in BACKENDS]


def summary(results):
    lines = [f"{'':39}" + "".join(f"{backend:10}" for backend in BACKENDS)]
    for drill, found in rows(results):
        cells = "".join(f"{one.verdict if one else '-':10}" for one in found)
        lines.append(f"{drill.name:4} {drill.title:34}{cells}".rstrip())
    count = {word: sum(one.verdict == word for one in results) for word in ("pass", "FAIL", "skip")}
    lines.append(f"{count['pass']} passed, {count['FAIL']} failed, {count['skip']} skipped, "
                 f"{sum(one.seconds for one in results):.0f} s of drills")
    return "\n".join(lines)


def markdown(results):
    """The table of docs/RELIABILITY.md."""
    lines = ["| drill | backend | | figures |", "|---|---|---|---|"]
    for drill, found in rows(results):
        seen = []
        for one in found:
            if one is None or one in seen:
                continue
            seen.append(one)
            detail = "; ".join(filter(None, [one.reason, ", ".join(one.figures)]))
            title = f"{drill.name} {drill.title}" if len(seen) == 1 else ""
            lines.append(f"| {title} | {one.backend} | {one.verdict} | {detail} |")
    return "\n".join(lines) + "\n"
