/// The article's loop: wait; for each event call back; do what the callback answered.
///
/// It is not generic over the handler, which it reaches through one indirect call, and its ways in
/// name the pollers they are specialised for. A handler lives in its user's module; were this
/// generic over it, all of it would run unspecialised, at twenty times the instructions.
struct ReactorLoop<P: Poller & ~Copyable>: ~Copyable {
  typealias System = P.System

  let handler: HandlerCalls<System>
  let waker: Waker<System>
  let system: System
  let options: ReactorOptions
  let maxConnections: Int
  /// Those that we connect to among them: what the tables have room for.
  let mostSlots: Int
  var poller: P
  var events: EventBuffer
  var slots = Slab<Slot>()
  var listeners = Slab<ListeningSlot>(capacity: 2)
  var watches = Slab<Watch>(capacity: 2)
  var wheel: TimerWheel
  var signals: EndSignals?
  var now: Instant
  var accepting = Admission()
  /// Who is accepted from next.
  var turns = ListenerTurns()
  var draining: Drain?
  var isStopped = false
  var catchUp: CatchUp?
  var scratch = [UInt8](repeating: 0, count: 16384)

  /// A connection and what the reactor knows of it.
  struct Slot: ~Copyable {
    var peer: Peer<System>
    /// It is being connected to.
    var isConnecting: Bool
    var ending = Ending()
    var interest: Interest
    var lastActive: Instant
    /// When the wheel will look at it; nil when it will not.
    var scheduled: Instant?
    /// When connecting, or lingering, must end.
    var phaseEnd: Instant?
    var isOpen: Bool { !isConnecting && ending.isOpen }
  }
  struct ListeningSlot: ~Copyable {
    let listener: Listener<System>
    var isArmed: Bool
  }
  struct Watch {
    let descriptor: Descriptor
    var interest: Interest
  }

  init(
    poller: consuming P, handler: HandlerCalls<System>, options: ReactorOptions, system: System
  ) throws(SystemError) {
    let options = try options.checked()
    var poller = poller
    let waker = try Waker(system: system)
    do throws(RegistrationError) {
      try poller.set(waker.descriptor, .read, was: nil, key: Registration.waker.key)
    } catch { throw error.asSystemError(waker.descriptor) }
    let (descriptors, now) = (descriptorCount(system), system.now())
    let limit = ConnectionCapacity.of(wanted: options.maxConnections, descriptors: descriptors)
    // Those that we connect to count as well, so the limit of accepting does not bound it; the
    // number of descriptors does, which may yet be raised, up to fs.nr_open.
    let most = max(limit, ConnectionCapacity.most) + ConnectionCapacity.margin
    let wheel = try TimerWheel(now: now, capacity: most)
    self.waker = waker
    self.poller = poller
    self.handler = handler
    self.options = options
    self.system = system
    self.maxConnections = limit
    mostSlots = most
    self.now = now
    self.wheel = wheel
    events = EventBuffer(capacity: options.eventsPerTurn)
  }

  var connectionCount: Int { Int(slots.count) }

  @specialized(where P == Epoll)
  @specialized(where P == Poll)
  @specialized(where P == Select)
  mutating func run() throws(SystemError) {
    while !isFinished { try turn() }
    closeAll()
  }

  /// Waits once, at most until `limit`, and serves whatever is ready.
  @specialized(where P == Epoll)
  @specialized(where P == Poll)
  @specialized(where P == Select)
  mutating func turn(until limit: Instant? = nil) throws(SystemError) {
    let own = earlier(wheel.nextDeadline, earlier(accepting.retryAt, draining?.deadline))
    do throws(SystemError) {
      try poller.wait(until: earlier(limit, own), into: &events)
    } catch {
      // Without waiting there is no going on: peers are told, as at any other end.
      isStopped = true
      closeAll()
      throw error
    }
    now = system.now()
    if let own, CatchUp.isDue(now, after: own), catchUp == nil { catchUp = CatchUp(now) }
    if catchUp != nil { noteArrears() }
    for index in 0..<events.count { serve(events[index]) }
    if turns.waiting > 0 { acceptInTurn() }
    if catchUp?.servesDeadlines(now) ?? true { serveDeadlines() }
    obeyRequests()
  }

  /// While it catches up: who brings something in this turn.
  private mutating func noteArrears() {
    for index in 0..<events.count {
      switch Registration(events[index].key) {
      case .peer(let key): if slots.contains(key) { catchUp?.arrears.note(key.index, bytes: 0) }
      case .listener: catchUp?.arrears.noteAccept()
      case .waker, .signals, .watch: catchUp?.arrears.noteNews()
      }
    }
    if catchUp?.arrears.endTurn(owesWork: events.isFull) ?? false { catchUp = nil }
  }

  var isFinished: Bool {
    if isStopped { return true }
    if draining != nil { return slots.count == 0 }
    return slots.count == 0 && listeners.count == 0 && watches.count == 0
  }

  private mutating func serve(_ event: Event) {
    switch Registration(event.key) {
    case .waker: waker.acknowledge()
    case .signals: if signals?.take() != nil { waker.drain() }
    case .listener(let key): if listeners.contains(key) { turns.note(Int(key.index)) }
    case .watch(let key): if watches.contains(key) { serveWatch(key, event.readiness) }
    // An event fetched before its connection was closed names a dead key: it is dropped here.
    case .peer(let key): if slots.contains(key) { servePeer(key, event.readiness) }
    }
  }

  private mutating func servePeer(_ key: Key, _ readiness: Readiness) {
    slots[key].lastActive = now
    slots[key].peer.now = now
    if slots[key].isConnecting { return finishConnecting(key) }
    guard slots[key].isOpen else { return discard(key) }
    // A hang-up is shown by whatever the handler tries next.
    let asked = slots[key].interest
    if !readiness.isDisjoint(with: [.read, .hangUp]), asked.contains(.read) {
      follow(handler.readyToReceive(&slots[key].peer), key)
    }
    guard slots.contains(key), slots[key].isOpen else { return }
    if !readiness.isDisjoint(with: [.write, .hangUp]),
      asked.contains(.write), slots[key].interest.contains(.write)
    {
      follow(handler.readyToSend(&slots[key].peer), key)
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
