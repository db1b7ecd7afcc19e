import Switchboard
import SwitchboardArticle
import Testing

extension Engine {
  /// How many connections one address may have.
  @Suite struct AddressLimits {
    @Test(
      "One connection too many from an address is closed, and the next is served after a close",
      arguments: Server.BackendName.each)
    func limit(_ backend: Server.BackendName) throws {
      let limited = options { $0.maxConnectionsPerAddress = 2 }
      try serve(backend, limited, session: FramesSession()) { server in
        let first = try server.client().greeted()
        let second = try server.client().greeted()
        for _ in 0..<12 { #expect(try server.client().receiveToEnd() == []) }
        #expect(try second.ask("^in$") == "jo")
        func told() -> [String] {
          let host = SocketAddress.loopback(port: 0).host
          return server.journal.now.notices.map(\.description).filter { $0.contains(host) }
        }
        #expect(told().count == 2 && told().last?.contains("10 connections") ?? false)
        first.close()
        #expect(server.journal.wait { $0.closed == 1 })
        // A thread that has told of the close may not have given its place back yet.
        var tries = 0
        let isServed = eventually {
          tries += 1
          return (try? server.client().greeted().ask("^in$")) == "jo"
        }
        #expect(isServed)
        #expect(server.journal.now.opened == 3)
        // What has not been told is when the address has no connection any more.
        second.close()
        #expect(eventually { told().last?.contains("\(11 + tries) connections") ?? false })
        #expect(told().count == 3)
      }
    }

    @Test("Peers that are gone before they are looked at count for nobody")
    func gone() throws {
      let limited = options { $0.maxConnectionsPerAddress = 2 }
      try serve(.epoll, limited, session: FramesSession()) { server in
        for _ in 0..<200 { try server.client().reset() }
        let first = try server.client().greeted()
        #expect(try first.ask("^in$") == "jo")
      }
    }
  }
}
