/// What a loop has to do that belongs to no connection, and connections that act when a ``LoopPacer`` says so.
extension EventLoop where B: ~Copyable {
  /// When something is due that belongs to no connection. Mutating, although it changes nothing: for a call that is
  /// not, the compiler copies the whole loop.
  @inline(never)
  mutating func deadlineOfDuties() -> Instant? {
    if pools?.isHurried ?? false { return now }
    if let desk, !desk.waiting.isEmpty { return now }
    return earlier(earlier(pools?.deadline, recurring?.next), pacing?.next)
  }

  @inline(never)
  mutating func doDuties() {
    if desk != nil { serveFilters() }
    if pools != nil { servePools() }
    if pacing != nil { servePacer() }
  }

  /// Asks it, and calls whom it names, until it waits or the others have their turn.
  @inline(never)
  mutating func servePacer() {
    guard let pacing else { return }
    let moment = LoopMoment(connection)
    for _ in 0..<Pacing.mostCalls {
      switch pacing.pacer.next(moment) {
      case .call(let key): callPaced(key)
      case .wait(let next):
        pacing.next = next
        return
      }
    }
    pacing.next = now
  }

  private mutating func callPaced(_ key: Key) {
    // Where there is no session yet, nobody can be called.
    guard slots.contains(key), slots[key.index].ending.isOpen, !isOpening(key),
      slots[key.index].flags.isDisjoint(with: [.closed, .connecting])
    else { return }
    callBack(key) { sessions, index, connection in sessions.elapsed(index, &connection) }
  }
}
