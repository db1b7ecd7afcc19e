/// Serves a ``Session`` protocol: on any backend, on one loop or several, with limits, timeouts,
/// watermarks, fairness and drain built in.
///
/// ```swift
/// try Server(on: [.loopback(port: 9090)]).run { Shout() }
/// ```
public struct Server: Sendable {
  /// Where to listen; all of them.
  public var addresses: [SocketAddress]
  /// How the listeners behave.
  public var listening = Listener<Linux>.Options()
  /// What connections that come to ``addresses`` have to begin with, where they come through proxies. Nil: nothing.
  public var proxyProtocol: ProxyProtocol?
  /// What stands before the sessions of connections that come to ``addresses``.
  package var filter: (any FilterSource)?
  /// How each loop behaves.
  public var options = ServerOptions()
  /// How each loop waits.
  public var backend = BackendName.auto
  /// How many loops, each on a thread of its own with its own listeners on the shared port. Beside
  /// that they share the limits of connections, and nothing else. Of ``BackendName/pool``: how many threads.
  public var loops = 1
  /// Keep each loop on a processor of its own, of those that the process may use.
  public var pinsLoops = false
  /// Drain at SIGTERM and SIGINT; a second one ends the process at once, even if a callback hangs:
  /// see ``EndSignals``. What the signals did before they do again when ``run(notice:ready:session:)``
  /// has returned or thrown.
  public var drainsOnSignals = false
  /// Takes down what the loops do. Nil, the default, costs nothing.
  public var recorder: ServerRecorder?

  /// A server on these addresses.
  public init(on addresses: [SocketAddress]) { self.addresses = addresses }

  /// Who looks up the names that its sessions connect to, for all of its loops.
  public var resolver = Resolver()
  /// What is served beside, each where it listens.
  var services: [Service] = []
  /// What is done on each loop again and again.
  var recurring: [RecurringJob] = []
  /// Makes each loop's pacer.
  var makePacer: (@Sendable (LoopHandle) -> any LoopPacer)?

  /// Has something done on each loop again and again, on its thread, between callbacks: what belongs to no connection.
  /// The first time is an interval after the loop began. It is not done early, and a millisecond or two late on an idle
  /// machine; what was missed meanwhile is not made up for. It goes on while the server drains, until the loop ends. It
  /// must not block.
  ///
  /// ```swift
  /// server.every(.seconds(1)) { moment in moment.loopLocal { Cache() }.forgetTheOld(moment.now) }
  /// ```
  ///
  /// - Parameters:
  ///   - interval: More than zero; whole milliseconds are what all backends keep to.
  ///   - body: What is done. Servers of the blocking models have no loops, and do not start with it.
  public mutating func every(
    _ interval: Duration, _ body: @escaping @Sendable (borrowing LoopMoment) -> Void
  ) {
    recurring.append(RecurringJob(interval: interval, body: body))
  }

  /// Has connections act by themselves, when somebody says so whom each loop has one of: see ``LoopPacer``. It is
  /// asked as long as the loop runs, while the server drains too.
  ///
  /// - Parameter make: Makes a loop's pacer, on its thread, before it serves anybody. Servers of the blocking models have
  ///   no loops, and do not start with it.
  public mutating func pace(by make: @escaping @Sendable (LoopHandle) -> any LoopPacer) {
    makePacer = make
  }

  /// Serves these, in the calling thread and in others if there are several loops.
  func serve(
    _ services: [Service], _ notice: @escaping @Sendable (LoopNotice) -> Void,
    _ ready: (ServerHandle) -> Void
  ) throws(SystemError) {
    let server = try checked(services)
    if backend.isBlocking { return try server.serveBlocking(services, notice, ready) }
    let signals = drainsOnSignals ? try EndSignals() : nil
    let (backend, shared) = (server.choice().backend, Shard.Shared(server))
    let shards = try (0..<loops).map { index throws(SystemError) in
      try Shard(index, server, backend, shared, services, notice)
    }
    let addresses = try listen(shards, services)
    for shard in shards { shard.introduce(to: shards) }
    let outcome = StartUp()
    var threads: [ShardThread] = []
    for shard in shards.dropFirst() {
      do throws(SystemError) {
        threads.append(try ShardThread(shard, outcome))
      } catch {
        outcome.report(error)
      }
    }
    let handle = ServerHandle(addresses: addresses, shards: shards)
    shards[0].run(outcome, signals: signals) {
      for _ in threads { outcome.wait() }
      if outcome.error == nil { ready(handle) } else { handle.stop() }
    }
    if outcome.error != nil { handle.stop() }
    for thread in threads { thread.join() }
    if let error = outcome.error { throw error }
  }

  /// Opens every listener, so that what can fail fails before anything runs.
  private func listen(_ shards: [Shard], _ services: [Service]) throws(SystemError)
    -> [SocketAddress]
  {
    var bound: [SocketAddress] = []
    for (number, service) in services.enumerated() {
      let options = service.listening ?? listening
      try service.listeners(listening) {
        (listener: consuming Listener<Linux>) throws(SystemError) in
        let role = ListenerRole(number: UInt32(bound.count), service: UInt8(number))
        bound.append(listener.address)
        try share(listener, shards, role, options)
        shards[0].add(listener, as: role)
      }
    }
    return bound
  }

  /// Has the other loops listen where the first one does.
  ///
  /// The first one's listener wants its port for itself, and then lets those of the other loops in. A second
  /// server that is started by mistake finds the port taken.
  private func share(
    _ listener: borrowing Listener<Linux>, _ shards: [Shard], _ role: ListenerRole,
    _ options: Listener<Linux>.Options
  ) throws(SystemError) {
    guard shards.count > 1 else { return }
    let address = listener.address
    let sharesPort = listener.sharesPort
    if sharesPort, !options.sharesPort { try listener.sharePort() }
    var options = options
    options.sharesPort = true
    for shard in shards.dropFirst() {
      if sharesPort {
        shard.add(try Listener(on: address, options: options, system: Linux()), as: role)
      } else {
        shard.add(try Listener(sharing: listener), as: role)
      }
    }
  }
}

/// How the start of all shards went.
final class StartUp: Sendable {
  private let started = Semaphore()
  private let failure = Lock<SystemError?>(nil)

  var error: SystemError? { failure.withLock { $0 } }
  func report(_ error: SystemError) { failure.withLock { $0 = $0 ?? error } }
  func hasStarted() { started.signal() }
  func wait() { started.wait() }
}

/// A thread with a shard on it.
private final class ShardThread {
  private var thread: LoopThread?

  init(_ shard: Shard, _ outcome: StartUp) throws(SystemError) {
    thread = try LoopThread { shard.run(outcome, signals: nil) { outcome.hasStarted() } }
  }

  func join() { thread.take()?.join() }
}

/// A running server, for other threads.
public struct ServerHandle: Sendable {
  /// Where it listens, with the ports that the system chose.
  public let addresses: [SocketAddress]
  /// Its loops; of a blocking server, the thread that accepts.
  public let loops: [LoopHandle]
  private let controls: [LoopControl<Linux>]

  init(addresses: [SocketAddress], shards: [Shard]) {
    self.addresses = addresses
    controls = shards.map(\.control)
    loops = shards.map { $0.control.handle }
  }

  /// Of a blocking server: the one thread that can be asked is who accepts.
  init(addresses: [SocketAddress], acceptor: LoopControl<Linux>) {
    self.addresses = addresses
    controls = [acceptor]
    loops = [acceptor.handle]
  }

  /// Stops accepting, lets what is under way finish, and ends.
  public func drain() { for control in controls { control.waker.drain() } }
  /// Ends at once.
  public func stop() { for control in controls { control.waker.stop() } }
}
