/// Finds where replies of HTTP/1.1 end, in a stream that comes in pieces of any size.
///
/// It reads what says how long a reply is and whether the connection stays (RFC 9112, sections 6 and 9), and
/// passes over everything else. It holds nothing of what comes: a reader takes as much memory as its value
/// has, whatever a server sends. What contradicts itself is an error and no guess.
///
/// ```swift
/// var replies = HTTPReplyReader()
/// var place = 0
/// while let reply = try replies.next(in: bytes, from: &place) { note(reply.status) }
/// ```
///
/// A value; any thread may use it, one at a time.
public struct HTTPReplyReader: Sendable, BitwiseCopyable {
  /// What the next byte belongs to.
  enum State: UInt8 {
    case statusLine
    /// The first byte of a line in the header section; its last line's LF; a name; a value; its line's LF.
    case lineStart, headEnd, name, value, valueEnd
    /// What is left of a line that says nothing about lengths.
    case restOfLine
    /// A body, or a chunk, of which it is known how much is left.
    case body, chunk
    case bodyToTheEnd
    /// The line before a chunk: its size, what may stand behind that, its LF; and the ending behind a chunk.
    case chunkSize, chunkExtension, chunkLineEnd, chunkEnd, chunkEndLF
    /// The first byte of a line of trailers; such a line; the last LF.
    case trailerStart, trailer, trailerEnd
  }

  /// Header fields that matter here.
  enum Field: UInt8 { case none, other, contentLength, transferEncoding, connection }

  /// The most bytes of a reply's header section: its status line, interim replies before it, and trailers.
  public let headLimit: Int
  /// The most bytes that a body may have.
  public let bodyLimit: Int
  /// Whether the requests ask for no body (`HEAD`), so that none comes whatever a length says.
  public let areToHead: Bool
  /// What was wrong, once something was.
  public internal(set) var failure: HTTPReplyError?

  var state = State.statusLine
  /// Bytes of the header section so far, and of the line before a chunk.
  var headCount = 0
  var lineCount = 0
  /// The status so far; the last digit of the version.
  var status = 0
  var minor: UInt8 = 0
  var field = Field.none
  var word = HTTPWord()
  /// What the header section says: the length, if there is one.
  var length: Int?
  var hasCodings = false
  var isChunked = false
  var saysClose = false
  var saysKeepAlive = false
  /// Bytes that are left of the body or the chunk, or the chunk's size as far as it has come.
  var left = 0
  var bodyCount = 0

  /// A reader at the beginning of a reply.
  ///
  /// - Parameters:
  ///   - areToHead: Whether the requests' method is `HEAD`.
  ///   - headLimit: The most bytes of a header section; not negative.
  ///   - bodyLimit: The most bytes of a body; not negative. Nothing is held of it.
  public init(areToHead: Bool = false, headLimit: Int = 65_536, bodyLimit: Int = 1 << 40) {
    precondition(headLimit >= 0 && bodyLimit >= 0, "a limit is not negative")
    (self.areToHead, self.headLimit, self.bodyLimit) = (areToHead, headLimit, bodyLimit)
  }

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
  ) throws(HTTPReplyError) -> HTTPReply? {
    if let failure { throw failure }
    do throws(HTTPReplyError) {
      while place < input.count {
        if try goOn(input, &place) { return finished() }
      }
      return nil
    } catch {
      failure = error
      throw error
    }
  }

  /// The stream has ended: what that says about the last reply.
  ///
  /// - Returns: The reply whose body lasted until the end; nil where none had begun.
  /// - Throws: ``HTTPReplyError/cutOff`` within a reply; what was thrown before.
  public mutating func end() throws(HTTPReplyError) -> HTTPReply? {
    if let failure { throw failure }
    if state == .bodyToTheEnd { return finished() }
    guard state != .statusLine || headCount > 0 else { return nil }
    failure = .cutOff
    throw .cutOff
  }

  /// Reads on, as far as one state reaches or further; whether the reply is whole.
  private mutating func goOn(
    _ input: Span<UInt8>, _ place: inout Int
  ) throws(HTTPReplyError) -> Bool {
    switch state {
    case .body, .chunk:
      return passOver(input, &place)
    case .bodyToTheEnd:
      guard input.count - place <= bodyLimit - bodyCount else {
        throw .bodyTooLong(limit: bodyLimit)
      }
      bodyCount += input.count - place
      place = input.count
      return false
    case .chunkSize, .chunkExtension, .chunkLineEnd, .chunkEnd, .chunkEndLF:
      try readChunkLine(input, &place)
      return false
    default:
      return try readHead(input, &place)
    }
  }

  /// Passes over what is left of a body or of a chunk.
  private mutating func passOver(_ input: Span<UInt8>, _ place: inout Int) -> Bool {
    let count = min(left, input.count - place)
    place += count
    left -= count
    bodyCount += count
    guard left == 0 else { return false }
    if state == .body { return true }
    state = .chunkEnd
    return false
  }

  /// The reply that has just ended; the next one may begin.
  private mutating func finished() -> HTTPReply {
    let stays = minor > 0 ? !saysClose : saysKeepAlive && !saysClose && !hasCodings
    let reply = HTTPReply(
      status: status, bodyCount: bodyCount, isLast: !stays || state == .bodyToTheEnd)
    self = HTTPReplyReader(areToHead: areToHead, headLimit: headLimit, bodyLimit: bodyLimit)
    return reply
  }

  // -------------------------------------------------------------------------------- chunks

  /// Reads the line before a chunk, or the ending behind it, byte by byte.
  private mutating func readChunkLine(
    _ input: Span<UInt8>, _ place: inout Int
  ) throws(HTTPReplyError) {
    while place < input.count {
      let byte = input[place]
      place += 1
      lineCount += 1
      guard lineCount <= HTTPReplyReader.chunkLineLimit else { throw .chunkMalformed }
      switch (state, byte) {
      case (.chunkSize, _) where byte.hexDigit != nil: try add(digit: byte.hexDigit ?? 0)
      case (.chunkSize, _) where lineCount == 1: throw .chunkMalformed
      case (.chunkSize, ASCII.cr): state = .chunkLineEnd
      case (.chunkSize, ASCII.semicolon), (.chunkSize, ASCII.space), (.chunkSize, ASCII.tab):
        state = .chunkExtension
      case (.chunkSize, ASCII.lf), (.chunkLineEnd, ASCII.lf), (.chunkExtension, ASCII.lf):
        lineCount = 0
        state = left == 0 ? .trailerStart : .chunk
        return
      case (.chunkExtension, _): break
      case (.chunkEnd, ASCII.cr): state = .chunkEndLF
      case (.chunkEnd, ASCII.lf), (.chunkEndLF, ASCII.lf):
        lineCount = 0
        state = .chunkSize
      default: throw .chunkMalformed
      }
    }
  }

  private mutating func add(digit: Int) throws(HTTPReplyError) {
    // With one digit more it still fits.
    guard left <= Int.max >> 5, left << 4 | digit <= bodyLimit - bodyCount else {
      throw .bodyTooLong(limit: bodyLimit)
    }
    left = left << 4 | digit
  }

  /// The most bytes of a line before a chunk, its size and what stands behind that.
  private static let chunkLineLimit = 4096
}
