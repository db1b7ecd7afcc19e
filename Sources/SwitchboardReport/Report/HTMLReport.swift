import SwitchboardBase

/// A report as one page that opens from disk: nothing is loaded from anywhere.
///
/// Every picture is there twice, drawn for a desk and for a telephone; the page shows the one that
/// fits.
public struct HTMLReport: Sendable {
  private let report: Report

  /// A page for a report.
  public init(_ report: Report) { self.report = report }

  /// The page.
  public var text: String {
    var parts = [header]
    if report.sections.count > 1 { parts.append(overview) }
    parts += report.sections.map(section)
    parts.append(footer)
    return ReportPage.html(
      title: report.title, style: HTMLReport.style,
      body: parts.joined(separator: "\n") + "\n<script>\(HTMLReport.pointing)</script>")
  }

  private var header: String {
    let warnings = report.warnings.map { "<p class=\"warning\">\(prose($0))</p>" }.joined()
    return """
      <header>
      <h1>\(prose(report.title))</h1>
      <p class="lead">\(prose(report.lead))</p>
      <p class="small">\(prose(report.date)) · \(prose(Machine.current.description))</p>
      \(warnings)</header>
      """
  }

  /// All verdicts at a glance: each with its picture and one figure.
  private var overview: String {
    let items = report.sections.map { section in
      let verdict = section.findings.verdict
      let picture = section.findings.pictures.first?.picture.drawn(width: ReportPage.narrow)
      return """
        <li><a href="#\(section.name)" title="\(prose(verdict?.reason ?? section.claim))">
        \(verdict.map(badge) ?? "") <b>\(section.name)</b>
        \(picture?.thumbnail() ?? "")
        <span class="figure">\(prose(verdict?.figure ?? ""))</span>
        <span class="small">\(prose(section.claim))</span></a></li>
        """
    }
    return "<nav><ul class=\"claims\">\n\(items.joined(separator: "\n"))\n</ul></nav>"
  }

  private func section(_ section: Report.Section) -> String {
    let findings = section.findings
    var parts = ["<section id=\"\(section.name)\">"]
    // A page with one section says all of this at its top.
    if report.sections.count > 1 {
      parts.append("<h2>\(section.name)</h2>")
      parts.append("<p class=\"claim\">\(prose(section.claim))</p>")
    }
    // Nor is that said twice.
    if section.story != report.lead { parts.append("<p>\(prose(section.story))</p>") }
    if let verdict = findings.verdict {
      parts.append("<p class=\"verdict\">\(badge(verdict)) \(prose(verdict.reason))</p>")
    }
    let controls = findings.controls.isEmpty ? [] : [Table(findings.controls)]
    parts.append("<div class=\"evidence\">")
    parts += findings.pictures.map { ReportPage.figure($0.picture) }
    parts += (findings.tables + controls).map(ReportPage.table)
    parts.append("</div>")
    parts += findings.notes.map { "<p class=\"small\">\(prose($0))</p>" }
    parts.append(
      "<p class=\"small\">Took \(Figures.fixed(section.took.inSeconds, places: 0)) s. Repeat it:</p>"
    )
    parts.append("\(command(section.command))\n</section>")
    return parts.joined(separator: "\n")
  }

  private var footer: String {
    let again =
      report.sections.count > 1
      ? "<h2>All of it again</h2>\n\(command(report.command))\n" : ""
    return """
      <footer>
      <h2>The machine</h2>
      \(ReportPage.facts(report.machine))
      \(again)</footer>
      """
  }

  /// A command breaks between its words and never within one, as browsers do after each hyphen.
  private func command(_ text: String) -> String {
    let words = text.split(separator: " ").map { "<span>\(prose(String($0)))</span>" }
    return "<pre>\(words.joined(separator: " "))</pre>"
  }

  private func badge(_ verdict: Verdict) -> String {
    let (kind, sign) =
      switch verdict.outcome {
      case .held: ("held", "✓ held")
      case .failed: ("failed", "✗ did not hold")
      case .undecided: ("undecided", "? undecided")
      }
    return "<strong class=\"badge \(kind)\">\(sign)</strong>"
  }

  private func prose(_ text: String) -> String { Markup.escaped(text) }
}
