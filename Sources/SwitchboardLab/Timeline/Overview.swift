import Switchboard

/// Instants to columns, all of them equally long.
struct TimeScale {
  let start: Instant
  let span: Duration
  let columns: Range<Int>

  /// The column that a moment falls in.
  func column(of moment: Instant) -> Int {
    guard span > .zero, columns.count > 1 else { return columns.lowerBound }
    let share = moment.since(start).inSeconds / span.inSeconds
    return columns.lowerBound + Int((share * Double(columns.count - 1)).rounded())
  }

  /// Round moments to mark on an axis, `apart` columns from each other or more.
  func ticks(apart: Int) -> [(column: Int, label: String)] {
    let seconds = span.inSeconds
    guard seconds > 0 else { return [(columns.lowerBound, "0 s")] }
    let least = seconds * Double(apart) / Double(max(1, columns.count - 1))
    let step = TimeScale.roundNumbers.first { $0 >= least } ?? seconds
    return (0...Int(seconds / step + 1e-9)).map { index in
      let nanoseconds = (Double(index) * step * 1e9).rounded()
      let moment = start + .nanoseconds(Int64(nanoseconds))
      return (column(of: moment), TimeScale.label(Double(index) * step, step: step))
    }
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

  private static func label(_ seconds: Double, step: Double) -> String {
    let (unit, size) = step >= 0.1 ? ("s", 1.0) : step >= 1e-4 ? ("ms", 1e-3) : ("µs", 1e-6)
    let value = seconds / size
    let isWhole = abs(value - value.rounded()) < 1e-6
    return Figures.fixed(value, places: isWhole ? 0 : 1) + " " + unit
  }
}

extension Timeline {
  /// The whole run: a lifeline for each client, from its connecting to its close, with a mark in
  /// each column in which it was served.
  func overview(width: Int) -> [TextLine] {
    // How often and how long each was served stands at the right where there is room.
    let figures = width >= 60 ? 18 : 0
    let scale = TimeScale(
      start: start, span: end.since(start), columns: left..<(width - figures))
    return heading(width: width) + axis(scale, width: width, figures: figures)
      + clients.map { row($0, scale, width: width, figures: figures) }
  }

  private func heading(width: Int) -> [TextLine] {
    let count = clients.count == 1 ? "1 client" : "\(Figures.grouped(clients.count)) clients"
    let text = "Who was served when: \(count), one server thread, "
    return TextLine.paragraph(
      text + Figures.brief(end.since(start)), width: width, .title)
  }

  private func axis(_ scale: TimeScale, width: Int, figures: Int) -> [TextLine] {
    var labels = TextLine(width: width)
    var axis = TextLine(width: width)
    axis.fill(scale.columns, "─", .faint)
    for (column, label) in scale.ticks(apart: 9) {
      axis.put("┼", at: column, .faint)
      if column + label.count <= scale.columns.upperBound { labels.put(label, at: column, .faint) }
    }
    axis.put("├", at: scale.columns.lowerBound, .faint)
    axis.put("┤", at: scale.columns.upperBound - 1, .faint)
    if figures > 0 {
      axis.put("calls", endingBefore: width - 10, .faint)
      axis.put("in all", endingBefore: width, .faint)
    }
    return [labels, axis]
  }

  private func row(_ client: Client, _ scale: TimeScale, width: Int, figures: Int) -> TextLine {
    var line = TextLine(width: width)
    line.put(client.name, at: 0)
    let closed = client.callbacks.last { $0.kind == .closed }
    let from = scale.column(of: client.callbacks[0].start)
    line.fill(from..<scale.column(of: closed?.end ?? end) + 1, "━", .faint)
    for callback in client.callbacks {
      let columns = scale.column(of: callback.start)...scale.column(of: callback.end)
      line.fill(Range(columns), "●", .served)
    }
    if figures > 0 {
      let busy = client.callbacks.reduce(Duration.zero) { $0 + $1.duration }
      line.put(Figures.grouped(client.callbacks.count), endingBefore: width - 10)
      line.put(Figures.brief(busy), endingBefore: width)
    }
    return line
  }
}
