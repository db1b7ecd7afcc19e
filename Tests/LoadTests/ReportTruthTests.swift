import Testing

@testable import SwitchboardBase
@testable import SwitchboardLoad

/// What a load's report says, and in which colour.
@Suite struct ReportTruthTests {
  private static let (red, green) = ("\u{1B}[1;31m", "\u{1B}[1;32m")

  private static func rate(_ result: LoadResult) -> String? {
    LoadReport(result, width: 100, color: true).lines.first { $0.contains("Rate") }
  }

  @Test func `A run without errors has a green rate`() throws {
    let line = try #require(ReportTruthTests.rate(JudgingTests.result()))
    #expect(line.contains(ReportTruthTests.green) && !line.contains(ReportTruthTests.red))
  }

  @Test func `A run with errors is not green anywhere, and its rate says how many of how many`()
    throws
  {
    var result = JudgingTests.result()
    let answered = result.window.answered
    result.window.due = answered + 1234
    result.window.lost = 1234
    result.failures.add(.reset, "recv 127.0.0.1:9090: ECONNRESET")
    let line = try #require(ReportTruthTests.rate(result))
    #expect(
      line.contains("1,234 of \(Figures.grouped(answered + 1234)) requests failed\u{1B}[0m"))
    let lines = LoadReport(result, width: 100, color: true).lines
    #expect(line.contains(ReportTruthTests.red))
    #expect(!lines.contains { $0.contains(ReportTruthTests.green) })
  }

  @Test func `Errors beside requests that were all answered are told, too`() throws {
    var result = JudgingTests.result()
    result.failures.add(.refused, "connect 127.0.0.1:9090: ECONNREFUSED")
    let line = try #require(ReportTruthTests.rate(result))
    #expect(line.contains("requests/s, 1 error\u{1B}[0m"))
  }

  private static func stepped() -> LoadResult {
    var result = JudgingTests.result(seconds: 2)
    result.isOpenLoop = true
    result.steps = [1000, 2000].map { rate in
      var step = LoadStep(asked: rate)
      step.seconds = 1
      (step.tally.due, step.tally.answered) = (Int(rate), min(Int(rate), 1500))
      step.tally.unsent = step.tally.due - step.tally.answered
      step.latency.record(nanoseconds: 1_234_567)
      return step
    }
    result.window.due += 500
    result.window.unsent = 500
    return result
  }

  @Test func `Steps are told apart, and their average is no headline`() throws {
    let result = ReportTruthTests.stepped()
    let lines = LoadReport(result, width: 100, color: false).lines
    let rate = try #require(lines.first { $0.hasPrefix("Rate") })
    #expect(rate.contains("2 steps, told apart below, 500 of "))
    #expect(!lines.contains { $0.hasPrefix("Latency") })
    let average = LoadReport(result, width: 100, color: false).perSecond(result.rate)
    #expect(!lines.contains { $0.contains(average) })
    let place = try #require(lines.firstIndex { $0.hasPrefix("Steps") })
    #expect(
      lines[place].split(separator: " ")
        == ["Steps", "asked", "got", "failed", "p50", "p99", "p99.9", "max"])
    #expect(lines[place + 1].contains("1,000/s") && lines[place + 2].contains("2,000/s"))
    let colored = LoadReport(result, width: 100, color: true).lines
    #expect(!colored[place + 1].contains(ReportTruthTests.red))
    #expect(colored[place + 2].contains(ReportTruthTests.red))
  }

  @Test(arguments: [30, 40, 50, 59, 60, 120])
  func `A report is no wider than a narrow terminal`(width: Int) {
    var result = ReportTruthTests.stepped()
    result.failures.add(.noPorts, "connect 127.0.0.1:9090: EADDRNOTAVAIL")
    for result in [JudgingTests.result(), result] {
      let lines = LoadReport(result, width: width, color: false).lines
      // Words that no terminal is wide enough for stay whole.
      let wide = lines.filter { line in
        line.count > width && line.split(separator: " ").allSatisfy { $0.count < 16 }
      }
      #expect(wide == [])
    }
  }

  @Test(arguments: [
    ("staleEvent", "stale event"), ("loss", "loss"), ("receiveWouldBlock", "receive would block"),
  ])
  func `Names of the source are words`(name: String, words: String) {
    #expect(name.inWords == words)
  }

  @Test(arguments: [
    ("demoo", "demo"), ("laod", "load"), ("timelin", "timeline"), ("Serve", "serve"),
    ("frobnicate", nil), ("x", nil), ("simulator", "simulate"),
  ])
  func `A mistyped word has the near one, and another word none`(word: String, near: String?) {
    let all = ["demo", "serve", "relay", "client", "load", "simulate", "timeline"]
    #expect(Spellings.nearest(to: word, of: all) == near)
  }
}
