import Glibc
import SwitchboardBase

/// The heat map of a screen: seconds by latency, the darker the more requests.
struct LoadHeat {
  private let screen: LoadScreen
  private let rows: Int
  private let columns: Int
  private let breadth: Int
  private let visible: ArraySlice<LoadScreen.Second>

  /// From the fewest to the most.
  private static let inks: [Character] = ["·", "░", "▒", "▓", "█"]
  /// What stands at the left of the map.
  private static let names = 9

  /// - Parameters:
  ///   - columns: For the map and what stands at its left.
  ///   - rows: For the map alone: a heading stands above, and an axis below.
  init(_ screen: LoadScreen, columns: Int, rows: Int) {
    (self.screen, self.rows) = (screen, max(1, rows))
    self.columns = max(1, columns - LoadHeat.names)
    breadth = screen.breadth(of: self.columns)
    visible = screen.seconds.suffix(self.columns / breadth)
  }

  var lines: [PaintedLine] {
    guard let heights, case let cells = cells(heights), let most = cells.joined().max(), most > 0
    else {
      return [heading(0)] + Array(repeating: PaintedLine(), count: rows + 1)
    }
    let names = names(heights)
    let map = (0..<rows).map { row -> PaintedLine in
      let name = (names[row] ?? "").padded(to: LoadHeat.names - 2, atLeft: true)
      var line = PaintedLine(name + (names[row] == nil ? " │" : " ┤"), .dim)
      let text = cells.map { column in
        String(repeating: LoadHeat.ink(column[row], most), count: breadth)
      }
      line.add(text.joined(), .blue)
      return line
    }
    return [heading(most)] + map + [axis]
  }

  private func heading(_ most: Int) -> PaintedLine {
    var line = PaintedLine("latency", .bold)
    line.add(screen.isOpenLoop ? " since due, by the second" : " by the second")
    guard most > 0 else { return line }
    line.add("   1 request ", .dim)
    line.add(String(LoadHeat.inks), .blue)
    line.add(" \(Figures.grouped(most))", .dim)
    return line
  }

  /// One of a few inks, by the logarithm of how many there are.
  private static func ink(_ count: Int, _ most: Int) -> Character {
    guard count > 0 else { return " " }
    guard most > 1 else { return inks[2] }
    let share = log(Double(count)) / log(Double(most))
    return inks[max(0, min(inks.count - 1, Int(share * Double(inks.count))))]
  }

  // ------------------------------------------------------------------------------- heights

  /// The ends of the axis, as logarithms to base two of nanoseconds: two octaves at least.
  private var heights: ClosedRange<Double>? {
    let needed =
      screen.fitsVisible
      ? visible.reduce(nil) { LoadScreen.range($1.heat, with: $0) } : screen.heights
    guard let needed else { return nil }
    let (low, high) = (needed.lowerBound, needed.upperBound)
    let lack = max(0, 2 - (high - low)) / 2
    // Halves of octaves, so that it seldom moves.
    return ((low - lack) * 2).rounded(.down) / 2...((high + lack) * 2).rounded(.up) / 2
  }

  /// The row of a length of time; the longest stand at the top.
  private func row(_ logarithm: Double, _ heights: ClosedRange<Double>) -> Int {
    let share = (logarithm - heights.lowerBound) / (heights.upperBound - heights.lowerBound)
    return max(0, min(rows - 1, rows - 1 - Int((share * Double(rows)).rounded(.down))))
  }

  /// For each second how many requests fall into each row.
  private func cells(_ heights: ClosedRange<Double>) -> [[Int]] {
    visible.map { second in
      var column = [Int](repeating: 0, count: rows)
      for height in second.heat { column[row(height.middle, heights)] += height.count }
      return column
    }
  }

  /// What stands beside the rows: lengths of time that are round.
  private func names(_ heights: ClosedRange<Double>) -> [Int: String] {
    var names: [Int: String] = [:]
    // Powers of ten first, and what has room between them.
    for factor in [1.0, 3] {
      for power in 0..<14 {
        let nanoseconds = factor * pow(10, Double(power))
        guard heights.contains(log2(nanoseconds)) else { continue }
        let row = row(log2(nanoseconds), heights)
        if (-1...1).allSatisfy({ names[row + $0] == nil }) {
          names[row] = LoadScreen.round(nanoseconds)
        }
      }
    }
    return names
  }

  // ---------------------------------------------------------------------------------- time

  private var axis: PaintedLine {
    var line = PaintedLine(String(repeating: " ", count: LoadHeat.names), .dim)
    for (place, second) in visible.enumerated() {
      let column = LoadHeat.names + place * breadth
      let start = second.start.rounded()
      guard abs(second.start - start) < 0.05, Int(start) % step == 0,
        column >= line.width + 2 || place == 0
      else { continue }
      line.go(to: column)
      line.add("\(Int(start)) s", .dim)
    }
    return line
  }

  /// How many seconds lie between two that are named.
  private var step: Int {
    [1, 2, 5, 10, 20, 30, 60, 120, 300].first { $0 * breadth >= 10 } ?? 600
  }
}

extension LoadScreen {
  /// A round length of time: `300 µs`.
  static func round(_ nanoseconds: Double) -> String {
    let units: [(Double, String)] = [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")]
    let (size, name) = units.first { nanoseconds >= $0.0 * 0.999 } ?? (1, "ns")
    return Figures.fixed(nanoseconds / size, places: 0) + " " + name
  }
}
