/// Values side by side: bars from zero, or dots where the axis is logarithmic and has no zero.
public struct BarChart: Picture {
  /// One of them.
  public struct Bar: Hashable, Sendable {
    public var name: String
    public var hue: Hue
    public var value: Double
    public var low: Double?
    public var high: Double?
    /// The value in words.
    public var text: String

    /// A bar.
    public init(
      _ name: String, _ hue: Hue, _ value: Double, from low: Double? = nil, to high: Double? = nil,
      _ text: String
    ) {
      (self.name, self.hue, self.value, self.text) = (name, hue, value, text)
      (self.low, self.high) = (low, high)
    }
  }

  public var title: String
  public var axis: Axis
  public var bars: [Bar]

  /// A chart.
  public init(title: String, axis: Axis, bars: [Bar]) {
    (self.title, self.axis, self.bars) = (title, axis, bars)
  }

  private static let thickness = 16.0

  public func drawn(width: Double) -> Drawing {
    let rows = Rows(names: bars.map(\.name), ends: bars.map(\.text), width: width)
    let subtitle = axis.scale == .logarithmic ? "log scale" : ""
    var frame = Frame(title: title, subtitle: subtitle, width: width, height: rows.height)
    let values = bars.flatMap { [$0.value, $0.low ?? $0.value, $0.high ?? $0.value] }
    var across = axis.fitted(to: values, steps: max(2, Int(width / 130)))
    if axis.scale == .logarithmic { across.low /= 1.5 }
    rows.lay(in: &frame)
    frame.drawBreadths(across)
    for (index, bar) in bars.enumerated() {
      let y = rows.middle(index, in: frame)
      draw(bar, across, at: y, in: &frame)
    }
    return frame.drawing
  }

  private func draw(_ bar: Bar, _ across: FittedAxis, at y: Double, in frame: inout Frame) {
    let x = frame.breadth(max(bar.value, across.low), across)
    if axis.scale == .logarithmic {
      frame.drawing.shapes.append(
        .line([.init(frame.plot.left, y), .init(x, y)], .hairline, width: 1, isDashed: false))
      frame.drawing.shapes.append(.marker(.init(x, y), bar.hue, radius: 5))
    } else {
      let half = BarChart.thickness / 2
      let box = Box(
        left: frame.plot.left, top: y - half, right: max(x, frame.plot.left + 1), bottom: y + half)
      frame.drawing.shapes.append(.rectangle(box, .hue(bar.hue), opacity: 0.85))
    }
    frame.drawing.readings.append(
      Drawing.Reading(place: .init(x, y), text: "\(bar.name): \(reading(of: bar))"))
    var end = x
    if let low = bar.low, let high = bar.high {
      end = max(end, frame.breadth(high, across))
      let ends = [low, high].map { Drawing.Point(frame.breadth(max($0, across.low), across), y) }
      frame.drawing.shapes.append(.line(ends, .text, width: 1, isDashed: false))
    }
    frame.drawing.texts.append(
      Label(
        text: bar.text, place: .init(end + 8, y + 4), size: Frame.textSize, isBold: true))
  }
}

extension BarChart {
  /// Its value, and between which it lay.
  private func reading(of bar: Bar) -> String {
    guard let low = bar.low, let high = bar.high else { return bar.text }
    return "\(bar.text), from \(axis.reading(low)) to \(axis.reading(high))"
  }
}

/// Rows with a name at the left, or above where there is little room, and a text at the right.
struct Rows {
  let names: [String]
  let ends: [String]
  private let nameRoom: Double
  private let endRoom: Double
  /// Names stand above their rows.
  let isStacked: Bool
  private let pitch: Double

  init(names: [String], ends: [String], width: Double, pitch: Double = 27) {
    self.names = names
    self.ends = ends
    let breadth = { (text: String, isBold: Bool) in
      TextMetrics.width(text, size: Frame.textSize, isBold: isBold)
    }
    nameRoom = names.map { breadth($0, false) }.max() ?? 0
    endRoom = ends.map { breadth($0, true) }.max() ?? 0
    isStacked = nameRoom + endRoom > width * 0.55
    self.pitch = isStacked ? pitch + 17 : pitch
  }

  /// Of the plot.
  var height: Double { Double(names.count) * pitch }

  /// Writes the names and leaves room for the texts.
  func lay(in frame: inout Frame) {
    frame.plot.right -= endRoom + 10
    if !isStacked { frame.plot.left += nameRoom + 10 }
    for (index, name) in names.enumerated() {
      let y = middle(index, in: frame)
      let place =
        isStacked
        ? Drawing.Point(frame.plot.left, y - 14) : Drawing.Point(frame.plot.left - 10, y + 4)
      frame.drawing.texts.append(
        Label(
          text: name, place: place, size: Frame.textSize, anchor: isStacked ? .start : .end))
    }
  }

  /// The middle of a row's data.
  func middle(_ index: Int, in frame: Frame) -> Double {
    frame.plot.top + (Double(index) + 1) * pitch - 13.5
  }
}
