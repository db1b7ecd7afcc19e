#if TLS

import Switchboard

/// A server's TLS, as loops are given it.
final class ServerTLSSource: FilterSource {
  let options: ServerTLS

  init(_ options: ServerTLS) { self.options = options }

  package func makeMaker() -> any FilterMaker { ServerTLSMaker(options) }

  package func check() throws(SystemError) {
    guard !options.identities.isEmpty else {
      throw Self.fault("identities", "none", "give at least one")
    }
    guard options.maxHandshakes >= 1 else {
      throw Self.fault("maxHandshakes", "\(options.maxHandshakes)", "set it to 1 or more")
    }
    guard options.handshakeTimeout > .zero else {
      throw Self.fault(
        "handshakeTimeout", "\(options.handshakeTimeout)", "set it to more than zero")
    }
    guard (0...16).contains(options.ticketsPerHandshake) else {
      throw Self.fault(
        "ticketsPerHandshake", "\(options.ticketsPerHandshake)", "set it to 0 to 16")
    }
    try ALPN.check(options.protocols)
    for identity in options.identities {
      do throws(TLSError) {
        _ = try TLSContext.server(options, identity.current)
      } catch {
        throw Self.fault("tls", error.description, "mend that")
      }
    }
  }

  static func fault(_ name: String, _ value: String, _ remedy: String) -> SystemError {
    OptionCheck.fault(OptionFault(name, is: value, remedy))
  }
}

extension Server {
  /// Serves sessions of one type on these addresses, by TLS: see ``listen(on:options:session:)``.
  ///
  /// ```swift
  /// let tls = try ServerTLS.certificate("chain.pem", key: "key.pem")
  /// server.listen(on: .any(port: 8443), tls: tls) { accepted in Guest(from: accepted.peer) }
  /// ```
  ///
  /// A session is made when the handshake is over; it receives and writes plain bytes, and need not know. Its end is
  /// TLS's: ``Connection/close()`` and ``Connection/finishSending()`` tell the peer so, and where the wire ends and
  /// the peer has not, the session is told ``CloseReason/truncated``.
  ///
  /// - Parameters:
  ///   - addresses: Where; all of them. Those without a port get one port for all.
  ///   - options: How the listeners behave; nil: as ``listening`` says.
  ///   - proxyProtocol: Which headers come first, and from whom; nil: none.
  ///   - tls: Who the server is, and what it asks for.
  ///   - session: Makes the session of a connection whose handshake is over, on its loop's thread.
  public mutating func listen<S: Session & ~Copyable>(
    on addresses: SocketAddress..., options: Listener<Linux>.Options? = nil,
    proxyProtocol: ProxyProtocol? = nil, tls: ServerTLS,
    session: @escaping @Sendable (borrowing Accepted) -> S
  ) {
    listen(
      on: addresses, options: options, proxyProtocol: proxyProtocol, behind: ServerTLSSource(tls),
      session: session)
  }

  /// How connections to ``addresses`` are spoken to; nil: in plain.
  public var tls: ServerTLS? {
    get { (filter as? ServerTLSSource)?.options }
    set { filter = newValue.map(ServerTLSSource.init) }
  }
}

extension Accepted {
  /// What was agreed on; nil where there is no TLS.
  public var tls: TLSDetails? { (filter as? TLSFilter)?.details }
}

extension Connection {
  /// What was agreed on; nil where there is no TLS.
  public var tls: TLSDetails? { (filter as? TLSFilter)?.details }
}

#endif
