/// Has each connection of a listener begin with a header of the PROXY protocol, which tells whose it is.
///
/// ```swift
/// let proxies = ["10.0.0.0/8", "fd00::/8"].compactMap(AddressPrefix.init)
/// server.listen(on: .any(port: 9090), proxyProtocol: ProxyProtocol(.v2, from: proxies)) { accepted in
///   Guest(from: accepted.peer)
/// }
/// ```
///
/// A header is required or there is none: who guesses lets everybody choose an address. Connections of others than
/// those that are trusted are closed at once, and those whose header is wrong, too long or not there in time, too.
/// No session is made for them; the operator is told by ``LoopNotice/headerRefused(_:_:_:)``. Who connects and goes
/// without a word, as health checks do, is nobody's trouble.
///
/// From the header on, the connection's peer is whom it tells of: in ``Accepted`` and ``Connection/peerAddress``, for
/// ``ServerOptions/maxConnectionsPerAddress``, in notices and recordings. Where it tells of nobody (`LOCAL`, `UNSPEC`,
/// `UNKNOWN`), that is the real one.
public struct ProxyProtocol: Hashable, Sendable {
  /// Which versions are taken.
  public var versions: ProxyHeader.Versions
  /// From whom: the proxies' addresses. At least one.
  public var trusted: [AddressPrefix]
  /// How long a header may take, from when its connection was accepted: more than zero, and at most 24 days. The
  /// protocol wants three seconds at least, since a segment that was lost comes again after one or two.
  public var timeout: Duration = .seconds(3)

  /// - Parameters:
  ///   - versions: Which are taken.
  ///   - trusted: From whom.
  public init(_ versions: ProxyHeader.Versions = .any, from trusted: [AddressPrefix]) {
    (self.versions, self.trusted) = (versions, trusted)
  }

  /// Whether a peer may say whose its connection is. One that the system does not know may not.
  func trusts(_ peer: SocketAddress?) -> Bool {
    guard let peer else { return false }
    return trusted.contains { $0.contains(peer) }
  }

  /// - Throws: where a value is one that nobody can mean.
  func check() throws(SystemError) {
    if trusted.isEmpty {
      let remedy = "name the addresses that headers may come from"
      throw OptionCheck.fault(OptionFault("trusted", is: 0, remedy))
    }
    try OptionCheck.positive(timeout, "timeout")
  }
}

/// Why a connection was closed before its session was made.
public enum ProxyRefusal: Hashable, Sendable, CustomStringConvertible {
  /// It comes from nobody who may say whose it is.
  case untrusted
  /// Its header was not there in time.
  case late
  /// It ended within its header.
  case cutOff
  /// Its header was wrong.
  case wrong(ProxyHeaderFault)

  /// In words.
  public var description: String {
    switch self {
    case .untrusted: "it comes from none of the proxies that are trusted"
    case .late: "its PROXY header was not there in time"
    case .cutOff: "it ended within its PROXY header"
    case .wrong(let fault): fault.description
    }
  }

  /// Those of a kind are counted together.
  var kind: Int {
    switch self {
    case .untrusted: 0
    case .late: 1
    case .cutOff: 2
    case .wrong: 3
    }
  }
}

/// How many connections were refused, of each kind: told when they are one, ten, a hundred and so on.
struct ProxyRefusals {
  private var counts = [4 of Int](repeating: 0)

  /// One more: so many of its kind by now.
  mutating func count(_ refusal: ProxyRefusal) -> Int {
    counts[refusal.kind] += 1
    return counts[refusal.kind]
  }
}
