import Testing

@testable import SwitchboardLoad

/// What a result says of itself.
@Suite struct ResultTests {
  @Test func `A run is flawless if each request was answered, and nothing went wrong`() {
    let good = JudgingTests.result()
    func isFlawless(_ change: (inout LoadResult) -> Void) -> Bool {
      var result = good
      change(&result)
      return result.isFlawless
    }
    #expect(isFlawless { _ in })
    #expect(!isFlawless { $0.failures.add(.reset, "a") })
    #expect(!isFlawless { $0.failures.add(.noPorts, "a") })
    #expect(!isFlawless { ($0.all.due, $0.all.lost) = ($0.all.due + 1, 1) })
    #expect(!isFlawless { ($0.all.due, $0.all.wrong) = ($0.all.due + 1, 1) })
    #expect(!isFlawless { $0.all.due += 1 })
    // What could not be sent is the load's doing.
    #expect(isFlawless { ($0.all.due, $0.all.unsent) = ($0.all.due + 9, 9) })
    #expect(isFlawless { ($0.all.due, $0.all.answered) = (1, 1) })
    #expect(!isFlawless { $0.all = LoadTally() })
    #expect(isFlawless { ($0.all, $0.setup["connections"]) = (LoadTally(), "0") })
  }

  @Test func `Rates are by the time that passed, and nothing where none did`() {
    var result = JudgingTests.result()
    (result.arrived, result.window.answered, result.seconds) = (30, 20, 0.5)
    #expect(result.rate == 60 && result.goodput == 40)
    result.seconds = 0
    #expect(result.rate == 0 && result.goodput == 0)
    func second(_ seconds: Double) -> LoadSecond {
      LoadSecond(
        start: 0, seconds: seconds, isMeasured: true, requests: 5, failures: 0, LatencyHistogram())
    }
    #expect(second(0.5).rate == 10 && second(0).rate == 0)
    var step = LoadStep(asked: 1)
    #expect(step.seconds == 0 && step.rate == 0)
    (step.tally.answered, step.seconds) = (5, 0.5)
    #expect(step.rate == 10)
  }

  @Test func `A generator's time is told by request and by thread`() {
    var result = JudgingTests.result()
    let thread = { LoadThreadFigures(processorSeconds: $0, waitedSeconds: $1, seconds: $2) }
    result.threads = [thread(0.1, 0, 0.5), thread(0.3, 0.125, 0.5)]
    result.arrived = 1
    #expect(abs(result.microsecondsPerRequest - 400_000) < 1e-6)
    #expect(result.busiestShare == 0.6 && result.threads[1].waitShare == 0.25)
    result.arrived = 0
    result.threads = [thread(1, 1, 0)]
    #expect(result.microsecondsPerRequest == 0 && result.busiestShare == 0)
    #expect(result.threads[0].waitShare == 0 && !result.isLimitedByGenerator)
    result.threads = []
    #expect(result.busiestShare == 0 && !result.isLimitedByGenerator)
  }

  @Test(arguments: [
    (0.94, 0.0, 1.0, false), (0.96, 0, 1, true), (0.5, 0.46, 1, true), (0, 0.96, 1, true),
    (0.5, 0.44, 1, false), (0.09, 0, 0.09, false), (9.4, 0, 10, false), (9.6, 0, 10, true),
  ])
  func `A thread is full with less than a twentieth to spare`(
    used: Double, waited: Double, seconds: Double, isFull: Bool
  ) {
    let thread = LoadThreadFigures(
      processorSeconds: used, waitedSeconds: waited, seconds: seconds)
    #expect(thread.isFull == isFull)
    var result = JudgingTests.result()
    result.threads.append(thread)
    #expect(result.isLimitedByGenerator == isFull)
  }
}
