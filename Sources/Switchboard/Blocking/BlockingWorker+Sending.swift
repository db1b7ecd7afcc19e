extension BlockingWorker {
  // -------------------------------------------------------------------------------- sending

  /// Calls the session, sends what it wrote and does what it asked for.
  func callBack(_ body: (SessionTable, inout Connection) -> Void) {
    connection.now = system.now()
    let region = unsafe OutputRegion(start: output.start, capacity: output.count)
    connection.begin(key, descriptor.rawValue, region)
    body(sessions, &connection)
    let requests = connection.requests
    if requests.contains(.connect) { refuseToConnect() }
    if requests.contains(.pair) { refusedPartner = .some(nil) }
    if requests.contains(.pool) { refusePool() }
    connection.forwarded.clear()
    if requests.contains(.overflow) || connection.count > house.options.outboxLimit {
      return over(.outboxFull)
    }
    if requests.contains(.timer) {
      // Not before the next tick, as in a loop: what is set anew each time holds up nothing else.
      let nextTick = connection.now.advanced(byNanoseconds: TimerWheel.tickLength)
      alarm = connection.alarm.map { max($0, nextTick) }
    }
    if requests.contains(.leave) {
      swap(&leftovers, &connection.leftovers)
      if leftovers.count > house.options.inputLimit { return over(.inputFull) }
      owesLeftovers = connection.hasWrittenMuch
    }
    if requests.contains(.pause) { isPaused = true }
    if requests.contains(.resume) {
      owesLeftovers = owesLeftovers || isPaused && !leftovers.isEmpty
      isPaused = false
    }
    if requests.contains(.close) { ending.wantsToClose() }
    if requests.contains(.drained) { owesDrained = true }
    let isAborted = !requests.isDisjoint(with: [.abort, .reset])
    send(waiting: !isAborted)
    if isOver { return }
    if requests.contains(.reset) { system.resetAtClose(descriptor) }
    if isAborted { return over(.aborted) }
    if requests.contains(.finish) { finishSending() }
    take(ending.allIsSent())
  }

  /// The session has nothing more to send, and all that it wrote is sent.
  private func finishSending() {
    guard !hasFinished else { return }
    hasFinished = true
    _ = system.shutdownSending(descriptor)
    _ = ending.closesByItself(hasFinished: hasFinished)
  }

  /// A thread that serves one connection has no loop for another one to live on.
  private func refuseToConnect() {
    var wishes: [ConnectWish] = []
    swap(&wishes, &connection.wishes)
    let reason = CloseReason.connectFailed(SystemError(.connect, .notSupported))
    for wish in wishes {
      wish.refuse(reason)
      if wish.partner != nil { refusedPartner = .some(reason) }
    }
  }

  private func refusePool() {
    let wishes = connection.loop.local { PoolDesk() }.takeWishes()
    if wishes.contains(where: \.isForOne) {
      refusedPartner = .some(.connectFailed(SystemError(.connect, .notSupported)))
    }
  }

  /// Sends all that was written, however long that takes.
  func send(waiting: Bool) {
    var parts: [Connection.Part] = []
    swap(&parts, &connection.parts)
    // Who has finished sending sends nothing more.
    guard !hasFinished else { return }
    var start = 0
    for part in parts {
      let own = unsafe connection.written(from: start, to: part.place)
      guard unsafe send(own, waiting: waiting) else { return }
      switch part.content {
      case .bytes(let shared): guard unsafe send(shared.all, waiting: waiting) else { return }
      case .file(let file): guard send(file, waiting: waiting) else { return }
      }
      start = part.place
    }
    guard unsafe send(connection.written(from: start), waiting: waiting) else { return }
    if ending.phase == .closing { owesDrained = false }
  }

  /// Sends bytes: whether all of them have gone.
  private func send(_ bytes: UnsafeRawBufferPointer, waiting: Bool) -> Bool {
    var offset = 0
    let (system, descriptor) = (system, descriptor)
    while offset < bytes.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset...])
      let outcome = system.retryingInterrupts { unsafe system.send(descriptor, from: rest) }
      if outcome.isSuccess {
        offset += outcome.value
        lastActive = system.now()
      } else if let errno = outcome.errno, errno != .wouldBlock {
        over(.failed(SystemError(.send, errno)))
        return false
      } else if !waiting {
        return false
      }
      if offset < bytes.count, !waitForRoom() { return false }
    }
    return true
  }

  /// Sends a part of a file: whether all of it has gone. It is read: what the thread waits for is the peer.
  private func send(_ part: FilePart, waiting: Bool) -> Bool {
    var (offset, left) = (part.offset, part.count)
    let (system, file) = (system, part.range.file)
    while left > 0 {
      // Nothing is received meanwhile.
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: input.all.prefix(left))
      let outcome = system.retryingInterrupts {
        unsafe system.readFile(file, at: offset, into: room)
      }
      guard outcome.errno == nil, outcome.value > 0 else {
        over(.failed(SystemError(.readFile, outcome.errno ?? .noData)))
        return false
      }
      let count = min(outcome.value, left)
      let read = unsafe UnsafeRawBufferPointer(rebasing: room.prefix(count))
      guard unsafe send(read, waiting: waiting) else { return false }
      (offset, left) = (offset + count, left - count)
    }
    return true
  }

  /// Waits until the peer has taken something: false when the connection is over.
  private func waitForRoom() -> Bool {
    owesDrained = true
    let asked = control.mail.fallAsleep() ? limit : system.now()
    // Room comes with what the peer takes.
    if wait(for: .write, until: asked) == .write { lastActive = system.now() }
    doJobs()
    if request == .stop {
      over(.stopped)
      return false
    }
    return !hasRunOut(system.now(), hearing: false)
  }

  // -------------------------------------------------------------------------------- closing

  /// Does what the end of a connection asks for next.
  func take(_ step: Ending.Step) {
    switch step {
    case .nothing: break
    case .tellEnd:
      callBack { sessions, connection in sessions.ended(0, &connection) }
      _ = ending.closesByItself(hasFinished: hasFinished)
      take(ending.allIsSent())
    case .close(let reason): if let reason { tell(reason) }
    case .finishSending(let reason):
      tell(reason)
      finishSending()
      linger()
    }
  }

  /// Discards what still comes until the peer has finished too, for a while.
  private func linger() {
    let end = system.now() + house.options.lingerTimeout
    while request != .stop, ending.phase == .lingering {
      let limit = earlier(end, house.drainDeadline) ?? end
      if limit <= system.now() { return take(ending.timeIsOver()) }
      guard wait(for: .read, until: limit) == .read else { continue }
      let outcome = unsafe system.receive(descriptor, into: input.all)
      switch outcome.errno {
      case nil where outcome.value == 0: take(ending.peerEnded())
      case nil: take(ending.discard(outcome.value))
      case Errno.wouldBlock, Errno.interrupted: break
      default: take(ending.timeIsOver())
      }
    }
  }

  func over(_ reason: CloseReason) { take(ending.breakOff(reason)) }

  private func tell(_ reason: CloseReason) {
    house.ended(reason)
    sessions.close(0, reason)
  }
}
