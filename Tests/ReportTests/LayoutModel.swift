import SwitchboardReport

/// A drawing's text as a reader's browser would lay it out, from the SVG alone: every `text` element
/// with its place, in a font as wide as any that the drawing may get.
struct LayoutModel {
  let size: Box
  private(set) var texts: [(text: String, box: Box)] = []

  /// Reads an SVG document of ours; nil for one that is not.
  init?(_ svg: String) {
    guard let view = svg.firstMatch(of: /viewBox="0 0 ([\d.]+) ([\d.]+)"/),
      let width = Double(view.1), let height = Double(view.2)
    else { return nil }
    size = Box(left: 0, top: 0, right: width, bottom: height)
    for match in svg.matches(of: /<text ([^>]*)>([^<]*)<\/text>/) {
      guard let box = LayoutModel.box(String(match.1), String(match.2)) else { return nil }
      texts.append((LayoutModel.plain(String(match.2)), box))
    }
  }

  private static func box(_ attributes: String, _ text: String) -> Box? {
    func number(_ name: String) -> Double? {
      let found = attributes.split(separator: " ").first { $0.hasPrefix(name + "=\"") }
      return found.flatMap { Double($0.dropFirst(name.count + 2).dropLast()) }
    }
    guard let x = number("x"), let y = number("y"), let size = number("font-size") else {
      return nil
    }
    let isBold = attributes.contains("font-weight=\"700\"")
    let width = TextMetrics.width(plain(text), size: size, isBold: isBold)
    let left =
      attributes.contains("text-anchor=\"end\"")
      ? x - width : attributes.contains("text-anchor=\"middle\"") ? x - width / 2 : x
    // A tenth of a pixel is what numbers are rounded to.
    return Box(
      left: left + 0.1, top: y - TextMetrics.ascent * size + 0.1, right: left + width - 0.1,
      bottom: y + TextMetrics.descent * size - 0.1)
  }

  private static func plain(_ text: String) -> String {
    text.replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"")
      .replacing("&amp;", with: "&")
  }

  /// What a reader would call ugly: text over text, and text that is cut off.
  var faults: [String] {
    var found: [String] = []
    for (index, one) in texts.enumerated() {
      if !size.contains(one.box) { found.append("'\(one.text)' leaves the drawing") }
      for other in texts[(index + 1)...] where one.box.overlaps(other.box) {
        found.append("'\(one.text)' lies over '\(other.text)'")
      }
    }
    return found
  }
}

/// A picture's faults in the breadths that a page has.
func faults(of picture: any Picture) -> [String] {
  [320.0, 340, 720, 1100].flatMap { width in
    let drawing = picture.drawn(width: width)
    guard let model = LayoutModel(drawing.svg) else { return ["no SVG in \(width) pixels"] }
    guard model.texts.count == drawing.texts.count else { return ["a text is lost"] }
    return model.faults.map { "in \(width) pixels \($0)" }
  }
}
