import SwitchboardBase

extension LoadComparison {
  /// The comparison as lines to read, no wider than a terminal.
  public func text(width: Int) -> [String] {
    let rows = lines.map { line -> [String] in
      let value = { (figure: Double) in
        line.isRate ? Figures.grouped(Figures.whole(figure)) + "/s" : LoadMeter.time(figure)
      }
      return [
        line.name, value(line.before), value(line.now), Difference.signed(line.change),
        line.difference.words.verdict,
      ]
    }
    let all = [["", "before", "now", "change", ""]] + rows
    let widths = Columns.widths(all).dropLast()
    let table = all.enumerated().map { number, row in
      let head = (number == 0 ? "Baseline" : "").padded(to: 13)
      return head + Columns.line(row, Array(widths), names: 1, gap: 3)
        + (row[4].isEmpty ? "" : "   " + row[4])
    }
    return table
      + notes.flatMap { note in
        Prose.wrapped(note, to: max(20, width - 13)).map { String(repeating: " ", count: 13) + $0 }
      }
  }

  /// Why there is no verdict where there is none, and what those there are rest on.
  private var notes: [String] {
    let reasons = lines.compactMap { line in
      line.difference.words.reason.map { reason in (line.name, reason) }
    }
    var notes: [String] = []
    for (name, reason) in reasons {
      let isEverybodys = reasons.count == lines.count && reasons.allSatisfy { $0.1 == reason }
      let note = isEverybodys ? reason : "\(name): \(reason)"
      if !notes.contains(note) { notes.append(note) }
    }
    let (now, before) = runs
    return notes + [
      "\(Figures.counted(before, "run")) before and \(now) now; verdicts by the Mann–Whitney test at 5 %."
    ]
  }
}
