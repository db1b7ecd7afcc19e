/// Rows over a common time: who was served when, and who waited.
public struct RowChart: Picture {
  /// A piece of a row's time.
  public struct Span: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
      /// A thin line: nothing happens.
      case waiting
      /// A bar.
      case busy
      /// A pale bar: under way, though nothing is done at the moment.
      case open
    }
    public var from: Double
    public var to: Double
    public var kind: Kind

    /// A piece of time, in seconds.
    public init(_ kind: Kind, from: Double, to: Double) {
      (self.kind, self.from, self.to) = (kind, from, to)
    }
  }

  /// A row.
  public struct Row: Hashable, Sendable {
    public var name: String
    public var hue: Hue
    public var spans: [Span]
    /// At its right.
    public var text: String
    /// A row.
    public init(_ name: String, _ hue: Hue, _ spans: [Span], _ text: String) {
      (self.name, self.hue, self.spans, self.text) = (name, hue, spans, text)
    }
  }

  public var title: String
  /// What the kinds of spans mean here.
  public var subtitle: String
  public var axis: Axis
  public var rows: [Row]

  /// A chart.
  public init(title: String, subtitle: String, axis: Axis, rows: [Row]) {
    (self.title, self.subtitle, self.axis, self.rows) = (title, subtitle, axis, rows)
  }

  /// Of a row.
  private static let mostReadings = 40

  public func drawn(width: Double) -> Drawing {
    let layout = Rows(
      names: rows.map(\.name), ends: rows.map(\.text), width: width, pitch: rows.count > 8 ? 20 : 25
    )
    var frame = Frame(title: title, subtitle: subtitle, width: width, height: layout.height)
    let ends = rows.flatMap { $0.spans.map(\.to) }
    var across = axis.fitted(to: ends, steps: max(2, Int(width / 130)))
    if let most = ends.max() { across.high = max(most, .leastNormalMagnitude) }
    across.ticks.removeAll { $0 > across.high * 1.0000001 }
    layout.lay(in: &frame)
    frame.drawBreadths(across)
    for (index, row) in rows.enumerated() {
      let y = layout.middle(index, in: frame)
      for span in row.spans { draw(span, row.hue, across, at: y, in: &frame) }
      for span in row.spans.prefix(RowChart.mostReadings) where span.kind != .waiting {
        let middle = frame.breadth((span.from + span.to) / 2, across)
        frame.drawing.readings.append(
          Drawing.Reading(
            place: .init(middle, y),
            text: "\(row.name): from \(axis.reading(span.from)) to \(axis.reading(span.to))"))
      }
      frame.drawing.texts.append(
        Label(
          text: row.text, place: .init(frame.plot.right + 10, y + 4), size: Frame.textSize,
          isBold: true))
    }
    return frame.drawing
  }

  private func draw(
    _ span: Span, _ hue: Hue, _ across: FittedAxis, at y: Double, in frame: inout Frame
  ) {
    let (from, to) = (frame.breadth(span.from, across), frame.breadth(span.to, across))
    guard span.kind != .waiting else {
      frame.drawing.shapes.append(
        .line([.init(from, y), .init(to, y)], .faint, width: 1, isDashed: true))
      return
    }
    let box = Box(left: from, top: y - 6, right: max(to, from + 1.5), bottom: y + 6)
    frame.drawing.shapes.append(
      .rectangle(box, .hue(hue), opacity: span.kind == .busy ? 0.9 : 0.35))
  }
}
