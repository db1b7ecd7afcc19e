/// How connections end: finishing, lingering, discarding, closing.
extension ReactorLoop where P: ~Copyable {
  /// The handler is done with a peer. Its last bytes may still be on their way, and unread input
  /// would turn the close into a reset that destroys them: say that we have finished, discard what
  /// still comes until the peer has finished too, and then close.
  mutating func finish(_ key: Key, _ reason: CloseReason) {
    handler.peerClosed(&slots[key].peer, reason)
    slots[key].phase = .lingering
    slots[key].peer.alarm = nil
    do throws(SystemError) {
      try slots[key].peer.socket.shutdownSending()
    } catch { return remove(key) }
    if hasEnded(key) { return remove(key) }
    do throws(RegistrationError) {
      let old = slots[key].interest
      if old != .read {
        try poller.set(slots[key].peer.socket.descriptor, .read, was: old, key: key)
      }
    } catch { return remove(key) }
    slots[key].interest = .read
    slots[key].phaseEnd = now + options.lingerTimeout
    schedule(key)
  }

  /// Discards what a lingering peer sends: whether its stream has ended, or it has sent more than
  /// anybody would who has seen that we have finished.
  mutating func hasEnded(_ key: Key) -> Bool {
    // With what the handler may have received in this turn, 64 KiB.
    for _ in 0..<3 {
      switch Self.discard(from: &slots[key].peer, using: &scratch) {
      case .bytes(let count):
        slots[key].discarded += count
        if slots[key].discarded > Care.mostDiscarded { return true }
      case .endOfStream: return true
      case .wouldBlock: return false
      }
    }
    return false
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
      if slots[key].phase != .lingering {
        handler.peerClosed(&slots[key].peer, reason)
        draining?.forced += 1
      }
      remove(key)
    }
  }

  /// Closes what is left when the reactor ends.
  mutating func closeAll() {
    closeEvery(.stopped)
    if let drain = draining { handler.notice(drain.end) }
  }
}
