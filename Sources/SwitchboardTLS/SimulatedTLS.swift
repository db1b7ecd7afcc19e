#if TLS && TestBench

internal import COpenSSL
import Switchboard

/// Has simulated worlds speak TLS: their servers, their clients, and whoever their servers connect to.
///
/// Keys are new in each run, and so are all bytes that go over the wire. How many they are is not: the certificate's
/// signatures and the shares of keys have one length each, and no tickets are given, whose lengths differ. So a seed
/// gives the same run.
package enum SimulatedTLS {
  /// Where TLS is spoken.
  package enum Sides: CaseIterable, Sendable {
    case clients, servers, both
  }

  /// Says who speaks TLS in a seed's world, and how. Comes before the world is described.
  ///
  /// - Parameter sides: Where; between the server and those outside only where it connects to some.
  /// - Throws: where OpenSSL has no memory.
  package static func begin(_ world: SimulatedWorld, on sides: Sides) throws(TLSError) {
    var random = SimulatedRandom(seed: world.seed &* 0x9E37_79B9 &+ 7)
    let identity = try identity()
    if sides != .servers {
      world.filter = ServerTLSSource(server(identity, &random))
      world.clientFilters = [
        try client(.tls13, name), try client(.tls12, name), try client(.tls13, "elsewhere.test"),
      ]
      if random.chance(0.3) { world.openingCost = .microseconds(random.within(1...1000)) }
    }
    if sides != .clients {
      let version = random.chance(0.5) ? TLSVersion.tls13 : .tls12
      world.connectorFilter = try client(version, name)
      var options = ServerTLS(identity)
      options.ticketsPerHandshake = 0
      world.remoteFilter = ServerTLSSource(options)
      world.cutOffRemotes = random.chance(0.5) ? 0 : 0.2
    }
  }

  private static let name = "switchboard.test"

  private static func server(_ identity: TLSIdentity, _ random: inout SimulatedRandom) -> ServerTLS
  {
    var options = ServerTLS(identity)
    options.ticketsPerHandshake = 0
    options.refusesUnknownNames = random.chance(0.3)
    if random.chance(0.15) { options.handshakeTimeout = .milliseconds(random.within(20...3000)) }
    if random.chance(0.1) { options.maxHandshakes = random.within(1...3) }
    return options
  }

  private static func client(_ version: TLSVersion, _ name: String) throws(TLSError)
    -> TLSConnector
  {
    // Whom to believe is looked at elsewhere.
    var options = ClientTLS(trusting: .anybody, name: name)
    options.mostVersion = version
    return try TLSConnector(options)
  }

  // --------------------------------------------------------------------------------- clients

  /// Has some of a world's clients do what they should not. Comes when all is said of them.
  package static func meddle(with world: SimulatedWorld) {
    guard let server = (world.filter as? ServerTLSSource)?.options else { return }
    let seed = world.seed &* 0x9E37_79B9 &+ 8
    world.changeClients { client in
      var random = SimulatedRandom(seed: seed ^ UInt64(client.number) << 40)
      client.wire.filter = random.below(2)
      if random.chance(0.06) { client.wire.cutsOff = true }
      if random.chance(0.05) { client.goOnBehindEnd() }
      switch random.below(100) {
      case 0...2:
        client.wire.filter = 2
        client.wire.isRefused = server.refusesUnknownNames
      case 3...5: speakHTTP(&client)
      case 6...25: trouble(&client.wire, server, &random)
      default: break
      }
    }
  }

  private static func speakHTTP(_ client: inout SimulatedClient) {
    client.forget()
    client.wire.filter = nil
    client.send("GET / HTTP/1.1\r\nHost: \(name)\r\n\r\n")
    client.wait(.seconds(1))
    client.finish()
  }

  /// Something happens to the wire: in the opening exchange, whose bytes are several hundred, or behind it.
  private static func trouble(
    _ wire: inout WireHabit, _ server: ServerTLS, _ random: inout SimulatedRandom
  ) {
    wire.troubleAt = random.below(random.chance(0.7) ? 700 : 10_000)
    wire.trouble =
      switch random.below(8) {
      case 0...1: .reset
      case 2...3: .finish
      case 4...5: .garble(UInt8(random.within(1...255)))
      case 6: .pause(.microseconds(random.within(1...5000)))
      default: .pause(server.handshakeTimeout + .milliseconds(random.within(-20...3000)))
      }
  }

  // -------------------------------------------------------------------------------- identity

  /// Made once for the process.
  private static let made = Result { () throws(TLSError) in
    guard let key = unsafe co_new_key(), let certificate = unsafe co_new_certificate(key, name),
      let chain = unsafe co_chain()
    else {
      throw TLSError("OpenSSL makes no certificate: \(OpenSSLErrors.words(or: "out of memory"))")
    }
    return TLSIdentity(
      made: unsafe TLSIdentity.Loaded(certificate, chain, key, [], generation: 0))
  }

  private static func identity() throws(TLSError) -> TLSIdentity { try made.get() }
}

#endif
