import SwitchboardBase

/// How a character of a drawing looks where colour is wanted.
enum TextStyle {
  case plain, title, faint, served, waiting, connected, receive, send, other

  /// Nil for no change.
  var ink: Ink.Style? {
    switch self {
    case .plain: nil
    case .title: .bold
    case .faint: .dim
    case .served: .boldBlue
    case .waiting: .amber
    case .connected: .sky
    case .receive: .blue
    case .send: .orange
    case .other: .pink
    }
  }
}

/// One line of a drawing: cells that are written to by column, none beyond the width.
struct TextLine {
  private var cells: [(character: Character, style: TextStyle)]

  /// An empty line.
  init(width: Int) { cells = Array(repeating: (" ", .plain), count: max(0, width)) }

  /// Writes text from a column on; what does not fit is left out.
  mutating func put(_ text: some StringProtocol, at column: Int, _ style: TextStyle = .plain) {
    for (offset, character) in text.enumerated() where cells.indices.contains(column + offset) {
      cells[column + offset] = (character, style)
    }
  }

  /// Writes text so that it ends before a column.
  mutating func put(_ text: String, endingBefore column: Int, _ style: TextStyle = .plain) {
    put(text, at: column - text.count, style)
  }

  /// Fills columns with one character.
  mutating func fill(_ columns: Range<Int>, _ character: Character, _ style: TextStyle) {
    for column in columns where cells.indices.contains(column) {
      cells[column] = (character, style)
    }
  }

  /// Whether nothing is written there, nor right beside it.
  func isFree(_ columns: Range<Int>) -> Bool {
    guard columns.lowerBound >= 0, columns.upperBound <= cells.count else { return false }
    let around = max(0, columns.lowerBound - 1)..<min(cells.count, columns.upperBound + 1)
    return cells[around].allSatisfy { $0.character == " " }
  }

  /// The line as text, with escape codes if colour is wanted, and no spaces at its end.
  func text(color: Bool) -> String {
    let end = (cells.lastIndex { $0.character != " " } ?? -1) + 1
    var text = ""
    var current: Ink.Style?
    for (character, style) in cells[..<end] {
      let wanted = color && character != " " ? style.ink : current
      if wanted != current {
        if current != nil { text += Ink.Style.end }
        if let wanted { text += wanted.begin }
        current = wanted
      }
      text.append(character)
    }
    return text + (current == nil ? "" : Ink.Style.end)
  }

  /// A paragraph, broken between words.
  static func paragraph(_ text: String, width: Int, _ style: TextStyle = .plain) -> [TextLine] {
    Prose.wrapped(text, to: width).map { row in
      var line = TextLine(width: width)
      line.put(row, at: 0, style)
      return line
    }
  }
}
