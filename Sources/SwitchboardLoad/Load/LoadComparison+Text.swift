import SwitchboardBase

extension LoadComparison {
  /// What the two results are called.
  public struct Names: Sendable {
    let title: String
    let before: String
    let now: String

    /// A result, and one of another time.
    public static let baseline = Names(title: "Baseline", before: "before", now: "now")
    /// Two that were measured by turns.
    public static let byTurns = Names(title: "By turns", before: "second", now: "first")
  }

  /// The comparison as lines to read, no wider than a terminal.
  public func text(_ names: Names = .baseline, width: Int) -> [String] {
    let rows = lines.map { line -> [String] in
      let value = { (figure: Double) in
        line.isRate ? Figures.grouped(Figures.whole(figure)) + "/s" : LoadMeter.time(figure)
      }
      return [
        line.name, value(line.before), value(line.now), Difference.signed(line.change),
        line.verdict,
      ]
    }
    let all = [["", names.before, names.now, "change", ""]] + rows
    let widths = Columns.widths(all).dropLast()
    let table = all.enumerated().map { number, row in
      let head = (number == 0 ? names.title : "").padded(to: 13)
      return head + Columns.line(row, Array(widths), names: 1, gap: 3)
        + (row[4].isEmpty ? "" : "   " + row[4])
    }
    return table
      + notes(names).flatMap { note in
        Prose.wrapped(note, to: max(20, width - 13)).map { String(repeating: " ", count: 13) + $0 }
      }
  }

  /// Why there is no verdict where there is none, and what those there are rest on.
  private func notes(_ names: Names) -> [String] {
    let reasons = lines.compactMap { line in
      line.reason.map { reason in (line.name, reason) }
    }
    var notes: [String] = []
    for (name, reason) in reasons {
      let isEverybodys = reasons.count == lines.count && reasons.allSatisfy { $0.1 == reason }
      let note = isEverybodys ? reason : "\(name): \(reason)"
      if !notes.contains(note) { notes.append(note) }
    }
    let (now, before) = runs
    return notes + [
      "\(Figures.counted(before, "run")) \(names.before), \(Figures.grouped(now)) \(names.now); verdicts by "
        + "the Mann–Whitney test at 5 %."
    ]
  }
}
