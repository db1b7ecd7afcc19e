import SwitchboardBase
import Testing

@testable import SwitchboardLoad

/// Results beside each other: ratios, and how much of them seconds that differ explain.
@Suite struct LoadDiffTests {
  /// A result whose seconds differ: latencies around so many microseconds, a share of a hundredth ten times that.
  static func result(
    microseconds: Double, seed: UInt64, seconds: Int = 30, wobble: Double = 0.1
  ) -> LoadResult {
    var (chance, all) = (Chance(seed: seed), LatencyHistogram())
    let series = (0..<seconds).map { number -> LoadSecond in
      var latency = LatencyHistogram()
      let pace = 1 + wobble * Double.random(in: -1...1, using: &chance)
      for request in 0..<1000 {
        let spread = Double.random(in: 0.8...1.2, using: &chance)
        let time = microseconds * pace * spread * (request % 100 == 0 ? 10 : 1)
        latency.record(nanoseconds: UInt64(time * 1000))
      }
      all.merge(latency)
      return LoadSecond(
        start: Double(number), seconds: 1, isMeasured: true, requests: 1000, failures: 0, latency)
    }
    var result = JudgingTests.result(seconds: seconds)
    (result.series, result.latency, result.uncorrected) = (series, all, all)
    return result
  }

  private static func diff(_ a: LoadResult, _ b: LoadResult) -> LoadDiff {
    LoadDiff([.init("a", a), .init("b", b)])
  }

  @Test func `What is twice as long has a ratio of two, beyond the noise`() throws {
    let diff = LoadDiffTests.diff(
      LoadDiffTests.result(microseconds: 500, seed: 1),
      LoadDiffTests.result(microseconds: 1000, seed: 2))
    for share in [0.5, 0.9, 0.99] {
      let ratio = try #require(diff.curves[0].first { $0.share == share })
      #expect(abs(ratio.ratio - 2) < 0.15, "\(share): \(ratio.ratio)")
      let noise = try #require(ratio.noise)
      #expect(noise.contains(ratio.ratio) && noise.lowerBound > 1.6 && noise.upperBound < 2.4)
      #expect(ratio.direction == 1)
    }
    #expect(diff.rates[0].ratio == 1 && diff.rates[0].direction == 0)
  }

  @Test func `Two of the same kind mostly do not differ by more than the noise`() throws {
    let beyond = (0..<20).count { number in
      let (a, b) = (UInt64(2 * number + 10), UInt64(2 * number + 11))
      let diff = LoadDiffTests.diff(
        LoadDiffTests.result(microseconds: 500, seed: a),
        LoadDiffTests.result(microseconds: 500, seed: b))
      return diff.curves[0].first { $0.share == 0.5 }?.direction != 0
    }
    // One of twenty would be right; the seeds are fixed, so this is no matter of chance.
    #expect(beyond <= 4)
  }

  @Test func `A result beside itself has the ratio one, and noise around it`() {
    let result = LoadDiffTests.result(microseconds: 500, seed: 3)
    let diff = LoadDiffTests.diff(result, result)
    #expect(diff.curves[0].allSatisfy { $0.ratio == 1 && $0.noise?.contains(1) == true })
  }

  @Test func `The same results have the same noise, again and again`() {
    let (a, b) = (
      LoadDiffTests.result(microseconds: 500, seed: 4),
      LoadDiffTests.result(microseconds: 700, seed: 5)
    )
    let (first, second) = (LoadDiffTests.diff(a, b), LoadDiffTests.diff(a, b))
    #expect(first.curves == second.curves && first.rates == second.rates)
  }

  @Test func `A curve rises, and has every percentile of the table as far as its requests reach`() {
    let result = LoadDiffTests.result(microseconds: 500, seed: 6)
    let curve = LoadDiffTests.diff(result, result).curves[0]
    #expect(zip(curve, curve.dropFirst()).allSatisfy { $0.reference <= $1.reference })
    let told = LoadDiff.told.filter { share in curve.contains { $0.share == share } }
    // 30,000 requests have thirty beyond p99.9, and three beyond p99.99.
    #expect(told == [0.5, 0.75, 0.9, 0.95, 0.99, 0.999])
  }

  @Test func `More seconds than blocks are drawn in blocks`() {
    let long = LoadDiffTests.result(microseconds: 500, seed: 7, seconds: 130)
    let diff = LoadDiffTests.diff(long, long)
    #expect(diff.curves[0].allSatisfy { $0.noise != nil })
    let noise = SecondsNoise(long)?.measured([0.5]).times[0] ?? 0
    #expect(abs(noise / LoadDiff.time(long, 0.5) - 1) < 0.01)
  }

  @Test func `What cannot be compared is said, with what to do`() throws {
    var result = LoadDiffTests.result(microseconds: 500, seed: 8, seconds: 1)
    let short = try #require(LoadDiff.mistake(in: result))
    #expect(short.contains("one second") && short.contains("--duration 10s"))
    // Compared all the same it has ratios, and no noise.
    #expect(LoadDiffTests.diff(result, result).curves[0].allSatisfy { $0.noise == nil })
    result.series = []
    #expect(LoadDiff.mistake(in: result)?.contains("no histograms by the second") == true)
    result.latency = LatencyHistogram()
    #expect(LoadDiff.mistake(in: result)?.contains("nothing was answered") == true)
    #expect(LoadDiff.mistake(in: LoadDiffTests.result(microseconds: 5, seed: 9)) == nil)
  }

  @Test(arguments: 0...10)
  func `A coarse histogram loses no count, and each length lies within its place`(fineness: Int) {
    var (chance, fine) = (Chance(seed: 10), LatencyHistogram())
    for octave in 0..<41 {
      for _ in 0..<20 {
        let length = UInt64.random(in: 0...(1 << UInt64(octave)), using: &chance)
        fine.record(nanoseconds: length)
        let place = CoarseHistogram.place(of: length, fineness)
        #expect(CoarseHistogram.bound(place, fineness) <= Double(max(1, length)))
        #expect(CoarseHistogram.bound(place + 1, fineness) > Double(length))
      }
    }
    let coarse = CoarseHistogram(fine, fineness: fineness)
    #expect(coarse.count == fine.count)
    #expect(zip(coarse.entries, coarse.entries.dropFirst()).allSatisfy { $0.place < $1.place })
  }

  @Test func `A second keeps both latencies, in a file, joined and added`() throws {
    var ledger = LoadLedger(tellsSending: true)
    ledger.begin(window: 1000, end: 10_000, steps: [])
    ledger.open(at: 0)
    ledger.intervalIsMeasured()
    for due: UInt64 in [500, 1000, 2000] {
      ledger.isDue(due)
      ledger.answered(LoadSending(due: due, sent: due + 300), at: due + 400)
    }
    let cut = ledger.cut(after: 1_000_000_000)
    let second = LoadSecond(try #require(cut))
    #expect(second.latency.entries.map(\.nanoseconds) == [400])
    #expect(second.uncorrected.entries.map(\.nanoseconds) == [100])
    #expect(second.uncorrected.count == 3 && ledger.uncorrected.count == 2)
    var both = second
    both.add(second)
    #expect(both.uncorrected.count == 6 && both.latency.count == 6)
  }
}
