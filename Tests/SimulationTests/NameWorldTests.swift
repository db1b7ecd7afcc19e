import Switchboard
import Testing

/// A simulated process looks names up: its answers come from elsewhere, and in their time.
@Suite struct NameWorldTests {
  private static let place = SocketAddress.loopback(port: 7000)
  private static let nowhere = SocketAddress.loopback(.v6, port: 7000)

  /// One client of a relay whose server has a name.
  private func relay(
    _ backend: SimulatedWorld.Backend, _ name: @escaping (SimulatedWorld) -> Void
  ) throws -> SimulationReport {
    try simulate(seed: 1, faults: .none) { world in
      world.backend = backend
      let upstreams = Upstreams([.host("db.internal", port: Self.place.port)])
      world.serve { Relay(to: upstreams) }
      world.replies { $0 }
      world.remote(at: Self.place) { $0.echo() }
      world.remote(at: Self.nowhere) { $0.answer(.isSilent) }
      name(world)
      world.clients(1) { client in
        client.send("hello")
        client.awaitReplies()
      }
    }
  }

  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `a name whose IPv6 leads nowhere costs the 250 ms of RFC 8305`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    let report = try relay(backend) { world in
      world.name("db.internal", .v6, [Self.nowhere], after: .milliseconds(10))
      world.name("db.internal", .v4, [Self.place], after: .milliseconds(5))
    }
    #expect(report.bytes == 5)
    #expect((250_000_000..<400_000_000).contains(report.nanoseconds))
  }

  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `an answer that never comes costs 50 ms`(_ backend: SimulatedWorld.Backend) throws {
    let report = try relay(backend) { world in
      world.name("db.internal", .v6, [Self.nowhere], after: nil)
      world.name("db.internal", .v4, [Self.place], after: .milliseconds(5))
    }
    #expect(report.bytes == 5)
    #expect((50_000_000..<150_000_000).contains(report.nanoseconds))
  }

  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `a client of a server whose name is not known gets no reply`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    let report = try relay(backend) { world in
      world.name("other.internal", .v4, [Self.place], after: .zero)
    }
    #expect(report.bytes == 0)
  }
}
