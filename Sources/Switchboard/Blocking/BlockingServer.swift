/// Who serves, where each connection has a thread's whole attention.
enum BlockingModel {
  /// The accepting thread itself, one connection after the other.
  case sequential
  /// A thread for each connection.
  case threads
  /// So many threads, each with one connection at a time.
  case pool(Int)

  /// The most threads that are started.
  static let mostThreads = 16384
}

/// The thread of a blocking server that accepts.
struct BlockingServer: ~Copyable {
  private let house: BlockingHouse
  private var signals: EndSignals?
  private let signalled: Descriptor?
  private let system = Linux()
  private var listeners = Slab<Listener<Linux>>(capacity: 2)
  private var roles: [ListenerRole] = []
  private var crew: any BlockingCrew
  private var accepting = Admission()
  private var turns = ListenerTurns()
  private var now = Linux().now()

  init(
    _ house: BlockingHouse, _ signals: consuming EndSignals?
  ) throws(SystemError) {
    self.house = house
    signalled = signals?.descriptor
    self.signals = signals
    crew = BlockingThreads(house, capacity: 0)
  }

  mutating func add(_ listener: consuming Listener<Linux>, as role: ListenerRole) {
    _ = listeners.insert(listener)
    roles.append(role)
  }

  /// Finds who serves.
  mutating func recruit(_ model: BlockingModel) throws(SystemError) {
    // A thread needs a descriptor to be woken by, and its connection is another.
    let room = max(1, ConnectionCapacity.usable(descriptorCount(system)) / 2)
    let most = min(house.options.maxConnections ?? room, room, BlockingModel.mostThreads)
    switch model {
    case .sequential: crew = try BlockingSelf(house, signals: signalled)
    case .pool(let count): crew = try BlockingPool(house, count: min(count, most))
    case .threads: crew = BlockingThreads(house, capacity: most)
    }
  }

  /// Accepts until it is asked to end, then sees everybody off.
  mutating func run() {
    while house.control.waker.request == .none {
      acceptAll()
      if house.control.waker.request == .none { wait() }
    }
    if house.control.waker.request == .drain { drain() }
    listeners = Slab(capacity: 1)
    while house.count > 0 {
      house.tell(.stop)
      wait()
    }
    crew.end()
    house.control.end()
  }

  private mutating func drain() {
    now = system.now()
    house.startDeadline(now)
    // What waits in the queues was promised service, since closing a listener resets it.
    acceptAll()
    house.announceDrain()
    house.tell(.drain)
    while house.control.waker.request != .stop, let deadline = house.drainDeadline {
      let before = house.count
      acceptAll()
      house.tell(.drain)
      if house.count == 0, before == 0 { break }
      if system.now() >= deadline + .seconds(1) { break }
      wait(until: deadline + .seconds(1))
    }
    house.announceEnd()
  }

  // ------------------------------------------------------------------------------ accepting

  /// From each listener in its turn, until nobody waits or accepting pauses.
  private mutating func acceptAll() {
    crew.tidy()
    while turns.count < listeners.end { turns.add() }
    for index in 0..<turns.count { turns.note(index) }
    while house.control.waker.request != .stop, let index = turns.next() {
      if house.count >= crew.capacity {
        turns.stop(without: index)
        pause(.connectionLimit(crew.capacity))
        break
      }
      switch accept(index) {
      case .taken: continue
      case .nobody: turns.forget(index)
      case .paused:
        turns.stop(without: index)
        return turns.endTurn()
      }
    }
    turns.endTurn()
  }

  private enum Attempt {
    /// A connection was accepted, or one went wrong and the next may be well.
    case taken
    case nobody
    case paused
  }

  private mutating func accept(_ index: Int) -> Attempt {
    guard let key = listeners.key(at: UInt32(index)) else { return .nobody }
    do throws(SystemError) {
      guard let accepted = try listeners[key].accept() else { return .nobody }
      let address = accepted.address
      let filter = house.filter(roles[index])
      guard filter.map({ trusts(address, $0) }) ?? house.admit(address) else { return .taken }
      if accepting.end() { house.notice(.acceptingResumed) }
      let ticket = house.enter(filter == nil ? address : nil)
      do throws(SystemError) {
        try crew.take(accepted, roles[index], ticket)
      } catch {
        house.leave(ticket)
        throw error
      }
      return .taken
    } catch {
      guard accepting.pauses(after: error.errno) else { return .taken }
      pause(.failed(error))
      return .paused
    }
  }

  /// Whether somebody may say whose his connection is.
  private func trusts(_ address: SocketAddress, _ filter: ProxyProtocol) -> Bool {
    if filter.trusts(address) { return true }
    house.refused(.untrusted, of: address.unmapped)
    return false
  }

  private mutating func pause(_ reason: LoopNotice.Pause) {
    let system = system
    now = system.now()
    if accepting.begin(reason, isEmpty: house.count == 0, now, entropy: system.entropy()) {
      house.notice(.acceptingPaused(reason))
    }
  }

  /// Waits for a connection, a wake-up or a signal.
  private mutating func wait(until deadline: Instant? = nil) {
    var entries: [PollEntry] = [
      PollEntry(house.control.waker.descriptor, .input),
      PollEntry(signalled, .input),
    ]
    let system = system
    let isFull = house.count >= crew.capacity
    let isPaused = accepting.retryAt.map { system.now() < $0 } ?? false
    if !isFull, !isPaused {
      for place in 0..<listeners.end {
        guard let key = listeners.key(at: place) else { continue }
        entries.append(PollEntry(listeners[key].descriptor, .input))
      }
    }
    let awake = !house.control.mail.fallAsleep()
    let until = awake ? system.now() : earlier(deadline, isFull ? nil : accepting.retryAt)
    _ = unsafe entries.withUnsafeMutableBufferPointer { entries in
      unsafe system.poll(entries, milliseconds: until.milliseconds(from: system.now()))
    }
    if entries[0].happened != 0 { house.control.waker.acknowledge() }
    if entries[1].happened != 0 { house.signalled() }
    if house.takeSignal() { _ = signals?.take() }
    if house.control.mail.takeUp() {
      for letter in house.control.jobs.take() { letter.message() }
      house.control.refuseRequests()
    }
  }
}
