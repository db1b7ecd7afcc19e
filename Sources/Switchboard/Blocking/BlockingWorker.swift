/// Serves one connection at a time in the thread that calls it, and waits wherever it has to: the
/// classical server, for the same sessions as an event loop.
///
/// It waits with `poll(2)` on the connection and on its waker, since a thread in a blocking `recv`
/// could be reached by nobody: no timer, no post, no drain. That is one system call more for a
/// request than in a server that never has to stop.
///
/// Made by the accepting thread, then used by the one that serves alone.
@safe
final class BlockingWorker: @unchecked Sendable {
  let control: LoopControl<Linux>
  let house: BlockingHouse
  let sessions: SessionTable
  let system = Linux()
  let input: ByteRegion
  let output: ByteRegion
  var connection: Connection
  /// Sequential: what the process is asked to do comes to the thread that serves.
  let signals: Descriptor?

  private let latest = LatestPeer()

  // Of the connection that is being served.
  var descriptor = Descriptor(rawValue: -1)
  var key = Key(index: 0, generation: 0)
  var ending = Ending()
  var isPaused = false
  /// Whether the peer was told that nothing more comes.
  var hasFinished = false
  /// Nothing can happen to it any more but that it is received from: both sides have finished.
  private var isQuiet = false
  var owesDrained = false
  /// The session wanted a partner, and is to be told why there is none.
  var refusedPartner: CloseReason??
  /// What the session has left, and whether it is to be given it at once.
  var leftovers: [UInt8] = []
  /// What has come last of a connection that has no session yet.
  var arrived: [UInt8] = []
  var owesLeftovers = false
  var hasLetters = false
  var isToldToDrain = false
  var quietTurns = 0
  var turnsLeft = 128
  var alarm: Instant?
  var lastActive = Instant(nanoseconds: 0)

  init(
    _ house: BlockingHouse, control: LoopControl<Linux>, signals: Descriptor? = nil
  ) throws(SystemError) {
    let (sessions, box) = try house.makeTables(1, control.mail)
    self.house = house
    self.control = control
    self.sessions = sessions
    self.signals = signals
    input = try ByteRegion(count: 65536)
    output = try ByteRegion(count: 65536)
    connection = Connection(
      loop: DescriptorContext(box: box, system: Linux(), latest: latest),
      handle: control.handle, now: Linux().now(),
      limit: max(house.options.outboxLimit, 16 << 20),
      watermark: house.options.highWatermark)
  }

  var isOver: Bool { ending.isSessionGone }

  /// Takes no more posts or jobs.
  func end() {
    sessions.closeMail()
    control.end()
  }

  /// Serves a connection to its end.
  ///
  /// - Parameter ticket: Its place with the house.
  func serve(
    _ accepted: consuming Listener<Linux>.Incoming, _ role: ListenerRole, _ ticket: UInt32
  ) {
    descriptor = accepted.socket.descriptor
    latest.note(descriptor.rawValue, accepted.address)
    key = Key(index: 0, generation: key.generation | 1)
    (ending, isPaused, hasFinished, isQuiet) = (Ending(), false, false, false)
    (owesDrained, isToldToDrain, quietTurns, turnsLeft) = (false, false, 0, 128)
    (leftovers, owesLeftovers, refusedPartner) = ([], false, nil)
    alarm = nil
    lastActive = system.now()
    connection.role = role
    if let filter = house.filter(role) {
      open(behind: filter, from: accepted.address.unmapped, ticket)
    } else {
      callBack { sessions, connection in sessions.open(0, &connection) }
    }
    while !isOver { turn() }
    // Nobody else is called before the next connection comes.
    returnLetters()
    key = Key(index: 0, generation: key.generation &+ 1)
  }

  func turn() {
    if request == .stop { return over(.stopped) }
    // Not before it has had what it left for want of room.
    if request == .drain, !isToldToDrain, !owesLeftovers || isPaused { return beginDrain() }
    deliverMail()
    if isOver { return }
    let now = system.now()
    if let due = alarm, due <= now {
      alarm = nil
      callBack { sessions, connection in sessions.elapsed(0, &connection) }
    }
    if let reason = refusedPartner, !isOver {
      refusedPartner = nil
      return callBack { sessions, connection in sessions.partnerClosed(0, reason, &connection) }
    }
    // Before anything else comes, the peer's end among it.
    if owesLeftovers, !isPaused, !isOver { return giveLeftovers() }
    let reads = !isPaused && !ending.peerHasEnded
    if isOver || hasRunOut(now, hearing: reads) { return }
    let isFree = !owesDrained && control.mail.fallAsleep()
    let deadline = isFree ? earlier(alarm, limit) : now
    switch wait(for: reads ? .read : [], until: deadline) {
    case .read: receive()
    case .hangUp: hungUp()
    default: break
    }
    // After what has come: a session that sends without end still hears its peer.
    guard owesDrained, !isOver else { return }
    owesDrained = false
    callBack { sessions, connection in sessions.drained(0, &connection) }
  }

  var request: Waker<Linux>.Request { max(control.waker.request, house.request) }

  /// When the connection has to end if nothing happens on it.
  var limit: Instant? {
    earlier(house.options.idleTimeout.map { lastActive + $0 }, house.drainDeadline)
  }

  /// Ends the connection if its time is over. Nobody is idle whose bytes lie waiting to be received,
  /// or who takes something of what lies in the kernel.
  func hasRunOut(_ now: Instant, hearing: Bool) -> Bool {
    switch idleness(now) {
    case .active, .unknown: break
    case .progressing(let last): lastActive = last
    case .idle: if !hearing || wait(for: .read, until: now) != .read { over(.idle) }
    }
    if isOver { return true }
    if let deadline = house.drainDeadline, deadline <= now {
      over(.drainTimeout)
    }
    return isOver
  }

  private func idleness(_ now: Instant) -> Idleness {
    guard let limit = house.options.idleTimeout else { return .active }
    return Idleness.of(
      lastActive, limit: limit.clampedNanoseconds, now, isCatchingUp: false
    ) { system.lastProgress(on: descriptor, now) }
  }

  /// What has come is answered first, then the session is asked to finish.
  func beginDrain() {
    house.startDeadline(system.now())
    // Who accepts is busy with this connection.
    if control === house.control { house.announceDrain() }
    if !isPaused, !ending.peerHasEnded, quietTurns < 2, turnsLeft > 0 {
      turnsLeft -= 1
      let isReady = wait(for: .read, until: system.now()) == .read
      quietTurns = isReady ? 0 : quietTurns + 1
      if isReady { receive() }
      return
    }
    isToldToDrain = true
    callBack { sessions, connection in sessions.draining(0, &connection) }
  }

  /// Runs what other threads want to be run in this one; letters wait for the session.
  func doJobs() {
    guard control.mail.takeUp() else { return }
    hasLetters = true
    for letter in control.jobs.take() { letter.message() }
    control.refuseRequests()
  }

  /// The session has gone: what has come for it comes back.
  private func returnLetters() {
    hasLetters = true
    deliverMail()
  }

  func deliverMail() {
    doJobs()
    guard hasLetters else { return }
    hasLetters = false
    for place in 0..<sessions.collectMail() {
      guard sessions.addressee(place) == key, !isOver else {
        sessions.undelivered(place)
        continue
      }
      callBack { sessions, connection in sessions.deliver(place, 0, &connection) }
    }
    sessions.dropMail()
  }

  // ------------------------------------------------------------------------------- waiting

  /// Waits until the connection is ready, somebody wakes this worker, or the time has come.
  func wait(for interest: Interest, until deadline: Instant?) -> Readiness {
    var entries: [3 of PollEntry] = [
      PollEntry(isQuiet && interest.isEmpty ? nil : descriptor, interest.events),
      PollEntry(control.waker.descriptor, .input), PollEntry(signals, .input),
    ]
    let system = system
    _ = unsafe withUnsafeMutableBytes(of: &entries) { bytes in
      let list = unsafe bytes.bindMemory(to: PollEntry.self)
      return unsafe system.poll(list, milliseconds: deadline.milliseconds(from: system.now()))
    }
    if entries[1].happened != 0 { control.waker.acknowledge() }
    if entries[2].happened != 0 { house.signalled() }
    let told = entries[0].told
    if told.contains(.input), interest.contains(.read) { return .read }
    if told.contains(.output), interest.contains(.write) { return .write }
    // Reading tells why, where one reads.
    if !told.isDisjoint(with: .broken) { return interest.isEmpty ? .hangUp : .read }
    return []
  }

  func receive() {
    let (system, descriptor) = (system, descriptor)
    let outcome = system.retryingInterrupts {
      unsafe system.receive(descriptor, into: input.all)
    }
    if let errno = outcome.errno {
      return errno == .wouldBlock ? () : over(.failed(SystemError(.receive, errno)))
    }
    guard outcome.value > 0 else { return take(ending.peerEnded()) }
    lastActive = system.now()
    let bytes = unsafe UnsafeBufferPointer<UInt8>(
      start: UnsafePointer(input.start), count: outcome.value)
    if !leftovers.isEmpty {
      unsafe leftovers.append(contentsOf: bytes)
      return giveLeftovers()
    }
    callBack { sessions, connection in
      unsafe sessions.received(0, bytes.span, &connection)
    }
  }

  /// Gives the session again what it left.
  func giveLeftovers() {
    var bytes: [UInt8] = []
    swap(&bytes, &leftovers)
    owesLeftovers = false
    callBack { sessions, connection in sessions.received(0, bytes.span, &connection) }
  }

  /// The connection broke while nobody reads from it, unless both sides have finished, which looks the same.
  func hungUp() {
    let pending = system.get(.error, on: descriptor)
    let number = pending.isSuccess ? Int32(clamping: pending.value) : 0
    if number == 0, hasFinished {
      isQuiet = true
      return
    }
    let errno = number > 0 ? Errno(rawValue: number) : .connectionReset
    over(.failed(SystemError(.receive, errno)))
  }
}
