import Glibc
import SwitchboardBase

/// The percentiles of a load so far, on an axis of which equal factors are equally long.
struct LoadPercentileAxis {
  private let columns: Int
  /// From the shortest to the longest, in nanoseconds.
  private let figures: [(name: String, nanoseconds: Double)]

  private static let names = 10
  private static let told: [(name: String, percent: Double)] = [
    ("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9), ("max", 100),
  ]

  init(_ latency: LatencyHistogram, columns: Int) {
    self.columns = max(20, columns - LoadPercentileAxis.names)
    figures =
      latency.isEmpty
      ? []
      : LoadPercentileAxis.told.map {
        ($0.name, max(1, latency.percentile($0.percent).inSeconds * 1e9))
      }
  }

  /// The figures, where they lie, and what lies where.
  var lines: [PaintedLine] {
    var head = PaintedLine("so far".padded(to: LoadPercentileAxis.names), .bold)
    guard let low = figures.first?.nanoseconds, let high = figures.last?.nanoseconds else {
      head.add("–")
      return [head, PaintedLine(), PaintedLine()]
    }
    for (name, nanoseconds) in figures {
      head.add("\(name) ", .dim)
      head.add(Figures.brief(.nanoseconds(Int64(nanoseconds))) + "   ")
    }
    // A factor of two at least, and a little room at both ends.
    let lack = max(0.1, (1 - log2(high / low)) / 2)
    let ends = (low: log2(low) - lack, high: log2(high) + lack)
    let column = { (nanoseconds: Double) in
      let share = (log2(nanoseconds) - ends.low) / (ends.high - ends.low)
      return max(0, min(columns - 1, Int(share * Double(columns - 1))))
    }
    return [head, marks(column), scale(column, ends)]
  }

  private func marks(_ column: (Double) -> Int) -> PaintedLine {
    var (line, free) = (PaintedLine(), 0)
    line.go(to: LoadPercentileAxis.names)
    for (name, nanoseconds) in figures {
      let place = column(nanoseconds)
      let start = min(max(place, free), columns - name.count)
      // What has no room stands in the line above alone.
      guard start >= free, start - place <= 1 || start == columns - name.count else { continue }
      line.go(to: LoadPercentileAxis.names + start)
      line.add(name, .boldBlue)
      free = start + name.count + 1
    }
    return line
  }

  private func scale(_ column: (Double) -> Int, _ ends: (low: Double, high: Double)) -> PaintedLine
  {
    let round = (0..<14).flatMap { power in [1.0, 2, 5].map { $0 * pow(10, Double(power)) } }
      .filter { (ends.low...ends.high).contains(log2($0)) }
    var line = PaintedLine()
    line.go(to: LoadPercentileAxis.names)
    for nanoseconds in round {
      let (place, text) = (
        LoadPercentileAxis.names + column(nanoseconds), LoadScreen.round(nanoseconds)
      )
      guard place >= line.width, place + text.count + 1 <= LoadPercentileAxis.names + columns else {
        continue
      }
      line.add(String(repeating: "─", count: place - line.width), .dim)
      line.add("╵" + text, .dim)
    }
    line.add(
      String(repeating: "─", count: max(0, LoadPercentileAxis.names + columns - line.width)), .dim)
    return line
  }
}
