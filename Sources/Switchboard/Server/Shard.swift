internal import CKernel

/// One loop of a ``Server`` with its own listeners and sessions: everything that one thread needs.
///
/// Made by the thread that starts the server, then used by the shard's own alone. Not generic over
/// the session: a function that is, and is not specialised for it, would run the whole loop
/// unspecialised, for the backend too.
final class Shard: @unchecked Sendable {
  /// What the shards of a server count together.
  struct Shared {
    /// Nil where there is one shard, which counts for itself.
    let places: Places?
    let addresses = AddressTally()
    let refusals = RefusedCalls()

    init(_ server: Server) {
      let isAlone = server.loops == 1
      places = isAlone ? nil : Places(limit: server.capacity, loops: server.loops)
    }
  }

  let control: LoopControl<Linux>
  private let index: Int
  private let server: Server
  private let backend: Server.BackendName
  private let notice: @Sendable (LoopNotice) -> Void
  private let ring: RecordRing?
  private let services: [Service]
  private var listeners = Slab<Listener<Linux>>(capacity: 2)
  private var roles: [ListenerRole] = []

  init(
    _ index: Int, _ server: Server, _ backend: Server.BackendName, _ shared: Shared,
    _ services: [Service], _ notice: @escaping @Sendable (LoopNotice) -> Void
  ) throws(SystemError) {
    self.index = index
    self.server = server
    self.backend = backend
    self.notice = notice
    ring = server.recorder?.ring()
    self.services = services
    control = try LoopControl(
      system: Linux(), places: shared.places, addresses: shared.addresses,
      refusals: shared.refusals, resolver: server.resolver)
  }

  func add(_ listener: consuming Listener<Linux>, as role: ListenerRole) {
    _ = listeners.insert(listener)
    roles.append(role)
  }

  /// Lets the shards drain each other.
  func introduce(to shards: [Shard]) {
    for other in shards where other !== self { control.addSibling(other.control.waker) }
  }

  /// Runs until it is drained or stopped. Reports its failure, and calls `started` in any case.
  func run(_ outcome: StartUp, signals: consuming EndSignals?, started: () -> Void) {
    var hasStarted = false
    do throws(SystemError) {
      if server.pinsLoops { pin() }
      try run(on: backend, signals: signals) {
        hasStarted = true
        started()
      }
    } catch {
      outcome.report(error)
      // The others would go on as if nothing had happened, with a part of the port's connections.
      if hasStarted { control.stopSiblings() } else { started() }
    }
  }

  private func run(
    on backend: Server.BackendName, signals: consuming EndSignals?, started: () -> Void
  ) throws(SystemError) {
    let system = Linux()
    let (budget, most) = (server.options.acceptBudget, server.options.mostOfPartner)
    // The one place where a backend's name becomes its type.
    switch backend {
    case .select:
      let poller = try Select(system: system)
      try run(
        Proactor(poller: poller, acceptBudget: budget, mostOfPartner: most, system: system),
        signals, started)
    case .poll:
      let poller = try Poll(system: system)
      try run(
        Proactor(poller: poller, acceptBudget: budget, mostOfPartner: most, system: system),
        signals, started)
    // The blocking models have no shards.
    case .epoll, .auto, .sequential, .threads, .pool:
      let poller = try EdgeEpoll(system: system)
      try run(
        Proactor(poller: poller, acceptBudget: budget, mostOfPartner: most, system: system),
        signals, started)
    case .ioUring:
      let ring: URing<Linux>
      do throws(SystemError) {
        ring = try server.makeRing()
      } catch {
        // It could be had a moment ago. Who left the choice to us is served all the same.
        guard server.backend == .auto else { throw error }
        return try run(on: .epoll, signals: signals, started: started)
      }
      let capacity = min(server.ringCapacity, ConnectionCapacity.usable(ring.files))
      try run(ring, signals, started, capacity: capacity)
    }
  }

  private func run<B: Backend & ~Copyable>(
    _ backend: consuming B, _ signals: consuming EndSignals?, _ started: () -> Void,
    capacity: Int? = nil
  ) throws(SystemError) where B.System == Linux {
    let capacity = capacity ?? server.loopCapacity
    let (sessions, box) = try services.makeTables(
      capacity + ConnectionCapacity.margin, control.mail)
    guard ring != nil || server.options.slowCallback != nil else {
      return try run(backend, sessions, box, signals, started, capacity)
    }
    let observer = try LoopObserver(
      loop: index, ring: ring, slowLimit: server.options.slowCallback,
      capacity: capacity + ConnectionCapacity.margin, system: Linux(), notice: notice)
    defer { observer.finish() }
    try run(
      Observed(backend, observer), ObservedSessions(sessions, observer), box, signals, started,
      capacity)
  }

  private func run<B: Backend & ~Copyable>(
    _ backend: consuming B, _ sessions: SessionTable, _ box: AnyObject,
    _ signals: consuming EndSignals?, _ started: () -> Void, _ capacity: Int
  ) throws(SystemError) where B.System == Linux {
    var loop = try EventLoop(
      backend: backend, sessions: sessions, box: box, capacity: capacity, control: control,
      options: server.options, notice: notice)
    if !server.recurring.isEmpty {
      loop.recurring = RecurringJobs(server.recurring, from: control.system.now())
    }
    if let pacer = server.makePacer?(control.handle) {
      loop.pacing = Pacing(pacer, now: loop.now)
    }
    if let signals = consume signals { try loop.drainOnSignals(signals) }
    for place in 0..<listeners.end {
      guard let key = listeners.key(at: place) else { continue }
      let role = roles[Int(place)]
      let service = services[Int(role.service)]
      let filter = ListenerFilters(proxy: service.proxyProtocol, source: service.filter)
      try loop.listen(listeners.remove(key), as: role, behind: filter)
    }
    started()
    try loop.run()
  }

  private func pin() {
    let processor = ck_allowed_processor(Int32(index))
    if processor >= 0 { _ = ck_pin(Int32(processor)) }
  }
}
