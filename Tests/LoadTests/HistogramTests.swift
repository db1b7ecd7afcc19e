import Foundation
import Testing

@testable import SwitchboardBase
@testable import SwitchboardLoad

/// Counting lengths of time, and adding counts up.
@Suite struct HistogramTests {
  private func filled(_ seed: UInt64, _ count: Int = 5000) -> LatencyHistogram {
    var (chance, histogram) = (Chance(seed: seed), LatencyHistogram())
    for _ in 0..<count { histogram.record(nanoseconds: chance.next() >> (chance.next() % 30 + 24)) }
    return histogram
  }

  @Test func `Two that are added up are as one that had everything`() {
    var (chance, all, parts) = (Chance(seed: 3), LatencyHistogram(), [LatencyHistogram(), .init()])
    for number in 0..<10_000 {
      let value = chance.next() >> (chance.next() % 30 + 24)
      all.record(nanoseconds: value)
      parts[number % 2].record(nanoseconds: value)
    }
    parts[0].merge(parts[1])
    #expect(parts[0] == all)
    #expect(parts[0].count == 10_000)
    for percent in [0, 10, 50, 99, 99.9, 100] {
      #expect(parts[0].percentile(percent) == all.percentile(percent))
    }
  }

  @Test func `Written and read, one is the same`() throws {
    let histogram = filled(5)
    let data = try JSONEncoder().encode(histogram)
    let read = try JSONDecoder().decode(LatencyHistogram.self, from: data)
    #expect(read == histogram)
    #expect(read.entries.map(\.nanoseconds) == histogram.entries.map(\.nanoseconds))
    #expect(read.percentile(99.9) == histogram.percentile(99.9))
    #expect(throws: (any Error).self) {
      try JSONDecoder().decode(LatencyHistogram.self, from: Data("[5,-1]".utf8))
    }
  }

  @Test func `Adding up what was written is exact too`() throws {
    let (a, b) = (filled(1), filled(2))
    var direct = a
    direct.merge(b)
    let written = try [a, b].map { try JSONEncoder().encode($0) }
    var read = try written.map { try JSONDecoder().decode(LatencyHistogram.self, from: $0) }
    read[0].merge(read[1])
    #expect(read[0] == direct)
  }

  /// The first of an octave among them: what makes room before them must not come between.
  private static let edges: [UInt64] =
    [0, 1, 1023, 1024, 2047, 2048] + (12..<41).flatMap { [(1 << $0) - 1, 1 << $0] as [UInt64] }

  @Test func `Lengths count alike whatever comes first`() {
    var (rising, falling, single) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
    for length in Self.edges { rising.record(nanoseconds: length) }
    for length in Self.edges.reversed() { falling.record(nanoseconds: length) }
    for length in Self.edges.reversed() {
      var one = LatencyHistogram()
      one.record(nanoseconds: length, count: 1)
      single.merge(one)
    }
    let places = Self.edges.map(LatencyHistogram.place)
    for histogram in [rising, falling, single] {
      #expect(histogram.entries.map { LatencyHistogram.place($0.nanoseconds) } == places)
      #expect(histogram.entries.allSatisfy { $0.count == 1 })
      #expect(histogram.count == places.count)
      #expect(histogram.shortest == .zero)
    }
  }

  @Test func `Nothing added is nothing`() {
    var histogram = LatencyHistogram()
    histogram.record(nanoseconds: 5, count: 0)
    histogram.record(nanoseconds: 5, count: -3)
    histogram.merge(LatencyHistogram())
    #expect(histogram.isEmpty && histogram.entries.isEmpty && histogram == LatencyHistogram())
    #expect(histogram.shortest == .zero && histogram.longest == .zero)
    #expect(histogram.mean == .zero && histogram.deviation == .zero)
    let some = filled(4)
    histogram.merge(some)
    #expect(histogram == some)
    histogram.merge(LatencyHistogram())
    #expect(histogram == some && histogram.count == 5000)
  }

  @Test func `The shortest and the longest were met, once or more often`() {
    var histogram = LatencyHistogram()
    for length in [700, 800, 800, 900] as [UInt64] { histogram.record(nanoseconds: length) }
    #expect(histogram.shortest == .nanoseconds(700) && histogram.longest == .nanoseconds(900))
    let percents = [0, 25, 26, 75, 76, 100] as [Double]
    #expect(
      percents.map { histogram.percentile($0) }
        == [700, 700, 800, 800, 900, 900].map { Duration.nanoseconds($0) })
  }

  @Test func `Two that hold other lengths, or more of the same, are not the same`() {
    let one = filled(1)
    var more = one
    more.merge(one)
    #expect(one != filled(2) && one != more && one.percentile(99) == more.percentile(99))
    #expect(one == filled(1) && one.hashValue == filled(1).hashValue)
  }

  @Test func `The mean and the deviation are those of the lengths`() {
    var histogram = LatencyHistogram()
    // All of eight places, each 2,048 ns wide.
    let lengths = (1 << 21)..<(1 << 21) + (1 << 14) as Range<UInt64>
    for length in lengths { histogram.record(nanoseconds: length) }
    let mean = Double(lengths.lowerBound + lengths.upperBound - 1) / 2
    #expect(abs(histogram.mean.inSeconds * 1e9 - mean) <= 1)
    // A rectangle's deviation is its width by the root of twelve; places have steps of an eighth.
    let deviation = Double(lengths.count) / 12.0.squareRoot()
    #expect(abs(histogram.deviation.inSeconds * 1e9 - deviation) < deviation / 64)
    #expect(histogram.shortest == .nanoseconds(Int64(lengths.lowerBound)))
    #expect(histogram.longest == .nanoseconds(Int64(lengths.upperBound - 1)))
    #expect(histogram.percentile(-5) == histogram.percentile(0))
    #expect(histogram.percentile(250) == histogram.longest)
  }

  @Test(arguments: [
    ("[5,8796093022208]", true), ("[5,8796093022209]", false),
    ("[5,8796093022207,6,1]", true), ("[5,8796093022208,6,1]", false),
    ("[5,1,6,9223372036854775807]", false), ("[5,0,6,0]", true), ("[5,1,6]", false), ("[]", true),
  ])
  func `As much is read as a million of can be added up`(text: String, isRead: Bool) {
    let read = try? JSONDecoder().decode(LatencyHistogram.self, from: Data(text.utf8))
    #expect((read != nil) == isRead)
  }

  @Test func `Every length has one place, and each place a thousandth of its lengths at most`() {
    var next: UInt64 = 0
    for place in 0...LatencyHistogram.place(LatencyHistogram.longest) {
      let lengths = LatencyHistogram.lengths(place)
      #expect(lengths.lowerBound == next)
      #expect(LatencyHistogram.place(lengths.lowerBound) == place)
      #expect(LatencyHistogram.place(min(lengths.upperBound, LatencyHistogram.longest)) == place)
      #expect((lengths.upperBound - lengths.lowerBound) * 1000 <= lengths.lowerBound)
      next = lengths.upperBound + 1
    }
    #expect(next > LatencyHistogram.longest)
    #expect(LatencyHistogram.place(.max) == LatencyHistogram.place(LatencyHistogram.longest))
  }

  @Test func `Percentiles are those of the lengths in order`() {
    var (chance, lengths, histogram) = (Chance(seed: 11), [UInt64](), LatencyHistogram())
    for _ in 0..<999 { lengths.append(chance.next() % 2048) }
    for length in lengths { histogram.record(nanoseconds: length) }
    lengths.sort()
    for percent in [0, 1, 25, 50, 99, 99.9, 100] {
      // Nearest rank: the smallest that so many do not exceed.
      let rank = max(1, Int((percent / 100 * 999).rounded(.up)))
      #expect(histogram.percentile(percent) == .nanoseconds(lengths[rank - 1]))
    }
    #expect(histogram.shortest == .nanoseconds(lengths[0]))
    #expect(histogram.longest == .nanoseconds(lengths[998]))
    let mean = Double(lengths.reduce(0, +)) / 999
    #expect(abs(histogram.mean.inSeconds * 1e9 - mean) <= 1)
  }

  @Test func `Percentiles are exact to three digits, and nothing is too long`() {
    var histogram = LatencyHistogram()
    #expect(histogram.percentile(50) == .zero)
    for value in 1...1000 as ClosedRange<UInt64> { histogram.record(nanoseconds: value * 1000) }
    let median = histogram.percentile(50).inSeconds * 1e6
    #expect(abs(median - 500) <= 0.5)
    histogram.record(nanoseconds: .max)
    #expect(histogram.longest.inSeconds >= 3600)
    #expect(histogram.count == 1001)
    histogram.removeAll()
    #expect(histogram.isEmpty)
  }

  @Test func `Seconds of several generators add up exactly`() {
    let (a, b) = (filled(8, 300), filled(9, 300))
    var both = a
    both.merge(b)
    let second = { (latency: LatencyHistogram) in
      LoadSecond(
        start: 1, seconds: 1, isMeasured: true, requests: latency.count, failures: 1, latency)
    }
    let merged = LoadSecond.merged([second(a)], [second(b)])
    #expect(merged.count == 1)
    #expect(merged[0].latency == both)
    #expect(merged[0].p99 == both.percentile(99).inSeconds * 1e6)
    #expect(merged[0].requests == 600)
    #expect(merged[0].failures == 2)
  }
}
