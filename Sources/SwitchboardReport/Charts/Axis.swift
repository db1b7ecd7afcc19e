import SwitchboardBase

/// What an axis measures, and how.
public struct Axis: Hashable, Sendable {
  /// How values become places.
  public enum Scale: Hashable, Sendable {
    /// Equal steps are equally long. Begins at zero.
    case linear
    /// Equal factors are equally long.
    case logarithmic
    /// For shares: each further nine, 0.9, 0.99, 0.999, is equally long.
    case nines
  }

  /// How values are written.
  public enum Unit: Hashable, Sendable {
    /// A plain number, grouped by thousands.
    case number
    /// Seconds, written in the unit that suits them.
    case duration
    /// Bytes, written in the unit that suits them.
    case bytes
    /// A share of one, as per cent.
    case share
  }

  /// What is measured: `connections`.
  public var title: String
  public var unit: Unit
  public var scale: Scale
  /// What must be on it, beside the data.
  public var including: [Double]
  /// On a logarithmic axis of heights: how often its lowest value goes into its highest at least. What is nearly the
  /// same looks it then.
  public var leastFactor: Double

  /// An axis.
  public init(
    _ title: String, unit: Unit = .number, scale: Scale = .linear, including: [Double] = [],
    leastFactor: Double = 10
  ) {
    (self.title, self.unit, self.scale, self.including) = (title, unit, scale, including)
    self.leastFactor = leastFactor
  }

  /// A value as somebody reads it who points at it.
  func reading(_ value: Double) -> String {
    switch unit {
    case .number where abs(value) >= 100: Figures.grouped(Figures.whole(value))
    case .number: Ticks.number((value * 100).rounded() / 100)
    case .duration: Figures.brief(.nanoseconds(Int64(max(0, min(9e18, value * 1e9)))))
    case .bytes: Ticks.bytes(value, like: value)
    case .share: Ticks.number((value * 1e5).rounded() / 1e3) + " %"
    }
  }

  /// The axis for these values.
  func fitted(to values: [Double], steps: Int) -> FittedAxis {
    let all = (values + including).filter { $0.isFinite && (scale == .linear || $0 > 0) }
    let (least, most) = (all.min() ?? 0, all.max() ?? 1)
    switch scale {
    case .linear:
      let ticks = Ticks.linear(upTo: max(most, .leastNormalMagnitude), steps: steps, unit)
      let end = max(ticks.last ?? 1, most)
      return FittedAxis(axis: self, low: 0, high: end, ticks: ticks)
    case .logarithmic:
      let (low, high) = most > least ? (least, most) : (least / 2, most * 2)
      return FittedAxis(
        axis: self, low: low, high: high,
        ticks: Ticks.logarithmic(from: low, to: high, steps: steps, unit))
    case .nines:
      let high = min(most, 0.999999)
      return FittedAxis(
        axis: self, low: min(least, 0.5), high: high,
        ticks: [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999].filter { $0 <= high * 1.0000001 })
    }
  }
}

/// An axis with its ends and ticks.
struct FittedAxis {
  let axis: Axis
  var low: Double
  var high: Double
  var ticks: [Double]

  /// Where a value lies, from 0 to 1, and beyond for those beyond.
  func share(_ value: Double) -> Double {
    let (from, to, at) = (measure(low), measure(high), measure(value))
    return to > from ? (at - from) / (to - from) : 0.5
  }

  private func measure(_ value: Double) -> Double {
    switch axis.scale {
    case .linear: value
    case .logarithmic: decimalLogarithm(max(value, .leastNormalMagnitude))
    case .nines: -decimalLogarithm(max(1 - value, 1e-9))
    }
  }

  /// A tick as it is written.
  func text(_ tick: Double) -> String {
    switch axis.unit {
    case .number: Ticks.number(tick)
    case .duration:
      Ticks.duration(tick, like: axis.scale == .linear ? ticks.last ?? tick : tick)
    case .bytes: Ticks.bytes(tick, like: axis.scale == .linear ? ticks.last ?? tick : tick)
    case .share: Ticks.number(tick * 100) + " %"
    }
  }
}
