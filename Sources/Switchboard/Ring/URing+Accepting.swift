internal import CKernel

/// Accepting, exactly as many as there is room for, and from every listener in its turn.
///
/// A multishot accept is the cheapest, but takes whatever waits in the listener's queue before it
/// can be told to end. It is used while there is room for that many; from then on each accept is
/// for one connection and has its place reserved. A reserved place is lost to the other listeners
/// for as long as nobody comes, so where several share few places, each is polled, and places go
/// round among those that have somebody waiting.
///
/// Where loops share their places, others may have had them by the time that a multishot accept brings
/// somebody: who was accepted without one waits for it as he would in the listener's queue.
extension URing {
  /// A listening descriptor, and what is under way on it.
  struct Listening {
    var descriptor: Descriptor
    /// Accepts of one connection each, that wait for it.
    var singles = 0
    /// They have been asked to end.
    var endsSingles = false
    /// Accepts of one connection each, that do not wait.
    var tries = 0
    /// A multishot accept.
    var isMany = false
    /// A poll.
    var isPolled = false
  }

  /// A connection that waits to come in.
  struct Arrival {
    var file: Int32
    var listener: Int
  }

  /// What an accept's completion is about, above its tag.
  private static var many: UInt64 { 1 << 8 }
  private static var poll: UInt64 { 1 << 9 }
  private static var now: UInt64 { 1 << 10 }

  mutating func listen(_ descriptor: Descriptor) {
    listeners.append(Listening(descriptor: descriptor))
    turns.add()
  }

  mutating func setRoom(_ count: Int, within places: Places?) {
    self.places = places
    room = max(0, count)
    let own = max(0, count - arrivals.count)
    let count = places?.room(upTo: own) ?? own
    let takesMany = acceptsMany && count > queue * listeners.count * (places?.loops ?? 1)
    for index in listeners.indices {
      if takesMany, !listeners[index].isMany { arm(index, Self.many) }
      if !takesMany, listeners[index].isMany { cancelAccepts(index, Self.many) }
    }
    if takesMany { return }
    if places != nil || listeners.count > 1 && count < mostSingles * listeners.count {
      return goRound(count)
    }
    var free = count - reserved
    for index in listeners.indices {
      // Until a multishot accept has ended, it may bring more.
      while free > 0, !listeners[index].isMany, listeners[index].singles < mostSingles {
        arm(index, 0)
        free -= 1
      }
      if count == 0 { endSingles(index) }
    }
  }

  /// Places that accepts under way may need.
  private var reserved: Int { listeners.reduce(0) { $0 + $1.singles + $1.tries } }

  /// Several listeners share few places, or several loops.
  private mutating func goRound(_ count: Int) {
    for index in listeners.indices {
      endSingles(index)
      if count > 0, !listeners[index].isPolled, !turns.isWaiting(index) {
        arm(index, Self.poll)
      } else if count == 0, listeners[index].isPolled {
        cancelAccepts(index, Self.poll)
      }
    }
    // Not so many that other loops are kept from theirs meanwhile.
    let most = places.map { max(1, min(mostSingles, count / $0.loops)) } ?? mostSingles
    var free = places == nil ? count - reserved : count
    var turns = turns
    while free > 0, let index = turns.next(where: { listeners[$0].tries < most }) {
      guard places?.take() ?? true else {
        turns.giveBack(index)
        break
      }
      arm(index, Self.now)
      free -= 1
    }
    self.turns = turns
  }

  private mutating func arm(_ index: Int, _ kind: UInt64) {
    let entry = unsafe ring.entry()
    let descriptor = listeners[index].descriptor.rawValue
    switch kind {
    case Self.many:
      listeners[index].isMany = true
      unsafe ck_prepare_accept(entry, descriptor, true)
    case Self.poll:
      listeners[index].isPolled = true
      unsafe ck_prepare_poll_once(entry, descriptor)
    case Self.now:
      listeners[index].tries += 1
      unsafe ck_prepare_accept_now(entry, descriptor)
    default:
      listeners[index].singles += 1
      listeners[index].endsSingles = false
      unsafe ck_prepare_accept(entry, descriptor, false)
    }
    unsafe entry.pointee.user_data = acceptData(index, kind)
  }

  private func acceptData(_ index: Int, _ kind: UInt64) -> UInt64 {
    Tag.accept.rawValue | kind | UInt64(index) << 32
  }

  private mutating func endSingles(_ index: Int) {
    guard listeners[index].singles > 0, !listeners[index].endsSingles else { return }
    listeners[index].endsSingles = true
    cancelAccepts(index, 0)
  }

  private func cancelAccepts(_ index: Int, _ kind: UInt64) {
    let entry = unsafe ring.entry()
    unsafe ck_prepare_cancel(entry, acceptData(index, kind))
    unsafe entry.pointee.cancel_flags = IORING_ASYNC_CANCEL_ALL
  }

  mutating func accepted(_ data: UInt64, _ result: Int, _ flags: UInt32) -> Completion? {
    let index = Int(data >> 32)
    guard index < listeners.count else { return nil }
    let errno = Outcome(raw: result).errno
    switch data & (Self.many | Self.poll | Self.now) {
    case Self.many:
      if flags & IORING_CQE_F_MORE == 0 { listeners[index].isMany = false }
      if errno == .invalid { acceptsMany = false }
    case Self.poll:
      listeners[index].isPolled = false
      if result > 0 { turns.note(index) } else { turns.forget(index) }
      return nil
    case Self.now:
      listeners[index].tries -= 1
      // Where nobody waits it is polled again. Everything else does not cost it its turn: a signal, or
      // that there is no descriptor.
      if errno == .wouldBlock { turns.forget(index) } else if errno != nil { turns.giveBack(index) }
      if errno != nil { places?.giveBack() } else { placesOfArrivals += 1 }
    default:
      listeners[index].singles -= 1
      if listeners[index].singles == 0 { listeners[index].endsSingles = false }
    }
    switch errno {
    case nil:
      // They come in at the end of the turn, those of earlier turns first.
      arrivals.append(Arrival(file: Int32(truncatingIfNeeded: result), listener: index))
      return nil
    case Errno.cancelled, Errno.wouldBlock: return nil
    case .some(let errno): return Completion(.acceptFailed, Key(rawValue: 0), Int(errno.rawValue))
    }
  }

  /// The next connection that was accepted, within the turn's budget, its room and the places that
  /// loops share: a multishot accept may have brought more than that, and they wait here as they would
  /// in the listener's queue.
  mutating func nextArrival() -> Completion? {
    guard !arrivals.isEmpty, acceptedInTurn < min(acceptBudget, room), takePlaceOfArrival(),
      let arrival = arrivals.popFirst()
    else { return nil }
    acceptedInTurn += 1
    return Completion(accepted: arrival.file, from: arrival.listener)
  }

  /// Whoever came first gets the place that was taken for one of them, or one that is free.
  private mutating func takePlaceOfArrival() -> Bool {
    guard let places else { return true }
    guard placesOfArrivals > 0 else { return places.take() }
    placesOfArrivals -= 1
    return true
  }

  /// Whether the next one can come in at once. Where it waits for a place, the loop is woken when there
  /// is one.
  var canArrive: Bool {
    guard !arrivals.isEmpty, room > 0 else { return false }
    guard let places, placesOfArrivals == 0 else { return true }
    return places.room(upTo: 1) > 0
  }
}
