import Testing

@testable import Switchboard

/// A mechanism that tells of everything in every wait, or of changes only.
protocol PollerKind { static var isEdge: Bool { get } }
enum LevelKind: PollerKind { static var isEdge: Bool { false } }
enum EdgeKind: PollerKind { static var isEdge: Bool { true } }

/// A poller that tells what a test says.
struct ScriptedPoller<Kind: PollerKind>: Poller, ~Copyable {
  typealias System = ScriptedKernel
  final class Script {
    var events: [Event] = []
    var sets: [String] = []
    var deadlines: [Instant?] = []
    var failure: Errno?
  }
  static var name: String { "scripted" }
  static var forgetsClosedDescriptors: Bool { false }
  static var reportsChangesOnly: Bool { Kind.isEdge }
  let script: Script

  init(_ script: Script) { self.script = script }
  init(system: ScriptedKernel) { script = Script() }

  mutating func set(
    _ descriptor: Descriptor, _ interest: Interest?, was old: Interest?, key: Key
  ) throws(RegistrationError) {
    let words = [old, interest].map { $0.map(\.description) ?? "none" }
    script.sets.append("\(descriptor): \(words[0]) to \(words[1])")
    if let failure = script.failure { throw .system(SystemError(.epollControl, failure)) }
  }
  mutating func wait(until deadline: Instant?, into events: inout EventBuffer) {
    script.deadlines.append(deadline)
    events.removeAll()
    for event in script.events { events.append(event.key, event.readiness) }
    script.events = []
  }
}

/// What a backend over a poller tells, and what it asks for, step by step.
@Suite("A backend over a poller")
struct ProactorTests {
  /// One with its poller, its kernel and its slots.
  private final class Bench<Kind: PollerKind> {
    let poller = ScriptedPoller<Kind>.Script()
    let kernel = ScriptedKernel()
    var proactor: Proactor<ScriptedPoller<Kind>>
    var slots: SlotTable
    var script: ScriptedKernel.Script { kernel.script }
    var owesWork: Bool { proactor.owesWork }

    init(acceptBudget: Int = 64, listeners: Int = 0, _ kind: Kind.Type = Kind.self) throws {
      proactor = try Proactor(
        poller: ScriptedPoller<Kind>(poller), acceptBudget: acceptBudget, system: kernel)
      slots = try SlotTable(capacity: 16)
      for number in 0..<Int32(listeners) { try proactor.listen(Descriptor(rawValue: number)) }
      poller.sets = []
    }

    /// A connection of that number.
    func open(_ number: Int32 = 50) throws -> Key {
      let key = slots.take(descriptor: number)
      try proactor.open(key, &slots)
      poller.sets = []
      return key
    }

    /// A turn that brings these events: what is told in it.
    func turn(_ events: (Key, Readiness)...) throws -> [String] {
      poller.events = events.map { Event(key: $0.0, readiness: $0.1) }
      try proactor.wait(until: nil, isHurried: false)
      return rest()
    }

    func rest() -> [String] {
      var told: [String] = []
      while let completion = next() { told.append(completion) }
      return told
    }

    func next() -> String? {
      proactor.next(&slots).map { "\($0.kind) \($0.value)" }
    }

    func setReceiving(_ on: Bool, _ key: Key) { proactor.setReceiving(on, key, &slots) }
    func listener(_ index: UInt32) -> Key {
      Registration.listener(Key(index: index, generation: 0)).key
    }
    func noted(_ key: Key) -> Slot.Noted { slots[key.index].noted }
  }

  private static var full: Outcome { .value(65536) }

  // --------------------------------------------------------------------------- accepting

  @Test("Listeners are watched again in turn, behind the one that was accepted from last")
  func listenersInTurn() throws {
    let bench = try Bench<LevelKind>(listeners: 3)
    bench.proactor.setRoom(5, within: nil)
    #expect(bench.poller.sets == [])
    bench.script.accepts = [.value(70)]
    #expect(try bench.turn((bench.listener(1), .read)) == ["accepted 70"])
    bench.proactor.setRoom(0, within: nil)
    #expect(bench.poller.sets == ["2: R to none", "0: R to none", "1: R to none"])
    bench.poller.sets = []
    bench.proactor.setRoom(1, within: nil)
    bench.proactor.setRoom(2, within: nil)
    #expect(bench.poller.sets == ["2: none to R", "0: none to R", "1: none to R"])
  }

  @Test("A listener that cannot be watched again is told, without a sleep, and tried again")
  func refusal() throws {
    let bench = try Bench<LevelKind>(listeners: 2)
    bench.proactor.setRoom(0, within: nil)
    bench.poller.failure = .outOfMemory
    bench.proactor.setRoom(5, within: nil)
    #expect(try bench.turn() == ["acceptFailed \(Errno.outOfMemory.rawValue)"])
    #expect(bench.poller.deadlines == [Instant(nanoseconds: 0)])
    bench.poller.failure = nil
    bench.poller.sets = []
    bench.proactor.setRoom(5, within: nil)
    #expect(bench.poller.sets == ["0: none to R", "1: none to R"])
    #expect(try bench.turn() == [])
    #expect(bench.poller.deadlines.last == .some(nil))
  }

  @Test("A listener for which there was no descriptor comes first when there is one again")
  func wanting() throws {
    let bench = try Bench<LevelKind>(listeners: 3)
    let listeners = (0..<3 as Range<UInt32>).map { bench.listener($0) }
    let all = listeners.map { ($0, Readiness.read) }
    bench.proactor.setRoom(9, within: nil)
    bench.script.accepts = [.value(70), .failure(.descriptorLimit)]
    let told = try bench.turn(all[0], all[1], all[2])
    #expect(told == ["accepted 70", "acceptFailed \(Errno.descriptorLimit.rawValue)"])
    // Nobody else is tried in that turn.
    #expect(bench.script.accepted == [0, 1])
    bench.proactor.setRoom(9, within: nil)
    bench.script.accepts = [.value(71), .value(72), .failure(.wouldBlock)]
    _ = try bench.turn(all[0], all[1], all[2])
    #expect(bench.script.accepted.prefix(4) == [0, 1, 1, 2])
  }

  @Test("Where other loops have taken the place meanwhile, nobody is accepted, and no turn is lost")
  func noPlace() throws {
    let bench = try Bench<LevelKind>(listeners: 2)
    let all = (0..<2 as Range<UInt32>).map { (bench.listener($0), Readiness.read) }
    let places = Places(limit: 2, loops: 2)
    bench.proactor.setRoom(9, within: places)
    #expect(places.take() && places.take())
    #expect(try bench.turn(all[0], all[1]) == [] && bench.script.accepted == [])
    for _ in 0..<2 { places.giveBack() }
    bench.proactor.setRoom(9, within: places)
    bench.script.accepts = [.failure(.wouldBlock), .failure(.wouldBlock)]
    #expect(try bench.turn(all[0], all[1]) == [])
    #expect(bench.script.accepted == [0, 1] && places.room(upTo: 9) == 2)
    // Who has nobody waiting is asked once, however much room there is.
    bench.proactor.setRoom(9, within: nil)
    bench.script.accepts = [.failure(.wouldBlock), .failure(.wouldBlock)]
    #expect(try bench.turn(all[0], all[1]) == [] && bench.script.accepted == [0, 1, 0, 1])
  }

  @Test("Who waits beyond a turn's budget is accepted when the listener tells of it again")
  func budget() throws {
    let bench = try Bench<LevelKind>(acceptBudget: 1, listeners: 2)
    bench.proactor.setRoom(9, within: nil)
    bench.script.accepts = [.value(70), .value(71)]
    let listeners = [bench.listener(0), bench.listener(1)]
    #expect(try bench.turn((listeners[0], .read), (listeners[1], .read)) == ["accepted 70"])
    bench.proactor.setRoom(9, within: nil)
    #expect(try bench.turn() == [])
    #expect(bench.script.accepted == [0])
    bench.proactor.setRoom(9, within: nil)
    #expect(try bench.turn((listeners[1], .read)) == ["accepted 71"])
    #expect(bench.script.accepted == [0, 1])
  }

  // ---------------------------------------------------------------------------- closing

  @Test("What was watched last is said when it is watched no more")
  func closing() throws {
    for (interest, word) in [(true, "RW"), (false, "W")] {
      let bench = try Bench<LevelKind>()
      let key = try bench.open()
      bench.script.sends = [.value(3)]
      _ = bench.proactor.send(.written(10), atMost: .max, key, &bench.slots)
      #expect(bench.poller.sets == ["50: R to RW"])
      if !interest { bench.setReceiving(false, key) }
      bench.poller.sets = []
      #expect(bench.proactor.close(key, &bench.slots))
      #expect(bench.poller.sets == ["50: \(word) to none"])
    }
  }

  // ----------------------------------------------------------------------------- sending

  private func sending<Kind: PollerKind>(_ kind: Kind.Type) throws {
    let bench = try Bench<Kind>()
    let key = try bench.open()
    // Room that nobody waits for.
    bench.script.receives = [.value(5)]
    #expect(try bench.turn((key, [.read, .write])) == ["received 5"])
    #expect(try bench.turn((key, .write)) == [])
    #expect(bench.script.received == [50])
    bench.script.sends = [.failure(.wouldBlock)]
    _ = bench.proactor.send(.written(10), atMost: .max, key, &bench.slots)
    // Somebody does, and there is none.
    bench.script.receives = [.value(6)]
    #expect(try bench.turn((key, .read)) == ["received 6"])
    #expect(try bench.turn((key, .write)) == ["sent 0"])
    #expect(bench.script.received == [50, 50])
    // First what is owed.
    bench.script.receives = [.value(7)]
    #expect(try bench.turn((key, [.read, .write])) == ["sent 0", "received 7"])
    #expect(try bench.turn((key, .hangUp)).first == "sent 0")
  }

  @Test("That there is room is told to those alone who wait for it, and nothing is received for it")
  func room() throws {
    try sending(LevelKind.self)
    try sending(EdgeKind.self)
  }

  // -------------------------------------------------------------------------- a break

  private func breaks<Kind: PollerKind>(_ kind: Kind.Type) throws {
    for (answer, errno) in [
      (Outcome.value(0), Errno.connectionReset), (.value(1), Errno(rawValue: 1)),
      (.value(110), .timedOut), (.failure(.badDescriptor), .badDescriptor),
    ] {
      let bench = try Bench<Kind>()
      let key = try bench.open()
      bench.setReceiving(false, key)
      bench.script.error = answer
      #expect(try bench.turn((key, .read)) == [])
      #expect(try bench.turn((key, .hangUp)) == ["receiveFailed \(errno.rawValue)"])
      #expect(bench.script.received == [])
    }
  }

  @Test("That a connection broke is told also while it is not received from, and why")
  func broken() throws {
    try breaks(LevelKind.self)
    try breaks(EdgeKind.self)
  }

  @Test("Of a break behind the last bytes hears who stops reading at them, whenever it was told")
  func brokenBehind() throws {
    for isTogether in [true, false] {
      let bench = try Bench<EdgeKind>()
      let key = try bench.open()
      bench.script.receives = [Self.full]
      #expect(try bench.turn((key, isTogether ? [.read, .hangUp] : .read)) == ["received 65536"])
      if !isTogether {
        // It stands in the list, where its turn comes at the end.
        bench.poller.events = [Event(key: key, readiness: [.read, .hangUp])]
        bench.script.receives = [Self.full]
        try bench.proactor.wait(until: nil, isHurried: false)
        #expect(bench.next() == "received 65536")
      }
      bench.setReceiving(false, key)
      #expect(bench.rest() == [])
      #expect(try bench.turn() == ["receiveFailed \(Errno.connectionReset.rawValue)"])
      #expect(try bench.turn() == [])
    }
  }

  // ------------------------------------------------------------------- more to receive

  @Test("Who filled the buffer, and no other, is received from in the next turn without a sleep")
  func more() throws {
    for (count, isMore) in [(65536, true), (65535, false), (1, false)] {
      let bench = try Bench<EdgeKind>()
      let key = try bench.open()
      bench.script.receives = [.value(count)]
      #expect(try bench.turn((key, .read)) == ["received \(count)"])
      #expect(bench.owesWork)
      bench.script.receives = [.value(9)]
      #expect(try bench.turn() == (isMore ? ["received 9"] : []))
      #expect(bench.poller.deadlines.last == .some(isMore ? Instant(nanoseconds: 0) : nil))
      // Whether that was all shows when it blocks.
      #expect(try bench.turn() == [])
      #expect(!bench.owesWork && !bench.noted(key).contains(.readable))
      #expect(bench.script.received.count == (isMore ? 3 : 1))
    }
  }

  @Test("What has its end or urgent bytes behind it is received from until it blocks")
  func behind() throws {
    for readiness in [.ended, .urgent, .hangUp] as [Readiness] {
      let bench = try Bench<EdgeKind>()
      let key = try bench.open()
      bench.script.receives = [.value(5), .value(6)]
      #expect(try bench.turn((key, readiness.union(.read))) == ["received 5"])
      #expect(try bench.turn() == ["received 6"])
      #expect(bench.noted(key).contains(.readable))
      #expect(try bench.turn() == [])
      #expect(!bench.noted(key).contains(.readable) && !bench.owesWork)
    }
  }

  @Test("A connection has one place in the list, however often it stops and goes on")
  func onePlace() throws {
    let bench = try Bench<EdgeKind>()
    let key = try bench.open()
    bench.script.receives = [Self.full]
    #expect(try bench.turn((key, .read)) == ["received 65536"])
    for _ in 0..<3 {
      bench.setReceiving(false, key)
      bench.setReceiving(true, key)
    }
    bench.script.receives = [Self.full, Self.full, .value(5)]
    // It is told of as well.
    #expect(try bench.turn((key, .read)) == ["received 65536"])
    #expect(try bench.turn() == ["received 65536"])
    #expect(try bench.turn() == ["received 5"])
  }

  @Test("What came while it was not received from is received when it goes on")
  func goesOn() throws {
    let bench = try Bench<EdgeKind>()
    let key = try bench.open()
    bench.setReceiving(false, key)
    #expect(try bench.turn((key, .read)) == [])
    #expect(try bench.turn() == [])
    bench.script.receives = [.value(5)]
    bench.setReceiving(true, key)
    #expect(bench.owesWork)
    #expect(try bench.turn() == ["received 5"])
    #expect(try bench.turn() == [])
    bench.setReceiving(false, key)
    bench.setReceiving(true, key)
    #expect(!bench.owesWork)
  }

  @Test("Who is gone before its turn in the list is not received from")
  func gone() throws {
    let bench = try Bench<EdgeKind>()
    let key = try bench.open()
    bench.script.receives = [Self.full]
    #expect(try bench.turn((key, .read)) == ["received 65536"])
    #expect(bench.proactor.close(key, &bench.slots))
    bench.slots.giveBack(key)
    #expect(try bench.turn((key, [.read, .write, .hangUp])) == [])
    let other = try bench.open(51)
    #expect(other.index == key.index && bench.script.received == [50])
    #expect(try bench.turn((key, [.read, .write, .hangUp])) == [])
    #expect(bench.script.received == [50])
  }

  @Test("While it was told of anything a turn may have more behind it")
  func owes() throws {
    let bench = try Bench<LevelKind>()
    #expect(!bench.owesWork)
    let key = try bench.open()
    #expect(try bench.turn((key, .write)) == [])
    #expect(bench.owesWork)
    #expect(try bench.turn() == [])
    #expect(!bench.owesWork)
  }
}
