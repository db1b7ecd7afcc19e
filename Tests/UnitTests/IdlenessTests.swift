import Testing

@testable import Switchboard

/// Who is idle, for every face.
@Suite("Idleness")
struct IdlenessTests {
  private func of(
    active: UInt64, limit: UInt64, now: UInt64, isCatchingUp: Bool = false, progress: UInt64? = nil
  ) -> (verdict: Idleness, asked: Int) {
    var asked = 0
    let verdict = Idleness.of(
      Instant(nanoseconds: active), limit: limit, Instant(nanoseconds: now),
      isCatchingUp: isCatchingUp
    ) {
      asked += 1
      return progress.map { Instant(nanoseconds: $0) }
    }
    return (verdict, asked)
  }

  @Test("Before its time nobody is idle, and the system is not asked")
  func before() {
    for (active, now) in [(100, 100), (100, 199), (200, 100)] as [(UInt64, UInt64)] {
      let (verdict, asked) = of(active: active, limit: 100, now: now, progress: 0)
      #expect(verdict == .active && asked == 0)
    }
    #expect(of(active: 1, limit: .max, now: .max - 1).verdict == .active)
  }

  @Test("While a loop catches up nobody is idle, and the system is not asked")
  func catchingUp() {
    let (verdict, asked) = of(active: 0, limit: 100, now: 100, isCatchingUp: true)
    #expect(verdict == .unknown && asked == 0)
    #expect(of(active: 1, limit: 100, now: 100, isCatchingUp: true).verdict == .active)
  }

  @Test("Whose peer took something within the limit is not idle: that was the last moment")
  func progressing() {
    let cases: [(progress: UInt64?, Idleness)] = [
      (nil, .idle), (0, .idle), (900, .idle), (901, .progressing(Instant(nanoseconds: 901))),
      (1000, .progressing(Instant(nanoseconds: 1000))),
    ]
    for (progress, wanted) in cases {
      let (verdict, asked) = of(active: 900, limit: 100, now: 1000, progress: progress)
      #expect(verdict == wanted && asked == 1)
    }
  }

  @Test("Whose progress the system does not tell made none that is known")
  func progress() {
    let kernel = ScriptedKernel()
    let now = Instant(nanoseconds: 5_000_000)
    for (answer, last) in [
      (Outcome.failure(.badDescriptor), nil), (.value(0), now),
      (.value(2), Instant(nanoseconds: 3_000_000)), (.value(6), Instant(nanoseconds: 0)),
    ] {
      kernel.script.error = answer
      #expect(kernel.lastProgress(on: Descriptor(rawValue: 9), now) == last)
    }
  }
}
