import SwitchboardBase

extension LoadResult {
  /// Whether these can be the figures of a run: a file that says so may be damaged, or have been made
  /// to harm. What passes can be merged, compared and printed without a number that does not fit.
  public var isPlausible: Bool {
    let counts = [
      arrived, backlog, bytesSent, bytesReceived, connected, connectionsMade,
    ]
    return (counts + all.counts + window.counts).allSatisfy(LoadResult.isCount) && all.isBalanced
      && window.isBalanced && LoadResult.isTime(seconds)
      && failures.counts.values.allSatisfy(LoadResult.isCount)
      && failures.examples.allSatisfy(LoadResult.isWord)
      && [latency, uncorrected, connecting, lag].allSatisfy { LoadResult.isCount($0.count) }
      && threads.allSatisfy { $0.isPlausible } && series.allSatisfy { $0.isPlausible }
      && steps.allSatisfy { $0.isPlausible } && setup.allSatisfy(LoadResult.isWord)
      && replicates.count <= 1 << 16 && replicates.allSatisfy { $0.isPlausible }
      && origins.count <= 1 << 12
      && origins.flatMap(\.words).allSatisfy { LoadResult.isWord(("", $0)) }
      && threads.count <= 1 << 16 && series.count <= 1 << 20 && steps.count <= 1 << 16
  }

  /// So small that a million of them add up.
  fileprivate static func isCount(_ count: Int) -> Bool {
    (0...LatencyHistogram.most).contains(count)
  }

  /// Seconds, or microseconds: up to some thirty years of the former.
  fileprivate static func isTime(_ time: Double) -> Bool { (0...1e9).contains(time) }

  fileprivate static func isLatency(_ microseconds: Double) -> Bool {
    (0...1e13).contains(microseconds)
  }

  /// An option and its value: short, and nothing that a terminal would obey.
  private static func isWord(_ option: (key: String, value: String)) -> Bool {
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
    LoadResult.isTime(asked) && LoadResult.isTime(seconds)
      && tally.counts.allSatisfy(LoadResult.isCount) && tally.isBalanced
      && LoadResult.isCount(latency.count)
  }
}
