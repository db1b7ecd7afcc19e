/// What wholes are made of: bars of parts, one behind the other, and what each colour means below the title.
public struct StackChart: Picture {
  /// A part of every whole.
  public struct Kind: Hashable, Sendable {
    public var name: String
    public var hue: Hue
    /// A part.
    public init(_ name: String, _ hue: Hue) { (self.name, self.hue) = (name, hue) }
  }

  /// A whole.
  public struct Bar: Hashable, Sendable {
    public var name: String
    /// How large each part is, in the order of the kinds.
    public var parts: [Double]
    /// The whole in words.
    public var text: String
    /// A whole.
    public init(_ name: String, _ parts: [Double], _ text: String) {
      (self.name, self.parts, self.text) = (name, parts, text)
    }
  }

  public var title: String
  public var axis: Axis
  public var kinds: [Kind]
  public var bars: [Bar]

  /// A chart.
  public init(title: String, axis: Axis, kinds: [Kind], bars: [Bar]) {
    (self.title, self.axis, self.kinds, self.bars) = (title, axis, kinds, bars)
  }

  private static let thickness = 18.0
  private static let legendPitch = 20.0
  /// Of a square of the legend, and the space between two of its entries.
  private static let (swatch, legendGap) = (11.0, 18.0)

  public func drawn(width: Double) -> Drawing {
    let rows = Rows(names: bars.map(\.name), ends: bars.map(\.text), width: width, pitch: 32)
    let legend = legend(width - 2 * Frame.margin)
    let legendHeight = Double((legend.last?.row ?? -1) + 1) * StackChart.legendPitch
    var frame = Frame(title: title, subtitle: "", width: width, height: legendHeight + rows.height)
    for entry in legend { draw(entry, in: &frame) }
    frame.plot.top += legendHeight
    let across = axis.fitted(
      to: [0] + bars.map { $0.parts.reduce(0, +) }, steps: max(2, Int(width / 130)))
    rows.lay(in: &frame)
    frame.drawBreadths(across)
    for (index, bar) in bars.enumerated() {
      draw(bar, across, at: rows.middle(index, in: frame), in: &frame)
    }
    return frame.drawing
  }

  private struct Entry {
    let kind: Kind
    let x: Double
    let row: Int
  }

  /// Where each kind's name stands, in as many rows as it takes.
  private func legend(_ room: Double) -> [Entry] {
    var (entries, x, row): ([Entry], Double, Int) = ([], 0, 0)
    for kind in kinds {
      let breadth = StackChart.swatch + 6 + TextMetrics.width(kind.name, size: Frame.textSize)
      if x > 0, x + breadth > room { (x, row) = (0, row + 1) }
      entries.append(Entry(kind: kind, x: x, row: row))
      x += breadth + StackChart.legendGap
    }
    return entries
  }

  private func draw(_ entry: Entry, in frame: inout Frame) {
    let left = frame.plot.left + entry.x
    let top = frame.plot.top + Double(entry.row) * StackChart.legendPitch
    let side = StackChart.swatch
    frame.drawing.shapes.append(
      .rectangle(
        Box(left: left, top: top, right: left + side, bottom: top + side), .hue(entry.kind.hue),
        opacity: 0.85))
    frame.drawing.texts.append(
      Label(
        text: entry.kind.name, place: .init(left + side + 6, top + side - 1),
        size: Frame.textSize, ink: .faint))
  }

  private func draw(_ bar: Bar, _ across: FittedAxis, at y: Double, in frame: inout Frame) {
    let half = StackChart.thickness / 2
    var sum = 0.0
    for (kind, part) in zip(kinds, bar.parts) where part > 0 {
      let (from, to) = (frame.breadth(sum, across), frame.breadth(sum + part, across))
      frame.drawing.shapes.append(
        .rectangle(
          Box(left: from, top: y - half, right: to, bottom: y + half), .hue(kind.hue),
          opacity: 0.85))
      frame.drawing.readings.append(
        Drawing.Reading(
          place: .init((from + to) / 2, y),
          text: "\(bar.name), \(kind.name): \(axis.reading(part))"))
      sum += part
    }
    frame.drawing.texts.append(
      Label(
        text: bar.text, place: .init(frame.breadth(sum, across) + 8, y + 4), size: Frame.textSize,
        isBold: true))
  }
}
