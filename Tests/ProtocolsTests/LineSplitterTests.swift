import SwitchboardProtocols
import Testing

@Suite("LineSplitter")
struct LineSplitterTests {
  /// The lines of `parts`, given one after another, and the error that ended them.
  func lines(_ parts: [[UInt8]], limit: Int) -> (lines: [String], error: LineTooLong?) {
    var splitter = LineSplitter(limit: limit)
    var lines: [String] = []
    do throws(LineTooLong) {
      for part in parts {
        try splitter.split(part.span) { line in
          lines.append(line.indices.map { String(UnicodeScalar(line[$0])) }.joined())
          return true
        }
        #expect(splitter.heldCount - 1 <= limit)
      }
    } catch {
      return (lines, error)
    }
    return (lines, nil)
  }

  @Test("lines end with LF or CR LF, and a CR elsewhere is content")
  func endings() {
    let (found, error) = lines([bytes("one\ntwo\r\n\n\r\nfo\rur\r\r\nrest")], limit: 10)
    #expect(found == ["one", "two", "", "", "fo\rur\r"])
    #expect(error == nil)
  }

  @Test(
    "a stream cut anywhere gives the same lines and the same error",
    arguments: [
      "one\r\ntwo\nthree\r\n", "\r\n\r\n\n", "abcde\r\nabcde\n", "a\nabcdef\nb\n", "a\r\nabcdef",
      "abcde\r\r\n", "abcde\rf\n", "abcd\r\r\nx\n", "abcde\rabcde\n", "\rabcd\n\r\r\r\r\r\r\r",
    ])
  func splitInvariance(text: String) {
    let stream = bytes(text)
    let whole = lines([stream], limit: 5)
    for first in 0...stream.count {
      for second in first...stream.count {
        let parts = [stream[..<first], stream[first..<second], stream[second...]].map { Array($0) }
        let cut = lines(parts, limit: 5)
        #expect(cut.lines == whole.lines && cut.error == whole.error, "\(first), \(second)")
      }
    }
    let single = lines(stream.map { [$0] }, limit: 5)
    #expect(single.lines == whole.lines && single.error == whole.error)
  }

  @Test("a line of the limit is a line, and one byte more is an error")
  func limit() {
    #expect(lines([bytes("abcde\r\n")], limit: 5).lines == ["abcde"])
    #expect(lines([bytes("a\nabcdef\n")], limit: 5) == (["a"], LineTooLong(limit: 5)))
    #expect(lines([bytes("\r\n")], limit: 0).lines == [""])
    #expect(lines([bytes("x")], limit: 0).error == LineTooLong(limit: 0))
    #expect(lines([bytes("x\n")], limit: .max).lines == ["x"])
  }

  @Test("after an error nothing is held, and every call throws it again")
  func errorIsFinal() {
    var splitter = LineSplitter(limit: 3)
    for input in ["abcd", "\n", "ok\n", ""] {
      #expect(throws: LineTooLong(limit: 3)) {
        try splitter.split(bytes(input).span) { _ in true }
      }
      #expect(splitter.heldCount == 0)
    }
  }

  @Test("a body that answers false stops after its line")
  func stopping() throws {
    var splitter = LineSplitter(limit: 10)
    let input = bytes("one\r\ntwo\nthr")
    #expect(try splitter.split(input.span) { _ in false } == 5)
    #expect(try splitter.split(input.span.extracting(5...)) { _ in true } == 7)
    #expect(splitter.heldCount == 3)
  }

  @Test("a long line of single bytes arrives whole, and holds nothing afterwards")
  func longLine() throws {
    var splitter = LineSplitter(limit: 5000)
    for _ in 0..<5000 { try splitter.split([UInt8(ascii: "x")].span) { _ in false } }
    #expect(splitter.heldCount == 5000)
    var count = 0
    try splitter.split(bytes("\r\n").span) { line in
      count = line.count
      return true
    }
    #expect(count == 5000)
    #expect(splitter == LineSplitter(limit: 5000))
  }
}
