import Switchboard

/// Puts the threads' intervals together.
struct LoadSeries {
  private let threads: Int
  private var open: [Int: (interval: LoadInterval, count: Int)] = [:]
  /// Those that are over; at most twice as many as a result holds.
  private(set) var seconds: [LoadSecond] = []
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
      known.interval.add(interval)
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
    if seconds.count > 2 * LoadSecond.most { seconds = LoadSecond.folded(seconds) }
  }

  /// All seconds, in order; of long runs fewer and longer ones.
  mutating func finish() -> [LoadSecond] {
    for number in open.keys.sorted() {
      if let known = open[number] { seconds.append(LoadSecond(known.interval)) }
    }
    return LoadSecond.folded(seconds)
  }
}

extension LoadSecond {
  /// The most seconds that a result holds: twenty minutes of them. Longer runs hold as many spans of two
  /// seconds, or of four, and so on, so that a day takes no more room than they do.
  static let most = 1200

  /// So many that they are few enough, in order; each longer than those before where that is needed.
  static func folded(_ seconds: [LoadSecond]) -> [LoadSecond] {
    var all = seconds.sorted { $0.start < $1.start }
    var length = all.lazy.map(\.seconds).max().map { $0 <= 1 ? 1 : $0.rounded() } ?? 1
    // The times before the window are seldom long, and stay as they are unless they are.
    while all.count > most {
      length *= 2
      all = joined(all, length)
    }
    return all
  }

  /// Puts together what lies in the same span of so many seconds.
  static func joined(_ seconds: [LoadSecond], _ length: Double) -> [LoadSecond] {
    var joined: [LoadSecond] = []
    var (open, place) = (seconds[..<0], 0.0)
    for (index, second) in seconds.enumerated() {
      // A second may begin a rounding error early.
      let span = ((second.start + 1e-3) / length).rounded(.down)
      if let first = open.first, span == place, first.isMeasured == second.isMeasured {
        open = seconds[open.startIndex...index]
        continue
      }
      if let whole = LoadSecond(joining: open) { joined.append(whole) }
      (open, place) = (seconds[index...index], span)
    }
    if let whole = LoadSecond(joining: open) { joined.append(whole) }
    return joined
  }
}

extension LoadSecond {
  init(_ interval: LoadInterval) {
    self.init(
      start: Double(interval.start) / 1e9, seconds: Double(interval.nanoseconds) / 1e9,
      isMeasured: interval.isMeasured, requests: interval.requests,
      failures: interval.failures.server + interval.failures.own, interval.everything,
      sent: interval.everythingSent)
  }
}

extension LoadResult {
  /// The whole of what threads have measured.
  init(_ options: LoadOptions, _ shares: [LoadShare], _ series: [LoadSecond], connected: Int) {
    var all = LoadShare()
    for share in shares { all.add(share) }
    self.init(
      setup: options.setup, origins: [], isEndedEarly: false,
      isOpenLoop: options.isOpenLoop,
      seconds: Double(all.windowNanoseconds) / 1e9, all: all.all, window: all.window,
      arrived: all.arrived, backlog: all.backlog, bytesSent: all.bytesSent,
      bytesReceived: all.bytesReceived, connected: connected,
      connectionsMade: all.connectionsMade, failures: all.failures, latency: all.latency,
      uncorrected: all.uncorrected, connecting: all.connecting, lag: all.lag,
      threads: shares.map(\.figures), series: series, steps: all.steps)
  }
}

extension LoadShare {
  /// Adds what another thread measured.
  mutating func add(_ other: LoadShare) {
    all.add(other.all)
    window.add(other.window)
    arrived += other.arrived
    backlog += other.backlog
    bytesSent += other.bytesSent
    bytesReceived += other.bytesReceived
    connectionsMade += other.connectionsMade
    windowNanoseconds = max(windowNanoseconds, other.windowNanoseconds)
    failures.merge(other.failures)
    latency.merge(other.latency)
    uncorrected.merge(other.uncorrected)
    connecting.merge(other.connecting)
    lag.merge(other.lag)
    // The threads share each step's rate.
    for (place, step) in other.steps.enumerated() {
      if steps.indices.contains(place) { steps[place].add(step) } else { steps.append(step) }
    }
  }
}
