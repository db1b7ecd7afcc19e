/// A line for a terminal, made of pieces that each look in their own way; cut to a width without regard to how they
/// look.
package struct PaintedLine: Sendable {
  private var pieces: [(text: String, style: Ink.Style?)] = []
  /// How many columns it takes, if each character takes one.
  package private(set) var width = 0

  /// An empty line.
  package init() {}

  /// A line of one piece.
  package init(_ text: String, _ style: Ink.Style? = nil) { add(text, style) }

  /// Adds a piece.
  package mutating func add(_ text: String, _ style: Ink.Style? = nil) {
    pieces.append((text, style))
    width += text.count
  }

  /// Adds what another line consists of.
  package mutating func add(_ line: PaintedLine) {
    pieces += line.pieces
    width += line.width
  }

  /// Goes on at a column, if that is not passed yet.
  package mutating func go(to column: Int) {
    if column > width { add(String(repeating: " ", count: column - width)) }
  }

  /// What a terminal is sent, for at most so many columns.
  package func text(columns: Int, _ ink: Ink) -> String {
    var (text, room) = ("", columns)
    for piece in pieces where room > 0 {
      let part = piece.text.count > room ? String(piece.text.prefix(room)) : piece.text
      room -= part.count
      text += piece.style.map { ink.painted(part, $0) } ?? part
    }
    return text
  }
}
