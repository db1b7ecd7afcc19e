#if TestBench

// How clients come to their end, and whether they may.
extension Course {
  /// The server has finished.
  func reachedEnd(_ index: Int) {
    excuseRefused(index)
    if let wire = clients[index].wire { checkEnd(of: wire, index) }
    let state = clients[index]
    let number = state.plan.number
    let wanted = state.promised ?? state.expected.count
    // A connection may have been asked to finish before its bytes were taken in.
    let isRushed = isPastDrain || isPastGathering
    if state.received < wanted, !record.isExcused(number), !state.plan.leaves, !isRushed {
      record.fail(.missingBytes(client: number, got: state.received, wanted: wanted))
    }
    if isEndLate(state) { record.fail(.broke(client: number, how: "told late of its end")) }
    if goesOn(state) { return }
    record.say("client \(number) is done, with \(state.received) bytes")
    if number % 4 == 0, !state.socket.hasFinished {
      let end = network.now + nanoseconds(of: world.options.lingerTimeout) + 1_000_000_000
      clients[index].staysUntil = end
      return network.heap.push(.client, index, at: end, detail: .max)
    }
    sayEnd(index)
    guard isGoing(index) else { return }
    network.close(state.socket)
    over(index)
  }

  /// Whether a client has more to do, and is to do it. What it waits for in vain is not waited for.
  private func goesOn(_ state: CourseClient) -> Bool {
    state.plan.goesOn && state.step < state.moves.count
      && state.received >= state.expected.count && state.wire?.isOpen ?? true
  }

  /// Whether the server had finished, and said so much later, as at the end of its linger timeout.
  private func isEndLate(_ state: CourseClient) -> Bool {
    guard state.finishedAt > 0, ![.stall, .frozen].contains(where: { network.faults.has($0) }),
      let end = network.other(state.socket), end.finishedAt > 0
    else { return false }
    // A kernel gives up half-closing after 30 ms where it cannot create a thread; and some turns.
    return end.finishedAt > state.finishedAt + 150_000_000
  }

  /// A client that keeps its end open: the server does not wait for it for ever.
  func stay(_ index: Int, until end: UInt64) {
    guard network.now >= end else { return }
    let socket = clients[index].socket
    // A process that is stopped closes nothing.
    if let end = network.other(socket), end.state != .closed, !network.faults.has(.frozen) {
      record.fail(.leftOver("a connection that had been finished with"))
    }
    network.close(socket)
    over(index)
  }

  /// The connection broke, or could not be made.
  func lost(_ index: Int, _ errno: Errno) {
    let state = clients[index]
    let number = state.plan.number
    record.say("client \(number) lost its connection: \(errno.symbol)")
    if !record.isExcused(number), !isExcusedByTime(state), !record.hasFailed {
      record.fail(.broke(client: number, how: errno.meaning))
    }
    if isOrdered { record.excuse(number) }
    state.socket.state = .closed
    over(index)
  }

  /// Whether the server may have closed for good because something took too long.
  func isExcusedByTime(_ state: CourseClient) -> Bool {
    let socket = state.socket
    if isPastDrain || isPastGathering { return true }
    // It came when the server had begun to drain.
    guard let end = network.other(socket) else { return drainBegan != nil }
    // A ring's kernel may say so only later, or with the close.
    let finished = state.finishedIn > 0 ? state.finishedIn : end.finishedAt
    let linger = nanoseconds(of: world.options.lingerTimeout)
    return finished > 0 && network.now + 2_000_000 >= finished + linger
  }

  func leave(_ index: Int, byReset: Bool) {
    let state = clients[index]
    record.say("client \(state.plan.number) \(byReset ? "resets" : "closes")")
    record.excuse(state.plan.number)
    if byReset { network.sendReset(from: state.socket) } else { network.close(state.socket) }
    state.socket.state = .closed
    over(index)
  }

  func over(_ index: Int) {
    clients[index].isOver = true
    left -= 1
    network.hasChanged = true
    cameFurther()
    if left == 0, drainBegan == nil {
      network.heap.push(.other, 0, at: network.now + 1_000_000, detail: Moment.drain.rawValue)
    }
  }

  /// Whether every client has come to its end.
  var isOver: Bool { left == 0 }
  /// Those that have not.
  var unfinished: [Int] {
    clients.indices.filter { !clients[$0].isOver }.map { clients[$0].plan.number }
  }

  /// A session was closed: there must be a reason.
  func sessionClosed(of number: Int, _ reason: CloseReason, isClosing: Bool, isFull: Bool) {
    guard number > 0, number < indices.count, indices[number] >= 0, !record.hasFailed else {
      return
    }
    let state = clients[indices[number]]
    clients[indices[number]].sessionClosedIn = turn
    clients[indices[number]].readBefore = network.other(state.socket)?.incoming?.read ?? 0
    func unless(_ isRight: Bool, _ what: String) {
      if isRight {
        record.excuse(number)
      } else {
        record.fail(.broke(client: number, how: what))
      }
    }
    switch reason {
    case .finished:
      clients[indices[number]].finishedAt = network.now
      clients[indices[number]].finishedIn = network.turnStart
    case .peerFinished: break
    case .aborted: record.excuse(number)
    case .failed(let error):
      unless(record.isExcused(number) || isExcusedByTime(state), error.description)
    case .truncated, .filterFailed: unless(record.isExcused(number), reason.description)
    case .outboxFull: unless(isFull, "an outbox was called full")
    case .stopped: unless(stopBegan != nil, "the server stopped")
    case .idle: unless(isClosing || mayBeIdle(indices[number]), "closed as idle too early")
    case .drainTimeout:
      let timeout = nanoseconds(of: world.options.drainTimeout)
      unless(
        drainBegan.map { network.now >= $0 + timeout } ?? false, "cut off before the drain timeout")
    default: unless(false, reason.description)
    }
  }

  /// Whether nothing has come or gone for as long as the idle timeout.
  private func mayBeIdle(_ index: Int) -> Bool {
    let end = network.other(clients[index].socket)
    // A ring receives and sends apart from the loop, which goes by what it has been told.
    let told = world.backend == .ioUring ? clients[index].tookAt : .max
    // What came with a header may be taken much later, when there is a partner for it.
    let isExact = told < .max && world.proxyProtocol == nil && !hasWires
    let active = isExact ? told : min(told, end?.lastActive ?? 0)
    // What leaves the server's kernel because the peer reads is traffic, too, until all has left.
    let outgoing = end?.outgoing
    let taken = outgoing.map { $0.waiting > 0 ? min($0.dispatchedAt, $0.acknowledgedAt) : 0 } ?? 0
    // Ticks of a millisecond, and a turn's length.
    // What comes while it closes is thrown away, and does not count.
    let idle = world.options.idleTimeout?.clampedNanoseconds ?? .max
    if network.now - max(active, taken) + 3_000_000 >= idle { return true }
    // Stopped once more between the question and the close, it cannot know what has gone since.
    let asked = record.stoppedAt
    return asked >= network.turnStart && asked - min(asked, active) + 3_000_000 >= idle
  }
}

#endif
