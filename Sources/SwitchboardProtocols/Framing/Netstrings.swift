/// A frame is a netstring: the length of the payload in decimal digits, a colon, the payload, a comma.
///
/// `5:hello,` is one, and `0:,` is the empty one. A length has no zero in front. One that is beyond the reader's
/// limit is an error at the first digit that makes it so.
///
/// Source: D. J. Bernstein, <https://cr.yp.to/proto/netstrings.txt>.
///
/// A value; any thread may use it.
public struct Netstrings: Framing, Hashable {
  /// Netstrings.
  public init() {}

  /// The most digits that a length has, the colon and the comma.
  public var mostOverhead: Int { Netstrings.mostDigits + 2 }

  /// As many bytes as the digits say.
  public func locate(
    in bytes: Span<UInt8>, searched: Int, limit: Int
  ) throws(FramingError) -> FrameLocation {
    var (count, place) = (0, 0)
    while place < bytes.count, bytes[place] != Netstrings.colon {
      let digit = Int(bytes[place]) - Int(Netstrings.zero)
      // No zero is in front of another digit.
      guard (0...9).contains(digit), place == 0 || count > 0 else { throw .lengthMalformed }
      // Compared before it grows, so that nothing overflows whatever the limit is.
      guard digit <= limit, count <= (limit - digit) / 10 else {
        throw .frameTooLong(limit: limit)
      }
      count = 10 * count + digit
      place += 1
    }
    guard place < bytes.count else { return .needs(atLeast: place + 1) }
    guard place > 0 else { throw .lengthMalformed }
    guard count <= Int.max - place - 2 else { throw .frameTooLong(limit: limit) }
    let comma = place + 1 + count
    guard comma < bytes.count else { return .needs(atLeast: comma + 1) }
    guard bytes[comma] == Netstrings.comma else { throw .endMissing }
    return .whole(payload: place + 1..<comma, end: comma + 1)
  }

  /// Writes the netstring.
  public func write(
    _ payload: Span<UInt8>, to sink: (Span<UInt8>) -> Void
  ) throws(FramingError) {
    var head = InlineArray<20, UInt8>(repeating: Netstrings.colon)
    var (rest, start) = (payload.count, Netstrings.mostDigits)
    repeat {
      start -= 1
      head[start] = Netstrings.zero + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
    let end: InlineArray<1, UInt8> = [Netstrings.comma]
    sink(head.span.extracting(start...))
    sink(payload)
    sink(end.span)
  }

  /// Of `Int.max`.
  private static let mostDigits = 19
  private static let zero: UInt8 = 0x30
  private static let colon: UInt8 = 0x3A
  private static let comma: UInt8 = 0x2C
}
