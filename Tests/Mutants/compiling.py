"""Which mutants are no Swift: the compiler says, and they are left out."""
import re
import subprocess

import planting

ERROR = re.compile(r"^(/.*\.swift):(\d+):(\d+): error: (.*)$", re.M)


def check(source):
    """The compiler's errors in the engine: (file, line, column, text). It stops before it optimises."""
    module = source / "CKernel.modulemap"
    module.write_text(
        f'module CKernel {{ umbrella "{source}/Sources/CKernel/include" export * }}\n')
    files = sorted(str(path) for path in (source / "Sources/Switchboard").rglob("*.swift"))
    done = subprocess.run(
        ["swiftc", "-emit-sil", "-o", "/dev/null", "-wmo", "-Onone",
         "-suppress-warnings", "-parse-as-library", "-swift-version", "6", "-module-name",
         "Switchboard", "-Xcc", f"-fmodule-map-file={module}",
         "-package-name", "mutants", *files],
        capture_output=True, text=True)
    return errors(done, done.stderr)


def errors(done, output):
    """What a compiler that has ended says is wrong."""
    found = [(file, int(line), int(column), text)
             for file, line, column, text in ERROR.findall(output)]
    if done.returncode != 0 and not found:
        raise SystemExit(output[-4000:])
    return found


def dead(plant, mutants, work, copy=planting.copy, check=check):
    """The names of those that do not compile. Remembered for the next time.

    `copy` puts the changed files into a folder, `check` says what the compiler finds wrong in it."""
    known = work / "dead.txt"
    names = set(known.read_text().split("\n")) if known.exists() else set()
    source = work / "source"
    for attempt in range(40):
        changed, places = plant(names)
        copy(changed, source)
        wrong = check(source)
        if not wrong:
            break
        before = len(names)
        for file, line, column, text in wrong:
            path = file[len(str(source)) + 1:]
            blame(path, line, column, text, changed, places, mutants, names)
        print(f"the compiler refuses {len(names) - before} mutants more", flush=True)
        if len(names) == before:
            raise SystemExit("\n".join(map(str, wrong[:20])))
        known.write_text("\n".join(sorted(names)))
    else:
        raise SystemExit("the compiler is never content")
    return names


def blame(path, line, column, text, changed, places, mutants, names):
    """Puts the mutants that an error comes from among the names."""
    if path not in changed:
        raise SystemExit(f"{path}:{line}: {text}")
    rows = changed[path].split("\n")
    at = sum(len(row) + 1 for row in rows[:line - 1]) + column - 1
    by_number = {mutant.number: mutant for mutant in mutants}
    around = [(end - start, number) for number, (start, end) in places[path].items()
              if start <= at < end]
    if "reasonable time" in text:
        # One at a time: first what stands innermost.
        around = around or [
            (end - start, number) for number, (start, end) in places[path].items()
            if start <= at + len(rows[line - 1]) and end >= at]
    if around and "before being initialized" not in text:
        names.add(by_number[min(around)[1]].name)
        return
    # It shows elsewhere: what may be missing is an assignment or a way out in the same function.
    word = re.search(r"'(?:self\.)?(\w+)'", text)
    starts = sorted((start, number) for number, (start, _) in places[path].items())
    before = [by_number[number] for start, number in starts if start <= at]
    after = [by_number[number] for start, number in starts if start > at]
    functions = {mutant.function for mutant in before[-1:] or after[:1]}
    # Of a switch whose cases are values, what stands in those behind shows in those before.
    if "contextual type" in text:
        functions |= {mutant.function for mutant in after[:1]}
    for mutant in by_number.values():
        if mutant.function not in functions or path != mutant.path:
            continue
        if mutant.rule == "assign" and word and re.search(rf"\b{word[1]}\b", mutant.text):
            names.add(mutant.name)
        # A value is none any more where a statement stands beside it.
        no_value = "missing return" in text or "contextual type" in text
        if no_value and mutant.rule == "call":
            names.add(mutant.name)
