"""What measures and judges, with mutants in it: the load generator's arithmetic, the statistics, and the
verdicts on claims. No simulation runs it: its tests do, those that make no connection.

As with the engine all mutants are in the one build, each behind its switch, and the tests are run once for each.
"""
import subprocess
import sys

import compiling
import planting
import rules
import verdicts
from mutant import planted

WORK = planting.WORK / "instruments"
# Where a folder's module is.
MODULES = {"Load": "Sources/SwitchboardLoad", "Statistics": "Sources/SwitchboardLoad",
           "Report": "Sources/SwitchboardReport", "Experiments": "Sources/SwitchboardLab"}
FILED = "HistogramTests|PlausibleTests"
JUDGED = "StatisticsTests|JudgingTests"
MERGED = "LongRunTests|JudgingTests|HistogramTests|MergingTests"
CLAIMS = "ControlTests|ReportTests"
# What tests are about. What no name here begins has sockets, clocks or a layout, and has other tests.
TESTS = {
    "Load/LatencyHistogram": "HistogramTests",
    "Load/LoadLedger": "LedgerTests|AccountTests",
    "Load/LoadSchedule": "LedgerTests|ScheduleTests",
    "Load/LoadPace": "PaceTests|LongRunTests",
    "Load/LoadTally": "AccountTests|PlausibleTests|MergingTests",
    "Load/LoadPart": "PartTests|LongRunTests",
    "Load/LoadSeries": MERGED, "Load/LoadMerge": MERGED, "Load/LoadReplicate": MERGED + "|PlausibleTests",
    "Load/LoadResult.": MERGED + "|PlausibleTests", "Load/LoadResult+": FILED,
    "Load/LoadTurns": "TurnsTests",
    "Load/LoadComparison.": JUDGED, "Load/LoadAssertion": JUDGED,
    "Statistics/": JUDGED,
    "Report/Control": CLAIMS, "Experiments/ComparisonTitles": CLAIMS,
}
# A test that takes longer does not end: without a mutant all of a file's take a few seconds.
SECONDS = 30
SWITCH = """internal import CKernel

/// Whether a mutant is on.
func isMutant(_ number: Int32) -> Bool { ck_mutant() == number }
"""
PACKAGE = """// swift-tools-version: 6.2
import PackageDescription

let bench: [SwiftSetting] = [.define("TestBench")]
// Optimized, since that is what the tests wait for, in a build for debugging, in which they see what is internal.
let quick: [SwiftSetting] = [.unsafeFlags(["-O"])]
let load: [Target.Dependency] = [
  "CKernel", "Switchboard", "SwitchboardProtocols", "SwitchboardBase", "SwitchboardArticle",
]

let package = Package(
  name: "instruments",
  targets: [
    .target(name: "CKernel"),
    .target(name: "CProcess"),
    .target(name: "Switchboard", dependencies: ["CKernel"], swiftSettings: bench),
    .target(name: "SwitchboardProtocols"),
    .target(name: "SwitchboardBase", dependencies: ["Switchboard", "CProcess"]),
    .target(
      name: "SwitchboardArticle",
      dependencies: ["Switchboard", "SwitchboardProtocols", "SwitchboardBase"]),
    .target(name: "SwitchboardLoad", dependencies: load, swiftSettings: quick),
    .target(name: "SwitchboardReport", dependencies: ["CKernel", "Switchboard", "SwitchboardBase"]),
    .target(
      name: "SwitchboardLab", dependencies: load + ["SwitchboardLoad", "SwitchboardReport"],
      swiftSettings: bench),
    .target(name: "SwitchboardTesting", dependencies: ["Switchboard"]),
    .target(
      name: "TestSupport", dependencies: ["Switchboard", "SwitchboardTesting"],
      path: "Tests/TestSupport"),
    .testTarget(
      name: "LoadTests", dependencies: load + ["SwitchboardLoad", "TestSupport"],
      swiftSettings: quick),
    .testTarget(
      name: "ReportTests", dependencies: load + [
        "SwitchboardLoad", "SwitchboardReport", "SwitchboardLab",
      ]),
  ],
  swiftLanguageModes: [.v6]
)
"""
SOURCES = ["CKernel", "CProcess", "Switchboard", "SwitchboardProtocols", "SwitchboardBase",
           "SwitchboardArticle", "SwitchboardLoad", "SwitchboardReport", "SwitchboardLab",
           "SwitchboardTesting"]


def suites(mutant):
    """The names of the suites that are about a mutant's file."""
    return next((names for file, names in TESTS.items() if mutant.file.startswith(file)), None)


def read_sources():
    """The files that tests are about, and their mutants, numbered."""
    sources, number = [], 0
    for folder, module in MODULES.items():
        for path in sorted((planting.ROOT / module / folder).glob("*.swift")):
            file = f"{folder}/{path.name}"
            if not any(file.startswith(name) for name in TESTS):
                continue
            source = rules.Source(file, path.read_text())
            for mutant in source.mutants:
                number += 1
                mutant.number, mutant.module = number, module
            sources.append(source)
    return sources


def plant(sources, dead):
    """The changed files, and where in them each mutant lies."""
    changed, places = {}, {}
    for source in sources:
        alive = [mutant for mutant in source.mutants if mutant.name not in dead]
        if alive:
            changed[alive[0].path], places[alive[0].path] = planted(source.text, alive)
    return changed, places


def copy(changed, source):
    """What is built: the modules, and those of their tests that need no other."""
    wanted = {"Package.swift": PACKAGE}
    for module in set(MODULES.values()):
        wanted[f"{module}/ActiveMutant.swift"] = SWITCH
    folders = [f"Sources/{name}" for name in SOURCES]
    for folder in [*folders, "Tests/TestSupport", "Tests/LoadTests", "Tests/ReportTests"]:
        for path in (planting.ROOT / folder).rglob("*.*"):
            text = path.read_text() if path.is_file() else ""
            if text and "import SwitchboardCommand" not in text:
                wanted[str(path.relative_to(planting.ROOT))] = text
    wanted["Sources/CKernel/include/ckernel.h"] += planting.HEADER
    wanted["Sources/CKernel/ckernel.c"] += planting.BODY
    planting.write(wanted | changed, source)


def check(source):
    """Builds the tests; the compiler's errors."""
    done = subprocess.run(
        ["swift", "build", "--build-tests", "--scratch-path", str(WORK / "build"), "-Xswiftc",
         "-suppress-warnings"],
        cwd=source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return compiling.errors(done, done.stdout)


def asked(sources, mutants, verdict, arguments):
    """What the tests find."""
    if arguments.built:
        dead = set((WORK / "dead.txt").read_text().split("\n")) if (WORK / "dead.txt").exists() else set()
    else:
        everyone = [mutant for source in sources for mutant in source.mutants]
        dead = compiling.dead(lambda dead: plant(sources, dead), everyone, WORK, copy, check)
    program = next((WORK / "build").glob("debug/*.xctest"))
    for names in dict.fromkeys(suites(mutant) for mutant in mutants):
        failure = planting.test(program, 0, 300, names)
        if failure:
            sys.exit(f"without any mutant {failure}: find that first")
    report = verdicts.Report(verdict)
    for mutant in mutants:
        if mutant.name in dead:
            report.add(mutant, "no Swift")
        elif verdict.is_equal(mutant) and not arguments.equal:
            report.add(mutant, "equal")
        else:
            report.add(mutant, "survived")
    report.retry(
        lambda mutant: planting.test(program, mutant.number, SECONDS, suites(mutant)), arguments.jobs)
    return report
