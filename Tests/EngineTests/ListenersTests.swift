import SwitchboardArticle
import Testing

@testable import Switchboard

extension Engine {
  /// Several listeners share a server's places.
  @Suite struct Listeners {
    /// A server with two listeners.
    private final class Pair: Sendable {
      private let state = Lock<(handle: ServerHandle?, ending: String?)>((nil, nil))
      var handle: ServerHandle? { state.withLock { $0.handle } }
      var ending: String? { state.withLock { $0.ending } }

      func run(_ backend: Server.BackendName, places: Int) {
        var server = Server(on: [.loopback(port: 0), .loopback(.v4, port: 0)])
        server.backend = backend
        server.options.maxConnections = places
        // A pool serves as many at once as it has threads.
        if backend == .pool { server.loops = places }
        do throws(SystemError) {
          try server.run(
            ready: { handle in state.withLock { $0.handle = handle } },
            session: { FramesSession() })
          state.withLock { $0.ending = "" }
        } catch { state.withLock { $0.ending = "\(error)" } }
      }
    }

    private func serve(
      _ backend: Server.BackendName, places: Int, _ body: ([UInt16]) throws -> Void
    ) throws {
      let pair = Pair()
      let thread = try LoopThread { pair.run(backend, places: places) }
      #expect(eventually { pair.handle != nil || pair.ending != nil })
      let handle = try #require(pair.handle)
      let result = Result { try body(handle.addresses.map(\.port)) }
      handle.stop()
      thread.join()
      try result.get()
      #expect(pair.ending == "")
    }

    /// The first listener had all accepts under way, and nobody came to it.
    @Test(
      "A client of the second listener gets the place that is free",
      arguments: Server.BackendName.each, [1, 2, 17])
    func second(_ backend: Server.BackendName, places: Int) throws {
      try serve(backend, places: places) { ports in
        var holders = try (0..<places).map { _ in try Client(to: ports[0]).greeted() }
        for round in 0..<3 {
          let waiting = try Client(to: ports[1 - round % 2])
          holders.removeLast().close()
          holders.append(try waiting.greeted())
        }
        for holder in holders { #expect(try holder.ask("^in$") == "jo") }
      }
    }

    /// The first listener's queue never was empty, and it was asked first in each turn.
    @Test(
      "A listener with a long queue does not keep another from being served",
      arguments: Server.BackendName.alone, [1, 3])
    func crowd(_ backend: Server.BackendName, places: Int) throws {
      try serve(backend, places: places) { ports in
        let crowd = try (0..<60).map { _ in try Client(to: ports[0]) }
        let other = try Client(to: ports[1])
        var served = 0
        while served < crowd.count, !other.hasInput {
          let client = crowd[served]
          guard eventually({ client.hasInput || other.hasInput }), !other.hasInput else { break }
          client.close()
          served += 1
        }
        #expect(try other.greeted().ask("^in$") == "jo")
        #expect(served <= 20)
      }
    }
  }
}
