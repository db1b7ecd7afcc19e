import Glibc
import Switchboard
import SwitchboardArticle
import TestSupport
import Testing

@testable import SwitchboardLoad

/// Frames, each answered so long after it came: the loop does nothing else meanwhile.
private struct LateFrames: Session {
  var inner = FramesSession()
  let delay: UInt32

  mutating func opened(_ connection: inout Connection) { inner.opened(&connection) }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    usleep(delay)
    inner.received(bytes, &connection)
  }
}

/// Greets, and says nothing more.
private struct Silent: Session {
  mutating func opened(_ connection: inout Connection) { connection.write("*") }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
}

/// Two servers by turns, so often.
private func compared(
  _ first: UInt16, _ second: UInt16, turns: Int = RankSumTest.fewest,
  _ change: (inout LoadOptions) -> Void
) throws -> LoadComparison {
  let results = try LoadTurns.measured(turns, sides: 2) { side, _ in
    try load(side == 0 ? first : second, change)
  }
  let both = try #require(results)
  return LoadComparison(both[0], with: both[1])
}

@Suite struct TurnsTests {
  @Test func `Sides take turns, each time in the other order`() {
    #expect(LoadTurns.order(5, sides: 2) == [0, 1, 1, 0, 0, 1, 1, 0, 0, 1])
    #expect(LoadTurns.order(3, sides: 1) == [0, 0, 0])
    #expect(LoadTurns.order(0, sides: 2) == [])
  }

  @Test func `What each side came to are its own runs, in their order`() throws {
    let rates = [100, 7000, 7100, 110, 120, 7200]
    let measured = LoadTurns.measured(3, sides: 2) { side, place in
      #expect((rates[place] > 1000) == (side == 1))
      return JudgingTests.result(rate: rates[place])
    }
    let sides = try #require(measured)
    #expect(
      sides.map { $0.replicates.map { Int($0.rate.rounded()) } } == [
        [100, 110, 120], [7000, 7100, 7200],
      ])
    let alone = LoadTurns.measured(1, sides: 1) { _, _ in JudgingTests.result() }
    #expect(alone?.first?.replicates == [])
  }

  @Test(arguments: [(0, false), (1, true), (3, true)])
  func `A run that ends early is the last`(last: Int, isEnough: Bool) {
    var places: [Int] = []
    let sides = LoadTurns.measured(4, sides: 2) { _, place in
      places.append(place)
      var result = JudgingTests.result()
      result.isEndedEarly = place == last
      return result
    }
    #expect(places == Array(0...last))
    #expect((sides != nil) == isEnough)
  }

  @Test func `With one run less of each no order is seldom enough`() {
    #expect(RankSumTest.fewest == 4 && LoadTurns.usual == 5)
    #expect(RankSumTest.left(RankSumTest.fewest - 1, RankSumTest.fewest - 1) == nil)
  }

  @Test func `Two servers by turns are told apart by their names in the text`() throws {
    let (a, b) = (
      try JudgingTests.runs([1000, 1004, 996, 1001]), try JudgingTests.runs([500, 502, 499, 501])
    )
    let text = LoadComparison(a, with: b).text(.byTurns, width: 80)
    #expect(
      text[0].hasPrefix("By turns") && text[0].contains("second") && text[0].contains("first"))
    #expect(text[1].hasSuffix("better"))
    #expect(text.contains { $0.contains("4 runs second, 4 first; verdicts by") })
    #expect(text.allSatisfy { $0.count <= 80 })
  }
}

extension LoadGenerator {
  /// By chance a figure is called better or worse in three of a hundred comparisons. That it is in all of
  /// four comes about in one of a million.
  @Test func `A server beside itself is neither better nor worse`() throws {
    try serving(FramesSession()) { port, _ in
      var differing: Set<String> = ["rate", "p50", "p99"]
      for _ in 0..<4 where !differing.isEmpty {
        let comparison = try compared(port, port) {
          $0.connections = 2
          $0.warmUp = .milliseconds(20)
          $0.duration = .milliseconds(60)
        }
        #expect(comparison.runs == (RankSumTest.fewest, RankSumTest.fewest))
        let found = comparison.lines.filter { [.better, .worse].contains($0.difference) }
        differing.formIntersection(found.map(\.name))
      }
      #expect(differing == [])
    }
  }

  /// At a given rate: in a closed loop a busy machine may leave the generator no time.
  @Test func `A server that waits for two milliseconds is worse than a quick one`() throws {
    try serving(LateFrames(delay: 2000)) { slow, _ in
      try serving(FramesSession()) { quick, _ in
        var verdict: Difference?
        // A machine that is busy elsewhere for two milliseconds leaves no verdict; it is not so always.
        for _ in 0..<20 where verdict != .worse {
          let comparison = try compared(slow, quick) {
            $0.connections = 4
            $0.rates = [100]
            $0.warmUp = .milliseconds(20)
            $0.duration = .milliseconds(200)
          }
          verdict = comparison.lines.first { $0.name == "p50" }?.difference
          #expect(verdict != .better)
        }
        #expect(verdict == .worse)
      }
    }
  }

  @Test func `A server that says nothing gets no verdict, and the reason`() throws {
    try serving(Silent()) { silent, _ in
      try serving(FramesSession()) { port, _ in
        let comparison = try compared(silent, port) {
          $0.connections = 2
          $0.warmUp = .zero
          $0.duration = .milliseconds(60)
          $0.timeout = .milliseconds(30)
        }
        for line in comparison.lines {
          #expect(
            line.verdict == "cannot tell" && line.reason?.contains("answered nothing") == true)
        }
      }
    }
  }
}
