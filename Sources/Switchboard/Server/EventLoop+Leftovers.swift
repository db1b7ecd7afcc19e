/// What sessions leave of what they were given, and are given again.
extension EventLoop where B: ~Copyable {
  /// Bytes have come for a session that is over, or behind some that it has left. Apart: that is rare.
  @inline(never)
  mutating func receivedApart(_ completion: Completion) {
    let key = completion.key
    guard slots[key.index].flags.isDisjoint(with: [.closing, .lingering, .closed]) else {
      return discard(completion.value, key)
    }
    if slots[key.index].isFiltered {
      if openings[key.index] != nil { return receivedOfHeader(completion) }
      return unsafe receivedByFilter(key, completion.received)
    }
    slots[key.index].lastActive = tick
    var bytes = takeLeftovers(key)
    unsafe bytes.append(contentsOf: completion.received)
    give(bytes, key)
  }

  mutating func give(_ bytes: [UInt8], _ key: Key) {
    callBack(key) { sessions, index, connection in
      sessions.received(index, bytes.span, &connection)
    }
  }

  /// What a session leaves is kept: false where that is more than it may leave.
  ///
  /// - Parameter hasWrittenMuch: It may have left them for that.
  mutating func keepLeftovers(_ key: Key, _ hasWrittenMuch: Bool) -> Bool {
    var bytes: [UInt8] = []
    swap(&bytes, &connection.leftovers)
    let count = bytes.count
    guard slots[key.index].ending.isOpen, count <= options.inputLimit,
      leftoverCount + count <= options.totalInputLimit
    else { return !slots[key.index].ending.isOpen }
    keep(bytes, key)
    // If its output did not go at once, they wait for that.
    if hasWrittenMuch { giveSoon(key) }
    return true
  }

  /// Keeps bytes for a session, which has none that it left.
  mutating func keep(_ bytes: [UInt8], _ key: Key) {
    slots[key.index].flags.insert(.hasLeftovers)
    leftovers[key.index] = bytes
    leftoverCount += bytes.count
  }

  mutating func takeLeftovers(_ key: Key) -> [UInt8] {
    slots[key.index].flags.remove(.hasLeftovers)
    guard let bytes = leftovers.removeValue(forKey: key.index) else { return [] }
    leftoverCount -= bytes.count
    return bytes
  }

  /// Whether a session has left bytes that it will be given before anything else comes; or has paused, and what
  /// comes next came in one piece with what it had then.
  func hasToTake(_ key: Key) -> Bool {
    let slot = slots[key.index]
    guard slot.flags.contains(.hasLeftovers) else { return slot.isFiltered && slot.isPaused }
    return slot.isPaused || slot.flags.contains(.givenSoon)
  }

  /// Whether a session has left bytes since its peer has not taken what it was sent.
  func awaitsRoom(_ key: Key) -> Bool {
    let flags = slots[key.index].flags
    return flags.contains(.hasLeftovers)
      && !flags.isDisjoint(with: [.pausedByOutbox, .givenSoon])
  }

  /// The session wants to be given bytes again.
  mutating func resumeReading(_ key: Key) {
    // Who was not paused has had all that there was.
    guard slots[key.index].flags.contains(.pausedBySession) else { return }
    slots[key.index].flags.remove(.pausedBySession)
    giveSoon(key)
  }

  /// What made a session leave bytes is over: it gets them at the end of this turn.
  mutating func giveSoon(_ key: Key) {
    let flags = slots[key.index].flags
    guard !flags.isDisjoint(with: [.hasLeftovers, .owesEnd]), !flags.contains(.givenSoon),
      !slots[key.index].isPaused
    else { return }
    slots[key.index].flags.insert(.givenSoon)
    givenSoon.append(key)
  }

  /// Each once in a turn, however much is left.
  mutating func giveLeftovers() {
    guard !givenSoon.isEmpty else { return }
    var keys: [Key] = []
    swap(&keys, &givenSoon)
    for key in keys where slots.contains(key) { giveAgain(key) }
  }

  private mutating func giveAgain(_ key: Key) {
    slots[key.index].flags.remove(.givenSoon)
    let flags = slots[key.index].flags
    guard flags.isDisjoint(with: [.closing, .lingering, .closed]) else { return }
    if flags.contains(.hasLeftovers), !slots[key.index].isPaused {
      give(takeLeftovers(key), key)
    }
    tellEndIfOwed(key)
    if draining != nil, !isGathering { askToFinish(key) }
  }

  /// That the peer has finished, unless its session is to be given more before.
  private mutating func tellEndIfOwed(_ key: Key) {
    guard slots.contains(key), slots[key.index].flags.contains(.owesEnd),
      !slots[key.index].flags.contains(.givenSoon), !slots[key.index].isPaused
    else { return }
    slots[key.index].flags.remove(.owesEnd)
    if slots[key.index].ending.isOpen { take(.tellEnd, key) }
  }
}
