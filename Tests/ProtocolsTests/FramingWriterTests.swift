import SwitchboardProtocols
import Testing

@Suite struct FramingWriterTests {
  /// All strings of so many letters.
  private func words(over letters: String, _ counts: ClosedRange<Int>) -> [[UInt8]] {
    var (found, words): ([[UInt8]], [[UInt8]]) = ([], [[]])
    for count in 0...counts.upperBound {
      if counts.contains(count) { found += words }
      words = words.flatMap { word in letters.utf8.map { word + [$0] } }
    }
    return found
  }

  @Test(arguments: 0..<(framings.count))
  func `What is written is read`(index: Int) throws {
    let framing = framings[index]
    var random = Seeded(state: UInt64(index))
    let counts =
      switch framing {
      case let fixed as FixedLength: Array(repeating: fixed.count, count: 50)
      default: Array(0...250) + (framing.mostOverhead == 1 ? [] : [1000, 65_530, 70_000])
      }
    let most = (framing as? LengthPrefixed)?.mostPayload ?? .max
    let payloads = counts.filter { $0 <= most }.map { count in
      (0..<count).map { _ in UInt8.random(in: 0x63...0x7A, using: &random) }
    }
    let stream = try payloads.flatMap { try framing.frame($0) }
    var pieces: [[UInt8]] = []
    var rest = stream[...]
    while !rest.isEmpty {
      pieces.append(Array(rest.prefix(Int.random(in: 1...3000, using: &random))))
      rest = rest.dropFirst(pieces.last?.count ?? 0)
    }
    let reading = framing.reading(pieces, limit: 70_000)
    #expect(reading == Reading(payloads: payloads))
  }

  @Test func `A frame is written as its framing has it`() throws {
    func check(_ framing: some Framing, _ head: [UInt8], _ rest: String = "abc") throws {
      #expect(try framing.frame(bytes("abc")) == head + bytes(rest), "\(framing)")
    }
    try check(Lines(.lf), [], "abc\n")
    try check(Lines(.crlf), [], "abc\r\n")
    try check(Lines(), [], "abc\n")
    try check(Delimited(by: "--"), [], "abc--")
    try check(FixedLength(3), [])
    try check(Netstrings(), [], "3:abc,")
    try check(LengthPrefixed(.uint8), [3])
    try check(LengthPrefixed(.uint8, countsItself: true), [4])
    try check(LengthPrefixed(.uint16(.bigEndian)), [0, 3])
    try check(LengthPrefixed(.uint16(.littleEndian)), [3, 0])
    try check(LengthPrefixed(.uint24(.bigEndian)), [0, 0, 3])
    try check(LengthPrefixed(.uint24(.littleEndian)), [3, 0, 0])
    try check(LengthPrefixed(.uint32(.bigEndian), countsItself: true), [0, 0, 0, 7])
    try check(LengthPrefixed(.uint64(.littleEndian)), [3, 0, 0, 0, 0, 0, 0, 0])
    try check(LengthPrefixed(.varint), [3])
    let long = [UInt8](repeating: 0x61, count: 0x010203)
    let head = try LengthPrefixed(.uint24(.bigEndian)).frame(long).prefix(3)
    #expect(Array(head) == [1, 2, 3])
    #expect(try Netstrings().frame(long).prefix(6) == bytes("66051:")[...])
  }

  @Test(arguments: [
    (LengthPrefixed(.uint8), 255), (LengthPrefixed(.uint8, countsItself: true), 254),
    (LengthPrefixed(.uint16(.bigEndian)), 65_535),
    (LengthPrefixed(.uint16(.littleEndian), countsItself: true), 65_533),
    (LengthPrefixed(.uint24(.bigEndian)), 16_777_215),
    (LengthPrefixed(.uint32(.littleEndian)), 4_294_967_295),
    (LengthPrefixed(.uint32(.littleEndian), countsItself: true), 4_294_967_291),
  ])
  func `No prefix is written that cannot tell the length`(framing: LengthPrefixed, most: Int) throws
  {
    #expect(framing.mostPayload == most)
    #expect(throws: FramingError.payloadTooLong(most: most)) {
      try framing.writeHead(ofCount: most + 1) { _ in Issue.record("written") }
    }
    try framing.writeHead(ofCount: most) { head in
      let expected = FrameLocation.needs(atLeast: head.count + most)
      #expect((try? framing.locate(in: head, searched: 0, limit: .max)) == expected)
    }
  }

  @Test(arguments: [false, true])
  func `A varint has as few bytes as it takes`(countsItself: Bool) throws {
    let framing = LengthPrefixed(.varint, countsItself: countsItself)
    var counts = Array(0...20_000)
    for shift in stride(from: 14, through: 56, by: 7) {
      counts += (-10...10).map { (1 << shift) + $0 }
    }
    for count in counts + [.max - 10] {
      try framing.writeHead(ofCount: count) { head in
        let found = try? framing.locate(in: head, searched: 0, limit: .max)
        let end = head.count + count
        let whole = FrameLocation.whole(payload: head.count..<end, end: end)
        #expect(found == (count == 0 ? whole : .needs(atLeast: end)))
        // The last byte has the highest bits; with one byte fewer they would not fit.
        let fewer = head.count - 1
        #expect(fewer == 0 || (count + (countsItself ? fewer : 0)) >> (7 * fewer) > 0)
      }
    }
  }

  @Test(arguments: 1...4)
  func `A payload is refused that a delimiter's reader would not give back`(count: Int) {
    let payloads = words(over: "ab", 0...6)
    for delimiter in words(over: "ab", count...count) {
      let framing = Delimited(by: delimiter)
      for payload in payloads { checkRefusal(framing, payload, ending: delimiter) }
    }
  }

  @Test(arguments: [(Lines.Ending.lf, "\n"), (.crlf, "\r\n"), (.either, "\n")])
  func `A line is refused that its reader would not give back`(ending: Lines.Ending, text: String) {
    for payload in words(over: "x\r\n", 0...5) {
      // Where either ending is read, a CR in front of it would be lost.
      checkRefusal(Lines(ending), payload, ending: bytes(text))
    }
  }

  private func checkRefusal(_ framing: some Framing, _ payload: [UInt8], ending: [UInt8]) {
    let isReadAgain =
      framing.reading([payload + ending], limit: 100) == Reading(payloads: [payload])
    do throws(FramingError) {
      let frame = try framing.frame(payload)
      #expect(frame == payload + ending && isReadAgain, "\(framing) writes \(payload)")
    } catch {
      #expect(error == .payloadEndsFrame && !isReadAgain, "\(framing) refuses \(payload)")
    }
  }

  @Test func `A payload of another length is refused`() {
    for payload in ["", "ab", "abcd"] {
      #expect(throws: FramingError.payloadNotExact(count: 3)) {
        try FixedLength(3).write(bytes(payload).span) { _ in Issue.record("written") }
      }
    }
  }
}
