#if TestBench

// Whom the server may connect to.
extension Course {
  /// Their connections have the numbers behind those of all clients.
  func addRemotes() {
    guard !world.remotes.isEmpty else { return }
    let outside = SimulatedOutside(network, seed: world.seed, firstNumber: indices.count)
    outside.ports = max(0, world.ephemeralPorts)
    let record = record
    outside.fail = { record.fail($0) }
    outside.excuse = { record.excuse($0) }
    outside.isExcused = { record.isExcused($0) }
    outside.say = { record.say($0()) }
    for plan in world.remotes { outside.add(plan) }
    network.outside = outside
  }

  /// What names answer, and how their answers come.
  func addNames() {
    guard !world.names.isEmpty else { return }
    for each in world.names { names.set(each.name, each.family, each.entry) }
    names.clock = { [unowned network] in Instant(nanoseconds: network.now) }
    names.hasAsked = { [unowned self] in awaitNames() }
  }

  private func awaitNames() {
    guard let moment = names.wakesAt else { return }
    let at = max(moment.nanoseconds, network.now)
    if let known = answersAt, known <= at { return }
    answersAt = at
    network.heap.push(.other, 0, at: at, detail: Moment.answer.rawValue)
  }

  /// Another thread tells what has been found: between any two calls of the loop.
  func tellNames() {
    if let known = answersAt, known <= network.now { answersAt = nil }
    names.advance(to: Instant(nanoseconds: network.now))
    awaitNames()
  }

  /// Whether a number is that of a connection which the server has begun.
  func isOutgoing(_ number: Int) -> Bool {
    network.outside.map { number >= $0.firstNumber } ?? false
  }
}

#endif
