import SwitchboardBase

extension Drawing {
  /// The drawing as an SVG document that stands alone: with its colours, dark and light, and a
  /// background.
  public var svg: String {
    element(attributes: " xmlns=\"http://www.w3.org/2000/svg\"", isAlone: true) + "\n"
  }

  /// The drawing as an element of a page that has ``ChartStyle/sheet`` among its styles.
  ///
  /// - Parameter role: A class of the page's.
  public func inlined(_ role: String = "") -> String {
    element(attributes: "", isAlone: false, role: role)
  }

  private func element(attributes: String, isAlone: Bool, role: String = "") -> String {
    let size = "\(Drawing.brief(width)) \(Drawing.brief(height))"
    let names = role.isEmpty ? "sb" : "sb \(role)"
    let frame = isAlone ? " width=\"\(Drawing.brief(width))\"" : ""
    var lines = [
      "<svg\(attributes) class=\"\(names)\" viewBox=\"0 0 \(size)\"\(frame) role=\"img\">",
      "<title>\(Markup.escaped(title))</title>",
    ]
    if isAlone {
      lines.append("<style>\(ChartStyle.sheet)</style>")
      lines.append("<rect class=\"p\" width=\"100%\" height=\"100%\"/>")
    }
    lines += shapes.map(Drawing.markup)
    lines += texts.map(Drawing.markup)
    // A file is looked at in many programs, and few of them show any.
    if !readings.isEmpty, !isAlone {
      lines += ["<g class=\"read\">"] + readings.map(Drawing.markup) + ["</g>"]
    }
    return (lines + ["</svg>"]).joined(separator: "\n")
  }

  private static func markup(_ shape: Shape) -> String {
    switch shape {
    case .line(let points, let ink, let width, let isDashed):
      let dash = isDashed ? " stroke-dasharray=\"4 3\"" : ""
      return "<path class=\"s-\(ink.name)\" d=\"\(path(points))\" fill=\"none\" "
        + "stroke-width=\"\(brief(width))\" stroke-linejoin=\"round\"\(dash)/>"
    case .area(let points, let ink, let opacity):
      return "<path class=\"f-\(ink.name)\" d=\"\(path(points))Z\" fill-opacity=\"\(opacity)\"/>"
    case .rectangle(let box, let ink, let opacity):
      let size = (brief(box.right - box.left), brief(box.bottom - box.top))
      let seen = opacity < 1 ? " fill-opacity=\"\(opacity)\"" : ""
      return "<rect class=\"f-\(ink.name)\" x=\"\(brief(box.left))\" y=\"\(brief(box.top))\" "
        + "width=\"\(size.0)\" height=\"\(size.1)\"\(seen)/>"
    case .marker(let place, .blue, let radius):
      return "<circle class=\"f-blue\" cx=\"\(brief(place.x))\" cy=\"\(brief(place.y))\" "
        + "r=\"\(brief(radius))\"/>"
    case .marker(let place, let hue, let radius):
      return "<path class=\"f-\(hue)\" d=\"\(outline(of: hue, at: place, radius))Z\"/>"
    case .ring(let place, let radius):
      return "<circle class=\"s-t\" cx=\"\(brief(place.x))\" cy=\"\(brief(place.y))\" "
        + "r=\"\(brief(radius))\" fill=\"none\" stroke-width=\"1.5\"/>"
    }
  }

  private static func markup(_ label: Label) -> String {
    let anchor = label.anchor == .start ? "" : " text-anchor=\"\(label.anchor)\""
    let weight = label.isBold ? " font-weight=\"700\"" : ""
    return "<text class=\"f-\(label.ink.name)\" x=\"\(brief(label.place.x))\" "
      + "y=\"\(brief(label.place.y))\" font-size=\"\(brief(label.size))\"\(anchor)\(weight)>"
      + "\(Markup.escaped(label.text))</text>"
  }

  /// Nothing to be seen, and a text for who points at it.
  private static func markup(_ reading: Reading) -> String {
    "<circle cx=\"\(brief(reading.place.x))\" cy=\"\(brief(reading.place.y))\" r=\"10\" "
      + "fill=\"none\" pointer-events=\"all\"><title>\(Markup.escaped(reading.text))</title></circle>"
  }

  /// Its shapes alone, as large as what holds them: to be told from others, not to be read.
  func thumbnail() -> String {
    let marks = shapes.flatMap(Drawing.corners)
    let (left, top) = (marks.map(\.x).min() ?? 0, marks.map(\.y).min() ?? 0)
    let (wide, high) = Drawing.thumbnailSize
    let room = 5.0
    let breadth = (wide - 2 * room) / max(1, (marks.map(\.x).max() ?? 1) - left)
    let height = (high - 2 * room) / max(1, (marks.map(\.y).max() ?? 1) - top)
    let small = shapes.map { shape in
      Drawing.moved(shape) {
        Point(room + ($0.x - left) * breadth, room + ($0.y - top) * height)
      }
    }
    return
      "<svg class=\"sb thumbnail\" viewBox=\"0 0 \(Drawing.brief(wide)) \(Drawing.brief(high))\" "
      + "aria-hidden=\"true\">\n\(small.map(Drawing.markup).joined(separator: "\n"))\n</svg>"
  }

  private static let thumbnailSize = (wide: 180.0, high: 84.0)
  private static let thumbnailMarker = 2.0

  private static func moved(_ shape: Shape, _ place: (Point) -> Point) -> Shape {
    switch shape {
    case .line(let points, let paint, let width, let isDashed):
      return .line(points.map(place), paint, width: width, isDashed: isDashed)
    case .area(let points, let paint, let opacity):
      return .area(points.map(place), paint, opacity: opacity)
    case .rectangle(let box, let paint, let opacity):
      let (from, to) = (place(Point(box.left, box.top)), place(Point(box.right, box.bottom)))
      return .rectangle(
        Box(left: from.x, top: from.y, right: to.x, bottom: to.y), paint, opacity: opacity)
    case .marker(let point, let hue, let radius):
      return .marker(place(point), hue, radius: min(radius, thumbnailMarker))
    case .ring(let point, let radius): return .ring(place(point), radius: radius / 2)
    }
  }

  private static func corners(of shape: Shape) -> [Point] {
    switch shape {
    case .line(let points, _, _, _), .area(let points, _, _): points
    case .rectangle(let box, _, _): [Point(box.left, box.top), Point(box.right, box.bottom)]
    case .marker(let place, _, _), .ring(let place, _): [place]
    }
  }

  private static func path(_ points: [Point]) -> String {
    points.enumerated().map { index, point in
      (index == 0 ? "M" : "L") + "\(brief(point.x)) \(brief(point.y))"
    }.joined()
  }

  /// Each hue has a shape, so that colour is not needed to tell two series apart; blue's is a circle.
  private static func outline(of hue: Hue, at place: Point, _ radius: Double) -> String {
    let corners: [(Double, Double)] =
      switch hue {
      case .blue: []
      case .vermilion: [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)]
      case .green: [(0, -1.15), (1.1, 0.8), (-1.1, 0.8)]
      case .purple: [(0, 1.15), (1.1, -0.8), (-1.1, -0.8)]
      case .amber: [(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)]
      case .sky: polygon(6)
      case .grey: [(-1.2, -0.5), (1.2, -0.5), (1.2, 0.5), (-1.2, 0.5)]
      }
    return path(corners.map { Point(place.x + radius * $0.0, place.y + radius * $0.1) })
  }

  private static func polygon(_ corners: Int) -> [(Double, Double)] {
    (0..<corners).map { corner in
      let angle = 2 * Double.pi * Double(corner) / Double(corners)
      return (sine(angle + .pi / 2), sine(angle))
    }
  }

  /// A coordinate: tenths of a pixel are enough.
  static func brief(_ value: Double) -> String {
    let text = Figures.fixed(value, places: 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
