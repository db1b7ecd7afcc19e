#if TLS

import Switchboard

/// How outgoing connections speak TLS. Make one for each kind of server, and use it for all connections there: what a
/// loop needs for it is made once.
public final class TLSConnector: Sendable, FilterSource {
  let options: ClientTLS

  /// - Parameter options: Whom to believe, and whom it is for.
  /// - Throws: where the files that they name, or the protocols, cannot be used.
  public init(_ options: ClientTLS) throws(TLSError) {
    self.options = options
    try Self.check(options.name)
    _ = try TLSContext.client(options)
    guard options.handshakeTimeout > .zero else {
      throw TLSError("handshakeTimeout is \(options.handshakeTimeout): set it to more than zero")
    }
  }

  /// An empty name would be taken for "any", and one that begins with a dot for every name that ends so.
  private static func check(_ name: String) throws(TLSError) {
    let bytes = name.utf8
    guard (1...253).contains(bytes.count), bytes.first != UInt8(ascii: "."), !bytes.contains(0)
    else {
      throw TLSError(
        "'\(name.prefix(80))' is no server's name: give the one, or the address in numbers, that its certificate has"
      )
    }
  }

  package func makeMaker() -> any FilterMaker { ClientTLSMaker(options) }
  package func check() throws(SystemError) {}
}

extension LoopHandle {
  /// Begins to connect by TLS: see ``connect(to:from:times:session:)``. The session is opened when the handshake is over;
  /// where that fails it is closed with ``CloseReason/filterFailed(_:)``, and never was opened.
  ///
  /// - Parameters:
  ///   - target: Where to.
  ///   - local: From which address of this machine; with port 0 the system chooses one. Nil: any.
  ///   - times: How long it may take, the handshake included.
  ///   - tls: Whom to believe, and whom it is for.
  ///   - session: Makes the session, on the loop's thread.
  /// - Returns: The attempt; nil when 65,536 requests to the loop wait already, or it has ended.
  @discardableResult
  public func connect<S: Session & ~Copyable>(
    to target: ConnectTarget, from local: SocketAddress? = nil,
    times: ConnectTimes = ConnectTimes(), tls: TLSConnector,
    session: @escaping @Sendable () -> S
  ) -> ConnectAttempt? {
    connect(to: target, from: local, times: times, behind: tls, session: session)
  }
}

extension Connection {
  /// Begins to connect by TLS, on this connection's loop: see ``LoopHandle/connect(to:from:times:tls:session:)``.
  ///
  /// - Parameters:
  ///   - target: Where to.
  ///   - local: From which address of this machine; with port 0 the system chooses one. Nil: any.
  ///   - times: How long it may take, the handshake included.
  ///   - tls: Whom to believe, and whom it is for.
  ///   - session: Makes the session.
  /// - Returns: The attempt.
  @discardableResult
  public mutating func connect<S: Session & ~Copyable>(
    to target: ConnectTarget, from local: SocketAddress? = nil,
    times: ConnectTimes = ConnectTimes(), tls: TLSConnector,
    session: @escaping @Sendable () -> S
  ) -> ConnectAttempt {
    connect(to: target, from: local, times: times, behind: tls, session: session)
  }
}

#endif
