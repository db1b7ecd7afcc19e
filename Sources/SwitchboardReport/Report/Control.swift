import SwitchboardBase

/// Something that must be so before a claim is looked at. A run in which it is not decides nothing,
/// whatever its figures say of the claim.
public struct Control: Hashable, Sendable {
  /// What was looked at: `p99 undisturbed`.
  public var name: String
  /// What it had to be: `at most 10 ms`.
  public var wanted: String
  /// What it was: `216 ms`.
  public var found: String
  /// Whether it was as it had to be.
  public var isMet: Bool

  /// A control.
  package init(name: String, wanted: String, found: String, isMet: Bool) {
    (self.name, self.wanted, self.found, self.isMet) = (name, wanted, found, isMet)
  }
}

extension Control {
  /// Every client was served.
  package static func served(_ clients: Int, unserved: Int) -> Control {
    Control(
      name: "clients served", wanted: "all", isMet: clients > 0 && unserved == 0,
      found: unserved == 0
        ? "all \(Figures.grouped(clients))"
        : "\(Figures.grouped(max(0, clients - unserved))) of \(Figures.grouped(clients))")
  }

  /// There were as many of something as the claim speaks of.
  package static func atLeast(_ least: Int, _ name: String, found: Int) -> Control {
    Control(
      name: name, wanted: "at least \(Figures.grouped(least))", isMet: found >= least,
      found: Figures.grouped(found))
  }

  /// A time was short enough; of several the longest counts.
  package static func time(_ name: String, of seconds: [Double], atMost most: Double) -> Control {
    let isMeasured = !seconds.isEmpty && seconds.allSatisfy(\.isFinite)
    let longest = isMeasured ? seconds.max() ?? 0 : .infinity
    return Control(
      name: name, wanted: "at most \(Figures.brief(.seconds(most)))", isMet: longest <= most,
      found: isMeasured ? Figures.brief(.seconds(longest)) : "not measured")
  }

  /// What was read is more than nothing: a figure of zero says that it could not be seen, not that there
  /// is none.
  package static func reading(_ name: String, _ values: [Double], unit: String = "bytes") -> Control
  {
    let least = values.min() ?? 0
    return Control(
      name: name, wanted: "more than nothing", isMet: least > 0,
      found: least > 0 ? "\(Figures.fixed(least, places: 0)) \(unit)" : "nothing that could be read"
    )
  }

  /// The load generator had time to spare.
  package static func generator(limited: Int, of runs: Int) -> Control {
    Control(
      name: "load generator", wanted: "time to spare", isMet: limited == 0 && runs > 0,
      found: limited == 0
        ? "had it in \(runs) of \(runs) runs" : "had none in \(limited) of \(runs) runs")
  }

  /// A share of what was asked for was done; of several the least counts.
  package static func share(_ name: String, _ shares: [Double], atLeast least: Double) -> Control {
    let found = shares.allSatisfy(\.isFinite) ? shares.min() ?? 0 : 0
    return Control(
      name: name, wanted: "at least \(Figures.fixed(least * 100, places: 0)) %",
      isMet: found >= least,
      found: "\(Figures.fixed(max(0, found) * 100, places: 1)) %")
  }

  private init(name: String, wanted: String, isMet: Bool, found: String) {
    self.init(name: name, wanted: wanted, found: found, isMet: isMet)
  }
}

extension Table {
  /// Controls in rows: what, what it had to be, what it was.
  init(_ controls: [Control]) {
    self.init(
      "Controls", ["", "wanted", "was", ""],
      controls.map { [$0.name, $0.wanted, $0.found, $0.isMet ? "✓" : "✗"] })
  }
}

extension Verdict {
  /// What several rounds say together: they must agree.
  package static func of(rounds: [Bool], _ reason: String) -> Verdict {
    let held = rounds.count { $0 }
    if rounds.isEmpty { return .undecided("nothing was measured; run it again") }
    if held == rounds.count || held == 0 { return Verdict(held > 0, reason) }
    return .undecided(
      "\(held) of \(rounds.count) rounds held it, so the machine's noise decides; run it again on a "
        + "quiet one. " + reason)
  }

  /// What is left of a verdict when some controls were not as they had to be.
  package func gated(by controls: [Control]) -> Verdict {
    let unmet = controls.filter { !$0.isMet }
    guard !unmet.isEmpty, outcome != .undecided else { return self }
    let words = unmet.map { "\($0.name) \($0.found) (wanted: \($0.wanted))" }
    return .undecided("\(words.joined(separator: "; ")). What was seen: " + reason)
  }
}
