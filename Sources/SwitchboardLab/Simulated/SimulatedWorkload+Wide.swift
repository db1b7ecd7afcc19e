import Switchboard

// What makes a world wide: more listeners, machines, bursts and bytes than a server would like.
extension SimulatedWorkload {
  /// How much of what can happen a world has.
  public enum Breadth: String, Hashable, Sendable, CaseIterable {
    /// A few clients of one machine on one address, slower than the server.
    case plain
    /// All of it, some in each seed.
    case wide
  }

  /// Numbers apart from those that make the plain world, which stays as it is.
  func widen(_ world: SimulatedWorld) {
    var random = SimulatedRandom(seed: world.seed &* 0xA24B_AED4_963E_E407 ^ 0x57_1D_E5)
    if random.chance(0.35) { addAddresses(to: world, &random) }
    if random.chance(0.4) { addMachines(to: world, &random) }
    if random.chance(0.25) { gather(world, &random) }
    if random.chance(0.15) { burden(world, &random) }
    chooseMachine(of: world, &random)
    if self == .probe { addCorners(to: world, &random) }
    if random.chance(0.25) { varyOptions(of: world, &random) }
    if random.chance(0.2) { addBadPeers(to: world, &random) }
    if random.chance(0.02) { world.stop = .milliseconds(random.within(0...100)) }
    if random.chance(0.012) { flood(world, &random) }
  }

  private static let addresses: [SocketAddress] = [
    .loopback(port: 9090), .loopback(.v6, port: 9090), .loopback(port: 9091),
    .loopback(.v6, port: 9092),
  ]

  /// Two to four listeners; clients choose among them.
  private func addAddresses(to world: SimulatedWorld, _ random: inout SimulatedRandom) {
    let count = random.within(2...Self.addresses.count)
    world.addresses = Array(Self.addresses[..<count])
    world.changeClients { $0.connect(to: random.below(count)) }
  }

  /// Clients come from several machines, and perhaps only some may from each.
  private func addMachines(to world: SimulatedWorld, _ random: inout SimulatedRandom) {
    let count = random.within(1...6)
    world.changeClients { $0.connect(from: random.below(count)) }
    if random.chance(0.6) { world.options.maxConnectionsPerAddress = random.within(1...5) }
  }

  /// All come in one moment; now and then they are many, more than any queue holds.
  private func gather(_ world: SimulatedWorld, _ random: inout SimulatedRandom) {
    let moment = random.within(0...2000)
    if random.chance(0.06) {
      // Whoever finds a full queue tries again after seconds only.
      world.backlog = random.within(16...256)
      world.limit = .seconds(3600)
      let (addresses, machines) = (world.addresses.count, random.within(1...8))
      world.clients(random.within(50...300)) { client in
        client.connect(to: random.below(addresses))
        client.connect(from: random.below(machines))
        send(message(&client.random), &client)
        client.awaitReplies()
      }
    }
    world.changeClients { client in
      client.connect(after: .microseconds(moment + random.below(30)))
    }
  }

  /// Work costs something, up to as much as makes the server slower than its clients.
  private func burden(_ world: SimulatedWorld, _ random: inout SimulatedRandom) {
    world.costs.call = .microseconds(random.below(4))
    world.costs.callback = .microseconds(random.chance(0.2) ? random.below(300) : random.below(20))
    world.costs.kibibyte = .nanoseconds(random.below(4000))
  }

  /// One to three clients that send as fast as they can, many MiB, and read as fast.
  private func flood(_ world: SimulatedWorld, _ random: inout SimulatedRandom) {
    world.costs.kibibyte = .nanoseconds(random.within(100...1500))
    for _ in 0..<random.within(1...3) {
      let bytes = torrent(random.within(1...4) << 20, &random)
      world.clients(1) { client in
        client.comeNear()
        client.send(bytes)
        client.awaitReplies()
      }
    }
  }

  /// About so many bytes of requests.
  private func torrent(_ count: Int, _ random: inout SimulatedRandom) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 70_000)
    let piece = random.bytes(60_000)
    let most = [.line, .care, .files].contains(self) ? count / 64 : count
    while bytes.count < most {
      switch self {
      case .frames: bytes += [UInt8(ascii: "^")] + piece + [UInt8(ascii: "$")]
      case .echo, .relay, .pool, .proxied: bytes += piece
      case .line: bytes += LineModel.line(&random)
      case .care: bytes += Care.request(&random)
      case .files: bytes += FileModel.request(&random)
      case .probe: bytes += [Probe.echo, UInt8(60_000 >> 8), UInt8(60_000 & 0xFF)] + piece
      }
    }
    return bytes
  }
}
