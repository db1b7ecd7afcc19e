#if TestBench

// select(2).
extension SimulatedKernel {
  func select(
    below count: Int32, reading: inout DescriptorSet, writing: inout DescriptorSet,
    milliseconds: Int32
  ) -> Outcome {
    network.enter()
    guard !record.hasFailed else { return .failure(.badDescriptor) }
    let none = Descriptor(rawValue: -1)
    if fires(.interrupt, on: 0) != nil {
      // The sets mean nothing then.
      (reading, writing) = (DescriptorSet(), DescriptorSet())
      return answer(.select, none, .failure(.interrupted))
    }
    let (asked, askedWriting) = (reading, writing)
    var found = 0
    let start = network.now
    let end = sleep(milliseconds) {
      found = look(at: asked, askedWriting, below: count, &reading, &writing)
      return found != 0
    }
    if end == .never || end == .limit { return .failure(.badDescriptor) }
    if found < 0 { return answer(.select, none, .failure(.badDescriptor)) }
    if count > 0, let chance = fires(.spuriousReadiness, on: 0) {
      let number = Int32(chance % UInt64(count))
      if asked[number], !reading[number] {
        reading[number] = true
        found += 1
        record.excuseIdleTurn()
      }
    }
    record.waited(network, from: start, found: found, milliseconds)
    let outcome = answer(.select, none, .value(found), UInt64(count))
    tellFound((0..<count).filter { asked[$0] || askedWriting[$0] }) { reading[$0] || writing[$0] }
    return outcome
  }

  /// Which of the descriptors that were asked for are ready, and how many; -1 when one is closed.
  private func look(
    at asked: DescriptorSet, _ askedWriting: DescriptorSet, below count: Int32,
    _ reading: inout DescriptorSet, _ writing: inout DescriptorSet
  ) -> Int {
    var (readable, writable) = (DescriptorSet(), DescriptorSet())
    var found = 0
    for word in 0..<(Int(count) + 63) / 64 {
      var left = asked.word(word) | askedWriting.word(word)
      while left != 0 {
        let number = Int32(word * 64 + left.trailingZeroBitCount)
        left &= left - 1
        guard number < count else { break }
        guard let bits = network.pollState(Descriptor(rawValue: number)) else { return -1 }
        if bits & (PollBits.read | PollBits.hangUp | PollBits.error) != 0, asked[number] {
          readable[number] = true
          found += 1
        }
        if bits & (PollBits.write | PollBits.error) != 0, askedWriting[number] {
          writable[number] = true
          found += 1
        }
      }
    }
    (reading, writing) = (readable, writable)
    return found
  }
}

#endif
