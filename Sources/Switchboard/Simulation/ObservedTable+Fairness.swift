// What one connection may be given while others wait.
extension ObservedTable {
  /// A session is given bytes.
  func given(_ count: Int, _ index: Int) {
    lives[index].given += count
    lives[index].givenInAll += count
    givenSince += count
    lives[index].givenAt = network.now
    if lives[index].isPaused { record.fail(.sessionContract("given bytes while it was paused")) }
    checkWatermark(lives[index].unsent)
    // What the turn before left, and what this one brings.
    let budget = record.ring == nil ? ObservedTable.budget : ObservedTable.ringBudget
    if lives[index].given > 2 * budget,
      record.ring != nil || !course.world.excuses.contains(.receiveBudget)
    {
      record.fail(.budget("gave \(lives[index].given) bytes of one peer in one turn"))
    }
  }

  private func checkWatermark(_ unsent: Int) {
    guard unsent > max(0, course.world.options.highWatermark),
      record.ring == nil || !course.world.excuses.contains(.ringWatermark)
    else { return }
    record.fail(.limit("given bytes with \(unsent) unsent, above the high watermark"))
  }

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
      if waits, lives[index].waitMark == read, !course.mayHoldUp,
        record.ring != nil || !course.world.excuses.contains(.starvation)
      {
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
    guard !life.isPaused, !life.isClosing, let end = life.end, end.state == .connected,
      let incoming = end.incoming
    else { return false }
    return incoming.unread > 0
      && life.written - (end.outgoing?.sent ?? 0) <= course.world.options.lowWatermark
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
