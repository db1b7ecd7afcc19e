import TestSupport
import Testing

@testable import Switchboard

@Suite("Timer wheel")
struct TimerWheelTests {
  /// A wheel beside the plainest possible model of it: every deadline in a dictionary.
  private struct Pair: ~Copyable {
    var wheel: TimerWheel
    var model: [UInt32: Instant] = [:]
    var now: Instant
    /// When what is set comes at the earliest: with the tick behind the last that was asked for.
    var firstOpen: Instant
    let start: Instant

    init(now: Instant) throws {
      self.now = now
      firstOpen = now
      start = now
      wheel = try TimerWheel(now: now, capacity: 256)
    }

    mutating func set(_ entry: UInt32, to deadline: Instant) {
      wheel.set(entry, to: deadline)
      model[entry] = max(deadline, firstOpen)
    }

    mutating func cancel(_ entry: UInt32) {
      wheel.cancel(entry)
      model[entry] = nil
    }

    /// Moves time on and checks what comes out, and what does not.
    mutating func advance(to later: Instant) {
      now = later
      let passed = (now.nanoseconds - start.nanoseconds) / 1_000_000
      firstOpen = start.advanced(byNanoseconds: (passed + 1) * 1_000_000)
      while let entry = wheel.popDue(at: now) {
        let deadline = model.removeValue(forKey: entry)
        #expect(deadline != nil, "came without being set")
        #expect(deadline ?? now <= now, "early")
      }
      for deadline in model.values {
        #expect(deadline.advanced(byNanoseconds: 1_000_000) > now, "a tick late or more")
      }
      check()
    }

    func check() {
      #expect(wheel.count == model.count)
      guard let first = model.values.min() else {
        #expect(wheel.nextDeadline == nil)
        return
      }
      // It may ask to be looked at before the first deadline, never a tick after it.
      guard let next = wheel.nextDeadline else {
        Issue.record("no next deadline where one is set")
        return
      }
      if firstOpen > now { #expect(next > now, "it asks to be looked at again at once") }
      #expect(next < max(first, now).advanced(byNanoseconds: 1_000_000))
    }
  }

  private static let seeds: ClosedRange<UInt64> = 1...8

  private static func delay(_ random: inout SeededGenerator) -> UInt64 {
    // All magnitudes alike, from a nanosecond to ten years.
    UInt64.random(in: 0...1 << UInt64.random(in: 0...58, using: &random), using: &random)
  }

  @Test("Random deadlines come out in time, as in a sorted list", arguments: seeds)
  func random(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var pair = try Pair(now: Instant(nanoseconds: seed * 1_234_567_891))
    for _ in 0..<4000 {
      let entry = UInt32.random(in: 0..<200, using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5:
        pair.set(entry, to: pair.now.advanced(byNanoseconds: Self.delay(&random)))
        pair.check()
      case 5:
        // In the past: due with the next tick.
        let past = pair.now.nanoseconds / 2
        pair.set(entry, to: Instant(nanoseconds: past))
        pair.check()
      case 6:
        pair.cancel(entry)
        pair.check()
      case 7:
        // As a loop does: straight to where the wheel asks to be looked at.
        if let next = pair.wheel.nextDeadline { pair.advance(to: max(next, pair.now)) }
      default:
        pair.advance(to: pair.now.advanced(byNanoseconds: Self.delay(&random) >> 12))
      }
    }
    while let next = pair.wheel.nextDeadline { pair.advance(to: max(next, pair.now)) }
    #expect(pair.model.isEmpty)
  }

  @Test("A deadline comes at its time, whatever its distance", arguments: 0..<58 as Range<UInt64>)
  func distances(_ power: UInt64) throws {
    for offset: Int64 in [-1, 0, 1] {
      let distance = UInt64(max(0, Int64(1) << Int64(power) + offset))
      let start = Instant(nanoseconds: 999_999)
      let deadline = start.advanced(byNanoseconds: distance)
      var wheel = try TimerWheel(now: start, capacity: 8)
      wheel.set(7, to: deadline)
      if distance > 0 {
        let before = Instant(nanoseconds: deadline.nanoseconds - 1)
        #expect(wheel.popDue(at: before) == nil)
      }
      var looks = 0
      while let next = wheel.nextDeadline, next < deadline {
        #expect(wheel.popDue(at: next) == nil)
        looks += 1
      }
      #expect(looks <= 6)
      let end = deadline.advanced(byNanoseconds: 999_999)
      #expect(wheel.popDue(at: end) == 7)
      #expect(wheel.popDue(at: end) == nil)
      #expect(wheel.nextDeadline == nil)
    }
  }

  @Test("Setting again replaces, cancelling forgets")
  func replace() throws {
    let start = Instant(nanoseconds: 0)
    var wheel = try TimerWheel(now: start, capacity: 8)
    wheel.set(1, to: start + .seconds(1))
    wheel.set(1, to: start + .seconds(3))
    wheel.set(2, to: start + .seconds(2))
    wheel.set(3, to: start + .seconds(2))
    wheel.cancel(2)
    wheel.cancel(2)
    wheel.cancel(5)
    #expect(wheel.count == 2)
    #expect(wheel.isSet(1) && !wheel.isSet(2) && wheel.isSet(3) && !wheel.isSet(5))
    let atOne = wheel.popDue(at: start + .seconds(1))
    #expect(atOne == nil)
    let atTwo = wheel.popDue(at: start + .seconds(2))
    #expect(atTwo == 3)
    let atThree = wheel.popDue(at: start + .seconds(3))
    #expect(atThree == 1)
    #expect(wheel.count == 0)
  }

  @Test("Beyond 139 years a deadline is kept, as 139 years")
  func clamp() throws {
    let start = Instant(nanoseconds: 5)
    var wheel = try TimerWheel(now: start, capacity: 4)
    wheel.set(0, to: Instant(nanoseconds: .max))
    let year: Int64 = 31_557_600
    let before = wheel.popDue(at: start + .seconds(139 * year))
    #expect(before == nil)
    #expect(wheel.isSet(0) == true)
    let after = wheel.popDue(at: start + .seconds(140 * year))
    #expect(after == 0)
    // Even then it goes on working: what is set is due at once.
    wheel.set(1, to: start + .seconds(200 * year))
    let late = wheel.popDue(at: start + .seconds(200 * year))
    #expect(late == 1)
  }

  @Test("What is set anew without a delay each time it comes, comes once for each tick")
  func again() throws {
    let start = Instant(nanoseconds: 77)
    var wheel = try TimerWheel(now: start, capacity: 4)
    // Whole ticks after the start, to the nanosecond, and moments between them.
    for passed in [0, 1_000_000, 1_400_000, 2_000_000, 9_000_000] as [UInt64] {
      let now = start.advanced(byNanoseconds: passed)
      for deadline in [now, start, Instant(nanoseconds: 0)] {
        wheel.set(0, to: deadline)
        wheel.set(1, to: start)
        var come = [0, 0]
        while come[0] < 9, let entry = wheel.popDue(at: now) {
          come[Int(entry)] += 1
          wheel.set(entry, to: deadline)
        }
        #expect(come[0] <= 1 && come[1] <= 1)
        let next = wheel.nextDeadline ?? Instant(nanoseconds: 0)
        #expect(next > now && next <= now.advanced(byNanoseconds: 1_000_000))
      }
    }
  }

  @Test("A moment before the wheel's start makes nothing due")
  func beforeStart() throws {
    var wheel = try TimerWheel(now: Instant(nanoseconds: 1000), capacity: 4)
    wheel.set(0, to: Instant(nanoseconds: 0))
    let early = wheel.popDue(at: Instant(nanoseconds: 999))
    #expect(early == nil)
    let due = wheel.popDue(at: Instant(nanoseconds: 1000))
    #expect(due == 0)
  }
}
