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

/// One model under so many connections, measured a few times: throughput, latency, processor time and
/// memory. Each figure is the median of the repetitions, for itself.
public struct LoadCell: Hashable, Sendable {
  public var model: String
  public var connections: Int
  /// At least one.
  public var repetitions: [Repetition]

  /// Requests a second.
  public var rate: Double { median(\.rate) }
  /// The least and the most of the repetitions.
  public var rates: ClosedRange<Double> { range(\.rate) }
  /// Seconds within which half of the replies came.
  public var p50: Double { median(\.p50) }
  /// Seconds within which 99 of 100 replies came.
  public var p99: Double { median(\.p99) }
  /// The least and the most of the repetitions.
  public var p99s: ClosedRange<Double> { range(\.p99) }
  /// Bytes of the server with all connections standing, before the first request.
  public var memory: Int { Figures.whole(median { Double($0.memory) }) }
  /// Of the server, for each request, in microseconds.
  public var serverTime: Double { median(\.serverTime) }
  /// The least and the most of the repetitions.
  public var serverTimes: ClosedRange<Double> { range(\.serverTime) }
  /// What went wrong with requests and connections, in all repetitions.
  public var failed: LoadFailures {
    repetitions.map(\.failures).reduce(into: LoadFailures()) { $0.merge($1) }
  }
  /// The generator had no processor time to spare: the server could perhaps do more.
  public var isLimitedByGenerator: Bool { repetitions.contains(where: \.isLimited) }
  /// Requests or connections that went wrong.
  public var failures: Int { failed.server + failed.own }

  /// One repetition.
  public struct Repetition: Hashable, Sendable {
    /// Right replies a second.
    public var rate: Double
    /// Of the requests that were due, the share that was answered.
    public var answeredShare: Double
    public var p50: Double
    public var p99: Double
    public var memory: Int
    public var serverTime: Double
    public var failures: LoadFailures
    public var isLimited: Bool
  }

  /// Some repetitions; at least one.
  init(_ model: String, _ connections: Int, _ repetitions: [Repetition]) {
    (self.model, self.connections, self.repetitions) = (model, connections, repetitions)
  }

  private func median(_ figure: (Repetition) -> Double) -> Double {
    Sample(repetitions.map(figure)).median ?? 0
  }

  private func range(_ figure: (Repetition) -> Double) -> ClosedRange<Double> {
    let sample = Sample(repetitions.map(figure))
    return (sample.least ?? 0)...(sample.most ?? 0)
  }
}

extension LoadCell.Repetition {
  /// Serves and loads once, in a process of its own.
  ///
  /// - Parameter rate: Requests a second; nil for one after the other on each connection.
  init(
    _ model: ServedModel, _ connections: Int, rate: Double? = nil, seconds: Double,
    _ laboratory: Laboratory
  ) throws {
    let server = try laboratory.serve(model.options)
    defer { server.stop() }
    var options = LoadOptions(on: [server.address])
    options.connections = connections
    if let rate { options.rates = [rate] }
    options.warmUp = .milliseconds(500)
    options.duration = .seconds(seconds)
    // What accepting and closing them costs is no cost of a request.
    let (standing, loaded) = (Reading(), Reading())
    let pid = server.pid
    let result = try LoadRun(options).run(
      whenConnected: { standing.figures = ProcessFigures(of: pid) },
      whenMeasured: { loaded.figures = ProcessFigures(of: pid) })
    guard result.requests > 0 else {
      throw TrialFailure("\(model.rawValue) answered none of \(connections) clients; run it again")
    }
    let times = [loaded, standing].map { $0.figures?.processorTime ?? 0 }
    let spent = max(0, times[0] - times[1])
    self.init(
      rate: result.rate,
      answeredShare: Double(result.window.answered) / Double(max(1, result.window.due)),
      p50: result.latency.percentile(50).inSeconds,
      p99: result.latency.percentile(99).inSeconds, memory: standing.figures?.resident ?? 0,
      serverTime: spent * 1e6 / Double(max(1, result.allRequests)),
      failures: result.failures, isLimited: result.isLimitedByGenerator)
  }
}

/// Written by the run's own thread before it goes on.
private final class Reading {
  var figures: ProcessFigures?
}

extension Laboratory {
  /// Starts `switchboard serve` with these options, on a free port.
  func serve(_ options: [String]) throws -> ServerProcess {
    try ServerProcess(
      program, ["serve", "--port", "0", "--log-level", "notice"] + options)
  }
}
