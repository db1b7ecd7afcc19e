import Testing

@testable import Switchboard

@Suite("Moments and durations")
struct InstantTests {
  @Test("Adding stops at the clock's end, and never goes back")
  func adding() {
    let start = Instant(nanoseconds: 10)
    #expect(start + .nanoseconds(5) == Instant(nanoseconds: 15))
    #expect(start + .nanoseconds(-5) == start)
    #expect(start + .seconds(Int64.min) == start)
    #expect(start + .seconds(Int64.max) == Instant(nanoseconds: .max))
    #expect(Instant(nanoseconds: .max) + .nanoseconds(1) == Instant(nanoseconds: .max))
    #expect(Instant(nanoseconds: .max - 1) + .nanoseconds(1) == Instant(nanoseconds: .max))
  }

  @Test("The time between two moments is never negative")
  func since() {
    let (a, b) = (Instant(nanoseconds: 100), Instant(nanoseconds: 350))
    #expect(b.since(a) == .nanoseconds(250))
    #expect(a.since(b) == .zero && a.since(a) == .zero)
    let longest = Instant(nanoseconds: .max).since(Instant(nanoseconds: 0))
    #expect(longest == .nanoseconds(Int64.max))
  }

  @Test("Durations become nanoseconds without overflow")
  func nanoseconds() {
    #expect(Duration.zero.clampedNanoseconds == 0)
    #expect(Duration.nanoseconds(1).clampedNanoseconds == 1)
    #expect(Duration.milliseconds(1500).clampedNanoseconds == 1_500_000_000)
    let tiny = Duration(secondsComponent: 0, attosecondsComponent: 999_999_999)
    #expect(tiny.clampedNanoseconds == 0)
    #expect(Duration.seconds(18_446_744_073).clampedNanoseconds == 18_446_744_073_000_000_000)
    #expect(Duration.seconds(18_446_744_074).clampedNanoseconds == .max)
    #expect(Duration.nanoseconds(-1).clampedNanoseconds == 0)
    #expect(Duration.seconds(Int64.max).clampedNanoseconds == .max)
    #expect(Duration.seconds(Int64.min).clampedNanoseconds == 0)
  }

  @Test("Milliseconds to wait are rounded up, and fit the system's calls")
  func milliseconds() {
    let now = Instant(nanoseconds: 5_000_000)
    let wait = { (nanoseconds: UInt64) in
      now.advanced(byNanoseconds: nanoseconds).millisecondsRoundedUp(from: now)
    }
    #expect([0, 1, 999_999, 1_000_000, 1_000_001].map(wait) == [0, 1, 1, 1, 2])
    #expect(Instant(nanoseconds: 1).millisecondsRoundedUp(from: now) == 0)
    #expect(wait(.max) == 86_400_000)
    let (never, past): (Instant?, Instant?) = (nil, Instant(nanoseconds: 0))
    #expect(never.milliseconds(from: now) == -1)
    #expect(past.milliseconds(from: now) == 0)
  }

  @Test("The monotonic clock does not go back")
  func clock() {
    let system = Linux()
    var last = system.now()
    for _ in 0..<1000 {
      let now = system.now()
      #expect(now >= last)
      last = now
    }
  }
}
