// The header section of a reply: the few fields that say how long its body is.

extension HTTPReplyReader {
  /// Reads on in the header section or the trailers, within their limit; whether the reply is whole.
  mutating func readHead(
    _ input: Span<UInt8>, _ place: inout Int
  ) throws(HTTPReplyError) -> Bool {
    let end = place + min(headLimit - headCount, input.count - place)
    guard end > place else { throw .headerTooLong(limit: headLimit) }
    let (start, isTrailing) = (place, state.isTrailing)
    var isOver = false
    while place < end, !isOver {
      if state == .restOfLine || state == .trailer {
        place = input.extracting(first: end).firstIndex(of: ASCII.lf, from: place)
        guard place < end else { break }
        place += 1
        state = isTrailing ? .trailerStart : .lineStart
      } else {
        place += 1
        isOver = try step(input[place - 1])
      }
    }
    headCount += place - start
    guard isOver else { return false }
    return isTrailing ? true : try headEnds()
  }

  /// One byte; whether it ends the header section, or the trailers.
  private mutating func step(_ byte: UInt8) throws(HTTPReplyError) -> Bool {
    switch (state, byte) {
    case (.statusLine, _): try readStatus(byte)
    case (.name, _): try readName(byte)
    case (.value, _): try readValue(byte)
    case (.valueEnd, ASCII.lf): try endValue()
    case (.lineStart, ASCII.lf), (.headEnd, ASCII.lf): return true
    case (.trailerStart, ASCII.lf), (.trailerEnd, ASCII.lf): return true
    case (.lineStart, ASCII.cr): state = .headEnd
    case (.trailerStart, ASCII.cr): state = .trailerEnd
    case (.trailerStart, _): state = .trailer
    case (.lineStart, ASCII.space), (.lineStart, ASCII.tab):
      // A line goes on in the next one, which nobody should write any more (RFC 9112, 5.2).
      guard field == .other else { throw .headerMalformed }
      state = .restOfLine
    case (.lineStart, _):
      state = .name
      word = HTTPWord()
      try readName(byte)
    default: throw .headerMalformed
    }
    return false
  }

  /// `HTTP/1.1 200`, with a reason behind it or without.
  private mutating func readStatus(_ byte: UInt8) throws(HTTPReplyError) {
    let start: InlineArray<7, UInt8> = [0x48, 0x54, 0x54, 0x50, 0x2F, 0x31, 0x2E]
    let digit = byte.decimalDigit
    switch (lineCount, digit) {
    case (0..<7, _) where byte == start[lineCount]: break
    case (7, let digit?): minor = UInt8(digit)
    case (8, _) where byte == ASCII.space: break
    case (9, let digit?) where digit > 0: status = digit
    case (10, let digit?), (11, let digit?): status = status * 10 + digit
    case (12, _) where byte == ASCII.space || byte == ASCII.cr: state = .restOfLine
    case (12, _) where byte == ASCII.lf: state = .lineStart
    default: throw .statusLineMalformed
    }
    lineCount += 1
  }

  private mutating func readName(_ byte: UInt8) throws(HTTPReplyError) {
    guard byte == ASCII.colon else {
      guard byte > ASCII.space, byte != ASCII.delete else { throw .headerMalformed }
      return word.append(byte)
    }
    guard word.count > 0 else { throw .headerMalformed }
    field = HTTPReplyReader.field(named: word)
    word = HTTPWord()
    state = field == .other ? .restOfLine : .value
  }

  private static func field(named name: HTTPWord) -> Field {
    if name == HTTPWord.contentLength { return .contentLength }
    if name == HTTPWord.transferEncoding { return .transferEncoding }
    return name == HTTPWord.connection ? .connection : .other
  }

  /// A value is a list of words with commas between.
  private mutating func readValue(_ byte: UInt8) throws(HTTPReplyError) {
    switch byte {
    case ASCII.lf: try endValue()
    case ASCII.cr: state = .valueEnd
    case ASCII.comma: try takeWord()
    case ASCII.space, ASCII.tab: word.end()
    default: word.append(byte)
    }
  }

  private mutating func endValue() throws(HTTPReplyError) {
    try takeWord()
    state = .lineStart
  }

  private mutating func takeWord() throws(HTTPReplyError) {
    defer { word = HTTPWord() }
    switch field {
    case .contentLength:
      guard let number = word.number else { throw .lengthMalformed }
      guard number <= bodyLimit else { throw .bodyTooLong(limit: bodyLimit) }
      guard length ?? number == number else { throw .lengthsContradict }
      length = number
    case .transferEncoding where word.count > 0:
      let isAgain = word == HTTPWord.chunked
      guard !(isChunked && isAgain) else { throw .lengthMalformed }
      // Only the last coding says where the body ends.
      (hasCodings, isChunked) = (true, isAgain)
    case .connection:
      saysClose = saysClose || word == HTTPWord.close
      saysKeepAlive = saysKeepAlive || word == HTTPWord.keepAlive
    default: break
    }
  }

  /// What follows the header section (RFC 9112, 6.3); whether the reply is whole.
  private mutating func headEnds() throws(HTTPReplyError) -> Bool {
    if status < HTTPReplyReader.leastFinal {
      guard status != HTTPReplyReader.switching else { throw .protocolSwitched }
      // An interim reply: the limit holds for all of them together.
      let count = headCount
      self = HTTPReplyReader(areToHead: areToHead, headLimit: headLimit, bodyLimit: bodyLimit)
      headCount = count
      return false
    }
    lineCount = 0
    if areToHead || HTTPReplyReader.bodiless.contains(status) { return true }
    guard !hasCodings || length == nil else { throw .lengthsContradict }
    if isChunked {
      state = .chunkSize
    } else if !hasCodings, let length {
      left = length
      state = .body
      return length == 0
    } else {
      state = .bodyToTheEnd
    }
    return false
  }

  private static let leastFinal = 200
  private static let switching = 101
  /// No Content, and Not Modified.
  private static let bodiless = [204, 304]
}

extension HTTPReplyReader.State {
  /// Whether it is one of the trailers'.
  var isTrailing: Bool { self == .trailerStart || self == .trailer || self == .trailerEnd }
}

/// A word of a header line, as far as one matters: in lower case, and so long as the longest of those.
struct HTTPWord: Sendable, BitwiseCopyable {
  private var bytes = InlineArray<20, UInt8>(repeating: 0)
  /// How many bytes it has; one more than there is room for where it is too long.
  private(set) var count = 0
  /// A space has come behind it.
  private var isOver = false

  init() {}

  init(_ text: String) { for byte in text.utf8 { append(byte) } }

  /// Adds a byte; behind a space, it makes the word none that anybody knows.
  mutating func append(_ byte: UInt8) {
    guard count < bytes.count, !isOver else {
      count = bytes.count + 1
      return
    }
    let isUpper = byte >= 0x41 && byte <= 0x5A
    bytes[count] = isUpper ? byte | 0x20 : byte
    count += 1
  }

  mutating func end() { isOver = count > 0 }

  /// The decimal number that it is; nil for any other word, and for one that does not fit.
  var number: Int? {
    guard count > 0, count <= bytes.count else { return nil }
    var number = 0
    for place in 0..<count {
      guard let digit = bytes[place].decimalDigit,
        case (let product, false) = number.multipliedReportingOverflow(by: 10),
        case (let sum, false) = product.addingReportingOverflow(digit)
      else { return nil }
      number = sum
    }
    return number
  }

  static func == (a: HTTPWord, b: HTTPWord) -> Bool {
    guard a.count == b.count, a.count <= a.bytes.count else { return false }
    for place in 0..<a.count where a.bytes[place] != b.bytes[place] { return false }
    return true
  }

  static let contentLength = HTTPWord("content-length")
  static let transferEncoding = HTTPWord("transfer-encoding")
  static let connection = HTTPWord("connection")
  static let chunked = HTTPWord("chunked")
  static let close = HTTPWord("close")
  static let keepAlive = HTTPWord("keep-alive")
}
