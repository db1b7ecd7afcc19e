import SwitchboardBase
import Testing

@testable import SwitchboardLoad

/// A load's screen, frame by frame: what it is told goes in, text of a given size comes out.
@Suite struct LoadScreenTests {
  private static func options(_ change: (inout LoadOptions) -> Void = { _ in }) -> LoadOptions {
    var options = LoadOptions(on: [.loopback(port: 9090)])
    (options.connections, options.speaking) = (64, .echo)
    change(&options)
    return options
  }

  static func second(
    _ start: Int, rate: Int = 1000, microseconds: [UInt64] = [200, 300, 5000]
  ) -> LoadSecond {
    var latency = LatencyHistogram()
    for (place, time) in microseconds.enumerated() {
      latency.record(nanoseconds: time * 1000, count: max(1, rate >> (2 * place)))
    }
    return LoadSecond(
      start: Double(start), seconds: 1, isMeasured: start >= 0, requests: rate, failures: 0, latency
    )
  }

  /// A screen at the end of so many seconds of the window.
  private static func screen(
    after seconds: Int, of options: LoadOptions = options(), failures: LoadFailures = LoadFailures()
  ) -> LoadScreen {
    var screen = LoadScreen(options)
    screen.begins(at: 100)
    for start in -1..<seconds {
      screen.note(.second(second(start), failures: failures), at: Double(102 + start))
    }
    return screen
  }

  private static func frame(
    _ screen: LoadScreen, at moment: Double = 105.4, _ columns: Int = 80, _ rows: Int = 24,
    color: Bool = false
  ) -> [String] {
    screen.lines(at: moment, columns: columns, rows: rows, color: color)
  }

  @Test(arguments: [(80, 20), (80, 24), (81, 33), (120, 40), (200, 50), (200, 20), (1000, 200)])
  func `A frame fills its screen, and nothing is wider`(columns: Int, rows: Int) {
    for seconds in [0, 1, 4, 10] + (columns == 120 ? [700] : []) {
      let screen = LoadScreenTests.screen(after: seconds)
      let lines = LoadScreenTests.frame(screen, at: 101 + Double(seconds), columns, rows)
      #expect(lines.count == rows)
      #expect(lines.allSatisfy { $0.count < columns }, "\(lines)")
    }
    let empty = LoadScreenTests.frame(LoadScreen(LoadScreenTests.options()), columns, rows)
    #expect(empty.count == rows && empty.allSatisfy { $0.count < columns })
  }

  @Test(arguments: [(79, 24), (80, 19), (50, 24), (10, 2), (1, 1), (0, 0)])
  func `A screen that is too small has a line`(columns: Int, rows: Int) {
    let lines = LoadScreenTests.frame(LoadScreenTests.screen(after: 4), at: 105.4, columns, rows)
    #expect(lines.count == 1 && lines[0].count <= columns)
  }

  @Test func `It says what is loaded, how far it is, the rate, percentiles, errors and keys`() {
    let lines = LoadScreenTests.frame(LoadScreenTests.screen(after: 4))
    #expect(lines[0] == " 127.0.0.1:9090, echo: 64 connections, closed loop")
    #expect(lines[1].contains("49 %") && lines[1].hasSuffix("4.4 s of 10 s, 5.6 s left"))
    #expect(lines.contains { $0.contains("rate") && $0.contains("1,000/s") })
    #expect(lines.contains { $0.contains("p50 200 µs") && $0.contains("max 5.00 ms") })
    #expect(lines.contains { $0.contains("╵500 µs") })
    #expect(lines.contains { $0.contains("errors    none") })
    #expect(lines.last?.contains("q end now") == true)
  }

  @Test func `Paint takes no room and changes no word`() {
    let screen = LoadScreenTests.screen(after: 6)
    let painted = LoadScreenTests.frame(screen, color: true)
    #expect(painted != LoadScreenTests.frame(screen))
    let plain = painted.map { $0.replacing(/\u{1B}\[[\d;]*m/, with: "") }
    #expect(plain == LoadScreenTests.frame(screen))
  }

  @Test func `Errors are told by kind, the most frequent first`() throws {
    var failures = LoadFailures()
    failures.add(.reset, count: 3, "recv: ECONNRESET")
    failures.add(.refused, count: 1200, "connect: ECONNREFUSED")
    let screen = LoadScreenTests.screen(after: 2, failures: failures)
    let line = try #require(LoadScreenTests.frame(screen).first { $0.contains("errors") })
    #expect(line.hasSuffix("1,200 × connection refused, 3 × reset by the server"))
  }

  @Test func `The darkest place is where the most requests are`() throws {
    let lines = LoadScreenTests.frame(LoadScreenTests.screen(after: 4), at: 105.4, 80, 30)
    let map = lines.filter { $0.contains("│") || $0.contains("┤") }
    let dark = try #require(map.firstIndex { $0.contains("█") })
    let faint = try #require(map.firstIndex { $0.contains("▓") || $0.contains("▒") })
    // Long latencies stand above short ones.
    #expect(faint < dark)
    #expect(lines.contains { $0.contains("1 request ·░▒▓█ 1,000") })
    #expect(map.contains { $0.contains("1 ms ┤") })
  }

  @Test func `Latencies of a second stand at one column of a long run, and roll`() throws {
    let long = LoadScreenTests.options { $0.duration = .seconds(3600) }
    let lines = LoadScreenTests.frame(LoadScreenTests.screen(after: 300, of: long), at: 401)
    let axis = try #require(lines.last { $0.contains("290 s") })
    #expect(!axis.contains(" 0 s"))
    let row = try #require(lines.first { $0.contains("█") && $0.contains("│") })
    #expect(row.split(separator: "█", omittingEmptySubsequences: false).count > 60)
  }

  @Test func `Frozen it stands still, and then has all that came meanwhile`() {
    var screen = LoadScreenTests.screen(after: 3)
    screen.freeze(at: 104.5)
    let frozen = LoadScreenTests.frame(screen, at: 104.5)
    #expect(frozen[1].contains("frozen: 3.5 s"))
    let slow = LoadScreenTests.second(3, microseconds: [90_000])
    screen.note(.second(slow, failures: LoadFailures()), at: 105)
    #expect(LoadScreenTests.frame(screen, at: 109) == frozen)
    screen.freeze(at: 109)
    let thawed = LoadScreenTests.frame(screen, at: 109)
    #expect(thawed[1].contains("8.0 s of 10 s") && thawed.contains { $0.contains("max 90 ms") })
  }

  @Test func `Rescaled, the axis fits what is visible`() {
    let long = LoadScreenTests.options { $0.duration = .seconds(3600) }
    var screen = LoadScreen(long)
    screen.begins(at: 100)
    let slow = LoadScreenTests.second(0, microseconds: [9_000_000])
    screen.note(.second(slow, failures: LoadFailures()), at: 102)
    for start in 1..<100 {
      let second = LoadScreenTests.second(start)
      screen.note(.second(second, failures: LoadFailures()), at: Double(102 + start))
    }
    let isWide = { (lines: [String]) in lines.contains { $0.contains(" s ┤") } }
    #expect(isWide(LoadScreenTests.frame(screen, at: 202)))
    screen.rescale()
    #expect(!isWide(LoadScreenTests.frame(screen, at: 202)))
    screen.rescale()
    #expect(isWide(LoadScreenTests.frame(screen, at: 202)))
  }

  @Test func `Before, between and behind the window it says so`() {
    var screen = LoadScreen(LoadScreenTests.options())
    screen.note(.connecting(done: 12, of: 64, failures: 3), at: 99)
    #expect(screen.told(at: 99) == "connecting: 12 of 64, 3 attempts failed")
    screen.begins(at: 100)
    #expect(screen.told(at: 100.25) == "warm-up, 0.8 s to the window")
    #expect(screen.told(at: 103).hasSuffix("8.0 s left"))
    #expect(screen.told(at: 112) == "the window is over: what is on its way is awaited")
    #expect(screen.share(at: 112) == 1)
    screen.end()
    #expect(screen.told(at: 103).hasPrefix("ending"))
    let counted = LoadScreenTests.options {
      ($0.requests, $0.duration) = (8000, .seconds(86_400))
    }
    let half = LoadScreenTests.screen(after: 4, of: counted)
    #expect(half.told(at: 105).hasSuffix("4,000 requests left") && half.share(at: 105) == 0.5)
  }
}
