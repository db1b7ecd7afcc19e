/// A drain under way.
struct DrainState {
  var deadline: Instant
  var peersAtStart: Int
  var forced = 0
}

extension ReactorLoop where P: ~Copyable {
  // ------------------------------------------------------------------------- connecting

  mutating func connect(to address: SocketAddress) throws(SystemError) -> Key {
    now = system.now()
    guard slots.count < mostSlots else {
      throw SystemError(.connect, .descriptorLimit, on: .address(address))
    }
    let socket = try Socket.connecting(to: address, system: system)
    let descriptor = socket.descriptor
    let key = insert(socket, address, .connecting)
    do throws(RegistrationError) {
      try poller.set(descriptor, .write, was: nil, key: key)
    } catch {
      _ = slots.remove(key)
      throw error.asSystemError(descriptor)
    }
    slots[key].interest = .write
    slots[key].phaseEnd = now + options.connectTimeout
    schedule(key)
    return key
  }

  mutating func finishConnecting(_ key: Key) {
    if let errno = slots[key].peer.socket.takeError() {
      return failConnecting(key, errno)
    }
    slots[key].phase = .open
    slots[key].phaseEnd = nil
    follow(handler.peerConnected(&slots[key].peer), key)
  }

  private mutating func failConnecting(_ key: Key, _ errno: Errno) {
    let error = SystemError(.connect, errno, on: .address(slots[key].peer.address))
    handler.peerClosed(&slots[key].peer, .connectFailed(error))
    remove(key)
  }

  // ---------------------------------------------------------------------------- closing

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

  /// Closes what is left when the reactor ends.
  mutating func closeAll() {
    for index in 0..<slots.end {
      guard let key = slots.key(at: index) else { continue }
      if slots[key].phase != .lingering {
        handler.peerClosed(&slots[key].peer, .stopped)
        draining?.forced += 1
      }
      remove(key)
    }
    if let drain = draining {
      handler.notice(
        .drained(finished: drain.peersAtStart - drain.forced, forced: drain.forced))
    }
  }

  // --------------------------------------------------------------------------- deadlines

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
      if slots[key].phase == .connecting { return failConnecting(key, .timedOut) }
      return remove(key)
    }
    if let alarm = slots[key].peer.alarm, alarm <= now {
      slots[key].peer.alarm = nil
      slots[key].peer.now = now
      follow(handler.timeElapsed(&slots[key].peer), key)
      guard slots.contains(key), slots[key].phase == .open else { return }
    }
    // An alarm that goes off again and again is not traffic.
    if let idle = options.idleTimeout, slots[key].lastActive + idle <= now {
      // Its bytes may lie waiting: it is looked at again in a moment.
      if catchUp != nil { return look(at: key, now.advanced(byNanoseconds: CatchUp.idleAgain)) }
      let last = system.lastProgress(on: slots[key].peer.socket.descriptor, now)
      guard let last, last + idle > now else { return finish(key, .idle) }
      slots[key].lastActive = last
    }
    schedule(key)
  }

  // ---------------------------------------------------------------------------- draining

  mutating func obeyRequests() {
    switch waker.request {
    case .none: break
    case .drain: if draining == nil { beginDraining() }
    case .stop: isStopped = true
    }
  }

  private mutating func beginDraining() {
    stopListening()
    // The turn may have begun long ago.
    let deadline = system.now() + options.drainTimeout
    draining = DrainState(deadline: deadline, peersAtStart: connectionCount)
    handler.notice(.draining(peers: connectionCount))
    for index in 0..<slots.end {
      guard let key = slots.key(at: index) else { continue }
      switch slots[key].phase {
      case .lingering: continue
      case .connecting: failConnecting(key, .cancelled)
      case .open:
        slots[key].peer.now = now
        follow(handler.drain(&slots[key].peer), key)
      }
    }
  }

  /// The drain timeout has ended: whoever is left is closed as it is.
  private mutating func cutOff() {
    for index in 0..<slots.end {
      guard let key = slots.key(at: index) else { continue }
      if slots[key].phase != .lingering {
        handler.peerClosed(&slots[key].peer, .drainTimeout)
        draining?.forced += 1
      }
      remove(key)
    }
  }
}
