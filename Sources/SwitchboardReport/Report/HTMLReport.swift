import SwitchboardBase

/// A report as one page that opens from disk: nothing is loaded from anywhere.
///
/// Every picture is there twice, drawn for a desk and for a telephone; the page shows the one that
/// fits.
public struct HTMLReport: Sendable {
  private let report: Report
  /// In CSS pixels.
  static let wide = 720.0
  static let narrow = 340.0

  /// A page for a report.
  public init(_ report: Report) { self.report = report }

  /// The page.
  public var text: String {
    let head = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(Markup.escaped(report.title))</title>
      <style>\(ChartStyle.sheet)
      \(HTMLReport.style)</style>
      </head>
      <body>
      """
    var parts = [head, header]
    if report.sections.count > 1 { parts.append(overview) }
    parts += report.sections.map(section)
    parts.append(footer)
    return parts.joined(separator: "\n") + "\n</body>\n</html>\n"
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

  /// All verdicts at a glance.
  private var overview: String {
    let items = report.sections.map { section in
      """
      <li>\(section.findings.verdict.map(badge) ?? "") <a href="#\(section.name)">\(section.name)</a>
      <span>\(prose(section.claim))</span></li>
      """
    }
    return "<nav><h2>Claims</h2><ul>\n\(items.joined(separator: "\n"))\n</ul></nav>"
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
    parts += findings.pictures.map { named in
      let wide = named.picture.drawn(width: HTMLReport.wide).inlined("wide")
      let narrow = named.picture.drawn(width: HTMLReport.narrow).inlined("narrow")
      return "<figure>\n\(wide)\n\(narrow)\n</figure>"
    }
    let controls = findings.controls.isEmpty ? [] : [Table(findings.controls)]
    parts += (findings.tables + controls).map(table)
    parts += findings.notes.map { "<p class=\"small\">\(prose($0))</p>" }
    parts.append(
      "<p class=\"small\">Took \(Figures.fixed(section.took.inSeconds, places: 0)) s. Repeat it:</p>"
    )
    parts.append("\(command(section.command))\n</section>")
    return parts.joined(separator: "\n")
  }

  private func table(_ table: Table) -> String {
    let header = table.header.map { "<th>\(prose($0))</th>" }.joined()
    let rows = table.rows.map { row in
      "<tr>" + row.map { "<td>\(prose($0))</td>" }.joined() + "</tr>"
    }
    return """
      <div class="scroll"><table><caption>\(prose(table.title))</caption>
      <thead><tr>\(header)</tr></thead>
      <tbody>\(rows.joined(separator: "\n"))</tbody></table></div>
      """
  }

  private var footer: String {
    let again =
      report.sections.count > 1
      ? "<h2>All of it again</h2>\n\(command(report.command))\n" : ""
    let facts = report.machine.map {
      "<tr><td>\(prose($0.name))</td><td>\(prose($0.value))</td></tr>"
    }
    return """
      <footer>
      <h2>The machine</h2>
      <div class="scroll"><table class="facts"><tbody>\(facts.joined(separator: "\n"))</tbody>
      </table></div>
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

  private static let style = """
    :root{color-scheme:light dark}
    body{margin:0 auto;padding:24px 16px 64px;max-width:744px;background:var(--sb-paper);
    color:var(--sb-t);font:16px/1.55 \(TextMetrics.fonts);overflow-wrap:break-word}
    h1{font-size:1.7rem;line-height:1.2;margin:.6em 0 .4em;text-wrap:balance}
    h2{font-size:1.25rem;margin:0 0 .3em}
    p{margin:.5em 0}
    a{color:var(--sb-blue)}
    .lead{font-size:1.1rem}
    .small{font-size:.86rem;color:var(--sb-f)}
    .warning{border-left:4px solid var(--sb-vermilion);padding:.3em .8em}
    .claim{font-size:1.08rem;font-weight:600}
    .badge{font-size:.82rem;white-space:nowrap;border:1px solid;border-radius:4px;padding:.1em .45em;
    margin-right:.3em}
    .held{color:var(--sb-green)}.failed{color:var(--sb-vermilion)}.undecided{color:var(--sb-f)}
    section,footer,nav{border-top:1px solid var(--sb-h);padding-top:24px;margin-top:36px}
    nav ul{list-style:none;padding:0}nav li{margin:.7em 0}nav span{display:block;color:var(--sb-f)}
    figure{margin:20px -12px}
    figure svg{display:block;width:100%;height:auto}
    svg.narrow{display:none;max-width:460px}
    .scroll{overflow-x:auto;margin:16px 0;
    background:linear-gradient(to left,var(--sb-paper) 40%,transparent) 100% 0/48px 100% no-repeat
    local,linear-gradient(to left,var(--sb-h),transparent) 100% 0/18px 100% no-repeat scroll}
    table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums}
    caption{text-align:left;font-weight:600;padding:.3em 0;white-space:nowrap}
    th,td{padding:.28em .9em .28em 0;text-align:right;border-bottom:1px solid var(--sb-h);
    white-space:nowrap}
    th{color:var(--sb-f);font-weight:500;vertical-align:bottom}
    th:first-child,td:first-child{text-align:left}
    .facts td{text-align:left;white-space:normal}
    .facts td:first-child{white-space:nowrap;color:var(--sb-f)}
    footer h2{margin-top:1em}
    pre{font:.86rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;
    white-space:pre-wrap;border-left:3px solid var(--sb-h);padding:.2em .8em;margin:.4em 0}
    pre span{white-space:nowrap}
    @media (max-width:640px){svg.wide{display:none}svg.narrow{display:block}body{padding-top:8px}
    th,td{padding-right:.6em}table{font-size:.8rem}
    th:first-child,td:first-child{white-space:normal;position:sticky;left:0;
    background:var(--sb-paper)}}
    @media print{body{max-width:none;padding:0;font-size:10.5pt}
    svg.wide{display:block!important}svg.narrow{display:none!important}
    figure{margin:14px 0;break-inside:avoid;max-width:140mm}h2,.claim,.verdict{break-after:avoid}
    .small{break-after:avoid}pre,table,tr{break-inside:avoid}section p{orphans:3;widows:3}
    .scroll{overflow:visible;background:none}a{color:inherit;text-decoration:none}}
    """
}
