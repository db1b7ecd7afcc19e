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
