/// Opening exchanges that are computed on the threads of a pool, a step at a time. Meanwhile the loop holds what comes,
/// receives no more where that is much, and asks the filter nothing.
extension EventLoop where B: ~Copyable {
  /// Wire bytes have come of an opening exchange.
  mutating func offload(
    _ bytes: UnsafeRawBufferPointer, _ channel: Channel, _ key: Key, to pool: OffloadPool
  ) {
    unsafe hold(bytes, channel, key)
    if channel.work == nil { submitHeld(channel, key, to: pool) }
  }

  private mutating func submitHeld(_ channel: Channel, _ key: Key, to pool: OffloadPool) {
    let held = channel.takeHeld()
    guard let finished = desk?.finished, let work = channel.filter.work(for: held) else {
      channel.held = held
      slots[key.index].flags.remove(.pausedBySession)
      return takeHeld(channel, key)
    }
    channel.work = work
    channel.openingCount = channel.openingCount.plus(clamped: held.count)
    let isTaken = pool.submit {
      work.run()
      finished.put(work, of: key)
    }
    if !isTaken { leave(channel, .tooMany, key) }
  }

  /// Some of it is done.
  @inline(never)
  mutating func takeFinishedWork() {
    guard let desk else { return }
    for (key, work) in desk.finished.take() {
      // Who was given up meanwhile has another channel at its place, or none, or has failed.
      guard let channel = desk[key.index], channel.work === work else { continue }
      channel.work = nil
      guard isServed(channel, key), channel.failure == nil, slots[key.index].ending.isOpen else {
        continue
      }
      finish(work, channel, key)
    }
  }

  private mutating func finish(_ work: any FilterWork, _ channel: Channel, _ key: Key) {
    var unused: [UInt8] = []
    beginOnWire(key)
    let step = channel.filter.finish(work, unused: &unused, &connection)
    transmitWritten(key)
    guard isServed(channel, key) else { return }
    if !unused.isEmpty { channel.held = unused + channel.held }
    switch step {
    case .more, .plain, .ended: return goOn(channel, key)
    case .failed(let failure): return give(channel, up: failure, key)
    case .opened: break
    }
    // Before its session can pause.
    slots[key.index].flags.remove(.pausedBySession)
    opened(channel, key)
    guard isServed(channel, key) else { return }
    if channel.held.isEmpty { goOnBehindHeld(channel, key) } else { takeHeld(channel, key) }
  }

  /// More of its opening exchange has come meanwhile, or may come.
  private mutating func goOn(_ channel: Channel, _ key: Key) {
    guard channel.openingCount <= Channel.mostInOpening else {
      return give(channel, up: .tooMuch, key)
    }
    if !channel.held.isEmpty, let pool = channel.pool { return submitHeld(channel, key, to: pool) }
    slots[key.index].flags.remove(.pausedBySession)
    goOnBehindHeld(channel, key)
  }
}
