// What a proxy sends.
extension ProxyHeader {
  /// The header as it goes over the wire.
  ///
  /// Version 1 has no word for anything but a client of TCP, and no values: what it cannot say is `UNKNOWN`, and the
  /// values are left out. A connection of the proxy's own (``Command/local``) has neither addresses nor values.
  /// Where one address is IPv4 and the other IPv6, both go as IPv6.
  ///
  /// - Parameter checksum: Version 2: adds one. One that was read is left out in any case: it was that of the
  ///   header that had come.
  /// - Throws: ``ProxyHeaderFault/tooLong(_:)``, ``ProxyHeaderFault/identifierTooLong(_:)``.
  public func encoded(checksum: Bool = false) throws(ProxyHeaderFault) -> [UInt8] {
    switch version {
    case .v1: line
    case .v2: try binary(checksum)
    }
  }

  /// The two addresses in one family; nil where they are not known.
  private var ends: (SocketAddress, SocketAddress)? {
    guard command == .proxy, let source = source?.unmapped,
      let destination = destination?.unmapped
    else { return nil }
    if source.family == destination.family { return (source, destination) }
    guard source.family != .unix, destination.family != .unix else { return nil }
    return (source.mapped, destination.mapped)
  }

  // ------------------------------------------------------------------------------- version 1

  private var line: [UInt8] {
    guard transport == .stream, let (from, to) = ends, from.family != .unix else {
      return Array("PROXY UNKNOWN\r\n".utf8)
    }
    let family = from.family == .v4 ? "TCP4" : "TCP6"
    let text = "PROXY \(family) \(from.bareHost) \(to.bareHost) \(from.port) \(to.port)\r\n"
    return Array(text.utf8)
  }

  // ------------------------------------------------------------------------------- version 2

  private func binary(_ checksum: Bool) throws(ProxyHeaderFault) -> [UInt8] {
    if let excess = values.excess { throw .tooLong(excess) }
    var bytes = ProxyHeader.signature
    bytes.append(Version.v2.rawValue << 4 | command.rawValue)
    appendEnds(to: &bytes)
    if command == .proxy {
      for value in values where value.kind != .checksum {
        if value.kind == .uniqueID, value.bytes.count > ProxyHeader.longestIdentifier {
          throw .identifierTooLong(value.bytes.count)
        }
        bytes.append(value)
      }
    }
    let isSummed = checksum && command == .proxy
    if isSummed {
      bytes.append(ProxyValue(.checksum, Array(repeating: 0, count: ProxyHeader.checksumCount)))
    }
    guard bytes.count <= ProxyHeader.longest else { throw .tooLong(bytes.count) }
    let length = bytes.count - Place.block
    bytes[Place.length] = UInt8(truncatingIfNeeded: length >> 8)
    bytes[Place.length + 1] = UInt8(truncatingIfNeeded: length)
    if isSummed {
      let sum = CRC32C.of(bytes.span)
      bytes.removeLast(ProxyHeader.checksumCount)
      bytes.append(number: UInt64(sum), ProxyHeader.checksumCount)
    }
    return bytes
  }

  /// Family and transport, room for the length, and the addresses.
  private func appendEnds(to bytes: inout [UInt8]) {
    guard transport != .unspecified, let (from, to) = ends else {
      bytes += [0, 0, 0]
      return
    }
    let kind: Addresses =
      switch from.family {
      case .v4: .v4
      case .v6: .v6
      case .unix: .unix
      }
    bytes += [kind.rawValue << 4 | transport.rawValue, 0, 0]
    for address in [from, to] { bytes.append(address) }
    guard kind != .unix else { return }
    for address in [from, to] { bytes.append(number: UInt64(address.port), 2) }
  }
}

extension [UInt8] {
  /// A number in network order.
  fileprivate mutating func append(number: UInt64, _ count: Int) {
    for place in (0..<count).reversed() {
      append(UInt8(truncatingIfNeeded: number >> UInt64(8 * place)))
    }
  }

  /// An address without its port.
  fileprivate mutating func append(_ address: SocketAddress) {
    switch address.family {
    case .v4: append(number: address.low, 4)
    case .v6:
      append(number: address.high, 8)
      append(number: address.low, 8)
    case .unix:
      let name = address.name.prefix(ProxyHeader.pathCount)
      self += name
      self += repeatElement(0, count: ProxyHeader.pathCount - name.count)
    }
  }

  fileprivate mutating func append(_ value: ProxyValue) {
    append(value.kind.rawValue)
    append(number: UInt64(value.bytes.count), 2)
    self += value.bytes
  }
}

extension SocketAddress {
  /// An IPv4 address as it is mapped into IPv6; others as they are.
  fileprivate var mapped: SocketAddress {
    guard family == .v4 else { return self }
    return SocketAddress(family: .v6, low: 0xFFFF << 32 | low, port: port)
  }

  /// The address without port and interface.
  fileprivate var bareHost: String {
    SocketAddress(family: family, high: high, low: low, port: port).host
  }
}
