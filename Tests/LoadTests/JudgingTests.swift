import Switchboard
import SwitchboardBase
import Testing

@testable import SwitchboardLoad

/// Conditions, comparisons and what is printed of them.
@Suite struct JudgingTests {
  /// A result with a rate and a latency that move a little from second to second.
  static func result(
    rate: Int = 1000, microseconds: UInt64 = 500, seconds: Int = 10, wobble: Int = 10
  ) -> LoadResult {
    var all = LatencyHistogram()
    let counts = [rate + wobble, rate - wobble]
    let latencies = counts.map { count in
      var latency = LatencyHistogram()
      latency.record(nanoseconds: microseconds * 1000, count: count)
      return latency
    }
    let series = (0..<seconds).map { number -> LoadSecond in
      all.record(nanoseconds: microseconds * 1000, count: counts[number % 2])
      return LoadSecond(
        start: Double(number), seconds: 1, isMeasured: true, requests: counts[number % 2],
        failures: 0, latencies[number % 2])
    }
    var options = LoadOptions(on: [.loopback(port: 9090)])
    options.connections = 64
    var share = LoadShare()
    share.window.due = all.count
    share.window.answered = all.count
    share.all = share.window
    share.arrived = all.count
    share.latency = all
    share.uncorrected = all
    share.windowNanoseconds = UInt64(seconds) * 1_000_000_000
    share.figures = LoadThreadFigures(
      processorSeconds: Double(seconds) / 2, waitedSeconds: 0, seconds: Double(seconds))
    return LoadResult(options, [share], series, connected: 64)
  }

  @Test(arguments: [
    ("p99<5ms", true), ("p99 < 499us", false), ("p99.9<=0.6ms", true), ("p50>400µs", true),
    ("max<1s", true), ("mean<100ns", false), ("rate>=1000", true), ("rate>1k", false),
    ("rate<2k", true), ("errors==0", true), ("errors>0", false), ("requests==10k", true),
    ("cpu<60%", true), ("missed<=0", true), ("cpu==50%", true), ("cpu==0.5", true),
    ("requests<10k", false), ("requests<=10000", true), ("requests>10k", false),
    ("requests>=10k", true), ("requests==0.01m", true), ("requests==9999", false),
    ("rate>=0", true), ("p0.5<5ms", true), ("p0<5ms", true), ("p100<5ms", true),
  ])
  func `A condition holds or not`(text: String, holds: Bool) throws {
    let assertion = try #require(LoadAssertion(text))
    #expect(assertion.check(JudgingTests.result()).holds == holds)
    #expect(assertion.description == text)
  }

  @Test(arguments: [
    "", "p99", "p99<", "<5ms", "p101<5ms", "px<5ms", "p99<5", "p99<ms", "p99<-5ms", "rate>5ms",
    "speed>5", "p99=5ms", "rate>nan", "rate>inf", "p99<<5ms",
    "x50<5ms", "50<5ms", "rate>-1", "rate>k", "p-1<5ms",
  ])
  func `What is no condition is refused`(text: String) {
    #expect(LoadAssertion(text) == nil)
  }

  @Test func `A latency that nobody measured is no good one`() throws {
    let nothing = JudgingTests.result(rate: 0, wobble: 0)
    #expect(try #require(LoadAssertion("p99<5ms")).check(nothing).holds == false)
  }

  @Test(arguments: [
    ("p99<5ms", "500 µs"), ("mean<5ms", "500 µs"), ("rate>1", "1,000"), ("cpu<1", "50 %"),
    ("requests>1", "10,000"), ("errors==0", "0"),
  ])
  func `A condition says what was measured`(text: String, measured: String) throws {
    #expect(try #require(LoadAssertion(text)).check(JudgingTests.result()).measured == measured)
  }

  /// Runs of a load, with rates that differ by a share of the first at most.
  static func runs(_ rates: [Int], microseconds: UInt64 = 500) throws -> LoadResult {
    try #require(LoadResult.repeated(rates.map { result(rate: $0, microseconds: microseconds) }))
  }

  @Test func `Several runs are one result, with the figures of each`() throws {
    let all = try JudgingTests.runs([1000, 1100, 900])
    #expect(all.replicates.map { Int($0.rate.rounded()) } == [1000, 1100, 900])
    #expect(all.seconds == 30 && all.requests == 30_000 && all.all.isBalanced)
    #expect(all.series.count == 30)
    #expect(all.series.map(\.start) == (0..<30).map(Double.init))
    #expect(all.threads.count == 1 && all.threads[0].seconds == 30)
    #expect(all.isPlausible)
    let text = LoadReport(all, width: 200, color: false).lines.joined(separator: "\n")
    #expect(text.contains("3 runs; least, median, most: rate 900, 1,000, 1,100"))
  }

  @Test func `Runs of the same are the same, half is worse, and one run tells nothing`() throws {
    let before = try JudgingTests.runs([1000, 1004, 996, 1001, 999])
    let same = LoadComparison(try JudgingTests.runs([1002, 998, 1003, 1000, 997]), with: before)
    #expect(same.lines.map(\.name) == ["rate", "p50", "p99"])
    for line in same.lines {
      guard case .same(let share) = line.difference else {
        Issue.record("\(line)")
        continue
      }
      #expect(share < 0.01)
    }
    let slow = try JudgingTests.runs([500, 502, 499, 501, 498], microseconds: 2000)
    let half = LoadComparison(slow, with: before)
    #expect(half.lines.map(\.difference) == [.worse, .worse, .worse])
    #expect(
      LoadComparison(before, with: slow).lines.map(\.difference) == [.better, .better, .better])
    #expect(abs(half.lines[0].change + 0.5) < 0.01 && abs(half.lines[2].change - 3) < 0.01)
    let text = half.text(width: 80)
    #expect(text.count == 5 && text[1].hasSuffix("worse"))
    #expect(text.allSatisfy { $0.count <= 80 })
    let single = LoadComparison(JudgingTests.result(rate: 500), with: JudgingTests.result())
    for line in single.lines { #expect(line.difference.words.verdict == "cannot tell") }
    #expect(single.text(width: 80).contains { $0.contains("use --repeat 5") })
  }

  @Test func `Runs that differ much by themselves tell nothing of a tenth`() throws {
    let wild = try JudgingTests.runs([700, 1300, 1000, 850, 1200])
    let other = try JudgingTests.runs([1400, 800, 1100, 950, 1250])
    #expect(LoadComparison(other, with: wild).lines[0].difference.words.verdict == "cannot tell")
  }

  @Test func `What is not alike, saturated or silent gets no verdict`() throws {
    let before = try JudgingTests.runs([1000, 1004, 996, 1001, 999])
    var other = before
    other.setup["pipeline"] = "16"
    other.setup["target"] = "elsewhere:1"
    #expect(
      LoadComparison(other, with: before).lines[0].difference
        == .unlikeSetups(["pipeline 16 and 1"]))
    var full = before
    full.replicates[2].isLimited = true
    #expect(LoadComparison(before, with: full).lines[1].difference == .instrumentLimited)
    let nothing = Array(repeating: JudgingTests.result(rate: 0, wobble: 0), count: 5)
    let silent = try #require(LoadResult.repeated(nothing))
    for comparison in [LoadComparison(silent, with: before), LoadComparison(before, with: silent)] {
      for line in comparison.lines {
        #expect(line.difference == .cannotTell("one of them was answered nothing"))
      }
    }
    // One answer is more than nothing.
    var single = before
    single.window.answered = 1
    #expect(LoadComparison(single, with: before).lines[1].difference.words.reason == nil)
    #expect(LoadComparison(before, with: single).lines[1].difference.words.reason == nil)
  }

  @Test func `A rate is told to one request of a run`() throws {
    // A hundred requests in ten seconds: one more is a hundredth.
    func runs(_ rate: Int, _ more: Int) throws -> LoadResult {
      var runs = (0..<5).map { _ in JudgingTests.result(rate: rate, wobble: 0) }
      for place in runs.indices { runs[place].arrived += more }
      return try #require(LoadResult.repeated(runs))
    }
    func verdict(_ a: LoadResult, _ b: LoadResult) -> String {
      LoadComparison(a, with: b).lines[0].verdict
    }
    #expect(verdict(try runs(10, 1), try runs(10, 0)) == "same within 2.1 %")
    #expect(verdict(try runs(10, 0), try runs(10, 1)) == "same within 2.0 %")
    #expect(verdict(try runs(10, 3), try runs(10, 0)) == "better")
    #expect(verdict(try runs(10, 0), try runs(10, 0)) == "same within 1.0 %")
    #expect(verdict(try runs(1000, 0), try runs(1000, 0)) == "same within 0.1 %")
  }

  @Test func `A change is a share of what was before, and none of nothing`() {
    func line(_ name: String, _ now: Double, _ before: Double) -> LoadComparison.Line {
      .init(name: name, now: now, before: before, difference: .better)
    }
    #expect(line("p50", 3, 2).change == 0.5 && line("p50", 0.25, 0.5).change == -0.5)
    #expect(line("rate", 3, 0).change == 0)
    #expect(line("rate", 1, 1).isRate && !line("p99", 1, 1).isRate)
  }

  @Test(arguments: [60, 80, 200])
  func `A report keeps to the width of its terminal`(width: Int) {
    var result = JudgingTests.result(seconds: 150)
    result.isOpenLoop = true
    result.window.due += 100_000
    result.window.unsent = 100_000
    result.failures.add(.noPorts, "connect 127.0.0.1:9090: EADDRNOTAVAIL")
    result.threads[0].processorSeconds = 150
    let lines = LoadReport(result, width: width, color: false).lines
    #expect(lines.filter { $0.count > width } == [])
    let text = lines.flatMap { $0.split(separator: " ") }.joined(separator: " ")
    for part in ["since due", "since sent", "--source", "limits this result", "p99.9"] {
      #expect(text.contains(part))
    }
  }

  @Test func `On a narrow terminal steps go without a percentile, and not without what they got`() {
    var result = JudgingTests.result(seconds: 2)
    result.isOpenLoop = true
    result.steps = [1000, 2000].map { rate in
      var step = LoadStep(asked: rate)
      step.seconds = 1
      step.latency.record(nanoseconds: 1_234_567)
      return step
    }
    let lines = LoadReport(result, width: 60, color: false).lines
    let head = lines.first { $0.hasPrefix("Steps") }?.split(separator: " ")
    #expect(head == ["Steps", "asked", "got", "p50", "p99", "max"])
  }

  @Test func `A number stays with its unit`() {
    let lines = Prose.wrapped("took 12 ms, and 5 % more", to: 8)
    #expect(lines == ["took", "12 ms,", "and 5 %", "more"])
    #expect(Prose.wrapped("took 12 clients", to: 8) == ["took 12", "clients"])
  }

  @Test func `The small picture goes from nothing to the most`() {
    #expect(LoadMeter.sparkline([0, 1, 2, 4, 8]) == "▁▁▂▄█")
    #expect(LoadMeter.sparkline([]) == "")
    #expect(LoadMeter.sparkline([0, 0]) == "▁▁")
    #expect(LoadReport.thinned([1, 3, 5, 7], to: 2) == [2, 6])
  }

  @Test func `Own exhaustion is told from the server's errors`() {
    let kinds = [99, 24, 23, 105].map { LoadFailure(Errno(rawValue: $0), connecting: true) }
    #expect(kinds == [.noPorts, .noDescriptors, .noDescriptors, .noMemory])
    #expect(kinds.allSatisfy { $0.isOwn })
    let others = [111, 104, 110].map { LoadFailure(Errno(rawValue: $0), connecting: false) }
    #expect(others == [.refused, .reset, .replyTimeout])
    #expect(others.allSatisfy { !$0.isOwn })
    #expect(LoadFailure.allCases.allSatisfy { !$0.meaning.isEmpty && !$0.advice.isEmpty })
  }

  @Test func `Several results make one, with everything that they had`() throws {
    let (a, b) = (JudgingTests.result(), JudgingTests.result(rate: 3000, microseconds: 900))
    let all = try #require(LoadResult.merged([a, b]))
    #expect(all.requests == 40_000)
    #expect(all.rate == a.rate + b.rate)
    var latency = a.latency
    latency.merge(b.latency)
    #expect(all.latency == latency)
    #expect(all.series.count == 10)
    #expect(all.series[0].requests == 4020)
    #expect(all.setup["connections"] == "128")
    #expect(all.threads.count == 2)
    #expect(LoadResult.merged([])?.requests == nil)
  }
}
