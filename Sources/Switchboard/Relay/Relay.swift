/// How a ``Relay`` behaves.
public struct RelayOptions: Hashable, Sendable {
  /// How long connecting to one of the servers behind may take; the next one is tried then.
  public var connectTimes = ConnectTimes()
  /// When one side has finished sending and on the other nothing comes for so long, both are closed: a peer
  /// that has gone without a word does not keep the other waiting for ever. More than zero; nil: never.
  public var halfCloseTimeout: Duration? = .seconds(60)
  /// Begins each connection to a server behind with a header of the PROXY protocol, which tells whose it is: of the
  /// client, or of whom its own proxy told, with all that it said. Nil: does not. The servers have to expect one.
  public var sendsHeader: ProxyHeader.Version?
  /// The defaults.
  public init() {}
}

/// A TCP relay: passes on what its client sends to one of several servers, and back.
///
/// ```swift
/// let upstreams = Upstreams([.host("a.internal", port: 5432), .host("b.internal", port: 5432)])
/// var server = Server()
/// server.listen(on: .any(port: 5432)) { _ in Relay(to: upstreams) }
/// try server.run()
/// ```
///
/// An end is passed on as an end, behind all bytes before it, and the other direction goes on; a reset as a
/// reset. Who sends faster than the other side takes is not received from meanwhile: of each direction
/// twice ``ServerOptions/highWatermark`` is held at most. A client of whom no server can be connected to is reset.
/// ``ServerOptions/idleTimeout`` holds for each of the two connections.
///
/// The servers are tried in turn: see ``Upstreams``. A drain waits for clients to end by themselves, as long
/// as ``ServerOptions/drainTimeout`` says, since a relay does not know where a message ends.
public struct Relay: Session {
  private enum Role {
    case client
    /// The connection to the server of this number.
    case server(Int)
  }

  private let role: Role
  private let upstreams: Upstreams
  private let options: RelayOptions
  private let account: RelayAccount
  /// The servers that a client's connection was tried with.
  private var tried: Set<Int> = []
  private var isOpen = false
  /// What each server is told of the client before all else; empty where it is told nothing.
  private var header: [UInt8] = []

  /// - Parameters:
  ///   - upstreams: Where to.
  ///   - options: How long things may take.
  ///   - ended: Gets what became of a client, on its loop's thread.
  public init(
    to upstreams: Upstreams, options: RelayOptions = RelayOptions(),
    ended: @escaping @Sendable (RelayReport) -> Void = { _ in }
  ) {
    self.init(.client, upstreams, options, RelayAccount(told: ended))
  }

  private init(
    _ role: Role, _ upstreams: Upstreams, _ options: RelayOptions, _ account: RelayAccount
  ) {
    (self.role, self.upstreams, self.options, self.account) = (role, upstreams, options, account)
  }

  private var isClient: Bool {
    if case .client = role { true } else { false }
  }

  // ------------------------------------------------------------------------------ connecting

  /// The client's connection stands, or one to a server.
  public mutating func opened(_ connection: inout Connection) {
    isOpen = true
    switch role {
    case .client:
      account.begin(connection.now, peer: connection.peerAddress)
      if let version = options.sendsHeader { header = connection.header(version) }
      connectToNext(&connection)
    case .server(let place):
      account.connected(to: place, connection.now)
      upstreams.connected(place)
    }
  }

  private mutating func connectToNext(_ connection: inout Connection) {
    guard let place = upstreams.choose(connection.now, except: tried) else {
      return connection.reset()
    }
    tried.insert(place)
    account.beginConnecting()
    let (upstreams, options, account) = (upstreams, options, account)
    connection.connect(
      to: upstreams.targets[place], from: nil, times: options.connectTimes,
      partner: connection.key, behind: upstreams.filter
    ) { Relay(.server(place), upstreams, options, account) }
  }

  // --------------------------------------------------------------------------------- passing

  /// Tells the server whose the connection is. The client has not been received from before.
  public mutating func partnerOpened(_ connection: inout Connection) {
    if isClient, !header.isEmpty { connection.forward(header.span) }
  }

  /// Passes them on.
  public mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    account.received(bytes.count, fromClient: isClient, connection.now)
    connection.forward(bytes)
  }

  /// Passes the end on. The other direction goes on; when both have ended, so has the connection.
  public mutating func ended(_ connection: inout Connection) {
    connection.forwardEnd()
    if account.peerEnded(connection.now) { return connection.close() }
    waitForProgress(&connection)
  }

  private func waitForProgress(_ connection: inout Connection) {
    guard let timeout = options.halfCloseTimeout else { return }
    let silent = connection.now.since(account.lastProgress)
    connection.setTimer(after: max(timeout - silent, .milliseconds(1)))
  }

  /// One side has finished, and on the other nothing has come for long, or something has.
  public mutating func elapsed(_ connection: inout Connection) {
    account.note(connection.now)
    guard let timeout = options.halfCloseTimeout else { return }
    if connection.now.since(account.lastProgress) >= timeout { return connection.reset() }
    waitForProgress(&connection)
  }

  // ---------------------------------------------------------------------------------- ending

  /// As the one side has ended so does the other; unless no server could be connected to, and there is
  /// another one.
  public mutating func partnerClosed(_ reason: CloseReason?, _ connection: inout Connection) {
    account.note(connection.now)
    if isClient, !account.hasServer { return connectToNext(&connection) }
    switch reason {
    case .peerFinished, .finished, .idle: connection.close()
    default: connection.reset()
    }
  }

  /// Goes on: where a message ends, only the peers know.
  public mutating func draining(_ connection: inout Connection) {}

  /// Accounts for it.
  public mutating func closed(_ reason: CloseReason) {
    switch role {
    case .client: account.closed(client: reason)
    case .server(let place):
      let isFailure = !isOpen && upstreams.attemptEnded(place, reason, account.now)
      if isOpen { upstreams.ended(place) }
      account.closed(server: reason, isFailure: isFailure)
    }
  }
}
