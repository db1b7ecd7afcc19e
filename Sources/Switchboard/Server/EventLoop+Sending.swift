extension EventLoop where B: ~Copyable {
  /// Sends what the callback wrote; what the socket does not take goes to the outbox.
  @inline(__always)
  mutating func transmit(_ key: Key) {
    let isFinished = !slots[key.index].flags.isDisjoint(with: [.finishing, .finished])
    if slots[key.index].outbox != 0 || connection.isSpilled || isFinished {
      return transmitBehind(key)
    }
    let (count, limit) = (connection.count, options.outboxLimit)
    if count > limit { return closeNow(key, .outboxFull) }
    switch backend.send(.written(count), atMost: limit, key, &slots) {
    case .took(let count):
      if count > 0 { slots[key.index].lastActive = tick }
      if count < connection.count {
        // The backend tells when there is room again, or a send has ended that is under way.
        slots[key.index].flags.insert(.sending)
        keep(from: count, key)
      }
    case .later:
      slots[key.index].lastActive = tick
      slots[key.index].flags.insert(.sending)
    case .failed(let errno):
      breakOff(key, SystemError(.send, errno))
    }
  }

  /// Behind bytes that are not sent yet, or too many for the backend's own region. Who has finished sending
  /// sends nothing more.
  private mutating func transmitBehind(_ key: Key) {
    guard slots[key.index].flags.isDisjoint(with: [.finishing, .finished]) else { return }
    keep(from: 0, key)
    goOnSendingIfIdle(key)
  }

  /// Something was added to a connection's outbox: it goes now, or when what is under way has gone.
  mutating func goOnSendingIfIdle(_ key: Key) {
    guard slots.contains(key), !slots[key.index].flags.contains(.closed) else { return }
    if slots[key.index].flags.contains(.sending) { awaitsSends = true } else { _ = sendOutbox(key) }
  }

  /// Written output with shared bytes or parts of files in between: these are sent from where they lie.
  ///
  /// - Parameter isWhole: The callback has not written more than it may.
  @inline(never)
  mutating func transmitShared(_ key: Key, isWhole: Bool) {
    guard isWhole, slots[key.index].flags.isDisjoint(with: [.finishing, .finished]) else {
      connection.parts = []
      return
    }
    var place = slots[key.index].outbox
    let count = appendWritten(to: &place)
    slots[key.index].outbox = place
    limitOutbox(key, isForwarded: false, shared: count)
    goOnSendingIfIdle(key)
  }

  /// Puts what was written behind what is in an outbox: how much of it is shared, or in files.
  mutating func appendWritten(to place: inout UInt32) -> Int {
    var parts: [Connection.Part] = []
    swap(&parts, &connection.parts)
    var (start, count) = (0, 0)
    for part in parts {
      unsafe outboxes.append(connection.written(from: start, to: part.place), to: &place)
      switch part.content {
      case .bytes(let bytes): outboxes.append(bytes, to: &place)
      case .file(let part): outboxes.append(part, to: &place)
      }
      (start, count) = (part.place, count.plus(clamped: part.content.count))
    }
    unsafe outboxes.append(connection.written(from: start), to: &place)
    return count
  }

  private mutating func keep(from offset: Int, _ key: Key) {
    unsafe outboxes.append(connection.written(from: offset), to: &slots[key.index].outbox)
    limitOutbox(key, isForwarded: isForwarding)
  }

  /// Something was added to a connection's outbox: closes it when that holds more than it may, or who
  /// holds the most when all together do; pauses it above the watermark.
  ///
  /// What was forwarded is not its doing. So not it is paused then but its partner, by whom it is bounded:
  /// were it not received from while its peer takes nothing, two peers that each wait for the other to
  /// receive would wait for ever.
  ///
  /// - Parameter shared: Bytes of those just added that others have too, or that are in files: as many as there
  ///   are, they are taken once from a peer that has read what was before.
  mutating func limitOutbox(_ key: Key, isForwarded: Bool, shared: Int = 0) {
    let unsent = unsent(key)
    if unsent - shared > options.outboxLimit, !isForwarded { return closeNow(key, .outboxFull) }
    guard limitAll(key) else { return }
    guard unsent > options.highWatermark else { return }
    if isForwarded { return pausePartner(of: key) }
    if !slots[key.index].flags.contains(.pausedByOutbox) {
      slots[key.index].flags.insert(.pausedByOutbox)
      updateReceiving(key)
    }
  }

  /// Closes who holds the most where all together hold more than they may: false where that is this one.
  mutating func limitAll(_ key: Key) -> Bool {
    guard outboxes.total - condemned > options.totalOutboxLimit, let largest = largestOutbox else {
      return true
    }
    closeNow(largest, .outboxFull)
    return largest != key
  }

  /// Who holds the most, of those that are not closed already. Looked for only when the limit of all
  /// has been passed, and closing this one ends that: it holds at least what was added last.
  private var largestOutbox: Key? {
    var (largest, most): (Key?, Int) = (nil, 0)
    for index in 0..<slots.end {
      guard let key = slots.key(at: index), !slots[key.index].flags.contains(.closed) else {
        continue
      }
      let count = outboxes.held(slots[key.index].outbox) + outboxes.held(plain(key))
      if count > most { (largest, most) = (key, count) }
    }
    return largest
  }

  /// How much of an outbox is sent in a turn where the peer takes it as fast as it is sent: others wait meanwhile.
  private static var sendBudget: Int { 2 << 20 }

  /// Sends from the outbox, as far as it goes and a turn allows: whether nothing is left. Calls no session.
  private mutating func sendOutbox(_ key: Key) -> Bool {
    var budget = Self.sendBudget
    while slots[key.index].outbox != 0 || refill(key) {
      slots[key.index].flags.insert(.sending)
      if budget == 0 {
        sendSoon.append(key)
        break
      }
      guard let (output, count) = nextOutput(key) else { return false }
      let wanted = min(count, budget)
      switch backend.send(output, atMost: wanted, key, &slots) {
      case .later:
        resumeIfLow(key)
        return false
      case .failed(.notSupported) where output.isOfFile:
        outboxes.readFront(slots[key.index].outbox)
      case .failed(let errno):
        breakOff(key, SystemError(output.isOfFile ? .sendFile : .send, errno))
        return false
      case .took(let count):
        if count > 0 { slots[key.index].lastActive = tick }
        outboxes.consume(count, from: &slots[key.index].outbox)
        budget -= count
        if count < wanted {
          resumeIfLow(key)
          return false
        }
      }
    }
    guard slots.contains(key), !slots[key.index].flags.contains(.closed) else { return false }
    let isDone = slots[key.index].outbox == 0
    if isDone { slots[key.index].flags.remove(.sending) }
    resumeIfLow(key)
    return isDone
  }

  /// What of an outbox comes next, and how much of it there is; nil where that cannot be read, and the connection
  /// is closed.
  @inline(__always)
  private mutating func nextOutput(_ key: Key) -> (Output, Int)? {
    let place = slots[key.index].outbox
    if let part = outboxes.frontFile(place) { return (.file(part), part.count) }
    return unsafe bytesToSend(from: place, key).map { bytes in unsafe (.kept(bytes), bytes.count) }
  }

  /// What of an outbox comes next, read where it is in a file; nil where that cannot be, and the connection is closed.
  @inline(__always)
  mutating func bytesToSend(from place: UInt32, _ key: Key) -> UnsafeRawBufferPointer? {
    if let errno = outboxes.load(place, by: control.system) {
      breakOff(key, SystemError(.readFile, errno))
      return nil
    }
    return unsafe outboxes.front(place)
  }

  /// Goes on with those whose turn was over before their outboxes were empty.
  @inline(never)
  mutating func goOnSending() {
    var keys: [Key] = []
    swap(&keys, &sendSoon)
    for key in keys where slots.contains(key) && !slots[key.index].flags.contains(.closed) {
      goOnSending(key)
    }
  }

  /// Goes on with the outbox after a send has ended; with the session when it is empty.
  private mutating func goOnSending(_ key: Key) {
    guard sendOutbox(key) else { return }
    if slots[key.index].flags.contains(.closing) { return finish(key) }
    if slots[key.index].flags.contains(.finishing) { halfClose(key) }
    tellDrained(key)
  }

  /// The session wants to know when everything is sent.
  mutating func askForDrained(_ key: Key) {
    slots[key.index].flags.insert(.wantsDrained)
    if slots[key.index].flags.contains(.sending) {
      awaitsSends = true
    } else {
      drainedSoon.append(key)
    }
  }

  /// Tells those whose output went at once; those that ask again are told in the next turn.
  mutating func tellDrained() {
    guard !drainedSoon.isEmpty else { return }
    var keys: [Key] = []
    swap(&keys, &drainedSoon)
    for key in keys where slots.contains(key) {
      let flags = slots[key.index].flags
      if flags.contains(.wantsDrained), flags.isDisjoint(with: [.sending, .closing, .lingering]) {
        tellDrained(key)
      }
    }
  }

  private mutating func tellDrained(_ key: Key) {
    // Not where it was the last thing that the connection waited for, nor where it was a filter's own.
    guard slots.contains(key), slots[key.index].ending.isOpen, !isOpening(key) else { return }
    slots[key.index].flags.remove(.wantsDrained)
    callBack(key) { sessions, index, connection in sessions.drained(index, &connection) }
  }

  private mutating func resumeIfLow(_ key: Key) {
    let slot = slots[key.index]
    let isWaitedFor = slot.partnership.contains(.paired)
    guard isWaitedFor || slot.flags.contains(.pausedByOutbox),
      unsent(key) <= options.lowWatermark
    else { return }
    // What its filter had to say has gone, and not what its partner forwarded: that waits until it stands.
    if isWaitedFor, !isOpening(key) { resumePartner(of: key) }
    guard slot.flags.contains(.pausedByOutbox) else { return }
    slots[key.index].flags.remove(.pausedByOutbox)
    updateReceiving(key)
    giveSoon(key)
  }

  /// A send from the outbox has ended with `count` bytes taken, or there is room again.
  mutating func sent(_ key: Key, _ count: Int) {
    guard slots.contains(key), !slots[key.index].flags.contains(.closed) else { return }
    if count > 0 { slots[key.index].lastActive = tick }
    outboxes.consume(count, from: &slots[key.index].outbox)
    goOnSending(key)
  }

  /// A send of this turn's output has ended; the last bytes of it were perhaps not taken.
  @inline(__always)
  mutating func sentInPlace(_ key: Key, _ rest: UnsafeRawBufferPointer) {
    guard slots.contains(key) else { return }
    let flags = slots[key.index].flags
    guard !flags.contains(.closed) else { return }
    if unsafe rest.isEmpty, slots[key.index].outbox == 0 {
      slots[key.index].flags.remove(.sending)
      if flags.contains(.closing) { return finish(key) }
      if flags.contains(.finishing) { halfClose(key) }
      if flags.contains(.wantsDrained) { tellDrained(key) }
      return
    }
    unsafe outboxes.prepend(rest, to: &slots[key.index].outbox)
    limitOutbox(key, isForwarded: slots[key.index].partnership.contains(.paired))
    guard slots.contains(key), !slots[key.index].flags.contains(.closed) else { return }
    goOnSending(key)
  }
}
