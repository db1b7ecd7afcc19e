import Switchboard

/// A relay before servers that send everything back.
extension SimulatedWorkload {
  func serveRelay(in world: SimulatedWorld) {
    var random = SimulatedRandom(seed: world.seed &* 0x9E37_79B9 &+ 2)
    let places = (0..<random.within(1...3)).map { SocketAddress.loopback(port: UInt16(7000 + $0)) }
    let choice = UpstreamChoice.allCases[random.below(2)]
    let upstreams = Upstreams(places.map { .address($0) }, choice: choice)
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

  /// Each client takes two places, and who gets a second one is not promised.
  func makeRoomForRelaying(in world: SimulatedWorld) {
    world.options.maxConnections = nil
    world.descriptorLimit = max(world.descriptorLimit, 1024)
  }
}
