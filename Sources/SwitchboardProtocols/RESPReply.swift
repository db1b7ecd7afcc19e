/// A reply of RESP, the protocol of Redis, that has come whole.
public struct RESPReply: Sendable, Hashable, BitwiseCopyable {
  /// Whether it is an error, a simple one or a long one. Errors within an array are values like any other.
  public let isError: Bool
  /// How many bytes it had, with attributes and pushed messages before it.
  public let count: Int

  /// A reply with these.
  public init(isError: Bool, count: Int) { (self.isError, self.count) = (isError, count) }
}

/// Why bytes are no reply of RESP, or none that is read here.
public enum RESPReplyError: Error, Sendable, Hashable, BitwiseCopyable {
  /// A value begins with a byte that no type of RESP 2 or 3 has.
  case typeUnknown(UInt8)
  /// A length is no number, or one that is not allowed there; streamed values (`$?`) are not read.
  case lengthMalformed
  /// A line, or a string, does not end with CR and LF.
  case endMissing
  /// The reply has more bytes than that, or will have.
  case replyTooLong(limit: Int)
  /// Values stand within values more deeply than that.
  case nestedTooDeeply(limit: Int)
}

extension RESPReplyError: CustomStringConvertible {
  /// What is wrong and what to do, in one line.
  public var description: String {
    switch self {
    case .typeUnknown(let byte):
      "no value of RESP begins with the byte \(byte): see whether the server speaks it there"
    case .lengthMalformed: "a malformed length: see what the server writes"
    case .endMissing: "a value goes on where it should end: see what the server writes"
    case .replyTooLong(let limit): "a reply of more than \(limit) bytes: ask for less"
    case .nestedTooDeeply(let limit):
      "values within values, more than \(limit) deep: ask for what is plainer"
    }
  }
}
