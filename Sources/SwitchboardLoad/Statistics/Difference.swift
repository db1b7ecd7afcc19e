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
  /// No figure is told more finely than to this share: so wide are the places of a histogram of latencies.
  static let finest = 0.001

  /// Judges replicates of a figure beside those of another one.
  ///
  /// A difference that is no larger than a step of the figure is none: both may have been rounded.
  ///
  /// - Parameters:
  ///   - isMoreBetter: Whether larger values are better ones.
  ///   - step: The share of a value by which the next one that could be measured differs from it.
  public static func of(
    _ values: [Double], beside others: [Double], isMoreBetter: Bool, step: Double
  ) -> Difference {
    guard let test = RankSumTest(values, to: others) else {
      return .cannotTell("one of them has no figure")
    }
    guard let interval = test.interval else {
      return .cannotTell("too few runs of each: use --repeat \(RankSumTest.fewest + 1)")
    }
    // A trifle more: a rounding error makes no difference of what is one step.
    let step = max(finest, step) * (1 + 1e-9)
    let (low, high) = (interval.lowerBound / (1 + step), interval.upperBound * (1 + step))
    if low > 1 || high < 1 { return (low > 1) == isMoreBetter ? .better : .worse }
    let most = max(high - 1, 1 - low)
    if most <= negligible { return .same(within: most) }
    return .cannotTell(
      "from \(signed(low - 1)) to \(signed(high - 1)) is all the same to these runs: use a "
        + (step > negligible ? "longer --duration" : "larger --repeat, or a quieter machine"))
  }

  static func signed(_ share: Double) -> String {
    (share < 0 ? "−" : "+") + Figures.fixed(abs(share) * 100, places: 1) + " %"
  }

  /// A bound in per cent, rounded up to tenths, so that it holds; a rounding error adds no tenth.
  private static func bound(_ share: Double) -> String {
    Figures.fixed((share * 1000 - 1e-6).rounded(.up) / 10, places: 1) + " %"
  }

  /// In a few words, and what is behind them where that is not all.
  var words: (verdict: String, reason: String?) {
    switch self {
    case .better: ("better", nil)
    case .worse: ("worse", nil)
    case .same(let share): ("same within \(Difference.bound(share))", nil)
    case .cannotTell(let why): ("cannot tell", why)
    case .instrumentLimited: ("instrument limited", "a generator had no time to spare")
    case .unlikeSetups(let options): ("unlike set-ups", options.joined(separator: "; "))
    }
  }
}
