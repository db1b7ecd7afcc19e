import Testing

@testable import Switchboard

extension Engine {
  /// How often the system is asked where a peer comes from.
  @Suite struct PeerAddressing {
    /// Answers each byte with its peer's port.
    private struct Asking: Session {
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        for _ in bytes.indices {
          let port = connection.peerAddress.map { Int($0.port) } ?? 0
          connection.write([UInt8(port >> 8), UInt8(port & 0xFF)].span)
        }
      }
    }

    @Test("A peer's address is asked for once at most", arguments: FaultWorld.engines)
    func once(_ world: FaultWorld) throws {
      let faults = CallFaults()
      let report = try serve(world, faults, session: Asking()) { server in
        let early = try (0..<3).map { _ in try server.client() }
        func ask(_ client: Client) throws {
          try client.send("??")
          let (port, reply) = (client.address.port, try client.receive(exactly: 4))
          let two = [UInt8(port >> 8), UInt8(port & 0xFF)]
          #expect(reply == two + two)
        }
        // Each is known to have been accepted before any has asked.
        #expect(eventually { server.journal.now.opened == 3 })
        for client in early { try ask(client) }
        let late = try (0..<5).map { _ in try server.client() }
        for client in early + late + early { try ask(client) }
        // Another's in the same place is not taken for its own.
        early[0].close()
        #expect(server.journal.wait { $0.closed == 1 })
        try ask(server.client())
      }
      #expect(report.isClean)
      let (calls, operations) = (
        faults.calls(.call(.peerAddress)), faults.calls(.operation(.peerName))
      )
      #expect(world.isRing ? operations == 9 && calls == 0 : calls == 2 && operations == 0)
    }
  }
}
