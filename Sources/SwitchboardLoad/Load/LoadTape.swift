import Glibc
import Switchboard
import SwitchboardArticle
import SwitchboardBase
import SwitchboardProtocols

/// The protocols that the generator speaks. Of the first three it makes the requests, each of which has exactly
/// one right reply; of the others a ``LoadExchange`` says what is asked.
public enum LoadProtocol: String, Hashable, Sendable, Codable, CaseIterable {
  /// A greeting `*`, then `^payload$`, answered by each byte plus one.
  case frames
  /// The payload comes back (RFC 862).
  case echo
  /// `ECHO text`, answered by `OK text`.
  case line
  /// HTTP/1.1 (RFC 9112).
  case http
  /// The protocol of Redis, version 2 or 3.
  case resp
  /// Any other: bytes, and how much answers them.
  case bytes

  /// Whether an exchange says what is asked.
  public var wantsExchange: Bool { self == .http || self == .resp || self == .bytes }

  /// A byte that may stand in a payload.
  @inline(__always)
  func plain(_ byte: UInt8) -> UInt8 {
    switch self {
    // `$` would end the frame.
    case .frames: byte == Frames.closing ? byte &+ 1 : byte
    case .echo, .http, .resp, .bytes: byte
    case .line: 0x61 + byte % 26
    }
  }

  /// The longest payload of one request.
  var longest: Int {
    switch self {
    case .frames, .echo, .http, .resp, .bytes: PayloadSize.largest
    case .line: LineSession.limit - 5
    }
  }
}

/// The requests that connections send, one behind the other and round and round, and the replies
/// that must come: made once, so that neither sending nor checking has anything to compute.
@safe
final class LoadTape: Sendable {
  /// How many requests there are before they begin again.
  let count: Int
  /// What the server says first on a new connection.
  let greeting: Int
  // Twice over, so that what begins in the first half goes on without a seam.
  private let requests: [UInt8]
  private let replies: [UInt8]
  private let requestStarts: [Int]
  private let replyStarts: [Int]
  /// The requests, where they are so large that nobody copies them: each connection is sent the same bytes.
  private let large: [SharedBytes]
  private static let leastLarge = 32 << 10
  /// Where replies say themselves how long they are: their reader at its beginning, and what ends them, if
  /// bytes do. The tape has no replies then.
  let reader: LoadReplyReader?
  let delimiter: LoadDelimiter

  /// What a run sends.
  convenience init(_ options: LoadOptions) {
    if let exchange = options.exchange {
      self.init(exchange)
    } else {
      self.init(options.speaking, options.size, seed: options.seed)
    }
  }

  /// The same request, again and again: so often that many in flight are one `send`.
  init(_ exchange: LoadExchange) {
    let (request, reply) = (exchange.request, exchange.onlyReply)
    count = max(1, min(64, (1 << 20) / max(1, request.count + reply.count)))
    greeting = 0
    requests = Array(repeatElement(request, count: 2 * count).joined())
    replies = Array(repeatElement(reply, count: 2 * count).joined())
    requestStarts = (0...count).map { $0 * request.count }
    replyStarts = (0...count).map { $0 * reply.count }
    large =
      request.count < LoadTape.leastLarge
      ? [] : Array(repeating: SharedBytes(request.span), count: count)
    reader = LoadReplyReader(exchange.reply)
    let ending = if case .until(let bytes) = exchange.reply { bytes } else { [UInt8]() }
    delimiter = LoadDelimiter(ending)
  }

  /// - Parameters:
  ///   - seed: The same seed makes the same requests.
  init(_ spoken: LoadProtocol, _ size: PayloadSize, seed: UInt64) {
    var chance = Chance(seed: seed)
    let limit = spoken.longest
    let isFixed = if case .fixed = size { true } else { false }
    let wanted = isFixed ? 64 : 1024
    var (requests, replies): ([UInt8], [UInt8]) = ([], [])
    var (requestStarts, replyStarts) = ([0], [0])
    // A few megabytes suffice for large ones, and stay nearer to the cache.
    while requestStarts.count <= wanted, requests.count < 4 << 20 || requestStarts.count <= 8 {
      let payload = LoadTape.payload(spoken, size.draw(&chance, atMost: limit), &chance)
      switch spoken {
      case .frames:
        requests.append(Frames.opening)
        requests += payload
        requests.append(Frames.closing)
        replies += payload.map { $0 &+ 1 }
      case .echo, .http, .resp, .bytes:
        requests += payload
        replies += payload
      case .line:
        requests += Array("ECHO ".utf8)
        requests += payload
        requests.append(0x0A)
        replies += Array("OK ".utf8)
        replies += payload
        replies.append(0x0A)
      }
      requestStarts.append(requests.count)
      replyStarts.append(replies.count)
    }
    count = requestStarts.count - 1
    greeting = spoken == .frames ? 1 : 0
    self.requests = requests + requests
    self.replies = replies + replies
    let largest = zip(requestStarts, requestStarts.dropFirst()).map { $1 - $0 }.max() ?? 0
    large =
      largest < LoadTape.leastLarge
      ? []
      : (0..<count).map { place in
        SharedBytes(requests.span.extracting(requestStarts[place]..<requestStarts[place + 1]))
      }
    self.requestStarts = requestStarts
    self.replyStarts = replyStarts
    reader = nil
    delimiter = LoadDelimiter([])
  }

  private static func payload(_ spoken: LoadProtocol, _ count: Int, _ chance: inout Chance)
    -> [UInt8]
  {
    var random: UInt64 = 0
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { bytes, made in
      for place in 0..<count {
        // Eight bytes of each number.
        if place % 8 == 0 { random = chance.next() }
        let byte = UInt8(truncatingIfNeeded: random >> UInt64(place % 8 * 8))
        unsafe bytes[place] = spoken.plain(byte)
      }
      made = count
    }
  }

  /// The greeting's byte.
  var greetingByte: UInt8 { Frames.greeting }

  /// Bytes of one round of requests, and of one of replies.
  var requestLength: Int { requestStarts[count] }
  var replyLength: Int { replyStarts[count] }

  @inline(__always)
  func requestStart(_ index: Int) -> Int { requestStarts[index] }
  @inline(__always)
  func requestSize(_ index: Int) -> Int { requestStarts[index + 1] - requestStarts[index] }
  @inline(__always)
  func replyStart(_ index: Int) -> Int { replyStarts[index] }
  @inline(__always)
  func replySize(_ index: Int) -> Int { replyStarts[index + 1] - replyStarts[index] }

  /// Sends `count` bytes of requests, from the beginning of one on.
  @inline(__always)
  func write(from request: Int, count: Int, _ connection: inout Connection) {
    guard large.isEmpty else { return writeLarge(from: request, count: count, &connection) }
    var (place, left) = (requestStarts[request], count)
    while left > 0 {
      let end = min(place + left, requests.count)
      unsafe requests.withUnsafeBufferPointer { requests in
        connection.write(unsafe requests.span.extracting(place..<end))
      }
      left -= end - place
      place = 0
    }
  }

  private func writeLarge(from request: Int, count: Int, _ connection: inout Connection) {
    var (request, left) = (request, count)
    while left > 0 {
      connection.write(large[request])
      left -= requestSize(request)
      request = request + 1 == self.count ? 0 : request + 1
    }
  }

  /// Whether received bytes are the replies from a place in the first round on; if not, which of
  /// them is the first wrong one.
  @inline(__always)
  func firstWrong(_ bytes: Span<UInt8>, from place: Int) -> Int? {
    unsafe bytes.withUnsafeBytes { unsafe firstWrong($0, from: place) }
  }

  @inline(__always)
  private func firstWrong(_ bytes: UnsafeRawBufferPointer, from place: Int) -> Int? {
    var (offset, place) = (0, place)
    while offset < bytes.count {
      let run = min(bytes.count - offset, replies.count - place)
      let isRight = unsafe replies.withUnsafeBytes { right in
        unsafe memcmp(
          right.baseAddress.unsafelyUnwrapped + place,
          bytes.baseAddress.unsafelyUnwrapped + offset, run) == 0
      }
      if !isRight { return unsafe offset + search(bytes, offset, place, run) }
      offset += run
      place = (place + run) % replyLength
    }
    return nil
  }

  private func search(
    _ bytes: UnsafeRawBufferPointer, _ offset: Int, _ place: Int, _ run: Int
  ) -> Int {
    for index in 0..<run where unsafe bytes[offset + index] != replies[place + index] {
      return index
    }
    return 0
  }

  /// The right byte at a place of the replies.
  func reply(at place: Int) -> UInt8 { replies[place % replyLength] }
}
