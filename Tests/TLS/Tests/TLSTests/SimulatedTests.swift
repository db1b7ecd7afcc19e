import Testing

@testable import Switchboard
@testable import SwitchboardTLS

/// Sends everything back.
private struct Mirror: Session {
  var reasons = Reasons()
  mutating func opened(_ connection: inout Connection) { reasons.opened += 1 }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.write(bytes)
  }
  mutating func closed(_ reason: CloseReason) { reasons.all.append(reason) }
}

/// Why sessions of a simulated world were closed: one thread, as all of it.
private final class Reasons: @unchecked Sendable {
  var opened = 0
  var all: [CloseReason] = []
}

/// Sends everything back, much later, and takes nothing before.
private struct Thoughtful: Session {
  private var thought: [UInt8] = []
  private var isPaused = false

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    for index in bytes.indices { thought.append(bytes[index]) }
    isPaused = true
    connection.pauseReading()
    connection.setTimer(after: .milliseconds(20))
  }
  mutating func elapsed(_ connection: inout Connection) {
    connection.write(thought.span)
    thought = []
    isPaused = false
    connection.resumeReading()
  }
  mutating func ended(_ connection: inout Connection) {
    // What it has not answered yet is lost then.
    #expect(!isPaused)
    connection.close()
  }
}

/// A filter that takes the end of the wire for the peer's.
private final class Credulous: StreamFilter, FilterSource, FilterMaker, @unchecked Sendable {
  private let source: any FilterSource
  private var maker: (any FilterMaker)?
  private var base: (any StreamFilter)?

  init(_ source: any FilterSource) { self.source = source }

  func check() throws(SystemError) { try source.check() }
  func makeMaker() -> any FilterMaker {
    maker = source.makeMaker()
    return self
  }
  func makeFilter() -> any StreamFilter {
    let made = Credulous(source)
    made.base = maker?.makeFilter()
    return made
  }
  var openingTimeout: Duration { maker?.openingTimeout ?? .seconds(10) }
  var mostOpenings: Int { maker?.mostOpenings ?? .max }
  var pool: OffloadPool? { nil }

  var takesWireEndAsEnd: Bool { true }
  func begin(_ wire: inout Connection) -> FilterStep { base?.begin(&wire) ?? .more }
  func take(
    _ bytes: Span<UInt8>, used: inout Int, into plain: inout OutputSpan<UInt8>,
    _ wire: inout Connection
  ) -> FilterStep { base?.take(bytes, used: &used, into: &plain, &wire) ?? .more }
  func seal(_ plain: Span<UInt8>, _ wire: inout Connection) -> FilterFailure? {
    base?.seal(plain, &wire)
  }
  func end(_ wire: inout Connection) { base?.end(&wire) }
  func work(for bytes: [UInt8]) -> (any FilterWork)? { nil }
  func finish(
    _ work: any FilterWork, unused: inout [UInt8], _ wire: inout Connection
  ) -> FilterStep { .more }
}

@Suite("TLS in simulated worlds")
struct SimulatedTests {
  enum Kind: CaseIterable { case mirror, thoughtful, clientsOfRelay, serversOfRelay, bothOfRelay }

  private static func describe(
    _ world: SimulatedWorld, _ kind: Kind, _ backend: SimulatedWorld.Backend
  ) {
    let sides: SimulatedTLS.Sides =
      switch kind {
      case .mirror, .thoughtful, .clientsOfRelay: .clients
      case .serversOfRelay: .servers
      case .bothOfRelay: .both
      }
    do { try SimulatedTLS.begin(world, on: sides) } catch { Issue.record(error) }
    world.backend = backend
    world.replies { $0 }
    if world.random.chance(0.5) { world.options.highWatermark = world.random.within(1...8192) }
    world.options.lowWatermark = world.options.highWatermark / 2
    switch kind {
    case .mirror: world.serve { Mirror() }
    case .thoughtful:
      world.serve { Thoughtful() }
      world.readsLate = true
    default:
      let place = SocketAddress.loopback(port: 7000)
      let upstreams = Upstreams(
        [.address(place)], choice: .roundRobin, behind: world.observedConnectorFilter)
      world.serve { Relay(to: upstreams) }
      world.remote(at: place) { $0.echo() }
    }
    world.clients(world.random.within(1...12)) { script(&$0) }
    SimulatedTLS.meddle(with: world)
  }

  private static func script(_ client: inout SimulatedClient) {
    for _ in 0..<client.random.within(0...8) {
      let isLong = client.random.chance(0.02)
      client.send(client.random.bytes(client.random.within(1...(isLong ? 100_000 : 300))))
      if client.random.chance(0.4) { client.awaitReplies() }
      if client.random.chance(0.2) { client.wait(.milliseconds(client.random.within(1...40))) }
      if client.random.chance(0.1) {
        client.pauseReading(.milliseconds(client.random.within(1...400)))
      }
    }
    client.finish()
  }

  @Test(
    "Whatever befalls sessions behind TLS, all is kept that is kept without",
    arguments: Kind.allCases, SimulatedWorld.Backend.allCases)
  func harsh(_ kind: Kind, _ backend: SimulatedWorld.Backend) throws {
    for seed in 0..<20 as Range<UInt64> {
      try simulate(seed: seed, faults: .harsh) { Self.describe($0, kind, backend) }
    }
  }

  @Test("A seed gives the same run, call for call", arguments: SimulatedWorld.Backend.allCases)
  func replays(_ backend: SimulatedWorld.Backend) throws {
    for kind in Kind.allCases {
      for seed in 100..<105 as Range<UInt64> {
        let reports = try (0..<2).map { _ in
          try simulate(seed: seed, faults: .harsh) { Self.describe($0, kind, backend) }
        }
        #expect(reports[0] == reports[1], "\(kind), seed \(seed)")
      }
    }
  }

  // ------------------------------------------------------------------------- every byte

  /// One client and what it says, so many bytes of which go over the wire.
  private static func single(
    _ world: SimulatedWorld, _ version: TLSVersion, _ backend: SimulatedWorld.Backend,
    _ reasons: Reasons, _ change: (inout SimulatedClient) -> Void
  ) {
    do { try SimulatedTLS.begin(world, on: .clients) } catch { Issue.record(error) }
    world.backend = backend
    world.age = .zero
    world.openingCost = .zero
    world.serve { Mirror(reasons: reasons) }
    world.replies { $0 }
    world.client(1) { client in
      for count in [1, 40, 7] {
        client.send([UInt8](repeating: UInt8(count), count: count))
        client.awaitReplies()
      }
      client.wire.filter = version == .tls13 ? 0 : 1
      change(&client)
    }
  }

  /// More than the client of these worlds sends in all.
  private static let wireBytes = 700
  /// Each backend has others of all places; together they have all of them.
  private static func places(_ backend: SimulatedWorld.Backend) -> StrideTo<Int> {
    let every = SimulatedWorld.Backend.allCases
    return stride(from: every.firstIndex(of: backend) ?? 0, to: wireBytes, by: every.count)
  }

  @Test(
    "What a client sends may be cut anywhere", arguments: TLSVersion.allCases,
    SimulatedWorld.Backend.allCases)
  func everyCut(_ version: TLSVersion, _ backend: SimulatedWorld.Backend) throws {
    for place in Self.places(backend) {
      let reasons = Reasons()
      let report = try simulate(seed: 1) { world in
        Self.single(world, version, backend, reasons) { client in
          client.wire.troubleAt = place
          client.wire.trouble = .pause(.milliseconds(5))
        }
      }
      #expect(report.bytes == 48, "cut at \(place)")
      #expect(reasons.all == [.peerFinished], "cut at \(place)")
    }
  }

  @Test(
    "A wire that ends anywhere without the peer's word is no end", arguments: TLSVersion.allCases,
    SimulatedWorld.Backend.allCases)
  func everyEnd(_ version: TLSVersion, _ backend: SimulatedWorld.Backend) throws {
    var wasTruncated = 0
    for place in Self.places(backend) {
      let reasons = Reasons()
      try simulate(seed: 2) { world in
        Self.single(world, version, backend, reasons) { client in
          client.wire.troubleAt = place
          client.wire.trouble = .finish
          client.wire.cutsOff = true
        }
      }
      guard reasons.opened > 0 else { continue }
      #expect(reasons.all == [.truncated], "ended at \(place)")
      wasTruncated += 1
    }
    #expect(wasTruncated > 10)
  }

  @Test(
    "A reset at any place of the wire is told as one", arguments: TLSVersion.allCases,
    SimulatedWorld.Backend.allCases)
  func everyReset(_ version: TLSVersion, _ backend: SimulatedWorld.Backend) throws {
    for place in Self.places(backend) {
      let reasons = Reasons()
      try simulate(seed: 3) { world in
        Self.single(world, version, backend, reasons) { client in
          client.wire.troubleAt = place
          client.wire.trouble = .reset
        }
      }
      #expect(reasons.all.count == reasons.opened)
      for reason in reasons.all {
        // Where all had been sent before.
        if reason == .peerFinished { continue }
        guard case .failed = reason else { throw Unexpected(what: "\(reason), reset at \(place)") }
      }
    }
  }

  @Test("Any byte of the wire may be another", arguments: TLSVersion.allCases)
  func everyChange(_ version: TLSVersion) throws {
    for place in stride(from: 0, to: Self.wireBytes, by: 3) {
      let backend = SimulatedWorld.Backend.allCases[place % 4]
      try simulate(seed: 4) { world in
        Self.single(world, version, backend, Reasons()) { client in
          client.wire.troubleAt = place
          client.wire.trouble = .garble(0x55)
        }
      }
    }
  }

  // ------------------------------------------------------------------ what was found by it

  @Test(
    "Where each send and receive moves a part, nobody is called before hands are shaken",
    arguments: SimulatedWorld.Backend.allCases)
  func parts(_ backend: SimulatedWorld.Backend) throws {
    let faults = Faults.none.with(.shortSend, at: 0.9).with(.shortReceive, at: 0.9)
      .with(.sendWouldBlock, at: 0.3)
    for kind in Kind.allCases {
      for seed in 0..<10 as Range<UInt64> {
        try simulate(seed: seed, faults: faults) { Self.describe($0, kind, backend) }
      }
    }
  }

  @Test(
    "A session that has paused is told of the end when it goes on, also where it came in one piece with bytes",
    arguments: SimulatedWorld.Backend.allCases)
  func endInOnePiece(_ backend: SimulatedWorld.Backend) throws {
    for seed in 0..<10 as Range<UInt64> {
      let report = try simulate(seed: seed) { world in
        do { try SimulatedTLS.begin(world, on: .clients) } catch { Issue.record(error) }
        world.backend = backend
        world.serve { Thoughtful() }
        world.replies { $0 }
        world.readsLate = true
        world.clients(3) { client in
          client.comeNear()
          client.send([1, 2, 3])
          client.finish()
        }
      }
      #expect(report.bytes == 9)
    }
  }

  @Test("An end that nobody has said is found, where it is told")
  func planted() throws {
    var found: Violation?
    for seed in 0..<20 as Range<UInt64> {
      do throws(SimulationFailure) {
        try simulate(seed: seed) { world in
          Self.describe(world, .mirror, .epoll)
          world.filter = world.filter.map { Credulous($0) }
          world.changeClients { client in
            client.wire = WireHabit()
            client.wire.cutsOff = true
          }
        }
      } catch {
        found = error.violation
        break
      }
    }
    let wanted = Violation.sessionContract("told of an end that its peer had not said")
    #expect(found == wanted)
  }
}

private struct Unexpected: Error {
  let what: String
}
