import Switchboard
import SwitchboardBase
import SwitchboardTimeline
import Testing

/// What `switchboard top` draws, at sizes that terminals have, and what its keys do.
@Suite struct TopScreenTests {
  private static func screen(
    connections: Int = 3, loops: Int = 2, title: String = "a.rec"
  ) -> TopScreen {
    var screen = TopScreen(title: title)
    screen.standing = .runs
    screen.begin(ActivityTests.head(loops: loops), slowLimit: .milliseconds(10))
    var records: [LoopRecord] = []
    for second in 0..<90 {
      for loop in 0..<loops {
        let start = Double(second) + 0.001
        records.append(
          ActivityTests.wait(start, for: 0.5, loop: UInt16(loop), completions: 4))
        records.append(ActivityTests.wait(start + 0.75, for: 0.2, loop: UInt16(loop)))
      }
    }
    for number in 0..<connections {
      let (connection, loop) = (UInt32(number + 1), UInt16(number % max(1, loops)))
      let start = 88.6 + Double(number % 100) / 1000
      records.append(
        ActivityTests.call(
          of: connection, loop: loop, at: start, took: number == 1 ? 52_000_000 : 1000,
          received: UInt32(number)))
    }
    screen.add(records)
    screen.clock = 90 * ActivityTests.second
    return screen
  }

  @Test(
    arguments: [0, 1, 3, 20_000],
    [(20, 5), (20, 1), (1, 1), (0, 0), (50, 15), (80, 24), (200, 60), (1000, 200)])
  func `At every size nothing is wider or higher than the terminal`(
    connections: Int, size: (Int, Int)
  ) {
    var screen = Self.screen(connections: connections)
    for _ in 0..<2 {
      let lines = screen.lines(columns: size.0, rows: size.1, color: false)
      #expect(lines.count <= size.1 && lines.allSatisfy { $0.count <= size.0 })
      if size.1 >= 6 { #expect(lines.count == size.1) }
      let isEnd = screen.press(.enter)
      #expect(!isEnd)
    }
  }

  @Test func `Each loop has its busy share, its last minute, turns and lag`() throws {
    var screen = Self.screen()
    let lines = screen.lines(columns: 80, rows: 24, color: false)
    let heading = try #require(lines.first { $0.hasPrefix("loop") })
    #expect(["busy", "last minute", "turns/s", "a turn", "lag"].allSatisfy(heading.contains))
    // Of each second three quarters of a half and what is left at its end.
    let loop = try #require(lines.first { $0.hasPrefix("1 ") })
    #expect(loop.contains("30 %") && loop.contains("250 ms") && loop.contains("2.5"))
    #expect(loop.count { $0 == "▃" } >= 20)
    #expect(lines[0].hasPrefix("runs  01:30  a.rec  process 42, epoll, 2 loops"))
  }

  @Test func `Where there is no room, figures give way to the picture`() {
    var screen = Self.screen()
    let narrow = screen.lines(columns: 50, rows: 24, color: false)
    #expect(narrow.contains { $0.contains("last minute") && $0.contains("lag") })
    let least = screen.lines(columns: 20, rows: 8, color: false)
    #expect(least.contains { $0.hasPrefix("0 ") && $0.contains("▃") })
    let wide = screen.lines(columns: 200, rows: 24, color: false)
    #expect(wide.contains { $0.contains("out/s") })
    // Slow callbacks stand beside the connections.
    #expect(wide.contains { $0.contains("▶ 1 ") && $0.contains("52 ms") })
  }

  @Test func `Slow callbacks are told with their connection`() {
    var screen = Self.screen()
    let lines = screen.lines(columns: 80, rows: 24, color: false)
    #expect(
      lines.contains { $0.contains("52 ms") && $0.contains("received") && $0.contains("conn 2") })
  }

  @Test func `Keys choose the order and a connection, and open it`() {
    var screen = Self.screen(connections: 30)
    let lines = { screen.lines(columns: 80, rows: 24, color: false) }
    _ = lines()
    _ = screen.press(.character("b"))
    #expect(screen.order == .bytes && lines().contains { $0.hasPrefix("▶ 30 ") })
    _ = screen.press(.down)
    #expect(lines().contains { $0.hasPrefix("▶ 29 ") })
    _ = screen.press(.character("s"))
    #expect(screen.order == .rate)
    #expect(lines().contains { $0.hasPrefix("▶ 29 ") })
    _ = screen.press(.enter)
    #expect(screen.isOpen && lines().contains { $0.hasPrefix("conn      29 of loop 0") })
    #expect(lines().contains { $0.contains("unsent is not in a recording") })
    var isEnd = screen.press(.character("q"))
    #expect(!isEnd && !screen.isOpen)
    _ = screen.press(.end)
    #expect(lines().contains { $0.hasPrefix("▶ ") })
    _ = screen.press(.home)
    isEnd = screen.press(.character("q"))
    #expect(isEnd)
  }

  @Test func `With nobody there it says so`() {
    var empty = TopScreen(title: "a.rec")
    let first = empty.lines(columns: 80, rows: 24, color: false)
    #expect(first[0].hasPrefix("waits for the recording"))
    var screen = Self.screen(connections: 0)
    let lines = screen.lines(columns: 80, rows: 24, color: false)
    #expect(lines.contains("no connection yet"))
    for key in [TerminalKeys.Key.enter, .down, .up, .pageDown, .end, .escape] {
      let isEnd = screen.press(key)
      #expect(!isEnd && !screen.isOpen)
    }
  }

  @Test func `A name cannot write to the terminal`() {
    var screen = Self.screen(title: "a\u{1B}[2Jb\u{7}")
    let lines = screen.lines(columns: 200, rows: 24, color: false)
    #expect(!lines.joined().contains("\u{1B}"))
    var plain = Self.screen(title: "\u{1B}]0;x")
    let table = plain.table(columns: 200, connections: 5, color: false)
    #expect(!table.joined().contains("\u{1B}"))
  }

  @Test(
    arguments: [
      ("q", [.character("q")]), ("\r", [.enter]), ("\u{1B}[A\u{1B}OB", [.up, .down]),
      ("\u{1B}[5~\u{1B}[6~\u{1B}[H", [.pageUp, .pageDown, .home]), ("\u{1B}", []),
      ("\u{1B}\u{1B}[A", [.escape, .up]), ("\u{1B}[38;5;1mx", [.character("x")]),
      ("\u{1B}q", [.escape]),
      ("\u{7F}", [.backspace]), ("\u{1}", []),
    ] as [(String, [TerminalKeys.Key])])
  func `Bytes of a terminal are keys`(bytes: String, expected: [TerminalKeys.Key]) {
    var keys = TerminalKeys()
    let found = bytes.utf8.compactMap { keys.take($0) }
    #expect(found == expected)
    let last = keys.pause()
    #expect(last == (bytes == "\u{1B}" ? .escape : nil))
  }
}
