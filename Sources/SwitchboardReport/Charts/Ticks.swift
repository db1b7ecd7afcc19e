import SwitchboardBase

/// Where an axis has its ticks, and what is written there.
package enum Ticks {
  /// From zero to the first round number not below `most`, in about so many steps of 1, 2, 2.5 or 5
  /// times a power of ten.
  package static func linear(upTo most: Double, steps: Int, _ unit: Axis.Unit) -> [Double] {
    guard most > 0, most.isFinite else { return [0, 1] }
    let one = self.unit(for: most, unit).size
    let step = niceStep(most / one / Double(max(1, steps))) * one
    let count = (most / step - 1e-9).rounded(.up)
    return (0...Int(max(1, count))).map { Double($0) * step }
  }

  /// The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below `least`.
  package static func niceStep(_ least: Double) -> Double {
    let decade = power(ofTen: decimalLogarithm(least).rounded(.down))
    for factor in [1, 2, 2.5, 5] where factor * decade >= least * (1 - 1e-9) {
      return factor * decade
    }
    return 10 * decade
  }

  /// Powers of ten between two values; also their double and quintuple where those are few, and
  /// only some where they are many.
  package static func logarithmic(from low: Double, to high: Double, steps: Int, _ unit: Axis.Unit)
    -> [Double]
  {
    guard low > 0, high >= low, high.isFinite else { return [] }
    let least = Int(decimalLogarithm(low / unit.spread(at: low)).rounded(.down)) - 1
    let most = Int(decimalLogarithm(high).rounded(.up)) + 1
    let decades = (least...most).map { unit.rounded(power(ofTen: Double($0))) }
    func within(_ candidates: [Double]) -> [Double] {
      candidates.filter { $0 >= low * (1 - 1e-9) && $0 <= high * (1 + 1e-9) }
    }
    // Where hardly one of them is within, equal steps do.
    if high < 3 * low, unit != .bytes { return even(from: low, to: high, steps: steps) }
    for factors in [[1.0, 2, 5], [1, 3], [1]] {
      let ticks = within(decades.flatMap { decade in factors.map { $0 * decade } })
      if ticks.count <= steps || factors.count == 1 { return thinned(ticks, steps) }
    }
    return []
  }

  private static func even(from low: Double, to high: Double, steps: Int) -> [Double] {
    let step = niceStep(max(.leastNormalMagnitude, high - low) / Double(max(1, steps)))
    let (first, last) = ((low / step).rounded(.up), (high / step).rounded(.down))
    guard last >= first, last - first < 100 else { return [low] }
    return (0...Int(last - first)).map { (first + Double($0)) * step }
  }

  private static func thinned(_ ticks: [Double], _ steps: Int) -> [Double] {
    let stride = max(1, (ticks.count + steps - 1) / max(1, steps))
    return ticks.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
  }

  // ---------------------------------------------------------------------------- writing

  /// A number without superfluous zeros: `1,000`, `0.25`, `2.5`.
  package static func number(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    if abs(value) >= 1e6 {
      let millions = trimmed(Figures.fixed(value / 1e6, places: 2))
      return millions + " M"
    }
    let whole = value.rounded()
    if abs(value - whole) < 1e-6 * max(1, abs(value)) { return Figures.grouped(Int(whole)) }
    return trimmed(Figures.fixed(value, places: abs(value) < 0.01 ? 6 : 4))
  }

  /// Seconds, in the unit of `reference`.
  package static func duration(_ value: Double, like reference: Double) -> String {
    written(value, unit(for: reference, .duration))
  }

  /// Bytes, in the unit of `reference`.
  package static func bytes(_ value: Double, like reference: Double) -> String {
    written(value, unit(for: reference, .bytes))
  }

  private static func written(_ value: Double, _ unit: (size: Double, name: String)) -> String {
    value == 0 ? "0" : number(value / unit.size) + " " + unit.name
  }

  private static func trimmed(_ text: String) -> String {
    guard text.contains(".") else { return text }
    var text = text
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }

  /// The unit in which a value has one to three digits before its point.
  package static func unit(for value: Double, _ unit: Axis.Unit) -> (size: Double, name: String) {
    let units: [(size: Double, name: String)] =
      switch unit {
      case .number: [(1, "")]
      case .share: [(0.01, "%")]
      case .duration: [(1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")]
      case .bytes: [(0x1p30, "GiB"), (0x1p20, "MiB"), (0x1p10, "KiB"), (1, "B")]
      }
    return units.first { abs(value) >= $0.size * (1 - 1e-9) } ?? units[units.count - 1]
  }
}

extension Axis.Unit {
  /// A decade's tick: for bytes the round number of KiB or MiB in its place.
  fileprivate func rounded(_ decade: Double) -> Double {
    guard self == .bytes else { return decade }
    let size = decade >= 1e9 ? 0x1p30 / 1e9 : decade >= 1e6 ? 0x1p20 / 1e6 : 0x1p10 / 1e3
    return decade >= 1e3 ? decade * size : decade
  }

  /// How much larger a tick may be than its decade.
  fileprivate func spread(at value: Double) -> Double { self == .bytes ? 1.1 : 1 }
}
