/// Timers, and who is idle.
extension EventLoop where B: ~Copyable {
  /// The tick at an instant, rounded up.
  func ticks(at instant: Instant) -> UInt32 {
    guard instant > origin else { return 1 }
    let whole = (instant.nanoseconds - origin.nanoseconds).inMillisecondsRoundedUp
    return alarm(at: 1 &+ UInt32(truncatingIfNeeded: whole))
  }

  /// A tick as a slot's alarm, where 0 means never: that tick, which comes once in 49 days, is taken
  /// for the one behind it.
  func alarm(at tick: UInt32) -> UInt32 { tick == 0 ? 1 : tick }

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
    if let due = recurring?.next, due <= now { recurring?.run(LoopMoment(connection)) }
  }

  private mutating func serveDeadline(of key: Key) {
    let slot = slots[key.index]
    if slot.flags.contains(.closed) { return }
    if slot.flags.contains(.connecting) { return serveDeadlineOfAttempt(key) }
    if slot.isFiltered, isOpening(key) { return serveDeadlineOfOpening(key) }
    if slot.alarm != 0, hasCome(slot.alarm) {
      if slot.ending.isSessionGone { return take(slots[key.index].ending.timeIsOver(), key) }
      slots[key.index].alarm = 0
      if slot.ending.isOpen {
        callBack(key) { sessions, index, connection in sessions.elapsed(index, &connection) }
      }
      guard slots.contains(key), !slots[key.index].flags.contains(.closed) else { return }
    }
    // A timer that goes off again and again is not traffic.
    if limits.idle != 0, !slots[key.index].flags.contains(.lingering) {
      switch idleness(of: key) {
      case .active: break
      case .unknown: return wheel.set(key.index, to: now.advanced(byNanoseconds: CatchUp.idleAgain))
      case .progressing(let last):
        slots[key.index].lastActive = tick &- UInt32(clamping: now.milliseconds(since: last))
      case .idle: return closeNow(key, .idle)
      }
    }
    schedule(key)
  }

  private func idleness(of key: Key) -> Idleness {
    let slot = slots[key.index]
    let silence = UInt64(tick &- slot.lastActive) * 1_000_000
    let lastActive = Instant(nanoseconds: now.nanoseconds - min(silence, now.nanoseconds))
    return Idleness.of(
      lastActive, limit: UInt64(limits.idle) * 1_000_000, now, isCatchingUp: isCatchingUp
    ) { connection.loop.lastProgress(slot.descriptor, now) }
  }
}
