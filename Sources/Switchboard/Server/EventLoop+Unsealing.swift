/// What comes over the wire of connections behind a ``StreamFilter``: it is given to the filter, and what that makes of
/// it to the session.
extension EventLoop where B: ~Copyable {
  /// Wire bytes have come.
  mutating func receivedByFilter(_ key: Key, _ bytes: UnsafeRawBufferPointer) {
    guard let desk, let channel = desk[key.index] else { return }
    slots[key.index].lastActive = tick
    if channel.isOpen { return unsafe take(bytes, channel, key) }
    if let pool = channel.pool { return unsafe offload(bytes, channel, key, to: pool) }
    if desk.waiting.isEmpty, desk.computing.fits { return unsafe takeInTime(bytes, channel, key) }
    if channel.held.isEmpty { desk.waiting.append(key) }
    unsafe hold(bytes, channel, key)
  }

  /// There is no session yet that could pause. A hello is held as it comes, which costs less than to stop what comes
  /// and let it come again; of who sends more no more is taken than is there already.
  mutating func hold(_ bytes: UnsafeRawBufferPointer, _ channel: Channel, _ key: Key) {
    unsafe channel.held.append(contentsOf: bytes)
    guard channel.held.count > Channel.mostHeldFreely else { return }
    slots[key.index].flags.insert(.pausedBySession)
    updateReceiving(key)
  }

  /// Takes what was held: more may come then, or the wire has ended behind it.
  mutating func takeHeld(_ channel: Channel, _ key: Key) {
    unsafe channel.takeHeld().withUnsafeBytes { held in
      if channel.isOpen {
        unsafe take(held, channel, key)
      } else {
        unsafe takeInTime(held, channel, key)
      }
    }
    goOnBehindHeld(channel, key)
  }

  /// What was held is taken: more may come, or the wire has ended behind it.
  mutating func goOnBehindHeld(_ channel: Channel, _ key: Key) {
    guard isServed(channel, key) else { return }
    if channel.endsBehindHeld { wireEnded(channel, key) } else { updateReceiving(key) }
  }

  /// Has a filter take wire bytes of its opening exchange, which may mean much to compute: all of that shares what a turn
  /// has for it.
  private mutating func takeInTime(
    _ bytes: UnsafeRawBufferPointer, _ channel: Channel, _ key: Key
  ) {
    let start = control.system.now()
    unsafe take(bytes, channel, key)
    desk?.computing.took(control.system.now().since(start).clampedNanoseconds)
    guard isServed(channel, key), !channel.isOpen, channel.failure == nil else { return }
    channel.openingCount = channel.openingCount.plus(clamped: bytes.count)
    if channel.openingCount > Channel.mostInOpening { give(channel, up: .tooMuch, key) }
  }

  /// Goes on with those that had to wait.
  @inline(never)
  mutating func serveFilters() {
    guard let desk else { return }
    var place = 0
    while place < desk.waiting.count, desk.computing.mayGoOn {
      let key = desk.waiting[place]
      place += 1
      guard slots.contains(key), let channel = desk[key.index], !channel.held.isEmpty else {
        continue
      }
      slots[key.index].flags.remove(.pausedBySession)
      takeHeld(channel, key)
    }
    desk.waiting.removeFirst(place)
    desk.computing.endTurn()
  }

  /// Has a filter take wire bytes, and does what comes of them.
  mutating func take(
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
}
