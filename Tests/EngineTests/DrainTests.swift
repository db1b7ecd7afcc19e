import Switchboard
import SwitchboardArticle
import SwitchboardBase
import TestSupport
import Testing

/// Longer than a busy machine takes for anything: what comes before it did not wait for it.
private let longAfterwards = Duration.seconds(50)

extension Engine {
  /// The graceful end, and the other one.
  @Suite struct Draining {
    @Test(
      "What was sent before is answered, the idle are closed", arguments: Server.BackendName.each)
    func answered(_ backend: Server.BackendName) throws {
      try serve(backend, session: FramesSession()) { server in
        let idle = try (0..<5).map { _ in try server.client().greeted() }
        let asking = try (0..<20).map { _ in try server.client().greeted() }
        let bytes = Array("^\(String(repeating: "a", count: 100_000))$".utf8)
        for client in asking { try client.send(bytes) }
        let queued = try (0..<20).map { _ in try server.client() }
        for client in queued { try client.send("^in$") }
        server.handle.drain()
        for client in idle { #expect(try client.receiveToEnd() == []) }
        for client in asking { #expect(try client.receiveToEnd() == replies(to: bytes)) }
        for client in queued { #expect(try client.receiveToEnd() == Array("*jo".utf8)) }
        for client in idle + asking + queued { client.close() }
        #expect(server.hasEnded())
        #expect(
          server.journal.now.notices == [.draining(peers: 45), .drained(finished: 45, forced: 0)])
        #expect(throws: (any Error).self) { try server.client() }
      }
    }

    @Test("A peer in a frame may finish it", arguments: Server.BackendName.alone)
    func inFrame(_ backend: Server.BackendName) throws {
      try serve(backend, session: FramesSession()) { server in
        let client = try server.client().greeted()
        #expect(try client.ask("^ab") == "bc")
        server.handle.drain()
        #expect(server.journal.wait { $0.notices == [.draining(peers: 1)] })
        #expect(try client.ask("cd") == "")
        try client.send("$^no$")
        #expect(String(decoding: try client.receiveToEnd(), as: UTF8.self).hasPrefix("de"))
        client.close()
        #expect(server.hasEnded())
        #expect(server.journal.now.reasons == [.finished])
      }
    }

    @Test(
      "The deadline cuts off who does not finish, and counts them",
      arguments: Server.BackendName.each)
    func deadline(_ backend: Server.BackendName) throws {
      let limits = options {
        $0.drainTimeout = .milliseconds(100)
        $0.lingerTimeout = longAfterwards
      }
      try serve(backend, limits, session: FramesSession()) { server in
        let stuck = try (0..<3).map { _ in try server.client().greeted() }
        for client in stuck { #expect(try client.ask("^ab") == "bc") }
        let idle = try server.client().greeted()
        let start = Linux().now()
        server.handle.drain()
        #expect(try idle.receiveToEnd() == [])
        idle.close()
        #expect(server.hasEnded())
        #expect(Linux().now().since(start) >= .milliseconds(100))
        #expect(Linux().now().since(start) < longAfterwards)
        #expect(server.journal.now.notices.last == .drained(finished: 1, forced: 3))
        #expect(server.journal.now.reasons.filter { $0 == .drainTimeout }.count == 3)
      }
    }

    @Test(
      "Peers that never stop sending do not keep a drain from ending",
      arguments: Server.BackendName.each)
    func flood(_ backend: Server.BackendName) throws {
      let limits = options {
        $0.drainTimeout = .milliseconds(300)
        $0.lingerTimeout = .milliseconds(100)
      }
      try serve(backend, limits, session: FramesSession()) { server in
        let flooder = try server.client().greeted()
        let thread = try LoopThread {
          let junk = [UInt8](repeating: 0x78, count: 1 << 16)
          while (try? flooder.send(junk)) != nil {}
        }
        #expect(server.journal.wait { $0.received > 1 << 20 })
        server.handle.drain()
        #expect(server.hasEnded())
        thread.join()
      }
    }

    @Test("Stopping ends at once, whatever is under way", arguments: Server.BackendName.each)
    func stop(_ backend: Server.BackendName) throws {
      try serve(backend, script: Output.generator) { server in
        let clients = try (0..<10).map { _ in try server.client(receiveBuffer: 4096) }
        for client in clients { try client.send("7000000\n") }
        #expect(server.journal.wait { $0.received == 80 })
        server.handle.stop()
        #expect(server.hasEnded())
        #expect(server.journal.now.reasons == Array(repeating: .stopped, count: 10))
      }
    }

    @Test(
      "Two loops share a port, and drain within one deadline", arguments: Server.BackendName.loops)
    func shards(_ backend: Server.BackendName) throws {
      let limits = options {
        $0.drainTimeout = .milliseconds(200)
        $0.lingerTimeout = longAfterwards
      }
      let journal = Journal()
      var script = Scripted.Script()
      script.opened = { _, connection in
        let handle = connection.handle(for: Watched<Scripted>.self)
        journal.with { $0.handles.append(handle) }
      }
      script.received = { _, bytes, connection in connection.write(bytes) }
      script.draining = { _, _ in }
      try serve(backend, loops: 2, limits, journal: journal, script: script) { server in
        #expect(server.handle.loops.count == 2)
        var clients: [Client] = []
        // The kernel spreads by a hash of the ports: both get some in the end.
        #expect(
          eventually {
            guard let client = try? server.client() else { return false }
            clients.append(client)
            try? client.send("a")
            guard let echo = try? client.receive(exactly: 1), echo == [0x61] else { return false }
            return Set(journal.now.handles.map { ObjectIdentifier($0.loop) }).count == 2
          })
        let start = Linux().now()
        server.handle.drain()
        #expect(server.hasEnded())
        #expect(Linux().now().since(start) < longAfterwards)
        let count = clients.count
        #expect(journal.now.reasons == Array(repeating: .drainTimeout, count: count))
      }
    }
  }
}
