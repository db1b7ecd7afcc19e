/// What came for a connection that does not want to receive at the moment: a cancelled receive may
/// still bring what was under way. Rare, so it may allocate; bounded by the receive buffers.
struct HeldInput {
  var bytes: [UInt8] = []
  /// So many of them have been handed out.
  var start = 0
  var hasEnded = false

  /// The most that is handed out at once, so that a session's answers to it stay near its watermark.
  static var piece: Int { 65536 }
}

extension URing {
  mutating func hold(_ key: Key, _ bytes: UnsafeRawBufferPointer) {
    unsafe held[key.index, default: HeldInput()].bytes.append(contentsOf: bytes)
  }

  /// Hands out what was held, piece by piece, as long as the connection receives.
  mutating func deliverHeld(_ key: Key, _ slots: inout SlotTable) -> Completion? {
    guard slots.contains(key), slots[key.index].flags.contains(.receiving),
      var input = held[key.index]
    else { return nil }
    guard input.start < input.bytes.count else {
      held[key.index] = nil
      return input.hasEnded ? Completion(.ended, key) : nil
    }
    let end = min(input.start + HeldInput.piece, input.bytes.count)
    heldDelivered = Array(input.bytes[input.start..<end])
    input.start = end
    if end < input.bytes.count || input.hasEnded {
      held[key.index] = input
      heldReady.append(key)
    } else {
      held[key.index] = nil
    }
    var completion = Completion(.received, key, heldDelivered.count)
    unsafe heldDelivered.withUnsafeMutableBufferPointer {
      unsafe completion.bytes = $0.baseAddress
    }
    return completion
  }
}
