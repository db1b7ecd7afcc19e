import SwitchboardProtocols
import Testing

@Suite struct LineSplitterNextTests {
  /// The lines of a stream that comes in such pieces, and what is held at its end.
  private func lines(
    of pieces: [String], limit: Int = 8
  ) throws -> (lines: [String], held: Int) {
    var splitter = LineSplitter(limit: limit)
    var lines: [String] = []
    for piece in pieces.map({ Array($0.utf8) }) {
      var place = 0
      while let line = try splitter.next(in: piece.span, from: &place) {
        lines.append(String(decoding: line, as: UTF8.self))
      }
      #expect(place == piece.count)
    }
    return (lines, splitter.heldCount)
  }

  @Test func `Lines come one by one, however the stream is cut`() throws {
    let text = Array("ab\r\n\ncd\n\r\nefghijkl\nxy")
    for first in 0...text.count {
      for second in first...text.count {
        let pieces = [text[..<first], text[first..<second], text[second...]].map { String($0) }
        let found = try lines(of: pieces)
        #expect(found.lines == ["ab", "", "cd", "", "efghijkl"])
        #expect(found.held == 2)
      }
    }
  }

  @Test func `What lies behind a line is left for the next call`() throws {
    var splitter = LineSplitter(limit: 8)
    let input = Array("one\ntwo\nthree".utf8)
    var place = 0
    #expect(try splitter.next(in: input.span, from: &place) == Array("one".utf8))
    #expect(place == 4)
    #expect(splitter.heldCount == 0)
  }

  @Test func `A line that is too long is told after those in front of it`() {
    var splitter = LineSplitter(limit: 3)
    let input = Array("one\nthree\n".utf8)
    var place = 0
    #expect((try? splitter.next(in: input.span, from: &place)) == Array("one".utf8))
    #expect(throws: LineTooLong(limit: 3)) { try splitter.next(in: input.span, from: &place) }
  }
}
