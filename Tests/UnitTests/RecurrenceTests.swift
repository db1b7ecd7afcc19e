import Testing

@testable import Switchboard

/// What is done again and again is done in time, in virtual time.
@Suite("What comes again") struct RecurrenceTests {
  private func at(_ milliseconds: Int64) -> Instant {
    Instant(nanoseconds: 1_000_000_000) + .milliseconds(milliseconds)
  }

  private func due(_ recurrence: inout Recurrence, _ now: Instant) -> [Int] {
    var places: [Int] = []
    while let place = recurrence.takeDue(now) { places.append(place) }
    return places
  }

  @Test("Each is due an interval after it was due before, however late it was done")
  func intervals() {
    var recurrence = Recurrence([.milliseconds(10), .milliseconds(25)], from: at(0))
    #expect(recurrence.next == at(10))
    #expect(due(&recurrence, at(9)) == [])
    #expect(due(&recurrence, at(10)) == [0])
    #expect(due(&recurrence, at(24)) == [0])
    #expect(recurrence.next == at(25))
    #expect(due(&recurrence, at(29)) == [1])
    #expect(due(&recurrence, at(30)) == [0])
    #expect(recurrence.next == at(40))
  }

  @Test("What was missed is done once")
  func missed() {
    var recurrence = Recurrence([.milliseconds(10), .seconds(60)], from: at(0))
    #expect(due(&recurrence, at(1000)) == [0])
    #expect(recurrence.next == at(1010))
  }

  @Test("No interval holds up a loop for ever, and no clock overflows")
  func extremes() {
    var recurrence = Recurrence([.zero, .seconds(Int64.max)], from: at(0))
    #expect(due(&recurrence, at(1)) == [0])
    #expect(recurrence.next == Instant(nanoseconds: at(1).nanoseconds + 1))
    #expect(Recurrence([], from: at(0)).next == nil)
  }
}
