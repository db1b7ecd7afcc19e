import ArgumentParser
import Switchboard
import SwitchboardLoad

/// Reads the options of `switchboard load`.
extension Read {
  /// Which of the processes of a load this one is, and on which side of a comparison.
  struct Worker: Hashable {
    let number: Int
    let count: Int
    let side: Int
  }

  static func worker(_ text: String) throws -> Worker {
    let parts = text.split(separator: "/").compactMap { Int($0) }
    guard parts.count == 3, parts[0] >= 0, parts[0] < parts[1], (0...1).contains(parts[2]) else {
      throw ValidationError("give a number, how many there are, and the side, such as 0/2/0")
    }
    return Worker(number: parts[0], count: parts[1], side: parts[2])
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
      let unit = ["k": 1e3, "K": 1e3, "m": 1e6, "M": 1e6][part.last ?? " "]
      guard let number = Double(unit == nil ? part : part.dropLast()),
        case let rate = number * (unit ?? 1), rate > 0, rate <= 1e9
      else { throw ValidationError("give requests a second, such as 500, 10k or 1k,2k,5k") }
      return rate
    }
  }

  /// A condition on the result.
  static func assertion(_ text: String) throws -> LoadAssertion {
    guard let assertion = LoadAssertion(text) else {
      throw ValidationError("give \(LoadAssertion.grammar)")
    }
    return assertion
  }
}
