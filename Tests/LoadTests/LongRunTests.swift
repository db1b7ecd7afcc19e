import Switchboard
import Testing

@testable import SwitchboardLoad

/// What hours and many generators come to: bounded files, phases apart, nothing that overflows.
@Suite struct LongRunTests {
  private static func second(
    _ start: Int, _ length: Double = 1, isMeasured: Bool = true, count: Int = 10
  )
    -> LoadSecond
  {
    var latency = LatencyHistogram()
    latency.record(nanoseconds: UInt64(abs(start) % 7 + 1) * 1000, count: count)
    return LoadSecond(
      start: Double(start), seconds: length, isMeasured: isMeasured, requests: count, failures: 1,
      latency)
  }

  @Test(arguments: [1, 1200, 1201, 5000, 20_000])
  func `A run of any length has few spans, and all that was in its seconds`(length: Int) {
    let seconds = (-3..<length).map { Self.second($0, isMeasured: $0 >= 0) }
    let folded = LoadSecond.folded(seconds)
    #expect(folded.count <= LoadSecond.most && !folded.isEmpty)
    if length <= LoadSecond.most - 3 { #expect(folded == seconds) }
    #expect(folded.reduce(0) { $0 + $1.requests } == seconds.count * 10)
    #expect(folded.reduce(0) { $0 + $1.failures } == seconds.count)
    #expect(folded.reduce(0) { $0 + $1.latency.count } == seconds.count * 10)
    #expect(folded.reduce(0) { $0 + $1.seconds } == Double(seconds.count))
    #expect(folded.allSatisfy { $0.isMeasured == ($0.start >= 0) })
    // One after the other, without a gap.
    for (one, next) in zip(folded, folded.dropFirst()) {
      #expect(one.start + one.seconds == next.start)
    }
  }

  @Test func `Spans of different lengths are merged in the longer ones`() {
    let short = LoadSecond.folded((0..<1000).map { Self.second($0) })
    let long = LoadSecond.folded((0..<5000).map { Self.second($0) })
    for merged in [LoadSecond.merged(short, long), LoadSecond.merged(long, short)] {
      #expect(merged.count == long.count)
      #expect(merged.reduce(0) { $0 + $1.requests } == 60_000)
      #expect(merged[0].requests == 2 * long[0].requests)
      #expect(merged[merged.count - 1] == long[long.count - 1])
    }
  }

  @Test(arguments: [1, 7]) func `Processes that begin together send one after the other`(burst: Int)
  {
    var options = LoadOptions(on: [.loopback(port: 1)])
    (options.connections, options.rates, options.burst) = (64, [999], burst)
    (options.warmUp, options.duration) = (.zero, .seconds(7))
    let dues = (0..<4).map { number -> [UInt64] in
      let pace = options.part(number, of: 4).pace
      return (0..<(pace?.total ?? 0)).compactMap { pace?.due($0) }
    }
    #expect(dues.allSatisfy { !$0.isEmpty })
    #expect(dues.reduce(0) { $0 + $1.count } == options.pace?.total)
    // As one process alone would.
    let all = dues.flatMap(\.self).sorted()
    let alone = (0..<(options.pace?.total ?? 0)).compactMap { options.pace?.due($0) }
    for (one, other) in zip(all, alone) { #expect(one > other ? one - other < 2 : other - one < 2) }
  }

  @Test(arguments: [
    ("burst", "a burst of 100 comes every 10.000 s"), ("line", "at most 1019 bytes"),
    ("exponential", "'exp:512' is often more"),
  ])
  func `What cannot be done is refused`(kind: String, text: String) throws {
    var options = LoadOptions(on: [.loopback(port: 1)])
    switch kind {
    case "burst": (options.rates, options.burst, options.duration) = ([10], 100, .seconds(5))
    case "line": (options.speaking, options.size) = (.line, .uniform(1...5000))
    default: (options.speaking, options.size) = (.line, .exponential(mean: 512))
    }
    let mistake = try #require(options.mistake)
    #expect(mistake.contains(text), "\(mistake)")
    switch kind {
    case "burst": options.duration = .seconds(20)
    case "line": options.size = .uniform(1...1000)
    default: options.size = .exponential(mean: 100)
    }
    #expect(options.mistake == nil)
  }

  @Test func `A merged result names each machine once`() throws {
    var (a, b) = (JudgingTests.result(), JudgingTests.result())
    let here = LoadOrigin(
      version: "1", command: ["switchboard", "load", "a b", "it's", "\u{1B}[2J"])
    #expect(here.command.hasPrefix(#"switchboard load 'a b' 'it'\''s' "#))
    #expect(!here.command.contains("\u{1B}"))
    #expect(here.time.contains(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}$/))
    #expect(here.build.count > 8 && here.build == LoadOrigin(version: "1", command: []).build)
    var there = here
    there.host = "elsewhere"
    (a.origins, b.origins) = ([here], [here, there])
    let merged = try #require(LoadResult.merged([a, b]))
    #expect(merged.origins == [here, there])
    #expect(merged.isPlausible)
    b.origins[0].command = "\u{1B}[2J"
    #expect(!b.isPlausible)
  }
}
