import SwitchboardBase

/// What all pages with charts have in common: complete in themselves, in their reader's light or dark colours,
/// and on paper in the light ones.
enum ReportPage {
  /// The widths that a picture is drawn in, in CSS pixels: the page shows the one that fits.
  static let wide = 720.0
  static let narrow = 340.0

  /// The whole page.
  ///
  /// - Parameters:
  ///   - title: What windows and tabs call it.
  ///   - style: Its own, behind what all of them have.
  ///   - body: What is in it, as markup.
  static func html(title: String, style own: String = "", body: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>\(Markup.escaped(title))</title>
    <style>\(ChartStyle.sheet)
    \(style)\(own)</style>
    </head>
    <body>
    \(body)
    </body>
    </html>

    """
  }

  /// A picture for a desk and for a telephone.
  static func figure(_ picture: any Picture) -> String {
    let wide = picture.drawn(width: wide).inlined("wide")
    let narrow = picture.drawn(width: narrow).inlined("narrow")
    return "<figure>\n\(wide)\n\(narrow)\n</figure>"
  }

  /// A table of figures.
  static func table(_ table: Table) -> String {
    let header = table.header.map { "<th>\(Markup.escaped($0))</th>" }.joined()
    let rows = table.rows.map { row in
      "<tr>" + row.map { "<td>\(Markup.escaped($0))</td>" }.joined() + "</tr>"
    }
    return """
      <div class="scroll"><table><caption>\(Markup.escaped(table.title))</caption>
      <thead><tr>\(header)</tr></thead>
      <tbody>\(rows.joined(separator: "\n"))</tbody></table></div>
      """
  }

  /// Facts, each with its name.
  static func facts(_ facts: [(name: String, value: String)]) -> String {
    let rows = facts.map {
      "<tr><td>\(Markup.escaped($0.name))</td><td>\(Markup.escaped($0.value))</td></tr>"
    }
    return """
      <div class="scroll"><table class="facts"><tbody>\(rows.joined(separator: "\n"))</tbody>
      </table></div>
      """
  }

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
