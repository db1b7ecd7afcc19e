/// A run's findings for a terminal.
public struct TextReport: Sendable {
  private let section: Report.Section
  private let width: Int
  private let color: Bool

  /// - Parameters:
  ///   - width: Of the terminal, in columns. Prose is never wider than 100.
  ///   - color: With colours and weights.
  public init(_ section: Report.Section, width: Int, color: Bool) {
    self.section = section
    self.width = max(40, min(width, 100))
    self.color = color
  }

  /// The lines; tables keep their own width.
  public var lines: [String] {
    let findings = section.findings
    let head = section.name + "  "
    var lines = wrapped(section.claim, first: painted(head, 1), indent: head.count)
    for table in findings.tables {
      lines += ["", "  " + table.title, ""] + table.lines
    }
    lines.append("")
    lines += verdict(findings.verdict)
    for note in findings.notes { lines += wrapped(note, first: "  ", indent: 2) }
    return lines
  }

  private func verdict(_ verdict: Verdict) -> [String] {
    let (sign, code) =
      switch verdict.outcome {
      case .held: ("✓ held: ", 32)
      case .failed: ("✗ did not hold: ", 31)
      case .undecided: ("? undecided: ", 33)
      }
    return wrapped(verdict.reason, first: "  " + painted(sign, code), indent: 2 + sign.count)
  }

  /// Prose in lines; `first` stands before the first, which takes `indent` columns.
  private func wrapped(_ text: String, first: String, indent: Int) -> [String] {
    let room = width - indent
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= room {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    let space = String(repeating: " ", count: indent)
    return lines.enumerated().map { ($0 == 0 ? first : space) + $1 }
  }

  private func painted(_ text: String, _ code: Int) -> String {
    color ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
