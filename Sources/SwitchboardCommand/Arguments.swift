import ArgumentParser
import Logging

/// The protocols that can be served.
enum ServedProtocol: String, CaseIterable, ExpressibleByArgument {
  case frames
}

/// The mechanisms a server can wait with.
enum Backend: String, CaseIterable, ExpressibleByArgument {
  case epoll, poll, select
}

/// What to print: messages at least this important.
enum LogLevel: String, CaseIterable, ExpressibleByArgument {
  case trace, debug, info, notice, warning, error, critical

  /// The logging system's name for it.
  var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}

/// A length of time as it is written on the command line: `30s`, or `never`.
struct Timeout: Hashable, CustomStringConvertible {
  /// Nil for never.
  let duration: Duration?
  let description: String

  static let never = Timeout(duration: nil, description: "never")

  static func seconds(_ count: Int) -> Timeout {
    Timeout(duration: .seconds(count), description: "\(count)s")
  }
}

/// Reads options whose values have bounds; what is thrown says what is allowed.
enum Read {
  /// A port to listen on; 0 asks for a free one.
  static func listeningPort(_ text: String) throws -> UInt16 {
    guard let port = UInt16(text) else {
      throw ValidationError("give a number from 0 to 65535; 0 takes a free port")
    }
    return port
  }

  /// A port to connect to.
  static func port(_ text: String) throws -> UInt16 {
    guard let port = UInt16(text), port > 0 else {
      throw ValidationError("give a number from 1 to 65535")
    }
    return port
  }

  /// A whole number within bounds.
  static func count(_ range: ClosedRange<Int>) -> @Sendable (String) throws -> Int {
    { text in
      guard let number = Int(text), range.contains(number) else {
        throw ValidationError(
          "give a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
  }

  /// A timeout that ends in time, perhaps at once.
  static func timeout(_ text: String) throws -> Timeout {
    guard let timeout = parseTimeout(text) else {
      throw ValidationError(
        "give a whole number with its unit (ms, s, m or h) up to 24h, such as 500ms or 10s")
    }
    return timeout
  }

  /// A timeout that may also be off, but not zero.
  static func timeoutOrNever(_ text: String) throws -> Timeout {
    if text == "never" { return .never }
    guard let timeout = parseTimeout(text), timeout.duration != .zero else {
      throw ValidationError(
        "give a whole number above 0 with its unit (ms, s, m or h) up to 24h, such as 30s, "
          + "or 'never'")
    }
    return timeout
  }

  private static func parseTimeout(_ text: String) -> Timeout? {
    let milliseconds = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
    guard let (unit, size) = milliseconds.first(where: { text.hasSuffix($0.0) }),
      let number = UInt32(text.dropLast(unit.count)), text.first != "+",
      Int(number) * size <= 86_400_000
    else { return nil }
    return Timeout(duration: .milliseconds(Int(number) * size), description: text)
  }
}
