/// `select(2)`: two sets of 1,024 bits go to the kernel in every wait and come back as what is
/// ready. The oldest mechanism, and the one with a wall: it cannot hold a descriptor above 1023.
/// C's `FD_SET` would write beyond the set; here such a descriptor is refused. POSIX.
public struct SelectPoller<System: ReadinessKernel>: Poller, ~Copyable {
  /// Closing a descriptor ends its registration: no, it must be removed first.
  public static var forgetsClosedDescriptors: Bool { false }
  public static var name: String { "select" }

  private let system: System
  private var reading = DescriptorSet()
  private var writing = DescriptorSet()
  /// Registered with no interest: select tells nothing of those, so they are asked about apart.
  private var parked = DescriptorSet()
  private var parkedCount = 0
  private var keys: [Key]
  /// One more than the highest descriptor registered.
  private var end: Int32 = 0
  /// Where the search for ready descriptors begins, so that a full buffer starves nobody.
  private var start: Int32 = 0

  public init(system: System) throws(SystemError) {
    self.system = system
    keys = Array(repeating: Key(rawValue: 0), count: DescriptorSet.capacity)
  }

  public mutating func set(
    _ descriptor: Descriptor, _ interest: Interest?, was old: Interest?, key: Key
  ) throws(RegistrationError) {
    let number = descriptor.rawValue
    guard number >= 0, number < DescriptorSet.capacity else {
      throw .beyondSet(descriptor, capacity: DescriptorSet.capacity)
    }
    reading[number] = interest?.contains(.read) ?? false
    writing[number] = interest?.contains(.write) ?? false
    if parked[number] { parkedCount -= 1 }
    parked[number] = interest?.isEmpty ?? false
    if parked[number] { parkedCount += 1 }
    keys[Int(number)] = key
    if interest != nil { end = max(end, number + 1) } else { lowerEnd() }
  }

  private mutating func lowerEnd() {
    while end > 0, !reading[end - 1], !writing[end - 1], !parked[end - 1] { end -= 1 }
  }

  public mutating func wait(until deadline: Instant?, into events: inout EventBuffer)
    throws(SystemError)
  {
    try wait(until: deadline, isExact: false, into: &events)
  }

  public mutating func wait(
    until deadline: Instant?, isExact: Bool, into events: inout EventBuffer
  ) throws(SystemError) {
    events.removeAll()
    repeat {
      let (ended, count) = try endedAmongParked()
      var (readable, writable) = (reading, writing)
      let until = count > 0 ? system.now() : parkedCount > 0 ? slice(of: deadline) : deadline
      let bits = try select(below: end, &readable, &writable, until, isExact)
      if bits + count > 0 { collect(readable, writable, ended, into: &events) }
    } while events.count == 0 && (deadline.map { system.now() < $0 } ?? true)
  }

  private func select(
    below end: Int32, _ readable: inout DescriptorSet, _ writable: inout DescriptorSet,
    _ deadline: Instant?, _ isExact: Bool
  ) throws(SystemError) -> Int {
    let outcome = system.retryingWait {
      // The kernel overwrites the sets, also when a signal interrupts it: start from copies.
      (readable, writable) = (reading, writing)
      guard isExact else {
        return system.select(
          below: end, reading: &readable, writing: &writable,
          milliseconds: deadline.milliseconds(from: system.now()))
      }
      return system.select(
        below: end, reading: &readable, writing: &writable,
        nanoseconds: deadline.nanoseconds(from: system.now()))
    }
    if let errno = outcome.errno { throw SystemError(.select, errno) }
    return outcome.value
  }

  private mutating func collect(
    _ readable: DescriptorSet, _ writable: DescriptorSet, _ ended: DescriptorSet,
    into events: inout EventBuffer
  ) {
    let first = start < end ? start : 0
    // Where it all fitted, too, the next wait that does not begins here: whoever was cut off last time
    // may not have been asked for in between.
    start = gather(first..<end) ?? gather(0..<first) ?? first

    /// Adds what is ready in a range. Where it ended, if that was for want of room.
    func gather(_ range: Range<Int32>) -> Int32? {
      var number = range.lowerBound
      while number < range.upperBound {
        // From one set bit to the next within sixty-four descriptors, then on to the next ones.
        let word = Int(number >> 6)
        let all = readable.word(word) | writable.word(word) | ended.word(word)
        let ahead = all >> UInt64(number & 63)
        guard ahead != 0 else {
          number = (number | 63) + 1
          continue
        }
        number += Int32(ahead.trailingZeroBitCount)
        if number >= range.upperBound { return nil }
        if events.isFull { return number }
        var readiness: Readiness = ended[number] ? .hangUp : []
        if readable[number] { readiness.insert(.read) }
        if writable[number] { readiness.insert(.write) }
        events.append(keys[Int(number)], readiness)
        number += 1
      }
      return nil
    }
  }

  /// Which descriptors with no interest have hung up, and how many. select cannot wait for that
  /// alone: waiting for them to become readable would return at once, for ever, when unread bytes
  /// lie there. So they are asked about before each wait, and a wait lasts 100 ms at most while
  /// there are any.
  private func endedAmongParked() throws(SystemError) -> (DescriptorSet, count: Int) {
    var ended = DescriptorSet()
    guard parkedCount > 0 else { return (ended, 0) }
    var entries: [PollEntry] = []
    for number in 0..<end where parked[number] {
      entries.append(PollEntry(Descriptor(rawValue: number), []))
    }
    let system = system
    let outcome = unsafe entries.withUnsafeMutableBufferPointer { entries in
      system.retryingWait { unsafe system.poll(entries, milliseconds: 0) }
    }
    if let errno = outcome.errno { throw SystemError(.poll, errno) }
    for entry in entries where entry.happened != 0 { ended[entry.descriptor] = true }
    return (ended, outcome.value)
  }

  private func slice(of deadline: Instant?) -> Instant {
    let slice = system.now() + .milliseconds(100)
    return deadline.map { min($0, slice) } ?? slice
  }
}

/// select on the real kernel.
public typealias Select = SelectPoller<Linux>
