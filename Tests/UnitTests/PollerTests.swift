import Testing

@testable import Switchboard

/// A kernel whose waiting calls answer what a test says, and that notes how it was asked. One thread.
struct ScriptedKernel: KernelDecorator, ReadinessKernel {
  final class Script: @unchecked Sendable {
    var now: UInt64 = 1_000_000_000
    var controls: [Control] = []
    var waits: [Int32] = []
    var below: [Int32] = []
    var polls: [Int32] = []
    var failure: Errno?
    /// What is ready, by descriptor: `POLL*` bits; and for epoll what a wait tells.
    var ready: [Int32: Int16] = [:]
    var events: [EpollEvent] = []
    var isPollFailing = false
    // Sockets.
    var accepts: [Outcome] = []
    var accepted: [Int32] = []
    var receives: [Outcome] = []
    var received: [Int32] = []
    var sends: [Outcome] = []
    var error: Outcome = .value(0)
  }
  struct Control: Hashable {
    var operation: EpollOperation
    var descriptor: Int32
    var events: UInt32
    var key: UInt64
  }

  let base = Linux()
  let script = Script()

  func now() -> Instant { Instant(nanoseconds: script.now) }
  func epollControl(
    _ epoll: Descriptor, _ operation: EpollOperation, _ descriptor: Descriptor, events: UInt32,
    key: UInt64
  ) -> Outcome {
    script.controls.append(
      Control(operation: operation, descriptor: descriptor.rawValue, events: events, key: key))
    return script.failure.map { .failure($0) } ?? .value(0)
  }
  func epollWait(
    _ epoll: Descriptor, into events: UnsafeMutableBufferPointer<EpollEvent>, milliseconds: Int32
  ) -> Outcome {
    script.waits.append(milliseconds)
    if let failure = script.failure { return .failure(failure) }
    let count = min(events.count, script.events.count)
    for index in 0..<count { events[index] = script.events[index] }
    return .value(count)
  }
  func poll(_ entries: UnsafeMutableBufferPointer<PollEntry>, milliseconds: Int32) -> Outcome {
    script.polls.append(milliseconds)
    if let failure = script.failure, script.isPollFailing { return .failure(failure) }
    var count = 0
    for index in entries.indices {
      let asked = entries[index].events | 0x38
      entries[index].happened = (script.ready[entries[index].descriptor] ?? 0) & asked
      if entries[index].happened != 0 { count += 1 }
    }
    return .value(count)
  }
  func select(
    below count: Int32, reading: inout DescriptorSet, writing: inout DescriptorSet,
    milliseconds: Int32
  ) -> Outcome {
    script.waits.append(milliseconds)
    script.below.append(count)
    if let failure = script.failure { return .failure(failure) }
    var found = 0
    for number in 0..<max(0, count) {
      let bits = script.ready[number] ?? 0
      if bits & 0x1 == 0 { reading[number] = false }
      if bits & 0x4 == 0 { writing[number] = false }
      found += (reading[number] ? 1 : 0) + (writing[number] ? 1 : 0)
    }
    if found == 0, milliseconds > 0 { script.now += UInt64(milliseconds) * 1_000_000 }
    return .value(found)
  }

  func accept(_ descriptor: Descriptor, peer: inout SocketAddress) -> Outcome {
    script.accepted.append(descriptor.rawValue)
    return script.accepts.isEmpty ? .failure(.wouldBlock) : script.accepts.removeFirst()
  }
  func receive(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    script.received.append(descriptor.rawValue)
    return script.receives.isEmpty ? .failure(.wouldBlock) : script.receives.removeFirst()
  }
  func send(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    script.sends.isEmpty ? .value(buffer.count) : script.sends.removeFirst()
  }
  func get(_ option: SocketOption, on descriptor: Descriptor) -> Outcome { script.error }
  func close(_ descriptor: Descriptor) -> Outcome { .value(0) }
}

/// What pollers ask of the kernel, and what they tell of its answers.
@Suite("Pollers, call by call")
struct PollerTests {
  private typealias Control = ScriptedKernel.Control

  private func key(_ index: UInt32, _ generation: UInt32 = 1) -> Key {
    Key(index: index, generation: generation)
  }

  private func told(_ events: borrowing EventBuffer) -> [UInt32] {
    (0..<events.count).map { events[$0].key.index }
  }

  // ------------------------------------------------------------------------------- epoll

  @Test("epoll is asked for what is wanted, in its own bits, and told of each change")
  func epollBits() throws {
    let kernel = ScriptedKernel()
    var poller = try EpollPoller(system: kernel)
    let (descriptor, key) = (Descriptor(rawValue: 9), key(5))
    for (interest, old) in [
      (nil, nil), ([], nil), (.read, []), (.write, .read), ([.read, .write], .write),
      (nil, [.read, .write]),
    ] as [(Interest?, Interest?)] {
      try poller.set(descriptor, interest, was: old, key: key)
    }
    let wanted: [(EpollOperation, UInt32)] = [
      (.add, 0), (.modify, 1), (.modify, 4), (.modify, 5), (.remove, 0),
    ]
    #expect(
      kernel.script.controls
        == wanted.map {
          Control(operation: $0.0, descriptor: 9, events: $0.1, key: key.rawValue)
        })
  }

  @Test("Each bit that epoll tells is what it is, and no other")
  func epollReadiness() throws {
    let kernel = ScriptedKernel()
    var poller = try EpollPoller(system: kernel)
    var events = EventBuffer(capacity: 8)
    let all: [(UInt32, Readiness)] = [
      (0x1, .read), (0x2, .urgent), (0x4, .write), (0x8, .hangUp), (0x10, .hangUp),
      (0x2000, .ended), (0x2001, [.read, .ended]), (0x5, [.read, .write]),
    ]
    for (index, (bits, _)) in all.enumerated() {
      var event = EpollEvent()
      (event.key, event.events) = (key(UInt32(index)).rawValue, bits)
      kernel.script.events.append(event)
    }
    try poller.wait(until: nil, into: &events)
    #expect(told(events) == [0, 1, 2, 3, 4, 5, 6, 7])
    #expect((0..<events.count).map { events[$0].readiness } == all.map(\.1))
    #expect(kernel.script.waits == [-1])
  }

  @Test("What asks for changes is registered for all of them; whatever else, as it is wanted")
  func edges() throws {
    let kernel = ScriptedKernel()
    var poller = try EdgeEpoll(system: kernel)
    let (connection, other) = (Descriptor(rawValue: 9), Descriptor(rawValue: 8))
    try poller.set(connection, [.read, .changes], was: nil, key: key(5))
    for (interest, old) in [
      (.read, nil), ([], .read), ([.read, .write], []), (nil, [.read, .write]),
    ] as [(Interest?, Interest?)] {
      // Whatever its key.
      try poller.set(other, interest, was: old, key: key(6))
    }
    let wanted: [(EpollOperation, Int32, UInt32)] = [
      (.add, 9, 0x2007 | 1 << 31), (.add, 8, 1), (.modify, 8, 0), (.modify, 8, 5), (.remove, 8, 0),
    ]
    #expect(
      kernel.script.controls
        == wanted.map {
          let key = key($0.1 == 9 ? 5 : 6)
          return Control(operation: $0.0, descriptor: $0.1, events: $0.2, key: key.rawValue)
        })
    kernel.script.failure = .noSpace
    #expect(throws: RegistrationError.self) {
      try poller.set(connection, [.read, .changes], was: nil, key: key(5))
    }
  }

  // ------------------------------------------------------------------------------ errors

  private func fails<P: Poller & ~Copyable>(
    _ kernel: ScriptedKernel, _ poller: consuming P, _ call: SystemError.Call
  ) throws {
    var poller = poller
    var events = EventBuffer()
    kernel.script.failure = .badDescriptor
    #expect(throws: SystemError(call, .badDescriptor)) {
      try poller.wait(until: nil, into: &events)
    }
  }

  @Test("A wait that fails says so")
  func waitFails() throws {
    let kernel = ScriptedKernel()
    try fails(kernel, EpollPoller(system: kernel), .epollWait)
    kernel.script.failure = nil
    try fails(kernel, SelectPoller(system: kernel), .select)
    kernel.script.isPollFailing = true
    try fails(kernel, PollPoller(system: kernel), .poll)
    // select asks about those apart of which it is told nothing.
    kernel.script.failure = nil
    var parked = try SelectPoller(system: kernel)
    try parked.set(Descriptor(rawValue: 3), [], was: nil, key: key(3))
    try fails(kernel, parked, .poll)
  }

  // -------------------------------------------------------------------------------- poll

  @Test("poll holds any descriptor that there can be, and no other")
  func pollBounds() throws {
    let kernel = ScriptedKernel()
    var poller = try PollPoller(system: kernel)
    #expect(throws: RegistrationError.self) {
      try poller.set(Descriptor(rawValue: -1), .read, was: nil, key: key(1))
    }
    for number in [0, 1, 5000] as [Int32] {
      try poller.set(Descriptor(rawValue: number), .read, was: nil, key: key(UInt32(number)))
      kernel.script.ready[number] = 0x1
    }
    var events = EventBuffer()
    try poller.wait(until: nil, into: &events)
    #expect(told(events) == [0, 1, 5000] && kernel.script.polls == [-1])
  }

  @Test("A change changes the one registration that there is, its key too")
  func pollChange() throws {
    let kernel = ScriptedKernel()
    var poller = try PollPoller(system: kernel)
    let descriptor = Descriptor(rawValue: 4)
    try poller.set(descriptor, .read, was: nil, key: key(1))
    try poller.set(descriptor, .write, was: .read, key: key(2))
    var events = EventBuffer()
    for (bits, keys) in [(0x1, []), (0x5, [2]), (0x10, [2])] as [(Int16, [UInt32])] {
      kernel.script.ready[4] = bits
      try poller.wait(until: nil, into: &events)
      #expect(told(events) == keys)
    }
    try poller.set(descriptor, nil, was: .write, key: key(2))
    try poller.wait(until: nil, into: &events)
    #expect(events.count == 0)
  }

  @Test("Each bit that poll tells is what it is, and no other")
  func pollBits() throws {
    let kernel = ScriptedKernel()
    var poller = try PollPoller(system: kernel)
    try poller.set(Descriptor(rawValue: 4), [.read, .write], was: nil, key: key(1))
    var events = EventBuffer()
    for (bits, readiness) in [
      (0x1, .read), (0x4, .write), (0x5, [.read, .write]), (0x8, .hangUp), (0x10, .hangUp),
      (0x20, .hangUp),
    ] as [(Int16, Readiness)] {
      kernel.script.ready[4] = bits
      try poller.wait(until: nil, into: &events)
      #expect(events.count == 1 && events[0].readiness == readiness, "\(bits)")
    }
  }

  /// What comes in waits of so many each, where all of these descriptors are ready all the time.
  private func turns<P: Poller & ~Copyable>(
    _ kernel: ScriptedKernel, _ poller: consuming P, _ numbers: [Int32], _ rooms: [Int]
  ) throws -> [[UInt32]] {
    var poller = poller
    for number in numbers {
      kernel.script.ready[number] = 0x1
      try poller.set(Descriptor(rawValue: number), .read, was: nil, key: key(UInt32(number)))
    }
    return try rooms.map { room in
      var events = EventBuffer(capacity: room)
      try poller.wait(until: nil, into: &events)
      return told(events)
    }
  }

  @Test("Where a wait brings a part, the others come next, also when waits between brought it all")
  func inTurn() throws {
    let rooms = [2, 2, 2, 9, 9, 3, 3]
    let kernel = ScriptedKernel()
    let poll = try turns(kernel, PollPoller(system: kernel), [3, 5, 7, 70, 1023], rooms)
    #expect(
      poll == [
        [3, 5], [7, 70], [1023, 3], [5, 7, 70, 1023, 3], [5, 7, 70, 1023, 3], [5, 7, 70],
        [1023, 3, 5],
      ])
    let select = try turns(kernel, SelectPoller(system: kernel), [3, 5, 7, 70, 1023], rooms)
    #expect(select == poll)
  }

  // ------------------------------------------------------------------------------ select

  @Test("select holds 0 to 1023")
  func selectBounds() throws {
    let kernel = ScriptedKernel()
    var poller = try SelectPoller(system: kernel)
    for number in [-1, 1024, .max] as [Int32] {
      let descriptor = Descriptor(rawValue: number)
      #expect(throws: RegistrationError.beyondSet(descriptor, capacity: 1024)) {
        try poller.set(descriptor, .read, was: nil, key: key(1))
      }
    }
    for number in [0, 1023] as [Int32] {
      try poller.set(Descriptor(rawValue: number), .read, was: nil, key: key(UInt32(number)))
      kernel.script.ready[number] = 0x1
    }
    var events = EventBuffer()
    try poller.wait(until: nil, into: &events)
    #expect(told(events) == [0, 1023] && kernel.script.waits == [-1])
  }

  @Test("select is asked about no more than there is, whatever was registered before")
  func selectEnd() throws {
    let kernel = ScriptedKernel()
    var poller = try SelectPoller(system: kernel)
    var events = EventBuffer()
    func below() throws -> Int32? {
      try poller.wait(until: kernel.now(), into: &events)
      return kernel.script.below.last
    }
    #expect(try below() == 0)
    let interests: [Interest] = [.read, .write, [], [.read, .write]]
    for interest in interests {
      for number in [0, 4, 9] as [Int32] {
        try poller.set(Descriptor(rawValue: number), interest, was: nil, key: key(1))
        #expect(try below() == number + 1)
      }
      for (number, end) in [(4, 10), (9, 1), (0, 0)] as [(Int32, Int32)] {
        try poller.set(Descriptor(rawValue: number), nil, was: interest, key: key(1))
        #expect(try below() == end)
      }
    }
  }

  @Test("Whoever wants nothing is asked about apart, without waiting, and a wait is short then")
  func parked() throws {
    let kernel = ScriptedKernel()
    var poller = try SelectPoller(system: kernel)
    var events = EventBuffer()
    let start = kernel.now()
    try poller.set(Descriptor(rawValue: 5), .read, was: nil, key: key(5))
    try poller.wait(until: start + .milliseconds(250), into: &events)
    #expect(kernel.script.waits == [250] && kernel.script.polls == [])
    for number in 0...1 as ClosedRange<Int32> {
      kernel.script.waits = []
      kernel.script.polls = []
      try poller.set(Descriptor(rawValue: number), [], was: nil, key: key(UInt32(number)))
      let begin = kernel.now()
      try poller.wait(until: begin + .milliseconds(250), into: &events)
      #expect(kernel.script.waits == [100, 100, 50] && kernel.script.polls == [0, 0, 0])
      #expect(events.count == 0 && kernel.now() == begin + .milliseconds(250))
      // It hangs up.
      kernel.script.waits = []
      kernel.script.ready[number] = 0x10
      try poller.wait(until: nil, into: &events)
      #expect(told(events) == [UInt32(number)] && events[0].readiness == .hangUp)
      #expect(kernel.script.waits == [0])
      kernel.script.ready[number] = nil
    }
  }

  // --------------------------------------------------------------------------- deadlines

  @Test("Of two deadlines the earlier one counts, and nil is never")
  func earlierOne() {
    let (a, b) = (Instant(nanoseconds: 1), Instant(nanoseconds: 2))
    #expect(earlier(a, b) == a && earlier(b, a) == a)
    #expect(earlier(a, nil) == a && earlier(nil, b) == b && earlier(nil, nil) == nil)
  }
}
