import Glibc

/// Results beside each other: their latencies percentile by percentile, as ratios to those of the first, with how
/// much of that may be noise.
///
/// The noise is that of a run's own seconds (a bootstrap over them): where it does not explain a difference, the
/// runs differ. That does not say that the *servers* do, since two runs of one differ by more than the seconds of one
/// do; ``LoadComparison`` and runs by turns tell.
public struct LoadDiff: Sendable {
  /// One of the results.
  public struct Side: Sendable {
    /// What a reader knows it by: its file.
    public let name: String
    /// What was measured.
    public let result: LoadResult

    /// A result with its name.
    public init(_ name: String, _ result: LoadResult) { (self.name, self.result) = (name, result) }
  }

  /// A figure of a result beside the same of the first.
  public struct Ratio: Hashable, Sendable {
    /// The share of all requests that took no longer; nil where it is the rate.
    public let share: Double?
    /// Requests a second, or nanoseconds.
    public let value: Double
    /// The same of the first result.
    public let reference: Double
    /// The one by the other.
    public let ratio: Double
    /// Where the ratio lies, but for one case in twenty, if seconds differ by chance alone; nil where there are
    /// too few seconds to tell.
    public let noise: ClosedRange<Double>?

    /// Whether it differs from one by more than the noise: 1 if it is more, −1 if less, 0 if it does not, or
    /// nobody can tell.
    public var direction: Int {
      guard let noise else { return 0 }
      return noise.lowerBound > 1 ? 1 : noise.upperBound < 1 ? -1 : 0
    }
  }

  /// The first is what the others are compared with.
  public let sides: [Side]
  /// The rates of each but the first.
  public let rates: [Ratio]
  /// The curves of each but the first, at rising shares.
  public let curves: [[Ratio]]

  /// The most results that are compared: as many as have a colour each.
  public static let most = 6
  private static let seed: UInt64 = 2017
  /// What lies outside of the noise, at both ends together.
  private static let outside = 0.05

  /// Compares results with the first of them, of which there is one at least.
  public init(_ sides: [Side]) {
    self.sides = sides
    let counts = sides.map { Double(max(1, $0.result.latency.count)) }
    let shares = LoadDiff.shares(upTo: counts.min() ?? 1)
    let noises = sides.map { SecondsNoise($0.result) }
    // Another seed for each: what is drawn of one says nothing about the other.
    let drawn = noises.enumerated().map { $1?.drawn(shares, seed: LoadDiff.seed + UInt64($0)) }
    let measured = noises.map { $0?.measured(shares) }
    var (rates, curves): ([Ratio], [[Ratio]]) = ([], [])
    for place in sides.indices.dropFirst() {
      let (a, b) = (sides[0].result, sides[place].result)
      func noise(
        _ ratio: Double, _ figure: (SecondsNoise.Figures) -> Double
      ) -> ClosedRange<Double>? {
        guard let mine = drawn[place], let theirs = drawn[0], let here = measured[place],
          let there = measured[0]
        else { return nil }
        let all = zip(mine, theirs).map { LoadDiff.by(figure($0), figure($1)) }
        return LoadDiff.range(all, around: ratio, of: LoadDiff.by(figure(here), figure(there)))
      }
      rates.append(LoadDiff.ratio(nil, b.rate, a.rate) { noise($0) { $0.rate } })
      curves.append(
        shares.enumerated().map { number, share in
          let times = [b, a].map { LoadDiff.time($0, share) }
          return LoadDiff.ratio(share, times[0], times[1]) { noise($0) { $0.times[number] } }
        })
    }
    (self.rates, self.curves) = (rates, curves)
  }

  /// Why a result cannot be compared in this way; nil where it can.
  public static func mistake(in result: LoadResult) -> String? {
    let seconds = result.series.filter { $0.isMeasured && $0.seconds > 0 }
    if result.latency.isEmpty { return "holds no latencies: nothing was answered" }
    if seconds.allSatisfy({ $0.latency.isEmpty }) {
      return "has no histograms by the second, which tell what is noise: measure again"
    }
    guard seconds.count < SecondsNoise.fewest else { return nil }
    let count = seconds.count == 1 ? "one second" : "\(seconds.count) seconds"
    return
      "has \(count) of measured time, and what is noise takes \(SecondsNoise.fewest) to tell: give "
      + "'--duration 10s'"
  }

  // ------------------------------------------------------------------------------ figures

  private static func ratio(
    _ share: Double?, _ value: Double, _ reference: Double,
    _ noise: (Double) -> ClosedRange<Double>?
  ) -> Ratio {
    let ratio = by(value, reference)
    return Ratio(
      share: share, value: value, reference: reference, ratio: ratio, noise: noise(ratio))
  }

  private static func by(_ a: Double, _ b: Double) -> Double { b > 0 ? a / b : 1 }

  static func time(_ result: LoadResult, _ share: Double) -> Double {
    result.latency.percentile(share * 100).inSeconds * 1e9
  }

  /// Where ratios lie that were drawn around `centre`, moved to where the true figure is.
  private static func range(
    _ drawn: [Double], around ratio: Double, of centre: Double
  ) -> ClosedRange<Double>? {
    let sample = Sample(drawn.map { ratio * by($0, centre) }.filter(\.isFinite))
    guard let low = sample.quantile(outside / 2), let high = sample.quantile(1 - outside / 2) else {
      return nil
    }
    return min(low, ratio)...max(high, ratio)
  }

  /// The shares of a curve: evenly on an axis where each further nine is equally long, as far as so many requests
  /// reach with ten beyond the last.
  static func shares(upTo count: Double) -> [Double] {
    let last = max(0.3, log10(count) - 1)
    let even = stride(from: 0.02, to: last, by: 0.02).map { 1 - pow(10, -$0) }
    return Set(even + told.filter { -log10(1 - $0) <= last }).sorted()
  }

  /// The shares that a table has.
  public static let told = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999]
}
