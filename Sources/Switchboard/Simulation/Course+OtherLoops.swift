#if TestBench

// Other loops of the same server: they hold some of the places that are shared, for a while.
extension Course {
  /// What the loops of the server share; nil for one that is alone.
  func makePlaces() -> Places? {
    guard world.otherLoops > 0 else { return nil }
    return Places(limit: capacity, loops: world.otherLoops + 1)
  }

  /// The others get connections, now and then, while faults strike.
  func beginOthers() {
    guard places != nil else { return }
    var random = SimulatedRandom(seed: world.seed, stream: 2, part: 5)
    for _ in 0..<random.below(4 * world.otherLoops * min(capacity, 4)) {
      let at = network.now + UInt64(random.below(400)) * 1_000_000
      let stay = UInt64(random.within(1...300)) * 1_000_000
      network.heap.push(.other, Int(stay), at: at, detail: Moment.otherEnters.rawValue)
    }
  }

  /// One of the others accepts, if there is a place; and closes so many nanoseconds later.
  func otherEnters(for stay: Int) {
    guard let places, places.take() else { return }
    heldByOthers += 1
    if places.resumes() { toldFull(false) }
    if places.enter() { toldFull(true) }
    let end = network.now + UInt64(stay)
    network.heap.push(.other, 0, at: end, detail: Moment.otherLeaves.rawValue)
  }

  func otherLeaves() {
    heldByOthers -= 1
    places?.leave()
  }

  /// The loop has ended: its places are free again. A ring may have accepts under way.
  func checkPlaces() {
    guard let places, record.ring == nil else { return }
    let free = places.room(upTo: .max)
    if free != places.limit - heldByOthers {
      record.fail(
        .leftOver("\(places.limit - free) places, of which others hold \(heldByOthers)"))
    }
  }
}

#endif
