/// What came for a connection that does not want to receive at the moment: a cancelled receive may
/// still bring what was under way, as much as the receive buffers hold. Until it is handed out no
/// other receive is armed. Rare, so it may allocate.
struct HeldInput {
  var bytes: [UInt8] = []
  /// So many of them have been handed out.
  var start = 0
  var hasEnded = false

  /// The most that is handed out at once, so that a session's answers to it stay near its watermark.
  static var piece: Int { 65536 }
  /// The most that is held for all connections of a ring together.
  static var most: Int { 256 << 20 }
}

extension URing {
  /// Keeps bytes for later. False when too much is held already.
  mutating func hold(_ key: Key, _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count <= HeldInput.most - heldBytes else { return false }
    heldBytes += bytes.count
    mostHeld = max(mostHeld, heldBytes)
    unsafe held[key.index, default: HeldInput()].bytes.append(contentsOf: bytes)
    return true
  }

  /// Forgets what is held for a connection.
  mutating func dropHeld(_ key: Key) {
    if let input = held.removeValue(forKey: key.index) { heldBytes -= input.bytes.count }
  }

  /// How much of what is held for a connection is handed out at once.
  private func piece(_ slot: Slot) -> Int {
    // What is only thrown away needs no turns.
    if slot.flags.contains(.lingering) { return .max }
    return slot.partnership.contains(.paired) ? mostOfPartner : HeldInput.piece
  }

  /// Hands out what was held, a piece in each turn, as long as the connection receives.
  mutating func deliverHeld(_ key: Key, _ slots: inout SlotTable) -> Completion? {
    guard slots.contains(key), slots[key.index].flags.contains(.receiving),
      var input = held[key.index]
    else { return nil }
    if holdsSends, slots[key.index].flags.contains(.sending) {
      // How much of its last output went is not known yet: it may have too much unsent.
      heldReady.append(key)
      return nil
    }
    guard input.start < input.bytes.count else {
      dropHeld(key)
      return input.hasEnded ? Completion(.ended, key) : nil
    }
    let end = input.start + min(piece(slots[key.index]), input.bytes.count - input.start)
    heldDelivered = Array(input.bytes[input.start..<end])
    input.start = end
    if end < input.bytes.count || input.hasEnded {
      held[key.index] = input
      heldReady.append(key)
    } else {
      dropHeld(key)
      armReceiveIfDue(key, &slots)
    }
    var completion = Completion(.received, key, heldDelivered.count)
    unsafe heldDelivered.withUnsafeMutableBufferPointer {
      unsafe completion.bytes = $0.baseAddress
    }
    return completion
  }
}
