/// Connections that act when a ``LoopPacer`` says so.
extension EventLoop where B: ~Copyable {
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
