/// What a proxy says of a connection before its first byte: whose it is, and where that one had connected to.
///
/// The PROXY protocol, versions 1 and 2, as HAProxy's `proxy-protocol.txt` has it. Addresses are data here: nothing
/// is asked of the system, so an IPv6 address may come on a machine without IPv6.
///
/// ```swift
/// var header = ProxyHeader(from: client, to: server)
/// header.add(.authority, Array("example.org".utf8))
/// let bytes = try header.encoded(checksum: true)
/// ```
public struct ProxyHeader: Hashable, Sendable {
  /// The most bytes that a header may have here, all told. The protocol's own bound is 65,551; what proxies send
  /// is far below, and NGINX holds to the same.
  public static let longest = 4096
  /// The most bytes of a line of version 1, with its end.
  public static let longestLine = 107
  /// The most bytes of ``uniqueID``.
  public static let longestIdentifier = 128

  /// A line of text, or binary.
  public enum Version: UInt8, Hashable, Sendable, CaseIterable {
    /// A line of text; addresses of TCP alone, and nothing behind them.
    case v1 = 1
    /// Binary, with values behind the addresses.
    case v2 = 2
  }

  /// Which versions are taken.
  public enum Versions: Hashable, Sendable, CaseIterable {
    /// Version 1 alone.
    case v1
    /// Version 2 alone.
    case v2
    /// Either.
    case any
  }

  /// What the connection is for.
  public enum Command: UInt8, Hashable, Sendable {
    /// The proxy's own purposes, such as a look whether the server is well. The connection's real ends hold.
    case local = 0
    /// Somebody behind the proxy.
    case proxy = 1
  }

  /// How the proxy was spoken to.
  public enum Transport: UInt8, Hashable, Sendable {
    /// It does not say.
    case unspecified = 0
    /// TCP, or a Unix-domain stream.
    case stream = 1
    /// UDP, or Unix-domain datagrams.
    case datagram = 2
  }

  /// One of the two ends.
  public enum Side: String, Hashable, Sendable {
    /// The client.
    case source
    /// Where it had connected to.
    case destination
  }

  /// How it was written, or is to be.
  public var version = Version.v2
  /// Whom the connection is for.
  public var command = Command.proxy
  /// How the proxy was spoken to.
  public var transport = Transport.unspecified
  /// The client; nil where the header does not say: the connection's real peer then. IPv4 addresses that came
  /// mapped into IPv6 are IPv4.
  public var source: SocketAddress?
  /// Where the client had connected to; nil where ``source`` is.
  public var destination: SocketAddress?
  /// What is said behind the addresses; nothing in version 1.
  public internal(set) var values = ProxyValues()

  /// A header for a client that connected there. Where one of both is not known, it says nothing of where the
  /// connection comes from.
  public init(
    from source: SocketAddress?, to destination: SocketAddress?, version: Version = .v2
  ) {
    self.version = version
    guard let source, let destination else { return }
    transport = .stream
    (self.source, self.destination) = (source, destination)
  }

  /// A header that says nothing of where the connection comes from.
  ///
  /// - Parameters:
  ///   - command: Whether it is the proxy's own.
  ///   - version: As which it is written.
  public init(_ command: Command, version: Version = .v2) {
    (self.version, self.command) = (version, command)
  }

  /// Adds a value. One that is longer than a header may be is told of by ``encoded(checksum:)``. The checksum is
  /// no value to add: that function makes it.
  public mutating func add(_ kind: ProxyValue.Kind, _ bytes: [UInt8]) { values.add(kind, bytes) }
}

extension ProxyHeader {
  /// The protocol that TLS or another layer of the client has agreed on (ALPN), such as `h2`.
  public var alpn: [UInt8]? { values.first(.alpn) }
  /// The name of the host that the client wanted, as TLS tells it (SNI). Not checked: what is no UTF-8 is replaced.
  public var authority: String? { values.text(.authority) }
  /// What names the connection to whoever looks into the logs of both; at most 128 bytes.
  public var uniqueID: [UInt8]? { values.first(.uniqueID) }
  /// The namespace of the network that the client came through, by its name.
  public var networkNamespace: String? { values.text(.networkNamespace) }
  /// What was agreed on by TLS; nil where the client spoke none.
  public var tls: ProxiedTLS? { values.first(.tls).flatMap { ProxiedTLS($0) } }
}
