internal import CKernel

/// An IPv4 or IPv6 address with a port, or the name of a Unix-domain socket.
///
/// Parsing and printing follow RFC 4291 and RFC 5952: `127.0.0.1:9090`, `[::1]:9090`. Unix-domain sockets
/// are printed by their path, abstract ones with `@` before their name, as `ss(8)` does.
public struct SocketAddress: Hashable, Sendable {
  /// The address family.
  public enum Family: UInt8, Hashable, Sendable {
    /// IPv4, `AF_INET`.
    case v4
    /// IPv6, `AF_INET6`.
    case v6
    /// A socket of this machine, `AF_UNIX`: see unix(7).
    case unix
  }

  /// IPv4, IPv6 or Unix.
  public let family: Family
  /// The port; 0 asks the system for a free one when listening. Unix: 0.
  public var port: UInt16
  /// IPv6: the interface of a link-local address, otherwise 0.
  public let scope: UInt32
  /// IPv6: the upper half in host order.
  let high: UInt64
  /// IPv6: the lower half; IPv4: the address. In host order.
  let low: UInt64
  /// Unix: the path, or a zero and the abstract name; empty for a socket without one, as clients have.
  let name: [UInt8]

  init(family: Family, high: UInt64 = 0, low: UInt64, scope: UInt32 = 0, port: UInt16) {
    self.family = family
    self.high = high
    self.low = low
    self.scope = scope
    self.port = port
    name = []
  }

  init(unixName name: [UInt8]) {
    (family, high, low, scope, port) = (.unix, 0, 0, 0, 0)
    self.name = name
  }

  /// The Unix-domain socket at a path, of at most 107 bytes: a longer one is refused when it is used.
  public static func unix(_ path: String) -> SocketAddress {
    SocketAddress(unixName: Array(path.utf8))
  }

  /// The Unix-domain socket of that name in the abstract namespace, which has no file, no mode and no
  /// owner: whoever shares the network namespace may connect. At most 107 bytes.
  public static func abstract(_ name: String) -> SocketAddress {
    SocketAddress(unixName: [0] + name.utf8)
  }

  /// The path of a Unix-domain socket that has one.
  public var path: String? {
    name.first.map { $0 != 0 } ?? false ? String(decoding: name, as: UTF8.self) : nil
  }

  /// 127.0.0.1 or ::1, reachable from this machine alone.
  public static func loopback(_ family: Family = .v4, port: UInt16) -> SocketAddress {
    SocketAddress(family: family, low: family == .v4 ? 0x7F00_0001 : 1, port: port)
  }

  /// All addresses of this machine, 0.0.0.0 or ::.
  public static func any(_ family: Family = .v4, port: UInt16) -> SocketAddress {
    SocketAddress(family: family, low: 0, port: port)
  }

  /// Whether only this machine can reach it: 127.0.0.0/8, ::1, the former mapped into IPv6, or a
  /// Unix-domain socket.
  public var isLoopback: Bool {
    if family == .unix { return true }
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
  /// Address and port: `127.0.0.1:9090` or `[::1]:9090`; `/run/board.sock`, `@board`.
  public var description: String {
    switch family {
    case .v4: "\(host):\(port)"
    case .v6: "[\(host)]:\(port)"
    case .unix: host
    }
  }

  /// The address without the port.
  public var host: String {
    switch family {
    case .unix:
      if let path { return path }
      return name.isEmpty ? "unix" : "@" + String(decoding: name.dropFirst(), as: UTF8.self)
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
    let name = unbracketed(host)
    guard !name.isEmpty, !name.utf8.contains(0),
      case .addresses(let found) = Linux().addresses(of: name, port: port), !found.isEmpty
    else { throw ResolutionError(host: host) }
    return found
  }

  /// An address in numbers, also in brackets; nil for a name. Asks nobody.
  public init?(inNumbers host: String, port: UInt16) {
    let name = Self.unbracketed(host)
    guard !name.isEmpty, !name.utf8.contains(0),
      case .addresses(let found) = Linux().addresses(of: name, onlyNumbers: true, port: port),
      let first = found.first
    else { return nil }
    self = first
  }

  /// A host without the brackets that an IPv6 address may have.
  static func unbracketed(_ host: String) -> String {
    host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
  }

  init?(_ raw: ck_address) {
    switch Int32(raw.family) {
    case AF_INET: self.init(family: .v4, low: raw.low, port: raw.port)
    case AF_INET6:
      self.init(family: .v6, high: raw.high, low: raw.low, scope: raw.scope, port: raw.port)
    case AF_UNIX: self.init(unixName: [])
    default: return nil
    }
  }

  var raw: ck_address {
    ck_address(
      high: high, low: low, scope: scope, port: port,
      family: UInt16(family == .v4 ? AF_INET : AF_INET6))
  }
}
