import SwitchboardBase

/// The line that tells how a load is going, and the small picture of its rate.
public struct LoadMeter: Sendable {
  private var rates: [Double] = []
  /// What the line may take.
  private let width: Int

  /// A meter for lines of so many columns.
  public init(width: Int) { self.width = width }

  /// The line for what has just happened.
  public mutating func line(_ progress: LoadProgress) -> String {
    switch progress {
    case .connecting(let done, let all, let failures):
      let failed = failures > 0 ? ", \(Figures.grouped(failures)) attempts failed" : ""
      return "connecting: \(Figures.grouped(done)) of \(Figures.grouped(all))\(failed)"
    case .second(let second, let failures):
      rates.append(second.rate)
      let end = second.start + second.seconds
      let time = second.isMeasured ? Figures.fixed(end, places: 0) + " s" : "warm-up"
      var text = time.padded(to: 7, atLeft: true)
      text +=
        "  " + (Figures.grouped(Int(second.rate.rounded())) + "/s").padded(to: 11, atLeft: true)
      text += "  p50 " + LoadMeter.time(second.p50).padded(to: 8)
      text += " p99 " + LoadMeter.time(second.p99).padded(to: 8)
      text += " errors \(Figures.grouped(failures.server + failures.own))"
      let room = width - text.count - 3
      if room >= 4 { text += "  " + LoadMeter.sparkline(Array(rates.suffix(room))) }
      return text
    }
  }

  /// A bar for each value, from zero up to the largest.
  public static func sparkline(_ values: [Double]) -> String {
    Bars.text(values, upTo: values.max() ?? 0)
  }

  /// Microseconds as people read them.
  static func time(_ microseconds: Double) -> String {
    Figures.brief(.nanoseconds(Int64((microseconds * 1000).rounded())))
  }
}
