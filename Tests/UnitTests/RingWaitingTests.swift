import Testing

@testable import Switchboard

/// When a ring sleeps, and when it must not.
@Suite("A ring waits")
struct RingWaitingTests {
  private let kernel = PuppetKernel.make()

  @Test("Only a signal makes it wait again; that it is late or there is no memory is no error")
  func entering() throws {
    let ring = try kernel.rawRing(4)
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
    let ring = try kernel.rawRing(4)
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
      var ring = try kernel.ring(.crowded)
      cause(&ring)
      let found = ring.owesWork
      #expect(found == owes, "\(name)")
      let count = kernel.strings.waits.count
      try ring.wait(until: kernel.now(), isHurried: false)
      #expect(kernel.strings.waits[count].least == 0, "\(name)")
    }
    try sleeps("starved") { $0.starve(key, &slots) }
    slots[key.index].flags = .receiving
    try sleeps("held") { $0.heldReady.append(key) }
    try sleeps("arrivals") {
      $0.arrivals.append(.init(file: 1, listener: 0))
      $0.setRoom(1, within: nil)
      _ = kernel.asked()
    }
    try sleeps("a completion") { _ in kernel.tell(0, 0) }
    try sleeps("parked") { $0.raw.pointee.parked = 1 }
    try sleeps("served", owes: false) { $0.served.append(.init(key: key, waitsFirst: false)) }
    try sleeps("paused", owes: false) { $0.paused.append(key) }
    try sleeps("hurried", owes: false) { $0.awaitsSends = true }
    // An entry is submitted by the wait; it shows only then what comes of it.
    let ring = try kernel.ring(.crowded)
    var owes = ring.owesWork
    #expect(!owes)
    ring.cancel(1)
    owes = ring.owesWork
    #expect(owes)
  }

  @Test("What found the completion queue full is waited for without sleep, and sends with it")
  func overflow() throws {
    var ring = try kernel.ring(.crowded)
    var slots = try SlotTable(capacity: 16)
    for _ in 0..<5 { kernel.tell(0, 0) }
    try ring.wait(until: kernel.now(), isHurried: false)
    var holds = ring.holdsSends
    #expect(holds)
    var nothing = ring.next(&slots)
    #expect(nothing == nil)
    var owes = ring.owesWork
    #expect(owes)
    try ring.wait(until: kernel.now(), isHurried: false)
    #expect(kernel.strings.waits.last?.least == 0)
    nothing = ring.next(&slots)
    #expect(nothing == nil)
    owes = ring.owesWork
    #expect(!owes)
    holds = ring.holdsSends
    #expect(!holds)
    // One that is parked, or not submitted.
    ring.raw.pointee.parked = 1
    try ring.wait(until: kernel.now(), isHurried: false)
    holds = ring.holdsSends
    #expect(holds)
    ring.raw.pointee.parked = 0
    ring.cancel(1)
    kernel.strings.refusal = .wouldBlock
    try ring.wait(until: kernel.now(), isHurried: false)
    holds = ring.holdsSends
    #expect(holds)
  }

  @Test("A long time of small turns gives a ring its smallest buffers again")
  func quiet() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 5)
    ring.starve(key, &slots)
    for _ in 0..<4200 { try ring.wait(until: kernel.now(), isHurried: false) }
    let tier = ring.buffers.tier
    #expect(tier == 0)
  }

  @Test("Descriptors of the loop's own are watched, again when that has ended, each as what it is")
  func watching() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    try ring.watch(Descriptor(rawValue: 7), .woken)
    try ring.watch(Descriptor(rawValue: 8), .signalled)
    try ring.watch(Descriptor(rawValue: 9), .attempted)
    let asked = kernel.asked()
    #expect(asked.map(\.description) == ["poll on 7", "poll on 8", "poll on 9"])
    let kinds: [Completion.Kind] = [.woken, .signalled, .attempted]
    for (index, kind) in kinds.enumerated() {
      for more in [true, false] {
        kernel.tell(asked[index].data, 1, more: more)
        try ring.wait(until: kernel.now(), isHurried: false)
        let told = ring.next(&slots)
        #expect(told?.kind == kind)
        let nothing = ring.next(&slots)
        #expect(nothing == nil)
        #expect(kernel.words == (more ? [] : ["poll on \(7 + index)"]))
      }
    }
  }
}
