import ArgumentParser
import Switchboard
import SwitchboardBase
import SwitchboardLab
import SwitchboardTLS

/// Which faults strike, as it is written on the command line.
enum FaultLevel: String, CaseIterable, ExpressibleByArgument {
  case none, mild, harsh

  var faults: Faults {
    switch self {
    case .none: .none
    case .mild: .mild
    case .harsh: .harsh
    }
  }
}

/// What a simulated server speaks; `all` takes one after the other, by the seed.
enum SimulatedProtocol: String, CaseIterable, ExpressibleByArgument {
  case all, frames, echo, line, probe, care, relay, pool, files, proxied

  /// - Parameter isSealed: By TLS, before which there is no header yet.
  func workload(_ seed: UInt64, isSealed: Bool = false) -> SimulatedWorkload {
    let every = SimulatedWorkload.allCases.filter { !isSealed || $0 != .proxied }
    return SimulatedWorkload(rawValue: rawValue) ?? every[Int(seed % UInt64(every.count))]
  }
}

/// What a simulated loop waits with; `any` lets the seed decide.
enum SimulatedBackend: String, CaseIterable, ExpressibleByArgument {
  case any, select, poll, epoll
  case ioUring = "io_uring"

  func choose(in world: SimulatedWorld) {
    if let backend = SimulatedWorld.Backend(rawValue: rawValue) { world.backend = backend }
  }
}

/// `switchboard simulate`
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run servers in a simulated network, one world of bad luck for each seed.",
    usage: "switchboard simulate [<options>]",
    discussion: """
      The library's own loop, over simulated system calls, in one thread and virtual time. Each seed \
      decides the clients, the network, the waiting mechanism and the faults, and every byte and \
      promise is checked. A seed that fails is printed with the command that replays it, and the \
      exit code is 1. The same seed always gives the same run.

      Examples:

        switchboard simulate --protocol frames --seeds 10000 --faults harsh
        switchboard simulate --protocol frames --faults harsh --seed 8413 --trace
        switchboard simulate --protocol frames --faults harsh --shrink 8413
        switchboard simulate --tls --seeds 10000
      """)

  @Option(name: .customLong("protocol"), help: "What is served; all of them by turns if not said.")
  var servedProtocol = SimulatedProtocol.all

  @Option(help: "What the loop waits with; decided by the seed if not said.")
  var backend = SimulatedBackend.any

  @Flag(
    name: .customLong("tls"),
    help: "Speak TLS: with clients, and relays with the servers behind them, on one side or both.")
  var speaksTLS = false

  @Option(help: "How bad luck gets.")
  var faults = FaultLevel.harsh

  @Option(
    help: ArgumentHelp("How many seeds to run. (default: 1000)", valueName: "n"),
    transform: Read.count(1...1_000_000_000))
  var seeds = 1000

  @Option(
    help: ArgumentHelp("The first of them. (default: 0)", valueName: "seed"),
    transform: Read.count(0...Int.max / 2))
  var from = 0

  @Option(
    help: ArgumentHelp("Run this seed alone.", valueName: "seed"),
    transform: Read.count(0...Int.max))
  var seed: Int?

  @Flag(help: "Print every call and everything that sessions and clients do; with '--seed'.")
  var trace = false

  @Option(
    help: ArgumentHelp(
      "Take away from this failing seed what is not needed, and print the rest as a test.",
      valueName: "seed"),
    transform: Read.count(0...Int.max))
  var shrink: Int?

  @Option(
    help: ArgumentHelp("End after so long, if seeds are left then.", valueName: "time"),
    transform: Read.timeAboveZero)
  var duration: Timeout?

  @Flag(help: "Run each seed twice, and compare the two runs call by call.")
  var verifyDigests = false

  @Flag(help: "Print a line for each seed: its digest and counts; to compare two builds by.")
  var digests = false

  @Flag(help: "End with the first seed that fails.")
  var stopAtFailure = false

  func validate() throws {
    if trace, seed == nil { throw ValidationError("The flag '--trace' goes with '--seed <seed>'.") }
    if shrink != nil, seed != nil {
      throw ValidationError("Give '--seed <seed>' or '--shrink <seed>', not both.")
    }
    guard speaksTLS else { return }
    if servedProtocol == .proxied {
      throw ValidationError(
        "There is no world with both '--tls' and '--protocol proxied': leave one out.")
    }
    try TLSTrait.check()
  }

  func run() throws {
    TrapReport.install()
    if let shrink { return try shrinkSeed(UInt64(shrink)) }
    if let seed { return try replay(UInt64(seed)) }
    try runAll()
  }

  private func simulateSeed(_ seed: UInt64, trace: ((String) -> Void)? = nil)
    throws(SimulationFailure) -> SimulationReport
  {
    let workload = servedProtocol.workload(seed, isSealed: speaksTLS)
    TrapReport.set("switchboard simulate: seed \(seed) trapped; to replay: \(command(seed))\n")
    return try simulate(seed: seed, faults: faults.faults, trace: trace) { world in
      describe(world, workload)
    }
  }

  private func describe(_ world: SimulatedWorld, _ workload: SimulatedWorkload) {
    if speaksTLS { describeSealed(world, workload) } else { workload.describe(world) }
    backend.choose(in: world)
  }

  private func describeSealed(_ world: SimulatedWorld, _ workload: SimulatedWorkload) {
    #if TLS
    let sides = SimulatedTLS.Sides.allCases
    let connects = [.relay, .pool].contains(workload)
    do throws(TLSError) {
      let place = Int(world.seed / UInt64(SimulatedWorkload.allCases.count))
      try SimulatedTLS.begin(world, on: connects ? sides[place % sides.count] : .clients)
    } catch {
      fatalError("no world can speak TLS: \(error)")
    }
    workload.describe(world)
    SimulatedTLS.meddle(with: world)
    #endif
  }

  /// The line that replays a seed.
  private func command(_ seed: UInt64) -> String {
    "switchboard simulate --protocol \(servedProtocol.rawValue) --backend \(backend.rawValue) "
      + (speaksTLS ? "--tls " : "") + "--faults \(faults.rawValue) --seed \(seed) --trace"
  }

  private func replay(_ seed: UInt64) throws {
    do {
      let report = try simulateSeed(seed, trace: trace ? { Output.line($0) } : nil)
      Output.line("seed \(seed) passed: \(outcome(report))")
    } catch {
      Output.error("switchboard simulate: \(summary(error))")
      throw ExitCode(1)
    }
  }

  private func outcome(_ report: SimulationReport) -> String {
    let counts = [
      (report.calls, "call"), (report.events, "event"), (report.bytes, "byte"),
      (report.faults.count, "fault"),
    ].map { Figures.counted($0, $1) }
    return counts.joined(separator: ", ") + ", \(report.nanoseconds / 1_000_000) ms, "
      + "digest \(String(report.digest, radix: 16))"
  }

  private func summary(_ failure: SimulationFailure) -> String {
    "seed \(failure.seed) (\(failure.backend.rawValue)) failed after "
      + "\(failure.time / 1_000_000) ms and \(Figures.counted(failure.faults.count, "fault")): "
      + "\(failure.violation)"
  }

  private func shrinkSeed(_ seed: UInt64) throws {
    let workload = servedProtocol.workload(seed, isSealed: speaksTLS)
    let clock = ContinuousClock()
    let start = clock.now
    let shrunk = Switchboard.shrink(seed: seed, faults: faults.faults) { world in
      describe(world, workload)
    }
    guard let shrunk else {
      Output.error(
        "switchboard simulate: seed \(seed) passes with these options; "
          + "give those with which it failed")
      throw ExitCode(1)
    }
    Output.line("// \(shrunk.failure.violation)")
    Output.line(
      "// Left are \(Figures.counted(shrunk.faults.count, "fault")) and "
        + "\(Figures.counted(shrunk.clients.count, "client")), after "
        + "\(Figures.counted(shrunk.runs, "run")), \(Figures.brief(clock.now - start)).")
    if speaksTLS { Output.line("// TLS is spoken as '--tls' says.") }
    let test = shrunk.test(serving: ["SimulatedWorkload.\(workload.rawValue).serve(in: world)"])
    for line in test.split(separator: "\n") { Output.line(String(line)) }
  }

  private func runAll() throws {
    var tally = SimulationTally()
    for seed in UInt64(from)..<UInt64(from) + UInt64(seeds) {
      if let end = duration?.duration, tally.elapsed >= end { break }
      do {
        let report = try simulateSeed(seed)
        tally.add(report)
        if digests { Output.line("\(seed) \(outcome(report))") }
        if verifyDigests, try simulateSeed(seed).digest != report.digest { tally.differs(seed) }
      } catch {
        tally.fail()
        Output.error("switchboard simulate: \(summary(error))")
        Output.error("  to replay: \(command(seed))")
        if stopAtFailure { break }
      }
    }
    tally.endProgress()
    tally.lines.forEach(Output.line)
    let isNarrow = servedProtocol != .all || backend != .any || faults != .harsh || speaksTLS
    if tally.leavesOut, !isNarrow {
      Output.error("switchboard simulate: so many seeds must reach every branch, and some were not")
      throw ExitCode(1)
    }
    if tally.failed > 0 || tally.different > 0 { throw ExitCode(1) }
  }
}
