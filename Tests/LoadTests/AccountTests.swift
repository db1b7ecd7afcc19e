import Testing

@testable import SwitchboardLoad

/// What the ledger makes of single requests, moment by moment.
@Suite struct AccountTests {
  /// From 1,000 to 2,000 ns, in steps of equal length.
  private static func ledger(steps: Int = 0, tellsSending: Bool = true) -> LoadLedger {
    var ledger = LoadLedger(tellsSending: tellsSending)
    ledger.begin(window: 1000, end: 2000, steps: (0..<steps).map { Double($0 + 1) })
    return ledger
  }

  private static func request(_ due: UInt64, sent: UInt64? = nil) -> LoadSending {
    LoadSending(due: due, sent: sent ?? due)
  }

  private static func lengths(_ latency: LatencyHistogram) -> [UInt64] {
    latency.entries.flatMap { Array(repeating: $0.nanoseconds, count: $0.count) }
  }

  @Test func `A request belongs to the window in which it was due`() {
    var ledger = Self.ledger()
    for due in [999, 1000, 1999, 2000] as [UInt64] {
      ledger.isDue(due)
      ledger.answered(Self.request(due), at: 2100)
    }
    #expect(ledger.all.due == 4 && ledger.all.answered == 4)
    #expect(ledger.window.due == 2 && ledger.window.answered == 2)
    #expect(ledger.arrived == 0)
    let interval = ledger.cut(after: 1000)
    #expect(Self.lengths(ledger.latency) == [101, 1100])
    #expect(interval.map { Self.lengths($0.everything) } == [100, 101, 1100, 1101])
  }

  @Test func `A reply is throughput of the window in which it comes`() {
    var ledger = Self.ledger()
    for (due, end) in [(998, 999), (999, 1000), (1500, 1501), (1999, 2001)] as [(UInt64, UInt64)] {
      ledger.isDue(due)
      ledger.answered(Self.request(due), at: end)
    }
    #expect(ledger.arrived == 2)
    // One came before the window: its interval shows it.
    #expect(ledger.interval.requests == 3)
  }

  @Test func `A window that ends early has the throughput until then, and cannot be made longer`() {
    var ledger = Self.ledger(steps: 4)
    ledger.windowEnds(at: 1600)
    ledger.windowEnds(at: 1900)
    for due in [1100, 1400] as [UInt64] {
      ledger.isDue(due)
      ledger.answered(Self.request(due), at: due + 250)
    }
    #expect(ledger.arrived == 1 && ledger.window.answered == 2)
    ledger.close()
    #expect(ledger.steps.map { ($0.seconds * 1e9).rounded() } == [250, 250, 100, 0])
  }

  @Test func `A run that is stopped in its warm-up has steps of no length`() {
    var ledger = Self.ledger(steps: 2)
    ledger.windowEnds(at: 400)
    ledger.close()
    #expect(ledger.steps.map(\.seconds) == [0, 0])
  }

  @Test(arguments: [LoadLedger.Loss.wrong, .lost, .inFlight])
  func `Each way to be lost has its count, and its time in every account`(loss: LoadLedger.Loss) {
    func count(_ tally: LoadTally) -> Int {
      switch loss {
      case .wrong: tally.wrong
      case .lost: tally.lost
      case .inFlight: tally.inFlight
      }
    }
    var ledger = Self.ledger(steps: 2)
    for due in [900, 1100, 1600] as [UInt64] {
      ledger.isDue(due)
      ledger.lost(Self.request(due, sent: due + 20), at: due + 100, loss)
    }
    #expect(count(ledger.all) == 3 && ledger.all.isBalanced && ledger.all.unanswered == 3)
    #expect(count(ledger.window) == 2 && ledger.window.isBalanced)
    #expect(ledger.steps.map { count($0.tally) } == [1, 1])
    #expect(ledger.steps.allSatisfy { $0.tally.isBalanced && Self.lengths($0.latency) == [100] })
    #expect(ledger.arrived == 0 && ledger.interval.requests == 0)
    let interval = ledger.cut(after: 1)
    #expect(Self.lengths(ledger.latency) == [100, 100])
    #expect(Self.lengths(ledger.uncorrected) == [80, 80])
    #expect(interval.map { Self.lengths($0.everything) } == [100, 100, 100])
  }

  @Test func `A request that is given up before it is due has waited for nothing`() {
    var ledger = Self.ledger(steps: 2)
    ledger.isDue(1500)
    ledger.lost(Self.request(1500), at: 1400, .lost)
    ledger.unsent(due: 1700, count: 2, at: 1600)
    _ = ledger.cut(after: 1000)
    #expect(Self.lengths(ledger.latency) == [0, 0, 0])
    #expect(ledger.steps.map { Self.lengths($0.latency) } == [[], [0, 0, 0]])
  }

  @Test func `What was never sent is due, and has waited until the end`() {
    var ledger = Self.ledger(steps: 2)
    ledger.unsent(due: 900, count: 5, at: 2000)
    ledger.unsent(due: 1200, count: 3, at: 2000)
    ledger.unsent(due: 1700, count: 2, at: 2000)
    #expect(ledger.all.due == 10 && ledger.all.unsent == 10)
    #expect(ledger.window.due == 5 && ledger.window.unsent == 5)
    #expect(ledger.steps.map(\.tally.due) == [3, 2] && ledger.steps.map(\.tally.unsent) == [3, 2])
    _ = ledger.cut(after: 1000)
    #expect(Self.lengths(ledger.latency) == [300, 300, 800, 800, 800])
    #expect(ledger.steps.map { Self.lengths($0.latency) } == [[800, 800, 800], [300, 300]])
    #expect(ledger.uncorrected.isEmpty)
  }

  @Test func `Steps share the window, and one step is the window`() {
    var ledger = Self.ledger(steps: 3)
    for due in [1000, 1332, 1333, 1999] as [UInt64] {
      ledger.isDue(due)
      ledger.answered(Self.request(due), at: due + 7)
    }
    #expect(ledger.steps.map(\.asked) == [1, 2, 3])
    #expect(ledger.steps.map(\.tally.due) == [2, 1, 1])
    #expect(ledger.steps.map(\.tally.answered) == [2, 1, 1])
    #expect(ledger.steps.map { Self.lengths($0.latency) } == [[7, 7], [7], [7]])
    #expect(Self.ledger(steps: 1).steps.isEmpty)
    // More steps than there are moments.
    var short = LoadLedger(tellsSending: true)
    short.begin(window: 1000, end: 1001, steps: [1, 2, 3])
    short.isDue(1000)
    #expect(short.steps.map(\.tally.due) == [1, 0, 0])
  }

  @Test func `Sending is apart from being due in an open loop alone`() {
    for (tellsSending, sent) in [(true, [30]), (false, [50])] as [(Bool, [UInt64])] {
      var ledger = Self.ledger(tellsSending: tellsSending)
      ledger.isDue(1100)
      ledger.answered(Self.request(1100, sent: 1120), at: 1150)
      _ = ledger.cut(after: 1000)
      ledger.close()
      #expect(Self.lengths(ledger.latency) == [50])
      #expect(Self.lengths(ledger.uncorrected) == sent)
    }
  }

  @Test func `Intervals follow each other, and hold what happened in them`() {
    var ledger = Self.ledger()
    // Before the first begins, nothing is of it.
    ledger.failed(.refused, count: 1, "too early")
    ledger.open(at: -500)
    ledger.failed(.reset, count: 3, "a")
    ledger.isDue(800)
    ledger.answered(Self.request(800), at: 900)
    #expect(ledger.cut(after: 0) == nil)
    var intervals = [ledger.cut(after: 500)]
    ledger.intervalIsMeasured()
    intervals += [ledger.cut(after: 1), ledger.cut(after: 999)]
    let all = intervals.compactMap(\.self)
    #expect(all.map(\.number) == [0, 1, 2])
    #expect(all.map(\.start) == [-500, 0, 1])
    #expect(all.map(\.nanoseconds) == [500, 1, 999])
    #expect(all.map(\.isMeasured) == [false, true, true])
    #expect(all.map(\.requests) == [1, 0, 0])
    #expect(all.map(\.failures.server) == [3, 0, 0])
    #expect(all.first?.failures.examples == ["reset": "a"])
  }

  @Test func `An account balances where each request has one end`() {
    var tally = LoadTally()
    #expect(tally.isBalanced)
    tally.due = 15
    (tally.answered, tally.wrong, tally.lost, tally.unsent, tally.inFlight) = (1, 2, 3, 4, 5)
    #expect(tally.isBalanced && tally.unanswered == 10)
    var twice = tally
    twice.add(tally)
    #expect(twice.counts == [30, 2, 4, 6, 8, 10])
    tally.due = 16
    #expect(!tally.isBalanced)
    // Counts of a damaged file, beyond all numbers: they come round to what was due.
    (tally.due, tally.answered, tally.wrong) = (Int.min + 12, .max, 1)
    #expect(!tally.isBalanced)
  }
}
