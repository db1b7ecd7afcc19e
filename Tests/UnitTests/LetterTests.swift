import Synchronization
import Testing

@testable import Switchboard

@Suite("Letters")
struct LetterTests {
  /// How often a loop was woken.
  private final class Wakes: Sendable {
    let count = Atomic<Int>(0)
  }

  private func flag(_ wakes: Wakes) -> MailFlag {
    MailFlag { wakes.count.add(1, ordering: .relaxed) }
  }

  @Test("Letters come once and in order; a closed box takes none and keeps none")
  func order() {
    let box = MessageBox<Int>(mail: MailFlag {})
    for letter in 0..<100 {
      #expect(box.post(letter, to: Key(index: UInt32(letter % 3), generation: 1)))
    }
    let taken = box.take(atMost: .max)
    #expect(taken.map(\.message) == Array(0..<100))
    #expect(taken.allSatisfy { $0.key == Key(index: UInt32($0.message % 3), generation: 1) })
    #expect(box.take(atMost: .max).isEmpty)
    #expect(box.post(1, to: Key(rawValue: 0)))
    box.close()
    #expect(box.take(atMost: .max).isEmpty)
    #expect(!box.post(2, to: Key(rawValue: 0)))
    #expect(box.take(atMost: .max).isEmpty)
  }

  @Test("Letters are taken in portions, in order, and while some are left the loop looks again")
  func portions() {
    let flag = MailFlag {}
    let box = MessageBox<Int>(mail: flag)
    var (posted, taken) = (0, 0)
    for round in 0..<600 {
      // More come than go, then none.
      for _ in 0..<(round < 200 ? 300 : 0) {
        #expect(box.post(posted, to: Key(rawValue: 0)) == (posted - taken < 65536))
        posted += 1
      }
      guard flag.takeUp() else {
        #expect(posted == taken, "letters lie in the box, and nobody looks")
        break
      }
      let some = box.take()
      #expect(some.map(\.message) == Array(taken..<min(taken + 256, posted)))
      taken += some.count
    }
    #expect(taken == posted)
    #expect(taken == 60_000)
  }

  @Test("What lies in a box after a portion was taken goes when the box is closed")
  func closedBetween() {
    let box = MessageBox<Int>(mail: MailFlag {})
    for letter in 0..<1000 { #expect(box.post(letter, to: Key(rawValue: 0))) }
    #expect(box.take(atMost: 10).count == 10)
    box.close()
    #expect(box.take(atMost: .max).isEmpty)
  }

  @Test("A box holds as many letters as it says, and one more is refused")
  func limit() {
    let box = MessageBox<Int>(mail: MailFlag {})
    #expect(MessageBox<Int>.limit == 65536)
    for letter in 0..<65536 where !box.post(letter, to: Key(rawValue: 0)) {
      Issue.record("letter \(letter) was refused")
    }
    #expect(!box.post(0, to: Key(rawValue: 0)))
    #expect(box.take(atMost: .max).count == 65536)
    #expect(box.post(0, to: Key(rawValue: 0)))
  }

  @Test("Who sleeps is woken by the first letter, who is awake by none")
  func waking() {
    let wakes = Wakes()
    let flag = flag(wakes)
    #expect(!flag.takeUp())
    flag.raise()
    #expect(wakes.count.load(ordering: .relaxed) == 0)
    #expect(!flag.fallAsleep(), "asleep with a letter unread")
    flag.raise()
    #expect(wakes.count.load(ordering: .relaxed) == 0, "woken, and was awake")
    #expect(flag.takeUp())
    #expect(!flag.takeUp())
    #expect(flag.fallAsleep())
    flag.raise()
    flag.raise()
    #expect(wakes.count.load(ordering: .relaxed) == 1)
    #expect(flag.takeUp())
    #expect(flag.fallAsleep())
    #expect(!flag.takeUp())
    flag.raise()
    #expect(wakes.count.load(ordering: .relaxed) == 1, "woken, and was awake")
  }

  @Test("A letter refused wakes nobody")
  func refused() {
    let wakes = Wakes()
    let flag = flag(wakes)
    let box = MessageBox<Int>(mail: flag)
    box.close()
    #expect(flag.fallAsleep())
    #expect(!box.post(1, to: Key(rawValue: 0)))
    #expect(wakes.count.load(ordering: .relaxed) == 0)
  }

  @Test("Siblings drain and stop together")
  func siblings() throws {
    let (first, second, third) = (
      try LoopControl(system: Linux()), try LoopControl(system: Linux()),
      try LoopControl(system: Linux())
    )
    first.addSibling(second.waker)
    first.addSibling(third.waker)
    first.drainAll()
    for control in [first, second, third] { #expect(control.waker.request == .drain) }
    first.stopSiblings()
    #expect(first.waker.request == .drain)
    for control in [second, third] { #expect(control.waker.request == .stop) }
  }

  @Test("A handle is equal to one for the same connection of the same loop, and to no other")
  func handles() {
    let (box, other) = (MessageBox<Int>(mail: MailFlag {}), MessageBox<Int>(mail: MailFlag {}))
    let handle = ConnectionHandle(key: Key(index: 1, generation: 1), box: box)
    #expect(handle == ConnectionHandle(key: Key(index: 1, generation: 1), box: box))
    #expect(handle != ConnectionHandle(key: Key(index: 1, generation: 3), box: box))
    #expect(handle != ConnectionHandle(key: Key(index: 1, generation: 1), box: other))
    #expect(handle.hashValue == ConnectionHandle(key: handle.key, box: box).hashValue)
    let many = Set(
      (0..<64).map { ConnectionHandle(key: Key(index: $0, generation: 1), box: box).hashValue })
    #expect(many.count > 32, "handles of one loop have one hash")
  }
}
