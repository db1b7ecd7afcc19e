/// What came for a connection that does not want to receive at the moment: a cancelled receive may
/// still bring what was under way. Rare, so it may allocate; bounded by the receive buffers.
struct HeldInput {
  var bytes: [UInt8] = []
  var hasEnded = false
}

extension URing {
  mutating func hold(_ key: Key, _ bytes: UnsafeRawBufferPointer) {
    unsafe held[key.index, default: HeldInput()].bytes.append(contentsOf: bytes)
  }

  /// Hands out what was held, now that the connection receives again.
  mutating func deliverHeld(_ key: Key, _ slots: inout SlotTable) -> Completion? {
    guard slots.contains(key), slots[key.index].flags.contains(.receiving),
      let input = held[key.index]
    else { return nil }
    if !input.bytes.isEmpty {
      // The end, if it has come, follows in a round of its own.
      held[key.index] = input.hasEnded ? HeldInput(hasEnded: true) : nil
      if input.hasEnded { heldReady.append(key) }
      heldDelivered = input.bytes
      var completion = Completion(.received, key, heldDelivered.count)
      unsafe heldDelivered.withUnsafeMutableBufferPointer {
        unsafe completion.bytes = $0.baseAddress
      }
      return completion
    }
    held[key.index] = nil
    return input.hasEnded ? Completion(.ended, key) : nil
  }
}
