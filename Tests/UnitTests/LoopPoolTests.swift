import Testing

@testable import Switchboard

/// What a loop's part of a pool has done, by table and in virtual time.
@Suite("A loop's pool") struct LoopPoolTests {
  private let turns = PoolTurns()
  private let pool: LoopPool

  private init(targets: Int = 1, _ change: (inout UpstreamPoolOptions) -> Void = { _ in }) {
    var options = UpstreamPoolOptions()
    change(&options)
    let places = (0..<targets).map { ConnectTarget.host("\($0)", port: 1) }
    pool = LoopPool(UpstreamPool(Upstreams(places), options: options), turns)
    turns.begin(at(0))
  }

  init() { self.init(targets: 1) }

  private func at(_ milliseconds: UInt64) -> Instant {
    Instant(nanoseconds: (1_000_000 + milliseconds) * 1_000_000)
  }
  private func key(_ number: UInt32) -> Key { Key(index: number, generation: 1) }

  /// Ends a turn: all that is to be done. The next one begins at a time.
  private func turn(owesWork: Bool = false, then next: UInt64 = 0) -> [LoopPool.Step] {
    turns.end(owesWork: owesWork)
    var steps: [LoopPool.Step] = []
    while let step = pool.next() { steps.append(step) }
    turns.begin(at(next))
    return steps
  }

  /// One that somebody has used and given back in the turn before.
  private func used(_ number: UInt32) {
    #expect(pool.ask(key(100)) == nil)
    #expect(turn() == [.connect(0)])
    pool.opened(key(number), to: 0, turns.now)
    #expect(turn() == [])
    #expect(turn() == [.handOut(key(number), to: key(100))])
    #expect(pool.giveBack(key(number), isFit: true))
    #expect(turn() == [])
  }

  @Test("Nothing is handed out in the turn in which it was asked for, or given back")
  func turnsPass() {
    used(1)
    #expect(pool.ask(key(101)) == nil)
    #expect(turn() == [])
    #expect(pool.isHurried)
    #expect(turn() == [.handOut(key(1), to: key(101))])
    #expect(!pool.isHurried)
    #expect(pool.ask(key(102)) == nil)
    #expect(turn() == [.connect(0)])
    #expect(pool.giveBack(key(1), isFit: true))
    #expect(turn() == [])
    #expect(turn() == [.handOut(key(1), to: key(102))])
  }

  @Test("A backend that owes something is waited for, and not for ever")
  func owing() {
    used(1)
    #expect(pool.ask(key(101)) == nil)
    for _ in 0..<PoolTurns.mostOwed { #expect(turn(owesWork: true) == []) }
    #expect(turn(owesWork: true) == [.handOut(key(1), to: key(101))])
  }

  @Test("What has gone while it was idle is not handed out")
  func gone() {
    used(1)
    #expect(pool.ask(key(101)) == nil)
    #expect(turn() == [])
    pool.closed(key(1))
    #expect(turn() == [.connect(0)])
  }

  @Test("Who waits too long is told, in time, and who leaves is not")
  func waiting() {
    let tests = LoopPoolTests { options in
      options.waitTimeout = .milliseconds(100)
      options.mostWaiting = 2
    }
    #expect(tests.pool.ask(key(1)) == nil)
    #expect(tests.pool.ask(key(2)) == nil)
    #expect(tests.pool.ask(key(3)) == .tooManyWait(2))
    #expect(tests.turn(then: 50) == [.connect(0), .connect(0)])
    tests.pool.forget(key(1))
    #expect(tests.pool.ask(key(3)) == nil)
    #expect(tests.pool.deadline == tests.at(100))
    #expect(tests.turn(then: 100) == [])
    let told = LoopPool.Step.refuse(key(2), .noPartner(.timedOut(.milliseconds(100))))
    #expect(tests.turn() == [told])
    #expect(tests.pool.deadline == tests.at(150))
  }

  @Test("Each server is tried once for somebody, and then it is told why the last one failed")
  func failing() {
    let tests = LoopPoolTests(targets: 2)
    #expect(tests.pool.ask(key(1)) == nil)
    #expect(tests.turn() == [.connect(0)])
    let (first, last) = (CloseReason.idle, CloseReason.aborted)
    tests.pool.attemptEnded(0, first)
    #expect(tests.turn() == [.connect(1)])
    tests.pool.attemptEnded(1, last)
    #expect(tests.turn() == [.refuse(key(1), last)])
    #expect(tests.turn() == [])
    #expect(tests.pool.pool.upstreams.connections == [0, 0])
  }

  @Test("Idle ones are closed in time, and what was made for somebody is there for him")
  func closing() {
    let tests = LoopPoolTests { options in
      options.idleTimeout = .milliseconds(100)
      options.greatestAge = .nanoseconds(1)
    }
    #expect(tests.pool.ask(key(100)) == nil)
    #expect(tests.turn() == [.connect(0)])
    tests.pool.opened(key(1), to: 0, tests.turns.now)
    #expect(tests.turn(then: 200) == [])
    #expect(tests.turn(then: 200) == [.handOut(key(1), to: key(100))])
    #expect(!tests.pool.giveBack(key(1), isFit: true))
    tests.pool.closed(key(1))
    #expect(tests.pool.pool.upstreams.connections == [0])
  }

  @Test("A drain closes idle ones when nobody waits")
  func draining() {
    used(1)
    #expect(!pool.isHurried)
    pool.drain()
    #expect(pool.isHurried)
    #expect(pool.ask(key(101)) == nil)
    #expect(turn() == [])
    #expect(turn() == [.handOut(key(1), to: key(101))])
    #expect(pool.giveBack(key(1), isFit: true))
    #expect(turn() == [.close(key(1))])
    #expect(pool.deadline == nil)
  }

  @Test("A line keeps its order whoever leaves, and forgets who has")
  func line() {
    var line = AskerLine()
    func add(_ number: UInt32) {
      line.add(AskerLine.Asker(key: key(number), turn: 1, deadline: at(UInt64(number))))
    }
    for number in 0..<1000 as Range<UInt32> { add(number) }
    for number in 0..<1000 as Range<UInt32> where number % 3 != 0 { line.remove(key(number)) }
    // Who comes again stands at the end.
    line.remove(key(0))
    add(0)
    #expect(line.count == 334)
    var order: [UInt32] = []
    while let first = line.first {
      order.append(first.key.index)
      line.remove(first.key)
    }
    #expect(order == (1..<334).map { $0 * 3 } + [0])
    #expect(line.isEmpty && line.fail(0) == nil)
  }
}
