import SwitchboardLoad

/// Latencies of one run as percentiles.
public protocol Percentiles {
  /// Shares of all replies, and the seconds within which so many came.
  var percentiles: [(share: Double, seconds: Double)] { get set }
}

extension Percentiles {
  /// Seconds at a share; zero at one that was not asked for.
  public func at(_ share: Double) -> Double {
    percentiles.first { abs($0.share - share) < 1e-9 }?.seconds ?? 0
  }
}

extension Array where Element: Percentiles {
  /// Rounds in one row: the first, with the median of each percentile for itself. Nil of none.
  var median: Element? {
    guard var middle = first else { return nil }
    middle.percentiles = middle.percentiles.map { share, _ in
      (share, Sample(map { $0.at(share) }).median ?? 0)
    }
    return middle
  }
}
