extension EventLoop where B: ~Copyable {
  // --------------------------------------------------------------------------- accepting

  mutating func accepted(_ descriptor: Int32) {
    if slots.isFull || isStopped { return refuse(descriptor) }
    // A peer whose address the kernel does not tell counts for nobody: memory is short.
    let peer = addresses.limit == nil ? nil : connection.loop.peerAddress(descriptor)
    let origin = peer.map { AddressCounts.Origin($0) }
    if let peer, let origin, !admits(peer, origin) { return refuse(descriptor) }
    let key = slots.take(descriptor: descriptor)
    if let origin { addresses.note(origin, at: key.index) }
    slots[key.index].lastActive = tick
    do throws(RegistrationError) {
      try backend.open(key, &slots)
    } catch {
      _ = backend.close(key, &slots)
      leaveAddress(key)
      slots.giveBack(key)
      control.places?.giveBack()
      return pauseAccepting(.refused(error))
    }
    noteAccepted()
    callBack(key) { sessions, index, connection in sessions.open(index, &connection) }
    if limits.idle != 0, slots.contains(key) { schedule(key) }
    // It was on its way when the listeners were closed.
    if draining.map({ !$0.isGathering }) ?? false { return askToFinish(key) }
    if slots.count >= limits.maxConnections {
      pauseAccepting(.connectionLimit(limits.maxConnections))
    }
  }

  private mutating func refuse(_ descriptor: Int32) {
    backend.refuse(descriptor)
    control.places?.giveBack()
  }

  /// Whether an address may have one more connection, which then is counted.
  private mutating func admits(_ address: SocketAddress, _ origin: AddressCounts.Origin) -> Bool {
    switch addresses.admit(origin) {
    case .admitted: return true
    case .refusedFirst: notice(.addressLimit(address, addresses.limit ?? 0))
    case .refusedMany(let count): notice(.addressRefusals(address, count))
    case .refused: break
    }
    return false
  }

  private mutating func leaveAddress(_ key: Key) {
    guard let untold = addresses.leave(key.index) else { return }
    notice(.addressRefusals(untold.address, untold.count))
  }

  private mutating func noteAccepted() {
    defer { enterPlace() }
    guard accepting.end() else { return }
    // Perhaps in the very turn in which the pause began: there was room after all.
    isAccepting = true
    if isPauseTold { notice(.acceptingResumed) }
    isPauseTold = false
  }

  /// Where loops share a limit, it is told once for all of them that it is reached; each finds out by
  /// itself, and is woken when it is not any more.
  private func enterPlace() {
    guard let places = control.places else { return }
    if places.resumes() { notice(.acceptingResumed) }
    if places.enter() { notice(.acceptingPaused(.connectionLimit(places.limit))) }
  }

  mutating func acceptFailed(_ errno: Errno) {
    guard !isStopped, accepting.pauses(after: errno) else { return }
    pauseAccepting(.failed(SystemError(.accept, errno)))
  }

  private mutating func pauseAccepting(_ reason: ReactorNotice.Pause) {
    isAccepting = false
    // In this turn too: what is accepted and cannot be kept is closed.
    backend.setRoom(0)
    let (isEmpty, system) = (slots.count == 0, backend.system)
    let isNew = accepting.begin(reason, isEmpty: isEmpty, now, entropy: system.entropy())
    guard isNew, !isToldByPlaces(reason) else { return }
    isPauseTold = true
    notice(.acceptingPaused(reason))
  }

  /// Whether one loop has all places that several share: then it has been told for all of them.
  private func isToldByPlaces(_ reason: ReactorNotice.Pause) -> Bool {
    guard let places = control.places, case .connectionLimit(let limit) = reason else {
      return false
    }
    return limit >= places.limit
  }

  private mutating func tryAcceptingAgain() {
    guard accepting.pause != nil, draining == nil else { return }
    accepting.retryAt = nil
    // The next close tries again.
    guard slots.count < limits.maxConnections else { return }
    let system = backend.system
    guard accepting.mayTry(system) else {
      return accepting.retryLater(now, entropy: system.entropy())
    }
    isAccepting = true
  }

  // ----------------------------------------------------------------------------- closing

  /// Everything is sent and the session wants to close. If the peer has not finished yet, say that
  /// we have, and discard what still comes until it has: see ``ServerOptions/lingerTimeout``.
  mutating func finish(_ key: Key) {
    let flags = slots[key.index].flags
    if flags.contains(.lingering) { return }
    if flags.contains(.peerEnded) { return closeNow(key, .peerFinished) }
    endSession(key, .finished)
    slots[key.index].flags.insert(.lingering)
    backend.shutdownSending(key, &slots)
    updateReceiving(key)
    slots[key.index].alarm = alarm(at: tick &+ limits.linger)
    // Until then it may discard this much.
    slots[key.index].lastActive = 0
    schedule(key)
  }

  /// What a lingering peer sends is thrown away, up to ``Care/mostDiscarded``.
  mutating func discard(_ count: Int, _ key: Key) {
    guard slots[key.index].flags.contains(.lingering) else { return }
    let (sum, _) = slots[key.index].lastActive.addingReportingOverflow(
      UInt32(clamping: count))
    slots[key.index].lastActive = sum
    if sum > UInt32(Care.mostDiscarded) { dispose(key) }
  }

  /// Closes now, whatever is unsent.
  mutating func closeNow(_ key: Key, _ reason: CloseReason) {
    if !slots[key.index].flags.contains(.lingering) { endSession(key, reason) }
    dispose(key)
  }

  private mutating func endSession(_ key: Key, _ reason: CloseReason) {
    unsafe sessions._withUnsafeGuaranteedRef { $0.close(Int(key.index), reason) }
  }

  /// Closes the descriptor; the slot is free when the backend is done with it.
  mutating func dispose(_ key: Key) {
    guard !slots[key.index].flags.contains(.closed) else { return }
    slots[key.index].flags.insert([.closed, .lingering])
    wheel.cancel(key.index)
    condemned += outboxes.count(slots[key.index].outbox)
    if backend.close(key, &slots) { release(key) }
  }

  mutating func release(_ key: Key) {
    guard slots.contains(key) else { return }
    condemned -= outboxes.count(slots[key.index].outbox)
    outboxes.free(&slots[key.index].outbox)
    leaveAddress(key)
    slots.giveBack(key)
    control.places?.leave()
    if accepting.pause != nil { tryAcceptingAgain() }
  }

  // --------------------------------------------------------------------------- deadlines

  /// The tick at an instant, rounded up.
  func ticks(at instant: Instant) -> UInt32 {
    guard instant > origin else { return 1 }
    let whole = (instant.nanoseconds - origin.nanoseconds).inMillisecondsRoundedUp
    return alarm(at: 1 &+ UInt32(truncatingIfNeeded: whole))
  }

  /// A tick as a slot's alarm, where 0 means never: that tick, which comes once in 49 days, is taken
  /// for the one behind it.
  private func alarm(at tick: UInt32) -> UInt32 { tick == 0 ? 1 : tick }

  /// Whether a tick has come. Ticks wrap after 49 days; deadlines are at most 24 ahead.
  private func hasCome(_ deadline: UInt32) -> Bool {
    Int32(bitPattern: tick &- deadline) >= 0
  }

  /// Makes the wheel look at a connection in time. A deadline that moves on is left as it is and
  /// found out when it comes.
  mutating func schedule(_ key: Key) {
    let slot = slots[key.index]
    let isLingering = slot.flags.contains(.lingering)
    var wait: Int32?
    if slot.alarm != 0 { wait = Int32(bitPattern: slot.alarm &- tick) }
    if limits.idle != 0, !isLingering {
      let idle = Int32(bitPattern: slot.lastActive &+ limits.idle &- tick)
      wait = min(wait ?? idle, idle)
    }
    guard let wait else { return }
    let milliseconds = UInt64(max(0, Int64(wait)))
    let deadline = now.advanced(byNanoseconds: milliseconds * 1_000_000)
    if let scheduled = wheel.deadline(of: key.index), scheduled <= deadline { return }
    wheel.set(key.index, to: deadline)
  }

  mutating func serveDeadlines() {
    while let index = wheel.popDue(at: now) {
      if let key = slots.key(at: Int(index)) { serveDeadline(of: key) }
    }
    if let retryAt = accepting.retryAt, retryAt <= now { tryAcceptingAgain() }
    if let deadline = draining?.deadline, deadline <= now { cutOff() }
  }

  private mutating func serveDeadline(of key: Key) {
    let slot = slots[key.index]
    if slot.flags.contains(.closed) { return }
    if slot.alarm != 0, hasCome(slot.alarm) {
      if slot.flags.contains(.lingering) { return dispose(key) }
      slots[key.index].alarm = 0
      if !slot.flags.contains(.closing) {
        callBack(key) { sessions, index, connection in sessions.elapsed(index, &connection) }
      }
      guard slots.contains(key), !slots[key.index].flags.contains(.closed) else { return }
    }
    // A timer that goes off again and again is not traffic.
    if limits.idle != 0, !slots[key.index].flags.contains(.lingering),
      hasCome(slots[key.index].lastActive &+ limits.idle)
    {
      // Its bytes may lie waiting: it is looked at again in a moment.
      if isCatchingUp { return wheel.set(key.index, to: now.advanced(byNanoseconds: 50_000_000)) }
      guard hasProgressed(key) else { return closeNow(key, .idle) }
    }
    schedule(key)
  }

  /// Whether the peer has taken something meanwhile of what lies in the kernel; then that was the last
  /// moment in which something went.
  private mutating func hasProgressed(_ key: Key) -> Bool {
    let descriptor = slots[key.index].descriptor
    guard let last = connection.loop.lastProgress(descriptor, now) else { return false }
    let silence = (now.nanoseconds - min(now.nanoseconds, last.nanoseconds)) / 1_000_000
    guard silence < UInt64(limits.idle) else { return false }
    slots[key.index].lastActive = tick &- UInt32(silence)
    return true
  }
}
