import Switchboard
import SwitchboardTimeline
import Testing

/// The picture of who was served when, from made-up recordings.
@Suite struct TimelineTests {
  private static let zero: UInt64 = 7_000_000_000
  private static func peer(_ index: UInt32) -> Key { Key(index: index, generation: 1) }

  /// A callback at a moment and for a time in microseconds.
  private static func callback(
    _ kind: CallbackKind, of index: UInt32, at start: UInt64, for duration: UInt64
  ) -> CallbackRecord {
    let from = zero + start * 1000
    return CallbackRecord(
      kind, of: peer(index), from: Instant(nanoseconds: from),
      to: Instant(nanoseconds: from + duration * 1000))
  }

  /// `count` clients that connect one after the other, and are served at 1 s and at 2 s.
  private static func article(_ count: UInt32) -> Recording {
    let connects = (0..<count).map { index in
      callback(.connected, of: index, at: UInt64(index) * 10, for: 4)
    }
    let rounds = [1_000_000, 2_000_000].flatMap { (second: UInt64) in
      (0..<count).map { callback(.receive, of: $0, at: second + UInt64($0) * 20, for: 8) }
    }
    let ends = (0..<count).map { callback(.closed, of: $0, at: 2_200_000 + UInt64($0), for: 1) }
    return Recording(connects + rounds + ends, processorTime: .milliseconds(22))
  }

  @Test(arguments: [24, 40, 80, 200], [1, 3, 100] as [UInt32])
  func `No line is wider than the width, and every client has a row`(width: Int, clients: UInt32) {
    let lines = Timeline(TimelineTests.article(clients)).lines(width: width, color: false)
    #expect(lines.allSatisfy { $0.count <= width })
    for index in 0..<clients {
      #expect(lines.contains { $0.hasPrefix("conn\(index) ") })
    }
    #expect(lines.contains { $0.hasPrefix("thread") })
  }

  @Test(arguments: [40, 80, 200])
  func `Marks stand where a client was served, on the scale of the axis`(width: Int) throws {
    let lines = Timeline(TimelineTests.article(3)).lines(width: width, color: false)
    let axis = Array(try #require(lines.first { $0.contains("├") }))
    let left = try #require(axis.firstIndex(of: "├"))
    let right = try #require(axis.firstIndex(of: "┤"))
    let seconds = try #require(lines.first { $0.contains("0 s") && $0.contains("2 s") })
    for name in ["conn0", "conn1", "conn2"] {
      let row = Array(try #require(lines.first { $0.hasPrefix(name) }))
      let marks = row.indices.filter { row[$0] == "●" }
      let expected = [0, 1, 2, 2.2].map { left + Int((Double(right - left) * $0 / 2.2).rounded()) }
      #expect(marks == expected)
      // A mark stands under its second's label, which begins at the tick.
      #expect(Array(seconds)[marks[1]...].starts(with: "1 s"))
      #expect(axis[marks[1]] == "┼" && axis[marks[2]] == "┼")
      #expect(row[left...right].allSatisfy { $0 == "●" || $0 == "━" })
    }
  }

  @Test func `A lifeline begins when its client connects and ends when it is closed`() throws {
    let recording = Recording([
      TimelineTests.callback(.connected, of: 0, at: 0, for: 5),
      TimelineTests.callback(.connected, of: 1, at: 500_000, for: 5),
      TimelineTests.callback(.closed, of: 0, at: 990_000, for: 5),
      TimelineTests.callback(.closed, of: 1, at: 2_000_000, for: 5),
    ])
    let lines = Timeline(recording).lines(width: 40, color: false)
    let rows = try ["conn0", "conn1"].map { name in
      Array(try #require(lines.first { $0.hasPrefix(name) }))
    }
    // Columns 8 to 39 are two seconds.
    #expect(String(rows[0]) == "conn0   ●" + String(repeating: "━", count: 14) + "●")
    #expect(rows[1].firstIndex(of: "●") == 16)
    #expect(rows[1].lastIndex(of: "●") == 39)
  }

  @Test(arguments: [40, 80, 200])
  func `In the close-up only one client is served in any column, and the thread's row says which`(
    width: Int
  ) throws {
    let recording = Recording(
      (0..<12).map { step in
        let kinds: [CallbackKind] = [.connected, .send, .receive, .send]
        return TimelineTests.callback(
          kinds[step / 3], of: UInt32(step % 3), at: UInt64(step) * 15, for: UInt64(step % 4) * 3)
      })
    let lines = Timeline(recording).lines(width: width, color: false)
    let title = try #require(lines.firstIndex { $0.contains("close up") })
    let rows = lines[title...].filter { $0.hasPrefix("conn") }.map { Array($0.dropFirst(8)) }
    let thread = Array(try #require(lines.first { $0.hasPrefix("thread") }).dropFirst(8))
    #expect(rows.count == 3)
    #expect(String(thread.filter(\.isLetter)) == "CCCSSSRRRSSS")
    for (column, shown) in thread.enumerated() where shown == "█" || shown.isLetter {
      let serving = rows.filter { column < $0.count && ($0[column] == shown) }
      #expect(serving.count == 1)
    }
  }

  @Test func `A long gap in the close-up is cut out, and the time after it is told`() throws {
    let recording = Recording([
      TimelineTests.callback(.connected, of: 0, at: 0, for: 5),
      TimelineTests.callback(.send, of: 0, at: 8, for: 20),
      TimelineTests.callback(.receive, of: 0, at: 8_000, for: 20),
    ])
    let lines = Timeline(recording).lines(width: 80, color: false)
    let times = try #require(lines.first { $0.contains("8.00 ms") })
    let row = try #require(lines.last { $0.hasPrefix("conn0") })
    #expect(row.contains(" ⋯ R"))
    let column = try #require(Array(row).firstIndex(of: "R"))
    #expect(String(Array(times)[column...]) == "8.00 ms")
  }

  @Test func `Colour adds escape codes and nothing else`() {
    let timeline = Timeline(TimelineTests.article(3))
    let plain = timeline.lines(width: 80, color: false)
    let colored = timeline.lines(width: 80, color: true)
    #expect(!plain.joined().contains("\u{1B}"))
    #expect(colored.joined().contains("\u{1B}[1;38;5;32m●"))
    #expect(colored.map { $0.replacing(/\u{1B}\[[0-9;]*m/, with: "") } == plain)
    #expect(
      colored.allSatisfy {
        !$0.contains("\u{1B}") || $0.hasSuffix("\u{1B}[0m") || $0.last?.isLetter == true
      })
  }

  @Test func `The summary tells the calls, their time and how long the thread waited`() {
    let lines = Timeline(TimelineTests.article(3)).lines(width: 200, color: false)
    #expect(
      lines.last == "12 callbacks took 63 µs in all. The one thread that made them used a "
        + "processor for 22 ms of 2.200 s and waited for 99.00 % of it.")
  }

  @Test func `Callbacks that were not recorded are admitted`() {
    var recording = TimelineTests.article(1)
    recording.missed = 1234
    let text = Timeline(recording).lines(width: 80, color: false).joined(separator: " ")
    #expect(text.contains("1,234 more were not recorded: the buffer was full."))
  }

  @Test func `A recording without callbacks says that nobody was served`() {
    #expect(Timeline(Recording()).lines(width: 80, color: true) == ["nobody was served"])
  }

  @Test func `Callbacks at the very same moment are drawn`() {
    let recording = Recording((0..<3).map { TimelineTests.callback(.send, of: $0, at: 0, for: 0) })
    let lines = Timeline(recording).lines(width: 80, color: false)
    #expect(lines.contains { $0.hasPrefix("conn2   ●") })
  }
}
