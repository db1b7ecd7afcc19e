import Switchboard
import SwitchboardArticle
import SwitchboardBase
import Testing

extension Engine {
  /// What the blocking models do in their own way; everything else they share with the loops.
  @Suite struct Blocking {
    @Test("A sequential server says nothing to a second client before the first has gone")
    func sequential() throws {
      try serve(.sequential, session: FramesSession()) { server in
        let first = try server.client().greeted()
        let second = try server.client()
        try second.send("^later$")
        for _ in 0..<50 { #expect(try first.ask("^now$") == "opx") }
        #expect(!second.hasInput)
        #expect(server.journal.now.opened == 1)
        first.close()
        #expect(try second.greeted().receive(exactly: 5) == Array("mbufs".utf8))
        #expect(server.journal.now.opened == 2)
      }
    }

    @Test("A callback that blocks delays the others on a loop, and not with threads")
    func blocking() throws {
      for backend in [.threads, .pool] as [Server.BackendName] {
        let gate = Gate()
        var script = Scripted.Script()
        script.received = { _, bytes, connection in
          if bytes[0] == 0x62 { gate.hold() }
          connection.write(bytes)
        }
        try serve(backend, script: script) { server in
          let (stuck, other) = (try server.client(), try server.client())
          try stuck.send("b")
          #expect(eventually { gate.isHeld })
          try other.send("a")
          #expect(try other.receive(exactly: 1) == [0x61])
          #expect(!stuck.hasInput)
          gate.open()
          #expect(try stuck.receive(exactly: 1) == [0x62])
        }
      }
    }

    @Test("A pool serves as many as it has threads, and the next when one has gone")
    func pool() throws {
      let limits = options { $0.maxConnections = 2 }
      try serve(.pool, limits, session: FramesSession()) { server in
        let first = try server.client().greeted()
        let second = try server.client().greeted()
        let third = try server.client()
        #expect(try second.ask("^a$") == "b")
        #expect(!third.hasInput)
        #expect(server.journal.wait { $0.notices == [.acceptingPaused(.connectionLimit(2))] })
        first.close()
        #expect(try third.greeted().ask("^a$") == "b")
      }
    }

    @Test(
      "A thread that waits for a peer to read is woken by the idle timeout",
      arguments: [
        Server.BackendName.threads, .pool, .sequential,
      ])
    func unread(_ backend: Server.BackendName) throws {
      try serve(
        backend, options { $0.idleTimeout = .milliseconds(100) }, script: Output.generator
      ) { server in
        let client = try server.client(receiveBuffer: 4096)
        try client.send("7000000\n")
        #expect(server.journal.wait { $0.reasons == [.idle] })
      }
    }

    @Test("A sequential server drains the client that it serves, and those that wait")
    func drain() throws {
      try serve(.sequential, session: FramesSession()) { server in
        let first = try server.client().greeted()
        #expect(try first.ask("^ab") == "bc")
        let second = try server.client()
        try second.send("^in$")
        server.handle.drain()
        try first.send("c$")
        #expect(try first.receiveToEnd() == [0x64])
        first.close()
        #expect(try second.receiveToEnd() == Array("*jo".utf8))
        second.close()
        #expect(server.hasEnded())
        #expect(server.journal.now.reasons.count == 2)
      }
    }
  }
}
