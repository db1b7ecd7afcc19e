import Testing

@testable import SwitchboardBase
@testable import SwitchboardLoad

/// The arithmetic of when requests are due.
@Suite struct PaceTests {
  @Test func `A steady rate spaces requests evenly, up to the end`() {
    let pace = LoadPace(steps: [(rate: 1000, seconds: 2)])
    #expect(pace.total == 2000)
    for request in [0, 1, 7, 500, 1999] {
      #expect(pace.due(request) == UInt64(request) * 1_000_000)
    }
    #expect(pace.due(2000) == nil)
    #expect(pace.due(-1) == nil)
  }

  @Test func `A ramp makes half as many requests, and ever closer`() throws {
    let pace = LoadPace(steps: [(rate: 1000, seconds: 1)], ramp: 2)
    #expect(pace.total == 1000 + 1000)
    #expect(pace.due(0) == 0)
    // A quarter of the ramp's requests are due by half of its time.
    #expect(abs(Double(try #require(pace.due(250))) - 1e9) < 10)
    #expect(abs(Double(try #require(pace.due(1000))) - 2e9) < 10)
    #expect(abs(Double(try #require(pace.due(1500))) - 2.5e9) < 10)
    let times = (0..<2000).compactMap { pace.due($0) }
    #expect(times.count == 2000)
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
    let gaps = zip(times, times.dropFirst()).map { $1 - $0 }.prefix(900)
    #expect(zip(gaps, gaps.dropFirst()).allSatisfy { $0 + 1 >= $1 })
  }

  @Test(arguments: [(1.0, 10.0), (1000.0, 0.5), (0.2, 100.0)])
  func `A ramp of any length and height is as theory says`(rate: Double, ramp: Double) throws {
    let pace = LoadPace(steps: [(rate: rate, seconds: 10)], ramp: ramp)
    let rising = Int(rate * ramp / 2)
    #expect(pace.total == rising + Int(rate * 10))
    for request in 0...rising {
      // So many are due after t: rate t² / 2 ramp.
      let theory = (2 * Double(request) * ramp / rate).squareRoot() * 1e9
      #expect(abs(Double(try #require(pace.due(request))) - theory) <= 1 + theory * 1e-12)
    }
    let next = Double(try #require(pace.due(rising + 1)))
    #expect(abs(next - (ramp + 1 / rate) * 1e9) <= 1 + next * 1e-12)
  }

  @Test func `Where there is time for no request none is due`() {
    #expect(LoadPace(steps: []).total == 0 && LoadPace(steps: []).due(0) == nil)
    // The third of three generators, and time for half a request of each.
    let late = LoadPace(steps: [(rate: 0.1, seconds: 5)], phase: 2.0 / 3)
    #expect(late.total == 0 && late.due(0) == nil)
    let far = LoadPace(steps: [(rate: 1, seconds: 1)], burst: 10, phase: 0.9)
    #expect(far.total == 0 && far.due(0) == nil)
    #expect(LoadPace(steps: [(rate: 1, seconds: 1)], burst: 10).total == 10)
  }

  @Test func `A burst of none is one of one`() {
    let pace = LoadPace(steps: [(rate: 10, seconds: 1)], burst: 0)
    #expect(pace.total == 10 && pace.due(9) == 900_000_000)
  }

  @Test func `Steps follow each other without a gap`() throws {
    let pace = LoadPace(steps: [(rate: 100, seconds: 1), (rate: 400, seconds: 1)])
    #expect(pace.total == 500)
    #expect(pace.due(99) == 990_000_000)
    #expect(pace.due(100) == 1_000_000_000)
    #expect(pace.due(101) == 1_002_500_000)
  }

  @Test func `A burst is due at one moment, at the same rate on average`() {
    let pace = LoadPace(steps: [(rate: 1000, seconds: 1)], burst: 50)
    #expect(pace.total == 1000)
    #expect(pace.due(0) == 0)
    #expect(pace.due(49) == 0)
    #expect(pace.due(50) == 50_000_000)
    #expect(pace.due(99) == 50_000_000)
    #expect(pace.due(999) == 950_000_000)
  }

  @Test func `Rates that do not divide a second lose no request`() {
    for rate in [0.5, 3, 7.7, 333, 99_999] {
      let pace = LoadPace(steps: [(rate: rate, seconds: 10)])
      let due = (0...pace.total).prefix { pace.due($0) != nil }.count
      #expect(due == pace.total)
      #expect(abs(Double(pace.total) - rate * 10) <= 1)
    }
  }
}

/// Sizes as they are written.
@Suite struct PayloadSizeTests {
  @Test(arguments: [
    ("16", PayloadSize.fixed(16)), ("4k", .fixed(4096)), ("1m", .fixed(1 << 20)),
    ("16..4096", .uniform(16...4096)), ("1..1k", .uniform(1...1024)),
    ("exp:512", .exponential(mean: 512)),
  ])
  func `A size is read as it is written`(text: String, size: PayloadSize) {
    #expect(PayloadSize(text) == size)
  }

  @Test(arguments: [
    "", "0", "-1", "+1", "2m", "16..", "..16", "16..8", "1..2..3", "exp:", "k", "exp:0",
  ])
  func `What is no size is refused`(text: String) {
    #expect(PayloadSize(text) == nil)
  }

  @Test func `Drawn sizes keep to their bounds and their mean`() {
    var chance = Chance(seed: 7)
    let uniform = (0..<10_000).map { _ in
      PayloadSize.uniform(10...20).draw(&chance, atMost: 1000)
    }
    #expect(Set(uniform) == Set(10...20))
    let drawn = (0..<10_000).map { _ in
      PayloadSize.exponential(mean: 500).draw(&chance, atMost: 1 << 20)
    }
    #expect(drawn.allSatisfy { $0 >= 1 })
    #expect((470...530).contains(drawn.reduce(0, +) / drawn.count))
    #expect(PayloadSize.fixed(5000).draw(&chance, atMost: 1000) == 1000)
  }
}
