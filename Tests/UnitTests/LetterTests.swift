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

  /// Something that can be seen to go.
  private final class Burden: Sendable {}

  @Test("What was taken is kept no longer, in portions or at once", arguments: [1, 2, 3, 6, .max])
  func kept(_ portion: Int) {
    let box = MessageBox<Burden>(mail: MailFlag {})
    weak var first: Burden?
    do {
      let burden = Burden()
      first = burden
      for _ in 0..<6 { #expect(box.post(burden, to: Key(rawValue: 0))) }
    }
    for _ in 0..<(portion == .max ? 1 : 6 / portion) { _ = box.take(atMost: portion) }
    #expect(first == nil)
  }

  @Test("Whoever takes one has the others left, and the loop looks again for a single one")
  func one() {
    let flag = MailFlag {}
    let box = MessageBox<Int>(mail: flag)
    for letter in 0..<3 { #expect(box.post(letter, to: Key(rawValue: 0))) }
    #expect(flag.takeUp())
    #expect(box.take(atMost: 1).map(\.message) == [0])
    #expect(flag.takeUp())
    #expect(box.take(atMost: 1).map(\.message) == [1])
    #expect(flag.takeUp(), "one is left")
    #expect(box.take(atMost: 1).map(\.message) == [2])
    #expect(!flag.takeUp())
    for letter in 0..<3 { #expect(box.post(letter, to: Key(rawValue: 0))) }
    #expect(box.take(atMost: 1).map(\.message) == [0])
    #expect(box.take(atMost: .max).map(\.message) == [1, 2])
  }

  private final class Log { var calls: [String] = [] }

  private struct Reader: Session {
    var log = Log()
    mutating func opened(_ connection: inout Connection) { log.calls.append("opened") }
    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
      log.calls.append("received \(bytes.count)")
    }
    mutating func drained(_ connection: inout Connection) { log.calls.append("drained") }
    mutating func ended(_ connection: inout Connection) { log.calls.append("ended") }
    mutating func elapsed(_ connection: inout Connection) { log.calls.append("elapsed") }
    mutating func draining(_ connection: inout Connection) { log.calls.append("draining") }
    mutating func posted(_ message: Burden, _ connection: inout Connection) {
      log.calls.append("posted")
    }
    mutating func closed(_ reason: CloseReason) { log.calls.append("closed \(reason)") }
  }

  @Test("Each call reaches its session, and no other")
  func calls() throws {
    let box = MessageBox<Burden>(mail: MailFlag {})
    let (log, others) = (Log(), Log())
    var isFirst = true
    let sessions = try Sessions(capacity: 2, box: box) { _ in
      defer { isFirst = false }
      return Reader(log: isFirst ? log : others)
    }
    var connection = Connection(
      loop: LoopContext(box: box),
      handle: LoopHandle(
        jobs: MessageBox(mail: MailFlag {}), requests: MessageBox(mail: MailFlag {})),
      now: Instant(nanoseconds: 0), limit: 10)
    sessions.open(1, &connection)
    sessions.open(0, &connection)
    sessions.received(1, [1, 2, 3].span, &connection)
    sessions.drained(1, &connection)
    sessions.elapsed(1, &connection)
    #expect(box.post(Burden(), to: Key(rawValue: 7)))
    #expect(sessions.collectMail() == 1)
    sessions.deliver(0, 1, &connection)
    sessions.draining(1, &connection)
    sessions.ended(1, &connection)
    sessions.close(1, .idle)
    #expect(
      log.calls == [
        "opened", "received 3", "drained", "elapsed", "posted", "draining", "ended",
        "closed \(CloseReason.idle)",
      ])
    #expect(others.calls == ["opened"])
    sessions.close(0, .stopped)
  }

  @Test("Sessions keep no letter that was delivered, and take none when their mail is closed")
  func delivered() throws {
    let box = MessageBox<Burden>(mail: MailFlag {})
    let sessions = try Sessions(capacity: 1, box: box) { _ in Reader() }
    weak var first: Burden?
    do {
      let burden = Burden()
      first = burden
      #expect(box.post(burden, to: Key(rawValue: 7)))
    }
    #expect(sessions.collectMail() == 1)
    #expect(sessions.addressee(0) == Key(rawValue: 7))
    #expect(first != nil)
    sessions.dropMail()
    #expect(first == nil)
    #expect(box.post(Burden(), to: Key(rawValue: 7)))
    sessions.closeMail()
    #expect(!box.post(Burden(), to: Key(rawValue: 7)))
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
