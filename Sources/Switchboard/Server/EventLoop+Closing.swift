/// How connections end: finishing, lingering, discarding, closing.
extension EventLoop where B: ~Copyable {
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
}
