import Switchboard

extension LoadLoop {
  /// Attempts that are under way at once before the load begins: an accept queue holds more.
  private static var attemptsAtOnce: Int { 128 }

  /// Opens connections before the load begins, a few at a time.
  mutating func openMore() {
    while nextToOpen < slots.count, opening < LoadLoop.attemptsAtOnce {
      opening += 1
      nextToOpen += 1
      open(nextToOpen - 1)
    }
  }

  /// The server that a slot connects to.
  private func target(of index: Int) -> SocketAddress {
    options.targets[(part.number + index * part.count) % options.targets.count]
  }

  /// Begins to connect a slot.
  mutating func open(_ index: Int) {
    now = system.now().nanoseconds
    slots[index].isLeft = false
    slots[index].state = .connecting
    slots[index].began = now
    slots[index].heard = now
    slots[index].sourcesTried = 0
    openFromNextSource(index)
  }

  private mutating func openFromNextSource(_ index: Int) {
    var source: SocketAddress?
    if !sources.isEmpty {
      source = sources[turn % sources.count]
      turn &+= 1
    }
    slots[index].connection &+= 1
    let target = target(of: index)
    openings.append(
      LoadOpening(slot: index, number: slots[index].connection, target: target, source: source))
  }

  /// A connection stands.
  mutating func established(_ index: Int, _ key: Key) {
    now = system.now().nanoseconds
    attempts[index] = nil
    slots[index].key = key
    slots[index].heard = now
    // Connected, and closed once nobody wants it.
    slots[index].state = .greeting
    if tape.greeting == 0 { becameReady(index) }
  }

  /// A connection has gone, or did not come about.
  mutating func lost(_ index: Int, _ reason: CloseReason) {
    now = system.now().nanoseconds
    guard phase != .holding, phase != .done else { return }
    guard slots[index].state == .connecting else { return broke(index, reason) }
    attempts[index] = nil
    guard let error = reason.errorOfAttempt else { return broke(index, reason) }
    var kind = LoadFailure(error.errno, connecting: true)
    // There are as many connections as there may be descriptors.
    if case .option = error.operand { kind = .noDescriptors }
    // The first source that has a port left for this target.
    slots[index].sourcesTried += 1
    if kind == .noPorts, Int(slots[index].sourcesTried) < sources.count {
      return openFromNextSource(index)
    }
    let text = told(error, index)
    fail(index, kind, text)
  }

  private func told(_ error: SystemError, _ index: Int) -> String {
    let what =
      switch error.operand {
      case .itself: error.meaning
      case .option(let fault): fault.description
      default: error.errno.description
      }
    return error.call == .connect
      ? "connect \(target(of: index)): \(what)" : "\(error.call.rawValue): \(what)"
  }

  private mutating func broke(_ index: Int, _ reason: CloseReason) {
    switch reason {
    case .failed(let error): broke(index, error, connecting: false)
    case .registrationFailed(.beyondSet(let descriptor, let capacity)):
      fail(index, .beyondBackend, "descriptor \(descriptor) of \(capacity) that select can watch")
    case .registrationFailed(.system(let error)): broke(index, error, connecting: true)
    default: fail(index, .broken, "\(reason)")
    }
  }

  private mutating func broke(_ index: Int, _ error: SystemError, connecting: Bool) {
    let text = told(error, index)
    fail(index, LoadFailure(error.errno, connecting: connecting), text)
  }

  /// The connection can take requests.
  mutating func becameReady(_ index: Int) {
    slots[index].state = .ready
    share.connecting.record(nanoseconds: system.now().nanoseconds &- slots[index].began)
    share.connectionsMade += 1
    noteAttempt(index, succeeded: true)
    if slots[index].inFlight > 0 { sendAgain(index) }
    if slots[index].isAwaited {
      issueAwaited(index)
      push(index)
    }
    guard phase == .loading, !slots[index].isIdle, index < joined else { return }
    if slots[index].state == .ready, hasRoom(index) { begin(index) }
  }

  /// The first attempt of a slot is over.
  private mutating func noteAttempt(_ index: Int, succeeded: Bool) {
    guard !slots[index].isAttempted else { return }
    slots[index].isAttempted = true
    // With churn those that make requests were never waited for.
    if options.churn != nil, !slots[index].isIdle { return }
    opening -= 1
    if succeeded { control.connected.add(1, ordering: .relaxed) }
    control.attempted.add(1, ordering: .releasing)
  }

  /// Counts a failure, once for each request that it loses, closes the connection, and makes a new one in
  /// a moment unless that is hopeless.
  mutating func fail(_ index: Int, _ kind: LoadFailure, _ example: @autoclosure () -> String) {
    let text = example()
    let lost = Int(slots[index].inFlight) + (slots[index].isAwaited ? 1 : 0)
    if kind.concernsOne {
      note(kind, text)
      if lost > 0 { note(.dropped, count: lost, text) }
    } else {
      note(kind, count: max(1, lost), text)
    }
    loseAll(index, kind == .unanswered ? .inFlight : .lost)
    if phase == .connecting {
      var early = LoadFailures()
      early.add(kind, text)
      control.reportEarly(early)
    }
    noteAttempt(index, succeeded: false)
    close(index)
    // Ports come back where connections end all the time, by our will or by the server's.
    let isPassing = kind == .noPorts && (options.churn != nil || index < readers.count)
    let isHopeless = kind.isOwn && !isPassing
    guard !isHopeless, phase == .connecting || phase == .loading else { return }
    slots[index].state = .resting
    resting.append(
      LoadAppointment(
        at: now + 100_000_000, index: Int32(index), generation: slots[index].generation))
  }

  /// Counts a failure, or several at once.
  mutating func note(_ kind: LoadFailure, count: Int = 1, _ example: String) {
    lastFailure = now
    share.failures.add(kind, count: count, example)
    ledger.failed(kind, count: count, example)
  }

  /// The oldest of a connection's requests will get no right answer.
  mutating func lose(_ index: Int, _ count: Int, _ loss: LoadLedger.Loss) {
    var head = Int(slots[index].head)
    for _ in 0..<count {
      ledger.lost(sendings[index * options.pipeline + head], at: now, loss)
      head = head + 1 == options.pipeline ? 0 : head + 1
    }
    slots[index].head = Int32(head)
    slots[index].inFlight -= Int32(count)
    flying -= count
  }

  /// None of them will, and neither will the one that waits for the connection.
  private mutating func loseAll(_ index: Int, _ loss: LoadLedger.Loss) {
    lose(index, Int(slots[index].inFlight), loss)
    guard slots[index].isAwaited else { return }
    slots[index].isAwaited = false
    flying -= 1
    ledger.lost(LoadSending(due: slots[index].due, sent: slots[index].began), at: now, loss)
  }

  /// Whether an attempt to connect is under way.
  var isConnecting: Bool {
    (0..<slots.count).contains { [.connecting, .greeting].contains(slots[$0].state) }
  }

  /// Closes a connection on which nothing is in flight any more.
  ///
  /// - Parameter forgetting: Whether whoever thinks about the next request is not awaited any more.
  mutating func close(_ index: Int, forgetting: Bool = true) {
    hangUp(index)
    if forgetting { slots[index].generation &+= 1 }
    slots[index].rewind(to: Int(slots[index].nextRequest), tape)
  }

  /// Lets go of a connection; what is in flight on it remains so.
  mutating func hangUp(_ index: Int) {
    switch slots[index].state {
    case .connecting:
      attempts[index]?.cancel()
      attempts[index] = nil
    // Closed in a callback of its own: this one, or one that it is given.
    case .greeting, .ready: if index != current { calls.append(slots[index].key) }
    case .vacant, .resting: break
    }
    slots[index].connection &+= 1
    slots[index].state = .vacant
    slots[index].outLeft = 0
    if index < readers.count, let reader = tape.reader { readers[index] = reader }
  }

  /// The connection has made its requests, or the server wants no more of them on it.
  mutating func renew(_ index: Int) {
    close(index)
    guard phase == .loading else { return }
    if thinks, !thinking.isFull { think(index) } else { join(index) }
  }
}

/// A connection that is to be made.
struct LoadOpening {
  let slot: Int
  /// Which of the slot's connections it is.
  let number: UInt32
  let target: SocketAddress
  let source: SocketAddress?
}

extension CloseReason {
  /// What an attempt to connect ended with; nil where that was no call.
  fileprivate var errorOfAttempt: SystemError? {
    switch self {
    case .connectFailed(let error): error
    case .notConnected(let failure): failure.attempts.lazy.compactMap(\.error).first
    default: nil
    }
  }
}
