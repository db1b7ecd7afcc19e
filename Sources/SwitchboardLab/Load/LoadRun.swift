import Glibc
import Switchboard
import Synchronization

/// Puts load on servers and measures what comes of it.
///
/// ```swift
/// var options = LoadOptions(on: [.loopback(port: 9090)])
/// options.connections = 64
/// options.duration = .seconds(5)
/// let result = try LoadRun(options).run()
/// print(result.rate, result.latency.percentile(99))
/// ```
///
/// The connections belong to threads that ``run(whenConnected:progress:)`` starts; the thread that
/// calls it waits. Call `Linux().raiseDescriptorLimit()` before for more than a thousand.
public final class LoadRun: Sendable {
  /// What was asked for.
  public let options: LoadOptions
  private let control = LoadControl()

  /// A run to come; nothing happens yet.
  public init(_ options: LoadOptions) { self.options = options }

  /// Ends the run early: what was measured until then is the result. Any thread, and a signal
  /// handler.
  public func stop() { control.isStopped.store(true, ordering: .relaxed) }

  /// Connects, loads, measures, and answers when everything is over.
  ///
  /// - Parameters:
  ///   - whenConnected: Called in this thread when the connections stand, before the first request;
  ///     the load begins when it returns.
  ///   - progress: Called in this thread every second, and while connections are made.
  /// - Throws: ``LoadError`` when the options contradict each other or nobody answers there, and
  ///   `SystemError` when threads or descriptors are lacking at the start.
  public func run(
    whenConnected: () -> Void = {}, progress: (LoadProgress) -> Void = { _ in }
  ) throws -> LoadResult {
    if let mistake = options.mistake { throw LoadError.mistake(mistake) }
    let tape = LoadTape(options.speaking, options.size, seed: options.seed)
    let sources = options.allSources
    var threads: [LoadThread] = []
    do {
      for number in 0..<options.threads {
        threads.append(try LoadThread(options, tape, sources, number, control))
      }
    } catch {
      stop()
      for thread in threads { thread.join() }
      throw error
    }
    let stands = connect(progress)
    let connected = control.connected.load(ordering: .relaxed)
    if stands {
      whenConnected()
      control.begin.store(Linux().now().nanoseconds + 1_000_000, ordering: .releasing)
    } else {
      stop()
    }
    var series = LoadSeries(threads: options.threads)
    while control.finished.count < options.threads {
      usleep(10_000)
      series.take(control.takeIntervals(), progress)
    }
    for thread in threads { thread.join() }
    series.take(control.takeIntervals(), progress)
    let shares = control.finished
    let result = LoadResult(options, shares, series.finish(), connected: connected)
    if !stands, !isStoppedByCaller { throw LoadError.nobody(result.failures) }
    if let error = threads.lazy.compactMap(\.error).first { throw error }
    return result
  }

  private var isStoppedByCaller: Bool {
    control.earlyFailures.counts.isEmpty && control.connected.load(ordering: .relaxed) == 0
  }

  /// Waits until every connection stands or has failed once; false when none stands.
  private func connect(_ progress: (LoadProgress) -> Void) -> Bool {
    let all = options.connections + options.idle
    var told = 0
    while control.attempted.load(ordering: .acquiring) < all {
      if control.isStopped.load(ordering: .relaxed) { return false }
      if control.finished.count == options.threads { return false }
      usleep(1000)
      told += 1
      guard told % 250 == 0 else { continue }
      progress(
        .connecting(
          done: control.connected.load(ordering: .relaxed), of: all,
          failures: control.earlyFailures.server + control.earlyFailures.own))
    }
    return control.connected.load(ordering: .relaxed) > 0
  }
}

/// Why a run did not come about.
public enum LoadError: Error, Sendable, CustomStringConvertible {
  /// The options contradict each other.
  case mistake(String)
  /// Not one connection could be made.
  case nobody(LoadFailures)

  /// One line with the next action.
  public var description: String {
    switch self {
    case .mistake(let text): return text
    case .nobody(let failures):
      guard let kind = failures.kinds.first else { return "no connection could be made" }
      let example = failures.examples[kind.rawValue].map { " (\($0))" } ?? ""
      return "no connection could be made: \(kind.meaning)\(example); \(kind.advice)"
    }
  }
}

/// A thread with a part of the load on it.
private final class LoadThread {
  private var thread: LoopThread?
  private let failure: LoadThreadFailure

  init(
    _ options: LoadOptions, _ tape: LoadTape, _ sources: [SocketAddress], _ number: Int,
    _ control: LoadControl
  ) throws(SystemError) {
    let failure = LoadThreadFailure()
    self.failure = failure
    thread = try LoopThread {
      do throws(SystemError) {
        var loop = try LoadLoop(
          options, tape: tape, sources: sources, number: number, control: control)
        loop.run()
      } catch {
        failure.set(error)
        control.isStopped.store(true, ordering: .relaxed)
        control.finish(LoadShare())
      }
    }
  }

  var error: SystemError? { failure.error }
  func join() { thread.take()?.join() }
}

private final class LoadThreadFailure: Sendable {
  private let value = Mutex<SystemError?>(nil)
  var error: SystemError? { value.withLock { $0 } }
  func set(_ error: SystemError) { value.withLock { $0 = error } }
}

/// Puts the threads' intervals together.
struct LoadSeries {
  private let threads: Int
  private var open: [Int: (interval: LoadInterval, count: Int)] = [:]
  private var seconds: [LoadSecond] = []
  private var failures = LoadFailures()

  init(threads: Int) { self.threads = threads }

  mutating func take(_ intervals: [LoadInterval], _ progress: (LoadProgress) -> Void) {
    for interval in intervals {
      failures.merge(interval.failures)
      guard var known = open[interval.number] else {
        open[interval.number] = (interval, 1)
        close(interval.number, progress)
        continue
      }
      known.interval.requests += interval.requests
      known.interval.failures.merge(interval.failures)
      known.interval.latency.merge(interval.latency)
      known.interval.nanoseconds = max(known.interval.nanoseconds, interval.nanoseconds)
      known.count += 1
      open[interval.number] = known
      close(interval.number, progress)
    }
  }

  private mutating func close(_ number: Int, _ progress: (LoadProgress) -> Void) {
    guard let known = open[number], known.count == threads else { return }
    open[number] = nil
    let second = LoadSecond(known.interval)
    seconds.append(second)
    progress(.second(second, failures: failures))
  }

  /// All seconds, in order.
  mutating func finish() -> [LoadSecond] {
    for number in open.keys.sorted() {
      if let known = open[number] { seconds.append(LoadSecond(known.interval)) }
    }
    open = [:]
    return seconds.sorted { $0.start < $1.start }
  }
}

extension LoadSecond {
  init(_ interval: LoadInterval) {
    let microseconds = { (duration: Duration) in duration.inSeconds * 1e6 }
    self.init(
      start: Double(interval.start) / 1e9, seconds: Double(interval.nanoseconds) / 1e9,
      isMeasured: interval.isMeasured, requests: interval.requests,
      failures: interval.failures.server + interval.failures.own,
      p50: microseconds(interval.latency.percentile(50)),
      p99: microseconds(interval.latency.percentile(99)),
      longest: microseconds(interval.latency.longest))
  }
}

extension LoadResult {
  /// The whole of what threads have measured.
  init(_ options: LoadOptions, _ shares: [LoadShare], _ series: [LoadSecond], connected: Int) {
    var all = LoadShare()
    for share in shares {
      all.requests += share.requests
      all.allRequests += share.allRequests
      all.unanswered += share.unanswered
      all.missed += share.missed
      all.bytesSent += share.bytesSent
      all.bytesReceived += share.bytesReceived
      all.connectionsMade += share.connectionsMade
      all.windowNanoseconds = max(all.windowNanoseconds, share.windowNanoseconds)
      all.failures.merge(share.failures)
      all.latency.merge(share.latency)
      all.uncorrected.merge(share.uncorrected)
      all.connecting.merge(share.connecting)
      all.lag.merge(share.lag)
      if all.steps.isEmpty {
        all.steps = share.steps
      } else {
        for (place, step) in share.steps.enumerated() where all.steps.indices.contains(place) {
          all.steps[place].requests += step.requests
          all.steps[place].seconds = max(all.steps[place].seconds, step.seconds)
          all.steps[place].latency.merge(step.latency)
        }
      }
    }
    self.init(
      setup: options.setup, isOpenLoop: options.isOpenLoop,
      seconds: Double(all.windowNanoseconds) / 1e9, requests: all.requests,
      allRequests: all.allRequests, unanswered: all.unanswered, missed: all.missed,
      bytesSent: all.bytesSent, bytesReceived: all.bytesReceived, connected: connected,
      connectionsMade: all.connectionsMade, failures: all.failures, latency: all.latency,
      uncorrected: all.uncorrected, connecting: all.connecting, lag: all.lag,
      threads: shares.map(\.figures), series: series, steps: all.steps)
  }
}

extension LoadOptions {
  /// What was asked for, by option, as it is written on the command line.
  var setup: [String: String] {
    var setup = [
      "target": targets.map(\.description).joined(separator: ","), "protocol": speaking.rawValue,
      "connections": "\(connections)", "pipeline": "\(pipeline)", "size": "\(size)",
      "threads": "\(threads)",
    ]
    if idle > 0 { setup["idle"] = "\(idle)" }
    if isOpenLoop { setup["rate"] = rates.map { Figures.plain($0) }.joined(separator: ",") }
    if burst > 1 { setup["burst"] = "\(burst)" }
    if let churn { setup["churn"] = "\(churn)" }
    if thinkTime > .zero { setup["think"] = Figures.brief(thinkTime) }
    if ramp > .zero { setup["ramp"] = Figures.brief(ramp) }
    return setup
  }
}

extension Figures {
  /// A number without decimal places it does not need: `1000`, `0.5`.
  static func plain(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
  }
}
