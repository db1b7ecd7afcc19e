import SwitchboardBase
import SwitchboardLoad

/// Results beside each other, as lines and as a page.
package struct LoadDiffReport {
  private let diff: LoadDiff
  /// A letter for each: files have long names.
  private let letters: [String]

  /// A report on a comparison.
  package init(_ diff: LoadDiff) {
    self.diff = diff
    letters = diff.sides.indices.map { String(UnicodeScalar(UInt8(65 + min($0, 25)))) }
  }

  /// The colours of the curves, the first result's first.
  private static let hues: [Hue] = [.blue, .vermilion, .green, .purple, .amber, .sky]

  // ---------------------------------------------------------------------------- tables

  /// The figures of each, and their ratios to those of the first.
  private var figures: Table {
    let others = letters.dropFirst()
    let head = letters + others.flatMap { ["\($0)/\(letters[0])", "noise", ""] }
    var rows = [row("rate", diff.rates) { Figures.grouped(Figures.whole($0)) + "/s" }]
    for share in LoadDiff.told {
      let ratios = diff.curves.compactMap { curve in curve.first { $0.share == share } }
      guard ratios.count == diff.curves.count else { continue }
      rows.append(row(LoadDiffReport.name(share), ratios, LoadDiffReport.time))
    }
    return Table("Figures", [""] + head, rows)
  }

  private func row(
    _ name: String, _ ratios: [LoadDiff.Ratio], _ text: (Double) -> String
  ) -> [String] {
    let values = [ratios.first?.reference ?? 0] + ratios.map(\.value)
    return [name] + values.map(text)
      + ratios.flatMap { [LoadDiffReport.number($0.ratio), noise($0), LoadDiffReport.word($0)] }
  }

  private func noise(_ ratio: LoadDiff.Ratio) -> String {
    ratio.noise.map { noise in
      [noise.lowerBound, noise.upperBound].map(LoadDiffReport.number).joined(separator: " to ")
    } ?? "–"
  }

  private static func word(_ ratio: LoadDiff.Ratio) -> String {
    switch ratio.direction {
    case 1: "more"
    case -1: "less"
    default: ratio.noise == nil ? "" : "noise"
    }
  }

  static func number(_ ratio: Double) -> String { Figures.fixed(ratio, places: ratio < 10 ? 3 : 1) }

  static func time(_ nanoseconds: Double) -> String {
    Figures.brief(.nanoseconds(Int64(max(0, min(nanoseconds, 1e18)).rounded())))
  }

  /// `p99.9`
  static func name(_ share: Double) -> String {
    let text = Figures.fixed(share * 100, places: 2)
    let short =
      text.hasSuffix(".00") ? text.dropLast(3) : text.hasSuffix("0") ? text.dropLast() : text[...]
    return "p\(short)"
  }

  /// The set-ups, what differs first and marked.
  private var setups: Table {
    let facts = diff.sides.map { side in
      Dictionary(side.result.facts.map { ($0.name, $0.value) }) { first, _ in first }
    }
    let names = diff.sides.flatMap { $0.result.facts.map(\.name) }
      .reduce(into: [String]()) { known, name in if !known.contains(name) { known.append(name) } }
    let rows = names.map { name in [name] + facts.map { $0[name] ?? "–" } }
    let differing = rows.filter { Set($0.dropFirst()).count > 1 }
    let same = rows.filter { Set($0.dropFirst()).count == 1 }
    return Table(
      "Set-ups", [""] + letters,
      differing.map { ["≠ " + $0[0]] + $0.dropFirst() }
        + same.map { ["  " + $0[0]] + $0.dropFirst() })
  }

  private var notes: [String] {
    var notes = [
      "Ratios are to \(letters[0]). Noise is where they would lie, but for one case in twenty, if the seconds of "
        + "each run had been others; 'more' and 'less' are said of what it does not explain. Two runs of one "
        + "server differ by more than their seconds do: 'switchboard load --against' tells whether servers differ."
    ]
    if diff.sides.contains(where: { $0.result.steps.count > 1 }) {
      notes.append("A rate went in steps: its curve is of all of them together.")
    }
    if diff.rates.contains(where: { $0.noise == nil }) {
      notes.append("Too few seconds were measured to tell what is noise.")
    }
    return notes
  }

  /// What each letter is.
  private var legend: [(letter: String, name: String, title: String)] {
    zip(letters, diff.sides).map { letter, side in
      (
        letter, FileName.shown(side.name),
        LoadReport(side.result, width: .max, color: false).title
      )
    }
  }

  // ---------------------------------------------------------------------------- terminal

  /// The lines, no wider than a terminal.
  package func lines(width: Int, color: Bool) -> [String] {
    let (ink, width) = (Ink(isOn: color), max(30, width))
    var lines: [String] = []
    for (letter, name, title) in legend {
      lines += Prose.hanging(
        "\(name): \(title)", behind: ink.painted(letter, .bold) + "  ", indent: 3, to: width)
    }
    let setups = setups
    let known = LoadDiffReport.always.map { "≠ " + $0 }
    let differing = setups.rows.filter { $0[0].hasPrefix("≠") && !known.contains($0[0]) }
    lines += ["", ink.painted("Set-ups", .bold)]
    if differing.isEmpty { lines.append("  all the same") }
    if !differing.isEmpty {
      lines += LoadDiffReport.rows(differing, letters, width: width)
    }
    lines += ["", ink.painted("Figures", .bold)] + figures.lines(width: width)
    for note in notes { lines += [""] + Prose.wrapped(note, to: min(width, 100)) }
    return lines
  }

  /// What two results never share, and a page alone has room for.
  private static let always = ["measured", "command"]

  /// Facts side by side, and those with long values below each other.
  private static func rows(_ rows: [[String]], _ letters: [String], width: Int) -> [String] {
    let room = (width - 20) / letters.count - 2
    let short = rows.filter { $0.dropFirst().allSatisfy { $0.count <= room } }
    let table = Table("", [""] + letters, short)
    let fits = table.lines.allSatisfy { $0.count <= width }
    let long = fits ? rows.filter { !short.contains($0) } : rows
    let beside = fits && !short.isEmpty ? table.lines : []
    return beside
      + long.flatMap { row in
        ["  " + row[0]]
          + zip(letters, row.dropFirst()).flatMap { letter, value in
            Prose.hanging(value, behind: "      \(letter)  ", indent: 9, to: max(width, 20))
          }
      }
  }

  // ---------------------------------------------------------------------------- page

  /// A page, complete in itself: it asks no network for anything and runs no script.
  package var html: String {
    let names = legend.map { letter, name, title in
      "<li><strong>\(letter)</strong> <span>\(Markup.escaped("\(name): \(title)"))</span></li>"
    }
    let title = legend.map(\.name).joined(separator: ", ")
    return ReportPage.html(
      title: "\(title) · switchboard load diff", style: LoadDiffReport.style,
      body: """
        <header><h1>\(Markup.escaped("\(Figures.counted(diff.sides.count, "load")) beside each other"))</h1>
        <ul class="sides">\(names.joined(separator: "\n"))</ul></header>
        <div id="pictures">
        \(ReportPage.figure(curves))
        \(ReportPage.figure(ratios))
        </div>
        \(ReportPage.table(figures))
        \(notes.map { "<p class=\"small\">\(Markup.escaped($0))</p>" }.joined(separator: "\n"))
        <section>\(ReportPage.table(setups).replacing("class=\"scroll\"", with: "class=\"scroll setups\""))</section>
        """)
  }

  private static let style = """
    body{max-width:1360px}.sides{list-style:none;padding:0;margin:.4em 0}
    .sides li{padding-left:1.6em;text-indent:-1.6em;overflow-wrap:anywhere}
    #pictures{display:grid;grid-template-columns:minmax(0,1fr);gap:0 40px}
    @media (min-width:1100px){#pictures{grid-template-columns:repeat(2,minmax(0,1fr))}}
    .setups td,.setups th{white-space:normal;text-align:left;vertical-align:top;overflow-wrap:anywhere;
    min-width:9em}.setups td:first-child{white-space:pre;min-width:0}
    @media print{#pictures{display:block}}
    """

  private var curves: LineChart {
    let all = diff.curves.first.map { [$0.map { ($0.share ?? 0, $0.reference) }] } ?? []
    let others = diff.curves.map { curve in curve.map { ($0.share ?? 0, $0.value) } }
    let series = zip(letters.indices, all + others).map { place, points in
      LineChart.Series(
        letters[place], LoadDiffReport.hues[place % LoadDiffReport.hues.count],
        points.map { LineChart.Point($0.0, $0.1 / 1e9) }, isPlain: true)
    }
    return LineChart(
      title: "How many requests took no longer", x: LoadDiffReport.shareAxis,
      y: Axis("latency", unit: .duration, scale: .logarithmic), series: series)
  }

  private var ratios: LineChart {
    let series = zip(letters.indices.dropFirst(), diff.curves).map { place, curve in
      LineChart.Series(
        "\(letters[place])/\(letters[0])",
        LoadDiffReport.hues[place % LoadDiffReport.hues.count],
        curve.map {
          LineChart.Point(
            $0.share ?? 0, $0.ratio, from: $0.noise?.lowerBound, to: $0.noise?.upperBound)
        }, isPlain: true)
    }
    return LineChart(
      title: "Latency by that of \(letters[0]); the band is noise", x: LoadDiffReport.shareAxis,
      y: Axis("ratio", scale: .logarithmic, including: [1], leastFactor: 1.2), series: series,
      rules: [.init(.level, at: 1, "the same")])
  }

  private static let shareAxis = Axis("of all requests", unit: .share, scale: .nines)
}
