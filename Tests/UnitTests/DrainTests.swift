import Testing

@testable import Switchboard

/// A drain's rules, for both faces that have one.
@Suite("A drain")
struct DrainTests {
  private let begin = Instant(nanoseconds: 1_000)

  private func drain() -> Drain { Drain(from: begin, timeout: .nanoseconds(100)) }

  @Test("What has come is taken in until nothing new comes")
  func gathers() {
    var drain = drain()
    #expect(drain.isGathering && drain.deadline == Instant(nanoseconds: 1_100))
    for turn in 0..<10 {
      drain.arrears.note(UInt32(turn), bytes: 5)
      drain.endTurn(owesWork: false, begin)
      #expect(drain.isGathering)
    }
    drain.endTurn(owesWork: false, begin)
    #expect(drain.isGathering)
    // What the backend still owes counts for more.
    for _ in 0..<10 { drain.endTurn(owesWork: true, begin) }
    #expect(drain.isGathering)
    drain.endTurn(owesWork: false, begin)
    #expect(!drain.isGathering)
  }

  @Test("Half of the time is left for finishing, whatever comes")
  func half() {
    var drain = drain()
    drain.arrears.noteNews()
    drain.endTurn(owesWork: true, Instant(nanoseconds: 1_049))
    #expect(drain.isGathering)
    drain.arrears.noteNews()
    drain.endTurn(owesWork: true, Instant(nanoseconds: 1_050))
    #expect(!drain.isGathering)
    // It does not begin again.
    drain.arrears.noteNews()
    drain.endTurn(owesWork: true, begin)
    #expect(!drain.isGathering)
  }

  @Test("Who finished are those that were asked and not cut off")
  func end() {
    for (peers, forced, finished) in [(0, 0, 0), (5, 0, 5), (5, 2, 3), (5, 5, 0), (1, 3, 0)] {
      var drain = drain()
      drain.beginFinishing(peers)
      drain.forced = forced
      #expect(!drain.isGathering)
      #expect(drain.end == .drained(finished: finished, forced: forced))
    }
  }
}
