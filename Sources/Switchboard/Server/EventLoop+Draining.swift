/// A loop's drain under way.
struct Drain {
  var deadline: Instant
  /// What peers have sent already, connections that wait to be accepted among it, is still being
  /// taken in: see ``Arrears``. At most for half of the time, so that something is left for
  /// finishing.
  var isGathering = true
  var gatheringEnd: Instant
  var arrears = Arrears(.draining)
  var peersAtStart = 0
  var forced = 0
}

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
    guard var drain = draining else {
      // The turn may have begun long ago: a process that is stopped is told to end when it goes on.
      let begin = backend.system.now()
      draining = Drain(
        deadline: begin + options.drainTimeout, gatheringEnd: begin + options.drainTimeout / 2)
      return
    }
    let isOver = drain.arrears.endTurn(owesWork: backend.owesWork || control.mail.isWaiting)
    drain.isGathering = !isOver && now < drain.gatheringEnd
    drain.peersAtStart = slots.count
    draining = drain
    if !drain.isGathering { beginFinishing() }
  }

  private mutating func beginFinishing() {
    isAccepting = false
    accepting = AcceptState()
    backend.setRoom(0)
    listeners = Slab(capacity: 1)
    notice(.draining(peers: slots.count))
    for index in 0..<slots.end {
      if let key = slots.key(at: index) { askToFinish(key) }
    }
  }

  mutating func askToFinish(_ key: Key) {
    guard slots.contains(key),
      slots[key.index].flags.isDisjoint(with: [.closing, .lingering, .closed, .draining])
    else { return }
    slots[key.index].flags.insert(.draining)
    callBack(key) { sessions, index, connection in sessions.draining(index, &connection) }
  }

  /// The drain timeout has ended.
  mutating func cutOff() {
    if draining?.isGathering ?? false {
      // It was over before all that had come was taken in. Nobody is cut off who was not asked.
      draining?.isGathering = false
      draining?.peersAtStart = slots.count
      beginFinishing()
    }
    closeEvery(.drainTimeout)
    // Where the backend needs a turn to close them, that is all there is to wait for.
    draining?.deadline = now + .seconds(1)
  }

  private mutating func closeEvery(_ reason: CloseReason) {
    for index in 0..<slots.end {
      guard let key = slots.key(at: index), !slots[key.index].flags.contains(.closed) else {
        continue
      }
      if !slots[key.index].flags.contains(.lingering) { draining?.forced += 1 }
      closeNow(key, reason)
    }
  }

  /// Closes everything, and waits until the backend has.
  mutating func closeAll() {
    isStopped = true
    closeEvery(.stopped)
    backend.setRoom(0)
    let limit = backend.system.now() + .seconds(1)
    repeat {
      guard (try? backend.wait(until: slots.count == 0 ? now : limit)) != nil else { break }
      refreshTime()
      while let completion = backend.next(&slots) { handle(completion) }
    } while slots.count > 0 && now < limit
    control.jobs.close()
    unsafe sessions._withUnsafeGuaranteedRef { $0.closeMail() }
    if let drain = draining {
      notice(.drained(finished: max(0, drain.peersAtStart - drain.forced), forced: drain.forced))
    }
  }
}
