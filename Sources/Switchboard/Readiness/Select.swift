/// `select(2)`: two sets of 1,024 bits go to the kernel in every wait and come back as what is
/// ready. The oldest mechanism, and the one with a wall: it cannot hold a descriptor above 1023.
/// C's `FD_SET` would write beyond the set; here such a descriptor is refused. POSIX.
public struct SelectPoller<System: ReadinessKernel>: Poller, ~Copyable {
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
    events.removeAll()
    repeat {
      if try askAboutParked(into: &events) { return }
      var (readable, writable) = (reading, writing)
      let (system, end) = (system, end)
      let slice = parkedCount > 0 ? system.now() + .milliseconds(100) : nil
      let until = [deadline, slice].compactMap(\.self).min()
      let outcome = try select(below: end, &readable, &writable, until)
      collect(outcome, readable, writable, into: &events)
    } while events.count == 0 && (deadline.map { system.now() < $0 } ?? true)
  }

  private func select(
    below end: Int32, _ readable: inout DescriptorSet, _ writable: inout DescriptorSet,
    _ deadline: Instant?
  ) throws(SystemError) -> Int {
    while true {
      // The kernel overwrites the sets, also when a signal interrupts it: start from copies.
      (readable, writable) = (reading, writing)
      let outcome = system.select(
        below: end, reading: &readable, writing: &writable,
        milliseconds: deadline.milliseconds(from: system.now()))
      switch outcome.errno {
      case nil: return outcome.value
      case Errno.interrupted: continue
      case .some(let errno): throw SystemError(.select, errno)
      }
    }
  }

  private mutating func collect(
    _ bits: Int, _ readable: DescriptorSet, _ writable: DescriptorSet,
    into events: inout EventBuffer
  ) {
    guard bits > 0 else { return }
    let first = start < end ? start : 0
    var number = first
    for _ in 0..<end {
      // Sixty-four descriptors at a time where none is ready.
      if number & 63 == 0, readable.word(Int(number >> 6)) | writable.word(Int(number >> 6)) == 0 {
        number = min(number + 64, end)
      } else {
        var readiness: Readiness = []
        if readable[number] { readiness.insert(.read) }
        if writable[number] { readiness.insert(.write) }
        events.append(keys[Int(number)], readiness)
        number += 1
      }
      if number == end { number = 0 }
      if events.isFull || number == first { break }
    }
    start = events.isFull ? number : 0
  }

  /// Reports a hang-up of descriptors with no interest. select cannot wait for that alone: waiting
  /// for them to become readable would return at once, for ever, when unread bytes lie there. So
  /// they are asked about before each wait, and a wait lasts 100 ms at most while there are any.
  private mutating func askAboutParked(into events: inout EventBuffer) throws(SystemError) -> Bool {
    guard parkedCount > 0 else { return false }
    var entries: [PollEntry] = []
    for number in 0..<end where parked[number] {
      entries.append(PollEntry(descriptor: number, events: 0))
    }
    let system = system
    let outcome = unsafe entries.withUnsafeMutableBufferPointer { entries in
      system.retryingInterrupts { unsafe system.poll(entries, milliseconds: 0) }
    }
    if let errno = outcome.errno { throw SystemError(.poll, errno) }
    for entry in entries where entry.happened != 0 {
      events.append(keys[Int(entry.descriptor)], .hangUp)
    }
    guard events.count > 0 else { return false }
    // The others must not wait behind a hang-up that nobody removes: take what is ready now too.
    var (readable, writable) = (reading, writing)
    let bits = try select(below: end, &readable, &writable, system.now())
    collect(bits, readable, writable, into: &events)
    return true
  }
}

/// select on the real kernel.
public typealias Select = SelectPoller<Linux>
