extension BlockingWorker {
  // -------------------------------------------------------------------------------- sending

  /// Calls the session, sends what it wrote and does what it asked for.
  func callBack(_ body: (SessionTable, inout Connection) -> Void) {
    connection.now = system.now()
    let region = unsafe OutputRegion(start: output.start, capacity: output.count)
    connection.begin(key, descriptor.rawValue, region)
    body(sessions, &connection)
    let requests = connection.requests
    if requests.contains(.overflow) || connection.count > house.options.outboxLimit {
      return over(.outboxFull)
    }
    if requests.contains(.timer) {
      // Not before the next tick, as in a loop: what is set anew each time holds up nothing else.
      let nextTick = connection.now.advanced(byNanoseconds: TimerWheel.tickLength)
      alarm = connection.alarm.map { max($0, nextTick) }
    }
    if requests.contains(.pause) { isPaused = true }
    if requests.contains(.resume) { isPaused = false }
    isClosing = requests.contains(.close)
    if requests.contains(.drained) { owesDrained = true }
    send(waiting: !requests.contains(.abort))
    if isOver { return }
    if requests.contains(.abort) { return over(.aborted) }
    if isClosing { finish() }
  }

  /// Sends all that was written, however long that takes.
  func send(waiting: Bool) {
    var offset = 0
    let (system, descriptor) = (system, descriptor)
    while offset < connection.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: connection.written[offset...])
      let outcome = system.retryingInterrupts { unsafe system.send(descriptor, from: rest) }
      if outcome.isSuccess {
        offset += outcome.value
        lastActive = system.now()
      } else if let errno = outcome.errno, errno != .wouldBlock {
        return over(.failed(SystemError(.send, errno)))
      } else if !waiting {
        return
      }
      guard offset < connection.count else { break }
      owesDrained = true
      let asked = control.mail.fallAsleep() ? limit : system.now()
      // Room comes with what the peer takes.
      if wait(for: .write, until: asked) == .write { lastActive = system.now() }
      doJobs()
      if request == .stop { return over(.stopped) }
      if hasRunOut(system.now(), hearing: false) { return }
    }
    if isClosing { owesDrained = false }
  }

  // -------------------------------------------------------------------------------- closing

  /// Everything is sent: says so, and discards what still comes until the peer has finished too,
  /// for a while. Closing with unread input would reset the connection and destroy the last reply.
  func finish() {
    if hasPeerEnded { return over(.peerFinished) }
    over(.finished)
    _ = system.shutdownSending(descriptor)
    let end = system.now() + house.options.lingerTimeout
    var discarded = 0
    while request != .stop, system.now() < end, discarded <= Care.mostDiscarded {
      if let deadline = house.drainDeadline, deadline <= system.now() { return }
      guard wait(for: .read, until: earlier(end, house.drainDeadline)) == .read else { continue }
      let outcome = unsafe system.receive(descriptor, into: input.all)
      switch outcome.errno {
      case nil where outcome.value == 0: return
      case nil: discarded += outcome.value
      case Errno.wouldBlock, Errno.interrupted: break
      default: return
      }
    }
  }

  func over(_ reason: CloseReason) {
    guard !isOver else { return }
    isOver = true
    house.ended(reason)
    sessions.close(0, reason)
  }
}
