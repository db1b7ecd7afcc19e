/// Addresses that begin alike: `10.0.0.0/8`, `2001:db8::/32`; one address alone; or everybody who comes through
/// Unix-domain sockets.
public struct AddressPrefix: Hashable, Sendable {
  private let first: SocketAddress
  private let bits: Int

  /// Whoever connects through a Unix-domain socket, which its file's mode decides about.
  public static let unix = AddressPrefix(first: .unix(""), bits: 0)

  private init(first: SocketAddress, bits: Int) { (self.first, self.bits) = (first, bits) }

  /// One address, whatever its port.
  public init(_ address: SocketAddress) {
    var plain = address.unmapped
    plain.port = 0
    if plain.family == .unix { plain = .unix("") }
    self.init(first: plain, bits: AddressPrefix.width(plain.family))
  }

  /// As it is written: an address in numbers, and perhaps how many of its bits count, from the first; or `unix`.
  /// IPv4 addresses mapped into IPv6 are taken as IPv4.
  ///
  /// Nil for anything else, also where bits are set that do not count: `10.0.0.1/8` is a slip, and nobody should be
  /// trusted by one.
  public init?(_ text: String) {
    if text == "unix" {
      self = .unix
      return
    }
    let utf8 = Array(text.utf8)
    let slash = utf8.firstIndex(of: UInt8(ascii: "/")) ?? utf8.count
    guard let written = AddressText.address(utf8.span.extracting(..<slash)) else { return nil }
    var bits = AddressPrefix.width(written.family)
    if slash < utf8.count {
      let number = utf8.span.extracting((slash + 1)...)
      guard let read = AddressText.decimal(number, most: bits) else { return nil }
      bits = read
    }
    let plain = written.unmapped
    if plain.family != written.family {
      guard bits >= AddressPrefix.mapping else { return nil }
      bits -= AddressPrefix.mapping
    }
    self.init(first: plain, bits: bits)
    guard isFirst(of: plain) else { return nil }
  }

  /// How many bits come before an IPv4 address that is mapped into IPv6.
  private static let mapping = 96

  private static func width(_ family: SocketAddress.Family) -> Int {
    switch family {
    case .v4: 32
    case .v6: 128
    case .unix: 0
    }
  }

  /// Whether an address is one of them. An IPv4 address is itself, also where it comes mapped into IPv6.
  public func contains(_ address: SocketAddress) -> Bool {
    let plain = address.unmapped
    guard plain.family == first.family else { return false }
    let (high, low) = masked(plain)
    return high == first.high && low == first.low
  }

  private func isFirst(of address: SocketAddress) -> Bool {
    let (high, low) = masked(address)
    return high == address.high && low == address.low
  }

  /// What counts of an address. Shifts beyond a number's width leave nothing of it.
  private func masked(_ address: SocketAddress) -> (high: UInt64, low: UInt64) {
    switch address.family {
    case .unix: (0, 0)
    case .v4: (0, address.low & (UInt64.max << (32 - bits)))
    case .v6:
      (
        address.high & (UInt64.max << max(0, 64 - bits)),
        address.low & (UInt64.max << (128 - max(64, bits)))
      )
    }
  }
}

extension AddressPrefix: CustomStringConvertible {
  /// As it is written.
  public var description: String {
    if first.family == .unix { return "unix" }
    return bits == AddressPrefix.width(first.family) ? first.host : "\(first.host)/\(bits)"
  }
}
