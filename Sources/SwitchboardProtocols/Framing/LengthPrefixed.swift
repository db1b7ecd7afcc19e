/// A frame begins with the length of what follows.
///
/// A length of 0 is an empty payload. One that is beyond the reader's limit is an error as soon as it has come,
/// before anything is held for it.
///
/// A value; any thread may use it.
public struct LengthPrefixed: Framing, Hashable {
  /// Which byte of a number comes first.
  public enum ByteOrder: Sendable, Hashable {
    /// The most significant one, as in most protocols of the Internet.
    case bigEndian
    /// The least significant one.
    case littleEndian
  }

  /// How a length is written.
  public enum Prefix: Sendable, Hashable {
    /// In one byte.
    case uint8
    /// In two bytes.
    case uint16(ByteOrder)
    /// In three bytes.
    case uint24(ByteOrder)
    /// In four bytes.
    case uint32(ByteOrder)
    /// In eight bytes.
    case uint64(ByteOrder)
    /// In one byte to ten, seven bits in each, the least significant first; all but the last have
    /// their highest bit set: the varint of Protocol Buffers. It is written in as few bytes as it
    /// takes. Read, it may have more, as decoders there allow, since some writers leave room for a
    /// length that they fill in later; but no more than ten bytes and 64 bits.
    case varint
  }

  /// How a length is written.
  public let prefix: Prefix
  /// Whether the length counts the bytes that it is written in.
  public let countsItself: Bool

  /// Frames that begin with such a length.
  public init(_ prefix: Prefix, countsItself: Bool = false) {
    self.prefix = prefix
    self.countsItself = countsItself
  }

  /// The prefix.
  public var mostOverhead: Int { width ?? LengthPrefixed.mostOfVarint }

  /// As many bytes as the prefix says.
  public func locate(
    in bytes: Span<UInt8>, searched: Int, limit: Int
  ) throws(FramingError) -> FrameLocation {
    guard let (length, width) = try read(bytes) else {
      return .needs(atLeast: self.width ?? bytes.count + 1)
    }
    let own = countsItself ? UInt64(width) : 0
    guard length >= own else { throw .lengthMalformed }
    guard let count = Int(exactly: length - own), count <= min(limit, Int.max - width) else {
      throw .frameTooLong(limit: limit)
    }
    let end = width + count
    return bytes.count < end ? .needs(atLeast: end) : .whole(payload: width..<end, end: end)
  }

  /// Writes the prefix and the payload.
  public func write(
    _ payload: Span<UInt8>, to sink: (Span<UInt8>) -> Void
  ) throws(FramingError) {
    try writeHead(ofCount: payload.count, to: sink)
    sink(payload)
  }

  /// Writes the prefix alone, for a payload of so many bytes that the caller writes behind it: in pieces,
  /// say, or where it is made.
  ///
  /// - Parameter count: The bytes of the payload; not negative.
  public func writeHead(
    ofCount count: Int, to sink: (Span<UInt8>) -> Void
  ) throws(FramingError) {
    precondition(count >= 0, "a payload's count is not negative")
    guard count <= mostPayload else { throw .payloadTooLong(most: mostPayload) }
    let width = self.width ?? varintWidth(ofCount: count)
    let length = UInt64(count) + (countsItself ? UInt64(width) : 0)
    var head = InlineArray<10, UInt8>(repeating: 0)
    for i in 0..<width {
      if self.width != nil {
        head[isBigEndian ? width - 1 - i : i] = UInt8(truncatingIfNeeded: length &>> UInt64(8 * i))
      } else {
        let seven = UInt8(truncatingIfNeeded: length &>> UInt64(7 * i)) & ~LengthPrefixed.goesOn
        head[i] = i < width - 1 ? seven | LengthPrefixed.goesOn : seven
      }
    }
    sink(head.span.extracting(first: width))
  }

  /// The longest payload that the prefix can tell of, in bytes.
  public var mostPayload: Int {
    guard let width, width < 8 else { return .max }
    return (1 << (8 * width)) - 1 - (countsItself ? width : 0)
  }

  // ------------------------------------------------------------------------------- numbers

  /// The length and the bytes that it is written in; nil where these have not all come.
  private func read(_ bytes: Span<UInt8>) throws(FramingError) -> (length: UInt64, width: Int)? {
    guard let width else { return try readVarint(bytes) }
    guard bytes.count >= width else { return nil }
    var length: UInt64 = 0
    for i in 0..<width {
      length = length &<< 8 | UInt64(bytes[isBigEndian ? i : width - 1 - i])
    }
    return (length, width)
  }

  private func readVarint(
    _ bytes: Span<UInt8>
  ) throws(FramingError) -> (length: UInt64, width: Int)? {
    var length: UInt64 = 0
    for i in 0..<min(bytes.count, LengthPrefixed.mostOfVarint) {
      // The tenth byte has the 64th bit alone, and is the last.
      if i == LengthPrefixed.mostOfVarint - 1, bytes[i] > 1 { throw .lengthMalformed }
      length |= UInt64(bytes[i] & ~LengthPrefixed.goesOn) &<< UInt64(7 * i)
      if bytes[i] < LengthPrefixed.goesOn { return (length, i + 1) }
    }
    return nil
  }

  /// The fewest bytes that hold the length, themselves counted where it counts them.
  private func varintWidth(ofCount count: Int) -> Int {
    var width = 1
    while true {
      let length = UInt64(count) + (countsItself ? UInt64(width) : 0)
      let bits = UInt64.bitWidth - length.leadingZeroBitCount
      if (bits + 6) / 7 <= width { return width }
      width += 1
    }
  }

  /// The bytes of the prefix, nil where that depends on the length.
  private var width: Int? {
    switch prefix {
    case .uint8: 1
    case .uint16: 2
    case .uint24: 3
    case .uint32: 4
    case .uint64: 8
    case .varint: nil
    }
  }

  private var isBigEndian: Bool {
    switch prefix {
    case .uint16(let order), .uint24(let order), .uint32(let order), .uint64(let order):
      order == .bigEndian
    case .uint8, .varint: false
    }
  }

  private static let mostOfVarint = 10
  /// Set in each byte of a varint but the last.
  private static let goesOn: UInt8 = 0x80
}
