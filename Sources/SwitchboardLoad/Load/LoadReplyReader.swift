import SwitchboardProtocols

/// Reads the replies of one connection, where they themselves say how long they are.
enum LoadReplyReader: BitwiseCopyable {
  case http(HTTPReplyReader)
  case resp(RESPReplyReader)
  /// Replies of so many bytes; how many of the present one are still to come.
  case length(Int, left: Int)
  /// Replies that end with a delimiter; how many of its bytes have come just now.
  case until(matched: Int)

  /// What bytes have brought.
  enum Reading: BitwiseCopyable {
    /// No further reply is whole.
    case nothing
    /// A reply; behind the last one the connection carries no more.
    case reply(isLast: Bool)
    /// A reply with a status that says that something is wrong.
    case refusal(status: Int, isLast: Bool)
    /// A reply that is an error.
    case error
    /// No reply.
    case broken
  }

  /// The reader of an exchange; nil where its only reply is known to the byte.
  init?(_ reply: LoadExchange.Reply) {
    switch reply {
    case .bytes: return nil
    case .length(let count): self = .length(count, left: count)
    case .until: self = .until(matched: 0)
    case .http(let toHead): self = .http(HTTPReplyReader(areToHead: toHead))
    case .resp: self = .resp(RESPReplyReader())
    }
  }

  /// Reads on, up to the end of a reply.
  ///
  /// - Parameters:
  ///   - place: How many of the bytes are taken; moved on.
  ///   - delimiter: What ends replies, where that is so.
  @inline(__always)
  mutating func next(
    in bytes: Span<UInt8>, from place: inout Int, _ delimiter: LoadDelimiter
  ) -> Reading {
    switch self {
    case .http(var reader):
      defer { self = .http(reader) }
      do throws(HTTPReplyError) {
        return LoadReplyReader.reading(try reader.next(in: bytes, from: &place))
      } catch { return .broken }
    case .resp(var reader):
      defer { self = .resp(reader) }
      do throws(RESPReplyError) {
        guard let reply = try reader.next(in: bytes, from: &place) else { return .nothing }
        return reply.isError ? .error : .reply(isLast: false)
      } catch { return .broken }
    case .length(let count, let left):
      let taken = min(left, bytes.count - place)
      place += taken
      self = .length(count, left: taken == left ? count : left - taken)
      return taken == left ? .reply(isLast: false) : .nothing
    case .until(var matched):
      let isWhole = delimiter.ends(in: bytes, from: &place, &matched)
      self = .until(matched: matched)
      return isWhole ? .reply(isLast: false) : .nothing
    }
  }

  /// The connection has ended: a body may have lasted until then.
  mutating func end() -> Reading {
    guard case .http(var reader) = self else { return .nothing }
    defer { self = .http(reader) }
    do throws(HTTPReplyError) {
      return LoadReplyReader.reading(try reader.end())
    } catch { return .broken }
  }

  private static func reading(_ reply: HTTPReply?) -> Reading {
    guard let reply else { return .nothing }
    guard reply.status < leastRefusal else {
      return .refusal(status: reply.status, isLast: reply.isLast)
    }
    return .reply(isLast: reply.isLast)
  }

  /// Client errors begin here, and server errors follow.
  private static let leastRefusal = 400

  /// Whether a server may close a connection on which nothing is asked for, as in HTTP.
  var allowsClosing: Bool { if case .http = self { true } else { false } }

  /// What the last error said, or what was wrong.
  var words: String {
    switch self {
    case .http(let reader): reader.failure.map { "\($0)" } ?? ""
    case .resp(let reader):
      reader.failure.map { "\($0)" } ?? LoadExchange.shown(reader.errorText)
    case .length, .until: ""
    }
  }
}

/// What ends replies, and how to go on looking for it where it began and did not go on (Knuth, Morris and
/// Pratt): each byte is looked at once, however replies are cut.
struct LoadDelimiter: Sendable {
  private let bytes: [UInt8]
  /// For so many matched bytes less one: how many of the beginning match still where the next does not.
  private let shorter: [Int]

  init(_ bytes: [UInt8]) {
    var (shorter, length) = ([0], 0)
    for place in bytes.indices.dropFirst() {
      while length > 0, bytes[place] != bytes[length] { length = shorter[length - 1] }
      if bytes[place] == bytes[length] { length += 1 }
      shorter.append(length)
    }
    (self.bytes, self.shorter) = (bytes, shorter)
  }

  /// Whether it ends within bytes, from a place on, which is moved behind it, or to the end.
  ///
  /// - Parameter matched: How many of its bytes have come just before.
  func ends(in input: Span<UInt8>, from place: inout Int, _ matched: inout Int) -> Bool {
    while place < input.count {
      let byte = input[place]
      place += 1
      while matched > 0, bytes[matched] != byte { matched = shorter[matched - 1] }
      if bytes[matched] == byte { matched += 1 }
      guard matched == bytes.count else { continue }
      matched = 0
      return true
    }
    return false
  }
}
