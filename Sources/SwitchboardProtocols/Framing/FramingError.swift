/// What is wrong with a frame that came, or with a payload that was to be written as one.
public enum FramingError: Error, Sendable, Hashable {
  /// A frame came whose payload is longer than the reader's limit, in bytes.
  case frameTooLong(limit: Int)
  /// A frame came whose length is none: no number, one of more than 64 bits, or one that is
  /// to count itself and is less than that.
  case lengthMalformed
  /// A frame came that does not end where its length says.
  case endMissing
  /// A payload was to be written that is longer than a prefix can tell of, in bytes.
  case payloadTooLong(most: Int)
  /// A payload was to be written that has within it what would end its frame.
  case payloadEndsFrame
  /// A payload was to be written that has not so many bytes as each frame has.
  case payloadNotExact(count: Int)
}

extension FramingError: CustomStringConvertible {
  /// What is wrong and what to do, in one line.
  public var description: String {
    let close = "close the connection"
    return switch self {
    case .frameTooLong(let limit):
      "a frame is longer than \(limit) bytes; \(close), or give its reader a larger limit"
    case .lengthMalformed:
      "a frame's length is malformed; \(close), and see whether both sides frame alike"
    case .endMissing:
      "a frame goes on where it should end; \(close), and see whether both sides frame alike"
    case .payloadTooLong(let most):
      "a payload is longer than the \(most) bytes that its prefix can tell of; take a wider one"
    case .payloadEndsFrame:
      "a payload has within it what ends a frame; escape that, or take a length prefix"
    case .payloadNotExact(let count):
      "a payload has not the \(count) bytes of each frame; fill it up, or take a length prefix"
    }
  }
}
