import Switchboard
import SwitchboardBase
import SwitchboardLoad

/// A way to serve, as `switchboard serve` names it.
public enum ServedModel: String, CaseIterable, Sendable {
  case sequential, threads, pool, select, poll, epoll
  case ioUring = "io_uring"

  /// Threads of the pool.
  static let poolThreads = 128

  /// The options of `switchboard serve`.
  var options: [String] {
    switch self {
    case .sequential, .threads: ["--model", rawValue]
    case .pool: ["--model", "pool", "--threads", String(ServedModel.poolThreads)]
    case .select, .poll, .epoll, .ioUring: ["--backend", rawValue]
    }
  }

  /// The most connections that it serves at once; nil if only memory and descriptors bound them.
  public var most: Int? {
    switch self {
    case .sequential: 1
    case .pool: ServedModel.poolThreads
    case .select: 1000
    case .threads: Server.mostThreads
    case .poll, .epoll, .ioUring: nil
    }
  }

  /// Why there is such a bound.
  var bound: String {
    switch self {
    case .sequential: "sequential serves one connection at a time; the others would wait"
    case .pool: "a pool of \(ServedModel.poolThreads) threads serves as many connections at once"
    case .select: "select holds descriptors below 1,024"
    case .threads: "at most \(Figures.grouped(Server.mostThreads)) threads are started"
    case .poll, .epoll, .ioUring: ""
    }
  }
}

/// One model under so many connections, each with one request under way: throughput, latency and
/// memory.
public struct LoadCell: Hashable, Sendable {
  public var model: String
  public var connections: Int
  /// Requests a second: the middle one of the repetitions, and their ends.
  public var rate: Double
  public var leastRate: Double
  public var mostRate: Double
  /// Seconds, of the middle repetition, and the ends of all.
  public var p50: Double
  public var p99: Double
  public var leastP99: Double
  public var mostP99: Double
  /// Bytes of the server with all connections standing, before the first request.
  public var memory: Int
  /// Of the server, for each request, in microseconds.
  public var serverTime: Double
  /// What went wrong with requests and connections, in all repetitions.
  public var failed: LoadFailures
  /// The generator had no processor time to spare: the server could perhaps do more.
  public var isLimitedByGenerator: Bool

  /// Requests or connections that went wrong.
  public var failures: Int { failed.server + failed.own }

  /// One repetition.
  struct Repetition: Sendable {
    var rate: Double
    var p50: Double
    var p99: Double
    var memory: Int
    var serverTime: Double
    var failures: LoadFailures
    var isLimited: Bool
  }

  /// The medians of some repetitions, of each figure for itself; at least one.
  init(_ model: String, _ connections: Int, _ samples: [Repetition]) {
    (self.model, self.connections) = (model, connections)
    let (rates, p99s) = (Sample(samples.map(\.rate)), Sample(samples.map(\.p99)))
    rate = rates.median ?? 0
    (leastRate, mostRate) = (rates.least ?? 0, rates.most ?? 0)
    p50 = Sample(samples.map(\.p50)).median ?? 0
    p99 = p99s.median ?? 0
    (leastP99, mostP99) = (p99s.least ?? 0, p99s.most ?? 0)
    memory = Figures.whole(Sample(samples.map { Double($0.memory) }).median ?? 0)
    serverTime = Sample(samples.map(\.serverTime)).median ?? 0
    failed = samples.map(\.failures).reduce(into: LoadFailures()) { $0.merge($1) }
    isLimitedByGenerator = samples.contains(where: \.isLimited)
  }

  /// Serves and loads once, in a process of its own.
  static func sample(
    _ model: ServedModel, _ connections: Int, seconds: Double, _ laboratory: Laboratory
  ) throws -> Repetition {
    let server = try laboratory.serve(model.options)
    defer { server.stop() }
    var options = LoadOptions(on: [server.address])
    options.connections = connections
    options.warmUp = .milliseconds(500)
    options.duration = .seconds(seconds)
    let memory = MemoryReading()
    let pid = server.pid
    let before = ProcessFigures(of: pid).processorTime
    let result = try LoadRun(options).run(
      whenConnected: { memory.bytes = ProcessFigures(of: pid).resident }, progress: { _ in })
    let spent = ProcessFigures(of: pid).processorTime - before
    guard result.requests > 0 else {
      throw TrialFailure("\(model.rawValue) answered none of \(connections) clients; run it again")
    }
    return Repetition(
      rate: result.rate, p50: result.latency.percentile(50).inSeconds,
      p99: result.latency.percentile(99).inSeconds, memory: memory.bytes,
      serverTime: spent * 1e6 / Double(max(1, result.allRequests)),
      failures: result.failures, isLimited: result.isLimitedByGenerator)
  }
}

/// Written by the run's own thread before it goes on.
private final class MemoryReading {
  var bytes = 0
}

extension Laboratory {
  /// Starts `switchboard serve` with these options, on a free port.
  func serve(_ options: [String]) throws -> ServerProcess {
    try ServerProcess(
      program, ["serve", "--port", "0", "--log-level", "notice"] + options)
  }
}
