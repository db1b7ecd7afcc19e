/// A drawing: shapes and text at places of a plane whose y grows downwards. Made by a ``Picture``,
/// written as SVG.
public struct Drawing: Sendable {
  /// A place.
  public struct Point: Hashable, Sendable {
    public var x: Double
    public var y: Double
    /// A place.
    public init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }
  }

  /// A shape.
  public enum Shape: Hashable, Sendable {
    /// A line through points.
    case line([Point], Paint, width: Double, isDashed: Bool)
    /// A filled outline that lets shine through what is beneath.
    case area([Point], Paint, opacity: Double)
    /// A filled rectangle.
    case rectangle(Box, Paint, opacity: Double)
    /// The sign of a series at one point.
    case marker(Point, Hue, radius: Double)
    /// A ring around a point that the text speaks of.
    case ring(Point, radius: Double)
  }

  /// What can be read of a place, by who points at it.
  public struct Reading: Hashable, Sendable {
    public var place: Point
    public var text: String
  }

  /// The size.
  public var width: Double
  public var height: Double
  /// What it shows, for those who hear it.
  public var title: String
  /// In the order of drawing.
  public var shapes: [Shape] = []
  /// Above all shapes.
  public var texts: [Label] = []
  /// The values, where they are drawn.
  public var readings: [Reading] = []
}

/// A rectangle.
public struct Box: Hashable, Sendable {
  public var left: Double
  public var top: Double
  public var right: Double
  public var bottom: Double

  /// A rectangle by its edges.
  public init(left: Double, top: Double, right: Double, bottom: Double) {
    (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
  }

  /// Whether two have more than an edge in common.
  public func overlaps(_ other: Box) -> Bool {
    left < other.right && other.left < right && top < other.bottom && other.top < bottom
  }

  /// Whether another lies within.
  public func contains(_ other: Box) -> Bool {
    left <= other.left && other.right <= right && top <= other.top && other.bottom <= bottom
  }

  /// Larger by so much at each side.
  func grown(by margin: Double) -> Box {
    Box(
      left: left - margin, top: top - margin, right: right + margin, bottom: bottom + margin)
  }

  func contains(_ point: Drawing.Point) -> Bool {
    left <= point.x && point.x <= right && top <= point.y && point.y <= bottom
  }
}

/// One line of text.
public struct Label: Hashable, Sendable {
  /// Which end of the text its place is.
  public enum Anchor: String, Hashable, Sendable { case start, middle, end }

  public var text: String
  /// The baseline, at the anchor.
  public var place: Drawing.Point
  public var size = 12.0
  public var anchor = Anchor.start
  public var isBold = false
  public var ink = Paint.text

  /// What it takes up at most.
  public var box: Box {
    let width = TextMetrics.width(text, size: size, isBold: isBold)
    let left =
      switch anchor {
      case .start: place.x
      case .middle: place.x - width / 2
      case .end: place.x - width
      }
    return Box(
      left: left, top: place.y - TextMetrics.ascent * size, right: left + width,
      bottom: place.y + TextMetrics.descent * size)
  }
}

/// Something that can be drawn in any breadth: for a desk, for a telephone, on paper.
public protocol Picture: Sendable {
  /// What the picture shows, as a sentence: the finding, with its figures.
  var title: String { get set }
  /// The drawing; its text is the same size in every breadth.
  ///
  /// - Parameter width: From 320 on, in CSS pixels.
  func drawn(width: Double) -> Drawing
}
