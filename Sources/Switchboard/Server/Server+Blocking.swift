extension Server {
  /// The most threads that a server with a thread for each connection starts.
  public static var mostThreads: Int { BlockingModel.mostThreads }

  /// Serves under one of the blocking models.
  func serveBlocking(
    _ services: [Service], _ notice: @escaping @Sendable (LoopNotice) -> Void,
    _ ready: (ServerHandle) -> Void
  ) throws(SystemError) {
    let signals = drainsOnSignals ? try EndSignals() : nil
    let filters = services.map(\.proxyProtocol)
    let house = try BlockingHouse(options, filters, notice) {
      (capacity, mail) throws(SystemError) in
      try services.makeTables(capacity, mail)
    }
    var server = try BlockingServer(house, signals)
    var bound: [SocketAddress] = []
    for (number, service) in services.enumerated() {
      try service.listeners(listening) {
        (listener: consuming Listener<Linux>) throws(SystemError) in
        let role = ListenerRole(number: UInt32(bound.count), service: UInt8(number))
        bound.append(listener.address)
        server.add(listener, as: role)
      }
    }
    try server.recruit(blockingModel)
    ready(ServerHandle(addresses: bound, acceptor: house.control))
    server.run()
  }

  private var blockingModel: BlockingModel {
    switch backend {
    case .sequential: .sequential
    case .pool: .pool(loops)
    default: .threads
    }
  }
}
