import Testing

@testable import Switchboard

/// What a loop does with output, step by step, over a backend that does as it is told.
@Suite("A loop's sending")
struct LoopSendingTests {
  private static let broken = SystemError(.send, .brokenPipe)

  // ------------------------------------------------------------------------- being alive

  /// A way for something to be sent, of which the last answer is the one that counts.
  enum Way: CaseIterable { case inPlace, fromOutbox, told }

  @Test(
    "Whoever is sent something is alive; who takes nothing of it is not", arguments: Way.allCases)
  func alive(_ way: Way) throws {
    for count in 0...2 {
      let bench = try ScriptedLoop()
      let key = try bench.connect()
      if way != .inPlace {
        bench.script.answers = [.took(0)]
        try bench.receive(key) { $0.write(count: 100) }
      }
      let before = bench.lastActive(key)
      #expect(before == 1)
      bench.pass(.milliseconds(10))
      switch way {
      case .inPlace:
        // Not by receiving, which is activity of its own.
        bench.sessions.act = { call, connection in
          if call == .drained { connection.write(count: 100) }
        }
        bench.script.answers = [.took(count)]
        try bench.turn(Completion(.sent, key, 0))
      case .fromOutbox:
        bench.script.answers = [.took(count)]
        try bench.turn(Completion(.sent, key, 0))
      case .told:
        bench.script.answers = [.later]
        try bench.turn(Completion(.sent, key, count))
      }
      #expect(bench.lastActive(key) == (count > 0 ? 11 : 1), "\(count) bytes")
    }
  }

  @Test("Whoever is sent something that will be told of later is alive")
  func aliveLater() throws {
    let bench = try ScriptedLoop()
    let key = try bench.connect()
    bench.pass(.milliseconds(10))
    bench.sessions.act = { call, connection in
      if call == .drained { connection.write(count: 100) }
    }
    bench.script.answers = [.later]
    try bench.turn(Completion(.sent, key, 0))
    #expect(bench.lastActive(key) == 11)
    #expect(bench.flags(key).contains(.sending))
  }

  // ----------------------------------------------------------------------------- joining

  @Test("What is written behind a send under way joins it, and is not sent again")
  func joins() throws {
    let bench = try ScriptedLoop()
    let key = try bench.connect()
    bench.script.answers = [.later]
    bench.script.joins = true
    try bench.receive(key) { $0.write(count: 100) }
    try bench.receive(key) { $0.write(count: 30) }
    #expect(bench.script.joined == [30] && bench.script.sent == [100])
    #expect(bench.unsent == 0)
  }

  @Test("What is written behind bytes that wait, or is in a buffer of its own, joins nothing")
  func joinsNot() throws {
    let bench = try ScriptedLoop()
    let key = try bench.connect()
    bench.script.answers = [.later]
    try bench.receive(key) { $0.write(count: 100) }
    try bench.receive(key) { $0.write(count: 20) }
    bench.script.joins = true
    try bench.receive(key) { $0.write(count: 30) }
    #expect(bench.script.joined == [] && bench.unsent(key) == 50)
    let other = try bench.connect()
    bench.script.answers = [.later]
    try bench.receive(other) { $0.write(count: 100) }
    try bench.receive(other) { $0.write(count: Script.room + 1) }
    #expect(bench.script.joined == [] && bench.unsent(other) == Script.room + 1)
  }

  @Test("Behind bytes that wait for a send under way the backend hurries, elsewhere it sends")
  func hurries() throws {
    let bench = try ScriptedLoop()
    let key = try bench.connect()
    bench.script.answers = [.later]
    try bench.receive(key) { $0.write(count: 100) }
    // What cannot join a send is the backend's to hurry for.
    try bench.receive(key) { $0.write(count: 20) }
    try bench.turn()
    #expect(bench.script.hurries == 0)
    try bench.receive(key) { $0.write(count: 20) }
    for _ in 0..<2 { try bench.turn() }
    #expect(bench.script.hurries == 1 && bench.script.sent == [100])
    let other = try bench.connect()
    try bench.receive(other) { $0.write(count: Script.room + 1) }
    try bench.turn()
    #expect(bench.script.hurries == 1 && bench.script.sent == [100, Script.room + 1])
    #expect(!bench.flags(other).contains(.sending))
  }

  @Test("Who closes, or asks to be told, behind a send under way has the backend hurry")
  func hurriesForOthers() throws {
    for isClosing in [true, false] {
      let bench = try ScriptedLoop()
      let key = try bench.connect()
      bench.script.answers = [.later]
      try bench.receive(key) { $0.write(count: 100) }
      try bench.receive(key) { isClosing ? $0.close() : $0.notifyWhenDrained() }
      try bench.turn()
      #expect(bench.script.hurries == 1)
      #expect(bench.sessions.closed == [] && bench.script.shut == [])
      try bench.turn(bench.sentInPlace(key, rest: 0))
      #expect(bench.sessions.closed == (isClosing ? [.finished] : []))
      #expect(bench.sessions.count(.drained) == (isClosing ? 0 : 1))
    }
  }

  // -------------------------------------------------------------------------- being told

  @Test("That a send in place has ended is told to those alone who asked")
  func drained() throws {
    for asks in [true, false] {
      let bench = try ScriptedLoop()
      let key = try bench.connect()
      bench.script.answers = [.later]
      try bench.receive(key) { connection in
        connection.write(count: 100)
        if asks { connection.notifyWhenDrained() }
      }
      try bench.turn(bench.sentInPlace(key, rest: 0))
      #expect(bench.sessions.count(.drained) == (asks ? 1 : 0))
    }
  }

  @Test("Who asks to be told is told once, when all is sent, also of what is written meanwhile")
  func drainedOnce() throws {
    for isSent in [true, false] {
      let bench = try ScriptedLoop()
      let key = try bench.connect()
      var calls = 0
      bench.sessions.act = { call, connection in
        guard call == .received else { return }
        calls += 1
        if calls == 1 { connection.notifyWhenDrained() } else { connection.write(count: 100) }
      }
      bench.script.answers = [.took(40)]
      bench.script.completions = [bench.received(key), bench.received(key)]
      // In the same turn, or not before the next.
      if isSent { bench.script.completions.append(Completion(.sent, key, 0)) }
      try bench.turn()
      #expect(bench.sessions.count(.drained) == (isSent ? 1 : 0))
      try bench.turn(Completion(.sent, key, 0))
      #expect(bench.sessions.count(.drained) == (isSent ? 2 : 1))
    }
  }

  // ------------------------------------------------------------------------------ limits

  @Test("All together may have as much unsent as they may, and of one byte more the largest goes")
  func total() throws {
    for (more, position) in [(0, 0), (1, 0), (1, 1), (1, 2)] {
      let bench = try ScriptedLoop {
        $0.totalOutboxLimit = 600
        $0.highWatermark = 10_000
      }
      let keys = try (0..<3).map { _ in try bench.connect() }
      bench.script.answers = [.took(0), .took(0), .took(0)]
      for (index, key) in keys.enumerated() {
        let count = index == position ? 400 : 100
        try bench.receive(key) { $0.write(count: count) }
      }
      #expect(bench.sessions.closed == [] && bench.unsent == 600)
      // Whoever writes last.
      if more > 0 { try bench.receive(keys[2]) { $0.write(count: more) } }
      #expect(bench.sessions.closed == (more > 0 ? [.outboxFull] : []))
      #expect(bench.script.closed == (more > 0 ? [keys[position]] : []))
      #expect(bench.unsent == (more > 0 ? position == 2 ? 200 : 201 : 600))
    }
  }

  @Test("Of those that hold a byte one goes, where that is too many")
  func totalOfOne() throws {
    let bench = try ScriptedLoop { $0.totalOutboxLimit = 1 }
    let keys = try (0..<2).map { _ in try bench.connect() }
    for key in keys {
      bench.script.answers = [.took(0)]
      try bench.receive(key) { $0.write(count: 1) }
    }
    #expect(bench.sessions.closed == [.outboxFull] && bench.unsent == 1)
  }

  @Test("Who is being closed already makes no room, and does not count")
  func totalOfClosed() throws {
    let bench = try ScriptedLoop {
      $0.totalOutboxLimit = 600
      $0.highWatermark = 10_000
    }
    bench.script.closesAtOnce = false
    let keys = try (0..<3).map { _ in try bench.connect() }
    bench.script.answers = [.took(0)]
    try bench.receive(keys[0]) { $0.write(count: 500) }
    try bench.receive(keys[0]) { $0.abort() }
    #expect(bench.condemned == 500)
    bench.script.answers = [.took(0), .took(0)]
    try bench.receive(keys[1]) { $0.write(count: 400) }
    try bench.receive(keys[2]) { $0.write(count: 200) }
    #expect(bench.sessions.closed == [.aborted])
    try bench.receive(keys[2]) { $0.write(count: 1) }
    #expect(bench.script.closed == [keys[0], keys[1]])
    #expect(bench.sessions.closed == [.aborted, .outboxFull])
  }

  @Test("Who is closed for what it holds is paused no more, who makes another go is")
  func pausedAfterLimit() throws {
    for isSelf in [true, false] {
      let bench = try ScriptedLoop {
        $0.totalOutboxLimit = 600
        $0.highWatermark = 200
      }
      bench.script.closesAtOnce = false
      let keys = try (0..<2).map { _ in try bench.connect() }
      bench.script.answers = [.took(0), .took(0)]
      try bench.receive(keys[0]) { $0.write(count: isSelf ? 150 : 450) }
      if isSelf { try bench.receive(keys[1]) { $0.pauseReading() } }
      bench.script.receiving = []
      try bench.receive(keys[1]) { $0.write(count: isSelf ? 500 : 250) }
      #expect(bench.script.closed == [isSelf ? keys[1] : keys[0]])
      #expect(bench.script.receiving == (isSelf ? [] : [false]))
    }
  }

  @Test("Above the high watermark nothing is received, from the low one on it is again")
  func watermarks() throws {
    let bench = try ScriptedLoop {
      $0.highWatermark = 300
      $0.lowWatermark = 100
    }
    let key = try bench.connect()
    bench.script.answers = [.took(0)]
    try bench.receive(key) { $0.write(count: 300) }
    #expect(bench.script.receiving == [])
    try bench.receive(key) { $0.write(count: 1) }
    #expect(bench.script.receiving == [false])
    // Some goes, and the backend will tell of the rest.
    bench.script.answers = [.later]
    try bench.turn(Completion(.sent, key, 0))
    bench.script.answers = [.later]
    try bench.turn(Completion(.sent, key, 200))
    #expect(bench.script.receiving == [false] && bench.unsent(key) == 101)
    bench.script.answers = [.later]
    try bench.turn(Completion(.sent, key, 1))
    #expect(bench.script.receiving == [false, true] && bench.unsent(key) == 100)
  }

  @Test("Nothing is sent for whoever was closed for what it wrote", arguments: Way.allCases)
  func nothingBehind(_ way: Way) throws {
    let bench = try ScriptedLoop { $0.outboxLimit = 1500 }
    bench.script.closesAtOnce = false
    let key = try bench.connect()
    switch way {
    case .inPlace:
      bench.script.answers = [.later]
      try bench.receive(key) { $0.write(count: 1000) }
      try bench.receive(key) { $0.write(count: 900) }
      #expect(bench.script.sent == [1000] && bench.sessions.closed == [])
      // All of it comes back, and is too much.
      try bench.turn(bench.sentInPlace(key, rest: 1000))
      #expect(bench.script.sent == [1000])
    case .fromOutbox:
      try bench.receive(key) { $0.write(count: 1501) }
      #expect(bench.script.sent == [])
    case .told:
      // Too much for the session's own limit: nothing of it is sent either.
      try bench.receive(key) { connection in
        connection.write(count: 10)
        connection.write(count: 17 << 20)
      }
      #expect(bench.script.sent == [])
    }
    #expect(bench.sessions.closed == [.outboxFull] && bench.script.closed == [key])
  }

  @Test("Room that is asked for need not be used, 16 MiB of it")
  func room() throws {
    for (asked, isTooMuch) in [(1001, false), (16 << 20, false), (16 << 20 + 1, true)] {
      let bench = try ScriptedLoop { $0.outboxLimit = 1000 }
      let key = try bench.connect()
      try bench.receive(key) { $0.write(atMost: asked) { $0.append(7) } }
      #expect(bench.sessions.closed == (isTooMuch ? [.outboxFull] : []), "\(asked)")
      #expect(bench.script.sent == (isTooMuch ? [] : [1]))
    }
  }

  // ----------------------------------------------------------------------------- failing

  @Test("A connection whose send fails is over, whichever send that is")
  func fails() throws {
    for way in 0..<4 {
      let bench = try ScriptedLoop()
      let key = try bench.connect()
      bench.script.answers = [.failed(.brokenPipe)]
      switch way {
      case 0: try bench.receive(key) { $0.write(count: 10) }
      case 1: try bench.receive(key) { $0.write(count: Script.room + 1) }
      case 2:
        bench.script.answers.insert(.took(3), at: 0)
        try bench.receive(key) { $0.write(count: 10) }
        try bench.turn(Completion(.sent, key, 0))
      default: try bench.turn(Completion(.sendFailed, key, Int(Errno.brokenPipe.rawValue)))
      }
      #expect(bench.sessions.closed == [.failed(Self.broken)], "way \(way)")
      #expect(bench.connections == 0 && bench.unsent == 0)
    }
  }

  @Test("Who breaks while it asks for something gets nothing")
  func failsAsking() throws {
    for closesAtOnce in [true, false] {
      let bench = try ScriptedLoop()
      bench.script.closesAtOnce = closesAtOnce
      let key = try bench.connect()
      bench.script.answers = [.failed(.brokenPipe)]
      try bench.receive(key) { connection in
        connection.write(count: 10)
        connection.setTimer(after: .milliseconds(3))
        connection.pauseReading()
        connection.notifyWhenDrained()
        connection.close()
      }
      #expect(bench.sessions.closed == [.failed(Self.broken)] && bench.timers == 0)
      #expect(bench.script.closed == [key] && bench.script.receiving == [])
    }
  }

  @Test("Not a byte of more than may be unsent is sent")
  func limit() throws {
    for (count, isTooMuch) in [(500, false), (501, true)] {
      let bench = try ScriptedLoop { $0.outboxLimit = 500 }
      let key = try bench.connect()
      try bench.receive(key) { $0.write(count: count) }
      #expect(bench.sessions.closed == (isTooMuch ? [.outboxFull] : []))
      #expect(bench.script.sent == (isTooMuch ? [] : [500]))
    }
  }

  @Test("What is refused to the process is told once for each call")
  func refusals() throws {
    let bench = try ScriptedLoop()
    for errno in [Errno.brokenPipe, .notPermitted, .notPermitted] {
      let key = try bench.connect()
      try bench.turn(Completion(.receiveFailed, key, Int(errno.rawValue)))
    }
    #expect(bench.notices == [.callRefused(SystemError(.receive, .notPermitted))])
    #expect(bench.sessions.closed.count == 3)
  }

  // ---------------------------------------------------------------------------- too late

  /// What comes of a connection that is gone, whose place another has taken, or that is being closed.
  @Test("What comes of a connection that is gone reaches nobody")
  func late() throws {
    for isTaken in [true, false] {
      let bench = try ScriptedLoop()
      bench.script.closesAtOnce = isTaken
      let old = try bench.connect()
      bench.script.answers = [.took(0)]
      try bench.receive(old) { $0.write(count: 100) }
      try bench.receive(old) { $0.abort() }
      var key = old
      if isTaken {
        key = try bench.connect()
        #expect(key.index == old.index)
        bench.script.answers = [.took(0)]
        try bench.receive(key) { $0.write(count: 100) }
      }
      let (calls, sent) = (bench.sessions.calls, bench.script.sent)
      let broken = Int(Errno.notPermitted.rawValue)
      try bench.turn(
        bench.received(old), Completion(.sent, old, 40), Completion(.sent, old, 0),
        bench.sentInPlace(old, rest: 5), bench.sentInPlace(old, rest: 0), Completion(.ended, old),
        Completion(.receiveFailed, old, broken), Completion(.sendFailed, old, broken))
      if isTaken { try bench.turn(Completion(.closed, old)) }
      #expect(bench.sessions.calls == calls && bench.script.sent == sent)
      #expect(bench.script.closed == [old] && bench.notices == [])
      #expect(bench.unsent == 100 && bench.connections == 1)
      #expect(bench.condemned == (isTaken ? 0 : 100))
      guard !isTaken else { continue }
      try bench.turn(Completion(.closed, old), Completion(.closed, old))
      #expect(bench.unsent == 0 && bench.condemned == 0 && bench.connections == 0)
    }
  }
}
