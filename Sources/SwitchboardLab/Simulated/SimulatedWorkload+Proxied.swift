import Switchboard
import SwitchboardArticle

/// Connections that begin with a header of the PROXY protocol: whole or cut anywhere, with what follows or by
/// itself, slow, wrong, from whom nobody trusts, or none at all. In some worlds a relay passes on what it says.
extension SimulatedWorkload {
  /// The header that the relay of a seed's world begins its own connections with; nil where there is no relay.
  func passedOn(in world: SimulatedWorld) -> ProxyHeader.Version? {
    guard self == .proxied else { return nil }
    var random = SimulatedRandom(seed: world.seed &* 0x9E37_79B9 &+ 6)
    guard random.chance(0.3) else { return nil }
    return random.chance(0.5) ? .v1 : .v2
  }

  func serveProxied(in world: SimulatedWorld) {
    var random = SimulatedRandom(seed: world.seed &* 0x9E37_79B9 &+ 4)
    let versions = ProxyHeader.Versions.allCases[random.below(3)]
    let trusted =
      random.chance(0.7) ? ["127.0.0.0/8", "::/0"] : ["127.0.0.0/31", "::1/128"]
    var proxy = ProxyProtocol(versions, from: trusted.compactMap { AddressPrefix($0) })
    if random.chance(0.5) { proxy.timeout = .milliseconds(random.within(20...3000)) }
    world.proxyProtocol = proxy
    if let version = passedOn(in: world) {
      return serveProxiedRelay(in: world, versions, sending: version)
    }
    world.serve { EchoSession() }
    world.replies { sent in
      guard case .whole(_, let count) = ProxyHeader.read(sent.span, versions) else { return [] }
      return Array(sent[count...])
    }
  }

  /// The server behind sends everything back, what it was told of the client, too.
  private func serveProxiedRelay(
    in world: SimulatedWorld, _ versions: ProxyHeader.Versions, sending version: ProxyHeader.Version
  ) {
    let place = SocketAddress.loopback(port: 7000)
    let upstreams = Upstreams([.address(place)])
    var options = RelayOptions()
    options.sendsHeader = version
    world.serve { [options] in Relay(to: upstreams, options: options) }
    world.remote(at: place) { $0.echo() }
    world.replies { sent in
      guard case .whole(let header, let count) = ProxyHeader.read(sent.span, versions) else {
        return []
      }
      return told(of: header, version) + sent[count...]
    }
  }

  /// What a relay says that was told so of its client.
  private func told(of header: ProxyHeader, _ version: ProxyHeader.Version) -> [UInt8] {
    let own = ProxyHeader(from: header.source, to: header.destination, version: version)
    var full = own
    for value in header.values { full.add(value.kind, value.bytes) }
    return (try? full.encoded()) ?? (try? own.encoded()) ?? []
  }

  /// Numbers of each client's own, so that those of others stay as they are when one is left out.
  func addHeaders(to world: SimulatedWorld) {
    guard let proxy = world.proxyProtocol else { return }
    let seed = world.seed &* 0x9E37_79B9 &+ 5
    // What a relay says for itself no model knows.
    let hasSource = passedOn(in: world) != nil
    world.changeClients { client in
      var random = SimulatedRandom(seed: seed ^ UInt64(client.number) << 40)
      let header = header(proxy.versions, hasSource: hasSource, &random)
      switch random.below(100) {
      case 0...3:
        // As checks of health do.
        client.forget()
        if random.chance(0.5) { client.finish() } else { client.close() }
      case 4...7:
        client.forget()
        send(Array(header.prefix(random.within(1...header.count))), &client, &random)
        if random.chance(0.3) { client.reset() } else { client.finish() }
      case 8...11:
        let cut = random.below(header.count)
        let pause = proxy.timeout + .milliseconds(random.within(-20...3000))
        client.begin { client in
          client.send(Array(header.prefix(cut)))
          client.wait(pause)
          client.send(Array(header.dropFirst(cut)))
        }
      case 12...15:
        var wrong = header
        wrong[random.below(wrong.count)] = UInt8(random.below(256))
        if hasSource, tellsOfNobody(wrong) { wrong = header }
        client.begin { send(wrong, &$0, &random) }
      default: client.begin { send(header, &$0, &random) }
      }
    }
  }

  /// In one piece, in two, or byte by byte; the last of them goes with what follows, or by itself.
  private func send(
    _ header: [UInt8], _ client: inout SimulatedClient, _ random: inout SimulatedRandom
  ) {
    let isTorn = random.chance(0.1)
    let cut = random.chance(0.4) ? random.below(header.count) : 0
    let cuts = isTorn ? Array(0...min(header.count, 120)) : [0, cut]
    for (start, end) in zip(cuts, cuts.dropFirst() + [header.count]) where end > start {
      client.send(Array(header[start..<end]))
      if end < header.count { client.wait(.microseconds(random.within(0...300))) }
    }
    if random.chance(0.4) { client.wait(.microseconds(random.within(0...2000))) }
  }

  private func tellsOfNobody(_ bytes: [UInt8]) -> Bool {
    if case .whole(let header, _) = ProxyHeader.read(bytes.span) {
      header.source == nil
    } else {
      false
    }
  }

  private func header(
    _ versions: ProxyHeader.Versions, hasSource: Bool, _ random: inout SimulatedRandom
  ) -> [UInt8] {
    let isLine = versions == .v1 || versions == .any && random.chance(0.5)
    let version = isLine ? ProxyHeader.Version.v1 : .v2
    guard hasSource || random.chance(0.85), let source = end(&random),
      let destination = end(&random)
    else {
      let command = random.chance(0.5) ? ProxyHeader.Command.local : .proxy
      return (try? ProxyHeader(command, version: version).encoded()) ?? []
    }
    var header = ProxyHeader(from: source, to: destination, version: version)
    if random.chance(0.3) { header.add(.authority, Array("example.org".utf8)) }
    if random.chance(0.1) { header.add(.uniqueID, random.bytes(random.below(129))) }
    if random.chance(0.05) { header.add(.padding, random.bytes(random.below(3000))) }
    return (try? header.encoded(checksum: random.chance(0.5))) ?? []
  }

  /// Somebody behind a proxy: a few addresses, so that some have several connections.
  private func end(_ random: inout SimulatedRandom) -> SocketAddress? {
    let host = random.within(1...8)
    let name = random.chance(0.5) ? "192.0.2.\(host)" : "2001:db8:\(host)::1"
    return try? SocketAddress.resolve(name, port: UInt16(random.within(1...65535))).first
  }
}
