import SwitchboardBase

extension LoadScreen {
  /// What stands on the screen, from top to bottom: no more than so many rows of so many columns. Where that is less
  /// than ``least``, a line.
  ///
  /// - Parameter moment: Now, on the clock that the screen is told everything by.
  package func lines(at moment: Double, columns: Int, rows: Int, color: Bool) -> [String] {
    let ink = Ink(isOn: color)
    guard columns >= LoadScreen.least.columns, rows >= LoadScreen.least.rows else {
      return [PaintedLine(told(at: moment)).text(columns: max(0, columns), ink)]
    }
    let heat = LoadHeat(
      self, columns: columns - 2 * LoadScreen.margin, rows: rows - LoadScreen.other)
    var lines = [
      heading, progress(at: moment, columns), PaintedLine(), rate(columns), PaintedLine(),
    ]
    lines += heat.lines
    lines.append(PaintedLine())
    lines += LoadPercentileAxis(latency, columns: columns - 2 * LoadScreen.margin).lines
    lines += [errors, keys]
    return lines.map { line in
      let space = String(repeating: " ", count: LoadScreen.margin)
      return space + line.text(columns: columns - 2 * LoadScreen.margin, ink)
    }
  }

  private static let margin = 1
  /// Rows that are not of the heat map.
  private static let other = 13

  private var heading: PaintedLine { PaintedLine(label + title, .bold) }

  private func progress(at moment: Double, _ columns: Int) -> PaintedLine {
    let told = (frozen == nil ? "" : "frozen: ") + told(at: moment)
    let room = max(10, min(60, columns - told.count - 12))
    let share = share(at: moment)
    let full = Bars.filled(share, of: room, rest: " ").filter { $0 != " " }
    var line = PaintedLine(full, .blue)
    line.add(String(repeating: "·", count: room - full.count), .dim)
    line.add((Figures.fixed(share * 100, places: 0) + " %").padded(to: 7, atLeft: true) + "  ")
    line.add(told, frozen == nil ? nil : .boldYellow)
    return line
  }

  private func rate(_ columns: Int) -> PaintedLine {
    var line = PaintedLine("rate".padded(to: 10), .bold)
    guard let last = seconds.last else {
      line.add("–")
      return line
    }
    line.add((Figures.grouped(Figures.whole(last.rate)) + "/s").padded(to: 14))
    let room = columns - line.width - 4
    line.add(LoadMeter.sparkline(seconds.suffix(room).map(\.rate)), .cyan)
    return line
  }

  private var errors: PaintedLine {
    var line = PaintedLine("errors".padded(to: 10), .bold)
    let kinds = failures.kinds
    guard !kinds.isEmpty else {
      line.add("none")
      return line
    }
    let told = kinds.sorted { failures[$0] > failures[$1] }
      .map { "\(Figures.grouped(failures[$0])) × \($0.meaning)" }
    line.add(told.joined(separator: ", "), .boldRed)
    return line
  }

  private var keys: PaintedLine {
    let fits = fitsVisible ? "all latencies" : "fit what is visible"
    let move = frozen == nil ? "freeze" : "go on"
    return PaintedLine("space \(move)   r \(fits)   q end now, with what there is", .dim)
  }
}
