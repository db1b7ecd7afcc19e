/// How connections end: see ``Ending``.
extension EventLoop where B: ~Copyable {
  /// Does what the end of a connection asks for next.
  mutating func take(_ step: Ending.Step, _ key: Key) {
    switch step {
    case .nothing: break
    case .tellEnd:
      callBack(key) { sessions, index, connection in sessions.ended(index, &connection) }
      closeIfOver(key)
    case .finishSending(let reason):
      endSession(key, reason)
      if !slots[key.index].flags.contains(.finished) { backend.shutdownSending(key, &slots) }
      updateReceiving(key)
      slots[key.index].alarm = alarm(at: tick &+ limits.linger)
      schedule(key)
    case .close(let reason):
      if let reason { endSession(key, reason) }
      dispose(key)
    }
  }

  /// The session has nothing more to send.
  mutating func finishSending(_ key: Key) {
    guard slots[key.index].ending.isOpen,
      slots[key.index].flags.isDisjoint(with: [.finishing, .finished])
    else { return }
    if slots[key.index].isFiltered { sealEnd(key) }
    guard slots.contains(key), slots[key.index].ending.isOpen else { return }
    slots[key.index].flags.insert(.finishing)
    if slots[key.index].flags.contains(.sending) { awaitsSends = true } else { halfClose(key) }
  }

  /// Everything is sent: the peer is told that nothing more comes.
  @inline(never)
  mutating func halfClose(_ key: Key) {
    slots[key.index].flags.remove(.finishing)
    slots[key.index].flags.insert(.finished)
    backend.shutdownSending(key, &slots)
    closeIfOver(key)
  }

  /// It closes if both sides have finished, and the session knows.
  private mutating func closeIfOver(_ key: Key) {
    guard slots.contains(key), !slots[key.index].flags.contains(.owesEnd) else { return }
    let hasFinished = slots[key.index].flags.contains(.finished)
    if slots[key.index].ending.closesByItself(hasFinished: hasFinished) { finish(key) }
  }

  /// The session wants to close, or is not needed any more: it is closed when everything is sent.
  mutating func closeWhenSent(_ key: Key) {
    if slots[key.index].isFiltered { sealEnd(key) }
    guard slots.contains(key) else { return }
    slots[key.index].ending.wantsToClose()
    if slots[key.index].flags.contains(.sending) { awaitsSends = true } else { finish(key) }
  }

  /// The session wants to close, and everything is sent.
  mutating func finish(_ key: Key) {
    let failure = slots[key.index].isFiltered ? desk?[key.index]?.failure : nil
    let reason = failure.map(CloseReason.filterFailed) ?? .finished
    take(slots[key.index].ending.allIsSent(reason), key)
  }

  /// Bytes have come that no session is given. Apart: that is rare.
  @inline(never)
  mutating func discard(_ count: Int, _ key: Key) {
    take(slots[key.index].ending.discard(count), key)
  }

  /// Closes now, whatever is unsent.
  mutating func closeNow(_ key: Key, _ reason: CloseReason) {
    take(slots[key.index].ending.breakOff(reason), key)
  }

  private mutating func endSession(_ key: Key, _ reason: CloseReason) {
    if slots[key.index].isFiltered, !endFilter(key) { return }
    if slots[key.index].flags.contains(.hasLeftovers) { _ = takeLeftovers(key) }
    if slots[key.index].partnership.contains(.paired) { leavePartner(key, reason) }
    if slots[key.index].partnership.contains(.asks) { stopAsking(key) }
    // It waits for nobody any more.
    slots[key.index].partnership = []
    unsafe sessions._withUnsafeGuaranteedRef { $0.close(Int(key.index), reason) }
  }

  /// Closes the descriptor; the slot is free when the backend is done with it.
  private mutating func dispose(_ key: Key) {
    wheel.cancel(key.index)
    condemned += outboxes.held(slots[key.index].outbox)
    if backend.close(key, &slots) { release(key) }
  }

  mutating func release(_ key: Key) {
    guard slots.contains(key) else { return }
    condemned -= outboxes.held(slots[key.index].outbox)
    outboxes.free(&slots[key.index].outbox)
    leaveAddress(key)
    slots.giveBack(key)
    control.places?.leave()
    if accepting.pause != nil { tryAcceptingAgain() }
  }
}
