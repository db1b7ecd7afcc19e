internal import CKernel

/// An IPv4 or IPv6 address with a port.
///
/// Parsing and printing follow RFC 4291 and RFC 5952: `127.0.0.1:9090`, `[::1]:9090`.
public struct SocketAddress: Hashable, Sendable {
  /// The address family.
  public enum Family: UInt8, Hashable, Sendable {
    /// IPv4, `AF_INET`.
    case v4
    /// IPv6, `AF_INET6`.
    case v6
  }

  /// IPv4 or IPv6.
  public let family: Family
  /// The port; 0 asks the system for a free one when listening.
  public var port: UInt16
  /// IPv6: the interface of a link-local address, otherwise 0.
  public let scope: UInt32
  /// IPv6: the upper half in host order.
  let high: UInt64
  /// IPv6: the lower half; IPv4: the address. In host order.
  let low: UInt64

  init(family: Family, high: UInt64 = 0, low: UInt64, scope: UInt32 = 0, port: UInt16) {
    self.family = family
    self.high = high
    self.low = low
    self.scope = scope
    self.port = port
  }

  /// 127.0.0.1 or ::1, reachable from this machine alone.
  public static func loopback(_ family: Family = .v4, port: UInt16) -> SocketAddress {
    SocketAddress(family: family, low: family == .v4 ? 0x7F00_0001 : 1, port: port)
  }

  /// All addresses of this machine, 0.0.0.0 or ::.
  public static func any(_ family: Family = .v4, port: UInt16) -> SocketAddress {
    SocketAddress(family: family, low: 0, port: port)
  }

  /// Whether only this machine can reach it: 127.0.0.0/8, ::1, or the former mapped into IPv6.
  public var isLoopback: Bool {
    let plain = unmapped
    return plain.family == .v4
      ? plain.low >> 24 == 127 : plain.high == 0 && plain.low == 1
  }

  /// An IPv4 address that came mapped into IPv6 (`::ffff:192.0.2.1`) as IPv4; others as they are.
  public var unmapped: SocketAddress {
    guard family == .v6, high == 0, low >> 32 == 0xFFFF else { return self }
    return SocketAddress(family: .v4, low: low & 0xFFFF_FFFF, port: port)
  }
}

extension SocketAddress: CustomStringConvertible {
  /// Address and port: `127.0.0.1:9090` or `[::1]:9090`.
  public var description: String {
    family == .v4 ? "\(host):\(port)" : "[\(host)]:\(port)"
  }

  /// The address without the port.
  public var host: String {
    switch family {
    case .v4: return SocketAddress.dotted(low)
    case .v6:
      if high == 0, low >> 32 == 0xFFFF { return "::ffff:" + SocketAddress.dotted(low) }
      let zone = scope == 0 ? "" : "%\(scope)"
      return SocketAddress.colons(high, low) + zone
    }
  }

  private static func dotted(_ address: UInt64) -> String {
    let parts = [24, 16, 8, 0].map { String(UInt8(truncatingIfNeeded: address >> UInt64($0))) }
    return parts.joined(separator: ".")
  }

  /// RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as `::`.
  private static func colons(_ high: UInt64, _ low: UInt64) -> String {
    let groups = [high, low].flatMap { half in
      [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: half >> UInt64($0)) }
    }
    var best = 0..<0
    var at = 0
    while at < groups.count {
      let end = groups[at...].firstIndex { $0 != 0 } ?? groups.count
      if end - at > best.count { best = at..<end }
      at = end + 1
    }
    let text = { (range: Range<Int>) in
      groups[range].map { String($0, radix: 16) }.joined(separator: ":")
    }
    guard best.count >= 2 else { return text(0..<8) }
    return text(0..<best.lowerBound) + "::" + text(best.upperBound..<8)
  }
}

extension SocketAddress {
  /// Why a host could not be turned into addresses.
  public struct ResolutionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The host as it was given.
    public let host: String
    /// One line with the next action.
    public var description: String {
      "cannot resolve host '\(host)'; give an IPv4 or IPv6 address or a name this machine knows"
    }
  }

  /// The addresses of a host: itself for an address in numbers, otherwise what the system's
  /// resolver answers (`getaddrinfo(3)`), which may block: call it before the loop runs.
  ///
  /// At most 16, in the resolver's order.
  public static func resolve(_ host: String, port: UInt16) throws(ResolutionError)
    -> [SocketAddress]
  {
    let unbracketed =
      host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    guard !unbracketed.isEmpty, !unbracketed.utf8.contains(0) else {
      throw ResolutionError(host: host)
    }
    var found = [ck_address](repeating: ck_address(), count: 16)
    let count = unsafe ck_resolve(unbracketed, port, &found, 16)
    guard count > 0 else { throw ResolutionError(host: host) }
    return found.prefix(count).compactMap(SocketAddress.init)
  }

  init?(_ raw: ck_address) {
    switch Int32(raw.family) {
    case AF_INET: self.init(family: .v4, low: raw.low, port: raw.port)
    case AF_INET6:
      self.init(family: .v6, high: raw.high, low: raw.low, scope: raw.scope, port: raw.port)
    default: return nil
    }
  }

  var raw: ck_address {
    ck_address(
      high: high, low: low, scope: scope, port: port,
      family: UInt16(family == .v4 ? AF_INET : AF_INET6))
  }
}
