import Glibc
import Synchronization
import Testing

@testable import Switchboard

@Suite("Places that loops share")
struct PlacesTests {
  private final class Wakes: Sendable {
    let count = Atomic<Int>(0)
    var all: Int { count.load(ordering: .relaxed) }
    func wake() { count.add(1, ordering: .relaxed) }
  }

  private func places(_ limit: Int, loops: Int = 2) -> (Places, [Wakes]) {
    let places = Places(limit: limit, loops: loops)
    let wakes = (0..<loops).map { _ in Wakes() }
    for wake in wakes { places.add { wake.wake() } }
    return (places, wakes)
  }

  @Test("As many are taken as there are, and one that is given back is taken again")
  func limit() {
    let (places, _) = places(3)
    #expect(places.room(upTo: 10) == 3)
    #expect(places.room(upTo: 2) == 2)
    #expect(places.room(upTo: 0) == 0)
    #expect(places.room(upTo: -5) == 0)
    for taken in 1...3 {
      #expect(places.take())
      #expect(places.room(upTo: 10) == 3 - taken)
    }
    #expect(!places.take())
    #expect(!places.take())
    places.giveBack()
    #expect(places.room(upTo: 10) == 1)
    #expect(places.take())
    #expect(!places.take())
  }

  @Test("Loops are woken when a place is given back that was wanted, all of them and once")
  func waking() {
    let (places, wakes) = places(1)
    #expect(places.take())
    places.giveBack()
    #expect(places.take())
    #expect(wakes.map(\.all) == [0, 0], "nobody had found none")
    #expect(!places.take())
    #expect(wakes.map(\.all) == [0, 0])
    places.giveBack()
    #expect(wakes.map(\.all) == [1, 1])
    #expect(places.take())
    places.giveBack()
    #expect(wakes.map(\.all) == [1, 1], "woken again, and nobody had found none since")
    // Whoever sees that there is no room wants one, too.
    #expect(places.take())
    #expect(places.room(upTo: 4) == 0)
    places.leave()
    #expect(wakes.map(\.all) == [2, 2])
    // But not who wants no room at all.
    #expect(places.take())
    #expect(places.room(upTo: 0) == 0)
    places.giveBack()
    #expect(wakes.map(\.all) == [2, 2])
  }

  @Test("That the limit is reached is told once, and its end once")
  func telling() {
    let (places, _) = places(2)
    for _ in 0..<2 { #expect(places.take()) }
    #expect(!places.resumes(), "the end of what was not told")
    #expect(!places.enter())
    #expect(places.enter(), "the second of two")
    places.leave()
    #expect(places.take())
    #expect(!places.enter(), "told twice")
    #expect(places.resumes())
    #expect(!places.resumes(), "its end told twice")
    for _ in 0..<2 { places.leave() }
    #expect(places.room(upTo: 9) == 2)
    #expect(places.take())
    #expect(!places.enter(), "one of two")
    #expect(places.take())
    #expect(places.enter(), "the second of two, again")
  }

  /// How many have a place, and how many had one at most.
  private final class Counted: Sendable {
    let now = Atomic<Int>(0)
    let most = Atomic<Int>(0)

    func enter() {
      let count = now.add(1, ordering: .sequentiallyConsistent).newValue
      if count > most.load(ordering: .relaxed) { most.store(count, ordering: .relaxed) }
    }

    func leave() { now.subtract(1, ordering: .sequentiallyConsistent) }
  }

  @Test("Any number of threads takes all that there are, each once")
  func threadsTakeAll() async {
    let places = Places(limit: 400_000, loops: 8)
    let counted = Counted()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask { while places.take() { counted.enter() } }
      }
    }
    #expect(counted.now.load(ordering: .relaxed) == 400_000)
    #expect(places.room(upTo: 1) == 0)
  }

  /// How far one thread has come, for another.
  private final class Rounds: Sendable {
    private let now = Atomic<Int>(0)
    func come(to round: Int) { now.store(round, ordering: .sequentiallyConsistent) }
    func wait(for round: Int) {
      while now.load(ordering: .sequentiallyConsistent) < round { sched_yield() }
    }
  }

  @Test("Who finds none while one is given back is woken")
  func race() async {
    let (places, wakes) = places(1, loops: 1)
    let (begun, given, looked) = (Rounds(), Rounds(), Rounds())
    let lost = Counted()
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        for round in 1...3000 {
          #expect(places.take())
          begun.come(to: round)
          places.giveBack()
          given.come(to: round)
          looked.wait(for: round)
        }
      }
      group.addTask {
        for round in 1...3000 {
          begun.wait(for: round)
          let before = wakes[0].all
          let isTaken = places.take()
          given.wait(for: round)
          if isTaken { places.giveBack() } else if wakes[0].all == before { lost.enter() }
          looked.come(to: round)
        }
      }
    }
    #expect(lost.now.load(ordering: .relaxed) == 0)
  }

  @Test("Any number of threads takes no more than there are, and all are there in the end")
  func threads() async {
    let places = Places(limit: 3, loops: 8)
    let counted = Counted()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<5000 where places.take() {
            counted.enter()
            counted.leave()
            places.giveBack()
          }
        }
      }
    }
    #expect(counted.most.load(ordering: .relaxed) <= 3)
    #expect(places.room(upTo: 100) == 3)
  }
}
