/// Who comes in.
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

  private mutating func admit(_ accepted: consuming Listener<System>.Incoming) {
    let (address, descriptor) = (accepted.address, accepted.socket.descriptor)
    let key = insert(accepted.socket, address)
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
    _ socket: consuming Socket<System>, _ address: SocketAddress, isConnecting: Bool = false
  ) -> Key {
    let key = slots.nextKey
    let peer = Peer(key: key, socket: socket, address: address, now: now, alarm: nil)
    return slots.insert(Slot(peer: peer, isConnecting: isConnecting, interest: [], lastActive: now))
  }

  private mutating func noteAccepted() {
    if accepting.end() { handler.notice(.acceptingResumed) }
  }

  /// Leaves further connections in the kernel's queue. A level-triggered listener that nobody
  /// accepts from would end every wait at once, so it is not watched meanwhile.
  mutating func pauseAccepting(_ reason: LoopNotice.Pause) {
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
    guard draining == nil, accepting.tryAgain(hasRoom: true, now, system) else { return }
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
    accepting = Admission()
  }
}
