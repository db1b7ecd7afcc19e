import Glibc
import Testing

@testable import SwitchboardBase
@testable import SwitchboardLoad

/// The generator's schedule and account in virtual time, before servers whose answers are known.
@Suite("The ledger", .timeLimit(.minutes(15)))
struct LedgerTests {
  static let second: UInt64 = 1_000_000_000
  static let millisecond: UInt64 = 1_000_000

  /// A share by which a figure may differ from what theory says.
  static func expect(
    _ value: Double, near theory: Double, within share: Double = 0.02,
    _ place: SourceLocation = #_sourceLocation
  ) {
    #expect(abs(value - theory) <= theory * share, "\(value), not \(theory)", sourceLocation: place)
  }

  static func milliseconds(_ latency: LatencyHistogram, _ percent: Double) -> Double {
    let time = latency.percentile(percent).components
    return Double(time.seconds) * 1e3 + Double(time.attoseconds) / 1e15
  }

  /// A generator with some connections before a server, in virtual time.
  struct Virtual {
    enum Answer {
      case after(UInt64)
      case never
    }

    var pace: LoadPace
    var connections: Int
    var rates: [Double] = []
    var warmUp: UInt64 = 0
    var window: UInt64 = 10 * second
    var timeout: UInt64 = 10 * second
    /// When a request that is sent at a moment is answered.
    var answer: (_ number: Int, _ sent: UInt64) -> Answer

    func run() -> LoadLedger {
      let begin = 5 * second
      let (start, end) = (begin + warmUp, begin + warmUp + window)
      var schedule = LoadSchedule(pace, LoadPart(number: 0, count: 1))
      var ledger = LoadLedger(tellsSending: true)
      schedule.begin(at: begin)
      ledger.begin(window: start, end: end, steps: rates)
      var flying: [(end: UInt64, request: LoadSending, isAnswered: Bool)] = []
      var number = 0
      func finish(before moment: UInt64) {
        while let next = flying.indices.min(by: { flying[$0].end < flying[$1].end }),
          flying[next].end <= moment
        {
          let done = flying.remove(at: next)
          if done.isAnswered {
            ledger.answered(done.request, at: done.end)
          } else {
            ledger.lost(done.request, at: done.end, .lost)
          }
        }
      }
      var clock = begin
      while true {
        var now = max(clock, schedule.nextDue)
        if flying.count == connections {
          now = max(now, flying.map(\.end).min() ?? now)
        }
        guard now < end else { break }
        clock = now
        finish(before: now)
        let due = schedule.takeDue()
        ledger.isDue(due)
        let request = LoadSending(due: due, sent: now)
        switch answer(number, now) {
        case .after(let time): flying.append((now + time, request, true))
        case .never: flying.append((now + timeout, request, false))
        }
        number += 1
      }
      finish(before: end)
      schedule.giveUp(before: end, border: start) { ledger.unsent(due: $0, count: $1, at: end) }
      ledger.windowEnds(at: end)
      finish(before: .max)
      _ = ledger.cut(after: warmUp + window)
      ledger.close()
      #expect(ledger.all.isBalanced && ledger.window.isBalanced)
      #expect(ledger.latency.count == ledger.window.due)
      return ledger
    }
  }

  @Test func `A constant 10 ms`() {
    let ledger = Virtual(
      pace: LoadPace(steps: [(rate: 1000, seconds: 11)]), connections: 64, warmUp: Self.second
    ) { _, _ in .after(10 * Self.millisecond) }.run()
    #expect(ledger.window.due == 10_000 && ledger.window.answered == 10_000)
    #expect(ledger.all.answered == 11_000)
    // What came in the window was due from 10 ms before it to 10 ms before its end.
    Self.expect(Double(ledger.arrived), near: 10_000)
    for percent in [0.1, 50, 99, 99.9, 100] {
      Self.expect(Self.milliseconds(ledger.latency, percent), near: 10)
      Self.expect(Self.milliseconds(ledger.uncorrected, percent), near: 10)
    }
  }

  /// One queue before one server, with exponential times between arrivals and of service: the time in it
  /// is exponential, too.
  @Test(arguments: [0.5, 0.9])
  func `M/M/1`(load: Double) {
    var chance = Chance(seed: 7)
    func exponential(_ mean: Double) -> Double {
      -log(1 - Double.random(in: 0..<1, using: &chance)) * mean
    }
    var ledger = LoadLedger(tellsSending: true)
    ledger.begin(window: 0, end: .max, steps: [])
    let service = 1e6
    var (due, free) = (0.0, 0.0)
    for _ in 0..<(load > 0.6 ? 6_000_000 : 600_000) {
      due += exponential(service / load)
      free = max(due, free) + exponential(service)
      let request = LoadSending(due: UInt64(due), sent: UInt64(due))
      ledger.isDue(request.due)
      ledger.answered(request, at: UInt64(free))
    }
    _ = ledger.cut(after: UInt64(free))
    let mean = 1 / (1 - load)
    Self.expect(Self.milliseconds(ledger.latency, 50), near: mean * log(2))
    Self.expect(Self.milliseconds(ledger.latency, 90), near: mean * log(10))
    Self.expect(Self.milliseconds(ledger.latency, 99), near: mean * log(100), within: 0.03)
    #expect(ledger.all.isBalanced)
  }

  @Test func `A stall of a second`() {
    let stall = 10 * Self.second..<11 * Self.second
    let ledger = Virtual(
      pace: LoadPace(steps: [(rate: 1000, seconds: 10)]), connections: 4096
    ) { _, sent in
      let wait = stall.contains(sent) ? stall.upperBound - sent : 0
      return .after(wait + Self.millisecond)
    }.run()
    // A tenth was due in it, and waited from a second down to nothing.
    Self.expect(Self.milliseconds(ledger.latency, 89), near: 1)
    Self.expect(Self.milliseconds(ledger.latency, 95), near: 501)
    Self.expect(Self.milliseconds(ledger.latency, 99), near: 901)
    Self.expect(Self.milliseconds(ledger.latency, 99.9), near: 991)
  }

  @Test func `A stall with few connections shows in what counts from the due moment alone`() {
    let stall = 10 * Self.second..<11 * Self.second
    let ledger = Virtual(
      pace: LoadPace(steps: [(rate: 1000, seconds: 10)]), connections: 2
    ) { _, sent in
      let wait = stall.contains(sent) ? stall.upperBound - sent : 0
      return .after(wait + Self.millisecond / 10)
    }.run()
    Self.expect(Self.milliseconds(ledger.latency, 95), near: 525)
    // Two of ten thousand.
    let stalled = ledger.uncorrected.entries.filter { $0.nanoseconds > 5 * Self.millisecond }
    #expect(stalled.map(\.count) == [1, 1])
  }

  @Test func `Five in a hundred lost`() {
    let ledger = Virtual(
      pace: LoadPace(steps: [(rate: 1000, seconds: 10)]), connections: 4096,
      timeout: 500 * Self.millisecond
    ) { number, _ in number % 20 == 7 ? .never : .after(Self.millisecond) }.run()
    #expect(ledger.window.lost == 500 && ledger.window.answered == 9500)
    Self.expect(Self.milliseconds(ledger.latency, 94), near: 1)
    Self.expect(Self.milliseconds(ledger.latency, 96), near: 500)
    Self.expect(Self.milliseconds(ledger.uncorrected, 96), near: 500)
    Self.expect(Double(ledger.arrived), near: 9500)
  }

  @Test func `Overload by ten`() {
    // One request each millisecond, from the beginning of the warm-up on.
    var free: UInt64 = 0
    let ledger = Virtual(
      pace: LoadPace(steps: [(rate: 10_000, seconds: 11)]), connections: 64, rates: [],
      warmUp: Self.second
    ) { _, sent in
      free = max(free, sent) + Self.millisecond
      return .after(free - sent)
    }.run()
    // It does what it can, and of those that were due in the window it serves a hundredth.
    Self.expect(Double(ledger.arrived), near: 10_000)
    #expect(ledger.window.due == 100_000)
    Self.expect(Double(ledger.window.answered), near: 1000 + 64)
    Self.expect(Double(ledger.window.unsent), near: 99_000 - 64)
    // The others have waited by the end from 9.9 s down to nothing.
    Self.expect(Self.milliseconds(ledger.latency, 50), near: 5000)
    Self.expect(Self.milliseconds(ledger.latency, 90), near: 9000)
  }

  @Test func `Steps count what was due in them, whenever its replies come`() {
    var free: UInt64 = 0
    let rates = [1000, 60_000, 1000] as [Double]
    let ledger = Virtual(
      pace: LoadPace(steps: rates.map { ($0, 2) }), connections: 64, rates: rates,
      window: 6 * Self.second
    ) { _, sent in
      free = max(free, sent) + Self.millisecond / 20
      return .after(free - sent)
    }.run()
    let got = ledger.steps.map { $0.tally.due }
    #expect(got == [2000, 120_000, 2000])
    #expect(ledger.steps.allSatisfy { $0.tally.isBalanced && $0.seconds == 2 })
    // 20,000 a second are served: the second step's requests are not done by the end of the third.
    Self.expect(ledger.steps[0].rate, near: 1000)
    Self.expect(ledger.steps[1].rate, near: 40_000)
    #expect(ledger.steps[2].tally.unsent == 2000 && ledger.steps[2].rate == 0)
  }

  @Test func `Threads share a schedule without a gap, and every request once`() {
    let pace = LoadPace(steps: [(rate: 777, seconds: 3)], burst: 4)
    var dues: [UInt64] = []
    var waiting = 0
    for number in 0..<3 {
      var schedule = LoadSchedule(pace, LoadPart(number: number, count: 3))
      schedule.begin(at: 100)
      waiting += schedule.waiting(before: .max - 1)
      while schedule.nextDue != .max { dues.append(schedule.takeDue()) }
      #expect(schedule.waiting(before: .max - 1) == 0)
    }
    #expect(waiting == pace.total)
    #expect(dues.sorted() == (0..<pace.total).map { 100 + (pace.due($0) ?? 0) })
  }

  @Test func `What waits is counted to the request, and given up in groups that add up`() {
    let pace = LoadPace(steps: [(rate: 3_000_000, seconds: 10)])
    var schedule = LoadSchedule(pace, LoadPart(number: 1, count: 2))
    schedule.begin(at: 0)
    _ = schedule.takeDue()
    let border = Self.second
    let before = schedule.waiting(before: border)
    #expect(before == 1_500_000 - 1)
    var (groups, counts, last) = (0, [0, 0], UInt64(0))
    schedule.giveUp(before: 9 * Self.second, border: border) { due, count in
      groups += 1
      counts[due < border ? 0 : 1] += count
      #expect(due >= last && count > 0)
      last = due
    }
    #expect(groups < 3 * LoadSchedule.mostGroups)
    #expect(counts == [before, 12_000_000])
    #expect(schedule.nextDue > 9 * Self.second - 1000)
    Self.expect(Double(schedule.waiting(before: .max - 1)), near: 1_500_000)
  }

  @Test func `A day at a million a second, each request an hour late, is counted and drawn`() {
    var ledger = LoadLedger(tellsSending: true)
    ledger.begin(window: 0, end: .max, steps: [1, 2])
    let hour = 3600 * Self.second
    let perGroup = 1_000_000 * 60
    for minute in 0..<24 * 60 {
      let due = UInt64(minute) * 60 * Self.second
      ledger.unsent(due: due, count: perGroup, at: due + hour)
    }
    let interval = ledger.cut(after: 24 * hour)
    #expect(ledger.window.due == 86_400_000_000)
    Self.expect(Self.milliseconds(ledger.latency, 50), near: 3.6e6)
    #expect(ledger.latency.mean > .seconds(3590) && ledger.latency.deviation < .seconds(10))
    #expect(ledger.latency.entries.reduce(0) { $0 + $1.count } == 86_400_000_000)
    #expect(interval?.everything.count == 86_400_000_000)
  }
}
