import Switchboard
import SwitchboardBase

/// A race as a drawing: three panels on one axis of time.
struct RaceDrawing {
  private let race: Race
  private let width: Double
  private let rows: Int
  private let left: Double
  private let scale: Double
  private var body: [String] = []
  private var y = 0.0

  private static let rowHeight = 20.0
  private static let headHeight = 26.0
  private static let margin = 10.0
  /// What a letter of the small text takes, at most.
  private static let letter = 6.6

  init(_ race: Race, width: Int, rows: Int) {
    self.race = race
    self.width = Double(width)
    self.rows = max(1, rows)
    let names = "conn\(max(0, min(rows, race.clients) - 1))".count
    left = RaceDrawing.margin + Double(names) * 7 + 10
    let span = race.elapsed.inSeconds
    scale = span > 0 ? (self.width - left - RaceDrawing.margin) / span : 0
    heading()
    let top = y
    y += 22
    for lane in race.lanes { panel(lane) }
    axis(from: top)
    legend()
  }

  var svg: String {
    let height = Int(y.rounded(.up)) + 6
    return """
      <svg class="tl" xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 \(Int(width)) \
      \(height)" width="\(Int(width))" height="\(height)" font-family="system-ui, -apple-system, \
      'Segoe UI', 'DejaVu Sans', sans-serif" font-size="12.5">
      <title>\(Markup.escaped(race.title + ". " + race.outcome))</title>
      <style>.tl{\(TimelineColors.variables(isDark: false))}\
      @media screen and (prefers-color-scheme:dark){.tl{\(TimelineColors.variables(isDark: true))}}\
      .tl text{fill:var(--tl-ink);font-variant-numeric:tabular-nums}\
      .tl .f{fill:var(--tl-faint);font-size:11.5px}.tl .b{font-weight:600}\
      .tl .t{font-size:15px;font-weight:600}\
      .tl .w{fill:var(--tl-wait);font-size:11.5px;text-anchor:middle}</style>
      <rect width="\(Int(width))" height="\(height)" rx="6" fill="var(--tl-page)"/>
      \(body.joined(separator: "\n"))
      </svg>

      """
  }

  private func number(_ value: Double) -> String {
    let text = Figures.fixed(value, places: 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private func place(_ time: Duration) -> Double { left + time.inSeconds * scale }

  private mutating func text(_ text: String, _ x: Double, _ y: Double, _ style: String = "") {
    let style = style.isEmpty ? "" : " class=\"\(style)\""
    body.append(
      "<text x=\"\(number(x))\" y=\"\(number(y))\"\(style)>\(Markup.escaped(text))</text>")
  }

  private mutating func box(
    _ x: Double, _ y: Double, _ wide: Double, _ high: Double, _ color: String, round: Double = 0
  ) {
    let corner = round > 0 ? " rx=\"\(number(round))\"" : ""
    body.append(
      "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(max(0.5, wide)))\" "
        + "height=\"\(number(high))\"\(corner) fill=\"var(--tl-\(color))\"/>")
  }

  private mutating func heading() {
    y = 8
    let room = Int((width - 2 * Self.margin) / 8.2)
    for line in Prose.wrapped(race.title, to: room) {
      y += 18
      text(line, Self.margin, y, "t")
    }
    y += 6
  }

  /// Lines of time through all panels, behind what was drawn so far.
  private mutating func axis(from top: Double) {
    let columns = Int(left)..<Int(width - Self.margin) + 1
    let ticks = TimeScale(
      start: Instant(nanoseconds: 0), span: race.elapsed, columns: columns
    ).ticks(apart: 90)
    var grid: [String] = []
    let drawn = body
    for (column, label) in ticks {
      let half = Double(label.count) * Self.letter / 2
      let x = Double(column)
      grid.append(
        "<path d=\"M\(number(x)) \(number(top + 18))V\(number(y))\" stroke=\"var(--tl-line)\"/>")
      body = []
      text(label, min(max(x - half, left), width - 2 * half - 4), top + 13, "f")
      grid += body
    }
    body = grid + drawn
  }

  private mutating func panel(_ lane: Race.Lane) {
    let details =
      "\(lane.threads), \(Figures.brief(lane.elapsed)); waited \(Figures.brief(lane.waited)) in all"
    text(lane.name, Self.margin, y + 18, "b")
    let behind = Self.margin + Double(lane.name.count) * 7.4 + 12
    if behind + Double(details.count) * Self.letter < width {
      text(details, behind, y + 18, "f")
    } else {
      y += 16
      text(details, Self.margin, y + 18, "f")
    }
    y += Self.headHeight
    for (number, runner) in lane.runners.prefix(rows).enumerated() {
      row("conn\(number)", runner)
    }
    let more = lane.runners.count - rows
    if more > 0 {
      let waited = Figures.brief(lane.runners.map(\.waited).max() ?? .zero)
      text(
        "and \(Figures.counted(more, "more client")); the last waited \(waited)", left, y + 13, "f")
      y += Self.rowHeight
    }
    y += 6
  }

  private mutating func row(_ name: String, _ runner: Race.Runner) {
    text(name, Self.margin, y + 14, "f")
    if let begun = runner.begun {
      let end = runner.ended ?? race.elapsed
      let greeted = runner.greeted ?? end
      wait(from: place(begun), to: place(greeted), runner)
      if runner.greeted != nil {
        box(place(greeted), y + 5, place(end) - place(greeted), 10, "served", round: 2)
        for answer in runner.answers { reply(at: place(answer), y + 10) }
      }
    }
    y += Self.rowHeight
  }

  private mutating func wait(from: Double, to: Double, _ runner: Race.Runner) {
    guard to > from + 1 else { return }
    let label = runner.hasFailed ? "failed" : "waits \(Figures.brief(runner.waited))"
    let wide = Double(label.count) * Self.letter + 6
    guard to - from > wide + 20 else { return box(from, y + 8, to - from, 4, "wait") }
    // The line leaves room for its words.
    let middle = (from + to) / 2
    box(from, y + 8, middle - wide / 2 - from, 4, "wait")
    box(middle + wide / 2, y + 8, to - middle - wide / 2, 4, "wait")
    text(label, middle, y + 14, "w")
  }

  private mutating func reply(at x: Double, _ y: Double) {
    body.append(
      "<circle cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"3.4\" fill=\"var(--tl-page)\" "
        + "stroke=\"var(--tl-served)\" stroke-width=\"1.5\"/>")
  }

  private mutating func legend() {
    y += 6
    var x = Self.margin
    for (sign, name) in ["served", "reply", "wait"].enumerated().map({ ($1, Self.words[$0]) }) {
      let wide = Double(name.count) * 6 + 44
      if x + wide > width, x > Self.margin {
        x = Self.margin
        y += 18
      }
      if sign == "reply" { reply(at: x + 8, y + 7) }
      if sign == "served" { box(x, y + 2, 16, 10, sign, round: 2) }
      if sign == "wait" { box(x, y + 5, 16, 4, sign) }
      text(name, x + 22, y + 11, "f")
      x += wide
    }
    y += 20
  }

  private static let words = [
    "the server's attention", "a reply comes", "connected, waiting for the server",
  ]
}

extension Race {
  /// The drawing, for any page: it follows the reader's light or dark colours.
  ///
  /// - Parameters:
  ///   - width: In points, at least 320.
  ///   - rows: How many clients of a lane have a row.
  public func svg(width: Int, rows: Int = mostRows) -> String {
    RaceDrawing(self, width: max(320, width), rows: rows).svg
  }
}
