/// A result beside an earlier one, and which differences are more than noise.
///
/// A run's seconds tell how much its figures move by themselves. A difference is called noise when
/// it is less than twice the standard error of the two runs' seconds together, or less than three
/// per cent, by which runs differ that share everything but the moment.
public struct LoadComparison: Sendable {
  /// One figure, now and then.
  public struct Line: Hashable, Sendable {
    /// What it is: `rate`, `p99`.
    public let name: String
    /// Requests a second, or microseconds.
    public let now: Double
    /// The same, of the earlier run.
    public let before: Double
    /// Differences up to this are noise, as a share of `before`.
    public let noise: Double

    /// The difference as a share of the earlier figure: 0.1 is a tenth more.
    public var change: Double { before > 0 ? (now - before) / before : 0 }
    /// Whether the runs do not tell that it differs.
    public var isNoise: Bool { abs(change) <= noise }
    /// Whether more of it is better.
    public var isRate: Bool { name == "rate" }
  }

  /// The least difference that is not noise.
  static let least = 0.03

  /// Rate, p50 and p99.
  public let lines: [Line]

  /// Compares a result with an earlier one.
  public init(_ now: LoadResult, with before: LoadResult) {
    let microseconds = { (result: LoadResult, percent: Double) in
      result.latency.percentile(percent).inSeconds * 1e6
    }
    lines = [
      LoadComparison.line("rate", now.rate, before.rate, now, before) { $0.rate },
      LoadComparison.line("p50", microseconds(now, 50), microseconds(before, 50), now, before) {
        $0.p50
      },
      LoadComparison.line("p99", microseconds(now, 99), microseconds(before, 99), now, before) {
        $0.p99
      },
    ]
  }

  private static func line(
    _ name: String, _ now: Double, _ before: Double, _ a: LoadResult, _ b: LoadResult,
    _ value: (LoadSecond) -> Double
  ) -> Line {
    let variance = [a, b].reduce(0) { $0 + errorSquared($1.series, value) }
    let noise = before > 0 ? 2 * variance.squareRoot() / before : 0
    return Line(name: name, now: now, before: before, noise: max(noise, least))
  }

  /// The square of the standard error of the mean over a run's whole seconds.
  static func errorSquared(_ series: [LoadSecond], _ value: (LoadSecond) -> Double) -> Double {
    let values = series.filter { $0.isMeasured && $0.seconds > 0.5 }.map(value)
    guard values.count > 1 else { return 0 }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return squares / Double(values.count - 1) / Double(values.count)
  }
}
