import Testing

@testable import Switchboard

/// What a loop does when, to the nanosecond, over a backend that does as it is told.
@Suite("A loop's times")
struct LoopTimesTests {
  // ------------------------------------------------------------------------------ timers

  @Test("A timer goes off in the turn in which its time has come, and no moment before")
  func timer() throws {
    for delay in [1, 3, 200] as [Int64] {
      let bench = try ScriptedLoop()
      let key = try bench.connect()
      let start = bench.now
      try bench.receive(key) { $0.setTimer(after: .milliseconds(delay)) }
      bench.put(start.nanoseconds + UInt64(delay) * 1_000_000 - 1)
      try bench.turn()
      #expect(bench.sessions.count(.elapsed) == 0)
      // The wheel may ask to be looked at before.
      let deadline = try #require(bench.script.deadlines.last ?? nil)
      #expect(deadline > start && deadline <= start + .milliseconds(delay))
      bench.pass(.nanoseconds(1))
      try bench.turn()
      #expect(bench.sessions.count(.elapsed) == 1)
      bench.pass(.seconds(1))
      try bench.turn()
      #expect(bench.sessions.count(.elapsed) == 1 && bench.timers == 0)
    }
  }

  @Test("A timer without delay that is set before a turn's deadlines are served is one of them")
  func atOnce() throws {
    let bench = try ScriptedLoop()
    let key = try bench.connect()
    bench.pass(.milliseconds(5))
    try bench.receive(key) { $0.setTimer(after: .zero) }
    #expect(bench.sessions.calls.contains(.elapsed))
  }

  @Test("A session that is over when its timer has gone off has no deadline any more")
  func overInTimer() throws {
    for closesAtOnce in [true, false] {
      let bench = try ScriptedLoop { $0.idleTimeout = .milliseconds(3) }
      bench.script.closesAtOnce = closesAtOnce
      let key = try bench.connect()
      try bench.receive(key) { $0.setTimer(after: .milliseconds(3)) }
      bench.sessions.act = { call, connection in if call == .elapsed { connection.abort() } }
      bench.pass(.milliseconds(3))
      try bench.turn()
      #expect(bench.sessions.closed == [.aborted])
      #expect(bench.script.closed == [key] && bench.timers == 0)
    }
  }

  @Test("A session that closes, and sets a timer, behind its peer's end has no deadline any more")
  func overWithTimer() throws {
    for closesAtOnce in [true, false] {
      let bench = try ScriptedLoop { $0.idleTimeout = .seconds(1) }
      bench.script.closesAtOnce = closesAtOnce
      let key = try bench.connect()
      try bench.receive(key) { $0.setTimer(after: .milliseconds(3)) }
      bench.sessions.act = { call, connection in
        guard call == .elapsed else { return }
        connection.setTimer(after: .milliseconds(5))
        connection.close()
      }
      try bench.turn(Completion(.ended, key))
      bench.pass(.milliseconds(3))
      try bench.turn()
      #expect(bench.sessions.closed == [.peerFinished] && bench.timers == 0)
    }
  }

  @Test("A loop's clock may have run for any time")
  func age() throws {
    for age in [0, 1, 999] as [Int64] {
      let bench = try ScriptedLoop(age: .milliseconds(age))
      let key = try bench.connect()
      #expect(bench.lastActive(key) == UInt32(age) + 1)
    }
    // But not longer than the machine's.
    let bench = try ScriptedLoop(age: .seconds(5))
    let key = try bench.connect()
    #expect(bench.lastActive(key) == 1001)
  }

  // -------------------------------------------------------------------------------- idle

  @Test("Who is idle is closed in the turn in which that is so, and no moment before")
  func idle() throws {
    for timeout in [1, 2, 50] as [Int64] {
      let bench = try ScriptedLoop { $0.idleTimeout = .milliseconds(timeout) }
      let key = try bench.connect()
      bench.pass(.milliseconds(timeout) - .nanoseconds(1))
      try bench.turn()
      #expect(bench.sessions.closed == [])
      bench.pass(.nanoseconds(1))
      try bench.turn()
      #expect(bench.sessions.closed == [.idle] && bench.script.closed == [key])
    }
  }

  @Test("Whose peer has taken something meanwhile is idle from then on")
  func progress() throws {
    let bench = try ScriptedLoop { $0.idleTimeout = .milliseconds(10) }
    let key = try bench.connect()
    let start = bench.now
    bench.pass(.milliseconds(10))
    bench.script.progress = start + .milliseconds(6)
    try bench.turn()
    #expect(bench.sessions.closed == [] && bench.lastActive(key) == 7)
    try bench.turn()
    #expect(bench.script.deadlines.last == start + .milliseconds(16))
    bench.put(start.nanoseconds + 16_000_000)
    try bench.turn()
    #expect(bench.sessions.closed == [.idle])
  }

  // --------------------------------------------------------------------------- lingering

  /// A connection that waits for its peer's end.
  private func lingering(
    _ bench: ScriptedLoop, _ act: @escaping (inout Connection) -> Void = { $0.close() }
  ) throws -> Key {
    let key = try bench.connect()
    try bench.receive(key, act)
    #expect(bench.sessions.closed == [.finished] && bench.script.shut == [key])
    return key
  }

  @Test("Who waits for its peer's end waits for as long as it may, however idle, and no longer")
  func lingers() throws {
    let bench = try ScriptedLoop {
      $0.idleTimeout = .milliseconds(10)
      $0.lingerTimeout = .milliseconds(100)
    }
    let key = try lingering(bench)
    for passed in [10, 10, 30, 49] as [Int64] {
      bench.pass(.milliseconds(passed))
      try bench.turn()
      #expect(bench.script.closed == [])
    }
    bench.pass(.milliseconds(1))
    try bench.turn()
    #expect(bench.script.closed == [key] && bench.sessions.closed == [.finished])
  }

  @Test("Where it may not wait at all it waits until the next turn")
  func lingersShortly() throws {
    let bench = try ScriptedLoop { $0.lingerTimeout = .zero }
    let key = try bench.connect()
    bench.pass(.milliseconds(5))
    try bench.receive(key) { $0.close() }
    #expect(bench.sessions.closed == [.finished] && bench.script.closed == [])
    bench.pass(.milliseconds(1))
    try bench.turn()
    #expect(bench.script.closed == [key])
  }

  @Test("What a peer still sends is thrown away, 16 MiB of it and no byte more")
  func discards() throws {
    for closesAtOnce in [true, false] {
      // To a server that has run for weeks.
      let bench = try ScriptedLoop(age: .seconds(1)) { $0.lingerTimeout = .seconds(100) }
      bench.script.closesAtOnce = closesAtOnce
      let key = try lingering(bench)
      for _ in 0..<256 { try bench.turn(bench.received(key, 65536)) }
      #expect(bench.script.closed == [])
      try bench.turn(bench.received(key, 1), bench.received(key, 1))
      #expect(bench.script.closed == [key])
      #expect(bench.sessions.closed == [.finished] && bench.sessions.count(.received) == 1)
    }
  }

  @Test("Who waits for its peer's end receives again, and is gone when that comes")
  func receivesAgain() throws {
    let bench = try ScriptedLoop()
    let key = try lingering(bench) { connection in
      connection.pauseReading()
      connection.close()
    }
    #expect(bench.script.receiving == [false, true])
    try bench.turn(Completion(.ended, key))
    #expect(bench.script.closed == [key] && bench.sessions.count(.ended) == 0)
  }

  @Test("Nothing that comes late ends a session twice")
  func endsOnce() throws {
    let bench = try ScriptedLoop()
    let key = try lingering(bench)
    try bench.turn(Completion(.sent, key, 0), bench.sentInPlace(key, rest: 0))
    #expect(bench.sessions.closed == [.finished] && bench.script.shut == [key])
  }

  @Test("That its peer has finished a session is told once, and nothing is received any more")
  func ended() throws {
    let bench = try ScriptedLoop()
    let key = try bench.connect()
    try bench.turn(Completion(.ended, key), Completion(.ended, key))
    #expect(bench.sessions.count(.ended) == 1 && bench.script.receiving == [false])
    try bench.turn(Completion(.ended, key))
    #expect(bench.sessions.count(.ended) == 1)
  }

  @Test("A session that is about to close is not told that its peer has finished")
  func endedWhileClosing() throws {
    let bench = try ScriptedLoop()
    let key = try bench.connect()
    bench.script.answers = [.took(3)]
    try bench.receive(key) { connection in
      connection.write(count: 10)
      connection.close()
    }
    try bench.turn(Completion(.ended, key))
    #expect(bench.sessions.count(.ended) == 0 && bench.sessions.closed == [])
    try bench.turn(Completion(.sent, key, 0))
    #expect(bench.sessions.closed == [.peerFinished] && bench.script.closed == [key])
  }

  // ---------------------------------------------------------------------------- lateness

  /// A loop that wakes so long after it meant to, where one connection has a timer of 10 ms, and all
  /// are idle after 20.
  private func late(_ lateness: Duration) throws -> (ScriptedLoop, [Key]) {
    let bench = try ScriptedLoop { $0.idleTimeout = .milliseconds(20) }
    let keys = try (0..<3).map { _ in try bench.connect() }
    try bench.receive(keys[0]) { $0.setTimer(after: .milliseconds(10)) }
    bench.pass(.milliseconds(10) + lateness)
    return (bench, keys)
  }

  @Test("A loop is late when it comes more than 100 ms after it meant to")
  func isLate() throws {
    for (nanoseconds, isLate) in [(100_000_000, false), (100_000_001, true)] as [(Int64, Bool)] {
      let (bench, keys) = try late(.nanoseconds(nanoseconds))
      try bench.turn(bench.received(keys[1]))
      #expect(bench.isCatchingUp == isLate)
      // Neither a timer nor who is idle, while things come.
      #expect(bench.sessions.count(.elapsed) == (isLate ? 0 : 1))
      #expect(bench.sessions.closed == (isLate ? [] : [.idle, .idle]))
    }
  }

  @Test("A late loop first takes in what has come, and calls nobody idle before nothing more comes")
  func catchesUp() throws {
    let (bench, keys) = try late(.seconds(1))
    for _ in 0..<5 {
      try bench.turn(bench.received(keys[1]))
      #expect(bench.sessions.closed == [] && bench.sessions.count(.elapsed) == 0)
    }
    try bench.turn()
    #expect(!bench.isCatchingUp)
    #expect(bench.sessions.closed == [.idle, .idle] && bench.sessions.count(.elapsed) == 1)
    #expect(bench.connections == 1)
  }

  @Test("Timers wait for a quarter of a second, idle deadlines longer, while things come")
  func timersWait() throws {
    let (bench, keys) = try late(.seconds(1))
    let begin = bench.now
    try bench.turn(bench.received(keys[1]))
    bench.put(begin.nanoseconds + 249_999_999)
    try bench.turn(bench.received(keys[1]))
    #expect(bench.sessions.count(.elapsed) == 0)
    bench.put(begin.nanoseconds + 250_000_000)
    try bench.turn(bench.received(keys[1]))
    #expect(bench.sessions.count(.elapsed) == 1 && bench.sessions.closed == [])
    #expect(bench.isCatchingUp)
    // They are looked at again in a moment.
    try bench.turn(bench.received(keys[1]))
    #expect(bench.script.deadlines.last == begin + .milliseconds(270))
    #expect(bench.sessions.closed == [])
    try bench.turn()
    bench.put(begin.nanoseconds + 300_000_000)
    try bench.turn()
    #expect(bench.sessions.closed == [.idle, .idle, .idle])
  }

  @Test("While the backend may have more to tell nobody is called idle, for 64 turns")
  func owesWork() throws {
    let (bench, _) = try late(.seconds(1))
    bench.script.owesWork = true
    for _ in 0..<63 { try bench.turn() }
    #expect(bench.sessions.closed == [] && bench.isCatchingUp)
    try bench.turn()
    #expect(bench.sessions.closed == [.idle, .idle, .idle])
  }
}
