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
    let target = target(of: index)
    now = system.now().nanoseconds
    let made = system.socket(target.family)
    if let errno = made.errno {
      return fail(index, LoadFailure(errno, connecting: true), "socket: \(errno)")
    }
    let descriptor = Descriptor(rawValue: Int32(made.value))
    slots[index].descriptor = descriptor.rawValue
    slots[index].isLeft = false
    slots[index].state = .connecting
    slots[index].began = now
    slots[index].heard = now
    // Small requests must not wait for the acknowledgement of the one before.
    _ = system.set(.noDelay, 1, on: descriptor)
    // The first source that has a port left for this target.
    var error: Errno?
    for _ in 0..<max(1, sources.count) {
      error = connect(descriptor, to: target)
      if error?.symbol != "EADDRNOTAVAIL" { break }
    }
    if let errno = error {
      return fail(index, LoadFailure(errno, connecting: true), "connect \(target): \(errno)")
    }
    watch(index, descriptor)
  }

  private mutating func connect(_ descriptor: Descriptor, to target: SocketAddress) -> Errno? {
    if !sources.isEmpty {
      let source = sources[turn % sources.count]
      turn &+= 1
      if source.family == .v4 { _ = system.choosePortWhenConnecting(descriptor) }
      if let errno = system.bind(descriptor, to: source).errno, errno.symbol != "EINVAL" {
        return errno
      }
    }
    let errno = system.connect(descriptor, to: target).errno
    // An attempt that a signal interrupts goes on.
    return errno?.symbol == "EINPROGRESS" || errno?.symbol == "EINTR" ? nil : errno
  }

  private mutating func watch(_ index: Int, _ descriptor: Descriptor) {
    let key = UInt64(slots[index].generation) << 32 | UInt64(index)
    // EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLET
    let bits: UInt32 = 0x1 | 0x4 | 0x2000 | 1 << 31
    let outcome = system.epollControl(epoll, .add, descriptor, events: bits, key: key)
    if let errno = outcome.errno {
      fail(index, LoadFailure(errno, connecting: true), "epoll_ctl: \(errno)")
    }
  }

  /// Something happened on a connection.
  @inline(__always)
  mutating func handle(_ index: Int, _ bits: UInt32) {
    // EPOLLERR, EPOLLHUP
    if slots[index].state == .connecting {
      if bits & (0x8 | 0x10) != 0 { return connectFailed(index) }
      guard bits & 0x4 != 0 else { return }
      let generation = slots[index].generation
      established(index)
      guard bits & 0x1 != 0, slots[index].generation == generation else { return }
    }
    let generation = slots[index].generation
    if bits & (0x1 | 0x8 | 0x10 | 0x2000) != 0 {
      receive(index, toTheEnd: bits & (0x8 | 0x10 | 0x2000) != 0)
    }
    if bits & 0x4 != 0, slots[index].generation == generation, slots[index].outLeft > 0 {
      push(index)
    }
  }

  private mutating func connectFailed(_ index: Int) {
    let pending = system.get(.error, on: Descriptor(rawValue: slots[index].descriptor))
    if let errno = pending.errno {
      return fail(index, LoadFailure(errno, connecting: true), "getsockopt: \(errno)")
    }
    let number = Int32(clamping: pending.value)
    let errno = number > 0 ? Errno(rawValue: number) : Errno(rawValue: 104)
    fail(index, LoadFailure(errno, connecting: true), "connect: \(errno)")
  }

  private mutating func established(_ index: Int) {
    let descriptor = Descriptor(rawValue: slots[index].descriptor)
    let target = target(of: index)
    if target.family != .unix, system.isConnectedToItself(descriptor, to: target) {
      // With a reset, so that the port is free at once for the server that is to come back.
      _ = system.set(.linger, 0, on: descriptor)
      let what = "connect \(target): nobody listens, and it was connected to itself"
      return fail(index, .refused, what)
    }
    slots[index].heard = now
    if tape.greeting > 0 { slots[index].state = .greeting } else { becameReady(index) }
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

  /// Closes a connection's descriptor; what is in flight on it remains so.
  mutating func hangUp(_ index: Int) {
    let descriptor = slots[index].descriptor
    if descriptor >= 0 { _ = system.close(Descriptor(rawValue: descriptor)) }
    slots[index].descriptor = -1
    slots[index].state = .vacant
    if index < readers.count, let reader = tape.reader { readers[index] = reader }
  }

  /// The connection has made its requests, or the server wants no more of them on it.
  mutating func renew(_ index: Int) {
    close(index)
    guard phase == .loading else { return }
    if thinks, !thinking.isFull { think(index) } else { join(index) }
  }
}
