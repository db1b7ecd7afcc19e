"""What is measured against what is allowed.

gates.json has an entry for each figure: its threshold, which `--update` rewrites, and where the
project has given its word a bar, which nothing rewrites. What has no entry must be zero."""

import json
import math
from dataclasses import dataclass

from harness.servers import ROOT

FILE = ROOT / "gates.json"


@dataclass(frozen=True)
class Margin:
    """A threshold is what was measured and so much more, rounded up to `digits` decimals."""

    share: float
    fixed: float
    digits: int

    def above(self, value):
        scale = 10 ** self.digits
        # The rounding before is for figures like 1.024, which binary has as a little more.
        whole = math.ceil(round((value * (1 + self.share) + self.fixed) * scale, 6))
        return whole / scale if self.digits else whole


MARGINS = {
    # A wake-up too many now and then, and an accept that finds nobody. Small enough for the waits:
    # one for 64 requests is 0.016 each, two are 0.031.
    "calls": Margin(0.05, 0.006, 3),
    # A table that grows when more connections overlap than did in the warm-up.
    "heap": Margin(0, 0.005, 3),
    # Pages, and where in them the tables begin.
    "idle": Margin(0.05, 1, 1),
    # 1 % from run to run; another patch release of the compiler or of the C library.
    "instructions": Margin(0.05, 0, 0),
}


def load():
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def allowed(figure, entries):
    entry = entries.get(figure.name)
    return min(entry.values()) if entry else MARGINS[figure.gate].above(0)


def shown(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}".rstrip("0").rstrip(".")


def judge(figure, entries):
    """One line that begins with FAIL, or with note if the figure has improved; or None."""
    most, margin = allowed(figure, entries), MARGINS[figure.gate]
    line = f"{figure.name}: measured {shown(figure.value)}, threshold {shown(most)}"
    if figure.value > most:
        accept = ("the bar stays where it is"
                  if most == entries.get(figure.name, {}).get("bar")
                  else "if it is worth its price, accept it with `gates --update`")
        return f"FAIL {line}; {figure.advice}; {accept}"
    # Better by more than a second margin: noise does not reach so far.
    if margin.above(margin.above(figure.value)) < most:
        return f"note {line}; improved: lower the threshold with `gates --update`"
    return None


def unmeasured(figures, entries):
    """A line for each entry that guards nothing."""
    names = {figure.name for figure in figures}
    return [f"FAIL {name}: nothing measures this any more; take it out of gates.json"
            for name in entries if name not in names]


def update(figures):
    """Rewrites the thresholds of these figures. Bars, and figures not measured now, stay."""
    entries = load()
    for figure in figures:
        margin, entry = MARGINS[figure.gate], entries.get(figure.name, {})
        threshold = min(margin.above(figure.value), entry.get("bar", math.inf))
        if "bar" in entry or figure.value > margin.fixed:
            entries[figure.name] = {**entry, "threshold": threshold}
        else:
            entries.pop(figure.name, None)
    FILE.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n")
