import SwitchboardProtocols
import Testing

/// What a stream gives: status and bytes of body of each reply, the last of a connection marked; what is wrong
/// with the next one; and what the end of the stream brings.
private struct Found: Equatable {
  var replies: [String] = []
  var error: HTTPReplyError?
  var atEnd: String?
}

extension HTTPReply {
  fileprivate var text: String { "\(status) \(bodyCount)\(isLast ? " last" : "")" }
}

extension HTTPReplyReader {
  /// What a stream gives that comes in such pieces.
  fileprivate func reading(_ pieces: [[UInt8]]) -> Found {
    var (reader, found) = (self, Found())
    do throws(HTTPReplyError) {
      for piece in pieces {
        var place = 0
        while let reply = try reader.next(in: piece.span, from: &place) {
          found.replies.append(reply.text)
        }
        guard place == piece.count else {
          Issue.record("stopped at \(place)")
          return found
        }
      }
      found.atEnd = try reader.end()?.text
    } catch {
      found.error = error
      if reader.failure != error { Issue.record("the error is not kept") }
      if (try? reader.end()) != nil { Issue.record("it ends well nevertheless") }
    }
    return found
  }

  fileprivate func readingInEveryCut(_ stream: [UInt8]) -> Found {
    alikeInEveryCut(stream, reading)
  }
}

/// A stream, and what is in it.
struct HTTPCase: Sendable, CustomTestStringConvertible {
  let stream: String
  let replies: [String]
  let error: HTTPReplyError?
  let atEnd: String?
  let reader: HTTPReplyReader

  /// - Parameter stream: A line ends with `|`.
  init(
    _ stream: String, _ replies: [String], _ error: HTTPReplyError? = nil, atEnd: String? = nil,
    reader: HTTPReplyReader = HTTPReplyReader()
  ) {
    self.stream = stream.replacing("|", with: "\r\n")
    (self.replies, self.error, self.atEnd, self.reader) = (replies, error, atEnd, reader)
  }

  var testDescription: String { "\(stream.debugDescription)" }

  func check() {
    let found = reader.readingInEveryCut(bytes(stream))
    #expect(found == Found(replies: replies, error: error, atEnd: atEnd))
  }
}

@Suite struct HTTPReplyReaderTests {
  private static let chunked = "HTTP/1.1 200 OK|Transfer-Encoding: chunked||"

  @Test(arguments: [
    HTTPCase(
      "HTTP/1.1 200 OK|Content-Length: 5||helloHTTP/1.1 204 x||",
      [
        "200 5", "204 0",
      ]),
    HTTPCase(
      "HTTP/1.1 200 OK|content-LENGTH:0||HTTP/1.1 302|Content-Length: 1 ||x",
      [
        "200 0", "302 1",
      ]),
    HTTPCase("HTTP/1.1 404 Not Found|Content-Length:\t 3\t||abc", ["404 3"]),
    HTTPCase("HTTP/1.1 304 Not Modified|Content-Length: 99||", ["304 0"]),
    HTTPCase("HTTP/1.1 204 No Content|Transfer-Encoding: chunked||", ["204 0"]),
    HTTPCase("HTTP/1.1 200 OK|Content-Length: 2, 2|Content-Length: 2||ab", ["200 2"]),
    HTTPCase(
      "HTTP/1.1 200 OK\nX: y\nContent-Length: 1\n\naHTTP/1.1 200 OK\r\nContent-Length: 1\n\r\nb",
      ["200 1", "200 1"]),
    HTTPCase("HTTP/1.1 200 OK|X: a| folded|\tagain|Content-Length: 1||a", ["200 1"]),
    HTTPCase(
      "HTTP/1.1 200 OK|Content-Length-X: 7|XContent-Length: 8|Content-Length: 1||a",
      [
        "200 1"
      ]),
    HTTPCase("HTTP/1.1 200 OK|Content-Length: 007||1234567", ["200 7"]),
  ])
  func `A reply is as long as it says`(entry: HTTPCase) { entry.check() }

  @Test(arguments: [
    HTTPCase("HTTP/1.1 200 OK|Connection: close|Content-Length: 1||a", ["200 1 last"]),
    HTTPCase("HTTP/1.1 200 OK|Connection: keep-alive, CLOSE|Content-Length: 0||", ["200 0 last"]),
    HTTPCase("HTTP/1.1 200 OK|Connection: closed, clo se|Content-Length: 0||", ["200 0"]),
    HTTPCase("HTTP/1.0 200 OK|Content-Length: 1||a", ["200 1 last"]),
    HTTPCase("HTTP/1.0 200 OK|Connection: Keep-Alive|Content-Length: 1||a", ["200 1"]),
    HTTPCase("HTTP/1.1 200 OK||everything", [], atEnd: "200 10 last"),
    HTTPCase("HTTP/1.1 200 OK||", [], atEnd: "200 0 last"),
    HTTPCase("HTTP/1.1 200 OK|Transfer-Encoding: chunked, gzip||abc", [], atEnd: "200 3 last"),
    HTTPCase("HTTP/1.1 200 OK|Transfer-Encoding: chunked;x||abc", [], atEnd: "200 3 last"),
    HTTPCase("HTTP/1.0 200 OK|Transfer-Encoding: chunked||0||", ["200 0 last"]),
  ])
  func `Whether the connection stays is said, or follows`(entry: HTTPCase) { entry.check() }

  @Test(arguments: [
    HTTPCase(chunked + "5|hello|0||HTTP/1.1 204 x||", ["200 5", "204 0"]),
    HTTPCase(chunked + "a;name=value|0123456789|1 |x|00;q||", ["200 11"]),
    HTTPCase(chunked + "0|Expires: never|Content-Length: 5||", ["200 0"]),
    HTTPCase(chunked + "1\nx\n0\n\n", ["200 1"]),
    HTTPCase(
      "HTTP/1.1 200 OK|Transfer-Encoding: gzip, Chunked||1F|\(String(repeating: "x", count: 31))|0||",
      [
        "200 31"
      ]),
  ])
  func `Chunks are put together, and trailers passed over`(entry: HTTPCase) { entry.check() }

  @Test(arguments: [
    HTTPCase(
      "HTTP/1.1 100 Continue||HTTP/1.1 103|Link: x||HTTP/1.1 200 OK|Content-Length: 1||a",
      [
        "200 1"
      ]),
    HTTPCase("HTTP/1.1 100|Connection: close|Content-Length: 4||HTTP/1.1 204 x||", ["204 0"]),
    HTTPCase("HTTP/1.1 101 Switching Protocols|Upgrade: x||", [], .protocolSwitched),
  ])
  func `Interim replies are passed over`(entry: HTTPCase) { entry.check() }

  @Test func `A request for the head brings no body`() {
    let reader = HTTPReplyReader(areToHead: true)
    for head in ["Content-Length: 5", "Transfer-Encoding: chunked", "X: y"] {
      HTTPCase("HTTP/1.1 200 OK|\(head)||HTTP/1.1 404 x||", ["200 0", "404 0"], reader: reader)
        .check()
    }
  }

  @Test(arguments: [
    HTTPCase("HTTP/2 200", [], .statusLineMalformed),
    HTTPCase("http/1.1 200 OK||", [], .statusLineMalformed),
    HTTPCase("HTTP/1.x 200 OK||", [], .statusLineMalformed),
    HTTPCase("HTTP/1.1 20 OK||", [], .statusLineMalformed),
    HTTPCase("HTTP/1.1 099 OK||", [], .statusLineMalformed),
    HTTPCase("HTTP/1.1 2000||", [], .statusLineMalformed),
    HTTPCase("|HTTP/1.1 200 OK||", [], .statusLineMalformed),
    HTTPCase("HTTP/1.1 204 x||+OK|", ["204 0"], .statusLineMalformed),
    HTTPCase("HTTP/1.1 200 OK|Content-Length : 5||", [], .headerMalformed),
    HTTPCase("HTTP/1.1 200 OK|: 5||", [], .headerMalformed),
    HTTPCase("HTTP/1.1 200 OK|no colon||", [], .headerMalformed),
    HTTPCase("HTTP/1.1 200 OK| folded||", [], .headerMalformed),
    HTTPCase("HTTP/1.1 200 OK|Content-Length: 1| 2||", [], .headerMalformed),
    HTTPCase("HTTP/1.1 200 OK|Content-Length: 1\rx", [], .headerMalformed),
    HTTPCase("HTTP/1.1 200 OK|\rx", [], .headerMalformed),
    HTTPCase("HTTP/1.1 200 OK|Content-Len", [], .cutOff),
    HTTPCase("HTTP/1.1 200 OK|Content-Length: 5||hell", [], .cutOff),
    HTTPCase("H", [], .cutOff),
    HTTPCase("HTTP/1.1 100 x||", [], .cutOff),
    HTTPCase("", []),
  ])
  func `What is no reply is refused`(entry: HTTPCase) { entry.check() }

  @Test(arguments: [
    ("-1", HTTPReplyError.lengthMalformed), ("+1", .lengthMalformed), ("", .lengthMalformed),
    ("1 2", .lengthMalformed), ("0x10", .lengthMalformed), ("1,", .lengthMalformed),
    ("9223372036854775807", .bodyTooLong(limit: 1 << 40)),
    ("9223372036854775808", .lengthMalformed), ("18446744073709551616", .lengthMalformed),
    ("99999999999999999999999999999999999999", .lengthMalformed),
    ("1099511627777", .bodyTooLong(limit: 1 << 40)), ("5, 6", .lengthsContradict),
    ("5|Content-Length: 6", .lengthsContradict),
    ("5|Transfer-Encoding: chunked", .lengthsContradict),
    ("5|Transfer-Encoding: gzip", .lengthsContradict),
    ("5|Transfer-Encoding: chunked, chunked", .lengthMalformed),
  ])
  func `A hostile length is refused`(length: String, error: HTTPReplyError) {
    HTTPCase("HTTP/1.1 200 OK|Content-Length: \(length)||aaaaa", [], error).check()
  }

  @Test(arguments: [
    ("", HTTPReplyError.chunkMalformed), ("-1", .chunkMalformed), (" 1", .chunkMalformed),
    (";x", .chunkMalformed), ("1x", .chunkMalformed), ("1\rx", .chunkMalformed),
    ("10000000001", .bodyTooLong(limit: 1 << 40)),
    ("7FFFFFFFFFFFFFFF", .bodyTooLong(limit: 1 << 40)),
    ("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", .bodyTooLong(limit: 1 << 40)),
    ("1|ab", .chunkMalformed), ("1|a\rb", .chunkMalformed),
    ("1|a|FFFFFFFFFF|", .cutOff), ("1|a|10000000000|", .bodyTooLong(limit: 1 << 40)),
    ("1;" + String(repeating: "e", count: 5000), .chunkMalformed),
    (String(repeating: "0", count: 5000), .chunkMalformed),
    ("0|a: b|\rx", .headerMalformed),
  ])
  func `A hostile chunk is refused`(chunk: String, error: HTTPReplyError) {
    let found = HTTPReplyReader()
    let entry = HTTPCase(Self.chunked + chunk + "|", [], error)
    if entry.stream.utf8.count < 500 { return entry.check() }
    let stream = bytes(entry.stream)
    #expect(found.reading([stream]) == Found(error: error))
    #expect(found.reading(stream.map { [$0] }) == Found(error: error))
  }

  @Test func `A header section has a limit, interim replies and trailers within it`() {
    let reader = HTTPReplyReader(headLimit: 60, bodyLimit: 10)
    let error = HTTPReplyError.headerTooLong(limit: 60)
    // Sixty bytes, and one more.
    let name = String(repeating: "x", count: 30)
    HTTPCase(
      "HTTP/1.1 204 OK|\(name): 1234567||", ["204 0"], reader: reader
    )
    .check()
    HTTPCase("HTTP/1.1 204 OK|\(name): 12345678||", [], error, reader: reader).check()
    let interim = "HTTP/1.1 100 OK||"
    HTTPCase(interim + interim + "HTTP/1.1 204 x||", ["204 0"], reader: reader).check()
    HTTPCase(interim + interim + interim + "HTTP/1.1 204 x||", [], error, reader: reader).check()
    HTTPCase(Self.chunked + "0|a: b||", ["200 0"], reader: reader).check()
    HTTPCase(Self.chunked + "0|a: bcdefghijklmn||", [], error, reader: reader).check()
    let long = HTTPReplyError.bodyTooLong(limit: 10)
    HTTPCase("HTTP/1.1 200 OK||0123456789", [], atEnd: "200 10 last", reader: reader).check()
    HTTPCase("HTTP/1.1 200 OK||0123456789a", [], long, reader: reader).check()
    HTTPCase("HTTP/1.1 200 OK|Content-Length: 11||", [], long, reader: reader).check()
  }

  @Test func `Any bytes are read alike in any cut`() {
    var chance = Seeded(state: 20)
    let parts = [
      "HTTP/1.1 200 OK", "HTTP/1.0 404 x", "HTTP/1.1 100 c", "\r\n", "\n", "\r", "\r\n\r\n",
      "Content-Length: 3", "Content-Length: 5", "Transfer-Encoding: chunked", "Connection: close",
      "X: y", " ", "abc", "3", "0", "a;b", ":", ",", "\u{7F}",
    ]
    for _ in 0..<400 {
      let count = Int.random(in: 1...12, using: &chance)
      var stream = Bool.random(using: &chance) ? "HTTP/1.1 200 OK\r\n" : ""
      for _ in 0..<count { stream += parts.randomElement(using: &chance)! }
      _ = HTTPReplyReader().readingInEveryCut(bytes(stream))
    }
  }
}
