import Switchboard
import SwitchboardArticle
import TestSupport
import Testing

extension Engine {
  /// Connections to servers behind that sessions take from a pool and give back.
  @Suite struct UpstreamPools {
    @Test("A connection that was given back is the next one's", arguments: Server.BackendName.loops)
    func reuse(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      try PoolFront.serve(backend, before: behind) { port, _ in
        let first = try Client(to: port)
        try first.send("?one\n")
        let server = try behind.accept()
        #expect(try server.answer("one\n", "1\n"))
        #expect(try first.line() == "1")
        for client in [first, try Client(to: port), try Client(to: port)] {
          try client.send("?more\n")
          #expect(try server.answer("more\n", "2\n"))
          #expect(try client.line() == "2")
        }
      }
    }

    @Test(
      "Two at once have one each, and the one used last is used first",
      arguments: Server.BackendName.loops)
    func two(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      try PoolFront.serve(backend, before: behind) { port, _ in
        let clients = [try Client(to: port), try Client(to: port)]
        var servers: [Client] = []
        for client in clients {
          try client.send("?x\n")
          servers.append(try behind.accept())
          #expect(try servers.last?.receive(exactly: 2) == Array("x\n".utf8))
        }
        for (client, server) in zip(clients, servers) {
          try server.send("y\n")
          #expect(try client.line() == "y")
        }
        try clients[0].send("?again\n")
        #expect(try servers[1].answer("again\n", "z\n"))
        #expect(try clients[0].line() == "z")
      }
    }

    /// What a server may do on an idle connection, at once.
    enum Staleness: CaseIterable {
      case ends, closes, resets, speaks, speaksAndEnds
      func strike(_ server: Client) throws {
        switch self {
        case .ends: server.finishSending()
        case .closes:
          server.finishSending()
          server.close()
        case .resets: server.resetAtOnce()
        case .speaks: try server.send("nobody asked\n")
        case .speaksAndEnds:
          try server.send("nobody asked\n")
          server.finishSending()
          server.close()
        }
      }
    }

    @Test(
      "One on which something has come is not handed out, also in the moment of asking",
      arguments: Server.BackendName.loops)
    func stale(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      try PoolFront.serve(backend, before: behind) { port, _ in
        let client = try Client(to: port)
        try client.send("?first\n")
        var server = try behind.accept()
        #expect(try server.answer("first\n", "yes\n"))
        #expect(try client.line() == "yes")
        for round in 0..<8 {
          for staleness in Staleness.allCases {
            try staleness.strike(server)
            try client.send("?\(round)\n")
            #expect(eventually { behind.hasWaiting || client.hasInput }, "\(staleness), \(round)")
            if client.hasInput {
              Issue.record("behind \(staleness), in round \(round): \(try client.line())")
              return
            }
            server = try behind.accept()
            #expect(try server.answer("\(round)\n", "fresh\n"))
            #expect(try client.line() == "fresh")
          }
        }
      }
    }

    @Test("One that is dropped is closed", arguments: Server.BackendName.loops)
    func dropped(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      try PoolFront.serve(backend, before: behind) { port, _ in
        let client = try Client(to: port)
        for _ in 0..<3 {
          try client.send("!x\n")
          let server = try behind.accept()
          #expect(try server.answer("x\n", "y\n"))
          #expect(try client.line() == "y")
          #expect(try server.receiveToEnd() == [])
        }
      }
    }

    @Test(
      "An answer that comes after one was given back is nobody's",
      arguments: Server.BackendName.loops)
    func tooEarly(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      try PoolFront.serve(backend, before: behind) { port, _ in
        let client = try Client(to: port)
        try client.send("<x\n")
        let server = try behind.accept()
        #expect(try client.line() == "given back")
        #expect(try server.answer("x\n", "late\n"))
        #expect(throws: Never.self) { while try !server.isOver() {} }
        try client.send("?next\n")
        #expect(try behind.accept().answer("next\n", "right\n"))
        #expect(try client.line() == "right")
      }
    }

    @Test(
      "Whoever ends in the middle takes the connection with it", arguments: Server.BackendName.loops
    )
    func leaving(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      try PoolFront.serve(backend, before: behind) { port, _ in
        for ends in [Client.close, Client.reset] {
          let client = try Client(to: port)
          try client.send("?x\n")
          let server = try behind.accept()
          #expect(try server.receive(exactly: 2) == Array("x\n".utf8))
          ends(client)()
          while try !server.isOver() {}
        }
        let client = try Client(to: port)
        try client.send("?y\n")
        #expect(try behind.accept().answer("y\n", "z\n"))
        #expect(try client.line() == "z")
      }
    }

    @Test(
      "A server that ends in the middle is told of, and another one taken",
      arguments: Server.BackendName.loops)
    func broken(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      try PoolFront.serve(backend, before: behind) { port, _ in
        let client = try Client(to: port)
        for ends in [Client.close, Client.reset] {
          try client.send("?x\n")
          let server = try behind.accept()
          #expect(try server.receive(exactly: 2) == Array("x\n".utf8))
          try server.send("half")
          #expect(try client.receive(exactly: 4) == Array("half".utf8))
          ends(server)()
          #expect(try client.line().hasPrefix("none: "))
        }
      }
    }

    @Test(
      "A long answer to a slow client comes whole, and the connection serves again",
      arguments: Server.BackendName.loops)
    func slow(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      let long = [UInt8](repeating: UInt8(ascii: "x"), count: 3 << 20) + [UInt8(ascii: "\n")]
      try PoolFront.serve(backend, before: behind) { port, _ in
        let client = try Client(to: port, receiveBuffer: 4096)
        try client.send("?long\n")
        let server = try behind.accept()
        #expect(try server.receive(exactly: 5) == Array("long\n".utf8))
        let thread = try LoopThread { _ = try? server.send(long) }
        let heard = try client.receive(exactly: long.count)
        #expect(heard == long)
        thread.join()
        try client.send("?more\n")
        #expect(try server.answer("more\n", "y\n"))
        #expect(try client.line() == "y")
      }
    }

    @Test(
      "One that has not sent everything is closed when it has",
      arguments: Server.BackendName.loops)
    func unsent(_ backend: Server.BackendName) throws {
      let behind = try Listening(receiveBuffer: 4096)
      try PoolFront.serve(backend, before: behind) { port, _ in
        let client = try Client(to: port)
        try client.send("#x\n")
        let server = try behind.accept()
        #expect(try client.line() == "given back")
        #expect(try server.receiveToEnd().count == PoolFront.much + 2)
        server.close()
        try client.send("?next\n")
        #expect(try behind.accept().answer("next\n", "y\n"))
        #expect(try client.line() == "y")
      }
    }
  }
}

extension Client {
  /// Whether the other side has ended or reset the connection; waits for one of them, or for bytes.
  func isOver() throws -> Bool {
    do {
      return try receive().isEmpty
    } catch Failure.call {
      return true
    }
  }
}
