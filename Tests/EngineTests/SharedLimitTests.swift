import Glibc
import Switchboard
import SwitchboardArticle
import Testing

extension Engine {
  /// Limits are a server's, however many loops it has.
  @Suite struct SharedLimits {
    @Test(
      "Several loops hold as many connections as the server may, and use every place",
      arguments: Server.BackendName.loops, [2, 3])
    func connections(_ backend: Server.BackendName, _ loops: Int) throws {
      // The kernel spreads clients by a hash of their addresses: other ones each time.
      for _ in 0..<5 {
        let limited = options { $0.maxConnections = 4 }
        try serve(backend, loops: loops, limited, session: FramesSession()) { server in
          var clients: [Client] = []
          for _ in 0..<12 { clients.append(try server.client()) }
          // Whoever leaves makes room for another, wherever that one waits.
          for served in stride(from: 4, through: 12, by: 1) {
            #expect(
              server.journal.wait { $0.opened >= served },
              "\(server.journal.now.opened) of \(served)")
            #expect(server.journal.now.alive <= 4)
            #expect(server.journal.now.opened == served)
            let place = try #require(clients.firstIndex { $0.hasGreeting })
            clients.remove(at: place).close()
          }
          #expect(server.journal.wait { $0.alive == 3 })
        }
      }
    }

    @Test(
      "What is full is told once for all loops, and that it goes on",
      arguments: Server.BackendName.loops)
    func told(_ backend: Server.BackendName) throws {
      let limited = options { $0.maxConnections = 6 }
      try serve(backend, loops: 2, limited, session: FramesSession()) { server in
        var clients: [Client] = []
        for _ in 0..<20 { clients.append(try server.client()) }
        #expect(server.journal.wait { $0.opened == 6 })
        #expect(eventually { server.journal.now.notices.count >= 1 })
        for client in clients { client.close() }
        #expect(server.journal.wait { $0.alive == 0 && $0.opened > 6 })
        let told = server.journal.now.notices.map(\.description)
        #expect(told.first?.contains("6") == true)
        #expect(told.count < 2 * 20)
      }
    }

    @Test(
      "One address has no more connections on several loops than on one",
      arguments: Server.BackendName.loops)
    func addresses(_ backend: Server.BackendName) throws {
      let limited = options { $0.maxConnectionsPerAddress = 3 }
      try serve(backend, loops: 3, limited, session: FramesSession()) { server in
        var (served, refused): ([Client], Int) = ([], 0)
        for _ in 0..<20 {
          let client = try server.client()
          if (try? client.greeted()) != nil { served.append(client) } else { refused += 1 }
        }
        #expect(served.count == 3)
        #expect(refused == 17)
        served.removeLast().close()
        #expect(server.journal.wait { $0.closed == 1 })
        #expect(try server.client().greeted().ask("^in$") == "jo")
      }
    }
  }
}

extension Client {
  /// Whether something has come.
  fileprivate var hasGreeting: Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == 1
  }
}
