/// What is wrong with a command. Where the next one begins is then unknown: tell the peer, and close.
///
/// ``description`` is worded as Redis does where Redis knows the error, since clients and their tests look for it.
public enum RESPError: Error, Hashable, Sendable {
  /// The number of arguments is none, or more than ``RESPLimits/arguments``.
  case invalidMultibulkLength
  /// The length of an argument is none, or more than ``RESPLimits/bulk``.
  case invalidBulkLength
  /// An argument does not begin with a dollar sign but with this byte.
  case expectedDollar(UInt8)
  /// There are other bytes behind an argument than its length lets expect.
  case expectedLineEnd
  /// A quote of an inline command is not closed, or something stands directly behind one that is.
  case unbalancedQuotes
  /// An inline command is longer than ``RESPLimits/line``.
  case inlineTooLong
  /// The line with the number of arguments is longer than ``RESPLimits/line``.
  case multibulkLineTooLong
  /// The line with an argument's length is longer than ``RESPLimits/line``.
  case bulkLineTooLong
  /// All of a command is longer than this many bytes, ``RESPLimits/command``.
  case commandTooLong(limit: Int)
}

extension RESPError: CustomStringConvertible {
  /// One line of text.
  public var description: String { "Protocol error: \(cause)" }

  private var cause: String {
    switch self {
    case .invalidMultibulkLength: "invalid multibulk length"
    case .invalidBulkLength: "invalid bulk length"
    case .expectedDollar(let byte): "expected '$', got '\(RESPError.shown(byte))'"
    case .expectedLineEnd: "expected a line end behind a bulk; see whether its length counts bytes"
    case .unbalancedQuotes: "unbalanced quotes in request"
    case .inlineTooLong: "too big inline request"
    case .multibulkLineTooLong: "too big mbulk count string"
    case .bulkLineTooLong: "too big bulk count string"
    case .commandTooLong(let limit):
      "too big command; send one of at most \(limit) bytes, or several"
    }
  }

  /// A byte as it may stand in a line.
  private static func shown(_ byte: UInt8) -> String {
    let isPrintable = (0x20..<0x7F).contains(byte)
    if isPrintable { return String(Unicode.Scalar(byte)) }
    let digits = String(byte, radix: 16)
    return "\\x" + (digits.count == 1 ? "0" : "") + digits
  }
}

/// How much a peer may ask for in one command.
public struct RESPLimits: Hashable, Sendable {
  /// The most bytes of an inline command, and of a line that tells a length, its end not counted: 64 KiB.
  public static let line = 65536

  /// The most arguments of a command, its name among them.
  public let arguments: Int
  /// The most bytes of an argument.
  public let bulk: Int
  /// The most bytes of a whole command, with the lengths and line ends between its arguments.
  public let command: Int

  /// Limits; those of Redis unless told otherwise.
  ///
  /// - Parameters:
  ///   - arguments: 1 to 2³¹-1.
  ///   - bulk: 1 to 2⁴⁰.
  ///   - command: 1 to 2⁴⁰; a command that holds an argument of `bulk` bytes is some longer.
  public init(arguments: Int = 1 << 20, bulk: Int = 512 << 20, command: Int = 1 << 30) {
    precondition((1...Int(Int32.max)).contains(arguments), "give 1 to 2^31-1 arguments")
    precondition((1...RESPLimits.most).contains(bulk), "give a bulk 1 to 2^40 bytes")
    precondition((1...RESPLimits.most).contains(command), "give a command 1 to 2^40 bytes")
    (self.arguments, self.bulk, self.command) = (arguments, bulk, command)
  }

  // So that sums of a few of them overflow nowhere.
  private static let most = 1 << 40
}
