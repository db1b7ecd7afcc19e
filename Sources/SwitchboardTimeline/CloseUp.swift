import Switchboard
import SwitchboardBase

/// A stretch of callbacks laid out on an axis that is cut where nothing ran for long.
///
/// Between cuts a column is always the same length of time. Every callback has columns of its own,
/// at least one: only one runs at a time, and the drawing must not make it look otherwise.
struct CutAxis {
  /// Where a callback is drawn.
  struct Box {
    let callback: CallbackRecord
    let columns: Range<Int>
    /// Where what it wrote is sent, behind it.
    let tail: Range<Int>
  }

  /// The callbacks that fit, in order.
  var boxes: [Box] = []
  /// Where the axis is cut: ``cutWidth`` columns each.
  var cuts: [Range<Int>] = []
  /// How long one column is, outside the cuts.
  let column: Duration
  /// Columns used.
  var width: Int { boxes.last?.tail.upperBound ?? 0 }

  /// How wide a cut is drawn.
  static let cutWidth = 3
  /// A gap of more columns than this is cut.
  private static let longestGap = 10.0

  /// A dozen of the callbacks, or more where there is room for more, drawn as large as they can be;
  /// and behind them as many as fit.
  static func fitting(_ callbacks: ArraySlice<CallbackRecord>, columns: Int) -> CutAxis {
    let most = callbacks.prefix(max(1, columns / 2))
    let least = min(most.count, max(12, columns / 5))
    for microseconds in CutAxis.scales {
      var axis = CutAxis(most, each: .nanoseconds(Int64(microseconds * 1000)))
      axis.boxes = axis.boxes.filter { $0.tail.upperBound <= columns }
      let width = axis.width
      axis.cuts = axis.cuts.filter { $0.upperBound <= width }
      if axis.boxes.count >= least { return axis }
    }
    return CutAxis(most.prefix(1), each: .seconds(1))
  }

  /// Round lengths of a column, in microseconds, up to a second.
  private static let scales: [Double] = [0.2, 0.5, 1, 2, 3, 5, 10, 20, 30, 50, 100, 1e3, 1e4, 1e6]

  private init(_ callbacks: ArraySlice<CallbackRecord>, each column: Duration) {
    self.column = column
    // Where the present uncut stretch begins, as a moment and as a column.
    guard var origin = callbacks.first?.start else { return }
    var first = 0
    var last = origin
    for callback in callbacks {
      if columns(from: last, to: callback.start) > CutAxis.longestGap {
        cuts.append(width..<width + CutAxis.cutWidth)
        first = width + CutAxis.cutWidth
        origin = callback.start
      }
      let from = max(width, first + Int(columns(from: origin, to: callback.start).rounded()))
      let until = first + Int(columns(from: origin, to: callback.end).rounded())
      let columns = from..<max(from + 1, until)
      let sent = first + Int(self.columns(from: origin, to: callback.sentBy).rounded())
      boxes.append(
        Box(
          callback: callback, columns: columns,
          tail: columns.upperBound..<max(columns.upperBound, sent)))
      last = callback.sentBy
    }
  }

  private func columns(from a: Instant, to b: Instant) -> Double {
    b.since(a).inSeconds / column.inSeconds
  }
}

extension Timeline {
  /// A pause of the whole server longer than this ends a burst.
  private static let pause = Duration.milliseconds(100)

  /// The callbacks before the first long pause, of the loop that made the first.
  private var firstBurst: ArraySlice<CallbackRecord> {
    let loop = recording.callbacks.first?.connection.loop
    let all = recording.callbacks.filter { $0.connection.loop == loop }
    let end = all.indices.dropFirst().first {
      all[$0].start.since(all[$0 - 1].sentBy) > Timeline.pause
    }
    return all[..<(end ?? all.endIndex)]
  }

  /// The first burst in microseconds: a box for each callback, in its client's row, and all of them
  /// again in the row of the one thread that makes them.
  func closeUp(width: Int, clients limit: Int) -> [TextLine] {
    let burst = firstBurst
    let axis = CutAxis.fitting(burst, columns: width - left)
    let served = Set(axis.boxes.map(\.callback.connection))
    let shown = clients.filter { served.contains($0.connection) }
    let rows = shown.prefix(limit).map { client in
      row(client.name, axis, width: width, lifeline: client) { $0.connection == client.connection }
    }
    let thread = row("thread", axis, width: width, lifeline: nil) { _ in true }
    return heading(axis, of: burst.count, width: width) + [times(axis, width: width)] + rows
      + [thread] + legend(axis, width: width)
  }

  private func heading(_ axis: CutAxis, of count: Int, width: Int) -> [TextLine] {
    let number = Figures.counted(axis.boxes.count, "callback")
    let what =
      axis.boxes.count == count
      ? "its \(number)" : "the first \(number) of \(Figures.grouped(count))"
    let loop = axis.boxes.first?.callback.connection.loop ?? 0
    let whose = loops.count > 1 ? " of loop \(loop)" : ""
    return TextLine.paragraph("The first burst\(whose), close up: \(what)", width: width, .title)
  }

  /// When each uncut stretch began.
  private func times(_ axis: CutAxis, width: Int) -> TextLine {
    var line = TextLine(width: width)
    let starts = [0] + axis.cuts.map(\.upperBound)
    for box in axis.boxes where starts.contains(box.columns.lowerBound) {
      let column = left + box.columns.lowerBound
      let label = label(box.callback.start, isFirst: column == left)
      if line.isFree(column..<column + label.count) { line.put(label, at: column, .faint) }
    }
    return line
  }

  /// Times are told from the close-up's beginning, and that from the recording's.
  private func label(_ moment: Instant, isFirst: Bool) -> String {
    if zero == start { return isFirst ? "0 µs" : Figures.brief(moment.since(start)) }
    return isFirst
      ? TimeScale.label(moment.since(zero).inSeconds, step: 1e-6)
      : "+\(Figures.brief(moment.since(start)))"
  }

  private func row(
    _ name: String, _ axis: CutAxis, width: Int, lifeline client: Client?,
    where isShown: (CallbackRecord) -> Bool
  ) -> TextLine {
    var line = TextLine(width: width)
    line.put(name, at: 0)
    if let client { drawLifeline(of: client, axis, on: &line) }
    for cut in axis.cuts { line.put(" ⋯ ", at: left + cut.lowerBound, .faint) }
    for box in axis.boxes where isShown(box.callback) {
      let (letter, _, style) = box.callback.kind.look
      line.fill(box.tail.shifted(by: left), "▒", style)
      line.fill(box.columns.shifted(by: left), "█", style)
      line.put(String(letter), at: left + box.columns.lowerBound, style)
    }
    return line
  }

  private func drawLifeline(of client: Client, _ axis: CutAxis, on line: inout TextLine) {
    let mine = axis.boxes.filter { $0.callback.connection == client.connection }
    guard let first = mine.first, let last = mine.last else { return }
    let end = last.callback.kind == .closed ? last.columns.upperBound : axis.width
    line.fill((first.columns.lowerBound..<end).shifted(by: left), "─", .faint)
  }

  private func legend(_ axis: CutAxis, width: Int) -> [TextLine] {
    let kinds = CallbackKind.allCases.filter { kind in
      axis.boxes.contains { $0.callback.kind == kind }
    }
    var text = kinds.map { "\($0.look.letter) \(word(for: $0))" }.joined(separator: ", ")
    text += ". A column is \(Figures.brief(axis.column)), and a callback takes at least one."
    if axis.boxes.contains(where: { !$0.tail.isEmpty }) { text += " ▒ is sending its output." }
    if !axis.cuts.isEmpty { text += " At ⋯ a longer time is left out, in which none ran." }
    return TextLine.paragraph(text, width: width, .faint)
  }
}

extension CallbackKind {
  /// How a callback of this kind is drawn and named.
  var look: (letter: Character, name: String, style: TextStyle) {
    switch self {
    case .connected: ("C", "connected", .connected)
    case .receive: ("R", "ready to receive", .receive)
    case .send: ("S", "ready to send", .send)
    case .drained: ("W", "all written", .send)
    case .ended: ("E", "ended", .other)
    case .posted: ("P", "posted", .other)
    case .alarm: ("A", "time elapsed", .other)
    case .drain: ("D", "drain", .other)
    case .closed: ("X", "closed", .other)
    }
  }
}

extension Range<Int> {
  fileprivate func shifted(by offset: Int) -> Range<Int> {
    lowerBound + offset..<upperBound + offset
  }
}
