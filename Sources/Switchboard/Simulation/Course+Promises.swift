#if TestBench

// What a server promises of its end, and of what it tells of itself.
extension Course {
  /// What was told so far.
  struct Told {
    var isPaused = false
    /// Of loops that share a limit, that it is reached.
    var isFull = false
    /// How many peers draining began with; nil before.
    var draining: Int?
    var hasDrained = false
    /// Sessions that were cut off by the drain timeout.
    var forced = 0
  }

  /// What the loop tells its operator agrees with what it does.
  func checkTelling(_ notice: LoopNotice) {
    switch notice {
    case .acceptingPaused(.connectionLimit) where places != nil: toldFull(true)
    case .acceptingPaused:
      if told.isPaused { record.fail(.told("a pause twice")) }
      told.isPaused = true
    // A loop's own pause ends first.
    case .acceptingResumed where told.isPaused: told.isPaused = false
    case .acceptingResumed: toldFull(false)
    case .draining(let peers):
      if drainBegan == nil || told.draining != nil { record.fail(.told("draining, and it is not")) }
      // A ring's connections stay a little longer, with the loop or with its kernel.
      let unfinished = record.ring?.unfinishedCloses ?? 0
      let held = held + making + made.count
      if peers + unfinished < held || peers > held + mostOpenings && record.ring == nil {
        record.fail(.told("draining with \(peers) peers, of \(held)"))
      }
      told.draining = peers
    case .drained(let finished, let forced):
      told.hasDrained = true
      let peers = told.draining ?? 0
      // Whoever is cut off by a stop counts, too.
      guard stopBegan == nil else { return }
      if forced != told.forced || finished != max(0, peers - forced) {
        record.fail(
          .told("\(finished) finished and \(forced) cut off, of \(peers) and \(told.forced)"))
      }
    default: break
    }
  }

  /// It is told, by whatever loop, that all places are taken, or not any more.
  func toldFull(_ isFull: Bool) {
    if told.isFull == isFull {
      let what = isFull ? "a pause twice" : "the end of a pause that was not told of"
      record.fail(.told(what))
    }
    told.isFull = isFull
  }

  /// The loop has ended.
  func checkEnding(_ control: LoopControl<SimulatedKernel>) {
    if told.draining != nil, !told.hasDrained { record.fail(.told("nothing, when it had drained")) }
    if stopBegan == nil, told.draining == nil { record.fail(.told("nothing of draining")) }
    if let stopBegan, ![.stall, .lateWake, .frozen].contains(where: { network.faults.has($0) }),
      network.now - stopBegan > 1_100_000_000
    {
      record.fail(.notFinished(clients: unfinished))
    }
    if control.jobs.post({}, to: Key(rawValue: 0)) {
      record.fail(.leftOver("a letterbox that nobody empties"))
    }
  }

  /// The server is asked to stop at once: everybody may lose what he has.
  func beginStopping() {
    guard stopBegan == nil, !record.hasFailed, let stop else { return }
    stopBegan = network.now
    record.say("the server is asked to stop")
    for index in clients.indices { record.excuse(clients[index].plan.number) }
    stop()
  }
}

#endif
