import Testing

@testable import Switchboard

/// Whose turn it is behind a relay, in virtual time.
@Suite("Choosing an upstream") struct UpstreamBoardTests {
  private func at(_ milliseconds: UInt64) -> Instant {
    Instant(nanoseconds: (1_000_000 + milliseconds) * 1_000_000)
  }

  @Test("One after the other")
  func roundRobin() {
    var board = UpstreamBoard(count: 3, .roundRobin)
    let chosen = (0..<7).map { _ in board.choose(at(0), except: []) }
    #expect(chosen == [0, 1, 2, 0, 1, 2, 0])
    #expect((0..<3).map { board.connections($0) } == [3, 2, 2])
  }

  @Test("Whoever has the fewest, and by turns among equals")
  func leastConnections() {
    var board = UpstreamBoard(count: 3, .leastConnections)
    #expect((0..<3).map { _ in board.choose(at(0), except: []) } == [0, 1, 2])
    board.ended(1)
    #expect(board.choose(at(0), except: []) == 1)
    #expect((0..<3).map { _ in board.choose(at(0), except: []) } == [2, 0, 1])
    for _ in 0..<2 { board.ended(2) }
    #expect((0..<2).map { _ in board.choose(at(0), except: []) } == [2, 2])
    // More ends than there were connections are nobody's debt.
    for _ in 0..<9 { board.ended(0) }
    #expect(board.connections(0) == 0)
  }

  @Test("Each is tried once for a client, and then nobody is left")
  func once() {
    var board = UpstreamBoard(count: 2, .roundRobin)
    #expect(board.choose(at(0), except: [0]) == 1)
    #expect(board.choose(at(0), except: [1]) == 0)
    #expect(board.choose(at(0), except: [0, 1]) == nil)
  }

  @Test("Who fails is left alone, longer each time, and less than the time by a quarter at most")
  func resting() {
    for entropy in [0, 1, UInt64.max / 2, .max] {
      var board = UpstreamBoard(count: 2, .roundRobin)
      var now: UInt64 = 0
      for rest: UInt64 in [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000] {
        while board.choose(at(now), except: []) != 0 {}
        board.failed(0, at(now), entropy: entropy)
        for early in [1, rest / 2, rest * 3 / 4 - 1] {
          #expect(board.choose(at(now + early), except: []) == 1)
          #expect(board.choose(at(now + early), except: []) == 1)
        }
        now += rest
        let chosen = (0..<2).map { _ in board.choose(at(now), except: []) }
        #expect(Set(chosen) == [0, 1])
      }
      board.connected(0)
      board.failed(0, at(now), entropy: 0)
      #expect(board.choose(at(now + 999), except: []) == 1)
      #expect(board.choose(at(now + 1000), except: []) == 0)
    }
  }

  @Test("Where all are left alone, the first to return is tried")
  func allResting() {
    var board = UpstreamBoard(count: 3, .leastConnections)
    for (place, time) in [(1, 0), (0, 100), (2, 200)] as [(Int, UInt64)] {
      board.failed(place, at(time), entropy: 0)
    }
    #expect(board.choose(at(300), except: []) == 1)
    #expect(board.choose(at(300), except: [1]) == 0)
    #expect(board.choose(at(300), except: [0, 1]) == 2)
  }
}
