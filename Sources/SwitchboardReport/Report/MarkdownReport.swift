import SwitchboardBase

/// A report as Markdown, with its pictures in files beside it.
public struct MarkdownReport: Sendable {
  private let report: Report

  /// Markdown for a report.
  public init(_ report: Report) { self.report = report }

  /// The document.
  public var text: String {
    var lines = ["# \(report.title)", "", report.lead, ""]
    lines += ["\(report.date) · \(Machine.current)", ""]
    lines += report.warnings.flatMap { ["**\($0)**", ""] }
    if report.sections.count > 1 {
      let rows = report.sections.map { section in
        [
          "[\(section.name)](#\(section.name))",
          section.findings.verdict?.outcome.rawValue ?? "",
          section.claim,
        ]
      }
      lines += table(Table("", ["experiment", "the claim", "which is"], rows), isProse: true)
    }
    lines += report.sections.flatMap(section)
    lines += ["## The machine", ""]
    lines += table(
      Table("", ["", ""], report.machine.map { [$0.name, $0.value] }), isProse: true)
    lines += ["## All of it again", "", "    \(report.command)", ""]
    return lines.joined(separator: "\n")
  }

  private func section(_ section: Report.Section) -> [String] {
    let findings = section.findings
    var lines = ["## \(section.name)", "", "*\(section.claim)*", ""]
    if section.story != report.lead { lines += [section.story, ""] }
    if let verdict = findings.verdict {
      // Why nothing could be decided is the second half of a sentence.
      let end = verdict.outcome == .undecided ? ":" : "."
      lines += ["**The claim \(verdict.outcome.rawValue)\(end)** \(verdict.reason)", ""]
    }
    for named in findings.pictures {
      lines += ["![\(escaped(named.picture.title))](\(named.name).svg)", ""]
    }
    let controls = findings.controls.isEmpty ? [] : [Table(findings.controls)]
    for shown in findings.tables + controls { lines += ["\(shown.title):", ""] + table(shown) }
    for note in findings.notes { lines += [note, ""] }
    let seconds = Figures.fixed(section.took.inSeconds, places: 0)
    return lines + ["Took \(seconds) s. Repeat it:", "", "    \(section.command)", ""]
  }

  private func table(_ table: Table, isProse: Bool = false) -> [String] {
    let rule = table.header.indices.map { $0 == 0 || isProse ? "---" : "--:" }
    let rows = [table.header, rule] + table.rows
    return rows.map { "| " + $0.map(escaped).joined(separator: " | ") + " |" } + [""]
  }

  /// A bar would end the cell, a bracket the picture's text.
  private func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      if character == "|" { result += "\\" }
      result.append(character)
    }
    return result
  }
}
