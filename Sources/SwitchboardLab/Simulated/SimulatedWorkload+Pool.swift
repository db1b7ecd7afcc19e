import Switchboard

/// Has all that its client sends sent back by a server behind, which it asks by a connection of a pool.
private struct PooledEcho: Session {
  let pool: UpstreamPool
  private var question: [UInt8] = []
  /// What is to come back.
  private var missing = 0
  private var isDraining = false

  init(_ pool: UpstreamPool) { self.pool = pool }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    for index in bytes.indices { question.append(bytes[index]) }
    missing = question.count
    connection.pauseReading()
    connection.takePartner(from: pool)
  }

  mutating func partnerOpened(_ connection: inout Connection) {
    connection.forward(question.span)
    question = []
  }

  mutating func partnerReceived(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.write(bytes)
    missing -= bytes.count
    guard missing <= 0 else { return }
    // Now and then it does not trust it.
    if bytes[0] < 16 { connection.dropPartner() } else { connection.givePartnerBack() }
    connection.resumeReading()
    if isDraining { connection.close() }
  }

  mutating func partnerClosed(_ reason: CloseReason?, _ connection: inout Connection) {
    connection.reset()
  }

  mutating func draining(_ connection: inout Connection) {
    isDraining = true
    if missing <= 0 { connection.close() }
  }
}

/// A pool of connections to servers that send everything back, and now and then end.
extension SimulatedWorkload {
  func servePool(in world: SimulatedWorld) {
    var random = SimulatedRandom(seed: world.seed &* 0x9E37_79B9 &+ 3)
    let places = (0..<random.within(1...3)).map { SocketAddress.loopback(port: UInt16(7000 + $0)) }
    let choice = UpstreamChoice.allCases[random.below(2)]
    let upstreams = Upstreams(
      places.map { .address($0) }, choice: choice, behind: world.observedConnectorFilter)
    let pool = UpstreamPool(upstreams, options: poolOptions(&random))
    world.serve { PooledEcho(pool) }
    world.connects(through: pool)
    world.replies { $0 }
    world.readsLate = true
    for place in places {
      world.remote(at: place) { remote in
        if remote.random.chance(0.3) { remote.answerByChance(remote.random.within(1...4)) }
        remote.answer(.accepts(after: .milliseconds(remote.random.below(50))))
        remote.echo()
        guard remote.random.chance(0.6) else { return }
        remote.wait(.milliseconds(remote.random.within(1...400)))
        switch remote.random.below(4) {
        case 0: remote.finish()
        case 1: remote.reset()
        case 2: remote.close()
        default: remote.pauseReading(.milliseconds(remote.random.within(1...400)))
        }
      }
    }
  }

  private func poolOptions(_ random: inout SimulatedRandom) -> UpstreamPoolOptions {
    var options = UpstreamPoolOptions()
    options.mostConnections = random.within(1...6)
    options.mostIdle = random.below(4)
    if random.chance(0.2) { options.mostWaiting = random.below(4) }
    options.waitTimeout = .milliseconds(random.within(10...20_000))
    options.idleTimeout = random.chance(0.7) ? .milliseconds(random.within(1...1000)) : nil
    options.greatestAge = random.chance(0.5) ? .milliseconds(random.within(1...2000)) : nil
    return options
  }
}
