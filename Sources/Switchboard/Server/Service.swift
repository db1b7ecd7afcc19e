/// A kind of session, and where it is served.
struct Service: Sendable {
  typealias MakeTable =
    @Sendable (_ capacity: Int, _ mail: MailFlag) throws(SystemError) -> SessionTable.Boxed

  var addresses: [SocketAddress]
  /// Sockets that listen already.
  var inherited: [Descriptor] = []
  /// How its listeners behave; nil: as the server's do.
  var listening: Listener<Linux>.Options?
  /// What its connections have to begin with.
  var proxyProtocol: ProxyProtocol?
  /// What stands before its sessions.
  var filter = UsualFilter.source
  let makeTable: MakeTable
  /// What its options are held to when the server starts.
  var check: @Sendable () throws(SystemError) -> Void = { () throws(SystemError) in }

  /// The most that a server has, with the one that ``Server/run(notice:ready:session:)`` is given.
  static let most = 256

  init<S: Session & ~Copyable>(
    _ addresses: [SocketAddress], _ proxyProtocol: ProxyProtocol?,
    _ filter: (any FilterSource)?, _ session: @escaping @Sendable () -> S
  ) {
    (self.addresses, self.proxyProtocol) = (addresses, proxyProtocol)
    if let filter { self.filter = filter }
    makeTable = { (capacity, mail) throws(SystemError) in
      try Sessions.boxed(capacity, mail, session)
    }
  }

  init<S: Session & ~Copyable>(connecting type: S.Type) {
    (addresses, listening) = ([], nil)
    makeTable = { (capacity, mail) throws(SystemError) in
      try Sessions<S>.boxed(
        capacity, mail,
        accepting: { (_: borrowing Accepted) -> S in
          preconditionFailure("no connection is accepted for this type")
        })
    }
  }

  init<S: Session & ~Copyable>(
    _ addresses: [SocketAddress], _ inherited: [Descriptor],
    _ listening: Listener<Linux>.Options?, _ proxyProtocol: ProxyProtocol? = nil,
    accepting session: @escaping @Sendable (borrowing Accepted) -> S
  ) {
    (self.addresses, self.inherited, self.listening) = (addresses, inherited, listening)
    self.proxyProtocol = proxyProtocol
    makeTable = { (capacity, mail) throws(SystemError) in
      try Sessions.boxed(capacity, mail, accepting: session)
    }
  }

  /// Opens its listeners: those on its addresses, in their order, and then the inherited ones.
  ///
  /// - Parameter usual: How they behave, where the service has no wishes of its own.
  func listeners(
    _ usual: Listener<Linux>.Options,
    _ take: (consuming Listener<Linux>) throws(SystemError) -> Void
  ) throws(SystemError) {
    let options = listening ?? usual
    try Listener.onAll(addresses, options: options, system: Linux(), take)
    for descriptor in inherited {
      try take(try Listener(inheriting: descriptor, options: options, system: Linux()))
    }
  }
}

extension [Service] {
  /// The sessions of all, for one loop.
  func makeTables(_ capacity: Int, _ mail: MailFlag) throws(SystemError) -> SessionTable.Boxed {
    let parts = try map { (service) throws(SystemError) in try service.makeTable(capacity, mail) }
    return try SessionsByService.joined(parts, capacity: capacity)
  }
}

extension Server {
  /// A server that listens nowhere yet: see ``listen(on:options:session:)``.
  public init() { self.init(on: []) }

  /// Serves sessions of one type on these addresses, beside others on others, on the same loops and
  /// within the same limits.
  ///
  /// ```swift
  /// var server = Server()
  /// server.listen(on: .any(port: 9090)) { accepted in Guest(from: accepted.peer) }
  /// server.listen(on: .loopback(port: 9091)) { _ in Operator() }
  /// try server.run()
  /// ```
  ///
  /// - Parameters:
  ///   - addresses: Where; all of them. Those without a port get one port for all.
  ///   - options: How the listeners behave; nil: as ``listening`` says.
  ///   - session: Makes the session of a new connection, on its loop's thread.
  public mutating func listen<S: Session & ~Copyable>(
    on addresses: SocketAddress..., options: Listener<Linux>.Options? = nil,
    session: @escaping @Sendable (borrowing Accepted) -> S
  ) {
    services.append(Service(addresses, [], options, accepting: session))
  }

  /// The same for what comes through proxies: each connection begins with a header that tells whose it is.
  ///
  /// - Parameters:
  ///   - addresses: Where; all of them. Those without a port get one port for all.
  ///   - options: How the listeners behave; nil: as ``listening`` says.
  ///   - proxyProtocol: Which headers are taken, and from whom.
  ///   - session: Makes the session of a connection whose header has come, on its loop's thread.
  public mutating func listen<S: Session & ~Copyable>(
    on addresses: SocketAddress..., options: Listener<Linux>.Options? = nil,
    proxyProtocol: ProxyProtocol, session: @escaping @Sendable (borrowing Accepted) -> S
  ) {
    services.append(Service(addresses, [], options, proxyProtocol, accepting: session))
  }

  /// The same behind a filter.
  package mutating func listen<S: Session & ~Copyable>(
    on addresses: [SocketAddress], inheriting descriptors: [Descriptor] = [],
    options: Listener<Linux>.Options?, proxyProtocol: ProxyProtocol?,
    behind filter: any FilterSource,
    session: @escaping @Sendable (borrowing Accepted) -> S
  ) {
    var service = Service(addresses, descriptors, options, proxyProtocol, accepting: session)
    service.filter = filter
    services.append(service)
  }

  /// Serves sessions of one type on sockets that listen already and that this process was given: by the program
  /// that started it, such as systemd, or by the server that it replaces.
  ///
  /// ```swift
  /// server.listen(inheriting: Descriptor(rawValue: 3)) { accepted in Guest(from: accepted.peer) }
  /// ```
  ///
  /// The server listens on duplicates, from when it runs to its end: the descriptors stay the caller's, and so
  /// may be given to the next one. Peers that connect after the end wait in the socket's queue for whoever accepts
  /// next; to have nobody wait there, close the descriptors too. A Unix-domain socket's file stays where it is.
  ///
  /// - Parameters:
  ///   - descriptors: Stream sockets that listen. Anything else is refused when the server starts.
  ///   - options: What holds for their connections; nil: as ``listening`` says.
  ///   - session: Makes the session of a new connection, on its loop's thread.
  public mutating func listen<S: Session & ~Copyable>(
    inheriting descriptors: Descriptor..., options: Listener<Linux>.Options? = nil,
    session: @escaping @Sendable (borrowing Accepted) -> S
  ) {
    services.append(Service([], descriptors, options, accepting: session))
  }

  /// The same for what comes through proxies: see ``listen(on:options:proxyProtocol:session:)``.
  public mutating func listen<S: Session & ~Copyable>(
    inheriting descriptors: Descriptor..., options: Listener<Linux>.Options? = nil,
    proxyProtocol: ProxyProtocol, session: @escaping @Sendable (borrowing Accepted) -> S
  ) {
    services.append(Service([], descriptors, options, proxyProtocol, accepting: session))
  }

  /// Sessions of this type are made for outgoing connections: see ``Connection/connect(to:from:times:session:)``.
  /// Types that are served need not be told of.
  public mutating func connects<S: Session & ~Copyable>(as type: S.Type) {
    services.append(Service(connecting: type))
  }

  /// Sessions take connections from this pool: see ``Connection/takePartner(from:)``.
  public mutating func connects(through pool: UpstreamPool) {
    var service = Service(connecting: PooledConnection.self)
    service.check = { () throws(SystemError) in try pool.options.check() }
    services.append(service)
  }

  /// Serves what ``listen(on:options:session:)`` was told of, until it is drained or stopped.
  ///
  /// - Throws: as ``run(notice:ready:session:)`` does, and when nothing is to be served.
  public func run(
    notice: @escaping @Sendable (LoopNotice) -> Void = { _ in },
    ready: (ServerHandle) -> Void = { _ in }
  ) throws(SystemError) {
    try serve(services, notice, ready)
  }

  /// Serves one type of session on ``addresses``, and whatever ``listen(on:options:session:)`` was told
  /// of, until it is drained or stopped: in the calling thread, and in others if there are several
  /// loops.
  ///
  /// - Parameters:
  ///   - notice: Gets what an operator should know, on the thread of the loop it concerns.
  ///   - ready: Called once, when all loops listen.
  ///   - session: Makes the session of a new connection, on its loop's thread.
  /// - Throws: when an address cannot be listened on, the backend cannot be had, or an option is one
  ///   that nobody can mean; then nothing is left behind.
  public func run<S: Session & ~Copyable>(
    notice: @escaping @Sendable (LoopNotice) -> Void = { _ in },
    ready: (ServerHandle) -> Void = { _ in },
    session: @escaping @Sendable () -> S
  ) throws(SystemError) {
    try serve([Service(addresses, proxyProtocol, filter, session)] + services, notice, ready)
  }
}
