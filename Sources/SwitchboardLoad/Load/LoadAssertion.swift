import SwitchboardBase

/// A condition on a result, as a test of continuous integration states it: `p99<5ms`,
/// `rate>=50000`, `errors==0`.
public struct LoadAssertion: Hashable, Sendable, CustomStringConvertible {
  enum Metric: Hashable, Sendable {
    case percentile(Double)
    case mean, longest
    case rate, requests, errors, missed, share

    /// Whether it is a length of time, in nanoseconds.
    var isTime: Bool {
      switch self {
      case .percentile, .mean, .longest: true
      default: false
      }
    }
  }

  enum Comparison: String, Hashable, Sendable, CaseIterable {
    // Longer ones first, as they are looked for.
    case atMost = "<="
    case atLeast = ">="
    case equal = "=="
    case less = "<"
    case more = ">"

    func holds(_ a: Double, _ b: Double) -> Bool {
      switch self {
      case .atMost: a <= b
      case .atLeast: a >= b
      case .equal: a == b
      case .less: a < b
      case .more: a > b
      }
    }
  }

  let metric: Metric
  let comparison: Comparison
  /// Nanoseconds for lengths of time.
  let limit: Double
  /// As it was written.
  public let description: String

  /// What can be asserted, for the text of errors and help.
  public static let grammar =
    "a metric (p50, p99.9 or any percentile, mean, max, rate, requests, errors, missed, cpu), one "
    + "of < <= > >= ==, and a value such as 5ms or 10k"

  /// Reads one; nil if it cannot be read.
  public init?(_ text: String) {
    let plain = text.filter { $0 != " " }
    guard
      let found = Comparison.allCases.lazy.compactMap({ comparison in
        plain.firstRange(of: comparison.rawValue).map { (comparison, $0) }
      }).first,
      let metric = LoadAssertion.metric(String(plain[..<found.1.lowerBound])),
      let limit = LoadAssertion.value(String(plain[found.1.upperBound...]), isTime: metric.isTime)
    else { return nil }
    (self.metric, comparison, self.limit, description) = (metric, found.0, limit, text)
  }

  private static func metric(_ name: String) -> Metric? {
    switch name {
    case "mean": return .mean
    case "max": return .longest
    case "rate": return .rate
    case "requests": return .requests
    case "errors": return .errors
    case "missed": return .missed
    case "cpu": return .share
    default:
      guard name.first == "p", let percent = Double(name.dropFirst()), (0...100).contains(percent)
      else { return nil }
      return .percentile(percent)
    }
  }

  private static func value(_ text: String, isTime: Bool) -> Double? {
    if isTime { return Figures.time(text).map { $0.inSeconds * 1e9 } }
    let units: [(String, Double)] = [
      ("k", 1e3), ("K", 1e3), ("m", 1e6), ("M", 1e6), ("%", 0.01), ("", 1),
    ]
    guard let (unit, size) = units.first(where: { text.hasSuffix($0.0) || $0.0.isEmpty }),
      let number = Double(text.dropLast(unit.count)), number.isFinite, number >= 0
    else { return nil }
    return number * size
  }

  /// Whether it holds, and what was measured, in words.
  public func check(_ result: LoadResult) -> (holds: Bool, measured: String) {
    let nanoseconds = { (duration: Duration) in duration.inSeconds * 1e9 }
    let value: Double
    var text: String?
    switch metric {
    case .percentile(let percent): value = nanoseconds(result.latency.percentile(percent))
    case .mean: value = nanoseconds(result.latency.mean)
    case .longest: value = nanoseconds(result.latency.longest)
    case .rate: value = result.rate
    case .requests: value = Double(result.requests)
    case .errors: value = Double(result.failures.server + result.failures.own)
    case .missed: value = Double(result.window.unsent)
    case .share:
      value = result.busiestShare
      text = Figures.fixed(value * 100, places: 0) + " %"
    }
    if metric.isTime {
      // A latency that nobody measured is no good one.
      guard !result.latency.isEmpty else { return (false, "no request was answered") }
      text = Figures.brief(.nanoseconds(Int64(value)))
    }
    return (comparison.holds(value, limit), text ?? Figures.grouped(Figures.whole(value)))
  }
}
