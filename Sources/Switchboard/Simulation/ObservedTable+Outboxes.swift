#if TestBench

// What connections may hold unsent, and what is done about it.
extension ObservedTable {
  /// A turn begins: no connection, and not all together, may have more unsent than they may. What a ring
  /// was given is in its hands until it says otherwise: what its loop keeps beside that is audited.
  func checkOutboxes() {
    guard record.ring == nil else { return }
    let options = course.world.options
    var sum = 0
    for index in lives.indices where lives[index].isOpen && !lives[index].isClosing {
      if lives[index].turn != course.turn { lives[index].writtenBefore = lives[index].wired }
      if lives[index].sendsFromElsewhere { continue }
      let unsent = max(0, lives[index].unsent)
      sum += unsent
      // What is forwarded is bounded by its sender's pause, behind what one receive brings.
      var more = lives[index].isRelayed ? min(options.highWatermark, 1 << 40) + 1 << 20 : 0
      // What is sealed of it is longer.
      if lives[index].end?.overhead ?? 0 > 0 { more += ObservedTable.mostOverhead }
      if unsent - more > max(0, options.outboxLimit) {
        record.fail(
          .limit("\(unsent) bytes of one connection are unsent, of \(options.outboxLimit)"))
      }
    }
    if sum > max(0, options.totalOutboxLimit) {
      record.fail(.limit("\(sum) bytes of all are unsent, of \(options.totalOutboxLimit)"))
    }
  }

  /// How much longer a piece of output is when it is sealed.
  private static var mostOverhead: Int { 1024 }

  /// A session is closed: not as finished before everything has gone.
  func checkClosing(_ life: Life, _ reason: CloseReason) {
    let left = life.wired - (life.end?.outgoing?.sent ?? 0)
    if life.isClosing, left > 0, reason == .finished {
      record.fail(.sessionContract("closed as finished with \(left) bytes unsent"))
    }
    if reason == .outboxFull, !life.hasOverflown,
      unsentNow(life) <= course.world.options.outboxLimit
    {
      record.reach(.totalOutboxFull)
    }
  }

  /// What a connection holds that it has not heard to have gone.
  func unsentNow(_ life: Life) -> Int {
    guard let end = life.end else { return 0 }
    let unheard = record.ring?.unheard(of: end) ?? 0
    return max(0, life.wired - (end.outgoing?.sent ?? 0) + unheard)
  }

  /// What a session asked for.
  func tally(_ requests: Connection.Requests, _ connection: borrowing Connection, _ life: Life) {
    guard !requests.isEmpty || life.unsent > 0 else { return }
    if requests.contains(.pause) { record.reach(.pauses) }
    if requests.contains(.resume) { record.reach(.resumes) }
    if requests.contains(.drained) { record.reach(.asksForDrained) }
    if requests.contains(.abort) { record.reach(.aborts) }
    if requests.contains(.timer), let alarm = connection.alarm {
      record.reach(alarm <= connection.now ? .setsZeroTimer : .setsTimer)
    }
    if requests.contains(.close) { record.reach(life.unsent > 0 ? .closesUnsent : .closes) }
    let mark = course.world.options.highWatermark
    if life.unsent > mark { record.reach(.unsentAboveMark) }
    if life.unsent > 0, life.unsent <= mark { record.reach(.unsentBelowMark) }
  }
}

extension SimulatedWorld {
  /// Whether any may come near its limit.
  var checksOutboxes: Bool {
    options.outboxLimit < 8 << 20 || options.totalOutboxLimit < 256 << 20
  }
}

#endif
