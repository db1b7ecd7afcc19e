import Testing

@testable import Switchboard

/// Whom a loop lets in, step by step, over a backend that does as it is told.
@Suite("A loop's accepting")
struct LoopAcceptingTests {
  private static var exhausted: Completion {
    Completion(.acceptFailed, Key(rawValue: 0), Int(Errno.descriptorLimit.rawValue))
  }
  private static let failure = LoopNotice.Pause.failed(SystemError(.accept, .descriptorLimit))

  @Test("At the limit accepting pauses in that turn, and goes on when a connection has gone")
  func limit() throws {
    for limit in 1...2 {
      let bench = try ScriptedLoop(capacity: limit)
      var keys: [Key] = []
      for number in 1...limit {
        #expect(bench.notices == [])
        keys.append(try bench.connect())
        #expect(bench.isAccepting == (number < limit))
      }
      #expect(bench.notices == [.acceptingPaused(.connectionLimit(limit))])
      #expect(bench.script.rooms.last == 0, "others may come in this turn")
      // Nothing but a close of ours makes room.
      #expect(bench.retryAt == nil)
      try bench.turn()
      #expect(bench.script.rooms.last == 0 && bench.script.deadlines.last == .some(nil))
      try bench.receive(keys[0]) { $0.abort() }
      try bench.turn()
      #expect(bench.script.rooms.last == 1 && bench.notices.count == 1)
      _ = try bench.connect()
      #expect(bench.notices.prefix(2).last == .acceptingResumed)
    }
  }

  @Test("Whoever finds no place at all is refused")
  func full() throws {
    let bench = try ScriptedLoop(capacity: 1)
    for _ in 0..<66 { try bench.turn(bench.accepted()) }
    #expect(bench.connections == 1 && bench.script.closed.count == 65)
    #expect(bench.sessions.count(.opened) == 1)
  }

  @Test("Who comes when the loop is to stop is refused, and gives its place back")
  func stopped() throws {
    let places = Places(limit: 3, loops: 2)
    let bench = try ScriptedLoop(places: places)
    #expect(places.take())
    bench.control.waker.stop()
    try bench.turn()
    #expect(bench.isFinished)
    try bench.turn(bench.accepted(), Self.exhausted)
    #expect(bench.script.closed.count == 1 && bench.sessions.calls == [])
    #expect(places.room(upTo: 9) == 3 && bench.notices == [])
  }

  @Test("A pause after a failure is told once, ends by time, not before, and its end is told once")
  func failed() throws {
    let bench = try ScriptedLoop()
    try bench.turn(Self.exhausted, Self.exhausted)
    #expect(bench.notices == [.acceptingPaused(Self.failure)])
    #expect(bench.script.rooms.last == 0 && !bench.isAccepting)
    let retryAt = try #require(bench.retryAt)
    bench.script.kernel.put(Instant(nanoseconds: retryAt.nanoseconds - 1))
    try bench.turn()
    #expect(bench.script.rooms.last == 0 && bench.script.deadlines.last == retryAt)
    #expect(!bench.isAccepting)
    bench.script.kernel.put(retryAt)
    try bench.turn()
    #expect(bench.isAccepting && bench.retryAt == nil)
    _ = try bench.connect()
    _ = try bench.connect()
    #expect(bench.notices == [.acceptingPaused(Self.failure), .acceptingResumed])
  }

  @Test("Who comes in the turn in which a pause began ends it")
  func sameTurn() throws {
    let bench = try ScriptedLoop()
    try bench.turn(Self.exhausted, bench.accepted())
    #expect(bench.isAccepting && bench.retryAt == nil)
    #expect(bench.notices == [.acceptingPaused(Self.failure), .acceptingResumed])
  }

  @Test("Where the time of a pause comes, but there is no room, a close is waited for")
  func noRoom() throws {
    let bench = try ScriptedLoop(capacity: 1)
    let key = try bench.connect()
    try bench.turn(Self.exhausted)
    bench.script.kernel.put(try #require(bench.retryAt))
    try bench.turn()
    #expect(!bench.isAccepting && bench.retryAt == nil)
    try bench.receive(key) { $0.abort() }
    #expect(bench.isAccepting)
  }

  @Test("Where the backend cannot hold a number, lower ones must be free")
  func beyondSet() throws {
    for (capacity, mayTry) in [(0, false), (1 << 20, true)] {
      let bench = try ScriptedLoop()
      let error = RegistrationError.beyondSet(Descriptor(rawValue: 5000), capacity: capacity)
      bench.script.openFailure = error
      try bench.turn(bench.accepted())
      #expect(bench.notices == [.acceptingPaused(.refused(error))])
      #expect(bench.connections == 0 && bench.script.closed.count == 1)
      #expect(bench.sessions.calls == [])
      let retryAt = try #require(bench.retryAt)
      bench.script.kernel.put(retryAt)
      try bench.turn()
      #expect(bench.isAccepting == mayTry)
      #expect(mayTry ? bench.retryAt == nil : (bench.retryAt ?? retryAt) > retryAt)
    }
  }

  @Test("A session that closes as soon as it is there leaves no deadline behind")
  func gone() throws {
    let bench = try ScriptedLoop { $0.idleTimeout = .milliseconds(1) }
    bench.sessions.act = { call, connection in if call == .opened { connection.abort() } }
    try bench.turn(bench.accepted())
    #expect(bench.connections == 0 && bench.timers == 0)
    #expect(bench.sessions.closed == [.aborted])
  }

  @Test("What is refused of an address is told in a few lines")
  func addresses() throws {
    let bench = try ScriptedLoop { $0.maxConnectionsPerAddress = 1 }
    let peer = SocketAddress(family: .v4, low: 0xC000_0201, port: 7)
    bench.script.peer = peer
    let key = try bench.connect()
    for _ in 0..<11 { try bench.turn(bench.accepted()) }
    #expect(bench.notices == [.addressLimit(peer, 1), .addressRefusals(peer, 10)])
    #expect(bench.script.closed.count == 11)
    try bench.receive(key) { $0.abort() }
    let origin = SocketAddress(family: .v4, low: 0xC000_0201, port: 0)
    #expect(bench.notices.last == .addressRefusals(origin, 11))
    _ = try bench.connect()
    #expect(bench.connections == 1)
  }

  // ------------------------------------------------------------------------------ places

  /// A connection, by a place that was taken for it.
  private func enter(_ bench: ScriptedLoop, _ places: Places) throws -> Key {
    #expect(places.take())
    return try bench.connect()
  }

  @Test("Where loops share a limit, it is told once, and its end once, beside other pauses")
  func places() throws {
    let places = Places(limit: 2, loops: 2)
    let bench = try ScriptedLoop(capacity: 2, places: places)
    try bench.turn(Self.exhausted)
    let first = try enter(bench, places)
    #expect(bench.notices == [.acceptingPaused(Self.failure), .acceptingResumed])
    _ = try enter(bench, places)
    #expect(bench.notices.dropFirst(2) == [.acceptingPaused(.connectionLimit(2))])
    try bench.receive(first) { $0.abort() }
    #expect(places.room(upTo: 9) == 1)
    #expect(bench.notices.count == 3)
    _ = try enter(bench, places)
    let paused = LoopNotice.acceptingPaused(.connectionLimit(2))
    #expect(bench.notices.dropFirst(3) == [.acceptingResumed, paused])
  }

  @Test("A loop that found no place is woken when there is one")
  func waking() throws {
    let places = Places(limit: 1, loops: 2)
    let bench = try ScriptedLoop(places: places)
    #expect(places.take())
    #expect(places.room(upTo: 1) == 0)
    let before = bench.script.kernel.wakes
    places.giveBack()
    #expect(bench.script.kernel.wakes == before + 1)
  }
}
