import Switchboard

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
    self.init(
      start: Double(interval.start) / 1e9, seconds: Double(interval.nanoseconds) / 1e9,
      isMeasured: interval.isMeasured, requests: interval.requests,
      failures: interval.failures.server + interval.failures.own, interval.latency)
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
