/// What pictures have in common: the finding at the top, axes, and a place for the data.
struct Frame {
  var drawing: Drawing
  /// Where the data is.
  var plot: Box
  /// Space at the drawing's edge.
  static let margin = 12.0
  static let titleSize = 15.0
  static let textSize = 12.0

  /// A drawing with its title; the plot takes the rest, down to `height` of it.
  ///
  /// - Parameters:
  ///   - subtitle: What is measured, or where: in small print.
  ///   - height: Of the plot.
  init(title: String, subtitle: String, width: Double, height: Double) {
    let breadth = width - 2 * Frame.margin
    drawing = Drawing(width: width, height: 0, title: title)
    var y = Frame.margin
    func write(_ text: String, size: Double, isBold: Bool, ink: Paint) -> [Label] {
      TextMetrics.wrapped(text, to: breadth, size: size, isBold: isBold).map { line in
        let label = Label(
          text: line, place: .init(Frame.margin, y + TextMetrics.ascent * size), size: size,
          isBold: isBold, ink: ink)
        y += TextMetrics.lineHeight * size
        return label
      }
    }
    drawing.texts += write(title, size: Frame.titleSize, isBold: true, ink: .text)
    y += 3
    drawing.texts += write(subtitle, size: Frame.textSize, isBold: false, ink: .faint)
    y += 12
    plot = Box(left: Frame.margin, top: y, right: width - Frame.margin, bottom: y + height)
    drawing.height = plot.bottom + Frame.margin
  }

  /// Draws the axis of heights: a hairline and a number for each tick. Moves the plot's left edge.
  mutating func drawHeights(_ axis: FittedAxis) {
    let texts = axis.ticks.map(axis.text)
    let room = texts.map { TextMetrics.width($0, size: Frame.textSize) }.max() ?? 0
    plot.left += room + 8
    for (tick, text) in zip(axis.ticks, texts) {
      let y = height(tick, axis)
      drawing.shapes.append(
        .line([.init(plot.left, y), .init(plot.right, y)], .hairline, width: 1, isDashed: false))
      drawing.texts.append(
        Label(
          text: text, place: .init(plot.left - 8, y + 4), size: Frame.textSize, anchor: .end,
          ink: .faint))
    }
  }

  /// Draws the axis below the plot: ticks with numbers where they have room, and what is measured.
  mutating func drawBreadths(_ axis: FittedAxis) {
    let line = plot.bottom
    drawing.shapes.append(
      .line([.init(plot.left, line), .init(plot.right, line)], .faint, width: 1, isDashed: false))
    var end = -Double.infinity
    let baseline = line + 8 + TextMetrics.ascent * Frame.textSize
    for tick in axis.ticks {
      let x = breadth(tick, axis)
      drawing.shapes.append(
        .line([.init(x, line), .init(x, line + 4)], .faint, width: 1, isDashed: false))
      var label = Label(
        text: axis.text(tick), place: .init(x, baseline), size: Frame.textSize, anchor: .middle,
        ink: .faint)
      // The outermost numbers stay within the drawing.
      let shift =
        max(0, 2 - label.box.left) - max(0, label.box.right - (drawing.width - 2))
      label.place.x += shift
      guard label.box.left > end + 8 else { continue }
      end = label.box.right
      drawing.texts.append(label)
    }
    let below = baseline + TextMetrics.lineHeight * Frame.textSize
    drawing.texts.append(
      Label(
        text: axis.axis.title, place: .init((plot.left + plot.right) / 2, below + 2),
        size: Frame.textSize, anchor: .middle, ink: .faint))
    drawing.height = below + 2 + TextMetrics.descent * Frame.textSize + Frame.margin
    keepWithin(drawing.texts.count - 1)
  }

  /// Moves a text sideways into the drawing.
  private mutating func keepWithin(_ index: Int) {
    let box = drawing.texts[index].box
    drawing.texts[index].place.x +=
      max(0, 2 - box.left) - max(0, box.right - (drawing.width - 2))
  }

  /// Where a value of the axis below lies.
  func breadth(_ value: Double, _ axis: FittedAxis) -> Double {
    plot.left + axis.share(value) * (plot.right - plot.left)
  }

  /// Where a value of the axis of heights lies.
  func height(_ value: Double, _ axis: FittedAxis) -> Double {
    plot.bottom - axis.share(value) * (plot.bottom - plot.top)
  }
}
