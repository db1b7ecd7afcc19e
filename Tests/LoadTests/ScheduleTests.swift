import Testing

@testable import SwitchboardBase
@testable import SwitchboardLoad

/// What is due next, what waits, and how many requests are left.
@Suite struct ScheduleTests {
  private static let millisecond: UInt64 = 1_000_000

  /// A request each millisecond for ten, of which one of several threads makes its part.
  private static func schedule(_ number: Int = 0, of count: Int = 1) -> LoadSchedule {
    var schedule = LoadSchedule(
      LoadPace(steps: [(rate: 1000, seconds: 0.01)]), LoadPart(number: number, count: count))
    schedule.begin(at: 0)
    return schedule
  }

  @Test func `What is due at a moment is not due before it`() {
    var schedule = Self.schedule()
    #expect(
      (0...12).map { schedule.waiting(before: $0 * Self.millisecond) } == [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10,
      ])
    #expect(schedule.waiting(before: 1) == 1)
    #expect(schedule.takeDue() == 0 && schedule.nextDue == Self.millisecond)
    #expect(schedule.waiting(before: Self.millisecond) == 0)
    #expect(schedule.waiting(before: Self.millisecond + 1) == 1)
  }

  @Test func `The last one waits, too, whichever thread makes it`() {
    for number in 0..<3 {
      var schedule = Self.schedule(number, of: 3)
      let mine = number == 0 ? 4 : 3
      for left in (1...mine).reversed() {
        #expect(schedule.waiting(before: .max) == left)
        #expect(schedule.takeDue() == UInt64(number + 3 * (mine - left)) * Self.millisecond)
      }
      #expect(schedule.nextDue == .max && schedule.waiting(before: .max) == 0)
    }
  }

  @Test func `Few that are given up stand alone, and the schedule goes on behind them`() {
    var schedule = Self.schedule()
    _ = schedule.takeDue()
    var given: [UInt64] = []
    schedule.giveUp(before: 6 * Self.millisecond, border: 3 * Self.millisecond) { due, count in
      #expect(count == 1)
      given.append(due / Self.millisecond)
    }
    #expect(given == [1, 2, 3, 4, 5])
    #expect(schedule.nextDue == 6 * Self.millisecond)
    schedule.giveUp(before: 6 * Self.millisecond, border: 0) { _, _ in Issue.record("again") }
    // The border may lie behind all of them.
    schedule.giveUp(before: 8 * Self.millisecond, border: .max) { due, _ in
      given.append(due / Self.millisecond)
    }
    #expect(given == [1, 2, 3, 4, 5, 6, 7])
    #expect(schedule.takeDue() == 8 * Self.millisecond)
  }

  @Test func `A thread that makes no requests has none due`() {
    var idle = LoadSchedule(LoadPace(steps: [(rate: 1000, seconds: 1)]), nil)
    idle.begin(at: 5)
    #expect(idle.nextDue == .max && idle.waiting(before: .max) == 0)
    idle.giveUp(before: .max, border: 7) { _, _ in Issue.record("nothing was due") }
  }

  @Test func `A number of requests is used up one by one, and none is no limit`() {
    var schedule = LoadSchedule(nil, LoadPart(number: 0, count: 1))
    schedule.take()
    #expect(schedule.quota == .max)
    schedule.limit(to: 2)
    #expect(schedule.quota == 2)
    schedule.take()
    #expect(schedule.quota == 1)
    schedule.limit(to: 0)
    #expect(schedule.quota == 0)
    schedule.limit(to: -3)
    #expect(schedule.quota == 0)
  }
}
