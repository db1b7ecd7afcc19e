/// Why a command was not carried out. The texts are those that clients of Redis know.
enum CommandError: Error {
  case wrongType
  case notInteger
  case notFloat
  case outOfRange
  case overflow
  case notANumber
  case syntax
  case invalidExpiry(CommandName)
  case memory
  case valueTooLong
  case nameTooLong
  case unknownPart(of: CommandName, String)
  case other(String)

  var text: String {
    switch self {
    case .wrongType: "WRONGTYPE Operation against a key holding the wrong kind of value"
    case .notInteger: "ERR value is not an integer or out of range"
    case .notFloat: "ERR value is not a valid float"
    case .outOfRange: "ERR value is out of range, must be positive"
    case .overflow: "ERR increment or decrement would overflow"
    case .notANumber: "ERR increment would produce NaN or Infinity"
    case .syntax: "ERR syntax error"
    case .invalidExpiry(let name): "ERR invalid expire time in '\(name.rawValue)' command"
    case .memory: "OOM command not allowed when used memory > 'maxmemory'."
    case .valueTooLong: "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
    case .nameTooLong:
      "ERR names and patterns have at most \(Channels.longestName) bytes; take a shorter one"
    case .unknownPart(let name, let part):
      "ERR unknown subcommand or wrong number of arguments for '\(part.prefix(128))' "
        + "of \(name.rawValue.uppercased())"
    case .other(let text): text
    }
  }
}
