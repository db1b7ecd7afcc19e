/// Timers, and who is idle.
extension ReactorLoop where P: ~Copyable {
  /// When a peer must next be looked at.
  private func nextDeadline(of key: Key) -> Instant? {
    if let end = slots[key].phaseEnd { return end }
    let idle = options.idleTimeout.map { slots[key].lastActive + $0 }
    return [idle, slots[key].peer.alarm].compactMap(\.self).min()
  }

  /// Makes the wheel look at a peer in time. Lazily: a deadline that has moved on is found out when
  /// the old one comes, so a receive only writes a time stamp.
  mutating func schedule(_ key: Key) {
    guard options.idleTimeout != nil || slots[key].peer.alarm != nil || slots[key].phaseEnd != nil
    else { return }
    guard let next = nextDeadline(of: key) else { return }
    if let scheduled = slots[key].scheduled, scheduled <= next { return }
    look(at: key, next)
  }

  private mutating func look(at key: Key, _ time: Instant) {
    wheel.set(key.index, to: time)
    slots[key].scheduled = time
  }

  mutating func serveDeadlines() {
    while let index = wheel.popDue(at: now) {
      guard let key = slots.key(at: index) else { continue }
      slots[key].scheduled = nil
      serveDeadline(of: key)
    }
    if let retryAt = accepting.retryAt, retryAt <= now { tryAcceptingAgain() }
    if let deadline = draining?.deadline, deadline <= now { cutOff() }
  }

  private mutating func serveDeadline(of key: Key) {
    if let end = slots[key].phaseEnd {
      guard end <= now else { return schedule(key) }
      if slots[key].isConnecting { return failConnecting(key, .timedOut) }
      return take(slots[key].ending.timeIsOver(), key)
    }
    if let alarm = slots[key].peer.alarm, alarm <= now {
      slots[key].peer.alarm = nil
      slots[key].peer.now = now
      follow(handler.timeElapsed(&slots[key].peer), key)
      guard slots.contains(key), slots[key].isOpen else { return }
    }
    // An alarm that goes off again and again is not traffic.
    switch idleness(of: key) {
    case .active: break
    case .unknown: return look(at: key, now.advanced(byNanoseconds: CatchUp.idleAgain))
    case .progressing(let last): slots[key].lastActive = last
    case .idle: return closeNow(key, .idle)
    }
    schedule(key)
  }

  private func idleness(of key: Key) -> Idleness {
    guard let limit = options.idleTimeout else { return .active }
    let (system, descriptor, now) = (system, slots[key].peer.socket.descriptor, now)
    return Idleness.of(
      slots[key].lastActive, limit: limit.clampedNanoseconds, now, isCatchingUp: catchUp != nil
    ) { system.lastProgress(on: descriptor, now) }
  }
}
