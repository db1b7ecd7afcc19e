/// How far a command has been read, so that reading goes on there when more has come.
struct RESPProgress: Sendable {
  /// The command's first byte.
  private let start: Int
  /// The next byte to look at; behind the command when it is whole.
  private(set) var place: Int
  /// How many bytes the command has at least, as far as that is known.
  var needed = 0
  /// Arguments that are still to come; negative before their number is known.
  private var missing = -1
  /// The length of the argument that begins at `place`; negative before it is known.
  private var bulk = -1
  /// Up to here the end of a line was looked for in vain.
  private var searched: Int

  init(at start: Int = 0) { (self.start, place, searched) = (start, start, start) }

  /// Reads as far as the bytes go.
  ///
  /// - Returns: Whether the command is whole.
  mutating func advance(
    in bytes: Span<UInt8>, _ limits: RESPLimits, into arguments: inout RESPArguments
  ) throws(RESPError) -> Bool {
    if missing < 0 {
      guard place < bytes.count else { return false }
      guard bytes[place] == RESP.array else { return try readInline(bytes, into: &arguments) }
      guard let count = try readNumber(bytes, .multibulkLineTooLong, .invalidMultibulkLength)
      else { return false }
      guard count <= limits.arguments else { throw .invalidMultibulkLength }
      missing = max(0, count)
    }
    while missing > 0 {
      guard try readArgument(bytes, limits, into: &arguments) else { return false }
    }
    return true
  }

  /// One argument: its length, its bytes, and the line end behind them.
  @inline(__always)
  private mutating func readArgument(
    _ bytes: Span<UInt8>, _ limits: RESPLimits, into arguments: inout RESPArguments
  ) throws(RESPError) -> Bool {
    if bulk < 0 {
      guard place < bytes.count else { return false }
      guard bytes[place] == RESP.bulk else { throw .expectedDollar(bytes[place]) }
      guard let length = try readNumber(bytes, .bulkLineTooLong, .invalidBulkLength) else {
        return false
      }
      guard length >= 0, length <= limits.bulk else { throw .invalidBulkLength }
      bulk = length
    }
    let end = place &+ bulk
    needed = end &- start &+ RESP.lineEndCount
    guard needed <= limits.command else { throw .commandTooLong(limit: limits.command) }
    guard bytes.count &- end >= RESP.lineEndCount else { return false }
    guard bytes[end] == RESP.cr, bytes[end &+ 1] == RESP.lf else { throw .expectedLineEnd }
    arguments.ranges.append(place..<end)
    (place, bulk, missing) = (end &+ RESP.lineEndCount, -1, missing &- 1)
    return true
  }

  // -------------------------------------------------------------------------------- numbers

  /// The number in the line at `place`, behind the byte that says what it counts; nil where the line has no
  /// end yet.
  @inline(__always)
  private mutating func readNumber(
    _ bytes: Span<UInt8>, _ tooLong: RESPError, _ invalid: RESPError
  ) throws(RESPError) -> Int? {
    var (index, value) = (place &+ 1, 0)
    // Short numbers, which nearly all are. No more digits than can overflow nothing.
    let most = min(bytes.count, index &+ RESPProgress.shortDigits)
    while index < most, case let digit = bytes[index] &- RESP.zero, digit < 10 {
      value = value &* 10 &+ Int(digit)
      index &+= 1
    }
    let hasEnd = index < bytes.count &- 1 && bytes[index] == RESP.cr && bytes[index &+ 1] == RESP.lf
    guard hasEnd, index > place &+ 1, bytes[place &+ 1] != RESP.zero || index == place &+ 2 else {
      return try readAnyNumber(bytes, tooLong, invalid)
    }
    (place, searched) = (index &+ 2, index &+ 2)
    return value
  }

  private static let shortDigits = 10

  /// The same for lines of any kind: without an end, and such as are no numbers.
  @inline(never)
  private mutating func readAnyNumber(
    _ bytes: Span<UInt8>, _ tooLong: RESPError, _ invalid: RESPError
  ) throws(RESPError) -> Int? {
    let cr = bytes.firstIndex(of: RESP.cr, from: max(searched, place))
    guard cr - place <= RESPLimits.line else { throw tooLong }
    // It is found again when the byte behind it has come.
    searched = cr
    guard cr + 1 < bytes.count else { return nil }
    guard bytes[cr + 1] == RESP.lf, let value = Int(decimal: bytes.extracting((place + 1)..<cr))
    else { throw invalid }
    (place, searched) = (cr + 2, cr + 2)
    return value
  }

  // --------------------------------------------------------------------------------- inline

  /// A line of words.
  private mutating func readInline(
    _ bytes: Span<UInt8>, into arguments: inout RESPArguments
  ) throws(RESPError) -> Bool {
    let lf = bytes.firstIndex(of: RESP.lf, from: max(searched, place))
    guard lf - place <= RESPLimits.line else { throw .inlineTooLong }
    searched = lf
    guard lf < bytes.count else { return false }
    let end = lf > place && bytes[lf - 1] == RESP.cr ? lf - 1 : lf
    try arguments.split(bytes, place..<end)
    place = lf + 1
    return true
  }
}

/// Bytes that have a meaning in the protocol. Computed, so that they are constants in other modules too.
@usableFromInline
enum RESP {
  @inlinable static var array: UInt8 { 0x2A }
  @inlinable static var bulk: UInt8 { 0x24 }
  @inlinable static var zero: UInt8 { 0x30 }
  @inlinable static var cr: UInt8 { 0x0D }
  @inlinable static var lf: UInt8 { 0x0A }
  /// CR and LF.
  static var lineEndCount: Int { 2 }
}
