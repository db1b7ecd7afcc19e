import Testing

@testable import SwitchboardProtocols

@Suite struct FrameReaderTests {
  private static let prefixed = LengthPrefixed(.uint32(.bigEndian))

  @Test func `A frame that came whole is lent where it is`() throws {
    let input = try ["abc", "", "defgh"].flatMap { try Self.prefixed.frame(bytes($0)) }
    var reader = FrameReader(Self.prefixed, limit: 100)
    var (place, offsets): (Int, [Int]) = (0, [])
    while let payload = try reader.next(in: input.span, from: &place) {
      let lent = payload.withBytes(of: input.span) { $0.withUnsafeBufferPointer { $0.baseAddress } }
      let start = input.withUnsafeBufferPointer { $0.baseAddress }
      if let lent, let start { offsets.append(lent - start) }
      #expect(reader.held.capacity == 0)
    }
    #expect(offsets == [4, 11, 15])
  }

  @Test(arguments: 0..<(framings.count))
  func `Between frames a reader holds nothing`(index: Int) throws {
    try checkEmpty(framings[index])
  }

  private func checkEmpty(_ framing: some Framing) throws {
    let frame = try framing.frame(bytes((framing as? FixedLength)?.count == 1 ? "x" : "yyyyyyy"))
    var reader = FrameReader(framing, limit: 100)
    for cut in 0...frame.count {
      var (first, second) = (0, 0)
      _ = try reader.next(in: frame.span.extracting(first: cut), from: &first)
      _ = try reader.next(in: frame.span.extracting(droppingFirst: cut), from: &second)
      #expect(reader.heldCount == 0 && reader.held.capacity == 0 && reader.wanted == 0)
    }
  }

  @Test func `What lies behind a frame is left`() throws {
    var reader = FrameReader(Lines(), limit: 100)
    let (first, second) = (bytes("on"), bytes("e\ntwo\nthree"))
    var place = 0
    #expect(try reader.next(in: first.span, from: &place) == nil)
    place = 0
    let line = try #require(try reader.next(in: second.span, from: &place))
    #expect(line.copied(from: second.span) == bytes("one"))
    #expect(place == 2 && reader.heldCount == 0)
    let next = try #require(try reader.next(in: second.span, from: &place))
    #expect(next.copied(from: second.span) == bytes("two"))
    #expect(place == 6)
  }

  @Test func `No memory is taken for bytes that have not come`() throws {
    var reader = FrameReader(Self.prefixed, limit: .max)
    let head: [UInt8] = [0x7F, 0xFF, 0xFF, 0xFF, 1, 2, 3]
    for byte in head {
      var place = 0
      #expect(try reader.next(in: [byte].span, from: &place) == nil)
    }
    #expect(reader.heldCount == 7)
    #expect(reader.held.capacity <= 64)
  }

  @Test func `What is held has a bound, and so has the memory for it`() throws {
    let limit = 10_000
    var reader = FrameReader(Delimited(by: "\r\n"), limit: limit)
    for _ in 0..<limit {
      var place = 0
      #expect(try reader.next(in: [0x78].span, from: &place) == nil)
    }
    #expect(reader.heldCount == limit)
    // The allocator rounds up.
    #expect(reader.held.capacity < limit + 200)
    var place = 0
    #expect(throws: FramingError.frameTooLong(limit: limit)) {
      try reader.next(in: [0x78].span, from: &place)
    }
    #expect(reader.held.capacity == 0)
  }

  @Test func `Little is copied of what lies behind a frame`() throws {
    var reader = FrameReader(Lines(), limit: 60_000)
    var place = 0
    _ = try reader.next(in: bytes("0123456789").span, from: &place)
    place = 0
    let input = bytes("\n") + [UInt8](repeating: 0x78, count: 50_000)
    let line = try #require(try reader.next(in: input.span, from: &place))
    #expect(place == 1 && line.count == 10)
    #expect(try #require(line.assembled).count <= 80)
  }

  @Test func `An error is the last, and holds nothing`() throws {
    var reader = FrameReader(Netstrings(), limit: 10)
    var place = 0
    #expect(try reader.next(in: bytes("3:ab").span, from: &place) == nil)
    for input in ["cd", "", "1:a,"] {
      place = 0
      #expect(throws: FramingError.endMissing) {
        try reader.next(in: bytes(input).span, from: &place)
      }
      #expect(reader.heldCount == 0)
    }
  }

  @Test func `Two readers take turns, in every cut`() throws {
    let stream = bytes("put 5\r\na\r\nb!get\r\nput 1\r\nx")
    for cut in 0...stream.count {
      var lines = FrameReader(Lines(.crlf), limit: 10)
      var body = FrameReader(FixedLength(1), limit: 10)
      var (isBody, found): (Bool, [String]) = (false, [])
      for piece in [Array(stream[..<cut]), Array(stream[cut...])] {
        var place = 0
        while true {
          let frame =
            try isBody
            ? body.next(in: piece.span, from: &place) : lines.next(in: piece.span, from: &place)
          guard let frame else { break }
          let text = String(decoding: frame.copied(from: piece.span), as: UTF8.self)
          found.append(text)
          isBody = !isBody && text.hasPrefix("put")
          if isBody { body.format.count = Int(text.dropFirst(4)) ?? 1 }
        }
      }
      #expect(found == ["put 5", "a\r\nb!", "get", "put 1", "x"], "cut at \(cut)")
    }
  }

  /// A framing of somebody else's: a kind, a length, and so many bytes; all of it is the payload.
  private struct Records: Framing {
    var mostOverhead: Int { 0 }

    func locate(
      in bytes: Span<UInt8>, searched: Int, limit: Int
    ) throws(FramingError) -> FrameLocation {
      guard bytes.count >= 2 else { return .needs(atLeast: 2) }
      let end = 2 + Int(bytes[1])
      return bytes.count < end ? .needs(atLeast: end) : .whole(payload: 0..<end, end: end)
    }

    func write(_ payload: Span<UInt8>, to sink: (Span<UInt8>) -> Void) throws(FramingError) {
      sink(payload)
    }
  }

  @Test func `A framing of somebody else's is read like ours, and its limit held`() {
    let stream = bytes("k") + [2, 1, 2] + bytes("e") + [0] + bytes("x") + [200, 1, 2, 3, 4, 5, 6]
    let first: [UInt8] = bytes("k") + [2, 1, 2]
    let whole = Records().readingInEveryCut(stream, limit: 300)
    #expect(whole == Reading(payloads: [first, bytes("e") + [0]], held: 8))
    let limited = Records().readingInEveryCut(stream, limit: 8)
    #expect(
      limited == Reading(payloads: [first, bytes("e") + [0]], error: .frameTooLong(limit: 8)))
  }

  @Test func `A reader of records needs no limit of its own`() throws {
    var reader = FrameReader(FixedLength(4))
    #expect(reader.limit == 4)
    var place = 0
    let input = bytes("abcdef")
    #expect(
      try reader.next(in: input.span, from: &place)?.copied(from: input.span) == bytes("abcd"))
    #expect(try reader.next(in: input.span, from: &place) == nil)
    #expect(reader.heldCount == 2)
  }
}
