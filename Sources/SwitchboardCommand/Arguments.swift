import ArgumentParser
import Logging
import Switchboard
import SwitchboardBase
import SwitchboardLab

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

/// A length of time as it is written on the command line: `30s`, `1.5s`, or `never`.
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

  /// Where to listen: `host:port`, `[::1]:port`, or a port.
  static func listeningAddress(_ text: String) throws -> HostPort {
    guard let address = HostPort(text) else {
      throw ValidationError(
        "'\(text)' is no place to listen: give host:port or a port from 0 to 65535, such as "
          + "127.0.0.1:9090, [::1]:9090 or 9090.")
    }
    return address
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

  /// A time, perhaps none at all.
  static func time(_ text: String) throws -> Timeout {
    try time(text, .zero ... .seconds(86_400), "a time up to 24h")
  }

  /// A time that is not zero.
  static func timeAboveZero(_ text: String) throws -> Timeout {
    try time(text, .nanoseconds(1) ... .seconds(86_400), "a time above 0, up to 24h")
  }

  /// A time that is not zero, or no end at all.
  static func timeOrNever(_ text: String) throws -> Timeout {
    if text == "never" { return .never }
    return try time(
      text, .nanoseconds(1) ... .seconds(86_400), "'never', or a time above 0, up to 24h")
  }

  /// The one reader of times: `500ms`, `1.5s`, `2m`.
  ///
  /// - Parameter allowed: The bounds in words.
  static func time(_ text: String, _ range: ClosedRange<Duration>, _ allowed: String) throws
    -> Timeout
  {
    guard let duration = Figures.time(text), range.contains(duration) else {
      throw ValidationError(
        "give \(allowed), with its unit (ns, us, ms, s, m or h), such as 500ms or 10s")
    }
    return Timeout(duration: duration, description: text)
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
}
