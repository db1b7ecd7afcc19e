internal import CKernel

/// Hearing that a connection broke while it is not received from.
///
/// Its receive tells that otherwise. A connection that is paused has none under way, so the kernel is
/// asked to tell of its hang-up. That begins at the end of the turn in which it paused, so that one
/// that is closed or resumed in the same turn costs nothing, and stays until it is closed: bytes do
/// not wake it, so it is no burden when receiving goes on, and there when it stops again.
extension URing {
  /// Watches those that have stopped receiving, and still do not.
  mutating func watchPaused(_ slots: inout SlotTable) {
    while let key = paused.popLast() {
      guard slots.contains(key) else { continue }
      let slot = slots[key.index]
      guard slot.flags.isDisjoint(with: [.receiving, .closed]) else { continue }
      if slot.pending.contains(.reason) {
        askWhy(key, &slots)
      } else if !slot.pending.contains(.hangUp) {
        watchHangUp(key, &slots)
      }
    }
  }

  private func watchHangUp(_ key: Key, _ slots: inout SlotTable) {
    let entry = unsafe ring.entry()
    unsafe ck_prepare_hang_up(entry, slots[key.index].descriptor, userData(.hangUp, key))
    slots[key.index].pending.insert(.hangUp)
  }

  /// A connection hung up, or its peer has finished sending, which it is told of when it receives.
  mutating func hungUp(
    _ data: UInt64, _ result: Int32, _ flags: UInt32, _ slots: inout SlotTable
  ) -> Completion? {
    guard let key = key(data, slots) else { return nil }
    let isLast = flags & IORING_CQE_F_MORE == 0
    if isLast { slots[key.index].pending.remove(.hangUp) }
    // A kernel that will not watch is not asked again before the next pause.
    guard result >= 0, !slots[key.index].flags.contains(.closed) else { return nil }
    let isReceiving = slots[key.index].flags.contains(.receiving)
    let events = PollEvents(rawValue: UInt32(result))
    // Both sides have finished, and nothing more can happen to it: what came before is still to be received.
    let isOver = events.contains(.hangUp) && !events.contains(.error)
    if isOver, slots[key.index].flags.contains(.finished) { return nil }
    if events.isDisjoint(with: .broken) {
      if isLast, !isReceiving { paused.append(key) }
    } else if isReceiving {
      slots[key.index].pending.insert(.reason)
    } else {
      askWhy(key, &slots)
    }
    return nil
  }

  /// A poll says that there is an error, and not which.
  private func askWhy(_ key: Key, _ slots: inout SlotTable) {
    slots[key.index].pending.remove(.reason)
    let entry = unsafe ring.entry()
    unsafe ck_prepare_ask(entry, slots[key.index].descriptor, userData(.ask, key))
  }

  /// Why it broke. An error is told once: where something else has been told, it has completed.
  func broke(_ data: UInt64, _ result: Int32, _ slots: borrowing SlotTable) -> Completion? {
    guard let key = key(data, slots) else { return nil }
    let errno = Errno(rawValue: result < 0 ? 0 &- result : 0)
    let isKnown = result < 0 && errno != .interrupted && errno != .wouldBlock
    return Completion(
      .receiveFailed, key, Int((isKnown ? errno : .connectionReset).rawValue))
  }
}
