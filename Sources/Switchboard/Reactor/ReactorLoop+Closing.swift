/// How connections end: see ``Ending``.
extension ReactorLoop where P: ~Copyable {
  /// The handler is done with a peer, or it cannot be served any more.
  mutating func finish(_ key: Key, _ reason: CloseReason) {
    slots[key].ending.wantsToClose()
    take(slots[key].ending.allIsSent(reason), key)
  }

  /// Closes now.
  mutating func closeNow(_ key: Key, _ reason: CloseReason) {
    take(slots[key].ending.breakOff(reason), key)
  }

  /// Does what the end of a connection asks for next.
  mutating func take(_ step: Ending.Step, _ key: Key) {
    switch step {
    // It is the handler that receives, and finds out that a peer has finished.
    case .nothing, .tellEnd: break
    case .close(let reason):
      if let reason { handler.peerClosed(&slots[key].peer, reason) }
      remove(key)
    case .finishSending(let reason):
      handler.peerClosed(&slots[key].peer, reason)
      slots[key].peer.alarm = nil
      guard (try? slots[key].peer.socket.shutdownSending()) != nil else {
        return take(slots[key].ending.timeIsOver(), key)
      }
      discard(key)
      if slots.contains(key) { linger(key) }
    }
  }

  /// Watches for the end of a peer that knows that we have finished.
  private mutating func linger(_ key: Key) {
    let (old, descriptor) = (slots[key].interest, slots[key].peer.socket.descriptor)
    if old != .read {
      guard (try? poller.set(descriptor, .read, was: old, key: key)) != nil else {
        return take(slots[key].ending.timeIsOver(), key)
      }
    }
    slots[key].interest = .read
    slots[key].phaseEnd = now + options.lingerTimeout
    schedule(key)
  }

  /// Discards what a lingering peer sends, until nothing is there or it has ended: with what the handler
  /// may have received in this turn, 64 KiB.
  mutating func discard(_ key: Key) {
    for _ in 0..<3 {
      let step: Ending.Step
      switch Self.discard(from: &slots[key].peer, using: &scratch) {
      case .bytes(let count): step = slots[key].ending.discard(count)
      case .endOfStream: step = slots[key].ending.peerEnded()
      case .wouldBlock: return
      }
      if step != .nothing { return take(step, key) }
    }
  }

  /// An error counts as the end.
  private static func discard(from peer: inout Peer<System>, using scratch: inout [UInt8])
    -> Socket<System>.Received
  {
    var span = scratch.mutableSpan
    return (try? peer.socket.receive(into: &span)) ?? .endOfStream
  }

  /// Takes a connection out and closes its descriptor.
  mutating func remove(_ key: Key) {
    wheel.cancel(key.index)
    let slot = slots.remove(key)
    // Before the close, so that no copy of the descriptor can keep the registration alive.
    try? poller.set(slot.peer.socket.descriptor, nil, was: slot.interest, key: key)
    tryAcceptingAgain()
  }

  /// Closes everybody as they are.
  mutating func closeEvery(_ reason: CloseReason) {
    for index in 0..<slots.end {
      guard let key = slots.key(at: index) else { continue }
      if !slots[key].ending.isSessionGone { draining?.forced += 1 }
      closeNow(key, reason)
    }
  }

  /// Closes what is left when the reactor ends.
  mutating func closeAll() {
    closeEvery(.stopped)
    if let drain = draining { handler.notice(drain.end) }
  }
}
