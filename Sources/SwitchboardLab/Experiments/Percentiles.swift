import SwitchboardBase
import SwitchboardLoad

/// Latencies of one run as percentiles.
public protocol Percentiles {
  /// Shares of all replies, and the seconds within which so many came.
  var percentiles: [(share: Double, seconds: Double)] { get set }
}

/// At which shares a latency curve is drawn: twenty for each nine, as a histogram knows them.
enum LatencyCurve {
  private static let stepsForNine = 20.0

  /// From half of the replies to all but one of ten thousand.
  static let shares: [Double] =
    [0.5] + (7...80).map { 1 - power(ofTen: -Double($0) / stepsForNine) }

  /// The shares of a table, and those of the curve.
  static func with(_ table: [Double]) -> [Double] {
    table + shares.filter { share in !table.contains { abs($0 - share) < 1e-9 } }
  }
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
