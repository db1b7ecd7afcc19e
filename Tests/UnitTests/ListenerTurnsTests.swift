import Testing

@testable import Switchboard

@Suite("Listeners' turns")
struct ListenerTurnsTests {
  private func turns(_ count: Int, waiting: [Int]) -> ListenerTurns {
    var turns = ListenerTurns()
    for _ in 0..<count { turns.add() }
    for index in waiting { turns.note(index) }
    return turns
  }

  @Test("Each that has somebody waiting comes once before another comes twice")
  func round() {
    var turns = turns(4, waiting: [0, 1, 3])
    #expect((0..<7).map { _ in turns.next() } == [0, 1, 3, 0, 1, 3, 0])
    turns.note(2)
    #expect((0..<4).map { _ in turns.next() } == [1, 2, 3, 0])
  }

  @Test("Whose turn came to nothing comes first, and the others as they would have")
  func back() {
    var turns = turns(3, waiting: [0, 1, 2])
    #expect(turns.next() == 0)
    #expect(turns.next() == 1)
    turns.giveBack(1)
    #expect((0..<4).map { _ in turns.next() } == [1, 2, 0, 1])
  }

  @Test("Of several that give their turns back the first comes first again")
  func severalBack() {
    var turns = turns(4, waiting: [0, 1, 2, 3])
    #expect((0..<3).map { _ in turns.next() } == [0, 1, 2])
    turns.giveBack(1)
    turns.giveBack(2)
    #expect((0..<2).map { _ in turns.next() } == [1, 2])
    turns.giveBack(2)
    #expect(turns.next() == 2)
  }

  @Test(
    "A turn of the loop stops: the last of many had nothing yet, the first of two had something")
  func stoppedLate() {
    var turns = turns(4, waiting: [0, 1, 2])
    #expect((0..<3).map { _ in turns.next() } == [0, 1, 2])
    turns.stop(without: 2)
    #expect(turns.inTurn(0) == 2)
    turns.endTurn()
    for index in [2, 3] { turns.note(index) }
    #expect((0..<3).map { _ in turns.next() } == [2, 3, 2])
    turns.stop(without: 2)
    #expect(turns.inTurn(0) == 3)
  }

  @Test("A turn of the loop stops: who had nothing in it comes first, or else the second")
  func stopped() {
    var turns = turns(4, waiting: [1, 2])
    #expect(turns.next() == 1)
    #expect(turns.next() == 2)
    turns.stop(without: 2)
    #expect((0..<4).map { turns.inTurn($0) } == [2, 3, 0, 1])
    turns.endTurn()
    // One alone is told of.
    turns.note(2)
    #expect((0..<3).map { _ in turns.next() } == [2, 2, 2])
    turns.stop(without: 2)
    #expect(turns.inTurn(0) == 3)
    turns.endTurn()
    for index in [1, 2, 3] { turns.note(index) }
    #expect((0..<4).map { _ in turns.next() } == [3, 1, 2, 3])
    turns.stop(without: 3)
    #expect(turns.inTurn(0) == 0)
    turns.stop(without: 7)
    #expect(turns.inTurn(0) == 0)
  }

  @Test("Who cannot take a turn does not lose it to those before it")
  func passedOver() {
    var turns = turns(3, waiting: [0, 1, 2])
    #expect(turns.next { $0 != 0 } == 1)
    #expect(turns.next() == 2)
    #expect(turns.next { _ in false } == nil)
    #expect(turns.next() == 0)
  }

  @Test("They are counted, noted once and forgotten; numbers that nobody has are passed over")
  func counts() {
    var turns = turns(2, waiting: [1, 1, 2, -1])
    #expect(turns.waiting == 1 && turns.count == 2)
    #expect(turns.isWaiting(1) && !turns.isWaiting(0) && !turns.isWaiting(2))
    turns.forget(0)
    turns.forget(5)
    #expect(turns.waiting == 1)
    turns.note(0)
    turns.forget(1)
    #expect(turns.waiting == 1 && turns.next() == 0 && turns.next() == 0)
    turns.endTurn()
    #expect(turns.waiting == 0 && turns.next() == nil && !turns.isWaiting(0))
  }

  @Test("All by turns: who comes first, and then the others")
  func all() {
    var turns = turns(3, waiting: [0, 1, 2])
    #expect((0..<3).map { turns.inTurn($0) } == [0, 1, 2])
    _ = turns.next()
    #expect((0..<3).map { turns.inTurn($0) } == [1, 2, 0])
    turns.giveBack(0)
    #expect((0..<3).map { turns.inTurn($0) } == [0, 1, 2])
  }
}
