/// Ending without losing anything.
extension ReactorLoop where P: ~Copyable {
  mutating func obeyRequests() {
    switch waker.request {
    case .none: break
    case .drain: if draining == nil { beginDraining() }
    case .stop: isStopped = true
    }
  }

  private mutating func beginDraining() {
    stopListening()
    var drain = Drain(from: system.now(), timeout: options.drainTimeout)
    drain.beginFinishing(connectionCount)
    draining = drain
    handler.notice(.draining(peers: connectionCount))
    for index in 0..<slots.end {
      guard let key = slots.key(at: index) else { continue }
      if slots[key].isConnecting {
        failConnecting(key, .cancelled)
      } else if slots[key].isOpen {
        slots[key].peer.now = now
        follow(handler.drain(&slots[key].peer), key)
      }
    }
  }

  /// The drain timeout has ended: whoever is left is closed as it is.
  mutating func cutOff() { closeEvery(.drainTimeout) }
}
