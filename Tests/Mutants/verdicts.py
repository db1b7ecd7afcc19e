"""What equal.txt says of mutants that may survive, and the report of a run."""
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import planting
import rules


class Verdicts:
    """The entries of equal.txt: under a line `== reason`, mutants by name, or by its beginning with a `*`
    behind it; under `== not simulated: reason`, files that the simulation does not run."""

    def __init__(self, text):
        self.equal, self.files, self.used = {}, {}, set()
        for stanza in text.split("\n== ")[1:]:
            lines = [line for line in stanza.split("\n") if line.strip()]
            reason = lines[0]
            for line in lines[1:]:
                if reason.startswith("not simulated: "):
                    self.files[line.strip()] = reason
                else:
                    self.equal[line.strip()] = reason

    def is_unsimulated(self, mutant):
        return any(mutant.name.startswith(name) for name in self.files)

    def is_equal(self, mutant):
        entry = next((name for name in self.equal if name == mutant.name or name.endswith("*")
                      and mutant.name.startswith(name[:-1])), None)
        self.used.add(entry)
        return entry is not None


def read():
    path = planting.ROOT / "Tests/Mutants/equal.txt"
    return Verdicts(path.read_text() if path.exists() else "")


class Report:
    OUTCOMES = ["found", "by tests", "survived", "equal", "not simulated", "no Swift"]

    def __init__(self, verdict):
        self.verdict = verdict
        self.entries = []  # (mutant, outcome, what found it)

    def add(self, mutant, outcome, found=None):
        self.entries.append((mutant, outcome, found))

    def survivors(self):
        return [mutant.name for mutant, outcome, _ in self.entries if outcome == "survived"]

    def retry(self, test, jobs):
        """Tries those that survived by `test`, which says what failed, or None."""
        left = [at for at, entry in enumerate(self.entries) if entry[1] == "survived"]
        with ThreadPoolExecutor(jobs) as pool:
            answers = list(pool.map(lambda at: test(self.entries[at][0]), left))
        for at, answer in zip(left, answers):
            if answer:
                self.entries[at] = (self.entries[at][0], "by tests", None)

    def table(self, title, key, names):
        lines = [f"{title:12}" + "".join(f"{outcome:>14}" for outcome in self.OUTCOMES)]
        counts = Counter((key(mutant), outcome) for mutant, outcome, _ in self.entries)
        for name in [*names, None]:
            row = [sum(n for (k, o), n in counts.items() if o == outcome and name in (None, k))
                   for outcome in self.OUTCOMES]
            lines.append(f"{name or 'all':12}" + "".join(f"{count:14}" for count in row))
        return lines

    def text(self, seconds):
        folders = list(dict.fromkeys(mutant.folder for mutant, *_ in self.entries))
        lines = self.table("folder", lambda mutant: mutant.folder, folders)
        lines += ["", *self.table("rule", lambda mutant: mutant.rule, rules.RULES)]
        seeds = sorted(found[2] for *_, found in self.entries if found)
        lines.append("")
        if seeds:
            late = max((e for e in self.entries if e[2]), key=lambda entry: entry[2][2])
            lines.append(
                f"{len(seeds)} found in {seconds:.0f} s, the median after {seeds[len(seeds) // 2]} "
                f"seeds, the last after {seeds[-1]}: {late[0].name}")
        for name in self.survivors():
            lines.append(f"survived: {name}")
        return "\n".join(lines)
