#if TestBench

// What one connection may be given while others wait.
extension ObservedTable {
  /// A session is given bytes.
  func given(_ count: Int, _ index: Int) {
    lives[index].given += count
    lives[index].givenInAll += count
    givenSince += count
    lives[index].givenAt = network.now
    if lives[index].isPaused { record.fail(.sessionContract("given bytes while it was paused")) }
    // Whoever has a partner is given nothing while that has much to send, whatever he has himself.
    let partner = lives[index].partner.map { lives[$0] }
    checkWatermark((partner ?? lives[index]).unsent)
    // What the turn before left, and what this one brings.
    let budget = record.ring == nil ? ObservedTable.budget : ObservedTable.ringBudget
    if lives[index].given > 2 * budget {
      record.fail(.budget("gave \(lives[index].given) bytes of one peer in one turn"))
    }
  }

  /// Whether the loop cannot know yet what became of its last output: its ring did not take all that was
  /// submitted, or has more to tell than fits its queue.
  var hasUnheard: Bool { record.ring?.isBehind ?? false }

  private func checkWatermark(_ unsent: Int) {
    // What its filter has to say goes before what came with that is given.
    let most = max(0, course.world.options.highWatermark) + (hasFilters ? Self.mostOwnWords : 0)
    guard unsent > most, !hasUnheard else { return }
    record.fail(.limit("given bytes with \(unsent) unsent, above the high watermark"))
  }

  private var hasFilters: Bool { course.hasWires || course.world.connectorFilter != nil }
  /// What a filter says of itself behind its opening exchange.
  private static var mostOwnWords: Int { 128 }

  /// What one peer may send in one turn.
  static var budget: Int { 65536 }
  /// On a ring, while nobody else waits: as much as its receive buffers hold.
  private static var ringBudget: Int { 1 << 20 }

  /// Others were given several budgets: whoever had bytes to be given all the time was among them.
  func lookForStarved() {
    guard course.turn - lookedAt > 4 + 2 * course.held else { return }
    for index in lives.indices where lives[index].isOpen {
      let waits = isWaiting(index)
      // A ring reads ahead of its sessions.
      let read = lives[index].givenInAll + (lives[index].end?.incoming?.read ?? 0)
      if waits, lives[index].waitMark == read, !course.mayHoldUp {
        record.fail(
          .passedOver("client \(lives[index].client)", turns: course.turn - lookedAt))
      }
      lives[index].waitMark = waits ? read : -1
    }
    lookedAt = course.turn
    givenSince = 0
  }

  /// Whether it should be received from.
  private func isWaiting(_ index: Int) -> Bool {
    let life = lives[index]
    guard !life.isPaused, !life.isClosing, !waitsForPartner(life), let end = life.end,
      end.state == .connected, let incoming = end.incoming
    else { return false }
    let sent = (end.outgoing?.sent ?? 0) - (record.ring?.underWay(on: end) ?? 0)
    let isLow = life.partner != nil || life.wired - sent <= course.world.options.lowWatermark
    return incoming.isReadable && isLow
  }
}

extension Course {
  /// Whether faults may keep a connection from being received from for some turns.
  var mayHoldUp: Bool {
    let kinds: [Fault.Kind] = [
      .interrupt, .receiveWouldBlock, .shortReceive, .partialBatch, .multishotEnd,
    ]
    return kinds.contains { network.faults.has($0) }
  }
}

// What may be unsent.
extension ObservedTable {
  /// Whether a connection holds more than it may; or all together, and none more than this one.
  func isFull(_ life: Life) -> Bool {
    let options = course.world.options
    if life.hasOverflown || unsentNow(life) > options.outboxLimit { return true }
    let all = lives.indices.reduce(0) { $0 + (lives[$1].isOpen ? unsentNow(lives[$1]) : 0) }
    guard all + course.unsentInExchanges > options.totalOutboxLimit else {
      // Nobody has looked at what is unsent of connections that are being made.
      return course.world.connectorFilter != nil && course.making > 0
    }
    // What a ring's kernel has under way counts for nobody's outbox, and what is in files neither.
    return record.ring != nil
      || lives.indices.contains { lives[$0].isOpen && lives[$0].sendsFromElsewhere }
      || !lives.indices.contains { lives[$0].isOpen && unsentNow(lives[$0]) > unsentNow(life) }
  }
}

extension ObservedTable {
  /// Whoever is not received from hears of a broken connection all the same, and soon: select asks for
  /// it every 100 ms.
  func checkBreak(_ life: Life) {
    guard let brokeAt = life.end?.brokeAt, brokeAt > 0,
      ![.stall, .lateWake, .frozen].contains(where: { network.faults.has($0) })
    else { return }
    // A poller that tells of a few at once comes round when it has told of all.
    let rounds = UInt64(2 + 2 * course.clients.count / course.mostEvents)
    let work = rounds * (record.workTime.last + record.workTime.before) + record.workSoFar
    let since = max(brokeAt, life.openedAt)
    if network.now > since + 250_000_000 + work {
      let late = (network.now - since) / 1_000_000
      record.fail(.sessionContract("told \(late) ms late that its connection broke"))
    }
  }
}

#endif
