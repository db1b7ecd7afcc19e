import SwitchboardProtocols
import Testing

@Suite struct RESPWriterTests {
  /// What is written in RESP2 and in RESP3.
  private func written(_ body: (RESPWriter, inout [UInt8]) -> Void) -> [String] {
    [RESPVersion.two, .three].map { version in
      var output: [UInt8] = []
      body(RESPWriter(version), &output)
      return String(decoding: output, as: UTF8.self)
    }
  }

  @Test func `Lines and strings are the same in both versions`() {
    #expect(written { $0.ok(to: &$1) } == ["+OK\r\n", "+OK\r\n"])
    #expect(written { $0.simple("PONG", to: &$1) }[0] == "+PONG\r\n")
    #expect(written { $0.error("ERR a\r\nb", to: &$1) }[1] == "-ERR a  b\r\n")
    #expect(written { $0.bulk("a\r\n", to: &$1) }[0] == "$3\r\na\r\n\r\n")
    #expect(written { $0.bulk("", to: &$1) }[0] == "$0\r\n\r\n")
    #expect(written { $0.array(3, to: &$1) }[1] == "*3\r\n")
  }

  @Test(arguments: [0, 9, 10, -1, -10, 123_456_789, Int.max, Int.min])
  func `Whole numbers are written and read`(value: Int) {
    #expect(written { $0.integer(value, to: &$1) } == [":\(value)\r\n", ":\(value)\r\n"])
    #expect(written { $0.bulk(value, to: &$1) }[0] == "$\("\(value)".utf8.count)\r\n\(value)\r\n")
    #expect(Int(decimal: bytes("\(value)").span) == value)
  }

  @Test(arguments: [
    "", "-", "+1", " 1", "1 ", "01", "-0", "1x", "0x1", "9223372036854775808",
    "-9223372036854775809",
  ])
  func `What is no whole number is read as none`(text: String) {
    #expect(Int(decimal: bytes(text).span) == nil)
  }

  @Test func `Types that RESP2 has not are told as others there`() {
    #expect(written { $0.null(to: &$1) } == ["$-1\r\n", "_\r\n"])
    #expect(written { $0.nullArray(to: &$1) } == ["*-1\r\n", "_\r\n"])
    #expect(written { $0.map(2, to: &$1) } == ["*4\r\n", "%2\r\n"])
    #expect(written { $0.set(2, to: &$1) } == ["*2\r\n", "~2\r\n"])
    #expect(written { $0.push(2, to: &$1) } == ["*2\r\n", ">2\r\n"])
    #expect(written { $0.boolean(true, to: &$1) } == [":1\r\n", "#t\r\n"])
    #expect(written { $0.boolean(false, to: &$1) } == [":0\r\n", "#f\r\n"])
    #expect(written { $0.verbatim("hi", to: &$1) } == ["$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"])
  }

  @Test(arguments: [
    (1.0, "1"), (-2.0, "-2"), (0.1, "0.1"), (1.5e300, "1.5e+300"), (.infinity, "inf"),
    (-.infinity, "-inf"), (9_007_199_254_740_993.0, "9007199254740992.0"),
  ])
  func `Fractions are written in as few digits as tell them`(value: Double, text: String) {
    #expect(
      written { $0.double(value, to: &$1) } == [
        "$\(text.utf8.count)\r\n\(text)\r\n", ",\(text)\r\n",
      ])
  }
}
