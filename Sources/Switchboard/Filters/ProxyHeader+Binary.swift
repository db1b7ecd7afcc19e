// Version 2 of the protocol.
extension ProxyHeader {
  /// Where things are, and how long.
  enum Place {
    static let command = 12
    static let family = 13
    static let length = 14
    /// The addresses, and behind them the values.
    static let block = 16
  }

  /// What the addresses are: the upper half of the byte that tells families and transports.
  enum Addresses: UInt8 {
    case unspecified = 0
    case v4 = 1
    case v6 = 2
    case unix = 3

    /// Bytes of both addresses, with their ports.
    var count: Int {
      switch self {
      case .unspecified: 0
      case .v4: 12
      case .v6: 36
      case .unix: 216
      }
    }
  }

  /// What a byte tells of family and transport; nil for one that the specification does not have. Of those pairs
  /// that it has and gives no meaning, the addresses are not taken.
  private static func kind(_ byte: UInt8) -> (addresses: Addresses, transport: Transport)? {
    guard let addresses = Addresses(rawValue: byte >> 4),
      let transport = Transport(rawValue: byte & 0xF)
    else { return nil }
    if addresses == .unspecified || transport == .unspecified {
      return (.unspecified, .unspecified)
    }
    return (addresses, transport)
  }

  static func readBinary(_ bytes: Span<UInt8>) -> ProxyHeaderReading {
    guard bytes.count > Place.command else { return .incomplete }
    let said = bytes[Place.command]
    guard said >> 4 == Version.v2.rawValue else { return .wrong(.wrongVersion(said >> 4)) }
    guard let command = Command(rawValue: said & 0xF) else {
      return .wrong(.wrongCommand(said & 0xF))
    }
    guard bytes.count > Place.family else { return .incomplete }
    // Of a connection for the proxy's own purposes all the rest is passed over, whatever it says: an address taken
    // from there would be one that nobody vouches for.
    let isLocal = command == .local
    guard let kind = isLocal ? (.unspecified, .unspecified) : kind(bytes[Place.family]) else {
      return .wrong(.wrongFamily(bytes[Place.family]))
    }
    guard bytes.count >= Place.block else { return .incomplete }
    let length = Int(bytes[Place.length]) << 8 | Int(bytes[Place.length + 1])
    let count = Place.block + length
    if count > longest { return .wrong(.tooLong(count)) }
    if length < kind.addresses.count { return .wrong(.addressesCutOff) }
    guard bytes.count >= count else { return .incomplete }
    var header = ProxyHeader(command)
    if isLocal { return .whole(header, count: count) }
    header.transport = kind.transport
    header.readAddresses(bytes, kind.addresses)
    let whole = bytes.extracting(..<count)
    let start = Place.block + kind.addresses.count
    if let fault = fault(of: whole, valuesFrom: start) {
      // What stands there in place of addresses that are not known need not be values.
      guard kind.addresses == .unspecified, fault != .wrongChecksum else { return .wrong(fault) }
      return .whole(header, count: count)
    }
    if start < count { header.values = ProxyValues(whole.extracting(start...)) }
    return .whole(header, count: count)
  }

  // ------------------------------------------------------------------------------- addresses

  private mutating func readAddresses(_ bytes: Span<UInt8>, _ kind: Addresses) {
    let start = Place.block
    switch kind {
    case .unspecified: break
    case .v4:
      let ports = start + 8
      source = Self.v4(bytes, start, port: ports)
      destination = Self.v4(bytes, start + 4, port: ports + 2)
    case .v6:
      let ports = start + 32
      source = Self.v6(bytes, start, port: ports)
      destination = Self.v6(bytes, start + 16, port: ports + 2)
    case .unix:
      source = Self.unix(bytes, start)
      destination = Self.unix(bytes, start + Self.pathCount)
    }
  }

  /// Room for the path of a Unix-domain socket.
  static let pathCount = 108

  private static func number(_ bytes: Span<UInt8>, _ start: Int, _ count: Int) -> UInt64 {
    var value = UInt64(0)
    for index in start..<start + count { value = value << 8 | UInt64(bytes[index]) }
    return value
  }

  private static func v4(_ bytes: Span<UInt8>, _ start: Int, port: Int) -> SocketAddress {
    SocketAddress(
      family: .v4, low: number(bytes, start, 4),
      port: UInt16(truncatingIfNeeded: number(bytes, port, 2)))
  }

  private static func v6(_ bytes: Span<UInt8>, _ start: Int, port: Int) -> SocketAddress {
    let address = SocketAddress(
      family: .v6, high: number(bytes, start, 8), low: number(bytes, start + 8, 8),
      port: UInt16(truncatingIfNeeded: number(bytes, port, 2)))
    return address.unmapped
  }

  /// A path ends at its first zero; the name of an abstract socket, which begins with one, where nothing but
  /// zeroes follows.
  private static func unix(_ bytes: Span<UInt8>, _ start: Int) -> SocketAddress {
    var name: [UInt8] = []
    for index in start..<start + pathCount { name.append(bytes[index]) }
    if name[0] != 0 { return SocketAddress(unixName: Array(name.prefix { $0 != 0 })) }
    while name.last == 0 { name.removeLast() }
    return SocketAddress(unixName: name)
  }

  // ---------------------------------------------------------------------------------- values

  /// What is wrong with the values of a header.
  private static func fault(of header: Span<UInt8>, valuesFrom start: Int) -> ProxyHeaderFault? {
    var place = start
    var checksum: Range<Int>?
    while place < header.count {
      guard let value = ProxyValues.value(in: header, at: place) else { return .valueCutOff }
      switch ProxyValue.Kind(rawValue: header[place]) {
      case .checksum:
        guard value.count == checksumCount, checksum == nil else { return .malformedChecksum }
        checksum = value
      case .uniqueID where value.count > longestIdentifier: return .identifierTooLong(value.count)
      case .tls:
        guard value.count >= ProxiedTLS.headCount,
          ProxyValues.areWhole(header.extracting(value.dropFirst(ProxiedTLS.headCount)))
        else { return .tlsCutOff }
      default: break
      }
      place = value.upperBound
    }
    guard let checksum else { return nil }
    let found = UInt32(truncatingIfNeeded: number(header, checksum.lowerBound, checksumCount))
    return found == CRC32C.of(header, blanking: checksum) ? nil : .wrongChecksum
  }

  static let checksumCount = 4
}
