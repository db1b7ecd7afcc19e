import SwitchboardBase

/// A run's findings for a terminal.
public struct TextReport: Sendable {
  private let section: Report.Section
  private let width: Int
  /// What tables may take.
  private let room: Int
  private let ink: Ink

  /// - Parameters:
  ///   - width: Of the terminal, in columns. Prose is never wider than 100.
  ///   - color: With colours and weights.
  public init(_ section: Report.Section, width: Int, color: Bool) {
    self.section = section
    room = max(TextReport.narrowest, width)
    self.width = min(room, TextReport.widestProse)
    ink = Ink(isOn: color)
  }

  private static let (narrowest, widestProse) = (30, 100)

  /// The lines. Tables may be wider than prose, and become records where they have no room.
  public var lines: [String] {
    let findings = section.findings
    let head = section.name + "  "
    var lines = wrapped(section.claim, first: ink.painted(head, .bold), indent: head.count)
    if let picture = findings.pictures.first?.picture { lines += drawn(picture) }
    for table in findings.tables {
      lines += ["", "  " + table.title, ""] + table.lines(width: room)
    }
    lines.append("")
    if let found = findings.verdict { lines += verdict(found) }
    for note in findings.notes { lines += wrapped(note, first: "  ", indent: 2) }
    return lines
  }

  /// The picture, below what it shows; nothing where it has no room.
  private func drawn(_ picture: any Picture) -> [String] {
    let columns = width - 4
    guard columns >= DrawingCells.least else { return [] }
    let title = wrapped(picture.title, first: "  ", indent: 2).map { ink.painted($0, .bold) }
    let cells = DrawingCells(picture, columns: columns).lines
    return [""] + title + [""] + cells.map { "  " + $0.text(columns: columns, ink) }
  }

  private func verdict(_ verdict: Verdict) -> [String] {
    let (sign, style): (String, Ink.Style) =
      switch verdict.outcome {
      case .held: ("✓ held: ", .green)
      case .failed: ("✗ did not hold: ", .red)
      case .undecided: ("? undecided: ", .yellow)
      }
    return wrapped(
      verdict.reason, first: "  " + ink.painted(sign, style), indent: 2 + sign.count)
  }

  /// Prose in lines; `first` stands before the first, which takes `indent` columns.
  private func wrapped(_ text: String, first: String, indent: Int) -> [String] {
    Prose.hanging(text, behind: first, indent: indent, to: width)
  }
}
