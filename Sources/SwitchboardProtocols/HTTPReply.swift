/// A reply of HTTP/1.1 that has come whole.
public struct HTTPReply: Sendable, Hashable, BitwiseCopyable {
  /// The status code, from 200 to 999; interim replies (1xx) are passed over.
  public let status: Int
  /// How many bytes the body had, those that divide chunks not counted.
  public let bodyCount: Int
  /// Whether the connection carries no further reply: the server says that it closes it, or the body
  /// lasted until it did. What was sent behind the request it must not have looked at (RFC 9112, 9.6).
  public let isLast: Bool

  /// A reply with these.
  public init(status: Int, bodyCount: Int, isLast: Bool) {
    (self.status, self.bodyCount, self.isLast) = (status, bodyCount, isLast)
  }
}

/// Why bytes are no reply of HTTP/1.1, or none that is read here.
public enum HTTPReplyError: Error, Sendable, Hashable, BitwiseCopyable {
  /// It does not begin with `HTTP/1.`, a digit, and a status of three digits.
  case statusLineMalformed
  /// A line of the header section is no name, colon and value; or one that says how long the body is, or
  /// whether the connection stays, goes on in the next line.
  case headerMalformed
  /// The header section, with the status line, interim replies and trailers, has more bytes than that.
  case headerTooLong(limit: Int)
  /// A Content-Length is no number, or `chunked` stands twice.
  case lengthMalformed
  /// There are several lengths that differ, or a Content-Length beside a Transfer-Encoding.
  case lengthsContradict
  /// The body, or its next chunk, would reach beyond so many bytes.
  case bodyTooLong(limit: Int)
  /// A chunk does not begin with its size, its line has no end in sight, or it goes on where it should end.
  case chunkMalformed
  /// The server goes on in another protocol (status 101).
  case protocolSwitched
  /// The stream has ended within a reply.
  case cutOff
}

extension HTTPReplyError: CustomStringConvertible {
  /// What is wrong and what to do, in one line.
  public var description: String {
    switch self {
    case .statusLineMalformed: "no status line of HTTP/1: see whether the server speaks it there"
    case .headerMalformed: "a malformed header line: see what the server, or a proxy, writes"
    case .headerTooLong(let limit): "a header section of more than \(limit) bytes: ask for less"
    case .lengthMalformed: "a malformed length: see what the server, or a proxy, writes"
    case .lengthsContradict: "lengths that contradict each other: see what the server writes"
    case .bodyTooLong(let limit): "a body of more than \(limit) bytes: ask for less"
    case .chunkMalformed: "a malformed chunk: see what the server, or a proxy, writes"
    case .protocolSwitched: "status 101, another protocol from there on: ask without 'Upgrade'"
    case .cutOff: "the connection ended within a reply: see the server's log"
    }
  }
}
