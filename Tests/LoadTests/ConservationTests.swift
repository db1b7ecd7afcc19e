import Glibc
import Switchboard
import TestSupport
import Testing

@testable import SwitchboardBase
@testable import SwitchboardLoad

/// Answers, keeps silent, stalls, lies, closes or resets, each now and then, as a seed has it.
private struct Moody: Session {
  enum Mood: CaseIterable, Sendable { case good, silent, slow, lying, closing, aborting, talkative }

  let moods: [Mood]
  private var count = 0
  private var owed: [UInt8] = []

  init(moods: [Mood]) { self.moods = moods }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    count += 1
    let mood = moods[count % moods.count]
    switch mood {
    case .good: connection.write(bytes)
    case .silent: break
    case .slow:
      for index in bytes.indices { owed.append(bytes[index]) }
      connection.setTimer(after: .milliseconds(20))
    case .lying: for _ in bytes.indices { connection.write([0xFF]) }
    case .closing: connection.close()
    case .aborting: connection.abort()
    case .talkative:
      connection.write(bytes)
      connection.write(bytes)
    }
  }
  mutating func elapsed(_ connection: inout Connection) {
    connection.write(owed.span)
    owed = []
  }
}

extension Connection {
  fileprivate mutating func write(_ bytes: [UInt8]) { write(bytes.span) }
}

extension LoadGenerator {
  /// How many runs of chance there are: more with SWITCHBOARD_CONSERVATION_RUNS.
  static let conservationRuns =
    getenv("SWITCHBOARD_CONSERVATION_RUNS").flatMap { Int(String(cString: $0)) } ?? 60

  static func options(_ port: UInt16, _ chance: inout Chance) -> LoadOptions {
    func pick<Value>(_ values: [Value]) -> Value { values.randomElement(using: &chance)! }
    var options = LoadOptions(on: [.loopback(port: port)])
    options.speaking = .echo
    options.connections = pick([1, 2, 5, 16])
    options.pipeline = pick([1, 1, 3, 16])
    options.threads = pick([1, 2, 3])
    options.idle = pick([0, 0, 3])
    options.size = pick([.fixed(1), .fixed(16), .uniform(1...3000), .fixed(100_000)])
    options.churn = pick([nil, nil, 1, 3])
    options.warmUp = pick([.zero, .milliseconds(20)])
    options.ramp = pick([.zero, .zero, .milliseconds(20)])
    options.duration = .milliseconds(pick([1, 30, 60]))
    options.timeout = .milliseconds(pick([60, 300]))
    options.seed = chance.next()
    // A set of select may be at its end in a process that runs many tests.
    options.backend = pick(backends.filter { $0 != .select })
    switch pick([0, 1, 2, 3]) {
    case 0: options.rates = pick([[500], [20_000], [500_000], [300, 50_000, 300]])
    case 1: options.requests = pick([1, 17, 400])
    case 2: options.thinkTime = .milliseconds(3)
    default: break
    }
    if options.isOpenLoop { options.burst = pick([1, 1, 7]) }
    return options
  }

  @Test func `Whatever is asked for and whatever becomes of it, each request comes to one end`()
    throws
  {
    for seed in 1...Self.conservationRuns {
      var chance = Chance(seed: UInt64(seed))
      let few = (0..<3).map { _ in Moody.Mood.allCases.randomElement(using: &chance)! }
      let moods = seed % 4 == 0 ? few : few.prefix(2) + Array(repeating: .good, count: 12)
      let dies = seed % 5 == 0
      try serving(Moody(moods: moods)) { port, handle in
        let options = Self.options(port, &chance)
        let run = LoadRun(options)
        if seed % 7 == 0 { stopSoon(run, after: chance.next() % 60) }
        let result = try? run.run(whenConnected: { if dies { handle.stop() } })
        guard let result else { return }
        expectBalance(result, options, "seed \(seed): \(options), \(moods)")
      }
    }
  }

  /// Each request that was due came to one end, and to no other.
  func expectBalance(_ result: LoadResult, _ options: LoadOptions, _ what: String) {
    let told = "\(what): \(result.all), \(result.window)"
    #expect(result.all.isBalanced && result.window.isBalanced, "\(told)")
    #expect(result.latency.count == result.window.due, "\(told)")
    let unsent = result.isOpenLoop ? result.window.unsent : 0
    #expect(result.uncorrected.count == result.window.due - unsent, "\(told)")
    #expect(result.all.unanswered <= result.failures.server, "\(told)")
    #expect(result.window.due <= result.all.due, "\(told)")
    #expect(result.steps.allSatisfy { $0.tally.isBalanced }, "\(told)")
    let made = result.all.due - result.all.unsent
    if let wanted = options.requests, options.warmUp + options.ramp == .zero {
      #expect(made <= wanted, "\(told)")
    }
  }

  /// Ends a run from another thread.
  func stopSoon(_ run: LoadRun, after milliseconds: UInt64) {
    let box = Unmanaged.passRetained(Ended(run, milliseconds))
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { raw in
        let ended = Unmanaged<Ended>.fromOpaque(raw!).takeRetainedValue()
        usleep(UInt32(ended.milliseconds) * 1000)
        ended.run.stop()
        return nil
      }, box.toOpaque())
    pthread_detach(thread)
  }

  private final class Ended: Sendable {
    let run: LoadRun
    let milliseconds: UInt64
    init(_ run: LoadRun, _ milliseconds: UInt64) {
      (self.run, self.milliseconds) = (run, milliseconds)
    }
  }
}
