import Switchboard
import SwitchboardBase

/// Instants to columns, all of them equally long.
struct TimeScale {
  let start: Instant
  let span: Duration
  let columns: Range<Int>
  /// What the labels call zero.
  var zero: Instant?

  /// The column that a moment falls in.
  func column(of moment: Instant) -> Int {
    guard span > .zero, columns.count > 1 else { return columns.lowerBound }
    let share = min(1, moment.since(start).inSeconds / span.inSeconds)
    return columns.lowerBound + Int((share * Double(columns.count - 1)).rounded())
  }

  /// Round moments to mark on an axis, `apart` columns from each other or more.
  func ticks(apart: Int) -> [(column: Int, label: String)] {
    let seconds = span.inSeconds
    let offset = start.since(zero ?? start).inSeconds
    guard seconds > 0 else { return [(columns.lowerBound, TimeScale.label(offset, step: 1))] }
    let least = seconds * Double(apart) / Double(max(1, columns.count - 1))
    let step = TimeScale.roundNumbers.first { $0 >= least } ?? seconds
    let first = (offset / step - 1e-9).rounded(.up)
    let last = ((offset + seconds) / step + 1e-9).rounded(.down)
    guard first <= last, last - first < 1e4, last < 1e15 else { return [] }
    return (Int(first)...Int(last)).map { index in
      let nanoseconds = max(0, ((Double(index) * step - offset) * 1e9).rounded())
      let moment = start + .nanoseconds(Int64(min(nanoseconds, 9e18)))
      return (column(of: moment), TimeScale.label(Double(index) * step, step: step))
    }
  }

  /// The axis for a terminal, and its labels above: `apart` columns from each other or more.
  func lines(width: Int, apart: Int) -> (labels: TextLine, axis: TextLine) {
    var (labels, axis) = (TextLine(width: width), TextLine(width: width))
    axis.fill(columns, "─", .faint)
    for (column, label) in ticks(apart: apart) {
      axis.put("┼", at: column, .faint)
      if column + label.count <= columns.upperBound { labels.put(label, at: column, .faint) }
    }
    axis.put("├", at: columns.lowerBound, .faint)
    axis.put("┤", at: columns.upperBound - 1, .faint)
    return (labels, axis)
  }

  /// 1, 2 and 5 times the powers of ten, from a nanosecond to a day.
  private static let roundNumbers: [Double] = {
    var numbers: [Double] = []
    var power = 1e-9
    while power < 1e5 {
      numbers += [power, 2 * power, 5 * power]
      power *= 10
    }
    return numbers
  }()

  /// A moment as exactly as a step needs, in the unit that suits the step; in a larger one where that
  /// would be five digits.
  static func label(_ seconds: Double, step: Double) -> String {
    let units = [("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)]
    var unit = step >= 0.1 ? 0 : step >= 1e-4 ? 1 : 2
    while unit > 0, seconds / units[unit].1 >= 9999.5 { unit -= 1 }
    let (name, size) = units[unit]
    let value = seconds / size
    if abs(value - value.rounded()) < 1e-6 { return Figures.fixed(value, places: 0) + " " + name }
    var (places, scaled) = (1, step / size * 10)
    while places < 9, abs(scaled - scaled.rounded()) > 1e-6 {
      (places, scaled) = (places + 1, scaled * 10)
    }
    return Figures.fixed(value, places: places) + " " + name
  }
}

extension Timeline {
  /// The whole run: a lifeline for each client, from its connecting to its close, with a mark in
  /// each column in which it was served.
  func overview(width: Int, clients limit: Int) -> [TextLine] {
    // How often and how long each was served stands at the right where there is room.
    let figures = width >= 60 ? 18 : 0
    let scale = TimeScale(
      start: start, span: end.since(start), columns: left..<(width - figures), zero: zero)
    return heading(width: width) + axis(scale, width: width, figures: figures)
      + clients.prefix(limit).map { row($0, scale, width: width, figures: figures) }
      + rest(after: limit, width: width) + loopRows(scale, width: width, figures: figures)
  }

  private func heading(width: Int) -> [TextLine] {
    let count = Figures.counted(clients.count, "client")
    let threads = loops.count > 1 ? "\(loops.count) loops" : "one server thread"
    let text = "Who was served when: \(count), \(threads), "
    return TextLine.paragraph(
      text + Figures.brief(end.since(start)), width: width, .title)
  }

  /// That there are more clients than rows.
  func rest(after limit: Int, width: Int) -> [TextLine] {
    guard clients.count > limit else { return [] }
    let more = Figures.counted(clients.count - limit, "more client")
    return TextLine.paragraph("and \(more), not shown", width: width, .faint)
  }

  private func axis(_ scale: TimeScale, width: Int, figures: Int) -> [TextLine] {
    var (labels, axis) = scale.lines(width: width, apart: 9)
    if figures > 0 {
      axis.put("calls", endingBefore: width - 10, .faint)
      axis.put("in all", endingBefore: width, .faint)
    }
    return [labels, axis]
  }

  private func row(_ client: Client, _ scale: TimeScale, width: Int, figures: Int) -> TextLine {
    var line = TextLine(width: width)
    line.put(client.name, at: 0)
    let callbacks = callbacks(of: client)
    let from = scale.column(of: client.opened)
    line.fill(from..<max(from, scale.column(of: client.closed ?? end)) + 1, "━", .faint)
    for callback in callbacks {
      let first = scale.column(of: callback.start)
      line.fill(first..<max(first, scale.column(of: callback.sentBy)) + 1, "●", .served)
    }
    if figures > 0 {
      line.put(Figures.grouped(client.places.count), endingBefore: width - 10)
      line.put(Figures.brief(client.busy), endingBefore: width)
    }
    return line
  }

  /// How busy each loop was: full columns where it never waited.
  private func loopRows(_ scale: TimeScale, width: Int, figures: Int) -> [TextLine] {
    guard !recording.waits.isEmpty else { return [] }
    return loops.map { loop in
      var line = TextLine(width: width)
      line.put(name(ofLoop: loop), at: 0)
      let levels = Array(" ▁▂▃▄▅▆▇█")
      for (place, share) in busyShares(ofLoop: loop, parts: scale.columns.count).enumerated() {
        // Whoever worked at all shows.
        let level = share <= 0 ? 0 : max(1, Int((share * 8).rounded()))
        line.put(String(levels[min(8, level)]), at: scale.columns.lowerBound + place, .other)
      }
      if figures > 0 { line.put("at work", endingBefore: width, .faint) }
      return line
    }
  }

  /// The share of each equal part of the time in which a loop did not wait.
  func busyShares(ofLoop loop: Int, parts: Int) -> [Double] {
    let span = end.since(start).inSeconds
    guard span > 0, parts > 0 else { return Array(repeating: 0, count: max(0, parts)) }
    var waited = Array(repeating: 0.0, count: parts)
    for wait in recording.waits where wait.loop == loop && wait.end > start && wait.start < end {
      let from = max(wait.start, start).since(start).inSeconds / span * Double(parts)
      let until = min(wait.end, end).since(start).inSeconds / span * Double(parts)
      for part in Int(from)...max(Int(from), min(parts - 1, Int(until))) where part < parts {
        waited[part] += max(0, min(until, Double(part + 1)) - max(from, Double(part)))
      }
    }
    return waited.map { max(0, 1 - $0) }.map { $0 < 1e-9 ? 0 : $0 }
  }
}
