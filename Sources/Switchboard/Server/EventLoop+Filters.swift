/// Connections whose bytes go through a ``StreamFilter``, from their beginning to their end.
extension EventLoop where B: ~Copyable {
  /// Who makes this loop's filters of a source.
  ///
  /// - Throws: `ENOMEM` where there is no memory for what filters need.
  mutating func maker(of source: any FilterSource) throws(SystemError) -> any FilterMaker {
    if let desk { return desk.maker(of: source) }
    let made = try FilterDesk(control.mail)
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

  /// Whether a filter is still there to be asked.
  mutating func isServed(_ channel: Channel, _ key: Key) -> Bool {
    slots.contains(key) && !slots[key.index].flags.contains(.closed)
      && desk?[key.index] === channel
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
    let channel = Channel(maker, isOutgoing: true)
    let end = min(deadline, control.system.now() + maker.openingTimeout)
    begin(channel, key, until: end, most: maker.mostOpenings)
  }

  /// What a filter wrote goes to the peer.
  mutating func transmitWritten(_ key: Key) {
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

  /// The opening exchange is over.
  mutating func opened(_ channel: Channel, _ key: Key) {
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
    guard !channel.held.isEmpty || channel.work != nil else { return wireEnded(channel, key) }
    // What waits for its turn comes before. Level-triggered backends would tell of the end for ever.
    channel.endsBehindHeld = true
    slots[key.index].flags.insert(.peerEnded)
    updateReceiving(key)
  }

  mutating func wireEnded(_ channel: Channel, _ key: Key) {
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

  mutating func leave(_ channel: Channel, _ failure: FilterFailure, _ key: Key) {
    channel.failure = failure
    tellOfFailure(channel, key)
    closeNow(key, .filterFailed(failure))
  }

  /// The peer has said that nothing more comes.
  mutating func endedByFilter(_ channel: Channel, _ key: Key) {
    channel.peerHasEnded = true
    slots[key.index].flags.remove(.peerEnded)
    guard channel.isOpen else { return give(channel, up: .cutOff, key) }
    peerEnded(key)
  }

  /// A filter cannot go on, and has said so to the peer, who is given the time to read that.
  mutating func give(_ channel: Channel, up failure: FilterFailure, _ key: Key) {
    channel.failure = failure
    channel.isEndSealed = true
    channel.work?.abandon()
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
    channel.work?.abandon()
    outboxes.free(&channel.plain)
    return channel.isOpen || channel.isOutgoing
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
