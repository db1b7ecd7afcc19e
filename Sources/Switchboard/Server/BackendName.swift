extension Server {
  /// How a server waits: a loop for all its connections, or a thread for one.
  public enum BackendName: String, Hashable, Sendable, CaseIterable {
    /// `select(2)`: descriptors below 1,024, cost linear in what is watched.
    case select
    /// `poll(2)`: cost linear in what is watched.
    case poll
    /// `epoll(7)`: cost by what is ready.
    case epoll
    /// `io_uring(7)`: completions instead of readiness, one system call for a whole turn. Linux 6.12
    /// or newer.
    case ioUring = "io_uring"
    /// No loop: one connection after the other, in the calling thread; the next is accepted when
    /// the one before has ended. For comparison.
    case sequential
    /// No loop: a thread for each connection, at most ``Server/mostThreads`` and
    /// ``ServerOptions/maxConnections``. A callback may block; it delays its own peer alone. For
    /// comparison.
    case threads
    /// No loop: ``Server/loops`` threads, each with one connection at a time; further ones wait. For
    /// comparison.
    case pool
    /// io_uring where the system offers what is needed, otherwise epoll.
    case auto

    /// Whether a thread serves one connection at a time and waits for it, so that there is no outbox
    /// and no watermark: what a peer does not read keeps its thread waiting, up to the idle timeout.
    public var isBlocking: Bool {
      switch self {
      case .sequential, .threads, .pool: true
      default: false
      }
    }

    /// What `auto` comes to on this machine; any other is itself.
    public func resolved() -> BackendName { choice().backend }

    /// What `auto` comes to on this machine, and why it is not io_uring, if it is not. A server's own
    /// sizes count too: see ``Server/choice()``.
    public func choice() -> (backend: BackendName, reason: String?) {
      var server = Server(on: [])
      server.backend = self
      // As many as any limit of descriptors has room for.
      server.options.maxConnections = 1
      return server.choice()
    }
  }

  /// What this server would wait with if it were started now, and why that is not io_uring where the
  /// choice is ``BackendName/auto``: a ring for each loop is made, in the size that it would have.
  public func choice() -> (backend: BackendName, reason: String?) {
    guard backend == .auto else { return (backend, nil) }
    do throws(SystemError) {
      var rings = Slab<URing<Linux>>(capacity: 1)
      for _ in 0..<max(1, min(loops, Server.mostLoops)) { _ = rings.insert(try makeRing()) }
      return (.ioUring, nil)
    } catch {
      return (.epoll, error.ringAbsence)
    }
  }
}

extension Server {
  /// The most loops that a server can have.
  public static let mostLoops = 1024

  /// The server as it is run: its options looked at.
  func checked(_ services: [Service]) throws(SystemError) -> Server {
    var server = self
    if !(1...Service.most).contains(services.count) {
      let remedy = services.isEmpty ? "call it before running" : "use at most \(Service.most)"
      throw OptionCheck.fault(OptionFault("calls of listen", is: services.count, remedy))
    }
    server.options = try options.checked()
    for service in services {
      try service.check()
      try service.proxyProtocol?.check()
      try service.filter?.check()
    }
    for job in recurring { try OptionCheck.positive(job.interval, "interval") }
    if backend.isBlocking, !recurring.isEmpty || makePacer != nil {
      let remedy = "choose a backend with loops"
      let calls = recurring.isEmpty ? ("calls of pace", 1) : ("calls of every", recurring.count)
      throw OptionCheck.fault(OptionFault(calls.0, is: calls.1, remedy))
    }
    let hasFilters = services.contains { $0.filter != nil && $0.filter !== UsualFilter.source }
    if backend.isBlocking, hasFilters {
      let remedy = "choose one with loops: auto, select, poll, epoll or io_uring"
      throw OptionCheck.fault(OptionFault("backend", is: backend.rawValue, remedy))
    }
    try OptionCheck.atLeast(1, loops, "loops")
    let most = backend == .pool ? Server.mostThreads : Server.mostLoops
    if loops > most {
      throw OptionCheck.fault(OptionFault("loops", is: loops, "set it to at most \(most)"))
    }
    return server
  }

  /// Connections that the server may hold, all loops together.
  var capacity: Int {
    ConnectionCapacity.of(
      wanted: options.maxConnections, descriptors: descriptorCount(Linux()))
  }

  /// Connections that one loop may hold.
  var loopCapacity: Int { ConnectionCapacity.ofLoop(capacity, loops: loops) }

  /// The same on a ring. Its table of connections is no larger than the descriptor limit and what the
  /// kernel allows for a ring, and what is accepted beyond its end the kernel closes by itself: more
  /// must not be accepted.
  var ringCapacity: Int {
    let usable = ConnectionCapacity.usable(descriptorCount(Linux()))
    return min(loopCapacity, usable, ConnectionCapacity.most - ConnectionCapacity.margin)
  }

  /// A ring for one loop.
  func makeRing() throws(SystemError) -> URing<Linux> {
    var sizes = URing<Linux>.Sizes()
    sizes.acceptBudget = options.acceptBudget
    sizes.mostOfPartner = options.mostOfPartner
    return try URing(
      sizes: sizes, connections: ringCapacity + ConnectionCapacity.margin, system: Linux())
  }
}

extension SystemError {
  /// Why a ring could not be had, in words for an operator.
  var ringAbsence: String {
    switch (call, errno) {
    case (.ringSetup, .noSuchCall):
      "this kernel lacks io_uring, or a filter hides it (io_uring_setup: ENOSYS)"
    case (.ringSetup, .notPermitted):
      "io_uring is forbidden here by kernel.io_uring_disabled or a seccomp filter (EPERM)"
    case (.ringSetup, .notSupported):
      "io_uring is switched off here (EOPNOTSUPP), as sandboxes do"
    case (.ringSetup, .invalid):
      "this kernel is too old: io_uring with DEFER_TASKRUN needs Linux 6.1 (EINVAL)"
    case (.ringSetup, .outOfMemory), (.ringRegister, .outOfMemory):
      "not enough lockable memory for io_uring: raise `ulimit -l` (ENOMEM)"
    case (.ringRegister, .invalid), (.ringRegister, .notSupported):
      "this kernel is too old: incremental provided buffers need Linux 6.12"
    default: description
    }
  }
}
