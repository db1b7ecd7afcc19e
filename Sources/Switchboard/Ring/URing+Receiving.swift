internal import CKernel

extension URing {
  mutating func open(_ key: Key, _ slots: inout SlotTable) throws(RegistrationError) {
    // A client that waits for a greeting has sent nothing yet: do not try to receive at once.
    armReceive(key, waitsFirst: true, &slots)
  }

  mutating func receivingChanged(_ key: Key, _ slots: inout SlotTable) {
    if slots[key.index].flags.contains(.receiving) {
      if held[key.index] != nil { heldReady.append(key) }
      armReceiveIfDue(key, &slots)
    } else {
      paused.append(key)
      cancelReceive(key, &slots)
    }
  }

  @inline(__always)
  mutating func received(
    _ data: UInt64, _ result: Int, _ flags: UInt32, _ slots: inout SlotTable
  ) -> Completion? {
    var bytes: UnsafeMutablePointer<UInt8>?
    if flags & IORING_CQE_F_BUFFER != 0 {
      let id = Int(flags >> 16)
      unsafe bytes =
        id < ReserveBuffers<System>.firstID
        ? buffers.take(id, max(0, result)) : takeOfOthers(id, max(0, result))
      // Used up: it goes back when these bytes have been read.
      if flags & CK_CQE_F_BUF_MORE == 0 { usedUp = id }
    }
    guard let key = key(data, slots) else { return returnBuffer() }
    let isLast = flags & IORING_CQE_F_MORE == 0
    if isLast { slots[key.index].pending.subtract([.receive, .cancel]) }
    if slots[key.index].pending.contains(.more) { slots[key.index].pending.remove(.more) }
    if slots[key.index].flags.contains(.closed) {
      _ = returnBuffer()
      return closedIfDone(key, &slots)
    }
    if result > 0, let bytes = unsafe bytes {
      let hasMore = flags & CK_CQE_F_SOCK_NONEMPTY != 0
      if isLast {
        armAgain(key, hasMore: hasMore, &slots)
      } else if hasMore {
        expectMore(key, &slots)
      }
      var completion = Completion(.received, key, result)
      unsafe completion.bytes = bytes
      if slots[key.index].flags.contains(.receiving), held[key.index] == nil { return completion }
      let isHeld = unsafe hold(key, completion.received)
      _ = returnBuffer()
      return isHeld ? nil : Completion(.receiveFailed, key, Int(Errno.noBuffers.rawValue))
    }
    _ = returnBuffer()
    return receiveEnded(key, result, &slots)
  }

  /// From the buffers of those that are armed for one receive.
  @inline(never)
  private mutating func takeOfOthers(_ id: Int, _ count: Int) -> UnsafeMutablePointer<UInt8>? {
    if id < Self.firstIDOfPartners { return unsafe reserve.take(id, count) }
    return unsafe buffersOfPartners?.take(id - Self.firstIDOfPartners, count) ?? nil
  }

  /// More is there, so a receive that stays armed goes on at once, and what comes of that is told
  /// behind this.
  @inline(never)
  private mutating func expectMore(_ key: Key, _ slots: inout SlotTable) {
    // It was armed before it had a partner.
    if slots[key.index].partnership.contains(.paired) { return cancelReceive(key, &slots) }
    slots[key.index].pending.insert(.more)
    expectant.append(key)
  }

  /// Asks anew for those of whom nothing more was told. Where the next byte is an urgent one and a
  /// signal is pending, as when the process has just been stopped, Linux answers as if there were
  /// nothing (`tcp_recvmsg`), and an armed receive would wait for what the peer sends next.
  mutating func askForMore(_ slots: inout SlotTable) {
    while let key = expectant.popLast() {
      guard slots.contains(key), slots[key.index].pending.contains(.more) else { continue }
      slots[key.index].pending.remove(.more)
      cancelReceive(key, &slots)
    }
  }

  /// Ends the receive under way, if there is one. Whether another is armed is seen when that is told.
  private mutating func cancelReceive(_ key: Key, _ slots: inout SlotTable) {
    let slot = slots[key.index]
    guard slot.pending.contains(.receive), !slot.pending.contains(.cancel),
      !slot.flags.contains(.closed)
    else { return }
    slots[key.index].pending.insert(.cancel)
    cancel(userData(.receive, key))
  }

  private mutating func returnBuffer() -> Completion? {
    if usedUp >= 0 { giveBack() }
    return nil
  }

  /// The bytes of the buffer that is used up have been read.
  @inline(__always)
  mutating func giveBack() {
    if usedUp < ReserveBuffers<System>.firstID {
      buffers.back(usedUp)
    } else {
      giveBackOfOthers()
    }
    usedUp = -1
  }

  @inline(never)
  private mutating func giveBackOfOthers() {
    if usedUp < Self.firstIDOfPartners { return reserve.back(usedUp) }
    buffersOfPartners?.back(usedUp - Self.firstIDOfPartners)
  }

  private mutating func receiveEnded(_ key: Key, _ result: Int, _ slots: inout SlotTable)
    -> Completion?
  {
    switch Outcome(raw: result).errno {
    case Errno.noBuffers:
      starve(key, &slots)
      return nil
    // Cancelled: switched on again since?
    case Errno.cancelled, Errno.interrupted, Errno.wouldBlock:
      armReceiveIfDue(key, &slots)
      return nil
    // More than a buffer holds, or of none that there is: no kernel does that.
    case nil where result > 0:
      return Completion(.receiveFailed, key, Int(Errno.protocolError.rawValue))
    case nil:
      guard slots[key.index].flags.contains(.receiving), held[key.index] == nil else {
        held[key.index, default: HeldInput()].hasEnded = true
        return nil
      }
      return Completion(.ended, key)
    case .some(let errno): return Completion(.receiveFailed, key, Int(errno.rawValue))
    }
  }

  mutating func close(_ key: Key, _ slots: inout SlotTable) -> Bool {
    dropHeld(key)
    if !lent.isEmpty { giveBackDescriptor(key) }
    let pending = slots[key.index].pending
    if pending.isDisjoint(with: .beforeClosing) {
      closeFile(key, slots)
      return true
    }
    if !pending.isDisjoint(with: [.receive, .send]) {
      let entry = unsafe ring.entry()
      unsafe ck_prepare_cancel_all(entry, slots[key.index].descriptor)
    }
    return false
  }

  private func closeFile(_ key: Key, _ slots: borrowing SlotTable) {
    // It would keep the connection open.
    if slots[key.index].pending.contains(.hangUp) { cancel(userData(.hangUp, key)) }
    let entry = unsafe ring.entry()
    unsafe ck_prepare_close(entry, UInt32(bitPattern: slots[key.index].descriptor))
  }

  func closedIfDone(_ key: Key, _ slots: inout SlotTable) -> Completion? {
    guard slots[key.index].pending.isDisjoint(with: .beforeClosing) else { return nil }
    closeFile(key, slots)
    return Completion(.closed, key)
  }
}
