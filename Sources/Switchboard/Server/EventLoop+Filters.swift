/// Connections whose bytes go through a ``StreamFilter``: what comes is given to it, and what it makes of that to the
/// session; what sessions write goes through it before it goes anywhere.
///
/// Only sealed bytes are in such a connection's outbox. Much output, and files, wait unsealed in an outbox of its
/// ``Channel``, from which the other is filled when it is empty: so never more is sealed than is sent next.
extension EventLoop where B: ~Copyable {
  /// Who makes this loop's filters of a source.
  ///
  /// - Throws: `ENOMEM` where there is no memory for what filters need.
  mutating func maker(of source: any FilterSource) throws(SystemError) -> any FilterMaker {
    if let desk { return desk.maker(of: source) }
    let made = try FilterDesk()
    desk = made
    connection.filters = made
    return made.maker(of: source)
  }

  /// Whether something stands before a connection's session that has yet to let it through.
  func isOpening(_ key: Key) -> Bool {
    guard slots[key.index].isFiltered else { return false }
    return desk?[key.index].map { !$0.isOpen } ?? true
  }

  /// What a connection has not sent, sealed or not.
  func unsent(_ key: Key) -> Int {
    outboxes.count(slots[key.index].outbox).plus(clamped: outboxes.count(plain(key)))
  }

  /// Where a connection's bytes are that are not sealed yet; 0 for none.
  func plain(_ key: Key) -> UInt32 {
    slots[key.index].isFiltered ? desk?[key.index]?.plain ?? 0 : 0
  }

  // ------------------------------------------------------------------------------ beginning

  /// Puts a filter before a connection's session.
  ///
  /// - Parameters:
  ///   - deadline: When its opening exchange is to be over.
  ///   - most: How many may be in theirs at once.
  mutating func begin(_ channel: Channel, _ key: Key, until deadline: Instant, most: Int) {
    guard let desk else { return }
    desk.put(channel, at: key.index)
    slots[key.index].isFiltered = true
    guard desk.openingCount <= most else { return leave(channel, .tooMany, key) }
    wheel.set(key.index, to: deadline)
    beginOnWire(key)
    let step = channel.filter.begin(&connection)
    transmitWritten(key)
    guard isServed(channel, key) else { return }
    switch step {
    case .more, .plain, .ended: break
    case .opened: opened(channel, key)
    case .failed(let failure): give(channel, up: failure, key)
    }
  }

  /// The same for a connection that was begun here, and has its session.
  mutating func begin(_ source: any FilterSource, _ key: Key, until deadline: Instant) {
    let maker: any FilterMaker
    do throws(SystemError) {
      maker = try self.maker(of: source)
    } catch {
      return closeNow(key, .connectFailed(error))
    }
    let channel = Channel(maker.makeFilter(), isOutgoing: true)
    let end = min(deadline, control.system.now() + maker.openingTimeout)
    begin(channel, key, until: end, most: maker.mostOpenings)
  }

  /// What a filter wrote goes to the peer.
  private mutating func transmitWritten(_ key: Key) {
    if connection.requests.contains(.overflow) { return closeNow(key, .outboxFull) }
    if connection.count > 0 { transmit(key) }
  }

  /// The next callback is that of a connection behind a filter: what it writes is not for the wire.
  @inline(never)
  mutating func beginBehindFilter(_ key: Key) {
    guard let desk else { return beginOnWire(key) }
    let region = unsafe OutputRegion(
      start: desk.buffers.output.start, capacity: FilterBuffers.count)
    connection.begin(key, slots[key.index].descriptor, region)
    connection.requests = .filtered
  }

  // ------------------------------------------------------------------------------ receiving

  /// Wire bytes have come.
  mutating func receivedByFilter(_ key: Key, _ bytes: UnsafeRawBufferPointer) {
    guard let desk, let channel = desk[key.index] else { return }
    slots[key.index].lastActive = tick
    if channel.isOpen { return unsafe take(bytes, channel, key) }
    let hasToWait = !desk.waiting.isEmpty || desk.spent >= FilterDesk.budget
    guard hasToWait else { return unsafe takeInTime(bytes, channel, key) }
    if channel.held.isEmpty { desk.waiting.append(key) }
    unsafe channel.held.append(contentsOf: bytes)
    // There is no session yet that could pause: no more than what is there already is held.
    slots[key.index].flags.insert(.pausedBySession)
    updateReceiving(key)
  }

  /// The same where it may mean much to compute: all of that shares what a turn has for it.
  private mutating func takeInTime(
    _ bytes: UnsafeRawBufferPointer, _ channel: Channel, _ key: Key
  ) {
    let start = control.system.now()
    unsafe take(bytes, channel, key)
    desk?.spent &+= control.system.now().since(start).clampedNanoseconds
    guard isServed(channel, key), !channel.isOpen, channel.failure == nil else { return }
    channel.openingCount = channel.openingCount.plus(clamped: bytes.count)
    if channel.openingCount > Channel.mostInOpening { give(channel, up: .tooMuch, key) }
  }

  /// Goes on with those that had to wait: one in any case, since while some wait nobody else's turn it is.
  @inline(never)
  mutating func serveFilters() {
    guard let desk else { return }
    defer { desk.spent = 0 }
    // What others were answered in this turn may go with the next wait only: not behind another computation.
    guard !desk.hasComputed else {
      desk.hasComputed = false
      return
    }
    var place = 0
    while place < desk.waiting.count, desk.spent < FilterDesk.budget {
      let key = desk.waiting[place]
      place += 1
      guard slots.contains(key), let channel = desk[key.index], !channel.held.isEmpty else {
        continue
      }
      var held: [UInt8] = []
      swap(&held, &channel.held)
      slots[key.index].flags.remove(.pausedBySession)
      unsafe held.withUnsafeBytes { unsafe takeInTime($0, channel, key) }
      guard isServed(channel, key) else { continue }
      if channel.endsBehindHeld { wireEnded(channel, key) } else { updateReceiving(key) }
    }
    desk.waiting.removeFirst(place)
    desk.hasComputed = desk.spent >= FilterDesk.budget
  }

  /// Whether a filter is still there to be asked.
  private func isServed(_ channel: Channel, _ key: Key) -> Bool {
    slots.contains(key) && !slots[key.index].flags.contains(.closed)
      && desk?[key.index] === channel
  }

  /// Has a filter take wire bytes, and does what comes of them.
  private mutating func take(
    _ bytes: UnsafeRawBufferPointer, _ channel: Channel, _ key: Key
  ) {
    guard let desk else { return }
    let buffer = unsafe UnsafeMutableBufferPointer(
      start: desk.buffers.input.start, count: FilterBuffers.count)
    var place = 0
    while true {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[place...])
      beginOnWire(key)
      var used = 0
      var plain = unsafe OutputSpan(buffer: buffer, initializedCount: 0)
      let step = unsafe rest.withMemoryRebound(to: UInt8.self) {
        unsafe channel.filter.take($0.span, used: &used, into: &plain, &connection)
      }
      let count = unsafe plain.finalize(for: buffer)
      place = min(bytes.count, place + max(0, used))
      transmitWritten(key)
      guard isServed(channel, key) else { return }
      switch step {
      case .more: return
      case .plain(let isAll):
        unsafe give(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]), key)
        if isAll { return }
      case .opened: opened(channel, key)
      case .ended: return endedByFilter(channel, key)
      case .failed(let failure): return give(channel, up: failure, key)
      }
      guard isServed(channel, key) else { return }
      guard slots[key.index].ending.isOpen else { return discard(bytes.count - place, key) }
    }
  }

  /// Gives a session what its filter made; of one that has paused since the bytes came, it is kept: no more than the
  /// backend brings at once.
  private mutating func give(_ plain: UnsafeRawBufferPointer, _ key: Key) {
    guard unsafe !plain.isEmpty else { return }
    if slots[key.index].isPaused || slots[key.index].flags.contains(.hasLeftovers) {
      var bytes = takeLeftovers(key)
      unsafe bytes.append(contentsOf: plain)
      return slots[key.index].isPaused ? keep(bytes, key) : give(bytes, key)
    }
    begin(key)
    unsafe connection.forwarded.begin(plain)
    unsafe plain.withMemoryRebound(to: UInt8.self) {
      unsafe keptSessions.received(Int(key.index), $0.span, &connection)
    }
    carryOut(key)
  }

  /// The opening exchange is over.
  private mutating func opened(_ channel: Channel, _ key: Key) {
    guard !channel.isOpen else { return }
    desk?.opened(channel)
    wheel.cancel(key.index)
    if channel.isOutgoing { return connected(key) }
    connection.proxied = channel.proxied
    openSession(key, from: channel.listener)
    connection.proxied = nil
    if draining.map({ !$0.isGathering }) ?? false { askToFinish(key) }
  }

  // --------------------------------------------------------------------------------- ending

  /// The wire has ended.
  mutating func endedBehindFilter(_ key: Key) {
    guard let channel = desk?[key.index] else { return endedBeforeOpening(key) }
    guard !channel.held.isEmpty else { return wireEnded(channel, key) }
    // What waits for its turn comes before. Level-triggered backends would tell of the end for ever.
    channel.endsBehindHeld = true
    slots[key.index].flags.insert(.peerEnded)
    updateReceiving(key)
  }

  private mutating func wireEnded(_ channel: Channel, _ key: Key) {
    if channel.peerHasEnded { return }
    guard channel.isOpen else { return leftInOpening(channel, key) }
    if channel.filter.takesWireEndAsEnd { return endedByFilter(channel, key) }
    // Its session has finished, and nobody waits for anything: no harm is done.
    guard slots[key.index].ending.isOpen else { return peerEnded(key) }
    closeNow(key, .truncated)
  }

  /// Nobody is there to be told anything. Who went without a word is nobody's trouble.
  private mutating func leftInOpening(_ channel: Channel, _ key: Key) {
    guard channel.openingCount > 0 || channel.isOutgoing else {
      return closeNow(key, .peerFinished)
    }
    leave(channel, .cutOff, key)
  }

  private mutating func leave(_ channel: Channel, _ failure: FilterFailure, _ key: Key) {
    channel.failure = failure
    tellOfFailure(channel, key)
    closeNow(key, .filterFailed(failure))
  }

  /// The peer has said that nothing more comes.
  private mutating func endedByFilter(_ channel: Channel, _ key: Key) {
    channel.peerHasEnded = true
    slots[key.index].flags.remove(.peerEnded)
    guard channel.isOpen else { return give(channel, up: .cutOff, key) }
    peerEnded(key)
  }

  /// A filter cannot go on, and has said so to the peer, who is given the time to read that.
  mutating func give(_ channel: Channel, up failure: FilterFailure, _ key: Key) {
    channel.failure = failure
    channel.isEndSealed = true
    tellOfFailure(channel, key)
    outboxes.free(&channel.plain)
    // Who does not read what was sent before reads nothing of that either.
    if slots[key.index].outbox != 0 { return closeNow(key, .filterFailed(failure)) }
    closeWhenSent(key)
  }

  private mutating func tellOfFailure(_ channel: Channel, _ key: Key) {
    guard let desk, let failure = channel.failure, !channel.isOpen, !channel.isOutgoing else {
      return
    }
    let count = desk.count(failure)
    guard addresses.isRound(count) else { return }
    let known = channel.proxied?.source ?? peers.address(of: key)
    let peer = known ?? connection.loop.peerAddress(slots[key.index].descriptor)
    notice(.openingFailed(peer, failure, count))
  }

  /// A connection is over, for its session at least: whether it has one.
  mutating func endFilter(_ key: Key) -> Bool {
    guard let channel = desk?.remove(at: key.index) else {
      forgetOpening(key)
      return false
    }
    slots[key.index].isFiltered = false
    outboxes.free(&channel.plain)
    return channel.isOpen || channel.isOutgoing
  }

  // -------------------------------------------------------------------------------- sending

  /// Seals and sends what a callback wrote; where that is much, or has to wait for other output, as much as goes next.
  @inline(never)
  mutating func transmitSealed(_ key: Key, isWhole: Bool) {
    guard isWhole, slots.contains(key), let desk, let channel = desk[key.index],
      !channel.isEndSealed,
      !channel.endsBehind
    else {
      connection.parts = []
      return
    }
    let count = connection.count
    guard count > 0 || !connection.parts.isEmpty else { return }
    let goesAtOnce = connection.parts.isEmpty && !connection.isSpilled && channel.plain == 0
    guard goesAtOnce, channel.isOpen else { return sealLater(channel, key) }
    let bytes = unsafe UnsafeRawBufferPointer(start: desk.buffers.output.start, count: count)
    guard unsafe seal(bytes, channel, key) else { return }
    transmitWritten(key)
  }

  /// Has a filter write bytes for the wire; false where it could not, and the connection is being closed.
  private mutating func seal(
    _ bytes: UnsafeRawBufferPointer, _ channel: Channel, _ key: Key
  ) -> Bool {
    beginOnWire(key)
    let failure = unsafe bytes.withMemoryRebound(to: UInt8.self) {
      unsafe channel.filter.seal($0.span, &connection)
    }
    guard let failure else { return true }
    closeNow(key, .filterFailed(failure))
    return false
  }

  /// What was forwarded to a connection behind a filter.
  mutating func seal(_ bytes: UnsafeRawBufferPointer, to partner: Key) {
    guard let channel = desk?[partner.index], !channel.isEndSealed, !channel.endsBehind else {
      return
    }
    if channel.plain == 0, bytes.count <= FilterBuffers.count {
      if unsafe seal(bytes, channel, partner) { transmitWritten(partner) }
      return
    }
    unsafe outboxes.append(bytes, to: &channel.plain)
    goOnSealing(channel, partner, isForwarded: true)
  }

  private mutating func sealLater(_ channel: Channel, _ key: Key) {
    let shared = appendWritten(to: &channel.plain)
    goOnSealing(channel, key, isForwarded: isForwarding, shared: shared)
  }

  private mutating func goOnSealing(
    _ channel: Channel, _ key: Key, isForwarded: Bool, shared: Int = 0
  ) {
    // Before anything is asked about it: there is something in its outbox while there is something behind.
    if slots[key.index].outbox == 0 { _ = refill(key) }
    guard isServed(channel, key) else { return }
    limitOutbox(key, isForwarded: isForwarded, shared: shared)
    goOnSendingIfIdle(key)
  }

  /// Seals what comes next, where nothing sealed is left: whether there is something to send now.
  @inline(never)
  mutating func refill(_ key: Key) -> Bool {
    guard slots.contains(key), slots[key.index].isFiltered, slots[key.index].outbox == 0,
      let channel = desk?[key.index], channel.isOpen
    else { return false }
    while channel.plain != 0, slots[key.index].outbox == 0 {
      guard let all = unsafe bytesToSend(from: channel.plain, key) else { return false }
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: all.prefix(mostSealedAtOnce))
      guard unsafe seal(bytes, channel, key) else { return false }
      keepSealed(key)
      outboxes.consume(bytes.count, from: &channel.plain)
    }
    if channel.plain == 0, channel.endsBehind, !channel.isEndSealed {
      channel.isEndSealed = true
      beginOnWire(key)
      channel.filter.end(&connection)
      keepSealed(key)
    }
    return limitAll(key) && slots[key.index].outbox != 0
  }

  /// How much is sealed at a time of what waits: less where not much more may be held, so that many who read a file
  /// slowly have not much of it each, and none of them is closed for that.
  private var mostSealedAtOnce: Int {
    let (room, isBeyond) = options.totalOutboxLimit.subtractingReportingOverflow(outboxes.total)
    return min(FilterBuffers.count, max(4096, isBeyond ? .max : room / 16))
  }

  private mutating func keepSealed(_ key: Key) {
    unsafe outboxes.append(connection.written, to: &slots[key.index].outbox)
  }

  /// The peer is to be told, behind all that was written, that nothing more comes.
  mutating func sealEnd(_ key: Key) {
    guard let channel = desk?[key.index], !channel.isEndSealed, slots[key.index].ending.isOpen
    else {
      return
    }
    if channel.plain != 0 {
      channel.endsBehind = true
      return
    }
    guard channel.isOpen else { return }
    channel.isEndSealed = true
    beginOnWire(key)
    channel.filter.end(&connection)
    transmitWritten(key)
  }
}

extension FilterFailure {
  /// Its opening exchange took too long.
  static let late = FilterFailure("its opening exchange was not over in time")
  /// There are too many.
  static let tooMany = FilterFailure("too many are in their opening exchange at once")
  /// It ended within its opening exchange.
  static let cutOff = FilterFailure("it ended within its opening exchange")
  /// It sent more before that was over than anybody needs.
  static let tooMuch = FilterFailure(
    "it sent more than \(Channel.mostInOpening) bytes in its opening exchange")
}
