extension Figures {
  /// What a length of time may be counted in, in nanoseconds; two letters before one of them.
  private static let timeUnits: [(name: String, nanoseconds: Int)] = [
    ("ns", 1), ("us", 1000), ("µs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000),
    ("m", 60_000_000_000), ("h", 3_600_000_000_000),
  ]

  /// Reads a length of time: digits, with a decimal point or without, and a unit behind them: `500ms`,
  /// `1.5s`, `2m`.
  ///
  /// - Returns: Nil where it is none, or longer than some 290 years.
  public static func time(_ text: String) -> Duration? {
    guard let unit = timeUnits.first(where: { text.hasSuffix($0.name) }) else { return nil }
    let parts = text.dropLast(unit.name.count).split(
      separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let digits = parts.joined()
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      parts.last?.isEmpty == false, let whole = Int("0" + parts[0]),
      case (let wholes, false) = whole.multipliedReportingOverflow(by: unit.nanoseconds)
    else { return nil }
    let share = parts.count == 2 ? Double("0." + parts[1]) ?? 0 : 0
    // Less than an hour.
    let rest = Int((share * Double(unit.nanoseconds)).rounded())
    guard case (let all, false) = wholes.addingReportingOverflow(rest) else { return nil }
    return .nanoseconds(all)
  }
}
