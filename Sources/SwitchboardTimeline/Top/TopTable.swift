import SwitchboardBase

/// A table whose columns give way where there is no room for all of them.
struct TopTable<Row> {
  /// One of its columns.
  struct Column {
    let title: String
    let width: Int
    /// Those with a larger number go first.
    let importance: Int
    var isName = false
    let style: Ink.Style?
    let text: (Row) -> String

    init(
      _ title: String, _ width: Int, _ importance: Int, isName: Bool = false,
      style: Ink.Style? = nil, _ text: @escaping (Row) -> String
    ) {
      (self.title, self.width, self.importance, self.isName) = (title, width, importance, isName)
      (self.style, self.text) = (style, text)
    }
  }

  private let columns: [Column]
  private static var gap: Int { 2 }

  /// Those columns that fit into a width.
  init(_ columns: [Column], within width: Int) {
    var left = columns
    while left.count > 1, TopTable.width(of: left) > width {
      guard let least = left.indices.max(by: { left[$0].importance < left[$1].importance }) else {
        break
      }
      left.remove(at: least)
    }
    self.columns = left
  }

  private static func width(of columns: [Column]) -> Int {
    columns.reduce(-gap) { $0 + $1.width + gap }
  }

  var width: Int { TopTable.width(of: columns) }

  var heading: PaintedLine { line { ($0.title, .dim) } }

  func line(_ row: Row) -> PaintedLine { line { ($0.text(row), $0.style) } }

  private func line(_ cell: (Column) -> (String, Ink.Style?)) -> PaintedLine {
    var line = PaintedLine()
    for (place, column) in columns.enumerated() {
      if place > 0 { line.add(String(repeating: " ", count: TopTable.gap)) }
      let (text, style) = cell(column)
      // What is too long would move all that follows.
      let isLong = text.count > column.width
      let cut =
        isLong ? String((text.prefix(max(0, column.width - 1)) + "…").prefix(column.width)) : text
      line.add(cut.padded(to: column.width, atLeft: !column.isName), style)
    }
    return line
  }
}
