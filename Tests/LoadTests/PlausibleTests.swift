import Foundation
import Testing

@testable import SwitchboardBase
@testable import SwitchboardLoad

/// Figures that no run has: a file with one of them is refused, whatever else is in it.
@Suite struct PlausibleTests {
  private typealias Change = (inout LoadResult) -> Void
  private static let most = LatencyHistogram.most

  /// With something of everything.
  private static let whole: LoadResult = {
    var result = JudgingTests.result(seconds: 2)
    result.replicates = [LoadReplicate(result)]
    result.origins = [LoadOrigin(version: "1", command: ["switchboard", "load"])]
    result.steps = [LoadStep(asked: 10)]
    result.failures.add(.reset, "connection 3")
    return result
  }()

  private static func isPlausible(_ change: Change) -> Bool {
    var result = whole
    change(&result)
    return result.isPlausible
  }

  @Test func `A run's own figures are believed, the largest and the least of them too`() {
    let most = Self.most
    #expect(Self.isPlausible { _ in })
    let counts: [WritableKeyPath<LoadResult, Int>] = [
      \.arrived, \.backlog, \.bytesSent, \.bytesReceived, \.connected, \.connectionsMade,
    ]
    for count in counts {
      #expect(Self.isPlausible { $0[keyPath: count] = most })
      #expect(Self.isPlausible { $0[keyPath: count] = 0 })
      #expect(!Self.isPlausible { $0[keyPath: count] = most + 1 })
      #expect(!Self.isPlausible { $0[keyPath: count] = -1 })
    }
  }

  @Test func `An account that does not balance is none`() {
    let most = Self.most
    for tally in [\LoadResult.all, \.window, \.steps[0].tally] {
      #expect(
        Self.isPlausible { ($0[keyPath: tally].due, $0[keyPath: tally].answered) = (most, most) })
      #expect(!Self.isPlausible { $0[keyPath: tally].due += 1 })
      #expect(!Self.isPlausible { $0[keyPath: tally].lost += 1 })
      #expect(
        !Self.isPlausible {
          ($0[keyPath: tally].due, $0[keyPath: tally].answered) = (most + 1, most + 1)
        })
      #expect(
        !Self.isPlausible {
          $0[keyPath: tally].wrong += 2
          $0[keyPath: tally].lost -= 2
        })
    }
  }

  @Test(
    arguments: [
      (0, true), (1e-9, true), (0.5, true), (1e9, true), (-1, false), (1.1e9, false),
      (1e-300, false), (.nan, false), (.infinity, false),
    ] as [(Double, Bool)])
  func `Times are none, or a nanosecond to thirty years`(time: Double, isTime: Bool) {
    let times: [WritableKeyPath<LoadResult, Double>] = [
      \.seconds, \.threads[0].processorSeconds, \.threads[0].waitedSeconds, \.threads[0].seconds,
      \.steps[0].seconds,
    ]
    for place in times { #expect(Self.isPlausible { $0[keyPath: place] = time } == isTime) }
    #expect(Self.isPlausible { $0.series = [Self.second(seconds: time)] } == isTime)
  }

  @Test(
    arguments: [
      (0, true), (0.5, true), (2e9, true), (1e12, true), (1.1e12, false), (-0.5, false),
      (.nan, false),
    ] as [(Double, Bool)])
  func `Rates are those of a thousand generators at most`(rate: Double, isRate: Bool) {
    #expect(Self.isPlausible { $0.steps[0].asked = rate } == isRate)
    #expect(Self.isPlausible { $0.replicates[0].rate = rate } == isRate)
  }

  @Test(
    arguments: [
      (0, true), (0.5, true), (1e13, true), (1.1e13, false), (-0.5, false), (.nan, false),
    ] as [(Double, Bool)])
  func `Latencies are a hundred days at most`(latency: Double, isLatency: Bool) throws {
    #expect(Self.isPlausible { $0.replicates[0].p50 = latency } == isLatency)
    #expect(Self.isPlausible { $0.replicates[0].p99 = latency } == isLatency)
    guard !latency.isNaN else { return }
    for figure in ["p50", "p99", "longest"] {
      let second = try Self.read([figure: "\(latency)"])
      #expect(Self.isPlausible { $0.series = [second] } == isLatency)
    }
  }

  @Test func `Histograms are no larger than can be added up`() {
    let full: LatencyHistogram = {
      var histogram = LatencyHistogram()
      histogram.record(nanoseconds: 5, count: Self.most)
      return histogram
    }()
    let histograms: [WritableKeyPath<LoadResult, LatencyHistogram>] = [
      \.latency, \.uncorrected, \.connecting, \.lag, \.steps[0].latency,
    ]
    for histogram in histograms {
      #expect(Self.isPlausible { $0[keyPath: histogram] = full })
      #expect(
        !Self.isPlausible {
          $0[keyPath: histogram] = full
          $0[keyPath: histogram].record(nanoseconds: 5)
        })
    }
  }

  @Test func `Words are short, and tell a terminal nothing`() {
    let long = String(repeating: "a", count: 1 << 16)
    for (word, isWord) in [("ü", true), (long, true), (long + "a", false), ("\u{1B}[2J", false)] {
      #expect(Self.isPlausible { $0.setup["size"] = word } == isWord)
      #expect(Self.isPlausible { $0.setup[word] = "16" } == isWord)
      #expect(Self.isPlausible { $0.origins[0].machine = word } == isWord)
      #expect(
        Self.isPlausible {
          $0.failures = LoadFailures()
          $0.failures.add(.reset, word)
        } == isWord)
    }
  }

  @Test func `Lists are as long as any result's`() {
    for (exponent, part) in [(16, 0), (16, 1), (16, 2), (12, 3)] {
      for (more, isPlausible) in [(0, true), (1, false)] {
        let count = 1 << exponent + more
        let found = Self.isPlausible {
          switch part {
          case 0: $0.threads = Array(repeating: $0.threads[0], count: count)
          case 1: $0.steps = Array(repeating: $0.steps[0], count: count)
          case 2: $0.replicates = Array(repeating: $0.replicates[0], count: count)
          default: $0.origins = Array(repeating: $0.origins[0], count: count)
          }
        }
        #expect(found == isPlausible, "\(count) of \(part)")
      }
    }
    let second = Self.second()
    for (more, isPlausible) in [(0, true), (1, false)] {
      #expect(
        Self.isPlausible { $0.series = Array(repeating: second, count: 1 << 20 + more) }
          == isPlausible)
    }
  }

  // ------------------------------------------------------------------------------- seconds

  private static func second(
    start: Double = 0, seconds: Double = 1, requests: Int = 1, failures: Int = 0
  ) -> LoadSecond {
    LoadSecond(
      start: start, seconds: seconds, isMeasured: true, requests: requests, failures: failures,
      LatencyHistogram())
  }

  /// One as a file may have it, with some fields changed.
  private static func read(_ changes: [String: String]) throws -> LoadSecond {
    let fields = [
      "start": "0", "seconds": "1", "isMeasured": "true", "requests": "1", "failures": "0",
      "p50": "1", "p99": "1", "longest": "1", "entries": "[]",
    ].merging(changes) { $1 }
    let text = fields.map { "\"\($0)\":\($1)" }.joined(separator: ",")
    return try JSONDecoder().decode(LoadSecond.self, from: Data("{\(text)}".utf8))
  }

  @Test func `Seconds have moments and counts of a run`() {
    let most = Self.most
    for (second, isSecond) in [
      (Self.second(start: -1e9), true), (Self.second(start: 1e9), true),
      (Self.second(start: 1.1e9), false), (Self.second(start: -.infinity), false),
      (Self.second(requests: most), true), (Self.second(requests: most + 1), false),
      (Self.second(requests: -1), false), (Self.second(failures: most), true),
      (Self.second(failures: most + 1), false), (Self.second(failures: -1), false),
    ] {
      #expect(Self.isPlausible { $0.series.append(second) } == isSecond, "\(second)")
    }
  }

  @Test(arguments: [
    ("[]", true), ("[5,1]", true), ("[5,1,6,2]", true), ("[100000000000000,1]", true),
    ("[5,8796093022208]", true), ("[5,8796093022209]", false),
    ("[5,8796093022207,6,1]", true), ("[5,8796093022208,6,1]", false),
    ("[5,1,6,8796093022208]", false), ("[5]", false), ("[5,1,6]", false),
    ("[5,1,6,2,7]", false), ("[5,1,6,18446744073709551615]", false),
  ])
  func `A second's latencies are pairs, and no more than can be added up`(
    entries: String, isPlausible: Bool
  ) throws {
    let second = try Self.read(["entries": entries])
    #expect(Self.isPlausible { $0.series = [second] } == isPlausible)
  }

  @Test func `What is no pair is left out`() throws {
    let second = try Self.read(["entries": "[5,3,700,2,9]"])
    #expect(second.latency.count == 5 && second.latency.longest == .nanoseconds(700))
  }
}
