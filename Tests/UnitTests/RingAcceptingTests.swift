import Testing

@testable import Switchboard

/// Whom a ring asks for connections, and for how many, as the room for them changes.
@Suite("A ring accepts")
struct RingAcceptingTests {
  private let kernel = PuppetKernel.make()

  /// A ring with so many listeners, whose descriptors are 10, 11 and so on.
  private func ring(_ listeners: Int, _ places: Places? = nil) throws -> URing<PuppetKernel> {
    var sizes = URing<PuppetKernel>.Sizes()
    sizes.queue = 8
    sizes.mostSingles = 4
    var ring = try kernel.ring(sizes)
    ring.places = places
    for number in 0..<Int32(listeners) { ring.listen(Descriptor(rawValue: 10 + number)) }
    return ring
  }

  /// What it asks for when there is so much room.
  private func asks(_ ring: inout URing<PuppetKernel>, _ room: Int) -> [Asked] {
    ring.setRoom(room, within: ring.places)
    return kernel.asked()
  }

  private func words(_ ring: inout URing<PuppetKernel>, _ room: Int) -> [String] {
    asks(&ring, room).map(\.description)
  }

  @Test("Without end while there is room for more than the queues can hold")
  func many() throws {
    var ring = try ring(2)
    let asked = asks(&ring, 17)
    #expect(asked.map(\.description) == ["accept many 10", "accept many 11"])
    #expect(words(&ring, 17) == [])
    // Until it has ended, it may bring more.
    #expect(words(&ring, 16) == ["end each accept many 10", "end each accept many 11"])
    for each in asked { #expect(ring.accepted(each.data, -125, 0) == nil) }
    let singles = Array(repeating: "accept 10", count: 4) + Array(repeating: "accept 11", count: 4)
    #expect(words(&ring, 16) == singles)
  }

  @Test("Without end for as long as the kernel does not refuse it")
  func refused() throws {
    var ring = try ring(1)
    let asked = asks(&ring, 9)
    #expect(ring.accepted(asked[0].data, 5, 2) == nil)
    #expect(words(&ring, 10) == [])
    let told = ring.accepted(asked[0].data, -22, 0)
    #expect(told?.kind == .acceptFailed && told?.value == 22)
    #expect(words(&ring, 10) == Array(repeating: "accept 10", count: 4))
  }

  @Test("As many as there is room for, of one listener, and none where there is none")
  func singles() throws {
    var ring = try ring(1)
    let asked = asks(&ring, 3)
    #expect(asked.map(\.description) == ["accept 10", "accept 10", "accept 10"])
    #expect(words(&ring, 3) == [])
    #expect(words(&ring, 0) == ["end each accept 10"])
    #expect(words(&ring, 0) == [])
    #expect(ring.accepted(asked[0].data, -125, 0) == nil)
    #expect(words(&ring, 0) == [])
    // There is room again before the others have ended: what is new has to be ended, too.
    #expect(words(&ring, 3) == ["accept 10"])
    #expect(words(&ring, 0) == ["end each accept 10"])
    for each in asked { #expect(ring.accepted(each.data, -125, 0) == nil) }
    #expect(words(&ring, 0) == [])
    #expect(words(&ring, 1) == ["accept 10"])
    #expect(words(&ring, 0) == ["end each accept 10"])
  }

  @Test("What went wrong is told, and what was ended or found nobody is not")
  func failures() throws {
    var ring = try ring(1)
    let data = asks(&ring, 3)[0].data
    let told = ring.accepted(data, -103, 0)
    #expect(told?.kind == .acceptFailed && told?.value == 103)
    #expect(ring.accepted(data, -125, 0) == nil)
    #expect(ring.accepted(data, -11, 0) == nil)
    #expect(ring.accepted(data | 1 << 32, -103, 0) == nil)
  }

  @Test("Of several that share few places, only of those that have somebody waiting")
  func round() throws {
    var ring = try ring(2)
    #expect(words(&ring, 8).count == 8)
    let asked = asks(&ring, 7)
    #expect(
      asked.map(\.description) == [
        "end each accept 10", "poll 10", "end each accept 11", "poll 11",
      ])
    #expect(words(&ring, 7) == [])
    #expect(words(&ring, 0) == ["end each poll 10", "end each poll 11"])
    for index in [1, 3] { #expect(ring.accepted(asked[index].data, -125, 0) == nil) }
    #expect(words(&ring, 0) == [])
    #expect(words(&ring, 1) == ["poll 10", "poll 11"])
  }

  @Test("Of a listener that is polled no more at once than of one that is not")
  func most() throws {
    var ring = try ring(2)
    let polls = asks(&ring, 7)
    #expect(ring.accepted(polls[0].data, 1, 0) == nil)
    let tries = asks(&ring, 7)
    #expect(tries.map(\.description) == Array(repeating: "accept now 10", count: 4))
    #expect(words(&ring, 7) == [])
    // Nobody else is there: it is polled again.
    for each in tries { #expect(ring.accepted(each.data, -11, 0) == nil) }
    #expect(words(&ring, 7) == ["poll 10"])
    // A poll that tells of nothing is nobody who waits.
    #expect(ring.accepted(polls[0].data, 0, 0) == nil)
    #expect(words(&ring, 7) == ["poll 10"])
  }

  @Test("No more than there is room for, together with what is under way")
  func free() throws {
    var ring = try ring(2)
    let polls = asks(&ring, 3)
    #expect(ring.accepted(polls[0].data, 1, 0) == nil)
    #expect(words(&ring, 3) == ["accept now 10", "accept now 10", "accept now 10"])
    #expect(words(&ring, 3) == [])
  }

  @Test("Of each in its turn, which a signal does not cost it")
  func turns() throws {
    var ring = try ring(2)
    let polls = asks(&ring, 1)
    for poll in polls { #expect(ring.accepted(poll.data, 1, 0) == nil) }
    let first = asks(&ring, 1)
    #expect(first.map(\.description) == ["accept now 10"])
    #expect(ring.accepted(first[0].data, -4, 0)?.kind == .acceptFailed)
    let again = asks(&ring, 1)
    #expect(again.map(\.description) == ["accept now 10"])
    #expect(ring.accepted(again[0].data, 7, 0) == nil)
    _ = ring.nextArrival()
    // It still has somebody waiting, as far as is known.
    let second = asks(&ring, 1)
    #expect(second.map(\.description) == ["accept now 11"])
    #expect(ring.accepted(second[0].data, -4, 0)?.kind == .acceptFailed)
    #expect(words(&ring, 1) == ["accept now 11"])
  }

  @Test("Of each in its turn, however long nobody came meanwhile")
  func idle() throws {
    var ring = try ring(2)
    for _ in 0..<3 {
      for poll in asks(&ring, 1) { #expect(ring.accepted(poll.data, 1, 0) == nil) }
      for names in [["accept now 10"], ["poll 10", "accept now 11"]] {
        let tries = asks(&ring, 1)
        #expect(tries.map(\.description) == names)
        // Neither has anybody.
        for each in tries { #expect(ring.accepted(each.data, -11, 0) == nil) }
      }
    }
  }

  @Test("Where loops share places, one for each connection and no more than this loop's part")
  func shared() throws {
    let places = Places(limit: 100, loops: 2)
    var ring = try ring(2, places)
    // A place is taken when somebody comes in.
    let many = asks(&ring, 33)
    #expect(many.map(\.description) == ["accept many 10", "accept many 11"])
    #expect(ring.accepted(many[0].data, 0, 2) == nil)
    #expect(places.room(upTo: 1000) == 100)
    #expect(ring.accepted(many[0].data, -103, 0)?.value == 103)
    #expect(ring.accepted(many[1].data, -125, 0) == nil)
    #expect(ring.nextArrival()?.kind == .accepted)
    #expect(places.room(upTo: 1000) == 99)
    let polls = asks(&ring, 32)
    #expect(polls.map(\.description) == ["poll 10", "poll 11"])
    #expect(ring.accepted(polls[0].data, 1, 0) == nil)
    let tries = asks(&ring, 4)
    #expect(tries.map(\.description) == ["accept now 10", "accept now 10"])
    #expect(places.room(upTo: 1000) == 97)
    for each in tries { #expect(ring.accepted(each.data, -11, 0) == nil) }
    #expect(places.room(upTo: 1000) == 99)
  }

  @Test("Who is accepted when others have taken all places meanwhile waits for one")
  func late() throws {
    let places = Places(limit: 17, loops: 2)
    var ring = try ring(1, places)
    let many = asks(&ring, 17)
    #expect(many.map(\.description) == ["accept many 10"])
    for _ in 0..<16 { #expect(places.take()) }
    for number in 5...7 { #expect(ring.accepted(many[0].data, number, 2) == nil) }
    #expect(ring.nextArrival()?.value == 5)
    let (second, owes) = (ring.nextArrival(), ring.owesWork)
    #expect(second == nil && !owes, "there are 17 places")
    #expect(words(&ring, 16) == ["end each accept many 10"])
    #expect(ring.accepted(many[0].data, -125, 0) == nil)
    places.giveBack()
    let owesNow = ring.owesWork
    #expect(owesNow)
    #expect(ring.nextArrival()?.value == 6)
    let fourth = ring.nextArrival()
    #expect(fourth == nil)
    // A place that was taken for somebody behind them is for whoever came first.
    let polls = asks(&ring, 15)
    #expect(polls.map(\.description) == [])
    places.giveBack()
    places.giveBack()
    let polled = asks(&ring, 15)
    #expect(polled.map(\.description) == ["poll 10"])
    #expect(ring.accepted(polled[0].data, 1, 0) == nil)
    let tries = asks(&ring, 15)
    #expect(tries.map(\.description) == ["accept now 10"])
    #expect(ring.accepted(tries[0].data, 8, 0) == nil)
    #expect(places.take())
    let last = [ring.nextArrival()?.value, ring.nextArrival()?.value]
    #expect(last == [7, nil])
  }

  @Test("A budget for one turn, which is one at least")
  func budget() throws {
    var sizes = URing<PuppetKernel>.Sizes()
    sizes.acceptBudget = 0
    var ring = try kernel.ring(sizes)
    ring.listen(Descriptor(rawValue: 10))
    for number in 0..<3 as Range<Int32> { ring.arrivals.append(.init(file: number, listener: 0)) }
    ring.setRoom(9, within: nil)
    let told = [ring.nextArrival()?.value, ring.nextArrival()?.value]
    #expect(told == [0, nil])
    ring.setRoom(1, within: nil)
    let owes = ring.owesWork
    #expect(owes)
  }

  @Test("Who has a place comes in at once; who has none, when there is one")
  func arrivals() throws {
    var ring = try kernel.ring(URing<PuppetKernel>.Sizes())
    let places = Places(limit: 1, loops: 2)
    #expect(places.take())
    ring.arrivals.append(.init(file: 7, listener: 0))
    ring.setRoom(9, within: places)
    var canArrive = ring.canArrive
    #expect(!canArrive)
    ring.placesOfArrivals = 1
    canArrive = ring.canArrive
    #expect(canArrive)
    let told = ring.nextArrival()?.value
    #expect(told == 7 && ring.placesOfArrivals == 0)
  }
}
