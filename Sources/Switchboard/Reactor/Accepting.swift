/// Whether a reactor accepts, and if not, what it waits for.
struct AcceptState {
  /// Why it does not; nil when it does.
  var pause: ReactorNotice.Pause?
  /// When to try again regardless of any close.
  var retryAt: Instant?
  /// How long the next pause of that kind will be, in milliseconds.
  var backoff: UInt64 = AcceptState.shortest

  /// Queued connections that went wrong one after the other, with none between that was well.
  private var failures = 0

  static let shortest: UInt64 = 5
  static let longest: UInt64 = 500
  /// After so many it is not the connections: a sandbox that refuses `accept4(2)` answers what a
  /// firewall answers for one of them (`EPERM`), for ever.
  static let mostFailures = 64

  /// Accepting pauses: whether it did not before.
  ///
  /// At the limit of connections room comes with a close of ours. Everywhere else others in the process
  /// or the system may make room, and where none of ours can close, nothing else would end the pause:
  /// then it ends by time, too.
  mutating func begin(
    _ reason: ReactorNotice.Pause, isEmpty: Bool, _ now: Instant,
    entropy: @autoclosure () -> UInt64
  ) -> Bool {
    let isNew = pause == nil
    pause = reason
    retryAt = nil
    switch reason {
    case .failed, .refused: retryLater(now, entropy: entropy())
    case .connectionLimit: if isEmpty { retryLater(now, entropy: entropy()) }
    }
    return isNew
  }

  /// Whether to try again, at a close or when the time has come. Where the poller could not hold the
  /// last connection, a number that it holds must be free: the next peer would be refused otherwise.
  func mayTry(_ system: some Kernel) -> Bool {
    guard case .refused(.beyondSet(_, let capacity)) = pause else { return true }
    return system.hasDescriptor(below: capacity)
  }

  /// Accepting failed: whether it pauses. It does not where one queued connection went wrong, since
  /// the next may be well; nor when there was none.
  mutating func pauses(after errno: Errno) -> Bool {
    guard errno.concernsOneQueuedConnection else { return errno != .interrupted }
    failures = min(failures + 1, AcceptState.mostFailures)
    return failures == AcceptState.mostFailures
  }

  /// A connection was accepted: whether that ends a pause.
  mutating func end() -> Bool {
    failures = 0
    backoff = AcceptState.shortest
    retryAt = nil
    guard pause != nil else { return false }
    pause = nil
    return true
  }

  /// Sets `retryAt`: 5 ms ahead and up, doubling to 500, jittered so that processes do not march in
  /// step.
  mutating func retryLater(_ now: Instant, entropy: UInt64) {
    let pause = backoff - backoff / 4 + entropy % (backoff / 2 + 1)
    retryAt = now.advanced(byNanoseconds: pause * 1_000_000)
    backoff = min(backoff * 2, AcceptState.longest)
  }
}

extension ReactorLoop where P: ~Copyable {
  /// Takes connections from the listeners' queues, one after the other, as many as one turn may:
  /// however few places there are, each listener has its turn. At the end of the loop's turn, when it is
  /// known which have somebody waiting.
  mutating func acceptInTurn() {
    for _ in 0..<options.acceptBudget {
      guard let index = turns.next() else { break }
      guard let key = listeners.key(at: UInt32(index)) else {
        turns.forget(index)
        continue
      }
      if acceptOne(key) { continue }
      // Accepting has paused: the others keep their turns.
      if !listeners[key].isArmed { break }
      turns.forget(index)
    }
    turns.endTurn()
  }

  /// Whether there may be more.
  private mutating func acceptOne(_ key: Key) -> Bool {
    guard slots.count < maxConnections else {
      turns.stop(without: Int(key.index))
      pauseAccepting(.connectionLimit(maxConnections))
      return false
    }
    guard listeners.contains(key), listeners[key].isArmed else { return false }
    do throws(SystemError) {
      guard let accepted = try listeners[key].listener.accept() else { return false }
      admit(accepted)
    } catch {
      if accepting.pauses(after: error.errno) {
        turns.stop(without: Int(key.index))
        pauseAccepting(.failed(error))
        return false
      }
    }
    return true
  }

  private mutating func admit(_ accepted: consuming Listener<System>.Accepted) {
    let (address, descriptor) = (accepted.address, accepted.socket.descriptor)
    let key = insert(accepted.socket, address, .open)
    do throws(RegistrationError) {
      let first = handler.peerConnected(&slots[key].peer)
      slots[key].interest = first
      if first.isEmpty {
        try poller.set(descriptor, .read, was: nil, key: key)
        slots[key].interest = .read
        return finish(key, .finished)
      }
      try poller.set(descriptor, first, was: nil, key: key)
      schedule(key)
      noteAccepted()
    } catch {
      handler.peerClosed(&slots[key].peer, .registrationFailed(error))
      wheel.cancel(key.index)
      _ = slots.remove(key)
      pauseAccepting(.refused(error))
    }
  }

  mutating func insert(
    _ socket: consuming Socket<System>, _ address: SocketAddress, _ phase: Slot.Phase
  ) -> Key {
    let key = slots.nextKey
    let peer = Peer(key: key, socket: socket, address: address, now: now, alarm: nil)
    return slots.insert(Slot(peer: peer, phase: phase, interest: [], lastActive: now))
  }

  private mutating func noteAccepted() {
    if accepting.end() { handler.notice(.acceptingResumed) }
  }

  /// Leaves further connections in the kernel's queue. A level-triggered listener that nobody
  /// accepts from would end every wait at once, so it is not watched meanwhile.
  mutating func pauseAccepting(_ reason: ReactorNotice.Pause) {
    setListeners(armed: false)
    let (isEmpty, system) = (slots.count == 0, system)
    if accepting.begin(reason, isEmpty: isEmpty, now, entropy: system.entropy()) {
      handler.notice(.acceptingPaused(reason))
    }
  }

  private mutating func retryLater() {
    accepting.retryLater(now, entropy: system.entropy())
  }

  /// Watches the listeners again, if they are not. Whether there is room shows with the next accept.
  mutating func tryAcceptingAgain() {
    guard accepting.pause != nil, draining == nil else { return }
    guard accepting.mayTry(system) else { return retryLater() }
    accepting.retryAt = nil
    setListeners(armed: true)
  }

  private mutating func setListeners(armed: Bool) {
    // In turn: a wait may bring a part of what there is, in the order in which it was added.
    for step in 0..<turns.count {
      guard let key = listeners.key(at: UInt32(turns.inTurn(step))), listeners[key].isArmed != armed
      else { continue }
      do throws(RegistrationError) {
        try poller.set(
          listeners[key].listener.descriptor, armed ? .read : nil, was: armed ? nil : .read,
          key: Registration.listener(key).key)
        listeners[key].isArmed = armed
      } catch {
        retryLater()
      }
    }
  }

  /// Accepts what waits in the queues, since closing a listener resets it, and stops listening.
  mutating func stopListening() {
    for index in 0..<listeners.end {
      guard let key = listeners.key(at: index) else { continue }
      if !listeners[key].isArmed { setListeners(armed: true) }
      var left = 4096
      while left > 0, acceptOne(key) { left -= 1 }
      let listening = listeners.remove(key)
      if listening.isArmed {
        try? poller.set(
          listening.listener.descriptor, nil, was: .read, key: Registration.listener(key).key)
      }
    }
    accepting = AcceptState()
  }
}
