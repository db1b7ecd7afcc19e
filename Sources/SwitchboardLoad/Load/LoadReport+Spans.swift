import SwitchboardBase

extension LoadReport {
  /// Where the time went: a sentence, and the parts of both groups.
  func spanLines(_ spans: LoadSpans) -> [String] {
    let lines = rows("Where", spans.sentence)
    guard spans.tail != nil else { return lines }
    return lines + partLines(spans) + rows("", spans.basis).map(faint)
  }

  /// The parts in columns, or one below the other where there is no room for these.
  private func partLines(_ spans: LoadSpans) -> [String] {
    let groups = spans.groups
    let header = [""] + ["median", "slowest"].suffix(groups.count)
    var parts = spans.kinds.map { kind in
      [kind.name] + groups.map { LoadSpans.time($0.group.seconds(kind)) }
    }
    parts.append(["all"] + groups.map { LoadSpans.time($0.group.seconds) })
    let table = [header] + parts
    let (widths, gap) = (Columns.widths(table), 3)
    guard widths.reduce(-gap, { $0 + $1 + gap }) <= width - 13 else {
      return Columns.records(header, parts, width: width)
    }
    return table.enumerated().map { number, row in
      let text = Columns.line(row, widths, names: 1, gap: gap)
      return label("") + (number == 0 ? faint(text) : text)
    }
  }
}
