/// Lines over an axis, each named at its end.
public struct LineChart: Picture {
  /// A value, and how far its repetitions lay around it.
  public struct Point: Hashable, Sendable {
    public var x: Double
    public var y: Double
    public var low: Double?
    public var high: Double?

    /// A value.
    public init(_ x: Double, _ y: Double, from low: Double? = nil, to high: Double? = nil) {
      (self.x, self.y, self.low, self.high) = (x, y, low, high)
    }
  }

  /// A line.
  public struct Series: Hashable, Sendable {
    public var name: String
    public var hue: Hue
    public var points: [Point]
    /// No sign at each point: for lines of very many.
    public var isPlain: Bool
    public var isDashed: Bool

    /// A line; points with no value are left out.
    public init(
      _ name: String, _ hue: Hue, _ points: [Point], isPlain: Bool = false, isDashed: Bool = false
    ) {
      (self.name, self.hue, self.isPlain, self.isDashed) = (name, hue, isPlain, isDashed)
      self.points = points.filter { $0.x.isFinite && $0.y.isFinite }
    }
  }

  /// A place the text speaks of, with a ring around it.
  public struct Mark: Hashable, Sendable {
    public var x: Double
    public var y: Double
    public var text: String
    /// A place.
    public init(x: Double, y: Double, _ text: String) {
      (self.x, self.y, self.text) = (x, y, text)
    }
  }

  /// A bound across the plot.
  public struct Rule: Hashable, Sendable {
    public enum Direction: Hashable, Sendable { case upright, level }
    public var direction: Direction
    public var value: Double
    public var text: String
    /// A bound.
    public init(_ direction: Direction, at value: Double, _ text: String) {
      (self.direction, self.value, self.text) = (direction, value, text)
    }
  }

  public var title: String
  /// The axis below.
  public var x: Axis
  /// The axis of heights.
  public var y: Axis
  public var series: [Series]
  public var marks: [Mark] = []
  public var rules: [Rule] = []

  /// A chart.
  public init(
    title: String, x: Axis, y: Axis, series: [Series], marks: [Mark] = [], rules: [Rule] = []
  ) {
    (self.title, self.x, self.y, self.series) = (title, x, y, series)
    (self.marks, self.rules) = (marks, rules)
  }

  public func drawn(width: Double) -> Drawing {
    let lines = series.map(drawable).filter { !$0.points.isEmpty }
    let subtitle = y.scale == .logarithmic ? y.title + ", log scale" : y.title
    var frame = Frame(
      title: title, subtitle: subtitle, width: width, height: max(210, min(340, width * 0.46)))
    let all = lines.flatMap(\.points)
    let ups = fitted(y, all.flatMap { [$0.y, $0.low ?? $0.y, $0.high ?? $0.y] }, .level, 6)
    frame.drawHeights(ups)
    // A longer axis has more ticks; those without room for their number have none.
    var across = fitted(x, all.map(\.x), .upright, Int(width / 70))
    // The last value is the end of the line, not a round number beyond it.
    if x.scale == .linear, let most = (all.map(\.x) + x.including).max() { across.high = most }
    across.ticks.removeAll { $0 > across.high * 1.0000001 }
    let names = lines.map { TextMetrics.width($0.name, size: Frame.textSize, isBold: true) }
    frame.plot.right -= (names.max() ?? 0) + 14
    trimGrid(&frame)
    frame.drawBreadths(across)
    return drawn(lines, across, ups, in: frame)
  }

  /// Without what a logarithmic axis cannot show.
  private func drawable(_ series: Series) -> Series {
    var series = series
    if x.scale == .logarithmic { series.points.removeAll { $0.x <= 0 } }
    if y.scale == .logarithmic { series.points.removeAll { $0.y <= 0 } }
    series.points.sort { $0.x < $1.x }
    return series
  }

  private func fitted(
    _ axis: Axis, _ values: [Double], _ direction: Rule.Direction, _ steps: Int
  ) -> FittedAxis {
    let bounds = rules.filter { $0.direction == direction }.map(\.value)
    var fitted = axis.fitted(to: values + bounds, steps: steps)
    if axis.scale == .logarithmic, direction == .level {
      // Room above and below, so that no line runs along the edge; and at least a decade, or what the axis
      // says, so that what is nearly the same looks it.
      let room = max(1.05, 1 + (axis.leastFactor - 1) / 18)
      let lacking = max(room, (axis.leastFactor * fitted.low / fitted.high).squareRoot())
      fitted = axis.fitted(to: [fitted.low / lacking, fitted.high * lacking], steps: steps)
    }
    return fitted
  }

  /// The hairlines end where the plot ends.
  private func trimGrid(_ frame: inout Frame) {
    frame.drawing.shapes = frame.drawing.shapes.map { shape in
      guard case .line(let points, .hairline, let width, let isDashed) = shape else { return shape }
      let cut = points.map { Drawing.Point(min($0.x, frame.plot.right), $0.y) }
      return .line(cut, .hairline, width: width, isDashed: isDashed)
    }
  }

  private func drawn(
    _ lines: [Series], _ across: FittedAxis, _ ups: FittedAxis, in frame: Frame
  ) -> Drawing {
    var frame = frame
    var placer = Placer(bounds: frame.plot)
    let paths = lines.map { line in
      line.points.map { Drawing.Point(frame.breadth($0.x, across), frame.height($0.y, ups)) }
    }
    for (line, path) in zip(lines, paths) {
      drawSpread(line, ups, across, in: &frame)
      frame.drawing.shapes.append(
        .line(path, .hue(line.hue), width: 2, isDashed: line.isDashed))
      if !line.isPlain {
        for point in path { frame.drawing.shapes.append(.marker(point, line.hue, radius: 3.5)) }
      }
      placer.avoid(path)
      note(line, path, in: &frame)
    }
    drawRules(across, ups, in: &frame, &placer)
    drawNames(lines, paths, in: &frame, &placer)
    for mark in marks {
      let place = Drawing.Point(frame.breadth(mark.x, across), frame.height(mark.y, ups))
      frame.drawing.shapes.append(.ring(place, radius: 7))
      placer.take(Box(left: place.x, top: place.y, right: place.x, bottom: place.y).grown(by: 8))
      let width = (frame.plot.right - frame.plot.left) * 0.45
      frame.drawing.texts += placer.place(mark.text, near: place, width: max(width, 110)) ?? []
    }
    return frame.drawing
  }

  /// What can be read of a line: of its points, or of so many of them.
  private func note(_ line: Series, _ path: [Drawing.Point], in frame: inout Frame) {
    let stride = max(1, path.count / LineChart.mostReadings)
    for place in path.indices where place % stride == 0 || place == path.count - 1 {
      let point = line.points[place]
      frame.drawing.readings.append(
        Drawing.Reading(
          place: path[place],
          text: "\(line.name): \(y.reading(point.y)) at \(x.reading(point.x)) \(x.title)"))
    }
  }

  private static let mostReadings = 60

  /// Few points have error bars, many have a band.
  private func drawSpread(
    _ line: Series, _ ups: FittedAxis, _ across: FittedAxis, in frame: inout Frame
  ) {
    let spread = line.points.filter { $0.low != nil && $0.high != nil }
    guard !spread.isEmpty else { return }
    func place(_ x: Double, _ y: Double) -> Drawing.Point {
      let y = min(max(frame.height(y, ups), frame.plot.top), frame.plot.bottom)
      return Drawing.Point(frame.breadth(x, across), y)
    }
    if series.contains(where: { $0.points.count > 3 }), spread.count > 1 {
      let above = spread.map { place($0.x, $0.high ?? $0.y) }
      let below = spread.reversed().map { place($0.x, $0.low ?? $0.y) }
      frame.drawing.shapes.append(.area(above + below, .hue(line.hue), opacity: 0.18))
    } else {
      for point in spread {
        let ends = [place(point.x, point.low ?? point.y), place(point.x, point.high ?? point.y)]
        frame.drawing.shapes.append(.line(ends, .hue(line.hue), width: 1, isDashed: false))
      }
    }
  }

  private func drawRules(
    _ across: FittedAxis, _ ups: FittedAxis, in frame: inout Frame, _ placer: inout Placer
  ) {
    let plot = frame.plot
    for rule in rules {
      let isUpright = rule.direction == .upright
      let at = isUpright ? frame.breadth(rule.value, across) : frame.height(rule.value, ups)
      let ends: [Drawing.Point] =
        isUpright
        ? [.init(at, plot.top), .init(at, plot.bottom)]
        : [.init(plot.left, at), .init(plot.right, at)]
      frame.drawing.shapes.append(.line(ends, .faint, width: 1, isDashed: true))
      placer.avoid(ends)
      let near = isUpright ? Drawing.Point(at, plot.top + 8) : .init(plot.left + 4, at)
      let width = max((plot.right - plot.left) * 0.4, 110)
      frame.drawing.texts += placer.place(rule.text, near: near, width: width, ink: .faint) ?? []
    }
  }

  /// Names stand at the lines' ends: beside the plot, or within it for lines that end early.
  private func drawNames(
    _ lines: [Series], _ paths: [[Drawing.Point]], in frame: inout Frame,
    _ placer: inout Placer
  ) {
    let ends = paths.map { $0[$0.count - 1] }
    let late = lines.indices.filter { ends[$0].x > frame.plot.right - 24 }
    let heights = Placer.spread(
      late.map { ends[$0].y }, spacing: Frame.textSize * TextMetrics.lineHeight,
      from: frame.plot.top, to: frame.plot.bottom - 2)
    for (index, height) in zip(late, heights) {
      let end = ends[index]
      if abs(height - end.y) > 5 {
        let leader: [Drawing.Point] = [end, .init(frame.plot.right + 9, height)]
        frame.drawing.shapes.append(
          .line(leader, .hue(lines[index].hue), width: 0.8, isDashed: false))
      }
      frame.drawing.texts.append(
        Label(
          text: lines[index].name, place: .init(frame.plot.right + 11, height + 4),
          size: Frame.textSize, isBold: true, ink: .hue(lines[index].hue)))
    }
    for index in lines.indices where !late.contains(index) {
      let name = placer.place(
        lines[index].name, near: ends[index], width: 200, ink: .hue(lines[index].hue),
        isBold: true)
      if let label = name?.first { drawLeader(from: ends[index], to: label, in: &frame) }
      frame.drawing.texts += name ?? []
    }
  }

  /// A name that found no room beside its line's end is led to.
  private func drawLeader(
    from end: Drawing.Point, to label: Label, in frame: inout Frame
  ) {
    let breadth = TextMetrics.width(label.text, size: label.size, isBold: label.isBold)
    let left = label.anchor == .end ? label.place.x - breadth : label.place.x
    let top = label.place.y - label.size * TextMetrics.ascent
    let near = Drawing.Point(
      min(max(end.x, left), left + breadth), min(max(end.y, top), label.place.y + 3))
    let (dx, dy) = (near.x - end.x, near.y - end.y)
    guard dx * dx + dy * dy > 14 * 14 else { return }
    frame.drawing.shapes.append(.line([end, near], label.ink, width: 0.8, isDashed: false))
  }
}
