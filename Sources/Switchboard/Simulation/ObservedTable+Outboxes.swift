// What connections may hold unsent, and what is done about it.
extension ObservedTable {
  /// A turn begins: no connection, and not all together, may have more unsent than they may.
  func checkOutboxes() {
    let options = course.world.options
    var sum = 0
    for index in lives.indices where lives[index].isOpen && !lives[index].isClosing {
      if lives[index].turn != course.turn { lives[index].writtenBefore = lives[index].written }
      let unsent = max(0, lives[index].unsent)
      sum += unsent
      if unsent > max(0, options.outboxLimit), !isExcused {
        record.fail(
          .limit("\(unsent) bytes of one connection are unsent, of \(options.outboxLimit)"))
      }
    }
    if sum > max(0, options.totalOutboxLimit), !isExcused {
      record.fail(.limit("\(sum) bytes of all are unsent, of \(options.totalOutboxLimit)"))
    }
  }

  private var isExcused: Bool {
    record.ring != nil && course.world.excuses.contains(.ringOutbox)
  }

  /// A session is closed. For what was unsent only when that was too much, and then it, and no other,
  /// if it was all together.
  func checkClosing(_ life: Life, _ reason: CloseReason) {
    if life.isClosing, life.unsentNow > 0, reason == .finished {
      record.fail(.sessionContract("closed as finished with \(life.unsentNow) bytes unsent"))
    }
    guard reason == .outboxFull, !life.hasOverflown else { return }
    let options = course.world.options
    if life.unsentNow > options.outboxLimit { return }
    var (sum, most) = (0, 0)
    for index in lives.indices where lives[index].isOpen {
      sum += max(0, lives[index].unsentNow)
      most = max(most, lives[index].unsentNow)
    }
    if sum <= options.totalOutboxLimit {
      return record.fail(
        .limit("closed for \(life.unsentNow) bytes unsent, \(sum) of all, which is allowed"))
    }
    record.reach(.totalOutboxFull)
    if life.unsentNow < most, !course.world.excuses.contains(.totalOutbox) {
      record.fail(
        .limit("closed for what all hold, with \(life.unsentNow), and not who held \(most)"))
    }
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
