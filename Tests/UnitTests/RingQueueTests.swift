import Glibc
import Testing

@testable import Switchboard

/// A ring's two queues: entries that the kernel does not take, and completions that come before their
/// turn.
@Suite("Queues of a ring and its kernel")
struct RingQueueTests {
  private let kernel = PuppetKernel.make()
  private typealias Sizes = URing<PuppetKernel>.Sizes

  private func ring(_ entries: UInt32, _ completions: UInt32 = 8) throws -> Ring<PuppetKernel> {
    try Ring(entries: entries, completions: completions, system: kernel)
  }

  private var crowded: Sizes {
    var sizes = Sizes()
    (sizes.entries, sizes.completions) = (4, 4)
    return sizes
  }

  // ----------------------------------------------------------------------------- opening

  @Test("A ring that cannot be opened says why, and is not closed")
  func refused() throws {
    kernel.strings.noRing = .notPermitted
    #expect(throws: SystemError(.ringSetup, .notPermitted)) { _ = try ring(4) }
    #expect(kernel.strings.ringsClosed == 0)
    kernel.strings.noRing = nil
    _ = try ring(4)
    #expect(kernel.strings.ringsClosed == 1)
    // Of a process that has closed its standard input.
    kernel.strings.givesZero = true
    _ = try ring(4)
    #expect(kernel.strings.ringsClosed == 2)
  }

  @Test("A ring has room for as many connections as are wanted and may be")
  func files() throws {
    kernel.strings.descriptorLimit = 3 << 20
    let ring = try kernel.ring(connections: 100)
    #expect(ring.files == 100)
    _ = try kernel.ring(connections: 2 << 20)
    kernel.strings.descriptorLimit = 200
    _ = try kernel.ring(connections: 2 << 20)
    #expect(kernel.strings.files == [100, 1 << 20, 200])
  }

  @Test(
    "Where there is less room than there seemed, it is half and half again",
    arguments: [Errno.descriptorLimit, .outOfMemory])
  func half(_ errno: Errno) throws {
    kernel.strings.tooMany = errno
    kernel.strings.mostFiles = 60
    let ring = try kernel.ring(connections: 300)
    #expect(ring.files == 37)
    #expect(kernel.strings.files == [300, 150, 75, 37])
    for few in [64, 128] {
      #expect(throws: SystemError(.ringRegister, errno)) {
        _ = try kernel.ring(connections: few)
      }
    }
    #expect(kernel.strings.files[4...] == [64, 128, 64])
    let other = try kernel.ring(connections: 65)
    #expect(other.files == 32)
  }

  @Test("What has another reason is not tried again, and an operation that is lacking told")
  func other() throws {
    kernel.strings.mostFiles = 60
    kernel.strings.tooMany = .invalid
    #expect(throws: SystemError(.ringRegister, .invalid)) {
      _ = try kernel.ring(connections: 300)
    }
    #expect(kernel.strings.files == [300])
    for operation in [13, 26, 27, 34] as [UInt32] {
      kernel.strings.unknown = operation
      #expect(throws: SystemError(.ringRegister, .notSupported)) {
        _ = try kernel.ring(connections: 16)
      }
    }
  }

  // ------------------------------------------------------------------------------ entries

  @Test("Entries that find the queue full wait beside it, in order, and each is taken once")
  func spill() throws {
    let ring = try ring(4)
    kernel.strings.refusal = .wouldBlock
    func add(_ numbers: Range<Int32>) {
      for number in numbers {
        let entry = ring.entry()
        entry.pointee.opcode = 34
        entry.pointee.fd = number
      }
    }
    func names(_ numbers: Range<Int32>) -> [String] { numbers.map { "finish \($0)" } }
    #expect(!ring.hasSpilled && !ring.hasLeftOver)
    add(0..<4)
    #expect(!ring.hasSpilled && kernel.strings.waits.isEmpty)
    add(4..<5)
    #expect(ring.hasSpilled && ring.hasLeftOver)
    #expect(kernel.strings.waits.map(\.least) == [0])
    // It is asked once.
    add(5..<150)
    #expect(kernel.strings.waits.count == 1)
    kernel.strings.refusal = nil
    var taken: [String] = []
    kernel.strings.taken = { taken.append($0.description) }
    for _ in 0..<10 { #expect(ring.enter(least: 0, until: nil) == nil) }
    #expect(taken == names(0..<40) && ring.hasSpilled)
    // More come behind them meanwhile.
    add(150..<300)
    for _ in 0..<63 { #expect(ring.enter(least: 0, until: nil) == nil) }
    #expect(taken == names(0..<292) && ring.hasSpilled)
    for _ in 0..<10 { #expect(ring.enter(least: 0, until: nil) == nil) }
    #expect(taken == names(0..<300))
    #expect(!ring.hasSpilled && !ring.hasLeftOver)
    kernel.strings.refusal = .wouldBlock
    add(300..<310)
    kernel.strings.refusal = nil
    for _ in 0..<3 { #expect(ring.enter(least: 0, until: nil) == nil) }
    #expect(taken == names(0..<310))
    #expect(!ring.hasSpilled && !ring.hasLeftOver)
  }

  @Test("Entries beside the queue are clear, and their memory is given back")
  func spillMemory() throws {
    var places: Set<UnsafeMutableRawPointer> = []
    for count in [1, 100] {
      for _ in 0..<64 {
        var spill = EntrySpill()
        for number in 0..<count {
          let entry = spill.add()
          #expect(entry.pointee.user_data == 0 && entry.pointee.opcode == 0)
          (entry.pointee.user_data, entry.pointee.opcode) = (7, 7)
          if number == 0 { places.insert(UnsafeMutableRawPointer(entry)) }
          if number == 50 { spill.removeFirst() }
        }
      }
      // The same memory serves again.
      #expect(places.count < 64)
      places = []
    }
  }

  @Test("A ring gives its memory back")
  func memory() throws {
    var (queues, addresses): (Set<OpaquePointer>, Set<UnsafeMutableRawPointer>) = ([], [])
    for _ in 0..<64 {
      let ring = try ring(4)
      queues.insert(OpaquePointer(ring.raw))
      addresses.insert(ring.address)
    }
    #expect(kernel.strings.ringsClosed == 64)
    #expect(queues.count < 64 && addresses.count < 64)
  }

  @Test("A full queue is submitted first; while the kernel takes it, nothing waits beside it")
  func full() throws {
    let ring = try ring(4)
    for number in 0..<9 as Range<Int32> {
      let entry = ring.entry()
      entry.pointee.opcode = 34
      entry.pointee.fd = number
      #expect(!ring.hasSpilled)
    }
    #expect(kernel.words == (0..<9).map { "finish \($0)" })
    #expect(kernel.strings.waits.map(\.least) == [0, 0])
  }

  @Test("Nothing is joined to an output whose entry may lie beside the queue")
  func spilledOutput() throws {
    var ring = try kernel.ring(crowded)
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 5)
    kernel.strings.refusal = .wouldBlock
    for _ in 0..<4 { ring.cancel(1) }
    _ = ring.sendOutput(10, key, &slots)
    let isJoined = ring.joinOutput(10, key, atMost: .max)
    #expect(!isJoined)
    kernel.strings.refusal = nil
    try ring.wait(until: kernel.now())
    #expect(kernel.words.last == "send 10 now to 5")
  }

  // ------------------------------------------------------------------------------ waiting

  @Test("Only a signal makes it wait again; that it is late or there is no memory is no error")
  func entering() throws {
    let ring = try ring(4)
    for errno in [62, 16, 11] as [Int32] {
      kernel.strings.answers = [Errno(rawValue: errno)]
      #expect(ring.enter(least: 1, until: nil) == nil)
    }
    #expect(kernel.strings.waits.count == 3)
    kernel.strings.answers = [.interrupted, .interrupted]
    #expect(ring.enter(least: 1, until: nil) == nil)
    #expect(kernel.strings.waits.count == 6)
    for errno in [.badDescriptor, Errno(rawValue: 17), Errno(rawValue: 63)] {
      kernel.strings.answers = [errno]
      #expect(ring.enter(least: 1, until: nil) == errno)
    }
  }

  @Test("It waits until its deadline, not at all behind that, and without one for ever")
  func deadlines() throws {
    let ring = try ring(4)
    let now = kernel.now()
    _ = ring.enter(least: 1, until: now + .nanoseconds(7))
    _ = ring.enter(least: 1, until: now)
    _ = ring.enter(least: 1, until: Instant(nanoseconds: now.nanoseconds - 1))
    _ = ring.enter(least: 1, until: nil)
    #expect(kernel.strings.waits.map { max(-1, $0.nanoseconds) } == [7, 0, 0, -1])
  }

  @Test("A ring owes work, and does not sleep, for each of the reasons alone")
  func owes() throws {
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 5)
    slots[key.index].flags.insert(.receiving)
    func sleeps(_ name: String, owes: Bool = true, _ cause: (inout URing<PuppetKernel>) -> Void)
      throws
    {
      var ring = try kernel.ring(crowded)
      cause(&ring)
      let found = ring.owesWork
      #expect(found == owes, "\(name)")
      let count = kernel.strings.waits.count
      try ring.wait(until: kernel.now())
      #expect(kernel.strings.waits[count].least == 0, "\(name)")
    }
    try sleeps("starved") { $0.starve(key, &slots) }
    slots[key.index].flags = .receiving
    try sleeps("held") { $0.heldReady.append(key) }
    try sleeps("arrivals") {
      $0.arrivals.append(1)
      $0.setRoom(1)
      _ = kernel.asked()
    }
    try sleeps("a completion") { _ in kernel.tell(0, 0) }
    try sleeps("parked") { $0.raw.pointee.parked = 1 }
    try sleeps("served", owes: false) { $0.served.append(key) }
    try sleeps("paused", owes: false) { $0.paused.append(key) }
    try sleeps("hurried", owes: false) { $0.isHurried = true }
    // An entry is submitted by the wait; it shows only then what comes of it.
    let ring = try kernel.ring(crowded)
    var owes = ring.owesWork
    #expect(!owes)
    ring.cancel(1)
    owes = ring.owesWork
    #expect(owes)
  }

  @Test("What found the completion queue full is waited for without sleep, and sends with it")
  func overflow() throws {
    var ring = try kernel.ring(crowded)
    var slots = try SlotTable(capacity: 16)
    for _ in 0..<5 { kernel.tell(0, 0) }
    try ring.wait(until: kernel.now())
    var holds = ring.holdsSends
    #expect(holds)
    var nothing = ring.next(&slots)
    #expect(nothing == nil)
    var owes = ring.owesWork
    #expect(owes)
    try ring.wait(until: kernel.now())
    #expect(kernel.strings.waits.last?.least == 0)
    nothing = ring.next(&slots)
    #expect(nothing == nil)
    owes = ring.owesWork
    #expect(!owes)
    holds = ring.holdsSends
    #expect(!holds)
    // One that is parked, or not submitted.
    ring.raw.pointee.parked = 1
    try ring.wait(until: kernel.now())
    holds = ring.holdsSends
    #expect(holds)
    ring.raw.pointee.parked = 0
    ring.cancel(1)
    kernel.strings.refusal = .wouldBlock
    try ring.wait(until: kernel.now())
    holds = ring.holdsSends
    #expect(holds)
  }

  @Test("A long time of small turns gives a ring its smallest buffers again")
  func quiet() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 5)
    ring.starve(key, &slots)
    for _ in 0..<4200 { try ring.wait(until: kernel.now()) }
    let tier = ring.buffers.tier
    #expect(tier == 0)
  }

  @Test("Descriptors of the loop's own are watched, again when that has ended, each as what it is")
  func watching() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    try ring.watch(Descriptor(rawValue: 7), .woken)
    try ring.watch(Descriptor(rawValue: 8), .signalled)
    let asked = kernel.asked()
    #expect(asked.map(\.description) == ["poll on 7", "poll on 8"])
    let kinds: [Completion.Kind] = [.woken, .signalled]
    for (index, kind) in kinds.enumerated() {
      for more in [true, false] {
        kernel.tell(asked[index].data, 1, more: more)
        try ring.wait(until: kernel.now())
        let told = ring.next(&slots)
        #expect(told?.kind == kind)
        let nothing = ring.next(&slots)
        #expect(nothing == nil)
        #expect(kernel.words == (more ? [] : ["poll on \(7 + index)"]))
      }
    }
  }

  // ---------------------------------------------------------------------------- questions

  @Test("An ordinary descriptor is lent for a question; without one nothing is asked")
  func progress() throws {
    let ring = try ring(4)
    var answer = 0
    kernel.strings.taken = { [kernel] in kernel.tell($0.data, answer) }
    for lent in [9, 0] {
      answer = lent
      #expect(ring.lastProgress(of: 5, kernel.now()) == kernel.now())
    }
    answer = -24
    #expect(ring.lastProgress(of: 5, kernel.now()) == nil)
    #expect(kernel.strings.progressAsked == [9, 0])
    #expect(kernel.strings.closes == [9, 0])
    #expect(kernel.words == ["lend 5", "lend 5", "lend 5"])
    // A callback is no place to sleep.
    #expect(kernel.strings.waits.allSatisfy { $0.least == 0 })
    // Its answers are nobody's else.
    kernel.strings.taken = { _ in }
    #expect(ring.lastProgress(of: 5, kernel.now()) == nil)
  }

  @Test("A descriptor that is lent too late is given back")
  func late() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    #expect(ring.ring.lastProgress(of: 5, kernel.now()) == nil)
    let asked = kernel.asked()
    kernel.tell(asked[0].data, 9)
    try ring.wait(until: kernel.now())
    let told = ring.next(&slots)
    #expect(told == nil && kernel.strings.closes == [9])
  }

  /// Answers for a peer of this kind.
  private func name(_ family: SocketAddress.Family, _ ring: Ring<PuppetKernel>) {
    let length = family == .v4 ? 16 : 28
    kernel.strings.taken = { [kernel] asked in
      let most = Int(asked.description.split(separator: " ").last ?? "") ?? 0
      guard most <= length else { return kernel.tell(asked.data, -22) }
      // AF_INET, AF_INET6; port 80.
      ring.address.storeBytes(of: family == .v4 ? 2 : 10, as: UInt16.self)
      ring.address.storeBytes(of: 80 << 8, toByteOffset: 2, as: UInt16.self)
      kernel.tell(asked.data, most)
    }
  }

  @Test("A peer's address is asked for with the length that the last one had")
  func names() throws {
    let ring = try ring(4)
    var asked: [Int] = []
    for family in [.v4, .v4, .v6, .v6, .v4] as [SocketAddress.Family] {
      name(family, ring)
      let found = ring.peerAddress(of: 5)
      #expect(found?.port == 80)
      asked.append(kernel.asked().count)
    }
    #expect(asked == [1, 1, 2, 1, 2])
    kernel.strings.taken = { [kernel] in kernel.tell($0.data, -9) }
    #expect(ring.peerAddress(of: 5) == nil)
  }

  @Test("What makes room for an answer is handed out in its turn, again and again")
  func parked() throws {
    var ring = try kernel.ring(crowded)
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 5)
    let data = ring.userData(.send, key)
    kernel.strings.taken = { [kernel] asked in
      if asked.description.hasPrefix("lend") { kernel.tell(asked.data, 9) }
    }
    for round in 0..<3 {
      slots[key.index].flags.insert(.sendInFlight)
      for number in 1...4 { kernel.tell(data, 10 * round + number) }
      let progress = ring.ring.lastProgress(of: 5, kernel.now())
      #expect(progress != nil)
      var holds = ring.holdsSends
      #expect(holds && ring.raw.pointee.parked == 4)
      kernel.tell(data, 10 * round + 5)
      try ring.wait(until: kernel.now())
      var told: [Int] = []
      while let completion = ring.next(&slots) { told.append(completion.value) }
      #expect(told == (1...5).map { 10 * round + $0 })
      try ring.wait(until: kernel.now())
      holds = ring.holdsSends
      #expect(!holds)
    }
  }

  @Test("What became of a send is told once, whether it was looked for before it made room or not")
  func parkedSends() throws {
    for isBetweenTurns in [false, true] {
      var ring = try kernel.ring(crowded)
      var slots = try SlotTable(capacity: 16)
      let keys = (5..<8 as Range<Int32>).map { number in
        let key = slots.take(descriptor: number)
        slots[key.index].flags = .sending
        return key
      }
      for key in keys { _ = ring.sendOutput(10, key, &slots) }
      let data = kernel.asked().map(\.data)
      kernel.strings.taken = { [kernel] in kernel.tell($0.data, 9) }
      if !isBetweenTurns { try ring.wait(until: kernel.now()) }
      for each in data { kernel.tell(each, 4) }
      kernel.tell(0, 0)
      try ring.wait(until: kernel.now())
      var told: [Key] = []
      if !isBetweenTurns, let first = ring.next(&slots) { told.append(first.key) }
      let progress = ring.ring.lastProgress(of: 5, kernel.now())
      #expect(progress != nil && ring.raw.pointee.parked > 0)
      for _ in 0..<3 {
        while let completion = ring.next(&slots) {
          #expect(completion.kind == .sentInPlace && completion.value == 6)
          told.append(completion.key)
        }
        try ring.wait(until: kernel.now())
      }
      #expect(told == keys)
      kernel.strings.taken = { _ in }
      _ = kernel.asked()
    }
  }

  // ------------------------------------------------------------------- the real kernel's

  /// Whether a number is a ring's descriptor.
  private func isRing(_ number: Int32) -> Bool {
    var name = [CChar](repeating: 0, count: 64)
    let count = readlink("/proc/self/fd/\(number)", &name, 64)
    let bytes = name.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self).contains("io_uring")
  }

  @Test("A ring of the real kernel's goes with its descriptor, and knows its operations")
  func real() {
    var numbers: [Int32] = []
    for _ in 0..<32 {
      // Where the kernel has none, or forbids it.
      guard let ring = try? Ring(entries: 4, completions: 8, system: Linux()) else { return }
      let raw = OpaquePointer(ring.raw)
      #expect(ring.system.ringSupports(raw, operation: 0).value == 1)
      #expect(ring.system.ringSupports(raw, operation: 255).value == 0)
      #expect(ring.system.ringRegisterItself(raw).value == 0)
      numbers.append(ring.raw.pointee.fd)
    }
    // Some may be other tests' by now.
    #expect(Set(numbers).count(where: isRing) < 16)
  }
}
