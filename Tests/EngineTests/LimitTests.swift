import Glibc
import Switchboard
import SwitchboardArticle
import Testing

extension Engine {
  /// How many connections are held.
  @Suite struct Limits {
    @Test(
      "Beyond the limit the next one waits, and is served after a close",
      arguments: Server.BackendName.each)
    func next(_ backend: Server.BackendName) throws {
      try serve(backend, options { $0.maxConnections = 2 }, session: FramesSession()) { server in
        let first = try server.client().greeted()
        let second = try server.client().greeted()
        let waiting = try (0..<100).map { _ in try server.client() }
        for _ in 0..<50 { #expect(try second.ask("^ping$") == "qjoh") }
        #expect(server.journal.now.opened == 2)
        #expect(server.journal.wait { $0.notices == [.acceptingPaused(.connectionLimit(2))] })
        #expect(waiting.allSatisfy { !$0.hasInput })
        first.close()
        second.close()
        for client in waiting {
          #expect(try client.greeted().ask("^in$") == "jo")
          client.close()
        }
        #expect(server.journal.wait { $0.closed == 102 })
      }
    }

    @Test("There are never more than the limit", arguments: Server.BackendName.each)
    func never(_ backend: Server.BackendName) throws {
      let journal = Journal()
      var script = Scripted.Script()
      script.opened = { _, connection in
        let alive = journal.now.alive
        if alive > 5 { journal.with { $0.mistakes.append("\(alive) at once") } }
        connection.write("*")
      }
      script.received = { _, bytes, connection in connection.write(bytes) }
      try serve(backend, options { $0.maxConnections = 5 }, journal: journal, script: script) {
        server in
        for _ in 0..<5 {
          let clients = try (0..<40).map { _ in try server.client() }
          for (number, client) in clients.enumerated() {
            let bytes = pattern(100, from: number)
            try client.greeted().send(bytes)
            #expect(try client.receive(exactly: 100) == bytes)
            if number % 2 == 0 { client.reset() } else { client.close() }
          }
        }
        #expect(server.journal.wait { $0.closed == 200 })
      }
    }

    @Test("A storm of connections is served", arguments: Server.BackendName.each)
    func storm(_ backend: Server.BackendName) throws {
      try serve(backend, session: FramesSession()) { server in
        for _ in 0..<4 {
          let clients = try (0..<200).map { _ in try server.client() }
          for client in clients { #expect(try client.greeted().ask("^a$") == "b") }
        }
        #expect(server.journal.wait { $0.opened == 800 && $0.closed == 800 })
      }
    }
  }
}
