import Switchboard
import TestSupport
import Testing

extension Engine {
  /// How much is held of what a partner forwards faster than it is taken.
  @Suite struct PartnerHolding {
    /// Passes on all that it is given.
    private struct Passing: Session {
      let target: ConnectTarget
      let unsent: Lock<[Int]>

      mutating func opened(_ connection: inout Connection) {
        let unsent = unsent
        connection.connectPartner(to: target) { Weighing(unsent: unsent) }
      }
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        connection.forward(bytes)
      }
    }

    /// Tells how much it has unsent when its peer says something.
    private struct Weighing: Session {
      let unsent: Lock<[Int]>

      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        let count = connection.unsent
        unsent.withLock { $0.append(count) }
      }
    }

    /// Sends until nothing is taken for a tenth of a second: how much that was.
    private static func flood(_ client: Client) -> Int {
      let bytes = [UInt8](repeating: 1, count: 1 << 18)
      var (sent, lastTaken) = (0, Linux().now())
      while Linux().now() < lastTaken + .milliseconds(100) {
        let more = client.sendWhatFits(bytes)
        sent += more
        if more > 0 { lastTaken = Linux().now() }
      }
      return sent
    }

    @Test(
      "Of what the other side does not take, twice the watermark is held at most",
      arguments: Server.BackendName.loops, [0, 5000, 16384, 65536, 100_000])
    func bound(_ backend: Server.BackendName, _ watermark: Int) throws {
      let behind = try Listening(receiveBuffer: 4096)
      let (unsent, target) = (Lock<[Int]>([]), ConnectTarget.address(.loopback(port: behind.port)))
      var server = Server()
      server.backend = backend
      server.options.highWatermark = watermark
      server.options.lowWatermark = watermark / 4
      server.listen(on: .loopback(port: 0)) { _ in Passing(target: target, unsent: unsent) }
      server.connects(as: Weighing.self)
      let running = try server.start()
      defer { running.stop() }
      let most = max(2 * watermark, 8192)
      for _ in 0..<4 {
        let client = try Client(to: running.addresses[0].port)
        let peer = try behind.accept()
        var (sent, held) = (0, 0)
        // On a busy machine the server may not have come so far when the flood ends.
        for _ in 0..<100 where held == 0 {
          sent += Self.flood(client)
          let before = unsent.withLock { $0.count }
          try peer.send("?")
          try #require(eventually { unsent.withLock { $0.count } > before })
          held = unsent.withLock { $0.last ?? 0 }
        }
        #expect(sent > most)
        #expect(held > 0 && held <= most, "\(held) bytes")
        client.reset()
        peer.reset()
      }
    }
  }
}
