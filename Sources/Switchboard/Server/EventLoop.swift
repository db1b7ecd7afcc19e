/// One thread's share of a server: a backend, the connections on it, and the care they get.
///
/// Compiled once for each backend; sessions are reached through a ``SessionTable``.
@safe
struct EventLoop<B: Backend & ~Copyable>: ~Copyable {
  var backend: B
  var slots: SlotTable
  var wheel: TimerWheel
  let outboxes = OutboxPool()
  /// Bytes in outboxes of connections that are closed, and that the backend may still be reading.
  var condemned = 0
  var connection: Connection
  let sessions: Unmanaged<SessionTable>
  let keptSessions: SessionTable
  let control: LoopControl<B.System>
  let options: ServerOptions
  let limits: Limits
  var accepting = Admission()
  /// Whether the operator was told of the present pause by this loop.
  var isPauseTold = false
  var addresses: AddressCounts
  /// Whether connections are wanted at the moment.
  var isAccepting = true
  var draining: Drain?
  /// Connections whose sessions are to be told, at the end of this turn, that everything is sent.
  var drainedSoon: [Key] = []
  /// Connections that may send more of their outboxes in the next turn.
  var sendSoon: [Key] = []
  let peers: PeerAddresses
  /// What sessions have left, by their slots, and how much that is.
  var leftovers: [UInt32: [UInt8]] = [:]
  var leftoverCount = 0
  /// Connections that are to be given what they left, at the end of this turn.
  var givenSoon: [Key] = []
  /// Connections that belong together; nil before the first.
  var pairs: Pairs?
  /// Who is to be told of its partner, at the end of this turn.
  var partnerNews: [PartnerNews] = []
  /// What is done on the loop again and again; nil where there is nothing.
  var recurring: RecurringJobs? { didSet { hasDuties = true } }
  /// Who says when connections are to act by themselves; nil where nobody does.
  var pacing: Pacing? { didSet { hasDuties = true } }
  /// What the loop has of pools; nil before a session asks one.
  var pools: PoolDesk? { didSet { hasDuties = true } }
  /// There is one of these: a loop without them asks once a turn.
  private var hasDuties = false
  /// What is being sent was forwarded.
  var isForwarding = false
  /// Something waits for the end of a send: the next wait does not sleep over it.
  var awaitsSends = false
  var isStopped = false
  /// After it was stopped: what had come meanwhile.
  private var catchUp: CatchUp?
  let origin: Instant
  var now: Instant
  /// Milliseconds since `origin`, from 1 on.
  var tick: UInt32 = 1
  let notice: (LoopNotice) -> Void
  private var signals: EndSignals?
  /// Connections that are being made; nil before the first.
  var outgoing: Outgoing<B.System>?
  var listeners: Slab<Listener<B.System>>
  /// The listeners' roles, in the order in which the backend watches them.
  var roles: [ListenerRole] = []
  /// What stands before the sessions of each listener's connections; empty where nothing does.
  var filters: [ListenerFilters] = []
  /// Connections whose sessions are not made yet, by their slots.
  var openings: [UInt32: BegunOpening] = [:]
  /// The filters that stay; nil before the first.
  var desk: FilterDesk? { didSet { hasDuties = true } }
  var proxyRefusals = ProxyRefusals()

  /// The options, in the units of the hot path.
  struct Limits {
    var maxConnections: Int
    var idle: UInt32
    var linger: UInt32
  }

  /// - Parameter age: How long the loop's clock has run already, in nanoseconds: for simulations.
  init(
    backend: consuming B, sessions: SessionTable, box: AnyObject, capacity: Int,
    control: LoopControl<B.System>, options: ServerOptions, age: UInt64 = 0,
    notice: @escaping (LoopNotice) -> Void
  ) throws(SystemError) {
    var backend = backend
    try backend.watch(control.waker.descriptor, .woken)
    let now = control.system.now()
    let origin = Instant(nanoseconds: now.nanoseconds - min(age, now.nanoseconds))
    let slots = try SlotTable(capacity: capacity + 64)
    let wheel = try TimerWheel(now: origin, capacity: capacity + 64)
    self.backend = backend
    self.slots = slots
    self.wheel = wheel
    unsafe self.sessions = .passUnretained(sessions)
    keptSessions = sessions
    self.control = control
    self.options = options
    self.notice = notice
    self.now = now
    self.origin = origin
    limits = Limits(
      maxConnections: capacity, idle: options.idleTimeout?.milliseconds ?? 0,
      linger: max(1, options.lingerTimeout.milliseconds))
    connection = Connection(
      loop: self.backend.makeContext(box: box), handle: control.handle, now: now,
      // Room that is asked for need not be used: what is written counts, and is checked then.
      limit: max(options.outboxLimit, 16 << 20), watermark: options.highWatermark)
    addresses = AddressCounts(limit: options.maxConnectionsPerAddress, tally: control.addresses)
    peers = PeerAddresses(capacity: capacity + 64)
    connection.peers = peers
    connection.outboxes = outboxes
    unsafe connection.slots = self.slots.start
    signals = nil
    listeners = Slab(capacity: 1)
  }

  /// Accepts from a listener until the loop ends; if wanted, what begins with a header alone.
  mutating func listen(
    _ listener: consuming Listener<B.System>, as role: ListenerRole = ListenerRole(),
    behind wanted: ListenerFilters = ListenerFilters()
  ) throws(SystemError) {
    var filter = wanted
    if let source = filter.source { filter.maker = try maker(of: source) }
    try backend.watch(listener.descriptor, .accepted)
    while !filter.isEmpty, filters.count < roles.count { filters.append(ListenerFilters()) }
    if !filter.isEmpty || !filters.isEmpty { filters.append(filter) }
    roles.append(role)
    _ = listeners.insert(listener)
  }

  /// Drains the whole server at the first SIGTERM or SIGINT.
  mutating func drainOnSignals(_ opened: consuming EndSignals) throws(SystemError) {
    try backend.watch(opened.descriptor, .signalled)
    signals = consume opened
  }

  /// Runs until it is stopped or drained.
  mutating func run() throws(SystemError) {
    do throws(SystemError) {
      while !isFinished { try turn() }
    } catch {
      closeAll()
      throw error
    }
    closeAll()
  }

  @inline(__always)
  private mutating func turn() throws(SystemError) {
    try sleep()
    work()
  }

  /// The first half of a turn: waits until there is something to do.
  @inline(__always)
  mutating func sleep() throws(SystemError) {
    backend.setRoom(room, within: control.places)
    let deadline = control.mail.fallAsleep() ? nextDeadline() : now
    try backend.wait(until: deadline, isHurried: awaitsSends, isExact: pacing != nil)
    awaitsSends = false
    refreshTime()
    if hasDuties { pools?.turns.begin(now) }
    if let deadline, CatchUp.isDue(now, after: deadline), catchUp == nil { catchUp = CatchUp(now) }
  }

  /// The other half: does it.
  @inline(__always)
  mutating func work() {
    if catchUp != nil || draining != nil {
      workInArrears()
    } else {
      while let completion = backend.next(&slots) { handle(completion) }
      serveDeadlines()
    }
    deliverMail()
    if !sendSoon.isEmpty { goOnSending() }
    tellDrained()
    giveLeftovers()
    tellOfPartners()
    if hasDuties { doDuties() }
    obeyRequests()
  }

  /// What has come before is taken in, and it is noted who brings news; timers may wait for it. Apart:
  /// that is rare.
  @inline(never)
  private mutating func workInArrears() {
    while let completion = backend.next(&slots) {
      catchUp?.arrears.note(completion)
      draining?.arrears.note(completion)
      handle(completion)
    }
    if catchUp?.arrears.endTurn(owesWork: backend.owesWork) ?? false { catchUp = nil }
    if catchUp?.servesDeadlines(now) ?? true { serveDeadlines() }
  }

  /// Whether nobody is to be called idle yet.
  var isCatchingUp: Bool { catchUp != nil }

  var isFinished: Bool {
    isStopped || draining.map { !$0.isGathering && slots.count == 0 } ?? false
  }

  /// How many connections more may be accepted.
  private var room: Int { isAccepting ? limits.maxConnections - slots.count : 0 }

  @inline(__always)
  private mutating func nextDeadline() -> Instant? {
    let owesCalls =
      !sendSoon.isEmpty || !drainedSoon.isEmpty || !givenSoon.isEmpty || !partnerNews.isEmpty
    if owesCalls || isGathering { return now }
    let usual = earlier(wheel.nextDeadline, earlier(accepting.retryAt, draining?.deadline))
    return hasDuties ? earlier(usual, deadlineOfDuties()) : usual
  }

  @inline(__always)
  mutating func refreshTime() {
    now = control.system.now()
    tick = 1 &+ UInt32(truncatingIfNeeded: (now.nanoseconds &- origin.nanoseconds) / 1_000_000)
    connection.now = now
  }

  @inline(__always)
  mutating func handle(_ completion: Completion) {
    switch completion.kind {
    case .received: received(completion)
    case .sent: sent(completion.key, completion.value)
    case .sentInPlace: unsafe sentInPlace(completion.key, completion.received)
    default: handleRare(completion)
    }
  }

  /// What does not come with each request. Apart, so that the rest keeps the processor's registers.
  @inline(never)
  private mutating func handleRare(_ completion: Completion) {
    switch completion.kind {
    case .received, .sent, .sentInPlace: break
    case .accepted: accepted(Int32(truncatingIfNeeded: completion.value), from: completion.listener)
    case .ended: ended(completion.key)
    case .closed: release(completion.key)
    case .woken: control.waker.acknowledge()
    case .signalled: if signals?.take() != nil { control.drainAll() }
    case .attempted: attempted()
    case .acceptFailed: acceptFailed(completion.errno)
    case .receiveFailed: failed(completion.key, .receive, completion.errno)
    case .sendFailed: failed(completion.key, .send, completion.errno)
    }
  }

  // ---------------------------------------------------------------------------- receiving

  @inline(__always)
  private mutating func received(_ completion: Completion) {
    let key = completion.key
    guard slots.contains(key) else { return }
    if slots[key.index].isApart { return receivedApart(completion) }
    slots[key.index].lastActive = tick
    beginOnWire(key)
    unsafe connection.forwarded.begin(completion.received)
    let bytes = unsafe UnsafeBufferPointer<UInt8>(
      start: UnsafePointer(completion.bytes), count: completion.value)
    unsafe sessions._withUnsafeGuaranteedRef {
      unsafe $0.received(Int(key.index), bytes.span, &connection)
    }
    carryOut(key)
  }

  private mutating func ended(_ key: Key) {
    guard slots.contains(key) else { return }
    if slots[key.index].isFiltered { return endedBehindFilter(key) }
    peerEnded(key)
  }

  /// The peer has finished sending, and what it sent before has been given to its session.
  mutating func peerEnded(_ key: Key) {
    let step = slots[key.index].ending.peerEnded()
    // Level-triggered backends would report the end for ever.
    if slots[key.index].ending.phase != .over { updateReceiving(key) }
    if step == .tellEnd, hasToTake(key) {
      slots[key.index].flags.insert(.owesEnd)
      return
    }
    take(step, key)
  }

  private mutating func failed(_ key: Key, _ call: SystemError.Call, _ errno: Errno) {
    guard slots.contains(key), !slots[key.index].flags.contains(.closed) else { return }
    breakOff(key, SystemError(call, errno))
  }

  /// A connection broke, or the process may not make the calls that it needs.
  @inline(never)
  mutating func breakOff(_ key: Key, _ error: SystemError) {
    if control.refusals.isNew(error) { notice(.callRefused(error)) }
    closeNow(key, .failed(error))
  }

  /// The next callback is this connection's.
  @inline(__always)
  mutating func begin(_ key: Key) {
    if slots[key.index].isFiltered { return beginBehindFilter(key) }
    beginOnWire(key)
  }

  /// What is written next goes to this connection's wire.
  @inline(__always)
  mutating func beginOnWire(_ key: Key) {
    connection.begin(key, slots[key.index].descriptor, backend.outputRegion(for: key))
  }

  /// Calls a session, sends what it wrote and does what it asked for.
  mutating func callBack(
    _ key: Key, _ body: (SessionTable, Int, inout Connection) -> Void
  ) {
    begin(key)
    connection.forwarded.begin()
    unsafe sessions._withUnsafeGuaranteedRef { body($0, Int(key.index), &connection) }
    carryOut(key)
  }

  @inline(__always)
  mutating func carryOut(_ key: Key) {
    let requests = connection.requests
    if !requests.isEmpty { return obey(key, requests) }
    if connection.count > 0 { transmit(key) }
  }

  /// Apart: most callbacks only write.
  @inline(never)
  private mutating func obey(_ key: Key, _ requests: Connection.Requests) {
    if connection.count > 0, requests.isDisjoint(with: [.overflow, .share, .filtered]) {
      transmit(key)
    }
    let hasWrittenMuch = requests.contains(.leave) && connection.hasWrittenMuch
    if requests.contains(.filtered) {
      transmitSealed(key, isWhole: !requests.contains(.overflow))
    } else if requests.contains(.share) {
      transmitShared(key, isWhole: !requests.contains(.overflow))
    }
    if requests.contains(.connect) { connectAsAsked() }
    let isLeft =
      !requests.contains(.leave) || !slots.contains(key) || keepLeftovers(key, hasWrittenMuch)
    if !requests.isDisjoint(with: [.pair, .forward, .forwardEnd, .pool]) {
      obeyAboutPartner(key, requests)
    }
    guard slots.contains(key), !slots[key.index].flags.contains(.closed) else { return }
    if requests.contains(.overflow) { return closeNow(key, .outboxFull) }
    if requests.contains(.reset) { connection.loop.resetAtClose(slots[key.index].descriptor) }
    if !requests.isDisjoint(with: [.abort, .reset]) { return closeNow(key, .aborted) }
    if !isLeft { return closeNow(key, .inputFull) }
    if requests.contains(.timer) {
      slots[key.index].alarm = connection.alarm.map { ticks(at: $0) } ?? 0
      schedule(key)
    }
    if requests.contains(.pause) { slots[key.index].flags.insert(.pausedBySession) }
    if requests.contains(.resume) { resumeReading(key) }
    if !requests.isDisjoint(with: [.pause, .resume]) { updateReceiving(key) }
    if requests.contains(.drained) { askForDrained(key) }
    if requests.contains(.finish) { finishSending(key) }
    if requests.contains(.close) { closeWhenSent(key) }
  }

  /// Makes the backend receive, or not, as the flags say.
  mutating func updateReceiving(_ key: Key) {
    let flags = slots[key.index].flags
    let on =
      !flags.contains(.peerEnded)
      && (flags.contains(.lingering) || !slots[key.index].isPaused)
    if on != flags.contains(.receiving) { backend.setReceiving(on, key, &slots) }
  }
}

extension Duration {
  /// Whole milliseconds, rounded up, for the loop's 32-bit ticks: at most 24 days.
  var milliseconds: UInt32 {
    UInt32(min(clampedNanoseconds.inMillisecondsRoundedUp, 24 * 86_400_000))
  }
}
