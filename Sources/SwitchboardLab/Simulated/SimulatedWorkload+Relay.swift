import Switchboard

/// A relay before servers that send everything back.
extension SimulatedWorkload {
  func serveRelay(in world: SimulatedWorld) {
    var random = SimulatedRandom(seed: world.seed &* 0x9E37_79B9 &+ 2)
    let places = (0..<random.within(1...3)).map { SocketAddress.loopback(port: UInt16(7000 + $0)) }
    let choice = UpstreamChoice.allCases[random.below(2)]
    let hasNames = random.chance(0.4)
    let targets = places.map { place in
      hasNames ? name(place, in: world, &random) : .address(place)
    }
    let upstreams = Upstreams(targets, choice: choice, behind: world.observedConnectorFilter)
    world.serve { Relay(to: upstreams) }
    world.replies { $0 }
    for place in places {
      world.remote(at: place) { remote in
        let isAtOnce = remote.random.chance(0.3)
        remote.answer(
          isAtOnce ? .acceptsAtOnce : .accepts(after: .milliseconds(remote.random.below(300))))
        if remote.random.chance(0.3) {
          remote.pauseReading(.milliseconds(remote.random.within(1...400)))
        }
        remote.echo()
      }
    }
  }

  /// A name whose IPv4 address is the place. What it answers of IPv6 comes first or last or never, and is nothing or
  /// leads nowhere.
  private func name(
    _ place: SocketAddress, in world: SimulatedWorld, _ random: inout SimulatedRandom
  ) -> ConnectTarget {
    let name = "upstream\(place.port).internal"
    let delay = Duration.milliseconds(random.chance(0.5) ? random.below(3) : random.below(900))
    world.name(name, .v4, [place], after: delay)
    let other = SocketAddress.loopback(.v6, port: place.port)
    let isKnown = random.chance(0.6)
    world.name(
      name, .v6, isKnown ? [other] : [],
      after: random.chance(0.2) ? nil : .milliseconds(random.below(400)))
    if isKnown {
      world.remote(at: other) { remote in
        let isAtOnce = remote.random.chance(0.5)
        let answers: [SimulatedRemote.Answer] = [
          .isSilent, .refuses(atOnce: isAtOnce), .hasNoNetwork(atOnce: isAtOnce),
        ]
        remote.answer(answers[remote.random.below(answers.count)])
      }
    }
    return .host(name, port: place.port)
  }

  /// Each client takes two places, and who gets a second one is not promised.
  func makeRoomForRelaying(in world: SimulatedWorld) {
    world.options.maxConnections = nil
    world.descriptorLimit = max(world.descriptorLimit, 1024)
  }
}
