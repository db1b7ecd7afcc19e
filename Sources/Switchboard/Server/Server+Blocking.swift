extension Server {
  /// The most threads that a server with a thread for each connection starts.
  public static var mostThreads: Int { BlockingModel.mostThreads }

  /// Serves under one of the blocking models.
  func runBlocking<S: Session & ~Copyable>(
    notice: @escaping @Sendable (LoopNotice) -> Void, ready: (ServerHandle) -> Void,
    session: @escaping @Sendable () -> S
  ) throws(SystemError) {
    let signals = drainsOnSignals ? try EndSignals() : nil
    let house = try BlockingHouse(options, notice) { (capacity, mail) throws(SystemError) in
      try Sessions.boxed(capacity, mail, session)
    }
    var server = try BlockingServer(house, signals)
    let bound = try server.listen(on: addresses, listening)
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
