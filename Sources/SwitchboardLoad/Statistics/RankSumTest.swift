import Glibc

/// How much larger the values of one sample are than those of another, as a ratio, with what may be said of it:
/// the Mann–Whitney (Wilcoxon rank-sum) test, and the interval that belongs to it, of Hodges and Lehmann.
///
/// Nothing is assumed of how the values are distributed, but that those of each sample are independent of each
/// other: replicates, and not the seconds of one run. Exact, by counting; meant for few values.
public struct RankSumTest: Hashable, Sendable {
  /// The median of all ratios of a value of one to a value of the other: the Hodges–Lehmann estimate.
  public let ratio: Double
  /// Where the true ratio lies, but for one case in twenty. Nil where there are too few values to say
  /// anything with that confidence: fewer than ``fewest`` of each.
  public let interval: ClosedRange<Double>?

  /// The chance of a wrong statement about samples that do not differ.
  static let level = 0.05
  /// The most values of a sample that are looked at.
  static let most = 64
  /// How many values of each there must be at least, for any order of them to be seldom enough to tell
  /// something.
  public static let fewest = (1...most).first { left($0, $0) != nil } ?? most

  /// Compares the values of one sample with those of another; nil where one is empty, or a value is not
  /// above zero.
  public init?(_ values: [Double], to others: [Double]) {
    let (a, b) = (values.prefix(RankSumTest.most), others.prefix(RankSumTest.most))
    guard !a.isEmpty, !b.isEmpty, (a + b).allSatisfy({ $0 > 0 && $0.isFinite }) else { return nil }
    let ratios = Sample(a.flatMap { value in b.map { log(value / $0) } })
    ratio = exp(ratios.median ?? 0)
    interval = RankSumTest.left(a.count, b.count).map { out in
      exp(ratios.sorted[out])...exp(ratios.sorted[ratios.count - 1 - out])
    }
  }

  /// How many of the ordered ratios are left out at either end of the interval; nil where even with all of
  /// them it would be wrong too often.
  static func left(_ m: Int, _ n: Int) -> Int? {
    // The number of orders of m and n values in which u pairs are the wrong way round.
    var ways = [Double](repeating: 0, count: m * n + 1)
    ways[0] = 1
    // The coefficients of the Gaussian binomial: multiplied by 1 - q^(n+i), divided by 1 - q^i.
    for i in 1...m {
      for u in stride(from: m * n, through: n + i, by: -1) { ways[u] -= ways[u - n - i] }
      for u in stride(from: i, through: m * n, by: 1) { ways[u] += ways[u - i] }
    }
    let all = ways.reduce(0, +)
    var (sum, count) = (0.0, 0)
    while count <= m * n / 2, (sum + ways[count]) / all <= level / 2 {
      sum += ways[count]
      count += 1
    }
    return count > 0 ? count - 1 : nil
  }
}
