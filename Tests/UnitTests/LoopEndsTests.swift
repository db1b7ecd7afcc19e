import Testing

@testable import Switchboard

/// How a loop drains and ends, step by step, over a backend that does as it is told.
@Suite("A loop's ends")
struct LoopEndsTests {
  // ---------------------------------------------------------------------------- draining

  /// A loop that has begun to drain, with so many connections.
  private func draining(_ count: Int, timeout: Duration = .milliseconds(100)) throws
    -> (ScriptedLoop, [Key])
  {
    let bench = try ScriptedLoop { $0.drainTimeout = timeout }
    let keys = try (0..<count).map { _ in try bench.connect() }
    bench.control.waker.drain()
    try bench.turn()
    return (bench, keys)
  }

  @Test("What has come is taken in before sessions are asked to finish, without any sleep")
  func gathers() throws {
    let (bench, keys) = try draining(2)
    for _ in 0..<9 { try bench.turn(bench.received(keys[0])) }
    try bench.turn()
    #expect(bench.sessions.count(.draining) == 0 && bench.notices == [])
    #expect(bench.script.deadlines.suffix(10).allSatisfy { $0 == bench.now })
    try bench.turn()
    #expect(bench.sessions.count(.draining) == 2 && bench.notices == [.draining(peers: 2)])
    #expect(bench.script.rooms.last == 0 && !bench.isAccepting && !bench.isFinished)
  }

  @Test("It lasts while the backend may have more to tell, and while letters lie there")
  func gathersMore() throws {
    for isMail in [true, false] {
      let (bench, _) = try draining(1)
      let handle = bench.control.handle
      for _ in 0..<(isMail ? 1200 : 0) { handle.run {} }
      bench.script.owesWork = !isMail
      for _ in 0..<4 { try bench.turn() }
      #expect(bench.sessions.count(.draining) == 0)
      bench.script.owesWork = false
      try bench.turn()
      #expect(bench.sessions.count(.draining) == 1)
    }
  }

  @Test("That lasts for half of the time at most")
  func gathersForHalf() throws {
    let (bench, keys) = try draining(1)
    bench.pass(.nanoseconds(49_999_999))
    try bench.turn(bench.received(keys[0]))
    #expect(bench.sessions.count(.draining) == 0)
    bench.pass(.nanoseconds(1))
    try bench.turn(bench.received(keys[0]))
    #expect(bench.sessions.count(.draining) == 1)
  }

  @Test("Who has not finished when the time is over is cut off, and no moment before")
  func cutOff() throws {
    let (bench, keys) = try draining(2)
    for _ in 0..<2 { try bench.turn() }
    try bench.receive(keys[1]) { $0.close() }
    bench.script.closesAtOnce = false
    bench.pass(.nanoseconds(99_999_999))
    try bench.turn()
    #expect(bench.sessions.closed == [.finished])
    bench.pass(.nanoseconds(1))
    try bench.turn()
    #expect(bench.sessions.closed == [.finished, .drainTimeout])
    #expect(bench.script.closed.count == 2 && !bench.isFinished)
    // The backend needs a moment to close them.
    try bench.turn(Completion(.closed, keys[0]))
    #expect(bench.script.deadlines.last == bench.now + .seconds(1))
    #expect(bench.script.closed.count == 2)
    try bench.turn(Completion(.closed, keys[1]))
    #expect(bench.isFinished)
    try bench.loop.run()
    #expect(bench.notices.last == .drained(finished: 1, forced: 1))
  }

  @Test("Who comes while what has come is taken in is served, and asked with the others")
  func comesEarly() throws {
    let (bench, _) = try draining(0)
    try bench.turn(bench.accepted())
    #expect(bench.sessions.calls == [.opened])
    for _ in 0..<2 { try bench.turn() }
    #expect(bench.sessions.calls == [.opened, .draining])
  }

  @Test("Who comes later is asked to finish at once, and once")
  func comesLate() throws {
    let (bench, _) = try draining(1)
    for _ in 0..<2 { try bench.turn() }
    try bench.turn(bench.accepted())
    #expect(bench.sessions.calls == [.opened, .draining, .opened, .draining])
    for _ in 0..<3 { try bench.turn() }
    #expect(bench.sessions.count(.draining) == 2)
  }

  @Test("Listeners are closed when what has come was taken in")
  func listeners() throws {
    let bench = try ScriptedLoop()
    let listener = try Listener(on: .loopback(port: 0), system: bench.script.kernel)
    let descriptor = listener.descriptor
    try bench.loop.listen(listener)
    _ = try bench.connect()
    bench.control.waker.drain()
    try bench.turn()
    try bench.turn()
    #expect(!bench.script.kernel.closes.contains(descriptor))
    try bench.turn()
    #expect(bench.script.kernel.closes.contains(descriptor))
  }

  @Test("What waits for a place comes in while a drain takes in what has come, and not afterwards")
  func pause() throws {
    let bench = try ScriptedLoop(capacity: 1)
    let key = try bench.connect()
    bench.control.waker.drain()
    try bench.turn()
    try bench.receive(key) { $0.abort() }
    #expect(bench.isAccepting)
    let late = try bench.connect()
    #expect(bench.script.rooms.suffix(2) == [1, 0] && bench.sessions.count(.opened) == 2)
    for _ in 0..<3 { try bench.turn() }
    #expect(bench.sessions.calls.last == .draining)
    try bench.receive(late) { $0.abort() }
    #expect(!bench.isAccepting)
  }

  // --------------------------------------------------------------------------------- ends

  @Test("A loop runs turn after turn until it is stopped, and closes everything then")
  func runs() throws {
    let bench = try ScriptedLoop()
    let key = try bench.connect()
    let (script, control) = (bench.script, bench.control)
    let received = bench.received(key)
    var waits = 0
    script.during = { _ in
      waits += 1
      if waits <= 3 { script.completions = [received] }
      if waits == 4 { control.waker.stop() }
    }
    try bench.loop.run()
    #expect(bench.sessions.count(.received) == 3 && bench.sessions.closed == [.stopped])
    #expect(waits == 5 && bench.connections == 0 && bench.script.rooms.last == 0)
    #expect(bench.script.deadlines.last == bench.now, "nothing is left to wait for")
    #expect(bench.sessions.isMailClosed && !control.handle.run {})
    #expect(bench.notices == [])
  }

  @Test("In the end a backend has a second to close, and no moment longer")
  func closes() throws {
    for closes in [true, false] {
      let bench = try ScriptedLoop()
      let key = try bench.connect()
      bench.script.closesAtOnce = false
      bench.control.waker.stop()
      let script = bench.script
      let end = bench.now + .seconds(1)
      var waits = 0
      script.during = { _ in
        waits += 1
        // The first is the turn's own.
        if waits == 2 { script.kernel.put(Instant(nanoseconds: end.nanoseconds - 1)) }
        if waits == 3 {
          script.kernel.put(end)
          if closes { script.completions = [Completion(.closed, key)] }
        }
      }
      try bench.loop.run()
      #expect(waits == 3 && bench.connections == (closes ? 0 : 1))
      #expect(script.deadlines.suffix(2) == [end, end])
      #expect(script.rooms.last == 0)
    }
  }

  @Test("Who comes when everything is over is refused")
  func comesTooLate() throws {
    let bench = try ScriptedLoop()
    bench.control.waker.drain()
    let (script, accepted) = (bench.script, bench.accepted())
    var waits = 0
    script.during = { _ in
      waits += 1
      if waits == 4 { script.completions = [accepted] }
    }
    try bench.loop.run()
    #expect(waits == 4 && script.closed.count == 1 && bench.sessions.calls == [])
    #expect(bench.notices == [.draining(peers: 0), .drained(finished: 0, forced: 0)])
  }

  // --------------------------------------------------------------------------------- mail

  @Test("Jobs are done in their turn, what was delivered is dropped, and mail keeps a loop awake")
  func mail() throws {
    let bench = try ScriptedLoop()
    let done = Lock(0)
    let handle = bench.control.handle
    for _ in 0..<300 { handle.run { done.withLock { $0 += 1 } } }
    try bench.turn()
    #expect(done.withLock { $0 } == 256 && bench.sessions.drops == 1)
    #expect(bench.script.deadlines.last == bench.now)
    try bench.turn()
    #expect(done.withLock { $0 } == 300 && bench.sessions.drops == 2)
    try bench.turn()
    #expect(bench.script.deadlines.last == .some(nil) && bench.sessions.drops == 2)
  }
}
