import TestSupport
import Testing

@testable import Switchboard

@Suite("Look-ups that wait")
struct LookUpQueueTests {
  private typealias Queue = LookUpQueue<String>

  private func name(_ text: String) -> Queue.Question { .init(name: text, family: .v4) }

  @Test("Who asked first is served first")
  func order() {
    var queue = Queue(limit: 9)
    for text in ["a", "b", "c"] { _ = queue.ask(name(text), text, until: at(9)) }
    #expect(queue.waitingCalls == 3 && queue.count == 3)
    let calls = (0..<4).map { _ in queue.take() }
    #expect(calls.map { $0?.question } == [name("a"), name("b"), name("c"), nil])
    #expect(queue.waitingCalls == 0 && queue.count == 3)
    for place in [2, 0, 1] {
      let told = queue.answered(calls[place]?.call ?? 0)
      #expect(told == [["a", "b", "c"][place]])
    }
    #expect(queue.count == 0)
  }

  @Test("Whoever asks the same waits for the same answer, before and during the call")
  func joining() {
    var queue = Queue(limit: 9)
    _ = queue.ask(name("a"), "first", until: at(9))
    _ = queue.ask(name("a"), "second", until: at(9))
    _ = queue.ask(.init(name: "a", family: .v6), "other family", until: at(9))
    #expect(queue.waitingCalls == 2)
    let call = queue.take()
    _ = queue.ask(name("a"), "third", until: at(9))
    #expect(queue.waitingCalls == 1)
    #expect(queue.answered(call?.call ?? 0) == ["first", "second", "third"])
    // The answer is given: whoever comes now asks anew.
    _ = queue.ask(name("a"), "fourth", until: at(9))
    #expect(queue.waitingCalls == 2 && queue.count == 2)
  }

  @Test("Nobody joins a call that somebody has given up waiting for")
  func noJoining() {
    for isCancelled in [false, true] {
      var queue = Queue(limit: 9)
      let number = queue.ask(name("a"), "early", until: at(5))
      _ = queue.ask(name("a"), "patient", until: at(90))
      let stuck = queue.take()
      let gone: [String?] =
        isCancelled ? [queue.withdraw(number ?? 0)] : queue.expire(at(5))
      #expect(gone == ["early"])
      _ = queue.ask(name("a"), "late", until: at(90))
      #expect(queue.waitingCalls == 1)
      let second = queue.take()
      #expect(queue.answered(second?.call ?? 0) == ["late"])
      #expect(queue.answered(stuck?.call ?? 0) == ["patient"])
    }
  }

  @Test("A family whose calls are stuck leaves threads to the other")
  func families() {
    var queue = LookUpQueue<Int>(limit: 100, share: 2)
    func ask(_ number: Int, _ family: SocketAddress.Family) {
      _ = queue.ask(.init(name: "\(number)", family: family), number, until: .distantFuture)
    }
    for number in 0..<5 { ask(number, .v6) }
    #expect(queue.waitingCalls == 2)
    var taken = (0..<3).map { _ in queue.take() }
    #expect(taken.map { $0?.question.name } == ["0", "1", nil] && queue.waitingCalls == 0)
    for number in 5..<8 { ask(number, .v4) }
    #expect(queue.waitingCalls == 2)
    taken += (0..<3).map { _ in queue.take() }
    #expect(taken[3...].map { $0?.question.name } == ["5", "6", nil])
    // One of each ends, and the next one of each comes, in the order in which they asked.
    for place in [0, 3] { _ = queue.answered(taken[place]?.call ?? 0) }
    #expect(queue.waitingCalls == 2)
    #expect((0..<3).map { _ in queue.take()?.question.name } == ["2", "7", nil])
    #expect(queue.giveUp() == [1, 2, 3, 4, 6, 7])
  }

  @Test("A call that nobody waits for any more is not made")
  func forgotten() {
    var queue = Queue(limit: 9)
    let number = queue.ask(name("a"), "a", until: at(5))
    _ = queue.ask(name("b"), "b", until: at(6))
    #expect(queue.withdraw(number ?? 0) == "a" && queue.withdraw(number ?? 0) == nil)
    #expect(queue.waitingCalls == 1)
    #expect(queue.take()?.question == name("b"))
    #expect(queue.take() == nil)
  }

  @Test("Time is over at the deadline and not before, for all whose it is, in their order")
  func expiring() {
    var queue = Queue(limit: 9)
    for (text, time) in [("a", 7), ("b", 5), ("c", 6), ("d", 8)] {
      _ = queue.ask(name(text), text, until: at(time))
    }
    #expect(queue.nextDeadline == at(5))
    #expect(queue.expire(Instant(nanoseconds: at(5).nanoseconds - 1)) == [])
    #expect(queue.expire(at(7)) == ["a", "b", "c"])
    #expect(queue.nextDeadline == at(8) && queue.count == 1)
    #expect(queue.giveUp() == ["d"] && queue.nextDeadline == nil && queue.waitingCalls == 0)
  }

  @Test("No more wait than may; a place is free when one has been answered or has gone")
  func limit() {
    var queue = Queue(limit: 2)
    let number = queue.ask(name("a"), "a", until: at(9))
    #expect(number != nil && queue.ask(name("a"), "b", until: at(9)) != nil)
    #expect(queue.ask(name("a"), "c", until: at(9)) == nil && queue.count == 2)
    #expect(queue.withdraw(number ?? 0) == "a")
    #expect(queue.ask(name("c"), "c", until: at(9)) != nil)
    #expect(queue.ask(name("d"), "d", until: at(9)) == nil)
  }

  @Test("Random courses: everybody is told once, or has gone", arguments: 0..<20 as Range<UInt64>)
  func random(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var queue = LookUpQueue<Int>(limit: 40)
    var waiting: Set<Int> = []
    var numbers: [Int: LookUpQueue<Int>.Number] = [:]
    var calls: [LookUpQueue<Int>.Number] = []
    var now = 0
    let gone = { (askers: [Int]) in
      for asker in askers { #expect(waiting.remove(asker) != nil, "told twice") }
    }
    for asker in 0..<3_000 {
      now += Int.random(in: 0...3, using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5:
        let question = name("n\(Int.random(in: 0..<8, using: &random))")
        let deadline = at(now + Int.random(in: 0..<60, using: &random))
        numbers[asker] = queue.ask(
          .init(name: question.name, family: .v4), asker, until: deadline)
        #expect((numbers[asker] == nil) == (waiting.count == 40))
        if numbers[asker] != nil { waiting.insert(asker) }
      case 5: if let call = queue.take()?.call { calls.append(call) }
      case 6:
        guard let place = calls.indices.randomElement(using: &random) else { break }
        gone(queue.answered(calls.remove(at: place)))
      case 7: gone(queue.expire(at(now)))
      default:
        guard let asker = waiting.randomElement(using: &random) else { break }
        #expect(queue.withdraw(numbers[asker] ?? 0) == asker)
        waiting.remove(asker)
      }
      #expect(queue.count == waiting.count && queue.waitingCalls <= waiting.count)
    }
    // What is left is answered.
    while let call = queue.take()?.call { calls.append(call) }
    #expect(queue.waitingCalls == 0)
    for call in calls { gone(queue.answered(call)) }
    #expect(waiting.isEmpty && queue.count == 0)
  }
}
