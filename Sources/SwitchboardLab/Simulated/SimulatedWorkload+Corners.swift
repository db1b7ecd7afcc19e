import Switchboard

// What makes a world wide, by way of its sessions, options and peers that never come back.
extension SimulatedWorkload {
  /// Sessions that do all that sessions can, and clients that ask them for it.
  func addCorners(to world: SimulatedWorld, _ random: inout SimulatedRandom) {
    var made = 0
    world.serve {
      made += 1
      return ProbeSession(number: made)
    }
    guard random.chance(0.6) else { return }
    world.clients(random.within(1...4)) { client in
      for _ in 0..<client.random.within(1...12) {
        client.send(corner(&client.random))
        if client.random.chance(0.3) { client.awaitReplies() }
        if client.random.chance(0.1) { client.wait(.milliseconds(client.random.within(1...30))) }
      }
    }
  }

  private func corner(_ random: inout SimulatedRandom) -> [UInt8] {
    switch random.below(16) {
    case 0...3: [Probe.drained]
    case 4...7: [Probe.soon]
    case 8...10: [Probe.letter, UInt8(random.below(20))]
    case 11...12: [Probe.block, UInt8(random.below(8)), UInt8(random.below(256)), Probe.drained]
    case 13: [Probe.block, UInt8(random.below(64)), UInt8(random.below(256))]
    case 14: random.chance(0.2) ? [Probe.abort] : [Probe.post]
    default: random.chance(0.2) ? [Probe.block, 40, 0, Probe.quit] : [Probe.timer, 0]
    }
  }

  /// Every option, now and then at its end.
  func varyOptions(of world: SimulatedWorld, _ random: inout SimulatedRandom) {
    func one<T>(_ values: [T]) -> T { values[random.below(values.count)] }
    if random.chance(0.4) {
      world.options.drainTimeout = one([
        .zero, .milliseconds(1), .milliseconds(40), .seconds(1), .seconds(60),
      ])
    }
    if random.chance(0.4) {
      world.options.lingerTimeout = one([
        .zero, .milliseconds(1), .milliseconds(30), .milliseconds(500), .seconds(20),
      ])
    }
    if random.chance(0.3) {
      world.options.idleTimeout = .milliseconds(one([1, 10, 40, 200, 1000, 30_000]))
    }
    if random.chance(0.3) {
      world.options.highWatermark = one([0, 1, 100, 5000, 1 << 20])
      world.options.lowWatermark = random.below(world.options.highWatermark + 1)
    }
    if random.chance(0.3) { world.options.outboxLimit = one([1, 1000, 20_000, 100_000, 1 << 20]) }
    if random.chance(0.3) {
      world.options.totalOutboxLimit = one([1, 1000, 20_000, 100_000, 1 << 20])
    }
    if random.chance(0.3) { world.options.acceptBudget = one([1, 2, 1000, 1 << 40]) }
    if random.chance(0.2) { world.options.maxConnections = 1 }
    if random.chance(0.1) { world.descriptorLimit = one([16, 20, 24, 32, 1 << 16, 1 << 30]) }
  }

  /// Machines as they are: most of them like Linux.
  func chooseMachine(of world: SimulatedWorld, _ random: inout SimulatedRandom) {
    world.machine.handshakes = random.chance(0.7)
    world.machine.hasOtherThreads = random.chance(0.2)
  }

  /// Some never read, vanish, or read a little now and then.
  func addBadPeers(to world: SimulatedWorld, _ random: inout SimulatedRandom) {
    let kind = random.below(3)
    // Those who never go are closed as idle, or they would hold what others wait for.
    let isCrowded =
      world.options.maxConnections != nil || world.descriptorLimit < 1024
      || world.options.maxConnectionsPerAddress != nil
    if random.chance(0.4) || (kind < 2 && isCrowded && world.options.idleTimeout == nil) {
      world.options.idleTimeout = .milliseconds(random.within(100...3000))
    }
    world.clients(random.within(1...3)) { client in
      switch kind {
      case 0: client.stopReading()
      case 1: break
      default:
        // Not so slowly that a world ends before it has read a long reply.
        client.readSlowly(max(32, client.random.within(1...3000)), every: .milliseconds(10))
      }
      for _ in 0..<client.random.within(1...20) {
        send(message(&client.random), &client)
        if kind > 0, client.random.chance(0.5) { client.awaitReplies() }
      }
      if kind == 1 { client.vanish() }
    }
  }
}
