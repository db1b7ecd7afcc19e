// Hunts for mutants: `hunt FAULTS SEEDS SECONDS`, with their numbers on standard input, one a line; behind
// it may stand the backend whose worlds alone can show it.
//
// Each runs in a process of its own, seed after seed, until one fails, traps, never ends, or all have passed.
// A line for each tells its number, the last seed, how many had been tried with it, and what was seen
// there; `-` for nothing.
import CKernel
import Glibc
import Switchboard
import SwitchboardLab

let arguments = CommandLine.arguments
guard arguments.count >= 4, let seeds = UInt64(arguments[2]), let seconds = Int(arguments[3]),
  let faults: Faults = ["none": .none, "mild": .mild, "harsh": .harsh][arguments[1]]
else { fatalError("hunt none|mild|harsh SEEDS SECONDS [SEED: trace it]") }

/// What a child tells: the seed at which it is, and behind it the text of a failure.
let page = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)!

/// A seed that takes longer without any mutant is tried behind the others, in seconds of processor time:
/// floods and bursts take a thousand times as long as most.
let long = 0.004

/// Processor time that one seed may take, in seconds: far more than any does that comes to an end.
let most = 2
/// And a short one, in microseconds.
let mostOfShort = 300_000

/// What a process may hold more after many seeds than after the first ones, in bytes.
let (mostHeap, mostMapped) = (1 << 20, 256 << 20)
/// So many seeds are enough for all that is made once.
let settled = 64

/// Bytes of the heap in use, and of address space.
func memory() -> (heap: Int, mapped: Int) {
  var pages: [CChar] = Array(repeating: 0, count: 64)
  let statistics = open("/proc/self/statm", O_RDONLY)
  read(statistics, &pages, 63)
  close(statistics)
  return (ck_heap_in_use(), Int(atoll(pages)) * 4096)
}

func limitTime(_ isShort: Bool) {
  var timer = itimerval()
  if isShort {
    timer.it_value.tv_usec = mostOfShort
  } else {
    timer.it_value.tv_sec = most
  }
  setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
}

func run(
  _ seed: UInt64, on backend: SimulatedWorld.Backend? = nil, trace: ((String) -> Void)? = nil
) throws(SimulationFailure) {
  let every = SimulatedWorkload.allCases
  let workload = every[Int(seed % UInt64(every.count))]
  try simulate(seed: seed, faults: faults, trace: trace) { world in
    workload.describe(world)
    if let backend { world.backend = backend }
  }
}

/// Processor time of this process so far, in seconds.
func processorTime() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

/// The seeds as they are tried: of the first ones the slow ones last.
func ordered() -> (seeds: [UInt64], short: Int) {
  var (short, slow): ([UInt64], [UInt64]) = ([], [])
  let timed = min(seeds, 1000)
  for seed in 0..<timed {
    let start = processorTime()
    _ = try? run(seed)
    if processorTime() - start < long { short.append(seed) } else { slow.append(seed) }
  }
  return (short + slow + Array(timed..<seeds), short.count)
}

func fail(_ what: String) -> Never {
  let text = Array(what.utf8.prefix(500)) + [0]
  (page + 8).copyMemory(from: text, byteCount: text.count)
  _exit(1)
}

func child(_ backend: SimulatedWorld.Backend?) -> Never {
  var limit = rlimit(rlim_cur: 8 << 30, rlim_max: 8 << 30)
  setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
  limit = rlimit(rlim_cur: 0, rlim_max: 0)
  setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
  let start = ContinuousClock().now
  var before = (heap: 0, mapped: 0)
  for (count, seed) in order.enumerated() {
    page.storeBytes(of: seed, as: UInt64.self)
    (page + 4088).storeBytes(of: UInt64(count), as: UInt64.self)
    if count % 16 == 0, ContinuousClock().now - start > .seconds(seconds) { _exit(3) }
    limitTime(count < shortSeeds)
    do throws(SimulationFailure) {
      try run(seed, on: backend)
    } catch {
      fail("\(error.backend.rawValue): \(error.violation)")
    }
    guard count % settled == 0, count > 0 else { continue }
    let now = memory()
    if count == settled { before = now }
    if now.heap - before.heap > mostHeap { fail("memory: \(now.heap - before.heap) bytes more") }
    if now.mapped - before.mapped > mostMapped { fail("memory: more and more is mapped") }
  }
  _exit(0)
}

/// What became of a child.
func outcome(_ status: Int32) -> String? {
  let signal = status & 0x7F
  switch (signal, status >> 8 & 0xFF) {
  case (0, 0): return nil
  case (0, 1): return String(cString: (page + 8).assumingMemoryBound(to: UInt8.self))
  case (0, 3): return nil
  case (SIGPROF, _): return "never ends"
  case (0, let code): return "ends with \(code)"
  default: return "trapped (signal \(signal))"
  }
}

if arguments.count > 4, let seed = UInt64(arguments[4]) {
  do { try run(seed, trace: { print($0) }) } catch { print(error) }
  exit(0)
}
setenv("SWIFT_BACKTRACE", "enable=no", 1)
let (order, shortSeeds) = ordered()
let quiet = open("/dev/null", O_WRONLY)
while let line = readLine()?.split(separator: " "), let number = line.first.flatMap({ Int32($0) }) {
  let backend = line.dropFirst().first.flatMap { SimulatedWorld.Backend(rawValue: String($0)) }
  page.storeBytes(of: 0, as: UInt64.self)
  let process = ck_fork()
  if process == 0 {
    ck_set_mutant(number)
    dup2(quiet, 2)
    child(backend)
  }
  var status: Int32 = 0
  while waitpid(process, &status, 0) < 0 {}
  let seed = page.load(as: UInt64.self)
  let count = (page + 4088).load(as: UInt64.self) + 1
  print("\(number) \(seed) \(count) \(outcome(status) ?? "-")")
  fflush(stdout)
}
