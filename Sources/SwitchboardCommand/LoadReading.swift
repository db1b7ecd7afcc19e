import ArgumentParser
import Switchboard
import SwitchboardLoad

/// Reads the options of `switchboard load`.
extension Read {
  /// A host and a port as they were written.
  struct Target: Hashable {
    let host: String
    let port: UInt16
  }

  /// Which of the processes of a load this one is.
  struct Worker: Hashable {
    let number: Int
    let count: Int
  }

  static func worker(_ text: String) throws -> Worker {
    let parts = text.split(separator: "/").compactMap { Int($0) }
    guard parts.count == 2, parts[0] >= 0, parts[0] < parts[1] else {
      throw ValidationError("give a number and how many there are, such as 0/2")
    }
    return Worker(number: parts[0], count: parts[1])
  }

  /// `host:port`, `[::1]:port`; several with commas between.
  static func targets(_ text: String) throws -> [Target] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let colon = part.lastIndex(of: ":"), colon > part.startIndex,
        let port = UInt16(part[part.index(after: colon)...]), port > 0
      else {
        throw ValidationError("'\(part)' is no server: give host:port, such as localhost:9090.")
      }
      return Target(host: String(part[..<colon]), port: port)
    }
  }

  /// Addresses, with commas between.
  static func sources(_ text: String) throws -> [SocketAddress] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let address = try? SocketAddress.resolve(String(part), port: 0).first else {
        throw ValidationError("give addresses of this machine, such as 127.0.0.2,127.0.0.3")
      }
      return address
    }
  }

  /// A payload's size.
  static func payload(_ text: String) throws -> PayloadSize {
    guard let size = PayloadSize(text) else {
      throw ValidationError("give bytes up to 1m, such as 16, 16..4k or exp:512")
    }
    return size
  }

  /// Rates, with commas between.
  static func rates(_ text: String) throws -> [Double] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      let unit = ["k": 1e3, "m": 1e6][part.last ?? " "]
      guard let number = Double(unit == nil ? part : part.dropLast()),
        case let rate = number * (unit ?? 1), rate > 0, rate <= 1e9
      else { throw ValidationError("give requests a second, such as 500, 10k or 1k,2k,5k") }
      return rate
    }
  }

  /// A time that is not zero.
  static func duration(_ text: String) throws -> Timeout {
    guard let timeout = try? timeoutOrNever(text), timeout != .never else {
      throw ValidationError(
        "give a whole number above 0 with its unit (ms, s, m or h) up to 24h, such as 500ms or 10s")
    }
    return timeout
  }

  /// A condition on the result.
  static func assertion(_ text: String) throws -> LoadAssertion {
    guard let assertion = LoadAssertion(text) else {
      throw ValidationError("give \(LoadAssertion.grammar)")
    }
    return assertion
  }
}
