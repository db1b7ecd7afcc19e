/// One thread that never blocks, serving every peer that has something to say.
///
/// The readiness face of the library: a ``Poller`` waits, a ``ReactorHandler`` acts. The handler
/// makes the `receive` and `send` calls itself and answers what to be woken for next, so the whole
/// mechanism lies open. Beside connections it can watch any descriptor (a pipe, an eventfd).
///
/// Fairness comes from level triggering and bounded callbacks: a turn makes at most one receiving
/// and one sending callback for each ready peer, so a peer that floods waits for all the others
/// between any two of its callbacks.
///
/// A reactor belongs to the thread that runs it; ``waker`` alone may be used from others.
public struct Reactor<P: Poller & ~Copyable, Handler: ReactorHandler & ~Copyable>: ~Copyable
where P.System == Handler.System {
  /// The kernel beneath.
  public typealias System = P.System

  /// The server's own state.
  public var handler: Handler
  /// Ends or drains the loop, from any thread.
  public let waker: Waker<System>

  let system: System
  let options: ReactorOptions
  let maxConnections: Int
  var poller: P
  var events: EventBuffer
  var slots = Slab<Slot>()
  var listeners = Slab<ListeningSlot>(capacity: 2)
  var watches = Slab<Watch>(capacity: 2)
  var wheel: TimerWheel
  var signals: EndSignals?
  var now: Instant
  var accepting = AcceptState()
  var draining: DrainState?
  var isStopped = false
  var scratch = [UInt8](repeating: 0, count: 16384)

  /// A connection and what the reactor knows of it.
  struct Slot: ~Copyable {
    enum Phase { case connecting, open, lingering }
    var peer: Peer<System>
    var phase: Phase
    var interest: Interest
    var lastActive: Instant
    /// When the wheel will look at it; nil when it will not.
    var scheduled: Instant?
    /// When the present phase must end, if it is not `open`.
    var phaseEnd: Instant?
    var discarded = 0
  }
  struct ListeningSlot: ~Copyable {
    let listener: Listener<System>
    var isArmed: Bool
  }
  struct Watch {
    let descriptor: Descriptor
    var interest: Interest
  }

  /// A reactor that watches nothing yet.
  public init(
    poller: consuming P, handler: consuming Handler, options: ReactorOptions = ReactorOptions(),
    system: System
  ) throws(SystemError) {
    EndSignals.ignoreBrokenPipes()
    var poller = poller
    let waker = try Waker(system: system)
    do throws(RegistrationError) {
      try poller.set(waker.descriptor, .read, was: nil, key: Registration.waker.key)
    } catch { throw error.asSystemError(waker.descriptor) }
    let (descriptors, now) = (system.descriptorLimit().value, system.now())
    let limit = options.maxConnections ?? max(1, descriptors - 32)
    // Those that we connect to count as well, so the limit of accepting does not bound it; the
    // number of descriptors does, which may yet be raised, up to fs.nr_open: 2^20 unless changed.
    let wheel = try TimerWheel(now: now, capacity: max(1 << 20, descriptors))
    self.waker = waker
    self.poller = poller
    self.handler = handler
    self.options = options
    self.system = system
    self.maxConnections = limit
    self.now = now
    self.wheel = wheel
    events = EventBuffer(capacity: options.eventsPerTurn)
  }

  /// How many connections there are, those included that are about to close.
  public var connectionCount: Int { Int(slots.count) }

  /// Runs until it is stopped or drained, or until nothing is left to wait for.
  public mutating func run() throws(SystemError) {
    while !isFinished { try turn() }
    closeAll()
  }

  /// Ends the reactor and gives its handler back.
  public consuming func finish() -> Handler { handler }

  /// Waits once, at most until `limit`, and serves whatever is ready.
  public mutating func turn(until limit: Instant? = nil) throws(SystemError) {
    let own = earlier(accepting.retryAt, draining?.deadline)
    let deadline = earlier(earlier(limit, wheel.nextDeadline), own)
    try poller.wait(until: deadline, into: &events)
    now = system.now()
    for index in 0..<events.count { serve(events[index]) }
    serveDeadlines()
    obeyRequests()
  }

  /// Whether ``run()`` would return: stopped, drained, or nothing to wait for.
  public var isFinished: Bool {
    if isStopped { return true }
    if draining != nil { return slots.count == 0 }
    return slots.count == 0 && listeners.count == 0 && watches.count == 0
  }

  private mutating func serve(_ event: Event) {
    switch Registration(event.key) {
    case .waker: waker.acknowledge()
    case .signals: if signals?.take() != nil { waker.drain() }
    case .listener(let key): if listeners.contains(key) { accept(key) }
    case .watch(let key): if watches.contains(key) { serveWatch(key, event.readiness) }
    // An event fetched before its connection was closed names a dead key: it is dropped here.
    case .peer(let key): if slots.contains(key) { servePeer(key, event.readiness) }
    }
  }

  private mutating func servePeer(_ key: Key, _ readiness: Readiness) {
    slots[key].lastActive = now
    slots[key].peer.now = now
    switch slots[key].phase {
    case .connecting: finishConnecting(key)
    case .lingering: if hasEnded(key) { remove(key) }
    case .open:
      // A hang-up is shown by whatever the handler tries next.
      let asked = slots[key].interest
      if !readiness.isDisjoint(with: [.read, .hangUp]), asked.contains(.read) {
        follow(handler.readyToReceive(&slots[key].peer), key)
      }
      guard slots.contains(key), slots[key].phase == .open else { return }
      if !readiness.isDisjoint(with: [.write, .hangUp]),
        asked.contains(.write), slots[key].interest.contains(.write)
      {
        follow(handler.readyToSend(&slots[key].peer), key)
      }
    }
  }

  private mutating func serveWatch(_ key: Key, _ readiness: Readiness) {
    let watch = watches[key]
    let answer = handler.ready(readiness, watched: watch.descriptor)
    guard watches.contains(key) else { return }
    if answer.isEmpty { return unwatch(key) }
    guard answer != watch.interest else { return }
    let registered = Registration.watch(key).key
    do throws(RegistrationError) {
      try poller.set(watch.descriptor, answer, was: watch.interest, key: registered)
      watches[key].interest = answer
    } catch { unwatch(key) }
  }

  /// Does what a callback answered: go on waiting, for something else perhaps, or finish.
  mutating func follow(_ answer: Interest, _ key: Key) {
    if answer.isEmpty { return finish(key, .finished) }
    let old = slots[key].interest
    if answer != old {
      do throws(RegistrationError) {
        try poller.set(slots[key].peer.socket.descriptor, answer, was: old, key: key)
        slots[key].interest = answer
      } catch { return finish(key, .registrationFailed(error)) }
    }
    schedule(key)
  }
}

/// How a ``Reactor`` behaves.
public struct ReactorOptions: Hashable, Sendable {
  /// Connections held at once; further ones wait in the kernel's queue. Nil: as many as the
  /// descriptor limit allows, less 32 for everything else.
  public var maxConnections: Int?
  /// Connections accepted in one turn, so that a storm of them does not starve those already there.
  public var acceptBudget = 16
  /// Events taken in one turn.
  public var eventsPerTurn = 1024
  /// Close a peer that was ready for nothing for so long. Nil: never.
  public var idleTimeout: Duration?
  /// How long peers may take to finish once draining has begun.
  public var drainTimeout: Duration = .seconds(10)
  /// How long a peer we are finished with may go on sending before it is cut off. Its bytes are
  /// discarded; closing at once would reset the connection and destroy our last reply on its way.
  public var lingerTimeout: Duration = .seconds(2)
  /// How long a connection attempt may take.
  public var connectTimeout: Duration = .seconds(10)
  /// The defaults.
  public init() {}
}
