import SwitchboardBase

/// A drawing in the cells of a terminal: lines and marks as dots of braille, rectangles as blocks, texts where they
/// have room. It is the page's drawing with other means.
struct DrawingCells {
  private struct Cell {
    /// Eight dots, as Unicode numbers them.
    var dots: UInt8 = 0
    var character: Character?
    var paint: Paint?
    var isBold = false
  }

  /// What a cell stands for, in the drawing's points: text of 12 points is about as wide.
  private static let (wide, high) = (7.0, 16.0)
  /// Below so many columns no picture is drawn.
  static let least = 46

  private var cells: [[Cell]]
  private let columns: Int

  /// A picture on so many columns.
  init(_ picture: any Picture, columns: Int) {
    let drawing = picture.drawn(width: Double(columns) * DrawingCells.wide)
    self.columns = columns
    let rows = max(1, Int((drawing.height / DrawingCells.high).rounded(.up)))
    cells = Array(repeating: Array(repeating: Cell(), count: columns), count: rows)
    for shape in drawing.shapes { draw(shape) }
    // What it says is written above it.
    for text in drawing.texts where text.size < Frame.titleSize { write(text) }
  }

  /// From top to bottom, without what is empty there.
  var lines: [PaintedLine] {
    let lines = cells.map(DrawingCells.line)
    let first = lines.firstIndex { $0.width > 0 } ?? lines.endIndex
    let last = lines.lastIndex { $0.width > 0 } ?? first
    return first < lines.endIndex ? Array(lines[first...last]) : []
  }

  private static func line(_ cells: [Cell]) -> PaintedLine {
    var line = PaintedLine()
    let end = (cells.lastIndex { $0.character != nil || $0.dots != 0 } ?? -1) + 1
    for cell in cells[..<end] {
      let dots = cell.dots == 0 ? " " : Character(Unicode.Scalar(0x2800 + UInt32(cell.dots)) ?? " ")
      line.add(String(cell.character ?? dots), cell.paint?.ink(isBold: cell.isBold))
    }
    return line
  }

  // -------------------------------------------------------------------------------- shapes

  private mutating func draw(_ shape: Drawing.Shape) {
    switch shape {
    case .line(_, .hairline, _, _), .ring: break
    case .line(let points, let paint, _, let isDashed):
      for (from, to) in zip(points, points.dropFirst()) {
        stroke(from: from, to: to, paint, isDashed: isDashed)
      }
    case .area(let points, let paint, _):
      for point in points { dot(point, paint) }
    case .rectangle(let box, let paint, let opacity): fill(box, paint, isPale: opacity < 0.5)
    case .marker(let place, let hue, _):
      for (x, y) in [(-1.0, -1.0), (-1, 1), (1, -1), (1, 1)] {
        dot(Drawing.Point(place.x + x * 2, place.y + y * 2), .hue(hue))
      }
    }
  }

  private mutating func stroke(
    from: Drawing.Point, to: Drawing.Point, _ paint: Paint, isDashed: Bool
  ) {
    let (dx, dy) = (to.x - from.x, to.y - from.y)
    let steps = max(1, Int(min(1e4, max(abs(dx), abs(dy)) / 3)))
    for step in 0...steps where !isDashed || step % 4 < 2 {
      let share = Double(step) / Double(steps)
      dot(Drawing.Point(from.x + dx * share, from.y + dy * share), paint)
    }
  }

  /// The bits of a cell's dots, by column and row.
  private static let bits: [[UInt8]] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]]

  private mutating func dot(_ point: Drawing.Point, _ paint: Paint) {
    guard point.x.isFinite, point.y.isFinite, point.x >= 0, point.y >= 0 else { return }
    let (x, y) = (point.x / DrawingCells.wide, point.y / DrawingCells.high)
    guard x < Double(columns), y < Double(cells.count) else { return }
    let (column, row) = (Int(x), Int(y))
    let (right, down) = (Int((x - Double(column)) * 2), Int((y - Double(row)) * 4))
    cells[row][column].dots |= DrawingCells.bits[min(1, right)][min(3, down)]
    // What explains does not take the colour of data.
    if case .hue? = cells[row][column].paint, paint == .faint { return }
    cells[row][column].paint = paint
  }

  private mutating func fill(_ box: Box, _ paint: Paint, isPale: Bool) {
    let row = Int(
      max(0, min(Double(cells.count - 1), (box.top + box.bottom) / 2 / DrawingCells.high)))
    let from = Int(max(0, min(Double(columns), box.left / DrawingCells.wide)))
    let until = Int(max(0, min(Double(columns), (box.right / DrawingCells.wide).rounded())))
    for column in from..<max(from, until, min(columns, from + 1)) {
      cells[row][column].character = isPale ? "░" : "█"
      cells[row][column].paint = paint
    }
  }

  // --------------------------------------------------------------------------------- texts

  private mutating func write(_ label: Label) {
    let count = label.text.count
    let row = Int(max(0, (label.place.y - label.size * 0.35) / DrawingCells.high))
    let x = label.place.x / DrawingCells.wide
    let start =
      switch label.anchor {
      case .start: x
      case .middle: x - Double(count) / 2
      case .end: x - Double(count)
      }
    guard count <= columns else { return }
    let column = max(0, min(columns - count, Int(start.rounded())))
    // Texts are wider here than in the drawing: what meets another moves a row, or is left out.
    guard let free = [row, row + 1, row - 1].first(where: { isFree($0, column, count) }) else {
      return
    }
    for (offset, character) in label.text.enumerated() {
      cells[free][column + offset] = Cell(
        character: character, paint: label.ink, isBold: label.isBold)
    }
  }

  private func isFree(_ row: Int, _ column: Int, _ count: Int) -> Bool {
    guard cells.indices.contains(row) else { return false }
    let around = max(0, column - 1)..<min(columns, column + count + 1)
    return cells[row][around].allSatisfy {
      $0.character == nil || "█░".contains($0.character ?? " ")
    }
  }
}

extension Paint {
  /// The same colour on a terminal.
  func ink(isBold: Bool) -> Ink.Style? {
    switch self {
    case .text: isBold ? .bold : nil
    case .faint, .hairline: .dim
    case .hue(let hue): hue.ink
    }
  }
}

extension Hue {
  /// The same colour on a terminal, to be read on black and on white.
  package var ink: Ink.Style {
    switch self {
    case .blue: .blue
    case .vermilion: .vermilion
    case .green: .teal
    case .purple: .pink
    case .amber: .amber
    case .sky: .sky
    case .grey: .grey
    }
  }
}
