import SwitchboardBase

extension LoadResult {
  /// Whether these can be the figures of a run: a file that says so may be damaged, or have been made
  /// to harm. What passes can be merged, compared and printed without a number that does not fit.
  public var isPlausible: Bool {
    areCountsPlausible && all.isBalanced && window.isBalanced && LoadResult.isTime(seconds)
      && arePartsPlausible && areWordsPlausible
  }

  private var areCountsPlausible: Bool {
    var counts = [arrived, backlog, bytesSent, bytesReceived, connected, connectionsMade]
    counts += all.counts + window.counts
    counts += failures.counts.values
    counts += [latency, uncorrected, connecting, lag].map(\.count)
    return counts.allSatisfy(LoadResult.isCount)
  }

  private var arePartsPlausible: Bool {
    threads.count <= LoadResult.mostParts && threads.allSatisfy(\.isPlausible)
      && steps.count <= LoadResult.mostParts && steps.allSatisfy(\.isPlausible)
      && replicates.count <= LoadResult.mostParts && replicates.allSatisfy(\.isPlausible)
      && series.count <= LoadResult.mostSpans && series.allSatisfy(\.isPlausible)
      && spans?.isPlausible ?? true
  }

  private var areWordsPlausible: Bool {
    setup.allSatisfy(LoadResult.isWord) && failures.examples.allSatisfy(LoadResult.isWord)
      && origins.count <= LoadResult.mostOrigins
      && origins.flatMap(\.words).allSatisfy { LoadResult.isWord(("", $0)) }
  }

  /// More of each than any result has, merged ones among them.
  private static let mostParts = 1 << 16
  private static let mostSpans = 1 << 20
  private static let mostOrigins = 1 << 12

  /// So small that a million of them add up.
  static func isCount(_ count: Int) -> Bool {
    (0...LatencyHistogram.most).contains(count)
  }

  /// Seconds: none, or from a nanosecond, so that no rate is beyond all numbers, to some thirty years.
  fileprivate static func isTime(_ time: Double) -> Bool {
    time == 0 || (1e-9...1e9).contains(time)
  }

  /// Requests a second: a thousand generators at their most.
  static func isRate(_ rate: Double) -> Bool { (0...1e12).contains(rate) }

  /// Microseconds, of which histograms hold an hour at most.
  static func isLatency(_ microseconds: Double) -> Bool {
    (0...1e13).contains(microseconds)
  }

  /// An option and its value: short, and nothing that a terminal would obey.
  static func isWord(_ option: (key: String, value: String)) -> Bool {
    [option.key, option.value].allSatisfy { word in
      word.utf8.count <= 1 << 16 && FileName.shown(word) == word
    }
  }
}

extension LoadThreadFigures {
  fileprivate var isPlausible: Bool {
    [processorSeconds, waitedSeconds, seconds].allSatisfy(LoadResult.isTime)
  }
}

extension LoadSecond {
  fileprivate var isPlausible: Bool {
    (-1e9...1e9).contains(start) && LoadResult.isTime(seconds) && LoadResult.isCount(requests)
      && LoadResult.isCount(failures) && [p50, p99, longest].allSatisfy(LoadResult.isLatency)
      && hasPlausibleEntries
  }
}

extension LoadStep {
  fileprivate var isPlausible: Bool {
    LoadResult.isRate(asked) && LoadResult.isTime(seconds)
      && tally.counts.allSatisfy(LoadResult.isCount) && tally.isBalanced
      && LoadResult.isCount(latency.count)
  }
}
