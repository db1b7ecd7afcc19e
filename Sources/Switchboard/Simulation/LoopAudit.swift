#if TestBench

// What a loop knows of its connections, counted and looked at again after every turn.
extension EventLoop where B: ~Copyable {
  /// Runs the loop as ``run()`` does. Tells when a turn's wait is over, after which it works, and what
  /// is found amiss when it has.
  mutating func runAudited(awake: () -> Void, _ found: (String) -> Void) throws(SystemError) {
    do throws(SystemError) {
      while !isFinished {
        try sleep()
        awake()
        work()
        if let amiss { found(amiss) }
      }
    } catch {
      closeAll()
      throw error
    }
    closeAll()
  }

  /// What does not agree; nil when everything does.
  private var amiss: String? {
    var (used, unsent, closed, deadlines) = (0, 0, 0, 0)
    for index in 0..<slots.end {
      guard let key = slots.key(at: index) else {
        if wheel.isSet(UInt32(index)) { return "a deadline is set for nobody" }
        continue
      }
      used += 1
      if wheel.isSet(key.index) { deadlines += 1 }
      unsent += outboxes.held(slots[key.index].outbox) + outboxes.held(plain(key))
      if slots[key.index].flags.contains(.closed) {
        closed += outboxes.held(slots[key.index].outbox)
      }
      if let wrong = amiss(of: key) { return "connection \(index): \(wrong)" }
    }
    if openings.count > used { return "filters stand before nobody" }
    if used != slots.count { return "\(used) connections are counted as \(slots.count)" }
    if closed != condemned { return "\(closed) bytes of the closed are counted as \(condemned)" }
    if deadlines != wheel.count { return "\(deadlines) deadlines are counted as \(wheel.count)" }
    // A place that was given back is taken before a new one.
    if slots.end > limits.maxConnections { return "\(slots.end) places were made" }
    if used > limits.maxConnections { return "\(used) connections are held" }
    if unsent != outboxes.total { return "\(unsent) unsent bytes are counted as \(outboxes.total)" }
    // A ring may still be reading from outboxes of connections that are closed.
    if unsent - condemned > options.totalOutboxLimit { return "\(unsent) bytes are unsent" }
    return amissInAccepting
  }

  /// What does not agree about one connection.
  private func amiss(of key: Key) -> String? {
    let slot = slots[key.index]
    if slot.flags.contains(.closed) {
      return wheel.isSet(key.index) ? "a deadline outlives its close" : nil
    }
    let isBehind = openings[key.index] != nil || desk?[key.index] != nil
    if slot.isFiltered != isBehind { return "its filter is another's" }
    if isOpening(key), !wheel.isSet(key.index) { return "its filter may wait for ever" }
    if plain(key) != 0, slot.outbox == 0 { return "what was not sealed waits for nothing" }
    // Nobody's connection yet.
    if slot.flags.contains(.connecting) { return amissInPairs(key) }
    let unsent = unsent(key)
    // Of a file, a piece is sealed at a time.
    let mostSealed = slot.isFiltered ? FilterBuffers.count / 8 * 9 : 0
    let mostHeld = mostUnsent.plus(clamped: mostSealed)
    if outboxes.held(slot.outbox) > mostHeld { return "\(unsent) bytes are unsent" }
    if slot.outbox != 0, outboxes.count(slot.outbox) == 0 { return "an empty outbox is kept" }
    if unsent > 0, !slot.flags.contains(.sending) { return "unsent bytes are not being sent" }
    return amissInPairs(key) ?? amissInPauses(slot, unsent) ?? amissInDeadlines(key, slot)
  }

  /// Who has a partner is its partner's, and waits for it only while there is something to wait for.
  private func amissInPairs(_ key: Key) -> String? {
    let (flags, partnership) = (slots[key.index].flags, slots[key.index].partnership)
    guard partnership.contains(.paired) else {
      let isTold = partnerNews.contains { $0.key == key }
      return partnership.isDisjoint(with: .asks) && partnership.contains(.waits) && !isTold
        && !flags.contains(.closing)
        ? "it waits for a partner that it has not" : nil
    }
    guard let partner = partner(of: key), self.partner(of: partner) == key else {
      return "its partner is another's"
    }
    let isMade = !slots[partner.index].flags.contains(.connecting) && !isOpening(partner)
    let unsent = unsent(partner)
    let isTold = partnerNews.contains { $0.key == key }
    guard partnership.contains(.waits), isMade, !isTold else { return nil }
    let waitsRightly = unsent > options.lowWatermark
    return waitsRightly ? nil : "it waits for a partner with \(unsent) unsent bytes"
  }

  /// What a connection may have unsent. What is forwarded to it is bounded by its partner's pause, which begins
  /// above the watermark, behind all that one receive brings.
  private var mostUnsent: Int {
    let oneReceive = 1 << 20
    // Also of one that has lost its partner, and has not sent it all yet.
    return pairs != nil
      ? min(max(options.outboxLimit, options.highWatermark), 1 << 40) + oneReceive
      : options.outboxLimit
  }

  private func amissInPauses(_ slot: Slot, _ unsent: Int) -> String? {
    let flags = slot.flags
    let isPaused = flags.contains(.pausedByOutbox)
    if isPaused, unsent <= options.lowWatermark { return "paused with \(unsent) bytes unsent" }
    // Of one that has, or had, a partner, that waits.
    let isOwn = pairs == nil && !flags.contains(.lingering)
    // What is sealed is longer than what was looked at.
    let most = options.highWatermark.plus(clamped: slot.isFiltered ? 1024 : 0)
    if !isPaused, unsent > most, isOwn {
      return "received from with \(unsent) bytes unsent"
    }
    let wants =
      !flags.contains(.peerEnded)
      && (flags.contains(.lingering) || !slot.isPaused)
    return wants == flags.contains(.receiving)
      ? nil : wants ? "not received from" : "received from, and should not be"
  }

  private func amissInDeadlines(_ key: Key, _ slot: Slot) -> String? {
    let isLingering = slot.flags.contains(.lingering)
    let isDue = slot.alarm != 0 || limits.idle != 0 && !isLingering
    if isDue, !wheel.isSet(key.index) { return "no deadline is set" }
    if isLingering, slot.alarm == 0 { return "it lingers for ever" }
    let isHeard = slot.flags.contains(.sending) || drainedSoon.contains(key)
    if slot.flags.contains(.wantsDrained), !isHeard { return "nobody will tell that all is sent" }
    return nil
  }

  /// What does not agree about the pause in accepting.
  private var amissInAccepting: String? {
    guard !isStopped, draining == nil else { return nil }
    if isAccepting { return nil }
    guard let pause = accepting.pause else { return "nothing is accepted, for no reason" }
    if case .connectionLimit = pause, slots.count < limits.maxConnections {
      return "nothing is accepted, although there is room"
    }
    if accepting.retryAt == nil, slots.count == 0 { return "nothing will end a pause" }
    return nil
  }
}

#endif
