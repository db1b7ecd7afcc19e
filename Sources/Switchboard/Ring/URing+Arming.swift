internal import CKernel

/// Who is armed when, so that nobody who has bytes waits for a buffer in vain.
///
/// A receive that is armed chooses its buffer before it is known whether there is data, and one
/// that stays armed takes as many as it can fill: a peer that sends all the time takes all there
/// are, in each turn, if it is armed first. So whoever found none waits in a queue, and is served
/// before everybody else: once, from the ``ReserveBuffers``, as many in a turn as there are of
/// those. So much is done for them, and no more: arming all of them would be work that grows with
/// their number in each turn, and with nothing they get for it. Those that received in this turn
/// and may have more are armed behind them, or while some still wait, wait behind them; those that
/// have nothing more ask for no buffer before they have.
///
/// Those that have a partner are armed for one receive at a time, of a bounded size, and again at the end of the turn,
/// when it is known whether the partner has taken what came before: what stays armed brings as much as all buffers
/// hold before it can be stopped.
extension URing {
  /// Whom a receive that is armed at the end of the turn is for.
  struct Served {
    let key: Key
    /// Nothing was there when it was last received from.
    let waitsFirst: Bool
  }

  /// A connection's receive found no buffer.
  mutating func starve(_ key: Key, _ slots: inout SlotTable) {
    if slots[key.index].partnership.contains(.paired), buffersOfPartners != nil {
      buffersOfPartners?.ranOut()
    } else {
      buffers.ranOut()
    }
    guard isDue(key, slots) else { return }
    slots[key.index].pending.insert(.arming)
    starved.append(key)
  }

  /// Arms the receive of a connection that is to have one and has none, at the end of the turn.
  mutating func armReceiveIfDue(
    _ key: Key, waitsFirst: Bool = false, _ slots: inout SlotTable
  ) {
    guard isDue(key, slots) else { return }
    if hasArmed, starved.isEmpty { return armReceive(key, waitsFirst: waitsFirst, &slots) }
    slots[key.index].pending.insert(.arming)
    if hasArmed {
      starved.append(key)
    } else {
      served.append(Served(key: key, waitsFirst: waitsFirst))
    }
  }

  /// A receive has ended that brought something.
  mutating func armAgain(_ key: Key, hasMore: Bool, _ slots: inout SlotTable) {
    if hasMore || slots[key.index].partnership.contains(.paired) {
      return armReceiveIfDue(key, waitsFirst: !hasMore, &slots)
    }
    if isDue(key, slots) { armReceive(key, waitsFirst: true, &slots) }
  }

  /// What is held comes first: if more were received meanwhile, a peer that sends faster than it is
  /// served would fill the memory.
  private func isDue(_ key: Key, _ slots: borrowing SlotTable) -> Bool {
    let slot = slots[key.index]
    return slot.flags.contains(.receiving) && slot.flags.isDisjoint(with: [.peerEnded, .closed])
      && slot.pending.isDisjoint(with: [.receive, .arming]) && held[key.index] == nil
  }

  mutating func armReceive(_ key: Key, waitsFirst: Bool, _ slots: inout SlotTable) {
    let isOfPartner = slots[key.index].partnership.contains(.paired) && hasBuffersOfPartners()
    let entry = unsafe ring.entry()
    let descriptor = slots[key.index].descriptor
    if isOfPartner {
      unsafe ck_prepare_receive_once(
        entry, descriptor, Self.groupOfPartners, UInt32(mostOfPartner), waitsFirst)
    } else {
      unsafe ck_prepare_receive(entry, descriptor, 0, waitsFirst)
    }
    unsafe entry.pointee.user_data = userData(.receive, key)
    slots[key.index].pending.insert(.receive)
  }

  /// Whether there is memory for what partners are received into. It is there from the first of them on, and in
  /// buffers of as much as one may bring: who is received from once in a turn never runs out of small ones.
  private mutating func hasBuffersOfPartners() -> Bool {
    if buffersOfPartners == nil, !lacksBuffersOfPartners {
      let tiers = max(tiers.lowerBound, min(1, tiers.upperBound))...tiers.upperBound
      buffersOfPartners = try? ReceiveBuffers(
        ring, tiers: tiers, group: Self.groupOfPartners, firstID: Self.firstIDOfPartners)
      lacksBuffersOfPartners = buffersOfPartners == nil
    }
    return !lacksBuffersOfPartners
  }

  /// The turn is over: arms those that are to be.
  mutating func armWaiting(_ slots: inout SlotTable) {
    hasArmed = true
    if starved.isEmpty, served.isEmpty { return }
    var left = reserve.count
    while left > 0, let key = starved.popFirst() {
      guard stillWaits(key, &slots) else { continue }
      let entry = unsafe ring.entry()
      unsafe ck_prepare_receive_once(
        entry, slots[key.index].descriptor, ReserveBuffers<System>.group, 0, false)
      unsafe entry.pointee.user_data = userData(.receive, key)
      slots[key.index].pending.insert(.receive)
      left -= 1
    }
    for one in served {
      if !starved.isEmpty, !one.waitsFirst {
        starved.append(one.key)
      } else if stillWaits(one.key, &slots) {
        // Behind those that were just armed, and only if there is something: they may need all
        // buffers.
        armReceive(one.key, waitsFirst: one.waitsFirst || left < reserve.count, &slots)
      }
    }
    served.removeAll(keepingCapacity: true)
  }

  /// Whether a connection of the queue still wants to receive.
  private func stillWaits(_ key: Key, _ slots: inout SlotTable) -> Bool {
    guard slots.contains(key) else { return false }
    slots[key.index].pending.remove(.arming)
    return isDue(key, slots)
  }
}
