import Switchboard
import TestSupport
import Testing

extension Engine {
  /// Who asks for a partner again and again is given nothing in between.
  @Suite struct PartnerRefusals {
    /// Passes on what it is given. It asks in vain for partners that are refused at once, and then for one that
    /// is not.
    private struct Persistent: Session {
      let target: ConnectTarget
      var refusals: Int

      mutating func opened(_ connection: inout Connection) { ask(&connection) }
      mutating func partnerClosed(_ reason: CloseReason?, _ connection: inout Connection) {
        if refusals == 0 { return connection.close() }
        refusals -= 1
        ask(&connection)
      }
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        connection.forward(bytes)
      }
      private func ask(_ connection: inout Connection) {
        var times = ConnectTimes()
        if refusals > 0 { times.timeout = .zero }
        connection.connectPartner(to: target, times: times) { Sender() }
      }
    }

    private struct Sender: Session {
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
    }

    @Test(
      "What comes while partners are refused is for the one that stands at last",
      arguments: Server.BackendName.loops)
    func refusals(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      var server = Server(on: [.loopback(port: 0)])
      server.backend = backend
      server.connects(as: Sender.self)
      let running = try server.start {
        Persistent(target: .address(.loopback(port: behind.port)), refusals: 3000)
      }
      defer { running.stop() }
      let client = try Client(to: running.addresses[0].port)
      let sent = (0..<200).map { UInt8(truncatingIfNeeded: $0) }
      for byte in sent { try client.send([byte]) }
      #expect(try behind.accept().receive(exactly: sent.count) == sent)
      client.close()
      running.stop()
      try running.wait()
    }
  }
}
