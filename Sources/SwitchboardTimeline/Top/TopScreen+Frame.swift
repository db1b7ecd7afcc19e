import Switchboard
import SwitchboardBase

extension TopScreen {
  /// What stands on the screen, from top to bottom: no more than so many rows of at most so many columns, and a key's
  /// meaning in the last one where there is room.
  package mutating func lines(columns: Int, rows: Int, color: Bool) -> [String] {
    let ink = Ink(isOn: color)
    let room = max(0, rows)
    var lines = [heading(columns)]
    if let activity {
      let left = room - lines.count - (room >= TopScreen.leastForKeys ? 1 : 0)
      if isOpen, let connection = selected.flatMap({ activity.connection($0) }) {
        lines += detail(of: connection, activity, columns, rows: left)
      } else {
        isOpen = false
        lines += overview(activity, columns, rows: left)
      }
    }
    lines = Array(lines.prefix(room))
    if room >= TopScreen.leastForKeys {
      while lines.count < room - 1 { lines.append(PaintedLine()) }
      lines = lines.prefix(room - 1) + [keys]
    }
    return lines.map { $0.text(columns: max(0, columns), ink) }
  }

  /// The same without a screen: all loops, so many connections, the slow callbacks.
  package mutating func table(columns: Int, connections: Int, color: Bool) -> [String] {
    var lines = [heading(columns)]
    if let activity {
      lines += [totals(activity)] + loops(activity, columns, rows: .max)
      lines += [PaintedLine()] + list(activity, columns, rows: connections + 2, hasBar: false)
      if !activity.slow.isEmpty { lines += [PaintedLine()] + slow(activity, rows: 11) }
    }
    return lines.map { $0.text(columns: columns, Ink(isOn: color)) }
  }

  /// Below so many rows none is left for the keys.
  private static let leastForKeys = 6

  // ------------------------------------------------------------------------------ heading

  private func heading(_ columns: Int) -> PaintedLine {
    var line = PaintedLine()
    switch standing {
    case .waiting: line.add("waits for the recording to begin", .boldYellow)
    case .reading(let share):
      let told = share.map { " \(Figures.fixed($0 * 100, places: 0)) %" } ?? ""
      line.add("reading\(told)", .boldYellow)
    case .runs: line.add("runs", .boldGreen)
    case .ended(let why): line.add("ended: \(why)", .boldYellow)
    case .full: line.add("the file is full, see --record-limit", .boldYellow)
    }
    if activity != nil { line.add("  \(TopScreen.length(now))") }
    line.add("  \(title)", .bold)
    if let activity {
      let loops = Figures.counted(max(1, activity.head.loops), "loop")
      let backend = FileName.shown(activity.head.backend)
      line.add("  process \(activity.head.process), \(backend), \(loops)", .dim)
    }
    return line
  }

  /// A time in hours, minutes and seconds.
  static func length(_ nanoseconds: UInt64) -> String {
    let seconds = nanoseconds / LoopActivity.second
    let two = { (number: UInt64) in number < 10 ? "0\(number)" : "\(number)" }
    let rest = "\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    return seconds < 3600 ? rest : "\(seconds / 3600):\(rest)"
  }

  private var keys: PaintedLine {
    if isOpen { return PaintedLine("q back to all   ↑↓ another connection", .dim) }
    return PaintedLine("q end  ↑↓ choose  ⏎ open  by: r rate  c calls  w waits  b bytes", .dim)
  }

  private func totals(_ activity: Activity) -> PaintedLine {
    var line = PaintedLine()
    let standing = max(0, activity.opened - activity.closed)
    line.add("\(Figures.counted(standing, "connection"))", .bold)
    line.add(
      ", \(Figures.grouped(activity.closed)) closed, \(Figures.counted(activity.callbacks, "call"))"
    )
    let lost = [
      (activity.missed, "lost"), (activity.unknown, "not understood"),
      (activity.forgotten, "connections not followed"),
    ].filter { $0.0 > 0 }.map { "\(Figures.grouped($0.0)) \($0.1)" }
    if !lost.isEmpty { line.add(", " + lost.joined(separator: ", "), .boldYellow) }
    return line
  }

  // ----------------------------------------------------------------------------- overview

  private mutating func overview(_ activity: Activity, _ columns: Int, rows: Int) -> [PaintedLine] {
    var lines = rows >= TopScreen.leastForTotals ? [totals(activity)] : []
    lines += loops(activity, columns, rows: max(2, (rows - 1) / 3))
    let isWide = columns >= TopScreen.wide
    let slowRows = isWide ? 0 : max(0, min(activity.slow.count + 2, (rows - lines.count) / 4))
    if rows >= TopScreen.roomy { lines.append(PaintedLine()) }
    let left = rows - lines.count - slowRows
    let width = isWide ? TopScreen.half : columns
    var list = list(activity, width, rows: left, hasBar: true)
    if isWide { list = TopScreen.beside(list, slow(activity, rows: left), at: width + 4) }
    lines += list
    if slowRows >= 3 { lines += [PaintedLine()] + slow(activity, rows: slowRows - 1) }
    return lines
  }

  /// From so many columns on slow callbacks stand beside the connections, which take so many.
  private static let (wide, half) = (150, 92)
  /// Below so many rows there are no sums.
  private static let leastForTotals = 6
  /// From so many rows on there are empty ones.
  private static let roomy = 16

  private static func beside(_ left: [PaintedLine], _ right: [PaintedLine], at column: Int)
    -> [PaintedLine]
  {
    (0..<max(left.count, right.count)).map { row in
      var line = row < left.count ? left[row] : PaintedLine()
      guard row < right.count else { return line }
      line.go(to: column)
      line.add(right[row])
      return line
    }
  }

  // -------------------------------------------------------------------------------- loops

  private func loops(_ activity: Activity, _ columns: Int, rows: Int) -> [PaintedLine] {
    let fits = activity.loops.count <= rows - 1 || rows <= 2
    let shown = activity.loops.indices.prefix(fits ? rows - 1 : rows - 2)
    // The history takes what the figures leave of the width.
    let figures = TopTable(
      loopColumns(history: 0), within: columns - TopScreen.leastHistory(of: columns))
    let history = max(0, min(LoopActivity.minute, columns - figures.width))
    let table = TopTable(loopColumns(history: history), within: columns)
    var lines = [table.heading] + shown.map { table.line((activity.loops[$0], $0)) }
    if !fits {
      lines.append(
        PaintedLine(
          "and \(Figures.counted(activity.loops.count - shown.count, "more loop"))", .dim))
    }
    return lines
  }

  private static func leastHistory(of columns: Int) -> Int { columns < 70 ? 12 : 30 }

  private func loopColumns(history: Int) -> [TopTable<(LoopActivity, Int)>.Column] {
    let (second, now) = (second, now)
    let number = { (count: Int) in Figures.grouped(count) }
    return [
      .init("loop", 4, 0, isName: true) { "\($0.1)" },
      .init("busy", 5, 1) { TopScreen.percent($0.0.second(second).share) },
      .init("last minute", history, 0, isName: true, style: .blue) { loop, _ in
        let seconds = (0..<UInt64(history)).reversed().map { second - min(second, $0) }
        let bars = seconds.enumerated().map { place, number in
          // Before the recording's beginning there is nothing.
          let isBefore = number == 0 && place + 1 < seconds.count && seconds[place + 1] == 0
          return isBefore ? 0 : loop.second(number).share
        }
        return Bars.text(bars, upTo: 1, zero: " ")
      },
      .init("turns/s", 9, 2) { number($0.0.second(second).turns) },
      .init("a turn", 6, 4) { TopScreen.each($0.0.second(second)) },
      .init("lag", 8, 3) { TopScreen.brief($0.0.second(second).lag) },
      .init("calls/s", 9, 5) { number($0.0.second(second).calls) },
      .init("in/s", 9, 6) { Figures.bytes(Double($0.0.second(second).received)) },
      .init("out/s", 9, 7) { Figures.bytes(Double($0.0.second(second).sent)) },
      .init("silent", 8, 8) { loop, _ in
        let silence = now - min(now, loop.last)
        return silence < TopScreen.silence ? "" : TopScreen.brief(silence)
      },
    ]
  }

  /// From so long on it is said that nothing has come from a loop: it waits, or is in one long turn.
  private static let silence = LoopActivity.second

  static func percent(_ share: Double) -> String { Figures.fixed(share * 100, places: 0) + " %" }

  static func brief(_ nanoseconds: UInt64) -> String {
    nanoseconds == 0 ? "0" : Figures.brief(.nanoseconds(Int64(clamping: nanoseconds)))
  }

  /// Completions of a turn.
  private static func each(_ second: LoopActivity.Second) -> String {
    guard second.turns > 0 else { return "–" }
    return Figures.fixed(Double(second.completions) / Double(second.turns), places: 1)
  }

  // -------------------------------------------------------------------------- connections

  private mutating func list(_ activity: Activity, _ columns: Int, rows: Int, hasBar: Bool)
    -> [PaintedLine]
  {
    let all = activity.highest(TopScreen.most, by: order, in: second)
    let fitting = max(0, rows - 1)
    note(listed: all.map(\.id), page: fitting)
    guard rows > 0 else { return [] }
    guard !all.isEmpty else { return [PaintedLine("no connection yet", .dim)] }
    let table = TopTable(
      connectionColumns(hasLoops: activity.loops.count > 1), within: columns - TopScreen.bar)
    let place = selected.flatMap { id in all.firstIndex { $0.id == id } } ?? 0
    let first = max(0, min(place - fitting / 2, all.count - fitting))
    let empty = String(repeating: " ", count: TopScreen.bar)
    var heading = PaintedLine(empty)
    heading.add(table.heading)
    return [heading]
      + all[first..<min(all.count, first + fitting)].enumerated().map { offset, connection in
        let isChosen = hasBar && first + offset == place
        var line = PaintedLine(isChosen ? "▶ " : empty, .boldBlue)
        line.add(table.line(connection))
        return line
      }
  }

  /// The width of the mark at the one that is chosen.
  private static let bar = 2

  private func connectionColumns(hasLoops: Bool) -> [TopTable<ConnectionActivity>.Column] {
    let (second, now) = (second, now)
    let title = { (text: String, order: TopOrder) in self.order == order ? text + "↓" : text }
    // What it is in order by is always there.
    let rank = { (rank: Int, order: TopOrder) in self.order == order ? 1 : rank }
    let loop: [TopTable<ConnectionActivity>.Column] =
      hasLoops ? [.init("loop", 4, 1) { "\($0.loop)" }] : []
    return [.init("conn", 8, 0, isName: true) { "\($0.number)" }] + loop + [
      .init(title("calls/s", .rate), 9, rank(2, .rate)) { Figures.grouped($0.calls(in: second)) },
      .init(title("calls", .calls), 11, rank(3, .calls)) { Figures.grouped($0.calls) },
      .init(title("waited", .waits), 8, rank(4, .waits), style: .amber) {
        TopScreen.brief($0.waited)
      },
      .init("at most", 8, 6, style: .amber) { TopScreen.brief($0.longestWait) },
      .init(title("bytes", .bytes), 9, rank(5, .bytes)) { Figures.bytes(Double($0.bytes)) },
      .init("served", 10, 7) { TopScreen.ago($0.last, now) },
      .init("", 6, 8, isName: true, style: .dim) { $0.closing == nil ? "" : "closed" },
    ]
  }

  /// How long ago something was.
  static func ago(_ moment: UInt64, _ now: UInt64) -> String {
    let age = now - min(now, moment)
    // Records come a fiftieth of a second late.
    if age < LoopActivity.second / 10 { return "now" }
    guard age < 60 * LoopActivity.second else { return length(age) + " ago" }
    return Figures.fixed(Double(age) / Double(LoopActivity.second), places: 1) + " s ago"
  }

  // ------------------------------------------------------------------------ slow callbacks

  private func slow(_ activity: Activity, rows: Int) -> [PaintedLine] {
    guard rows > 0 else { return [] }
    let limit = TopScreen.brief(activity.slowLimit)
    guard !activity.slow.isEmpty else {
      return [PaintedLine("no callback took \(limit) or longer", .dim)]
    }
    var lines = [PaintedLine("callbacks of \(limit) or longer, the last first", .dim)]
    for call in activity.slow.reversed().prefix(rows - 1) {
      var line = PaintedLine(TopScreen.ago(activity.time(of: call.start), now).padded(to: 11))
      line.add(TopScreen.brief(LoopRecord.unpacked(call.a)).padded(to: 9), .boldYellow)
      line.add(TopScreen.method(of: call).padded(to: 12), TopScreen.style(of: call))
      line.add("conn \(call.connection)")
      if activity.loops.count > 1 { line.add(" of loop \(call.loop)") }
      lines.append(line)
    }
    return lines
  }

  static func method(of call: LoopRecord) -> String {
    CallbackKind(rawValue: call.code)?.method ?? ""
  }
  static func style(of call: LoopRecord) -> Ink.Style? {
    CallbackKind(rawValue: call.code)?.look.style.ink
  }
}
