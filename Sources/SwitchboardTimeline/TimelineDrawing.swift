import Switchboard
import SwitchboardBase

/// The parts of a drawing, from top to bottom.
struct TimelineDrawing {
  private let timeline: Timeline
  private let width: Double
  private let left: Double
  private let clients: ArraySlice<Timeline.Client>
  private let scale: Double
  private var body: [String] = []
  private var y = 0.0

  private static let rowHeight = 20.0
  private static let boxHeight = 12.0

  init(_ timeline: Timeline, width: Int, limit: Int) {
    self.timeline = timeline
    self.width = Double(width)
    clients = timeline.clients.prefix(limit)
    let names = clients.map(\.name.count) + timeline.loops.map { timeline.name(ofLoop: $0).count }
    left = Double(names.max() ?? 0) * 7 + 14
    let span = timeline.end.since(timeline.start).inSeconds
    scale = span > 0 ? (self.width - left - 8) / span : 0
    heading()
    axis()
    for loop in timeline.loops where !timeline.recording.waits.isEmpty { row(ofLoop: loop) }
    let ready = timeline.readyMoments()
    for client in clients { row(of: client, ready) }
    remark()
    legend()
  }

  var svg: String {
    let height = Int(y.rounded(.up)) + 4
    return """
      <svg class="tl" xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 \(Int(width)) \
      \(height)" width="\(Int(width))" height="\(height)" font-family="system-ui, sans-serif" \
      font-size="12">
      <title>\(Markup.escaped(title))</title>
      <style>.tl{\(TimelineColors.variables(isDark: false))}\
      @media screen and (prefers-color-scheme:dark){.tl{\(TimelineColors.variables(isDark: true))}}\
      .tl text{fill:var(--tl-ink)}.tl .f{fill:var(--tl-faint);font-size:11px}\
      .tl .n{font-variant-numeric:tabular-nums}</style>
      \(body.joined(separator: "\n"))
      </svg>

      """
  }

  private var title: String {
    let who = Figures.counted(timeline.clients.count, "client")
    return "Who was served when: \(who), \(Figures.brief(timeline.end.since(timeline.start)))"
  }

  private func number(_ value: Double) -> String {
    let text = Figures.fixed(value, places: 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private func place(_ moment: Instant) -> Double {
    left + min(max(0, moment.since(timeline.start).inSeconds * scale), width - left - 8)
  }

  private mutating func text(
    _ text: String, _ x: Double, _ y: Double, _ style: String = "", anchor: String = "start"
  ) {
    let anchor = anchor == "start" ? "" : " text-anchor=\"\(anchor)\""
    let style = style.isEmpty ? "" : " class=\"\(style)\""
    body.append(
      "<text x=\"\(number(x))\" y=\"\(number(y))\"\(style)\(anchor)>\(Markup.escaped(text))</text>")
  }

  private mutating func box(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ color: String,
    opacity: String = ""
  ) {
    let opacity = opacity.isEmpty ? "" : " opacity=\"\(opacity)\""
    body.append(
      "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(max(0.1, width)))\" "
        + "height=\"\(number(height))\" fill=\"var(--tl-\(color))\"\(opacity)/>")
  }

  private mutating func heading() {
    text(title, 2, 14)
    y = 20
  }

  private mutating func axis() {
    let span = timeline.end.since(timeline.start)
    let columns = Int(left)..<Int(width) - 7
    let ticks = TimeScale(
      start: timeline.start, span: span, columns: columns, zero: timeline.zero
    ).ticks(apart: 84)
    let rows = clients.count + (timeline.recording.waits.isEmpty ? 0 : timeline.loops.count)
    let bottom = y + 22 + Double(rows) * Self.rowHeight
    var free = -1.0
    for (column, label) in ticks {
      let (x, wide) = (Double(column), Double(label.count) * 6.4)
      body.append(
        "<path d=\"M\(number(x)) \(number(y + 16))V\(number(bottom))\" "
          + "stroke=\"var(--tl-line)\"/>")
      let from = min(max(x - wide / 2, 0), width - wide)
      if from > free { text(label, from, y + 12, "f n") }
      free = max(free, from + wide + 8)
    }
    y += 22
  }

  /// How busy a loop was, two points by two.
  private mutating func row(ofLoop loop: Int) {
    text(timeline.name(ofLoop: loop), 2, y + 14)
    let parts = max(1, Int((width - left - 8) / 2))
    let shares = timeline.busyShares(ofLoop: loop, parts: parts)
    var path = ""
    for (place, share) in shares.enumerated() where share > 0 {
      // Whoever worked at all shows.
      let height = max(1, share * 16)
      path += "M\(number(left + Double(place) * 2)) \(number(y + 18))v-\(number(height))h2"
      path += "v\(number(height))z"
    }
    draw(path, "work")
    y += Self.rowHeight
  }

  private mutating func row(of client: Timeline.Client, _ ready: [Instant?]) {
    text(client.name, 2, y + 14)
    let from = place(client.opened)
    box(from, y + 9, place(client.closed ?? timeline.end) - from, 1.5, "life")
    drawWaiting(of: client, ready)
    drawBoxes(of: client)
    y += Self.rowHeight
  }

  /// One path for each kind; boxes that touch become one.
  private mutating func drawBoxes(of client: Timeline.Client) {
    var paths: [CallbackKind: (boxes: String, tails: String)] = [:]
    var run: (kind: CallbackKind, from: Double, to: Double)?
    func end() {
      if let run { paths[run.kind, default: ("", "")].boxes += box(run.from, run.to) }
      run = nil
    }
    for callback in timeline.callbacks(of: client) {
      let (x, sent) = (place(callback.start), place(callback.sentBy))
      let right = max(place(callback.end), x + 2)
      if let last = run, last.kind == callback.kind, x <= last.to + 0.5 {
        run?.to = max(last.to, right)
      } else {
        let begin = max(x, run?.to ?? 0)
        guard right > begin + 0.5 else { continue }
        end()
        run = (callback.kind, begin, right)
      }
      guard sent > right + 0.5, let last = run else { continue }
      end()
      paths[callback.kind, default: ("", "")].tails += box(last.to, sent)
    }
    end()
    for kind in CallbackKind.allCases {
      guard let path = paths[kind] else { continue }
      draw(path.boxes, "\(kind)")
      draw(path.tails, "\(kind)", opacity: "0.45")
    }
  }

  /// A box of the present row, as a part of a path.
  private func box(_ from: Double, _ to: Double) -> String {
    let height = number(Self.boxHeight)
    return "M\(number(from)) \(number(y + 4))h\(number(max(0.1, to - from)))v\(height)"
      + "H\(number(from))z"
  }

  private mutating func draw(_ path: String, _ color: String, opacity: String = "") {
    guard !path.isEmpty else { return }
    let opacity = opacity.isEmpty ? "" : " opacity=\"\(opacity)\""
    body.append("<path d=\"\(path)\" fill=\"var(--tl-\(color))\"\(opacity)/>")
  }

  /// What a client waited for its turn, where it can be seen.
  private mutating func drawWaiting(of client: Timeline.Client, _ ready: [Instant?]) {
    var (path, drawn) = ("", -1.0)
    for place in client.places {
      guard let since = ready[Int(place)] else { continue }
      let until = self.place(timeline.recording.callbacks[Int(place)].start)
      let from = max(self.place(since), drawn)
      guard until > from + 1 else { continue }
      path += "M\(number(from)) \(number(y + 8))H\(number(until))v4H\(number(from))z"
      drawn = until
    }
    draw(path, "wait")
  }

  private mutating func remark() {
    let more = timeline.clients.count - clients.count
    guard more > 0 else { return }
    text("and \(Figures.counted(more, "more client")), not shown", left, y + 12, "f")
    y += 18
  }

  private mutating func legend() {
    let present = Set(timeline.recording.callbacks.map(\.kind))
    var entries = CallbackKind.allCases.filter(present.contains).map {
      (color: "\($0)", text: timeline.word(for: $0), height: 10.0)
    }
    if !timeline.recording.waits.isEmpty {
      entries.append((color: "wait", text: "ready, waits for its turn", height: 4))
      entries.append((color: "work", text: "the loop works", height: 10))
    }
    y += 8
    var x = left
    for entry in entries {
      let wide = Double(entry.text.count) * 6.4 + 30
      if x + wide > width, x > left {
        x = left
        y += 18
      }
      box(x, y + 6 - entry.height / 2, 12, entry.height, entry.color)
      text(entry.text, x + 17, y + 10, "f")
      x += wide
    }
    y += 18
  }
}
