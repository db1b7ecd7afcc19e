/// Small pictures in a line of text.
package enum Bars {
  private static let levels = Array("▁▂▃▄▅▆▇█")
  private static let eighths = Array(" ▏▎▍▌▋▊▉")

  /// A bar that is full up to a share, from 0 to 1, to the eighth of a column.
  ///
  /// - Parameter rest: What stands in the columns behind.
  package static func filled(_ share: Double, of columns: Int, rest: Character = "·") -> String {
    let count = Int((max(0, min(1, share)) * Double(columns * 8)).rounded(.down))
    let full =
      String(repeating: "█", count: count / 8) + (count % 8 > 0 ? String(eighths[count % 8]) : "")
    return full + String(repeating: rest, count: max(0, columns - full.count))
  }

  /// A bar for each value, from zero up to the largest.
  ///
  /// - Parameter zero: What stands for none; the lowest bar if not said.
  package static func text(_ values: [Double], upTo top: Double, zero: Character? = nil) -> String {
    guard top > 0 else { return String(values.map { _ in zero ?? levels[0] }) }
    return String(
      values.map { value in
        if value <= 0, let zero { return zero }
        let level = (max(0, min(1, value / top)) * Double(levels.count)).rounded(.up)
        return levels[max(0, min(levels.count - 1, Int(level) - 1))]
      })
  }
}
