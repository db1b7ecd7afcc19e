import Switchboard
import SwitchboardTimeline
import Testing

/// What `switchboard top` reckons of records.
@Suite struct ActivityTests {
  static let second: UInt64 = 1_000_000_000
  /// Far from zero, as clocks are.
  static let zero: UInt64 = 7 << 60

  static func head(loops: Int = 1) -> RecordingFile.Head {
    RecordingFile.Head(
      loops: loops, start: Instant(nanoseconds: zero), wallClock: 0, backend: "epoll", process: 42)
  }

  static func wait(
    _ start: Double, for seconds: Double, loop: UInt16 = 0, completions: UInt32 = 1
  ) -> LoopRecord {
    var record = LoopRecord(
      code: LoopRecord.Kind.wait.rawValue, loop: loop, connection: 0, start: moment(start))
    record.wide = UInt64(seconds * 1e9)
    record.c = completions
    return record
  }

  static func call(
    _ kind: CallbackKind = .receive, of connection: UInt32, loop: UInt16 = 0, at start: Double,
    took: UInt32 = 1000, received: UInt32 = 0, sent: UInt32 = 0
  ) -> LoopRecord {
    var record = LoopRecord(
      code: kind.rawValue, loop: loop, connection: connection, start: moment(start))
    (record.a, record.c, record.d) = (LoopRecord.packed(UInt64(took)), received, sent)
    return record
  }

  static func other(
    _ kind: LoopRecord.Kind, of connection: UInt32, at start: Double, bytes: UInt32 = 0
  ) -> LoopRecord {
    var record = LoopRecord(
      code: kind.rawValue, loop: 0, connection: connection, start: moment(start))
    record.d = bytes
    return record
  }

  private static func moment(_ seconds: Double) -> UInt64 { zero + UInt64(seconds * 1e9) }

  static func activity(
    _ records: [LoopRecord], loops: Int = 1, bounds: Activity.Bounds = Activity.Bounds()
  ) -> Activity {
    var activity = Activity(head(loops: loops), slowLimit: .milliseconds(10), bounds: bounds)
    activity.add(records)
    return activity
  }

  @Test func `A loop is busy from the end of a wait to the beginning of the next`() {
    let loop = Self.activity([
      Self.wait(0, for: 0.25, completions: 3), Self.wait(0.5, for: 0.5, completions: 5),
      Self.wait(2.5, for: 0.1),
    ]).loops[0]
    #expect(loop.second(0).busy == Self.second / 4)
    #expect(loop.second(0).turns == 1 && loop.second(0).completions == 3)
    // A turn of a second and a half, over two seconds.
    #expect(loop.second(1).share == 1 && loop.second(1).completions == 5)
    #expect(loop.second(2).busy == Self.second / 2)
    #expect(loop.second(2).lag == Self.second * 3 / 2)
    #expect(loop.second(3).busy == 0 && loop.second(3).turns == 0)
  }

  @Test func `The first seconds make room for later ones`() {
    var records: [LoopRecord] = []
    for start in 0..<200 { records.append(Self.wait(Double(start), for: 0.25)) }
    let loop = Self.activity(records).loops[0]
    #expect(loop.second(198).share == 0.75)
    #expect(loop.second(140).share == 0.75)
    #expect(loop.second(10).turns == 0)
    // A turn of an hour fills the last minute.
    let long = Self.activity([Self.wait(0, for: 0.5), Self.wait(3600, for: 1)]).loops[0]
    #expect(long.second(3599).share == 1 && long.second(3541).share == 1)
  }

  @Test func `Where records are missing nobody says that the loop worked`() {
    var missed = Self.other(.missed, of: 0, at: 0.6)
    missed.wide = 12
    let activity = Self.activity([
      Self.wait(0, for: 0.25), missed, Self.wait(0.75, for: 0.25),
    ])
    #expect(activity.missed == 12 && activity.loops[0].second(0).busy == 0)
  }

  @Test func `A connection's figures are sums, and what it waited is from the wait that found it`()
    throws
  {
    let activity = Self.activity([
      Self.other(.accepted, of: 7, at: 0.5), Self.wait(1, for: 1),
      Self.call(.connected, of: 7, at: 2.25, sent: 10),
      Self.call(of: 7, at: 2.5, took: 20_000_000, received: 100, sent: 50),
      // A timer's callback waited for nothing that could be seen.
      Self.call(.alarm, of: 7, at: 2.75), Self.other(.sent, of: 7, at: 2.875, bytes: 40),
      Self.other(.returned, of: 7, at: 2.9, bytes: 5),
    ])
    let connection = try #require(activity.followed.first)
    #expect(connection.opened == Self.second / 2 && connection.calls == 3)
    #expect(connection.received == 100 && connection.sent == 95)
    #expect(connection.waited == Self.second * 3 / 4 && connection.longestWait == Self.second / 2)
    #expect(connection.calls(in: 2) == 3 && connection.calls(in: 1) == 0)
    #expect(activity.slow.map(\.connection) == [7])
    #expect(activity.loops[0].second(2).received == 100 && activity.loops[0].second(2).sent == 95)
  }

  @Test func `Rates are of a whole second`() throws {
    var records = (0..<5).map { Self.call(of: 1, at: 3 + Double($0) / 8) }
    records += (0..<2).map { Self.call(of: 1, at: 4 + Double($0) / 8) }
    let connection = try #require(Self.activity(records).followed.first)
    #expect([2, 3, 4, 5].map { connection.calls(in: $0) } == [0, 5, 2, 0])
  }

  @Test(
    arguments: [
      (.rate, [2, 3, 1, 4]), (.calls, [1, 2, 3, 4]), (.waits, [2, 3, 1, 4]),
      (.bytes, [3, 2, 1, 4]),
    ] as [(TopOrder, [UInt32])])
  func `Connections are in order, those that are closed behind`(
    order: TopOrder, expected: [UInt32]
  ) {
    var records = [Self.wait(0, for: 0.499)]
    for place in 0..<9 { records.append(Self.call(of: 1, at: 0.5 + Double(place) / 100)) }
    for place in 0..<3 {
      records.append(Self.call(of: 2, at: 5 + Double(place) / 100, received: 1000))
    }
    records += [Self.wait(5.1, for: 0.1), Self.call(of: 3, at: 5.9, sent: 5000)]
    for place in 0..<99 {
      records.append(Self.call(of: 4, at: 5.6 + Double(place) / 1e4, received: 1_000_000))
    }
    records.append(Self.call(.closed, of: 4, at: 5.7))
    let activity = Self.activity(records)
    #expect(activity.highest(10, by: order, in: 5).map(\.number) == expected)
    #expect(activity.highest(2, by: order, in: 5).map(\.number) == Array(expected.prefix(2)))
  }

  @Test func `However many connections there are, those that were served last are followed`() {
    var bounds = Activity.Bounds()
    (bounds.connections, bounds.callbacks, bounds.slow) = (100, 50, 3)
    let many = (1...20_000).map {
      Self.call(of: UInt32($0), at: Double($0) / 1000, took: 20_000_000)
    }
    let activity = Self.activity(many, bounds: bounds)
    #expect(activity.followed.count <= 100 && activity.callbacks == 20_000)
    #expect(activity.forgotten + activity.followed.count == 20_000)
    #expect(activity.connection(20_000) != nil && activity.slow.count == 3)
    let last = activity.connection(20_000)
    #expect(last.map { activity.calls(of: $0, atMost: 10).count } == 1)
    let old = activity.connection(19_940)
    #expect(old.map { activity.calls(of: $0, atMost: 10).count } == 0)
  }

  @Test func `The last callbacks of a connection come from the newest on`() throws {
    var bounds = Activity.Bounds()
    bounds.callbacks = 8
    let records = (0..<20).map {
      Self.call(of: UInt32($0 % 2 + 1), at: Double($0), received: UInt32($0))
    }
    let activity = Self.activity(records, bounds: bounds)
    let one = try #require(activity.connection(1))
    #expect(activity.calls(of: one, atMost: 3).map(\.c) == [18, 16, 14])
    #expect(activity.calls(of: one, atMost: 99).map(\.c) == [18, 16, 14, 12])
  }

  @Test func `Whatever a file says is counted without harm`() {
    var bounds = Activity.Bounds()
    (bounds.connections, bounds.callbacks) = (64, 64)
    var activity = Activity(Self.head(loops: 3), slowLimit: .zero, bounds: bounds)
    var state: UInt64 = 88_172_645_463_325_252
    let next = { () -> UInt64 in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
    for _ in 0..<20_000 {
      let codes: [UInt8] = [1, 2, 3, 4, 5, 16, 17, 19, 21, 24, 25, 99]
      var record = LoopRecord(
        code: codes[Int(next() % 12)], loop: UInt16(next() % 5), connection: UInt32(next() % 200),
        start: next() % 4 == 0 ? next() : Self.zero + next() % (200 * Self.second))
      (record.wide, record.c, record.d) = (next(), UInt32(next() >> 32), UInt32(next() >> 32))
      record.detail = UInt8(next() >> 56)
      activity.add([record])
    }
    #expect(activity.loops.count == 3 && activity.unknown > 0 && activity.followed.count <= 64)
  }
}
