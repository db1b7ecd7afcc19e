/// Accepting, from each listener in its turn.
extension Proactor where P: ~Copyable {
  mutating func listen(_ descriptor: Descriptor) throws(SystemError) {
    do throws(RegistrationError) {
      try poller.set(descriptor, .read, was: nil, key: listenerKey(listeners.count))
    } catch { throw error.asSystemError(descriptor) }
    listeners.append((descriptor, isWatched: true))
    turns.add()
  }

  private func listenerKey(_ index: Int) -> Key {
    Registration.listener(Key(index: UInt32(index), generation: 0)).key
  }

  mutating func setRoom(_ count: Int, within places: Places?) {
    self.places = places
    let count = places?.room(upTo: count) ?? count
    acceptsLeft = min(count, acceptBudget)
    let on = count > 0
    guard on != isAccepting else { return }
    isAccepting = on
    for step in listeners.indices {
      // In turn: a wait may bring a part of what there is, in the order in which it was added.
      let index = turns.inTurn(step)
      let listener = listeners[index]
      guard listener.isWatched != on else { continue }
      do throws(RegistrationError) {
        try poller.set(
          listener.descriptor, on ? .read : nil, was: on ? nil : .read, key: listenerKey(index))
        listeners[index].isWatched = on
      } catch {
        // Accepting pauses then, and is tried again: it would stop for good if nobody heard of it.
        refusal = error.asSystemError(listener.descriptor).errno
        isAccepting = nil
      }
    }
  }

  /// Accepting comes at the end of the turn, when it is known which listeners have somebody waiting: they
  /// share the turn's accepts, however few those are. Apart, as what follows: inlined, they cost each request
  /// three instructions in a hundred.
  @inline(never)
  mutating func accept() -> Completion? {
    while acceptsLeft > 0, let index = turns.next() {
      if let completion = accept(index) { return completion }
      turns.forget(index)
    }
    turns.endTurn()
    return nil
  }

  private mutating func accept(_ index: Int) -> Completion? {
    // Another loop may have had the last place since the room was told.
    if let places, !places.take() {
      turns.stop(without: index)
      acceptsLeft = 0
      return nil
    }
    acceptsLeft -= 1
    var address = SocketAddress.any(port: 0)
    let (system, descriptor) = (system, listeners[index].descriptor)
    let outcome = system.retryingInterrupts { system.accept(descriptor, peer: &address) }
    if !outcome.isSuccess { places?.giveBack() }
    switch outcome.errno {
    case nil:
      latest.note(outcome.descriptor.rawValue, address)
      return Completion(accepted: outcome.descriptor.rawValue, from: index)
    case Errno.wouldBlock: return nil
    case .some(let errno):
      if !errno.concernsOneQueuedConnection {
        acceptsLeft = 0
        turns.stop(without: index)
      }
      return Completion(.acceptFailed, Key(rawValue: 0), Int(errno.rawValue))
    }
  }
}
