/// `poll(2)`: the whole list of registrations goes to the kernel in every wait, and is searched
/// afterwards. No limit but memory; cost linear in what is watched. POSIX.
public struct PollPoller<System: ReadinessKernel>: Poller, ~Copyable {
  /// Closing a descriptor ends its registration: no, it must be removed first.
  public static var forgetsClosedDescriptors: Bool { false }
  public static var name: String { "poll" }

  private let system: System
  // Parallel: the entries as the kernel wants them, and each one's key.
  private var entries: [PollEntry] = []
  private var keys: [Key] = []
  /// By descriptor: where its entry stands, plus one; 0 for none. The system gives the lowest free
  /// number, so this is as long as there are descriptors: 4 bytes each, of 16 to 32 in a dictionary.
  private var places: [Int32] = []
  /// Where the search for ready entries begins, so that a full buffer starves nobody.
  private var start = 0

  public init(system: System) throws(SystemError) { self.system = system }

  public mutating func set(
    _ descriptor: Descriptor, _ interest: Interest?, was old: Interest?, key: Key
  ) throws(RegistrationError) {
    let number = Int(descriptor.rawValue)
    guard number >= 0 else {
      throw .system(SystemError(.poll, .badDescriptor, on: .descriptor(descriptor)))
    }
    switch (place(of: number), interest) {
    case (nil, nil): return
    case (nil, .some(let interest)):
      if number >= places.count {
        places.append(contentsOf: repeatElement(0, count: number + 1 - places.count))
      }
      entries.append(PollEntry(descriptor, interest.events))
      keys.append(key)
      places[number] = Int32(entries.count)
    case (.some(let place), .some(let interest)):
      entries[place] = PollEntry(descriptor, interest.events)
      keys[place] = key
    case (.some(let place), nil):
      remove(number, at: place)
    }
  }

  private func place(of number: Int) -> Int? {
    guard number < places.count, places[number] > 0 else { return nil }
    return Int(places[number]) - 1
  }

  /// The last entry takes the removed one's place.
  private mutating func remove(_ number: Int, at place: Int) {
    places[number] = 0
    let (entry, key) = (entries.removeLast(), keys.removeLast())
    guard place < entries.count else { return }
    entries[place] = entry
    keys[place] = key
    places[Int(entry.descriptor)] = Int32(place + 1)
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
    let system = system
    let outcome = unsafe entries.withUnsafeMutableBufferPointer { entries in
      system.retryingWait {
        isExact
          ? unsafe system.poll(entries, nanoseconds: deadline.nanoseconds(from: system.now()))
          : unsafe system.poll(entries, milliseconds: deadline.milliseconds(from: system.now()))
      }
    }
    if let errno = outcome.errno { throw SystemError(.poll, errno) }
    collect(outcome.value, into: &events)
  }

  private mutating func collect(_ ready: Int, into events: inout EventBuffer) {
    var left = ready
    var place = start < entries.count ? start : 0
    for _ in 0..<entries.count {
      if left == 0 || events.isFull { break }
      let told = entries[place].told
      if !told.isEmpty {
        left -= 1
        events.append(keys[place], Readiness(told))
      }
      place += 1
      if place == entries.count { place = 0 }
    }
    // Where it all fitted, too, the next wait that does not begins where the last such one ended:
    // whoever was cut off then may not have been asked for in between.
    if left > 0 { start = place }
  }
}

/// poll on the real kernel.
public typealias Poll = PollPoller<Linux>

extension Readiness {
  fileprivate init(_ told: PollEvents) {
    self = []
    if told.contains(.input) { insert(.read) }
    if told.contains(.output) { insert(.write) }
    if !told.isDisjoint(with: .broken) { insert(.hangUp) }
  }
}
