import Switchboard

// Limits and times so near that a few clients reach them.
extension SimulatedWorkload {
  /// Numbers apart from those that make the rest of the world, which stays as it is.
  func press(_ world: SimulatedWorld) {
    var random = SimulatedRandom(seed: world.seed &* 0xD6E8_FEB8_6659_FD93 ^ 0x11_17)
    if random.chance(0.12) { world.options.outboxLimit = random.within(1...100_000) }
    if random.chance(0.08) { world.options.totalOutboxLimit = random.within(1...200_000) }
    if random.chance(0.2) { world.options.lingerTimeout = .milliseconds(random.within(0...500)) }
    if random.chance(0.2) { world.options.drainTimeout = .milliseconds(random.within(0...1500)) }
    if random.chance(0.06) { world.stop = .milliseconds(random.within(0...100)) }
    if random.chance(0.1) { lull(world, &random) }
    if random.chance(0.15) { world.otherLoops = random.within(1...3) }
  }

  /// Some read nothing for many seconds, longer than faults last and than the server waits for them.
  private func lull(_ world: SimulatedWorld, _ random: inout SimulatedRandom) {
    let share = random.within(1...4)
    world.changeClients { client in
      if random.below(4) < share { client.pauseReading(.seconds(random.within(2...20))) }
    }
  }
}
