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

  /// Whether a number is that of a connection which the server has begun.
  func isOutgoing(_ number: Int) -> Bool {
    network.outside.map { number >= $0.firstNumber } ?? false
  }
}

#endif
