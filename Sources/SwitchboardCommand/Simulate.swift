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
      exit code is 1; --out makes a page of the first, with all that led to it. The same seed always \
      gives the same run. A terminal shows a screen meanwhile: how far it is, and which faults struck.

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
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write a page of the first seed that fails: what led to it, down to what is needed.",
      valueName: "html"))
  var out: String?

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

  @Flag(help: "Show a line while it runs, on a terminal too.")
  var plain = false

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
    let page = try reportingFailure(of: "simulate") { try out.map { try OutputFile($0) } }
    if let shrink { return try shrinkSeed(UInt64(shrink), page) }
    if let seed { return try replay(UInt64(seed), page) }
    try runAll(page)
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

  private func replay(_ seed: UInt64, _ page: OutputFile?) throws {
    do {
      let report = try simulateSeed(seed, trace: trace ? { Output.line($0) } : nil)
      Output.line("seed \(seed) passed: \(outcome(report))")
      if let page { tellUnwritten(page) }
    } catch {
      Output.error("switchboard simulate: \(summary(error))")
      if let page, let scenario = shrunk(seed) { try write(scenario, of: seed, to: page) }
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

  private func shrunk(_ seed: UInt64) -> ShrunkScenario? {
    let workload = servedProtocol.workload(seed, isSealed: speaksTLS)
    return Switchboard.shrink(seed: seed, faults: faults.faults) { world in
      describe(world, workload)
    }
  }

  private func write(_ scenario: ShrunkScenario, of seed: UInt64, to page: OutputFile) throws {
    let workload = servedProtocol.workload(seed, isSealed: speaksTLS)
    let title = "Seed \(seed), \(workload.rawValue) on \(scenario.failure.backend.rawValue),"
    let story = FailureStory(of: scenario, title: title, command: command(seed)) { world in
      describe(world, workload)
    }
    try reportingFailure(of: "simulate") {
      var delivery = Delivery()
      delivery.add(FailurePage.html(story), to: page)
      try delivery.deliver()
    }
  }

  private func shrinkSeed(_ seed: UInt64, _ page: OutputFile?) throws {
    let clock = ContinuousClock()
    let start = clock.now
    guard let shrunk = shrunk(seed) else {
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
    let workload = servedProtocol.workload(seed, isSealed: speaksTLS).rawValue
    let test = shrunk.test(serving: ["SimulatedWorkload.\(workload).serve(in: world)"])
    for line in test.split(separator: "\n") { Output.line(String(line)) }
    if let page { try write(shrunk, of: seed, to: page) }
  }

  private func runAll(_ page: OutputFile?) throws {
    var tally = SimulationTally()
    let console = SimulationConsole(
      seeds: seeds, duration: duration?.duration, wantsScreen: !plain && !digests)
    var first: UInt64?
    for seed in UInt64(from)..<UInt64(from) + UInt64(seeds) where !console.isOver {
      if let end = duration?.duration, tally.elapsed >= end { break }
      console.begin(seed)
      do {
        let report = try simulateSeed(seed)
        tally.add(report)
        console.add(report)
        if digests { Output.line("\(seed) \(outcome(report))") }
        if verifyDigests, try simulateSeed(seed).digest != report.digest {
          tally.differs()
          console.tell("switchboard simulate: two runs of seed \(seed) differ")
        }
      } catch {
        tally.fail()
        first = first ?? seed
        console.fail(summary(error), replay: command(seed))
        if stopAtFailure { break }
      }
    }
    console.end()
    tally.lines.forEach(Output.line)
    if let page { try writeFirst(first, to: page) }
    try judge(tally)
  }

  private func writeFirst(_ seed: UInt64?, to page: OutputFile) throws {
    if let seed, let scenario = shrunk(seed) { return try write(scenario, of: seed, to: page) }
    tellUnwritten(page)
  }

  private func tellUnwritten(_ page: OutputFile) {
    Output.error("switchboard simulate: no seed failed, so '\(page.path)' is not written")
  }

  private func judge(_ tally: SimulationTally) throws {
    let isNarrow = servedProtocol != .all || backend != .any || faults != .harsh || speaksTLS
    if tally.leavesOut, !isNarrow {
      Output.error("switchboard simulate: so many seeds must reach every branch, and some were not")
      throw ExitCode(1)
    }
    if tally.failed > 0 || tally.different > 0 { throw ExitCode(1) }
  }
}
