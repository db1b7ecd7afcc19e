import SwitchboardBase

/// Single values as dots, a row for each group, with the middle one marked.
public struct StripChart: Picture {
  /// A group of values.
  public struct Strip: Hashable, Sendable {
    public var name: String
    public var hue: Hue
    public var values: [Double]
    /// What is to be said of them, at the right.
    public var text: String
    /// A group.
    public init(_ name: String, _ hue: Hue, _ values: [Double], _ text: String) {
      (self.name, self.hue, self.values, self.text) = (name, hue, values, text)
    }
  }

  public var title: String
  public var axis: Axis
  public var strips: [Strip]

  /// A chart.
  public init(title: String, axis: Axis, strips: [Strip]) {
    (self.title, self.axis, self.strips) = (title, axis, strips)
  }

  /// More dots than these cannot be told apart.
  private static let mostDots = 100

  public func drawn(width: Double) -> Drawing {
    let rows = Rows(names: strips.map(\.name), ends: strips.map(\.text), width: width, pitch: 34)
    let scale = axis.scale == .logarithmic ? ", log scale" : ""
    var frame = Frame(
      title: title, subtitle: "\(dots); the line is the middle one" + scale, width: width,
      height: rows.height)
    let across = axis.fitted(to: strips.flatMap(\.values), steps: max(2, Int(width / 130)))
    rows.lay(in: &frame)
    frame.drawBreadths(across)
    for (index, strip) in strips.enumerated() {
      draw(strip, across, at: rows.middle(index, in: frame), in: &frame)
    }
    return frame.drawing
  }

  /// How many values a dot stands for.
  private func stride(_ strip: Strip) -> Int {
    max(1, (strip.values.count + StripChart.mostDots - 1) / StripChart.mostDots)
  }

  private var dots: String {
    let most = strips.map(stride).max() ?? 1
    return most == 1 ? "each dot is one" : "a dot for one of \(Figures.grouped(most))"
  }

  private func draw(_ strip: Strip, _ across: FittedAxis, at y: Double, in frame: inout Frame) {
    let sorted = strip.values.filter { axis.scale == .linear || $0 > 0 }.sorted()
    let stride = stride(strip)
    let shown = sorted.indices.filter { $0 % stride == 0 || $0 == sorted.count - 1 }
    for (index, place) in shown.enumerated() {
      // Neighbours lie at different heights, always the same ones.
      let lift = Double((index * 7) % 5 - 2) * 3
      let dot = Drawing.Point(frame.breadth(sorted[place], across), y + lift)
      frame.drawing.shapes.append(.marker(dot, strip.hue, radius: 2))
    }
    if !sorted.isEmpty {
      let half = sorted[sorted.count / 2]
      frame.drawing.readings.append(
        Drawing.Reading(
          place: .init(frame.breadth(half, across), y),
          text: "\(strip.name): \(axis.reading(half)) in the middle of "
            + Figures.counted(sorted.count, "value")))
      let middle = frame.breadth(sorted[sorted.count / 2], across)
      frame.drawing.shapes.append(
        .line([.init(middle, y - 11), .init(middle, y + 11)], .text, width: 2, isDashed: false))
    }
    frame.drawing.texts.append(
      Label(
        text: strip.text, place: .init(frame.plot.right + 10, y + 4), size: Frame.textSize,
        isBold: true))
  }
}
