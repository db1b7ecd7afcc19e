/// Something that a header of the PROXY protocol says behind its addresses: a type, and bytes.
public struct ProxyValue: Hashable, Sendable {
  /// What it is about: one of those below, or any number, of which 0xE0 to 0xEF are for everybody's own use.
  public struct Kind: RawRepresentable, Hashable, Sendable {
    /// As it goes over the wire.
    public let rawValue: UInt8
    /// Any number.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The protocol above, as TLS names it.
    public static let alpn = Kind(rawValue: 0x01)
    /// The host that the client wanted.
    public static let authority = Kind(rawValue: 0x02)
    /// The header's checksum.
    public static let checksum = Kind(rawValue: 0x03)
    /// Nothing: padding.
    public static let padding = Kind(rawValue: 0x04)
    /// The connection's name.
    public static let uniqueID = Kind(rawValue: 0x05)
    /// What was agreed on by TLS: see ``ProxiedTLS``.
    public static let tls = Kind(rawValue: 0x20)
    /// The network's namespace.
    public static let networkNamespace = Kind(rawValue: 0x30)

    /// Within ``tls``: the version, in words.
    public static let tlsVersion = Kind(rawValue: 0x21)
    /// Within ``tls``: the common name of the client's certificate.
    public static let tlsCommonName = Kind(rawValue: 0x22)
    /// Within ``tls``: the cipher.
    public static let tlsCipher = Kind(rawValue: 0x23)
    /// Within ``tls``: how the certificate was signed.
    public static let tlsSignatureAlgorithm = Kind(rawValue: 0x24)
    /// Within ``tls``: what the certificate's key is.
    public static let tlsKeyAlgorithm = Kind(rawValue: 0x25)
  }

  /// What it is about.
  public let kind: Kind
  /// What is said.
  public let bytes: [UInt8]

  /// - Parameters:
  ///   - kind: What it is about.
  ///   - bytes: What is said.
  public init(_ kind: Kind, _ bytes: [UInt8]) { (self.kind, self.bytes) = (kind, bytes) }
}

/// The values of a header, in their order. They lie as they came over the wire, in one piece of memory that is no larger
/// than the header.
public struct ProxyValues: Hashable, Sendable, Sequence {
  /// Of a type and a length.
  static let headCount = 3
  /// As they go over the wire.
  private(set) var wire: [UInt8] = []
  /// One could not be written down: so long were they all.
  private(set) var excess: Int?

  init() {}

  /// - Parameter bytes: As they came over the wire.
  init(_ bytes: Span<UInt8>) {
    wire.reserveCapacity(bytes.count)
    for index in bytes.indices { wire.append(bytes[index]) }
  }

  mutating func add(_ kind: ProxyValue.Kind, _ bytes: [UInt8]) {
    guard bytes.count <= ProxyHeader.longest else {
      excess = (excess ?? wire.count) &+ bytes.count
      return
    }
    wire.append(kind.rawValue)
    wire.append(UInt8(truncatingIfNeeded: bytes.count >> 8))
    wire.append(UInt8(truncatingIfNeeded: bytes.count))
    wire += bytes
  }

  /// Those of a kind.
  func first(_ kind: ProxyValue.Kind) -> [UInt8]? { first { $0.kind == kind }?.bytes }

  func text(_ kind: ProxyValue.Kind) -> String? {
    first(kind).map { String(decoding: $0, as: UTF8.self) }
  }

  /// One after the other. What is cut off ends them.
  public struct Iterator: IteratorProtocol {
    fileprivate let wire: [UInt8]
    fileprivate var place = 0

    /// The next one.
    public mutating func next() -> ProxyValue? {
      guard let value = ProxyValues.value(in: wire.span, at: place) else { return nil }
      let kind = ProxyValue.Kind(rawValue: wire[place])
      place = value.upperBound
      return ProxyValue(kind, Array(wire[value]))
    }
  }

  /// One after the other.
  public func makeIterator() -> Iterator { Iterator(wire: wire) }

  /// Where the bytes of a value are that begins at a place; nil where it is cut off.
  static func value(in wire: Span<UInt8>, at place: Int) -> Range<Int>? {
    guard place >= 0, wire.count - place >= headCount else { return nil }
    let count = Int(wire[place + 1]) << 8 | Int(wire[place + 2])
    let start = place + headCount
    return count <= wire.count - start ? start..<start + count : nil
  }

  /// Whether values fill a part of a header to its end.
  static func areWhole(_ wire: Span<UInt8>) -> Bool {
    var place = 0
    while place < wire.count {
      guard let value = value(in: wire, at: place) else { return false }
      place = value.upperBound
    }
    return true
  }
}

/// What a proxy says of the TLS that its client spoke.
public struct ProxiedTLS: Hashable, Sendable {
  /// Of the flags and the outcome.
  static let headCount = 5

  /// How the client came.
  public struct Client: OptionSet, Hashable, Sendable {
    /// As it goes over the wire.
    public let rawValue: UInt8
    /// Any flags.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// By TLS.
    public static let tls = Client(rawValue: 1)
    /// It has shown a certificate on this connection.
    public static let certificate = Client(rawValue: 2)
    /// It has shown one at least once in this session.
    public static let certificateOfSession = Client(rawValue: 4)
  }

  /// How the client came.
  public let client: Client
  /// 0 where the client has shown a certificate that was found to be good.
  public let verification: UInt32
  /// The values within.
  public let values: ProxyValues

  init?(_ bytes: [UInt8]) {
    guard bytes.count >= ProxiedTLS.headCount else { return nil }
    client = Client(rawValue: bytes[0])
    verification = bytes[1..<ProxiedTLS.headCount].reduce(0) { $0 << 8 | UInt32($1) }
    values = ProxyValues(bytes.span.extracting(ProxiedTLS.headCount...))
  }

  /// Whether the client has shown a certificate that was found to be good.
  public var isVerified: Bool { verification == 0 && client.contains(.certificateOfSession) }
  /// The version, such as `TLSv1.3`.
  public var version: String? { values.text(.tlsVersion) }
  /// The common name of the client's certificate.
  public var commonName: String? { values.text(.tlsCommonName) }
  /// The cipher.
  public var cipher: String? { values.text(.tlsCipher) }
}
