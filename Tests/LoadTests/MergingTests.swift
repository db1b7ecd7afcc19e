import Switchboard
import Testing

@testable import SwitchboardBase
@testable import SwitchboardLoad

/// Threads, processes, machines and runs, each with figures of its own: nothing is lost where they are added up.
@Suite struct MergingTests {
  /// So many of a length of time, in microseconds.
  private static func latency(_ microseconds: UInt64, _ count: Int) -> LatencyHistogram {
    var latency = LatencyHistogram()
    latency.record(nanoseconds: microseconds * 1000, count: count)
    return latency
  }

  private static func step(_ asked: Double, _ seconds: Double, _ answered: Int) -> LoadStep {
    var step = LoadStep(asked: asked)
    (step.tally.due, step.tally.answered, step.seconds) = (answered, answered, seconds)
    step.latency = latency(7, answered)
    return step
  }

  private static func second(
    _ start: Double, _ length: Double = 1, isMeasured: Bool = true, _ count: Int = 10
  ) -> LoadSecond {
    LoadSecond(
      start: start, seconds: length, isMeasured: isMeasured, requests: count, failures: 1,
      latency(3, count))
  }

  /// Figures that are all different: any that is left out, or taken twice, shows.
  private static func share(_ factor: Int) -> LoadShare {
    var share = LoadShare()
    (share.all.due, share.all.answered) = (101 * factor, 101 * factor)
    (share.window.due, share.window.answered) = (89 * factor, 89 * factor)
    (share.arrived, share.backlog) = (83 * factor, 5 * factor)
    (share.bytesSent, share.bytesReceived, share.connectionsMade) = (
      1009 * factor, 2003 * factor, 13 * factor
    )
    share.windowNanoseconds = UInt64(factor) * 1_000_000_000
    share.failures.add(.reset, count: 3 * factor, "case \(factor)")
    share.latency = latency(100, 89 * factor)
    share.uncorrected = latency(50, 31 * factor)
    share.connecting = latency(20, 13 * factor)
    share.lag = latency(1, 29 * factor)
    share.steps = [step(10, Double(factor), 7 * factor), step(20, Double(factor), 9 * factor)]
    share.figures = LoadThreadFigures(
      processorSeconds: Double(factor), waitedSeconds: 0.5 * Double(factor),
      seconds: 10 * Double(factor))
    return share
  }

  private static func result(_ factor: Int) -> LoadResult {
    var options = LoadOptions(on: [.loopback(port: 9090)])
    (options.connections, options.rates) = (64, [10, 20])
    return LoadResult(options, [share(factor)], [second(0)], connected: 17 * factor)
  }

  /// What two and three of each come to.
  private static func expectFive(_ all: LoadResult) {
    #expect(all.all.due == 505 && all.all.answered == 505)
    #expect(all.window.due == 445 && all.window.answered == 445)
    #expect(all.arrived == 415 && all.backlog == 25)
    #expect(all.bytesSent == 5045 && all.bytesReceived == 10_015 && all.connectionsMade == 65)
    #expect(all.failures[.reset] == 15 && all.failures.examples == ["reset": "case 2"])
    #expect(all.latency == latency(100, 445) && all.uncorrected == latency(50, 155))
    #expect(all.connecting == latency(20, 65) && all.lag == latency(1, 145))
    #expect(all.steps.map(\.tally.answered) == [35, 45])
    #expect(all.steps.map(\.latency.count) == [35, 45])
  }

  @Test func `Threads add up`() {
    let options = LoadOptions(on: [.loopback(port: 9090)])
    let all = LoadResult(options, [Self.share(2), Self.share(3)], [], connected: 9)
    Self.expectFive(all)
    // Each thread makes its part of a step's rate, in the same time.
    #expect(all.steps.map(\.asked) == [10, 20] && all.steps.map(\.seconds) == [3, 3])
    #expect(all.seconds == 3 && all.connected == 9)
    #expect(all.threads.map(\.processorSeconds) == [2, 3])
  }

  @Test func `Generators side by side add up, their rates too`() throws {
    var (a, b) = (Self.result(2), Self.result(3))
    b.replicates = [LoadReplicate(b)]
    b.isEndedEarly = true
    a.isOpenLoop = false
    for results in [[a, b], [b, a]] {
      let all = try #require(LoadResult.merged(results))
      if results[0].connected == a.connected { Self.expectFive(all) }
      #expect(all.steps.map(\.asked) == [20, 40] && all.steps.map(\.seconds) == [3, 3])
      #expect(all.seconds == 3 && all.connected == 85)
      #expect(all.isOpenLoop && all.isEndedEarly && all.replicates.isEmpty)
      #expect(all.threads.map(\.processorSeconds).reduce(0, +) == 5 && all.threads.count == 2)
      #expect(all.series.count == 1 && all.series[0].requests == 20)
    }
    // One has a step that the other does not know.
    b.steps.append(Self.step(40, 3, 1))
    #expect(LoadResult.merged([a, b])?.steps.map(\.asked) == [20, 40, 40])
  }

  @Test func `Runs one after the other add up, their times too`() throws {
    let all = try #require(LoadResult.repeated([Self.result(2), Self.result(3)]))
    Self.expectFive(all)
    #expect(all.steps.map(\.asked) == [10, 20] && all.steps.map(\.seconds) == [5, 5])
    #expect(all.seconds == 5 && all.connected == 34)
    #expect(
      all.threads
        == [LoadThreadFigures(processorSeconds: 5, waitedSeconds: 2.5, seconds: 50)])
    #expect(all.series.map(\.start) == [0, 2])
    #expect(all.replicates.map(\.rate) == [83, 83])
  }

  @Test func `A run's own figures are its median and its ninety-ninth percentile`() {
    var result = Self.result(1)
    result.latency = LatencyHistogram()
    for length in 1...1000 as ClosedRange<UInt64> { result.latency.record(nanoseconds: length) }
    let run = LoadReplicate(result)
    #expect((run.p50 * 1000).rounded() == 500 && (run.p99 * 1000).rounded() == 990)
    let second = LoadSecond(
      start: 0, seconds: 1, isMeasured: true, requests: 1000, failures: 0, result.latency)
    #expect((second.p50 * 1000).rounded() == 500 && (second.p99 * 1000).rounded() == 990)
    #expect((second.longest * 1000).rounded() == 1000 && second.latency == result.latency)
  }

  @Test(arguments: [
    ("connections", "64", "36", "100"), ("threads", "1", "2", "3"), ("idle", "5", "6", "11"),
    ("requests", "10", "20", "30"), ("size", "16", "16", "16"), ("size", "16", "32", "16,32"),
    ("connections", "9223372036854775807", "1", "9223372036854775807,1"),
    ("connections", "some", "1", "some,1"), ("rate", "1000,2000", "500,600.5", "1500,2600.5"),
    ("rate", "1000,2000", "500", "1000,2000"), ("rate", "1000", "500,600", "1000"),
    ("target", "a:1,b:2", "b:2,c:3", "a:1,b:2,c:3"), ("think", "", "5 ms", "5 ms"),
  ])
  func `Options of several generators are added up or listed`(
    option: String, mine: String, other: String, both: String
  ) {
    var (a, b) = (Self.result(1), Self.result(1))
    a.setup = mine.isEmpty ? [:] : [option: mine]
    b.setup = [option: other]
    #expect(LoadResult.merged([a, b])?.setup == [option: both])
  }

  @Test func `Seconds that begin together are one, and others stay apart`() {
    let (early, late) = (
      [Self.second(0, 1, 10), Self.second(1, 0.5, 20)], Self.second(1.0004, 1, 7)
    )
    let merged = LoadSecond.merged(early, [late])
    #expect(merged.map(\.start) == [0, 1] && merged.map(\.requests) == [10, 27])
    #expect(merged.map(\.seconds) == [1, 1] && merged.map(\.failures) == [1, 2])
    // Parts of a second are none of another one.
    let parts = [Self.second(0, 0.5), Self.second(0.5, 0.5)]
    #expect(LoadSecond.merged(parts, parts).map(\.start) == [0, 0.5])
    #expect(LoadSecond.merged(parts, []) == parts && LoadSecond.merged([], []).isEmpty)
  }

  @Test func `Spans are of two seconds, or of four, or of eight`() {
    for (count, length) in [(1300, 2.0), (2500, 4), (5000, 8)] {
      let folded = LoadSecond.folded((0..<count).map { Self.second(Double($0)) })
      #expect(folded.dropLast().allSatisfy { $0.seconds == length })
      #expect(folded.allSatisfy { $0.start.truncatingRemainder(dividingBy: length) == 0 })
    }
    // As many as there may be stay as they are, and short ones, too, become few.
    let most = (0..<LoadSecond.most).map { Self.second(Double($0)) }
    #expect(LoadSecond.folded(most.reversed()) == most)
    let short = LoadSecond.folded((0..<1300).map { Self.second(Double($0) / 4, 0.25) })
    #expect(short.count == 163 && short.reduce(0) { $0 + $1.requests } == 13_000)
  }

  @Test func `What came before the window is not put into it`() {
    let warmUp = Self.second(-0.0005, 0.0005, isMeasured: false, 3)
    let folded = LoadSecond.folded([warmUp] + (0..<1300).map { Self.second(Double($0)) })
    #expect(folded[0] == warmUp && folded.dropFirst().allSatisfy(\.isMeasured))
    #expect(folded.dropFirst().reduce(0) { $0 + $1.requests } == 13_000)
  }

  // ----------------------------------------------------------------- the threads' intervals

  private static func interval(_ number: Int, _ requests: Int, failures: Int = 0) -> LoadInterval {
    var interval = LoadInterval()
    (interval.number, interval.start) = (number, Int64(number) * 1_000_000_000)
    (interval.nanoseconds, interval.isMeasured) = (1_000_000_000, true)
    interval.requests = requests
    interval.latency = latency(5, requests)
    if failures > 0 { interval.failures.add(.closed, count: failures, "gone") }
    return interval
  }

  @Test func `A second is told when all threads have had it, and once`() {
    var series = LoadSeries(threads: 2)
    var told: [(requests: Int, failures: Int)] = []
    func take(_ intervals: LoadInterval...) {
      series.take(intervals) { news in
        guard case .second(let second, let failures) = news else { return }
        told.append((second.requests, failures.server))
      }
    }
    take(Self.interval(0, 5, failures: 2))
    #expect(told.isEmpty)
    take(Self.interval(1, 7), Self.interval(0, 6))
    #expect(told.map(\.requests) == [11] && told.map(\.failures) == [2])
    take(Self.interval(2, 1), Self.interval(1, 8, failures: 1))
    #expect(told.map(\.requests) == [11, 15] && told.map(\.failures) == [2, 3])
    // One thread has stopped: what the other had of the third counts.
    let all = series.finish()
    #expect(all.map(\.requests) == [11, 15, 1] && all.map(\.latency.count) == [11, 15, 1])
    #expect(all.map(\.start) == [0, 1, 2] && all.map(\.failures) == [2, 1, 0])
    #expect(all.allSatisfy { $0.isMeasured && $0.seconds == 1 })
  }

  @Test func `Hours of seconds are held in no more room than one hour`() {
    var (series, told) = (LoadSeries(threads: 1), 0)
    for number in 0..<12_000 {
      series.take([Self.interval(number, 1)]) { _ in told += 1 }
      #expect(series.seconds.count <= 2 * LoadSecond.most)
    }
    #expect(told == 12_000)
    let all = series.finish()
    #expect(all.count <= LoadSecond.most && all.reduce(0) { $0 + $1.requests } == 12_000)
  }
}
