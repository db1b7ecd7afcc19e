import Switchboard
import SwitchboardBase

/// The figures of one run among several of the same load.
public struct LoadReplicate: Sendable, Codable, Hashable {
  /// Requests a second.
  public var rate: Double
  /// Half of the latencies were no longer, in microseconds.
  public var p50: Double
  /// All but a hundredth were no longer, in microseconds.
  public var p99: Double
  /// Whether the generator had no time to spare.
  public var isLimited: Bool

  /// What a run came to.
  public init(_ result: LoadResult) {
    rate = result.rate
    p50 = result.latency.percentile(50).inSeconds * 1e6
    p99 = result.latency.percentile(99).inSeconds * 1e6
    isLimited = result.isLimitedByGenerator
  }

  var isPlausible: Bool {
    LoadResult.isRate(rate) && [p50, p99].allSatisfy(LoadResult.isLatency)
  }
}

extension LoadResult {
  /// One result of several that were measured one after the other: all their requests, their times
  /// together, and each one's figures.
  ///
  /// - Returns: Nil of none.
  public static func repeated(_ runs: [LoadResult]) -> LoadResult? {
    guard var all = runs.first else { return nil }
    all.replicates = runs.map(LoadReplicate.init)
    all.spans = nil
    for next in runs.dropFirst() {
      let begin = all.seconds
      all.seconds += next.seconds
      all.addCounts(of: next)
      all.threads = zip(all.threads, next.threads).map { $0.followed(by: $1) }
      all.series = LoadSecond.folded(all.series + next.series.map { $0.moved(by: begin) })
      for (place, step) in next.steps.enumerated() where all.steps.indices.contains(place) {
        let seconds = all.steps[place].seconds + step.seconds
        all.steps[place].add(step)
        all.steps[place].seconds = seconds
      }
    }
    return all
  }
}

extension LoadThreadFigures {
  fileprivate func followed(by next: LoadThreadFigures) -> LoadThreadFigures {
    LoadThreadFigures(
      processorSeconds: processorSeconds + next.processorSeconds,
      waitedSeconds: waitedSeconds + next.waitedSeconds, seconds: seconds + next.seconds)
  }
}

extension LoadSecond {
  /// The same, so many seconds later. What came before its own window would lie in that of another run,
  /// and stands before all of them.
  fileprivate func moved(by seconds: Double) -> LoadSecond {
    LoadSecond(
      start: isMeasured ? start + seconds : start, seconds: self.seconds, isMeasured: isMeasured,
      requests: requests, failures: failures, latency, sent: uncorrected)
  }
}
