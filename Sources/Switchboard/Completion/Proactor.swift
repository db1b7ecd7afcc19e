/// Completions on top of readiness: any ``Poller`` as a ``Backend``.
///
/// Interest stands as long as receiving is armed, so a small request costs one `recv`, one `send`
/// and its share of a wait. Bytes are received only when the loop takes the completion, one
/// connection after another into one buffer that stays in the cache.
///
/// Over a poller that reports changes only, readiness that was not used up is remembered: by a flag
/// where the session does not want to receive, and by a list of those to be received from in the
/// next turn, which then does not sleep. A connection stands in that list once, however often it is
/// told of, and is received from once in a turn: by its event, or, where it is in the list, by that.
struct Proactor<P: Poller & ~Copyable>: Backend, ~Copyable {
  typealias System = P.System

  let system: System
  var poller: P
  private var events: EventBuffer
  private var cursor = 0
  private var isWritten = false
  // Connections with more to receive: found in this turn, and to be served in it.
  private var laterReady: [Key] = []
  private var ready: [Key] = []
  private let input: ByteRegion
  private let output: ByteRegion
  var listeners: [(descriptor: Descriptor, isWatched: Bool)] = []
  var turns = ListenerTurns()
  /// Whether the listeners are watched; nil when some are not that should be.
  var isAccepting: Bool? = true
  /// Why a listener could not be watched again; told by the next completion.
  var refusal: Errno?
  var acceptsLeft = 0
  let acceptBudget: Int
  let mostOfPartner: Int
  let latest = LatestPeer()
  var places: Places?

  /// How much one receive takes at most: a peer's budget for one turn.
  static var bufferSize: Int { 65536 }
  /// Input and output both begin on a page. A session that reads one while it writes the other at
  /// the same offset would load from addresses that agree in their lowest twelve bits with stores
  /// still under way, which processors take for the same place at first. Half a page apart, they
  /// never meet.
  private static var skew: Int { 2048 }

  /// - Parameters:
  ///   - mostOfPartner: How much one receive of a connection that has a partner takes at most.
  ///   - mostEvents: How many one wait brings; tests make it tiny.
  init(
    poller: consuming P, acceptBudget: Int, mostOfPartner: Int = Care.mostOfPartner,
    mostEvents: Int = 1024, system: System
  ) throws(SystemError) {
    let input = try ByteRegion(count: Self.bufferSize, isPooled: true)
    let output = try ByteRegion(count: Self.bufferSize + Self.skew, isPooled: true)
    self.poller = poller
    self.system = system
    self.acceptBudget = acceptBudget
    self.mostOfPartner = max(1, min(mostOfPartner, Self.bufferSize))
    self.input = input
    self.output = output
    events = EventBuffer(capacity: mostEvents)
  }

  mutating func watch(_ descriptor: Descriptor, _ completion: Completion.Kind)
    throws(SystemError)
  {
    if completion == .accepted { return try listen(descriptor) }
    let registration: Registration =
      switch completion {
      case .signalled: .signals
      case .attempted: .attempts
      default: .waker
      }
    do throws(RegistrationError) {
      try poller.set(descriptor, .read, was: nil, key: registration.key)
    } catch { throw error.asSystemError(descriptor) }
  }

  mutating func open(_ key: Key, _ slots: inout SlotTable) throws(RegistrationError) {
    let descriptor = Descriptor(rawValue: slots[key.index].descriptor)
    try poller.set(
      descriptor, P.reportsChangesOnly ? [.read, .changes] : .read, was: nil, key: key)
    slots[key.index].noted.insert(.watchesRead)
  }

  mutating func receivingChanged(_ key: Key, _ slots: inout SlotTable) {
    let slot = slots[key.index]
    let isOn = slot.flags.contains(.receiving)
    if isOn, slot.noted.contains(.readable) { receiveLater(key, &slots) }
    watch(key, read: isOn, write: slot.noted.contains(.watchesWrite), &slots)
  }

  private mutating func receiveLater(_ key: Key, _ slots: inout SlotTable) {
    guard !slots[key.index].noted.contains(.queued) else { return }
    slots[key.index].noted.insert(.queued)
    laterReady.append(key)
  }

  /// Makes the poller's interest what it should be. A failure shows with the next receive or send.
  private mutating func watch(_ key: Key, read: Bool, write: Bool, _ slots: inout SlotTable) {
    let old = slots[key.index].noted.interest
    var new: Interest = []
    if read { new.insert(.read) }
    if write { new.insert(.write) }
    guard old != new else { return }
    // Who is told of changes is told of all.
    if !P.reportsChangesOnly {
      let descriptor = Descriptor(rawValue: slots[key.index].descriptor)
      let isForgotten = slots[key.index].noted.contains(.forgotten)
      try? poller.set(descriptor, new, was: isForgotten ? nil : old, key: key)
      if isForgotten { slots[key.index].noted.remove(.forgotten) }
    }
    slots[key.index].noted.subtract([.watchesRead, .watchesWrite])
    if read { slots[key.index].noted.insert(.watchesRead) }
    if write { slots[key.index].noted.insert(.watchesWrite) }
  }

  /// Has the poller tell nothing more of a connection before it is received from again: nothing can happen to it.
  private mutating func forget(_ key: Key, _ descriptor: Descriptor, _ slots: inout SlotTable) {
    if P.reportsChangesOnly { return }
    try? poller.set(descriptor, nil, was: slots[key.index].noted.interest, key: key)
    slots[key.index].noted.subtract([.watchesRead, .watchesWrite])
    slots[key.index].noted.insert(.forgotten)
  }

  mutating func outputRegion(for key: Key) -> OutputRegion {
    unsafe OutputRegion(start: output.start + Self.skew, capacity: Self.bufferSize)
  }

  /// What was sent before is with the kernel already. If that did not take all, it has no room.
  @inline(__always)
  mutating func send(
    _ output: Output, atMost limit: Int, _ key: Key, _ slots: inout SlotTable
  ) -> SendAnswer {
    switch output {
    case .written(let count):
      let written = unsafe UnsafeRawBufferPointer(
        start: self.output.start + Self.skew, count: count)
      return unsafe send(written, key, &slots)
    case .kept(let bytes):
      return unsafe send(UnsafeRawBufferPointer(rebasing: bytes.prefix(limit)), key, &slots)
    case .file(let part): return send(part, atMost: limit, key, &slots)
    }
  }

  mutating func send(
    _ bytes: UnsafeRawBufferPointer, _ key: Key, _ slots: inout SlotTable
  ) -> SendAnswer {
    let descriptor = Descriptor(rawValue: slots[key.index].descriptor)
    let outcome = unsafe send(bytes, on: descriptor)
    let taken: Int
    switch outcome.errno {
    case nil: taken = outcome.value
    case Errno.wouldBlock: taken = 0
    case .some(let errno): return .failed(errno)
    }
    watchForRoom(key, took: taken, of: bytes.count, &slots)
    return .took(taken)
  }

  @inline(never)
  private mutating func send(
    _ part: FileRange, atMost limit: Int, _ key: Key, _ slots: inout SlotTable
  ) -> SendAnswer {
    let (descriptor, wanted) = (
      Descriptor(rawValue: slots[key.index].descriptor), min(part.count, limit)
    )
    let answer = part.send(to: descriptor, atMost: wanted, by: system)
    if case .took(let taken) = answer { watchForRoom(key, took: taken, of: wanted, &slots) }
    return answer
  }

  /// The poller tells when there is room, as long as not all was taken.
  @inline(__always)
  private mutating func watchForRoom(
    _ key: Key, took taken: Int, of count: Int, _ slots: inout SlotTable
  ) {
    let noted = slots[key.index].noted
    guard taken < count || noted.contains(.watchesWrite) else { return }
    watch(key, read: noted.contains(.watchesRead), write: taken < count, &slots)
  }

  @inline(__always)
  private func send(_ bytes: UnsafeRawBufferPointer, on descriptor: Descriptor) -> Outcome {
    while true {
      let outcome = unsafe system.send(descriptor, from: bytes)
      if outcome.errno != .interrupted { return outcome }
    }
  }

  mutating func shutdownSending(_ key: Key, _ slots: inout SlotTable) {
    _ = system.shutdownSending(Descriptor(rawValue: slots[key.index].descriptor))
  }

  mutating func close(_ key: Key, _ slots: inout SlotTable) -> Bool {
    let descriptor = Descriptor(rawValue: slots[key.index].descriptor)
    if !P.forgetsClosedDescriptors {
      try? poller.set(descriptor, nil, was: slots[key.index].noted.interest, key: key)
    }
    _ = system.close(descriptor)
    return true
  }

  func makeContext(box: AnyObject) -> LoopContext {
    DescriptorContext(box: box, system: system, latest: latest)
  }

  mutating func wait(until deadline: Instant?, isHurried: Bool, isExact: Bool) throws(SystemError) {
    cursor = 0
    isWritten = false
    if refusal != nil || (P.reportsChangesOnly && !laterReady.isEmpty) {
      swap(&ready, &laterReady)
      return try poller.wait(until: Instant(nanoseconds: 0), into: &events)
    }
    try poller.wait(until: deadline, isExact: isExact, into: &events)
  }

  /// Events that came to nothing, a peer's room to send among them, may have others behind them.
  var owesWork: Bool { events.count > 0 || !laterReady.isEmpty }

  mutating func next(_ slots: inout SlotTable) -> Completion? {
    if let errno = refusal.take() {
      return Completion(.acceptFailed, Key(rawValue: 0), Int(errno.rawValue))
    }
    while cursor < events.count {
      let event = events[cursor]
      // Kinds other than connections have even generations.
      let completion =
        event.key.generation & 1 == 0
        ? nextSpecial(event.key)
        : slots.contains(event.key) ? nextOf(event, &slots) : nil
      // After its room to send, there may be something to receive.
      if completion?.kind != .sent {
        cursor += 1
        isWritten = false
      }
      if let completion { return completion }
    }
    if P.reportsChangesOnly, let completion = nextReady(&slots) { return completion }
    return turns.waiting > 0 ? accept() : nil
  }

  /// The next of those that had more to receive.
  private mutating func nextReady(_ slots: inout SlotTable) -> Completion? {
    while let key = ready.popLast() {
      guard slots.contains(key) else { continue }
      slots[key.index].noted.remove(.queued)
      let slot = slots[key.index]
      guard slot.noted.contains(.readable) else { continue }
      let descriptor = Descriptor(rawValue: slot.descriptor)
      guard slot.flags.contains(.receiving) else {
        // It stopped receiving before the break that was told behind its bytes.
        if slot.noted.contains(.hungUp), let completion = broken(key, descriptor, &slots) {
          return completion
        }
        continue
      }
      let most = slot.partnership.contains(.paired) ? mostOfPartner : Self.bufferSize
      // Whether the end is behind it was told once, perhaps several turns ago: ask until it blocks.
      if let completion = receive(most, key, descriptor, .ended, &slots) { return completion }
    }
    return nil
  }

  @inline(never)
  private mutating func nextSpecial(_ key: Key) -> Completion? {
    switch Registration(key) {
    case .listener(let listener):
      turns.note(Int(listener.index))
      return nil
    case .signals: return Completion(.signalled)
    case .watch: return Completion(.attempted)
    default: return Completion(.woken)
    }
  }

  @inline(__always)
  private mutating func nextOf(_ event: Event, _ slots: inout SlotTable) -> Completion? {
    let slot = slots[event.key.index]
    // First what is owed, then what is asked.
    if !isWritten, slot.noted.contains(.watchesWrite),
      !event.readiness.isDisjoint(with: [.write, .hangUp])
    {
      isWritten = true
      return Completion(.sent, event.key)
    }
    guard !event.readiness.isDisjoint(with: [.read, .hangUp, .ended]) else { return nil }
    let descriptor = Descriptor(rawValue: slot.descriptor)
    if slot.flags.contains(.receiving) {
      if slot.isReceivedApart { return receiveApart(event, descriptor, &slots) }
      return receive(Self.bufferSize, event.key, descriptor, event.readiness, &slots)
    }
    if P.reportsChangesOnly { slots[event.key.index].noted.insert(.readable) }
    return event.readiness.contains(.hangUp) ? broken(event.key, descriptor, &slots) : nil
  }

  /// From one that stands in the list or has a partner.
  @inline(never)
  private mutating func receiveApart(
    _ event: Event, _ descriptor: Descriptor, _ slots: inout SlotTable
  ) -> Completion? {
    // In the list, it has its turn there: a peer that sends all the time has one all the same.
    if slots[event.key.index].noted.contains(.queued) {
      if event.readiness.contains(.hangUp) { slots[event.key.index].noted.insert(.hungUp) }
      return nil
    }
    return receive(mostOfPartner, event.key, descriptor, event.readiness, &slots)
  }

  /// A connection broke that is not received from; nil where both sides have finished, which looks the same: what came
  /// before is still to be received. It would be reported for ever.
  private mutating func broken(
    _ key: Key, _ descriptor: Descriptor, _ slots: inout SlotTable
  ) -> Completion? {
    let outcome = system.get(.error, on: descriptor)
    let errno = outcome.errno ?? Errno(rawValue: Int32(truncatingIfNeeded: outcome.value))
    if errno.rawValue == 0, slots[key.index].flags.contains(.finished) {
      forget(key, descriptor, &slots)
      return nil
    }
    let known = errno.rawValue == 0 ? Errno.connectionReset : errno
    return Completion(.receiveFailed, key, Int(known.rawValue))
  }

  @inline(__always)
  private mutating func receive(
    _ most: Int, _ key: Key, _ descriptor: Descriptor, _ readiness: Readiness,
    _ slots: inout SlotTable
  ) -> Completion? {
    while true {
      let outcome = unsafe system.receive(descriptor, into: input.first(most))
      if outcome.value > 0 {
        if P.reportsChangesOnly {
          remember(key, isFull: outcome.value == most, readiness, &slots)
        }
        var completion = Completion(.received, key, outcome.value)
        unsafe completion.bytes = input.start
        return completion
      }
      switch outcome.errno {
      case nil: return Completion(.ended, key)
      case Errno.interrupted: continue
      // Readiness was spurious: nothing has completed. Go on with the next event.
      case Errno.wouldBlock:
        if P.reportsChangesOnly { slots[key.index].noted.remove(.readable) }
        return nil
      case .some(let errno): return Completion(.receiveFailed, key, Int(errno.rawValue))
      }
    }
  }

  private static var asksAgain: Readiness { [.ended, .hangUp, .urgent] }

  /// Whether there is more than was received. A receive that did not fill the buffer has emptied the
  /// socket, and whatever comes later is a change; unless the end was there already, behind it, or
  /// urgent data, before which a receive stops.
  @inline(__always)
  private mutating func remember(
    _ key: Key, isFull: Bool, _ readiness: Readiness, _ slots: inout SlotTable
  ) {
    if isFull || !readiness.isDisjoint(with: Self.asksAgain) {
      slots[key.index].noted.insert(readiness.contains(.hangUp) ? [.readable, .hungUp] : .readable)
      receiveLater(key, &slots)
    } else if slots[key.index].noted.contains(.readable) {
      slots[key.index].noted.remove(.readable)
    }
  }
}
