/// Draining: what has come is taken in, sessions are asked to finish, and who does not is cut off.
extension EventLoop where B: ~Copyable {
  mutating func obeyRequests() {
    switch control.waker.request {
    case .none: break
    case .drain: if draining?.isGathering ?? true { gather() }
    case .stop: isStopped = true
    }
  }

  /// What waits in the listeners' queues was promised service, since closing a listener resets it;
  /// and what peers have sent is answered before their sessions are asked to end.
  private mutating func gather() {
    guard draining != nil else {
      draining = Drain(from: control.system.now(), timeout: options.drainTimeout)
      return
    }
    draining?.endTurn(owesWork: backend.owesWork || control.mail.isWaiting, now)
    if !isGathering { beginFinishing() }
  }

  /// Whether a drain has begun that still takes in what has come.
  var isGathering: Bool { draining?.isGathering ?? false }

  private mutating func beginFinishing() {
    draining?.beginFinishing(slots.count)
    isAccepting = false
    accepting = Admission()
    backend.setRoom(0, within: control.places)
    listeners = Slab(capacity: 1)
    notice(.draining(peers: slots.count))
    for index in 0..<slots.end {
      guard let key = slots.key(at: index) else { continue }
      if slots[key.index].flags.contains(.connecting) {
        cancelAttempt(key)
      } else {
        askToFinish(key)
      }
    }
  }

  /// Asks a session to finish; one that left input for want of room when it has had that, since it may close then,
  /// and what a peer has sent is answered.
  ///
  /// - Parameter isLate: It is asked now or never.
  mutating func askToFinish(_ key: Key, isLate: Bool = false) {
    guard slots.contains(key), isLate || !awaitsRoom(key),
      slots[key.index].flags.isDisjoint(with: [.closing, .lingering, .closed, .draining])
    else { return }
    // Nobody has been promised anything.
    if isOpening(key) { return closeNow(key, .finished) }
    slots[key.index].flags.insert(.draining)
    callBack(key) { sessions, index, connection in sessions.draining(index, &connection) }
  }

  /// The drain timeout has ended.
  mutating func cutOff() {
    // It was over before all that had come was taken in. Nobody is cut off who was not asked.
    if isGathering { beginFinishing() }
    closeEvery(.drainTimeout)
    // Where the backend needs a turn to close them, that is all there is to wait for.
    draining?.deadline = now + .seconds(1)
  }

  private mutating func closeEvery(_ reason: CloseReason) {
    for index in 0..<slots.end {
      guard let key = slots.key(at: index), !slots[key.index].flags.contains(.closed) else {
        continue
      }
      if slots[key.index].flags.contains(.connecting) {
        cancelAttempt(key)
        continue
      }
      if reason == .drainTimeout { askToFinish(key, isLate: true) }
      guard slots.contains(key), !slots[key.index].flags.contains(.closed) else { continue }
      if !slots[key.index].ending.isSessionGone { draining?.forced += 1 }
      closeNow(key, reason)
    }
  }

  /// Closes everything, and waits until the backend has.
  mutating func closeAll() {
    isStopped = true
    closeEvery(.stopped)
    backend.setRoom(0, within: control.places)
    let limit = control.system.now() + .seconds(1)
    repeat {
      guard (try? backend.wait(until: slots.count == 0 ? now : limit, isHurried: false)) != nil
      else { break }
      refreshTime()
      while let completion = backend.next(&slots) { handle(completion) }
    } while slots.count > 0 && now < limit
    control.end()
    unsafe sessions._withUnsafeGuaranteedRef { $0.closeMail() }
    if let drain = draining { notice(drain.end) }
  }
}
