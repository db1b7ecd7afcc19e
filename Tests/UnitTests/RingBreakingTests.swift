import Testing

@testable import Switchboard

/// What a ring hears of connections that are not received from, and how it finishes them.
@Suite("A ring hears of breaks and finishes")
struct RingBreakingTests {
  private let kernel = PuppetKernel.make()

  private func key(
    _ number: Int32, _ flags: Slot.Flags, _ pending: Slot.Pending = [], in slots: inout SlotTable
  ) -> Key {
    let key = slots.take(descriptor: number)
    slots[key.index].flags = flags
    slots[key.index].pending = pending
    return key
  }

  // ----------------------------------------------------------------------------- pausing

  @Test("Who stopped receiving and still does not has its hang-up polled for, once")
  func watching() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let keys = [
      key(5, [], in: &slots), key(6, .receiving, in: &slots), key(7, .closed, in: &slots),
      key(8, [], .reason, in: &slots), key(9, [], .hangUp, in: &slots),
    ]
    ring.paused = keys.reversed()
    ring.watchPaused(&slots)
    #expect(kernel.words == ["hang-up 5", "ask 8"])
    #expect(keys.map { slots[$0.index].pending } == [.hangUp, [], [], [], .hangUp])
    ring.paused = [keys[0]]
    ring.watchPaused(&slots)
    #expect(kernel.words == [])
  }

  @Test("Who is gone has nothing polled for, nor who has come in its place")
  func gone() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let old = key(5, [], in: &slots)
    slots.giveBack(old)
    let new = key(6, [], in: &slots)
    ring.paused = [old]
    ring.watchPaused(&slots)
    #expect(kernel.words == [] && slots[new.index].pending == [])
    let told = ring.hungUp(ring.userData(.hangUp, old), 0x10, 0, &slots)
    #expect(told == nil && kernel.words == [] && slots[new.index].pending == [])
  }

  /// What is known of a connection and what is told of it; what is asked then, what is still to come, and
  /// whether it waits to be watched again.
  private struct Break {
    var flags: Slot.Flags = []
    var pending: Slot.Pending = .hangUp
    var result: Int32
    var isLast = false
    var asked: [String] = []
    var then: Slot.Pending
    var isPaused = false
  }

  @Test("What broke while nobody received is asked why; what is received from tells by itself")
  func breaks() throws {
    let table = [
      Break(result: 0x10, asked: ["ask 5"], then: .hangUp),
      Break(result: 0x8, asked: ["ask 5"], then: .hangUp),
      Break(result: 0x18, isLast: true, asked: ["ask 5"], then: []),
      Break(pending: [.hangUp, .reason], result: 0x10, asked: ["ask 5"], then: .hangUp),
      // The peer has finished, which it learns when it receives.
      Break(result: 0x2001, then: .hangUp),
      Break(result: 0x2001, isLast: true, then: [], isPaused: true),
      Break(result: 0, isLast: true, then: [], isPaused: true),
      Break(flags: .receiving, result: 0x2001, isLast: true, then: []),
      Break(flags: .receiving, result: 0x10, then: [.hangUp, .reason]),
      Break(flags: .closed, result: 0x10, then: .hangUp),
      Break(result: -125, isLast: true, then: []),
      Break(result: -22, then: .hangUp),
    ]
    for each in table {
      var ring = try kernel.ring()
      var slots = try SlotTable(capacity: 16)
      let key = key(5, each.flags, each.pending, in: &slots)
      let told = ring.hungUp(
        ring.userData(.hangUp, key), each.result, each.isLast ? 0 : 2, &slots)
      #expect(told == nil)
      #expect(kernel.words == each.asked, "\(each)")
      #expect(slots[key.index].pending == each.then, "\(each)")
      #expect(slots[key.index].flags == each.flags, "\(each)")
      let isPaused = !ring.paused.isEmpty
      #expect(isPaused == each.isPaused, "\(each)")
    }
  }

  @Test(
    "Why it broke is told; where nothing is known, it was reset",
    arguments: [(-110, 110), (-32, 32), (-4, 104), (-11, 104), (0, 104), (1, 104)])
  func why(_ result: Int32, _ errno: Int) throws {
    let ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let key = key(5, [], in: &slots)
    let told = ring.broke(ring.userData(.ask, key), result, slots)
    #expect(told?.kind == .receiveFailed && told?.key == key && told?.value == errno)
  }

  // --------------------------------------------------------------------------- finishing

  @Test("Where the kernel can create no thread, connections are finished by a call")
  func workers() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let keys = [key(5, [], in: &slots), key(6, [], in: &slots)]
    ring.shutdownSending(keys[0], &slots)
    let data = kernel.asked().map(\.data)
    #expect(data == [ring.userData(.shutdown, keys[0])])
    var told = ring.halfClosed(data[0], -5, &slots)
    #expect(told == nil && kernel.words == ["lend 5"])
    ring.shutdownSending(keys[1], &slots)
    #expect(kernel.words == ["finish 6"])
    told = ring.halfClosed(data[0], -125, &slots)
    let lent = kernel.asked()
    #expect(told == nil && lent.map(\.description) == ["lend 5"])
    ring.shutdownSending(keys[1], &slots)
    #expect(kernel.words == ["lend 6"])
    for descriptor in [-24, 0, 9] as [Int32] {
      _ = ring.installed(lent[0].data, descriptor, slots)
    }
    #expect(kernel.strings.finished == [0, 9] && kernel.strings.closes == [0, 9])
    // It is gone meanwhile.
    slots.giveBack(keys[0])
    _ = ring.installed(lent[0].data, 9, slots)
    #expect(kernel.strings.finished == [0, 9] && kernel.strings.closes == [0, 9, 9])
  }

  @Test("A closed connection's number goes when its half-close has ended, however that ended")
  func halfClosing() throws {
    for result in [0, -107, -5, -125] as [Int32] {
      var ring = try kernel.ring()
      var slots = try SlotTable(capacity: 16)
      let key = key(5, [], in: &slots)
      ring.shutdownSending(key, &slots)
      let data = kernel.asked()[0].data
      slots[key.index].flags.insert(.closed)
      let isGone = ring.close(key, &slots)
      // There is nothing that could be cancelled.
      #expect(!isGone && kernel.words == [])
      let told = ring.halfClosed(data, result, &slots)
      #expect(told?.kind == .closed && told?.key == key && kernel.words == ["close 5"])
      // That it was given up together with its connection says nothing of the kernel's threads.
      let next = self.key(6, [], in: &slots)
      ring.shutdownSending(next, &slots)
      #expect(kernel.words == ["finish 6"])
    }
  }

  @Test("Of a half-close and a receive the later one gives the number back")
  func halfClosingWithReceive() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let key = key(5, [], .receive, in: &slots)
    ring.shutdownSending(key, &slots)
    let data = kernel.asked()[0].data
    slots[key.index].flags.insert(.closed)
    let isGone = ring.close(key, &slots)
    #expect(!isGone && kernel.asked().count == 1)
    var told = ring.received(ring.userData(.receive, key), -125, 0, &slots)
    #expect(told == nil && kernel.words == [])
    told = ring.halfClosed(data, 0, &slots)
    #expect(told?.kind == .closed && kernel.words == ["close 5"])
  }

  @Test("Who is gone or not connected any more is not finished apart")
  func nobody() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let keys = [key(5, [], in: &slots), key(7, [], in: &slots)]
    slots.giveBack(keys[1])
    for (key, result) in [(keys[0], -107), (keys[1], -5)] as [(Key, Int32)] {
      let told = ring.halfClosed(ring.userData(.shutdown, key), result, &slots)
      #expect(told == nil)
    }
    ring.shutdownSending(keys[0], &slots)
    #expect(kernel.words == ["finish 5"])
  }
}
