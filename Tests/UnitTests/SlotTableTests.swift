import TestSupport
import Testing

@testable import Switchboard

@Suite("Slots of connections")
struct SlotTableTests {
  @Test(
    "A key names its connection and no other, whatever comes and goes",
    arguments: 1...4 as ClosedRange<UInt64>)
  func model(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var slots = try SlotTable(capacity: 5)
    var living: [Key: Int32] = [:]
    var dead: [Key] = []
    for descriptor in 0..<400 as Range<Int32> {
      #expect(slots.isFull == (living.count == 5))
      if living.count < 5, Bool.random(using: &random) || living.isEmpty {
        let key = slots.take(descriptor: descriptor)
        #expect(living.keys.allSatisfy { $0.index != key.index }, "a slot in use was taken")
        living[key] = descriptor
        // One that was given back keeps nothing of its former connection.
        let slot = slots[key.index]
        #expect(slot.flags == .receiving && slot.backendBits == 0)
        #expect(slot.alarm == 0)
        #expect(slot.outbox == 0)
        #expect(slot.lastActive == 0)
        slots[key.index].flags = [.closed, .sending]
        slots[key.index].backendBits = .max
        #expect(slots[key.index].flags == [.closed, .sending])
        slots[key.index].alarm = 7
        slots[key.index].outbox = 9
      } else if let key = living.keys.sorted(by: { $0.index < $1.index }).randomElement(
        using: &random)
      {
        slots.giveBack(key)
        living[key] = nil
        dead.append(key)
        // Once more is nothing.
        slots.giveBack(key)
      }
      check(slots, living, dead)
    }
  }

  private func check(_ slots: borrowing SlotTable, _ living: [Key: Int32], _ dead: [Key]) {
    #expect(slots.count == living.count)
    #expect(slots.end <= 5)
    for (key, descriptor) in living {
      #expect(slots.contains(key) == true)
      #expect(slots.key(at: Int(key.index)) == key)
      #expect(slots[key.index].descriptor == descriptor)
    }
    for key in dead { #expect(slots.contains(key) == false) }
    var found = 0
    for index in 0..<6 where slots.key(at: index) != nil { found += 1 }
    #expect(found == living.count)
    #expect(slots.contains(Key(index: 5, generation: 1)) == false)
    #expect(slots.contains(Key(index: 0, generation: 0)) == false)
  }

  @Test("The slot given back last is taken first")
  func warmest() throws {
    var slots = try SlotTable(capacity: 4)
    var keys: [Key] = []
    for descriptor in 0..<4 as Range<Int32> { keys.append(slots.take(descriptor: descriptor)) }
    #expect(keys.map(\.index) == [0, 1, 2, 3])
    for place in [2, 0, 3] { slots.giveBack(keys[place]) }
    for index in [3, 0, 2] as [UInt32] { #expect(slots.take(descriptor: 9).index == index) }
    #expect(slots.end == 4)
  }
}

@Suite("Queue of a ring")
struct QueueTests {
  @Test("What waits comes in order, and what was taken is cleared away")
  func order() {
    var queue = Queue<Int>()
    var (added, taken) = (0, 0)
    #expect(queue.isEmpty)
    #expect(queue.popFirst() == nil)
    for round in 0..<200 {
      for _ in 0..<(round * 7 % 11) {
        queue.append(added)
        added += 1
      }
      for _ in 0..<(round * 5 % 9) {
        #expect(queue.popFirst() == (taken < added ? taken : nil))
        taken = min(taken + 1, added)
      }
      #expect(queue.count == added - taken)
      #expect(queue.isEmpty == (added == taken))
    }
    while let next = queue.popFirst() {
      #expect(next == taken)
      taken += 1
    }
    #expect(taken == added)
    #expect(queue.isEmpty)
  }

  @Test("That a send has ended is told where something waits for it, and noted elsewhere")
  func endSend() throws {
    let waits: [(Slot.Flags, UInt32)] = [
      (.closing, 0), (.closed, 0), (.wantsDrained, 0), ([], 1),
    ]
    for (flags, outbox) in waits {
      var slots = try SlotTable(capacity: 4)
      let key = slots.take(descriptor: 1)
      slots[key.index].flags.formUnion(flags.union(.sending))
      slots[key.index].outbox = outbox
      let isOver = slots.endSend(key)
      #expect(!isOver && slots[key.index].flags.contains(.sending))
    }
    var slots = try SlotTable(capacity: 4)
    let key = slots.take(descriptor: 1)
    slots[key.index].flags.formUnion([.sending, .pausedBySession, .peerEnded])
    let isOver = slots.endSend(key)
    #expect(isOver && slots[key.index].flags == [.receiving, .pausedBySession, .peerEnded])
  }
}
