/// Finds where replies of RESP end, versions 2 and 3 of the protocol that Redis speaks, in a stream that comes
/// in pieces of any size.
///
/// What values say is not looked at: only types, lengths and endings are. It holds nothing of what comes but
/// the beginning of an error's text. Pushed messages, which answer no command, and attributes are passed over.
///
/// A value; any thread may use it, one at a time.
public struct RESPReplyReader: Sendable, BitwiseCopyable {
  /// What the next byte belongs to.
  enum State: UInt8 {
    case type
    /// A line of text; its LF.
    case line, lineEnd
    /// A length; its LF.
    case length, lengthEnd
    /// A string of a length that is known; its CR; its LF.
    case string, stringEnd, stringEndLF
  }

  /// How deeply values may stand within values.
  public static let depthLimit = 32
  /// The most bytes of an error's text that are kept.
  public static let textLimit = 96

  /// The most bytes that a reply may have.
  public let limit: Int
  /// What was wrong, once something was.
  public private(set) var failure: RESPReplyError?

  private var state = State.type
  /// The type of the value that is read.
  private var type: UInt8 = 0
  /// Bytes of the reply so far.
  private var count = 0
  private var isError = false
  /// The length so far, whether it has a digit, and whether it is -1.
  private var number = 0
  private var hasDigits = false
  private var isNegative = false
  /// Bytes of the string that are still to come.
  private var left = 0
  /// How many values are still to come at each depth, and at which depths they are none of the reply's own.
  private var awaited = InlineArray<32, Int>(repeating: 0)
  private var depth = 0
  private var asides: UInt32 = 0
  private var text = InlineArray<96, UInt8>(repeating: 0)
  private var textCount = 0

  /// A reader at the beginning of a reply.
  ///
  /// - Parameter limit: The most bytes that a reply may have; not negative. Nothing is held of them.
  public init(limit: Int = 1 << 30) {
    precondition(limit >= 0, "a limit is not negative")
    self.limit = limit
  }

  /// The beginning of the last error's text, its type and its ending left out; empty before the first.
  public var errorText: [UInt8] { (0..<textCount).map { text[$0] } }

  /// The next reply; nil when no further one ends within `input`.
  ///
  /// - Parameters:
  ///   - input: The bytes that follow those of the call before.
  ///   - place: How much of `input` is taken already, from 0 to `input.count`; moved behind the reply, or to
  ///     the end when there is no further one.
  /// - Throws: What is wrong with the next reply, after all in front of it were answered; which those are
  ///   does not depend on how the stream is cut. Every further call throws the same.
  public mutating func next(
    in input: Span<UInt8>, from place: inout Int
  ) throws(RESPReplyError) -> RESPReply? {
    if let failure { throw failure }
    do throws(RESPReplyError) {
      while place < input.count {
        if try goOn(input, &place) { return finished() }
      }
      return nil
    } catch {
      failure = error
      throw error
    }
  }

  private mutating func finished() -> RESPReply {
    defer { (count, isError) = (0, false) }
    return RESPReply(isError: isError, count: count)
  }

  /// Reads on within the limit; whether the reply is whole.
  private mutating func goOn(
    _ input: Span<UInt8>, _ place: inout Int
  ) throws(RESPReplyError) -> Bool {
    let end = place + min(limit - count, input.count - place)
    guard end > place else { throw .replyTooLong(limit: limit) }
    let start = place
    defer { count += place - start }
    switch state {
    case .line:
      place = input.extracting(first: end).firstIndex(of: ASCII.cr, from: place)
      keep(input.extracting(start..<place))
      guard place < end else { return false }
      place += 1
      state = .lineEnd
      return false
    case .string:
      place += min(left, end - place)
      keep(input.extracting(start..<place))
      left -= place - start
      if left == 0 { state = .stringEnd }
      return false
    default:
      place += 1
      return try step(input[start])
    }
  }

  /// One byte; whether the reply is whole.
  private mutating func step(_ byte: UInt8) throws(RESPReplyError) -> Bool {
    switch (state, byte) {
    case (.type, _): try begin(byte)
    case (.length, ASCII.cr): state = .lengthEnd
    case (.length, _): try readLength(byte)
    case (.lengthEnd, ASCII.lf): return try hasLength()
    case (.lineEnd, ASCII.lf), (.stringEndLF, ASCII.lf): return valueIsWhole()
    case (.stringEnd, ASCII.cr): state = .stringEndLF
    default: throw .endMissing
    }
    return false
  }

  /// The first byte of a value.
  private mutating func begin(_ byte: UInt8) throws(RESPReplyError) {
    type = byte
    (number, hasDigits, isNegative) = (0, false, false)
    switch byte {
    case RESPType.error, RESPType.simple, RESPType.integer, RESPType.null, RESPType.boolean,
      RESPType.double, RESPType.bigNumber:
      state = .line
    case RESPType.string, RESPType.longError, RESPType.verbatim, RESPType.array, RESPType.map,
      RESPType.set, RESPType.attribute:
      state = .length
    // Answers nothing, and so stands alone.
    case RESPType.push where depth == 0: state = .length
    default: throw .typeUnknown(byte)
    }
    guard depth == 0, byte == RESPType.error || byte == RESPType.longError else { return }
    (isError, textCount) = (true, 0)
  }

  /// Keeps the beginning of an error's text.
  private mutating func keep(_ bytes: Span<UInt8>) {
    guard isError else { return }
    for index in 0..<min(bytes.count, RESPReplyReader.textLimit - textCount) {
      text[textCount] = bytes[index]
      textCount += 1
    }
  }

  // ------------------------------------------------------------------------------- lengths

  private mutating func readLength(_ byte: UInt8) throws(RESPReplyError) {
    if byte == ASCII.minus, !hasDigits, !isNegative {
      isNegative = true
      return
    }
    guard let digit = byte.decimalDigit else { throw .lengthMalformed }
    // With one digit more, and twice over for a map, it still fits.
    guard number <= limit / 10 else { throw .replyTooLong(limit: limit) }
    let (product, overflows) = number.multipliedReportingOverflow(by: 10)
    guard !overflows, product <= Int.max / 2 - digit else { throw .replyTooLong(limit: limit) }
    number = product + digit
    hasDigits = true
  }

  /// The length of a string, or of what consists of values; whether the reply is whole.
  private mutating func hasLength() throws(RESPReplyError) -> Bool {
    guard hasDigits else { throw .lengthMalformed }
    if isNegative {
      // Nothing, as version 2 writes it.
      guard number == 1, type == RESPType.string || type == RESPType.array else {
        throw .lengthMalformed
      }
      return valueIsWhole()
    }
    // This byte is not counted yet.
    guard number < limit - count else { throw .replyTooLong(limit: limit) }
    switch type {
    case RESPType.string, RESPType.longError, RESPType.verbatim:
      left = number
      state = number == 0 ? .stringEnd : .string
      return false
    case RESPType.map, RESPType.attribute: return try descend(2 * number)
    default: return try descend(number)
    }
  }

  /// So many values follow that are parts of this one; whether the reply is whole.
  private mutating func descend(_ values: Int) throws(RESPReplyError) -> Bool {
    state = .type
    let isAside = type == RESPType.push || type == RESPType.attribute
    guard values > 0 else { return isAside ? false : valueIsWhole() }
    guard depth < RESPReplyReader.depthLimit else {
      throw .nestedTooDeeply(limit: RESPReplyReader.depthLimit)
    }
    awaited[depth] = values
    if isAside { asides |= 1 << UInt32(depth) }
    depth += 1
    return false
  }

  /// A value has come; whether the reply has with it.
  private mutating func valueIsWhole() -> Bool {
    state = .type
    while depth > 0 {
      let level = depth - 1
      awaited[level] -= 1
      guard awaited[level] == 0 else { return false }
      depth = level
      let bit: UInt32 = 1 << UInt32(level)
      if asides & bit != 0 {
        // The value that it goes before, or the reply that it came before, is still to come.
        asides &= ~bit
        return false
      }
    }
    return true
  }
}

/// The first bytes of values.
enum RESPType {
  static let simple = UInt8(ascii: "+")
  static let error = UInt8(ascii: "-")
  static let integer = UInt8(ascii: ":")
  static let string = UInt8(ascii: "$")
  static let array = UInt8(ascii: "*")
  static let null = UInt8(ascii: "_")
  static let boolean = UInt8(ascii: "#")
  static let double = UInt8(ascii: ",")
  static let bigNumber = UInt8(ascii: "(")
  static let longError = UInt8(ascii: "!")
  static let verbatim = UInt8(ascii: "=")
  static let map = UInt8(ascii: "%")
  static let set = UInt8(ascii: "~")
  static let push = UInt8(ascii: ">")
  static let attribute = UInt8(ascii: "|")
}
