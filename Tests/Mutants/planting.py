"""A copy of the sources with mutants in it, each behind a switch; and the simulation's search for them.

All mutants are in the one build. Only what the simulation runs is built: the engine without what
starts threads and opens real sockets, the sessions, their workloads, and `Hunt/main.swift`.
"""
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".build" / "mutants"

# What no simulation reaches, and what would take most of the compiler's time.
LEFT_OUT = [
    "Blocking/", "Server/Server", "Server/RunningServer.swift", "Server/Shard.swift",
    "Server/BackendName.swift",
    "Ring/RingProbe.swift", "Simulation/CallFaults.swift", "Simulation/Counted", "Simulation/Faulty",
]
# Files whose ends speak of what is left out, and where those begin.
CUT = {"Sources/Switchboard/Server/Service.swift": "\nextension Server {"}
# What one backend alone runs: only its worlds can show what is wrong there.
BACKENDS = {"Ring/": "io_uring", "Readiness/Select": "select", "Readiness/Poll.": "poll",
            "Readiness/E": "epoll"}
# How a test program ends that was given names of none of its tests (EX_UNAVAILABLE).
NO_TESTS = 69
STANDIN = """
/// For those that are not built here.
enum Shard { typealias Tables = (sessions: SessionTable, box: AnyObject) }
"""
SWITCH = """internal import CKernel

/// Whether a mutant is on.
@usableFromInline
func isMutant(_ number: Int32) -> Bool { ck_mutant() == number }
"""
HEADER = """
#include <malloc.h>
#include <unistd.h>
static inline long ck_heap_in_use(void) {
  struct mallinfo2 heap = mallinfo2();
  return (long)(heap.uordblks + heap.hblkhd);
}
extern int ck_mutant_number;
static inline int ck_mutant(void) { return ck_mutant_number; }
static inline void ck_set_mutant(int number) { ck_mutant_number = number; }
static inline int ck_fork(void) { return fork(); }
"""
BODY = """
#include <stdlib.h>
int ck_mutant_number;
// For tests, which are told by the environment.
__attribute__((constructor)) static void ck_read_mutant(void) {
  const char *number = getenv("SWITCHBOARD_MUTANT");
  if (number) ck_mutant_number = atoi(number);
}
"""
# Runs the tests of the simulation, with the engine as the hunt has it.
RUNNER = """import Testing

@main struct Runner {
  static func main() async { await Testing.__swiftPMEntryPoint() as Never }
}
"""
PACKAGE = """// swift-tools-version: 6.2
import PackageDescription

let bench: [SwiftSetting] = [.define("TestBench")]

let package = Package(
  name: "mutants",
  targets: [
    .target(name: "CKernel"),
    .target(name: "Switchboard", dependencies: ["CKernel"], swiftSettings: bench),
    .target(name: "SwitchboardProtocols"),
    .target(name: "SwitchboardArticle", dependencies: ["Switchboard", "SwitchboardProtocols"]),
    .target(
      name: "SwitchboardLab",
      dependencies: ["Switchboard", "SwitchboardProtocols", "SwitchboardArticle"],
      swiftSettings: bench),
    .executableTarget(
      name: "hunt", dependencies: ["CKernel", "Switchboard", "SwitchboardLab"],
      swiftSettings: [.swiftLanguageMode(.v5)]),
    .target(name: "TestSupport", path: "Tests/TestSupport"),
    .testTarget(name: "UnitTests", dependencies: ["Switchboard", "TestSupport"]),
    .executableTarget(
      name: "worlds", dependencies: ["Switchboard", "SwitchboardLab"],
      path: "Tests/SimulationTests"),
  ],
  swiftLanguageModes: [.v6]
)
"""


def backend(file):
    """The one whose worlds alone can show what is wrong in a file of the engine; empty for all."""
    return next((BACKENDS[key] for key in BACKENDS if file.startswith(key)), "")


def is_left_out(file):
    return any(file.startswith(f"Sources/Switchboard/{name}") for name in LEFT_OUT)


def copy(changed, source):
    """Everything that is built, some files changed."""
    wanted = {
        "Package.swift": PACKAGE,
        "Sources/Switchboard/ActiveMutant.swift": SWITCH + STANDIN,
        "Sources/hunt/main.swift": (ROOT / "Tests/Mutants/Hunt/main.swift").read_text(),
    }
    for folder in ["CKernel", "Switchboard", "SwitchboardProtocols", "SwitchboardArticle/Sessions",
                   "SwitchboardLab/Simulated"]:
        for path in (ROOT / "Sources" / folder).rglob("*.*"):
            file = str(path.relative_to(ROOT))
            if path.is_file() and not is_left_out(file):
                wanted[file] = path.read_text()
    for file in [*(ROOT / "Tests/UnitTests").glob("*.swift"),
                 ROOT / "Tests/TestSupport/SeededGenerator.swift"]:
        wanted[str(file.relative_to(ROOT))] = file.read_text()
    wanted["Tests/SimulationTests/Runner.swift"] = RUNNER
    for file in (ROOT / "Tests/SimulationTests").glob("*.swift"):
        text = file.read_text()
        # What looks into the engine, or at what is not built here, is no test of a world by seed.
        if "@testable" not in text and "import TestSupport" not in text:
            wanted[str(file.relative_to(ROOT))] = text
    wanted["Sources/CKernel/include/ckernel.h"] += HEADER
    wanted["Sources/CKernel/ckernel.c"] += BODY
    wanted |= {file: text for file, text in changed.items() if not is_left_out(file)}
    for file, end in CUT.items():
        wanted[file] = wanted[file].split(end)[0] + "\n"
    write(wanted, source)


def write(wanted, source):
    """A folder with these files and no others. Those that stay the same keep their time stamps."""
    for file, text in wanted.items():
        to = source / file
        to.parent.mkdir(parents=True, exist_ok=True)
        if not to.exists() or to.read_text() != text:
            to.write_text(text)
    for path in [*(source / "Sources").rglob("*.*"), *(source / "Tests").rglob("*.*")]:
        if path.is_file() and str(path.relative_to(source)) not in wanted:
            path.unlink()


def build(source, scratch, product="hunt"):
    command = ["swift", "build", "-c", "release", "--product", product, "--scratch-path",
               str(scratch), "-Xswiftc", "-suppress-warnings"]
    subprocess.run(command, cwd=source, check=True, stdout=sys.stderr)
    shown = subprocess.run(command + ["--show-bin-path"], cwd=source, check=True,
                           capture_output=True, text=True)
    return Path(shown.stdout.strip()) / product


def build_tests(source, scratch):
    """The unit tests, with all mutants too."""
    command = ["swift", "build", "--build-tests", "--scratch-path", str(scratch), "-Xswiftc",
               "-suppress-warnings"]
    subprocess.run(command, cwd=source, check=True, stdout=sys.stderr)
    return next(Path(scratch).glob("debug/*.xctest"))


def that_pass(program):
    """The same tests, once they have passed without any mutant."""
    failure = test(program, 0, 300)
    if failure:
        sys.exit(f"without any mutant {failure}: find that first")
    return program


def test(program, number, seconds, suites=None):
    """What tests, or some of their suites, say of one mutant: None when they pass."""
    command = ["nice", "-n", "10", str(program), "--testing-library", "swift-testing"]
    command += ["--filter", suites] if suites else []
    environment = dict(os.environ, SWITCHBOARD_MUTANT=str(number), SWIFT_BACKTRACE="enable=no")
    try:
        done = subprocess.run(command, env=environment, timeout=seconds, text=True,
                              errors="replace", capture_output=True)
    except subprocess.TimeoutExpired:
        return "tests: never end"
    if done.returncode == 0:
        return None
    if done.returncode == NO_TESTS:
        sys.exit(f"no tests are called {suites}: bring TESTS in byrule up to date")
    # With or without quotes, arguments behind the name.
    failed = re.search(r'Test (?:"(.*?)"|(\S+)).*? (?:recorded an issue|failed)',
                       done.stdout + done.stderr)
    name = failed and (failed[1] or failed[2])
    return f"tests: {name or f'end with {done.returncode}'}"


def hunt(program, numbers, faults, seeds, seconds, jobs, tell, backends={}):
    """Calls `tell` for each with its number; and the seed that found it, how, and how many were tried, or
    None. Some show in the worlds of one backend alone."""
    waiting, lock = list(reversed(numbers)), threading.Lock()

    def work():
        process = subprocess.Popen(
            ["nice", "-n", "10", str(program), faults, str(seeds), str(seconds)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        while True:
            with lock:
                if not waiting:
                    break
                number = waiting.pop()
            process.stdin.write(f"{number} {backends.get(number, '')}\n")
            process.stdin.flush()
            _, seed, count, text = process.stdout.readline().rstrip("\n").split(" ", 3)
            with lock:
                tell(number, None if text == "-" else (int(seed), text, int(count)))
        process.stdin.close()
        process.wait()

    threads = [threading.Thread(target=work) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def must_pass(program, faults, seeds, backends=("",)):
    """Ends the program if a seed fails without any mutant."""
    for backend in backends:
        found = []
        hunt(program, [0], faults, seeds, 300, 1, lambda number, seen: found.append(seen),
             {0: backend})
        if found[0]:
            sys.exit(f"without any mutant seed {found[0][0]} fails ({found[0][1]}): find that first")
