extension LoadComparison {
  /// The comparison as lines to read.
  public func text(color: Bool) -> [String] {
    let rows = lines.map { line -> [String] in
      let value = { (figure: Double) in
        line.isRate ? Figures.grouped(Figures.whole(figure)) + "/s" : LoadMeter.time(figure)
      }
      let sign = line.change < 0 ? "−" : "+"
      let percent = { (share: Double) in Figures.fixed(abs(share) * 100, places: 1) + " %" }
      let verdict =
        line.isNoise
        ? "within noise (±\(percent(line.noise)))"
        : (line.change > 0) == line.isRate ? "better" : "worse"
      return [line.name, value(line.before), value(line.now), sign + percent(line.change), verdict]
    }
    let all = [["", "before", "now", "change", ""]] + rows
    let widths = (0..<4).map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.enumerated().map { number, row in
      let cells = (0..<4).map { row[$0].padded(to: widths[$0], atLeft: $0 > 0) }
      let head = (number == 0 ? "Baseline" : "").padded(to: 13)
      return head + cells.joined(separator: "   ") + (row[4].isEmpty ? "" : "   " + row[4])
    }
  }
}
