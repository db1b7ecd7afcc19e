internal import CKernel

extension URing {
  /// The most that one send from an outbox names.
  private static var sendPiece: Int { 256 << 10 }

  mutating func outputRegion(for key: Key) -> OutputRegion {
    let place = sendingCount(filling)
    var start = used
    var room = place < mostSendings ? arenaSize - used : 0
    if canJoin(key) {
      let sending = sendings[filling * mostSendings + place - 1]
      start = Int(sending.offset) + Int(sending.count)
      room = arenaSize - start
    }
    return unsafe OutputRegion(start: arenas.start + filling * arenaSize + start, capacity: room)
  }

  /// Whether the last output is this connection's, and the kernel has not seen its entry yet.
  @inline(__always)
  private func canJoin(_ key: Key) -> Bool {
    unsafe lastSender == key && sendingCount(filling) > 0 && ring.isUnsubmitted(lastSend)
      && !raw.pointee.has_spilled
  }

  /// A message that lies across two receive buffers comes in two completions, one behind the other.
  /// Its answers go as one send: the second would otherwise have to wait for the first in the outbox.
  mutating func joinOutput(_ count: Int, _ key: Key, atMost limit: Int) -> Bool {
    guard canJoin(key) else { return false }
    let place = filling * mostSendings + sendingCount(filling) - 1
    var sending = sendings[place]
    let end = Int(sending.offset) + Int(sending.count) + count
    guard end <= arenaSize, count <= limit - Int(sending.count) else { return false }
    sending.count += UInt32(count)
    sendings[place] = sending
    ring.setLength(sending.count, ofEntry: lastSend)
    used = min((end + 63) & ~63, arenaSize)
    return true
  }

  @inline(__always)
  func sendingCount(_ arena: Int) -> Int {
    arena == 0 ? sendingCount.0 : sendingCount.1
  }

  @inline(__always)
  mutating func send(
    _ output: Output, atMost limit: Int, _ key: Key, _ slots: inout SlotTable
  ) -> SendAnswer {
    switch output {
    case .kept(let bytes):
      return unsafe send(UnsafeRawBufferPointer(rebasing: bytes.prefix(limit)), key, &slots)
    case .file(let part): return send(part, atMost: limit, key, &slots)
    case .written(let count):
      guard slots[key.index].flags.contains(.sending) else {
        return sendOutput(count, key, &slots)
      }
      if joinOutput(count, key, atMost: limit) { return .later }
      // It goes when that is known to have ended.
      hurrySends()
      return .took(0)
    }
  }

  mutating func sendOutput(_ count: Int, _ key: Key, _ slots: inout SlotTable) -> SendAnswer {
    // Then the region began behind it.
    if joinOutput(count, key, atMost: .max) { return .later }
    let place = sendingCount(filling)
    let entry = unsafe ring.entry()
    let start = unsafe arenas.start + filling * arenaSize + used
    unsafe ck_prepare_send_now(entry, slots[key.index].descriptor, start, UInt32(count))
    let number = UInt64(filling * mostSendings + place)
    unsafe entry.pointee.user_data = Tag.sendNow.rawValue | number << 32
    (lastSend, lastSender) = (ring.lastEntry, key)
    sendings[filling * mostSendings + place] = Sending(
      key: key, offset: UInt32(used), count: UInt32(count))
    if filling == 0 { sendingCount.0 += 1 } else { sendingCount.1 += 1 }
    // The next output begins on a cache line of its own.
    used = min((used + count + 63) & ~63, arenaSize)
    return .later
  }

  mutating func send(
    _ bytes: UnsafeRawBufferPointer, _ key: Key, _ slots: inout SlotTable
  ) -> SendAnswer {
    let entry = unsafe ring.entry()
    // It completes when all of it has gone. In pieces, so that a slow peer's progress shows.
    unsafe ck_prepare_send(
      entry, slots[key.index].descriptor, bytes.baseAddress,
      UInt32(clamping: min(bytes.count, Self.sendPiece)))
    unsafe entry.pointee.user_data = userData(.send, key)
    slots[key.index].pending.insert(.send)
    return .later
  }

  /// Only sends of the arena end unheard of. Where none is under way there is nothing to look for:
  /// a loop that hurried all the same would not sleep again before the next one.
  mutating func hurrySends() {
    if settleAt >= 0 || sendingCount(filling) > 0 { awaitsSends = true }
  }

  /// Everything that was heard of the last submission has been read: sends that nothing was heard
  /// of are done.
  mutating func settle(_ slots: inout SlotTable) -> Completion? {
    guard settleAt >= 0 else { return nil }
    let arena = settleAt
    while sendingCount(arena) > 0 {
      if arena == 0 { sendingCount.0 -= 1 } else { sendingCount.1 -= 1 }
      let sending = sendings[arena * mostSendings + sendingCount(arena)]
      guard slots.contains(sending.key) else { continue }
      if !slots.endSend(sending.key) { return Completion(.sentInPlace, sending.key) }
    }
    settleAt = -1
    // Nothing is written to the other one yet: go on in this one, which is in the cache.
    if used == 0 { filling = arena }
    awaitsSends = sendingCount(filling) > 0
    return nil
  }

  /// Why a connection is over; nil where something was sent, or nothing was and it is tried again.
  private static func failure(_ result: Int) -> Errno? {
    guard let errno = Outcome(raw: result).errno, errno != .wouldBlock, errno != .interrupted
    else { return nil }
    return errno
  }

  mutating func sendNowEnded(_ number: Int, _ result: Int) -> Completion? {
    let sending = sendings[number]
    sendings[number].key = Key(rawValue: 0)
    if let errno = Self.failure(result) {
      return Completion(.sendFailed, sending.key, Int(errno.rawValue))
    }
    let went = min(max(0, result), Int(sending.count))
    var completion = Completion(.sentInPlace, sending.key, Int(sending.count) - went)
    unsafe completion.bytes =
      arenas.start + (number / mostSendings) * arenaSize + Int(sending.offset) + went
    return completion
  }

  mutating func sendEnded(_ data: UInt64, _ result: Int, _ slots: inout SlotTable)
    -> Completion?
  {
    guard let key = key(data, slots) else { return nil }
    slots[key.index].pending.remove(.send)
    if slots[key.index].flags.contains(.closed) { return closedIfDone(key, &slots) }
    if let errno = Self.failure(result) {
      return Completion(.sendFailed, key, Int(errno.rawValue))
    }
    return Completion(.sent, key, max(0, result))
  }
}
