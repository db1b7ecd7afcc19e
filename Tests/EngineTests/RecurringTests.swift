import Switchboard
import TestSupport
import Testing

extension Engine {
  /// What a server does on its loops again and again.
  @Suite struct Recurring {
    /// How often it was done on a loop.
    private final class Count {
      var value = 0
    }

    private struct Silent: Session {
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
    }

    @Test(
      "It is done on each loop, in time, with nobody connected", arguments: Server.BackendName.loops
    )
    func each(_ backend: Server.BackendName) throws {
      let counts = Lock<[ObjectIdentifier: Int]>([:])
      let early = Lock(false)
      let interval = Duration.milliseconds(5)
      var server = Server()
      (server.backend, server.loops) = (backend, 2)
      server.listen(on: .loopback(port: 0)) { _ in Silent() }
      let start = Linux().now()
      server.every(interval) { moment in
        let count = moment.loopLocal { Count() }
        count.value += 1
        let (name, value) = (ObjectIdentifier(count), count.value)
        // Ticks that were missed are not made up for.
        if Linux().now().since(start) < interval * value { early.withLock { $0 = true } }
        counts.withLock { $0[name] = value }
      }
      let running = try server.start()
      #expect(eventually { counts.withLock { $0.count == 2 && $0.values.allSatisfy { $0 >= 3 } } })
      running.drain()
      try running.wait()
      #expect(!early.withLock { $0 })
    }

    @Test("An interval that nobody can mean is named, and so is a model without loops")
    func refused() throws {
      var server = Server()
      server.listen(on: .loopback(port: 0)) { _ in Silent() }
      server.every(.zero) { _ in }
      #expect {
        try server.run()
      } throws: {
        "\($0)".hasPrefix("option interval is 0.0 seconds; set it to more than zero")
      }
      server = Server()
      server.listen(on: .loopback(port: 0)) { _ in Silent() }
      server.backend = .threads
      server.every(.seconds(1)) { _ in }
      #expect {
        try server.run()
      } throws: {
        "\($0)".hasPrefix("option calls of every is 1; choose a backend with loops")
      }
    }
  }
}
