/// Serves a ``Session`` protocol: on any backend, on one loop or several, with limits, timeouts,
/// watermarks, fairness and drain built in.
///
/// ```swift
/// try Server(on: [.loopback(port: 9090)]).run { Shout() }
/// ```
public struct Server: Sendable {
  /// How a loop waits.
  public enum BackendName: String, Hashable, Sendable, CaseIterable {
    /// `select(2)`: at most 1,024 descriptors.
    case select
    /// `poll(2)`
    case poll
    /// `epoll(7)`
    case epoll
    /// `io_uring(7)`
    case ioUring = "io_uring"
  }

  /// Where to listen; all of them.
  public var addresses: [SocketAddress]
  /// How the listeners behave. With several loops each has its own, and the port is shared.
  public var listening = Listener<Linux>.Options()
  /// How each loop behaves.
  public var options = ServerOptions()
  /// How each loop waits.
  public var backend = BackendName.epoll
  /// How many loops, each on a thread of its own with its own listeners, sharing nothing.
  public var loops = 1
  /// Drain at SIGTERM and SIGINT; a second one ends the process.
  public var drainsOnSignals = true

  /// A server on these addresses.
  public init(on addresses: [SocketAddress]) { self.addresses = addresses }

  /// Serves until it is drained or stopped.
  ///
  /// - Parameters:
  ///   - notice: Gets what an operator should know, on the thread of the loop it concerns.
  ///   - ready: Called once, when all loops listen, with the addresses (ports filled in).
  ///   - session: Makes the session of a new connection, on its loop's thread.
  /// - Throws: when an address cannot be listened on, or the backend cannot be had.
  public func run<S: Session & ~Copyable>(
    notice: @escaping @Sendable (ReactorNotice) -> Void = { _ in },
    ready: (ServerHandle) -> Void = { _ in },
    session: @escaping @Sendable () -> S
  ) throws(SystemError) {
    let system = Linux()
    EndSignals.ignoreBrokenPipes()
    let control = try LoopControl(system: system)
    let limit = options.maxConnections ?? max(1, system.descriptorLimit().value - 32)
    let sessions = try Sessions(capacity: limit + 64, make: session)
    switch backend {
    case .ioUring:
      try run(
        URing(sizes: URing.Sizes(), connections: limit + 64, system: system), sessions, limit,
        control, notice, ready)
    case .epoll:
      try run(
        Proactor(
          poller: Epoll(system: system), acceptBudget: options.acceptBudget, system: system),
        sessions, limit, control, notice, ready)
    case .poll:
      try run(
        Proactor(
          poller: Poll(system: system), acceptBudget: options.acceptBudget, system: system),
        sessions, limit, control, notice, ready)
    case .select:
      try run(
        Proactor(
          poller: Select(system: system), acceptBudget: options.acceptBudget, system: system),
        sessions, limit, control, notice, ready)
    }
  }

  private func run<B: Backend & ~Copyable>(
    _ backend: consuming B, _ sessions: SessionTable, _ limit: Int,
    _ control: LoopControl<Linux>, _ notice: @escaping (ReactorNotice) -> Void,
    _ ready: (ServerHandle) -> Void
  ) throws(SystemError) where B.System == Linux {
    var loop = try EventLoop(
      backend: backend, sessions: sessions, capacity: limit, control: control, options: options,
      notice: notice)
    if drainsOnSignals { try loop.drainOnSignals(EndSignals()) }
    var bound: [SocketAddress] = []
    for address in addresses {
      let listener = try Listener(on: address, options: listening, system: Linux())
      bound.append(listener.address)
      try loop.listen(listener)
    }
    ready(ServerHandle(addresses: bound, control: control))
    try loop.run()
  }
}

/// A running server, for other threads.
public struct ServerHandle: Sendable {
  /// Where it listens.
  public let addresses: [SocketAddress]
  let control: LoopControl<Linux>

  /// Stops accepting, lets what is under way finish, and ends.
  public func drain() { control.drainAll() }
  /// Ends at once.
  public func stop() { control.waker.stop() }
}
