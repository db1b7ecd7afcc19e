import SwitchboardBase

extension LoadResult {
  /// One result of several that were measured side by side: by threads of several processes, or on
  /// several machines. Counts and histograms add up, without loss; the rate is the sum.
  ///
  /// - Returns: Nil of none.
  public static func merged(_ results: [LoadResult]) -> LoadResult? {
    guard var all = results.first else { return nil }
    for other in results.dropFirst() { all.add(other) }
    return all
  }

  private mutating func add(_ other: LoadResult) {
    (replicates, spans) = ([], nil)
    isOpenLoop = isOpenLoop || other.isOpenLoop
    for (option, value) in other.setup { setup[option] = joined(option, value) }
    // Windows of the same load; the longest counts, so that the rate is not flattered.
    seconds = max(seconds, other.seconds)
    addCounts(of: other)
    connected += other.connected
    threads += other.threads
    series = LoadSecond.merged(series, other.series)
    for (place, step) in other.steps.enumerated() {
      guard steps.indices.contains(place) else {
        steps.append(step)
        continue
      }
      steps[place].asked += step.asked
      steps[place].add(step)
    }
  }

  /// What adds up whether it was measured side by side or one after the other.
  mutating func addCounts(of other: LoadResult) {
    origins += other.origins.filter { !origins.contains($0) }
    isEndedEarly = isEndedEarly || other.isEndedEarly
    all.add(other.all)
    window.add(other.window)
    arrived += other.arrived
    backlog += other.backlog
    bytesSent += other.bytesSent
    bytesReceived += other.bytesReceived
    connectionsMade += other.connectionsMade
    failures.merge(other.failures)
    latency.merge(other.latency)
    uncorrected.merge(other.uncorrected)
    connecting.merge(other.connecting)
    lag.merge(other.lag)
  }

  /// Numbers of connections, threads and requests add up; anything else is listed.
  private func joined(_ option: String, _ value: String) -> String {
    guard let mine = setup[option] else { return value }
    if ["connections", "threads", "idle", "requests"].contains(option), let a = Int(mine),
      let b = Int(value),
      case (let sum, let overflow) = a.addingReportingOverflow(b), !overflow
    {
      return "\(sum)"
    }
    if option == "rate" { return LoadResult.summed(mine, value) ?? mine }
    let known = mine.split(separator: ",").map(String.init)
    let fresh = value.split(separator: ",").map(String.init).filter { !known.contains($0) }
    return (known + fresh).joined(separator: ",")
  }

  private static func summed(_ a: String, _ b: String) -> String? {
    let numbers = [a, b].map { $0.split(separator: ",").compactMap { Double($0) } }
    guard numbers[0].count == numbers[1].count else { return nil }
    return zip(numbers[0], numbers[1]).map { Figures.plain($0 + $1) }.joined(separator: ",")
  }
}

extension LoadStep {
  /// Adds what others did at the same time.
  mutating func add(_ other: LoadStep) {
    seconds = max(seconds, other.seconds)
    tally.add(other.tally)
    latency.merge(other.latency)
  }
}

extension LoadSecond {
  /// Two runs' seconds side by side, by when they began. Where one has longer spans, so has the other then.
  static func merged(_ a: [LoadSecond], _ b: [LoadSecond]) -> [LoadSecond] {
    let lengths = [a, b].map { series in
      (series.lazy.map(\.seconds).max() ?? 1).rounded()
    }
    let length = max(1, lengths.max() ?? 1)
    var all: [LoadSecond] = []
    for second in [a, b].flatMap({ length > 1 ? joined($0, length) : $0 })
      .sorted(by: { $0.start < $1.start })
    {
      // Seconds of the same run begin at the same moment but for rounding.
      if let last = all.last, abs(last.start - second.start) < 0.001 {
        all[all.count - 1].add(second)
      } else {
        all.append(second)
      }
    }
    return all
  }

  /// Adds what another generator did in the same second.
  public mutating func add(_ other: LoadSecond) {
    self = LoadSecond([self, other], lasting: max(seconds, other.seconds)) ?? self
  }

  /// Seconds that follow each other, as one; nil if there is none.
  init?(joining seconds: ArraySlice<LoadSecond>) {
    self.init(seconds, lasting: seconds.reduce(0) { $0 + $1.seconds })
  }

  private init?(_ parts: ArraySlice<LoadSecond>, lasting seconds: Double) {
    guard let first = parts.first else { return nil }
    guard parts.count > 1 else {
      self = first
      return
    }
    var (latency, sent) = (LatencyHistogram(), LatencyHistogram())
    for part in parts { part.add(to: &latency, sent: &sent) }
    self.init(
      start: first.start, seconds: seconds, isMeasured: first.isMeasured,
      requests: parts.reduce(0) { $0 + $1.requests },
      failures: parts.reduce(0) { $0 + $1.failures }, latency, sent: sent)
  }
}
