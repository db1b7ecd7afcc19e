import SwitchboardBase

/// What can be said of a figure that was measured several times, beside the same figure of something else.
public enum Difference: Hashable, Sendable {
  case better, worse
  /// The same, but for this share at most.
  case same(within: Double)
  /// Neither: why not, and what would help.
  case cannotTell(String)
  /// A generator had no time to spare: what differs may be its doing.
  case instrumentLimited
  /// What was measured is not the same: the options that differ.
  case unlikeSetups([String])

  /// Differences up to this share are called none where they are known to be no larger.
  static let negligible = 0.05

  /// Judges replicates of a figure beside those of another one.
  ///
  /// - Parameter isMoreBetter: Whether larger values are better ones.
  public static func of(
    _ values: [Double], beside others: [Double], isMoreBetter: Bool
  ) -> Difference {
    guard let test = RankSumTest(values, to: others) else {
      return .cannotTell("one of them has no figure")
    }
    guard let interval = test.interval else {
      return .cannotTell("too few runs of each: use --repeat \(RankSumTest.fewest + 1)")
    }
    if test.isSignificant { return (test.ratio > 1) == isMoreBetter ? .better : .worse }
    let most = max(interval.upperBound - 1, 1 - interval.lowerBound)
    if most <= negligible { return .same(within: most) }
    return .cannotTell(
      "from \(signed(interval.lowerBound - 1)) to \(signed(interval.upperBound - 1)) is all the same to "
        + "these runs: use a larger --repeat, or a quieter machine")
  }

  static func signed(_ share: Double) -> String {
    (share < 0 ? "−" : "+") + Figures.fixed(abs(share) * 100, places: 1) + " %"
  }

  /// In a few words, and what is behind them where that is not all.
  var words: (verdict: String, reason: String?) {
    switch self {
    case .better: ("better", nil)
    case .worse: ("worse", nil)
    case .same(let share): ("same within \(Figures.fixed(share * 100, places: 1)) %", nil)
    case .cannotTell(let why): ("cannot tell", why)
    case .instrumentLimited: ("instrument limited", "a generator had no time to spare")
    case .unlikeSetups(let options): ("unlike set-ups", options.joined(separator: "; "))
    }
  }
}
