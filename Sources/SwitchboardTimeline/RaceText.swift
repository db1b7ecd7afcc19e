import Switchboard
import SwitchboardBase

// A race for a terminal: three panels on one axis of time.
extension Race {
  /// How many clients of a lane have a row.
  public static let mostRows = 8
  /// The least width that anything is drawn for.
  private static let narrowest = 24
  /// Below it there is no room for what each waited.
  private static let roomForFigures = 46
  /// What that takes.
  private static let figureWidth = 10

  /// The picture, in lines of at most `width` columns.
  ///
  /// - Parameters:
  ///   - width: Columns to fill, at least 24; a smaller number counts as that.
  ///   - color: Whether to use the escape codes that terminals understand.
  ///   - rows: How many clients of a lane have a row.
  public func lines(width: Int, color: Bool, rows limit: Int = mostRows) -> [String] {
    let width = max(Race.narrowest, width)
    let figures = width >= Race.roomForFigures ? Race.figureWidth : 0
    let names = "conn\(max(0, min(limit, clients) - 1))".count
    let scale = TimeScale(
      start: Instant(nanoseconds: 0), span: elapsed, columns: (names + 2)..<(width - figures))
    var lines = TextLine.paragraph(title, width: width, .title) + [TextLine(width: width)]
    lines += axis(scale, width: width, hasFigures: figures > 0)
    for (number, lane) in lanes.enumerated() {
      if number > 0 { lines.append(TextLine(width: width)) }
      lines += panel(lane, scale, width: width, rows: limit, hasFigures: figures > 0)
    }
    lines += [TextLine(width: width)] + TextLine.paragraph(legend, width: width, .faint)
    lines += [TextLine(width: width)] + TextLine.paragraph(outcome, width: width)
    return lines.map { $0.text(color: color) }
  }

  /// What the picture is of.
  var title: String {
    "Who waits for whom: the same \(Figures.counted(clients, "client")), served in three ways"
  }

  /// What its signs mean.
  private var legend: String {
    "● a reply comes, ━ the server's attention, ░ connected and waiting for it. " + script
  }

  /// What each client does.
  var script: String {
    let pauses = [1, 0.2].map { Figures.brief(.seconds($0 * self.pauses)) }
    return
      "Each client sends three messages, with pauses of \(pauses[0]), and leaves \(pauses[1]) after "
      + "the last."
  }

  /// What it comes to, in a sentence.
  var outcome: String {
    let waited = lanes.map { Figures.brief($0.waited) }
    guard waited.count == Model.allCases.count else { return "" }
    return "All clients together waited \(waited[0]) for the server that takes one at a time, "
      + "\(waited[1]) for the threads and \(waited[2]) for the loop."
  }

  private func axis(_ scale: TimeScale, width: Int, hasFigures: Bool) -> [TextLine] {
    var (labels, axis) = scale.lines(width: width, apart: 10)
    if hasFigures { axis.put("waited", endingBefore: width, .faint) }
    return [labels, axis]
  }

  private func head(of lane: Lane) -> String {
    let failed = lane.failures > 0 ? "; \(lane.failures) of \(clients) failed" : ""
    return "\(lane.name): \(lane.threads), done after \(Figures.brief(lane.elapsed))\(failed)"
  }

  private func panel(
    _ lane: Lane, _ scale: TimeScale, width: Int, rows limit: Int, hasFigures: Bool
  ) -> [TextLine] {
    let shown = lane.runners.prefix(max(1, limit))
    var lines = TextLine.paragraph(head(of: lane), width: width, .title)
    lines += shown.enumerated().map { number, runner in
      row("conn\(number)", runner, scale, width: width, hasFigures: hasFigures)
    }
    let more = lane.runners.count - shown.count
    if more > 0 {
      let waited = Figures.brief(lane.runners.map(\.waited).max() ?? .zero)
      lines += TextLine.paragraph(
        "and \(Figures.counted(more, "more client")); the last waited \(waited)", width: width,
        .faint)
    }
    return lines
  }

  private func row(
    _ name: String, _ runner: Runner, _ scale: TimeScale, width: Int, hasFigures: Bool
  ) -> TextLine {
    var line = TextLine(width: width)
    line.put(name, at: 0)
    let place = { (time: Duration) in scale.column(of: Instant(nanoseconds: 0) + time) }
    if let begun = runner.begun {
      let end = runner.ended ?? elapsed
      let greeted = runner.greeted ?? end
      line.fill(place(begun)..<max(place(begun), place(greeted)), "░", .waiting)
      if runner.greeted != nil { line.fill(place(greeted)..<place(end) + 1, "━", .served) }
      for answer in runner.answers { line.put("●", at: place(answer), .served) }
    }
    let figure = runner.hasFailed ? "failed" : Figures.brief(runner.waited)
    if hasFigures { line.put(figure, endingBefore: width, runner.hasFailed ? .other : .plain) }
    return line
  }
}
