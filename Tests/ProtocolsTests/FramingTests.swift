import SwitchboardProtocols
import Testing

/// What a framing makes of a stream, whole and in every cut.
struct FramingCase: Sendable, CustomTestStringConvertible {
  let framing: any Framing
  let stream: [UInt8]
  let limit: Int
  let payloads: [[UInt8]]
  let error: FramingError?
  let held: Int

  init(
    _ framing: any Framing, _ stream: String, limit: Int = 100, _ payloads: [String],
    error: FramingError? = nil, held: Int = 0
  ) {
    self.framing = framing
    self.stream = bytes(stream)
    self.limit = limit
    self.payloads = payloads.map(bytes)
    self.error = error
    self.held = held
  }

  /// A length prefix, and a stream in hexadecimal digits; spaces are for the reader.
  init(
    _ prefix: LengthPrefixed.Prefix, countsItself: Bool = false, hex: String, limit: Int = 100,
    _ payloads: [String], error: FramingError? = nil, held: Int = 0
  ) {
    framing = LengthPrefixed(prefix, countsItself: countsItself)
    let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
    stream = stride(from: 0, to: digits.count, by: 2).map {
      UInt8(16 * digits[$0] + digits[$0 + 1])
    }
    self.limit = limit
    self.payloads = payloads.map(bytes)
    self.error = error
    self.held = held
  }

  var testDescription: String { "\(framing), \(stream), limit \(limit)" }

  func check() {
    let found = framing.readingInEveryCut(stream, limit: limit)
    #expect(found == Reading(payloads: payloads, error: error, held: held))
  }
}

@Suite struct FramingTests {
  @Test(arguments: [
    FramingCase(Lines(.lf), "a\r\n\nb", ["a\r", ""], held: 1),
    FramingCase(Lines(.lf), "abc\nabcd\n", limit: 3, ["abc"], error: .frameTooLong(limit: 3)),
    FramingCase(Lines(.lf), "abc\r", limit: 3, [], error: .frameTooLong(limit: 3)),
    FramingCase(Lines(.lf), "\nx", limit: 0, [""], error: .frameTooLong(limit: 0)),
    FramingCase(Lines(.crlf), "a\nb\r\n\r\n\r\r\nx\r", limit: 3, ["a\nb", "", "\r"], held: 2),
    FramingCase(Lines(.crlf), "\n\r\n\n\n\r\n", limit: 2, ["\n", "\n\n"]),
    FramingCase(Lines(.crlf), "abc\r", limit: 3, [], held: 4),
    FramingCase(Lines(.crlf), "abc\r\nabc\rd", limit: 3, ["abc"], error: .frameTooLong(limit: 3)),
    FramingCase(Lines(.crlf), "abc\r\r\n", limit: 3, [], error: .frameTooLong(limit: 3)),
    FramingCase(Lines(.crlf), "\r\n\r\nx", limit: 0, ["", ""], error: .frameTooLong(limit: 0)),
    FramingCase(
      Lines(.either), "one\ntwo\r\n\n\r\nfo\rur\r\r\nrest", limit: 6,
      ["one", "two", "", "", "fo\rur\r"], held: 4),
    FramingCase(Lines(.either), "abc\r\nabc\nabc\r", limit: 3, ["abc", "abc"], held: 4),
    FramingCase(Lines(.either), "abc\r\r\n", limit: 3, [], error: .frameTooLong(limit: 3)),
    FramingCase(Lines(), "x\n", limit: .max, ["x"]),
  ])
  func `Lines end as they are told to`(entry: FramingCase) { entry.check() }

  @Test(arguments: [
    FramingCase(Delimited(by: ";"), "a;;b", ["a", ""], held: 1),
    FramingCase(Delimited(by: [0]), "a\0\0b", limit: 1, ["a", ""], held: 1),
    FramingCase(
      Delimited(by: "\r\n\r\n"), "GET\r\nx\r\n\r\n\r\n\r\ny\r\n\r", ["GET\r\nx", ""], held: 4),
    FramingCase(Delimited(by: "aab"), "aaab-aaaabxaab", limit: 3, ["a", "-aa", "x"]),
    FramingCase(Delimited(by: "abab"), "xababab", limit: 1, ["x"], held: 2),
    FramingCase(Delimited(by: "--"), "ab--ab-", limit: 2, ["ab"], held: 3),
    FramingCase(Delimited(by: "--"), "ab--abc", limit: 2, ["ab"], error: .frameTooLong(limit: 2)),
    FramingCase(Delimited(by: "--"), "ab-c--", limit: 3, [], error: .frameTooLong(limit: 3)),
    FramingCase(Delimited(by: "--"), "a---", limit: 1, ["a"], held: 1),
    FramingCase(Delimited(by: "--"), "-----x", limit: 0, ["", ""], error: .frameTooLong(limit: 0)),
    FramingCase(Delimited(by: "aab"), "aaa", limit: 1, [], held: 3),
    FramingCase(Delimited(by: "aab"), "aaaa", limit: 1, [], error: .frameTooLong(limit: 1)),
    FramingCase(Delimited(by: "\n"), "x\n", limit: .max, ["x"]),
  ])
  func `A delimiter is found, and is the first one`(entry: FramingCase) { entry.check() }

  @Test(arguments: [
    FramingCase(.uint8, hex: "00 01 61 03 61 62 63 02 78", ["", "a", "abc"], held: 2),
    FramingCase(.uint8, hex: "02 61 62 03", limit: 2, ["ab"], error: .frameTooLong(limit: 2)),
    FramingCase(.uint8, hex: "00 01", limit: 0, [""], error: .frameTooLong(limit: 0)),
    FramingCase(
      .uint16(.bigEndian), hex: "00 01 61 01 00", ["a"], error: .frameTooLong(limit: 100)),
    FramingCase(.uint16(.littleEndian), hex: "01 00 61 00 00 01", ["a", ""], held: 1),
    FramingCase(.uint24(.bigEndian), hex: "00 00 02 61 62 00 00", ["ab"], held: 2),
    FramingCase(
      .uint24(.littleEndian), hex: "02 00 00 61 62 00 00 01", ["ab"],
      error: .frameTooLong(limit: 100)),
    FramingCase(.uint32(.bigEndian), hex: "00 00 00 01 61 00 00 00 05 01", ["a"], held: 5),
    FramingCase(.uint32(.littleEndian), hex: "01 00 00 00 61", ["a"]),
    FramingCase(.uint64(.bigEndian), hex: "00 00 00 00 00 00 00 01 61 00", ["a"], held: 1),
    FramingCase(.uint64(.littleEndian), hex: "01 00 00 00 00 00 00 00 61 09 00", ["a"], held: 2),
  ])
  func `A length says how many bytes follow`(entry: FramingCase) { entry.check() }

  @Test(arguments: [
    FramingCase(
      .uint8, countsItself: true, hex: "01 02 61 00", ["", "a"], error: .lengthMalformed),
    FramingCase(
      .uint16(.bigEndian), countsItself: true, hex: "00 02 00 03 61 00 01", ["", "a"],
      error: .lengthMalformed),
    FramingCase(
      .uint32(.littleEndian), countsItself: true, hex: "05 00 00 00 61 06 00 00 00 01", limit: 1,
      ["a"], error: .frameTooLong(limit: 1)),
    FramingCase(
      .uint64(.bigEndian), countsItself: true, hex: "00 00 00 00 00 00 00 07", [],
      error: .lengthMalformed),
    FramingCase(
      .varint, countsItself: true, hex: "01 02 61 83 00 61 00", ["", "a", "a"],
      error: .lengthMalformed),
    FramingCase(.varint, countsItself: true, hex: "81 00", [], error: .lengthMalformed),
  ])
  func `A length that counts itself is no less than that`(entry: FramingCase) { entry.check() }

  @Test(arguments: [
    FramingCase(.varint, hex: "00 01 61 80", ["", "a"], held: 1),
    FramingCase(.varint, hex: "AC 02", limit: 300, [], held: 2),
    FramingCase(.varint, hex: "AC 02", limit: 299, [], error: .frameTooLong(limit: 299)),
    FramingCase(.varint, hex: "81 00 61", ["a"]),
    FramingCase(.varint, hex: "80 80 80 80 80 80 80 80 80 00", [""]),
    FramingCase(.varint, hex: "81 80 80 80 80 80 80 80 80 00 61", ["a"]),
    FramingCase(.varint, hex: "80 80 80 80 80 80 80 80 80 02", [], error: .lengthMalformed),
    FramingCase(.varint, hex: "80 80 80 80 80 80 80 80 80 80", [], error: .lengthMalformed),
    FramingCase(.varint, hex: "80 80 80 80 80 80 80 80 80", [], held: 9),
  ])
  func `A varint may be longer than it has to be, and no longer than ten bytes`(entry: FramingCase)
  {
    entry.check()
  }

  @Test(arguments: [
    FramingCase(
      Netstrings(), "5:hello,0:,12:hello world!,3:abc", ["hello", "", "hello world!"], held: 5),
    FramingCase(Netstrings(), "3:a,b,", ["a,b"]),
    FramingCase(Netstrings(), "1:", [], held: 2),
    FramingCase(Netstrings(), "10", limit: 10, [], held: 2),
    FramingCase(Netstrings(), "0:,1", limit: 0, [""], error: .frameTooLong(limit: 0)),
    FramingCase(Netstrings(), "11", limit: 10, [], error: .frameTooLong(limit: 10)),
    FramingCase(Netstrings(), "6", limit: 5, [], error: .frameTooLong(limit: 5)),
    FramingCase(Netstrings(), "100", limit: 10, [], error: .frameTooLong(limit: 10)),
    FramingCase(Netstrings(), "05:hello,", [], error: .lengthMalformed),
    FramingCase(Netstrings(), "00:,", [], error: .lengthMalformed),
    FramingCase(Netstrings(), ":,", [], error: .lengthMalformed),
    FramingCase(Netstrings(), "0:,-1:a,", [""], error: .lengthMalformed),
    FramingCase(Netstrings(), "1 :a,", [], error: .lengthMalformed),
    FramingCase(Netstrings(), "/", [], error: .lengthMalformed),
    FramingCase(Netstrings(), "5:hello;", [], error: .endMissing),
    FramingCase(Netstrings(), "4:hello,", [], error: .endMissing),
  ])
  func `A netstring is as it is defined`(entry: FramingCase) { entry.check() }

  @Test(arguments: [
    FramingCase(FixedLength(3), "abcdefg", ["abc", "def"], held: 1),
    FramingCase(FixedLength(3), "abc", limit: 3, ["abc"]),
    FramingCase(FixedLength(3), "a", limit: 2, [], error: .frameTooLong(limit: 2)),
    FramingCase(FixedLength(1), "ab", ["a", "b"]),
  ])
  func `A fixed length is one`(entry: FramingCase) { entry.check() }

  @Test(arguments: [
    FramingCase(.uint32(.bigEndian), hex: "FF FF FF FF", [], error: .frameTooLong(limit: 100)),
    FramingCase(.uint32(.littleEndian), hex: "00 00 00 80", [], error: .frameTooLong(limit: 100)),
    FramingCase(
      .uint64(.bigEndian), hex: "FF FF FF FF FF FF FF FF", limit: .max, [],
      error: .frameTooLong(limit: .max)),
    FramingCase(
      .uint64(.bigEndian), hex: "7F FF FF FF FF FF FF FF", limit: .max, [],
      error: .frameTooLong(limit: .max)),
    FramingCase(
      .uint64(.bigEndian), hex: "7F FF FF FF FF FF FF F8", limit: .max, [],
      error: .frameTooLong(limit: .max)),
    FramingCase(.uint64(.bigEndian), hex: "7F FF FF FF FF FF FF F7 01", limit: .max, [], held: 9),
    FramingCase(
      .uint64(.littleEndian), countsItself: true, hex: "FF FF FF FF FF FF FF FF", limit: .max, [],
      error: .frameTooLong(limit: .max)),
    FramingCase(
      .varint, hex: "FF FF FF FF FF FF FF FF FF 01", limit: .max, [],
      error: .frameTooLong(limit: .max)),
    FramingCase(
      .varint, hex: "FF FF FF FF FF FF FF FF 7F", limit: .max, [], error: .frameTooLong(limit: .max)
    ),
    FramingCase(
      .varint, countsItself: true, hex: "FF FF FF FF FF FF FF FF FF 01", limit: .max, [],
      error: .frameTooLong(limit: .max)),
    FramingCase(
      Netstrings(), "99999999999999999999:", limit: .max, [], error: .frameTooLong(limit: .max)),
    FramingCase(
      Netstrings(), "9223372036854775808:", limit: .max, [], error: .frameTooLong(limit: .max)),
    FramingCase(
      Netstrings(), "9223372036854775787:", limit: .max, [], error: .frameTooLong(limit: .max)),
    FramingCase(Netstrings(), "9223372036854775786:x", limit: .max, [], held: 21),
  ])
  func `A length that cannot be is an error, and traps nothing`(entry: FramingCase) {
    entry.check()
  }

  @Test(arguments: 0..<(framings.count))
  func `Whatever comes, the cuts do not matter`(index: Int) {
    let framing = framings[index]
    var random = Seeded(state: UInt64(index))
    // Bytes that mean something to one framing or another, and small lengths.
    let alphabet: [UInt8] = Array("ab-\r\n0123:,x".utf8) + [0, 0, 0, 1, 2, 3, 5, 0x80, 0x81, 0xFF]
    for _ in 0..<20 {
      let stream = (0..<20).map { _ in alphabet.randomElement(using: &random) ?? 0 }
      _ = framing.readingInEveryCut(stream, limit: [0, 1, 4, 9].randomElement(using: &random) ?? 0)
    }
  }

  @Test func `Every error says what to do, in a line`() {
    let errors: [FramingError] = [
      .frameTooLong(limit: 100), .lengthMalformed, .endMissing, .payloadTooLong(most: 255),
      .payloadEndsFrame, .payloadNotExact(count: 8),
    ]
    for error in errors {
      let text = "\(error)"
      #expect(text.contains("; ") && !text.contains("\n") && text.count <= 100, "\(text)")
    }
    #expect(
      "\(errors[0])"
        == "a frame is longer than 100 bytes; close the connection, or give its reader a larger limit"
    )
  }
}
