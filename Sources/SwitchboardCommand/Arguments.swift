import ArgumentParser
import Logging
import Switchboard

/// The protocols that can be served.
enum ServedProtocol: String, CaseIterable, ExpressibleByArgument {
  case frames, echo, line, chat
}

/// The mechanisms a server can wait with, as they are written on the command line.
enum Backend: String, CaseIterable, ExpressibleByArgument {
  case auto
  case ioUring = "io_uring"
  case epoll, poll, select

  /// The library's name for it.
  var name: Server.BackendName { Server.BackendName(rawValue: rawValue) ?? .auto }
}

/// The ways to serve, as they are written on the command line.
enum Model: String, CaseIterable, ExpressibleByArgument {
  case sequential, threads, pool, select, poll, epoll
  case ioUring = "io_uring"
  case auto

  /// The library's name for it.
  var name: Server.BackendName { Server.BackendName(rawValue: rawValue) ?? .auto }
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

/// A number of bytes as it is written on the command line: `64k`.
struct Size: Hashable, CustomStringConvertible {
  let bytes: Int
  let description: String
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

  /// A number of bytes within bounds.
  static func size(_ range: ClosedRange<Int>) -> @Sendable (String) throws -> Size {
    { text in
      guard let bytes = parseSize(text), range.contains(bytes) else {
        throw ValidationError(
          "give a number of bytes from \(range.lowerBound) to \(range.upperBound), "
            + "or of k or m, such as 64k or 8m")
      }
      return Size(bytes: bytes, description: text)
    }
  }

  private static func parseSize(_ text: String) -> Int? {
    guard let last = text.last, text.first != "+" else { return nil }
    let units: [Character: Int] = ["k": 1 << 10, "m": 1 << 20]
    let unit = units[last]
    guard let number = UInt32(unit == nil ? text[...] : text.dropLast()) else { return nil }
    return Int(number) * (unit ?? 1)
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
