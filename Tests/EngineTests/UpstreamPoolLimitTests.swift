import Switchboard
import SwitchboardArticle
import TestSupport
import Testing

extension Engine {
  /// What a pool bounds, and how it ends.
  @Suite struct UpstreamPoolLimits {
    /// Asks, is connected, and holds the connection.
    private static func hold(_ port: UInt16, _ behind: Listening) throws -> (Client, Client) {
      let client = try Client(to: port)
      try client.send("?held\n")
      let server = try behind.accept()
      #expect(try server.receive(exactly: 5) == Array("held\n".utf8))
      return (client, server)
    }

    @Test(
      "More than there may be wait in their order, and one too many is told",
      arguments: Server.BackendName.loops)
    func waiting(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      try PoolFront.serve(backend, before: behind) { options in
        (options.mostConnections, options.mostWaiting) = (1, 2)
      } _: { port, _ in
        let (client, server) = try Self.hold(port, behind)
        let others = [try Client(to: port), try Client(to: port), try Client(to: port)]
        // One after the other: of two that have spoken, the loop decides whom it hears first.
        for place in 0..<2 {
          try others[place].send("+\(place)\n")
          #expect(try others[place].line() == "heard")
        }
        try others[2].send("?2\n")
        let told = try others[2].line()
        #expect(told.hasPrefix("none: 2 sessions wait for a connection already; try again later"))
        try server.send("done\n")
        #expect(try client.line() == "done")
        for place in 0..<2 {
          #expect(try server.answer("\(place)\n", "\(place)!\n"))
          #expect(try others[place].line() == "\(place)!")
        }
      }
    }

    @Test("Who waits for too long is told so", arguments: Server.BackendName.loops)
    func timedOut(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      try PoolFront.serve(backend, before: behind) { options in
        (options.mostConnections, options.waitTimeout) = (1, .milliseconds(300))
      } _: { port, _ in
        let (client, server) = try Self.hold(port, behind)
        let other = try Client(to: port)
        try other.send("?x\n")
        #expect(try other.line().hasPrefix("none: no connection became free within 0.3 seconds"))
        // Who has one may take as long as it likes.
        try server.send("done\n")
        #expect(try client.line() == "done")
        try other.send("?x\n")
        #expect(try server.answer("x\n", "y\n"))
        #expect(try other.line() == "y")
      }
    }

    @Test("Who leaves while it waits gets none", arguments: Server.BackendName.loops)
    func leaving(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      try PoolFront.serve(backend, before: behind) { options in
        (options.mostConnections, options.mostWaiting) = (1, 1)
      } _: { port, _ in
        let (client, server) = try Self.hold(port, behind)
        let leaving = try Client(to: port)
        try leaving.send("+gone\n")
        #expect(try leaving.line() == "heard")
        let refused = try Client(to: port)
        try refused.send("?x\n")
        #expect(try refused.line().hasPrefix("none: 1 sessions wait"))
        leaving.reset()
        // Its place in the line is free when the server has heard of it.
        var heard = ""
        #expect(
          eventually {
            guard let next = try? Client(to: port) else { return false }
            try? next.send("?next\n")
            if next.hasInputWithin(.milliseconds(50)) { return false }
            _ = try? server.send("done\n")
            heard = (try? client.line()) ?? ""
            let isAnswered = (try? server.answer("next\n", "n\n")) ?? false
            return isAnswered && (try? next.line()) == "n"
          })
        #expect(heard == "done")
      }
    }

    @Test(
      "What is idle for too long, too old or too much is closed",
      arguments: Server.BackendName.loops)
    func closing(_ backend: Server.BackendName) throws {
      let changes: [(inout UpstreamPoolOptions) -> Void] = [
        { $0.idleTimeout = .milliseconds(20) }, { $0.greatestAge = .nanoseconds(1) },
        { $0.mostIdle = 0 },
      ]
      for change in changes {
        let behind = try Listening()
        try PoolFront.serve(backend, before: behind, change) { port, _ in
          let (client, server) = try Self.hold(port, behind)
          try server.send("done\n")
          #expect(try client.line() == "done")
          #expect(try server.receiveToEnd() == [])
        }
      }
    }

    @Test("Who has one cannot take another", arguments: Server.BackendName.loops)
    func another(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      try PoolFront.serve(backend, before: behind) { port, _ in
        let client = try Client(to: port)
        try client.send("=x\n")
        let server = try behind.accept()
        #expect(try server.answer("x\n", "y\n"))
        #expect(try client.line() == "y")
        try client.send("2x\n")
        #expect(try client.line().hasPrefix("none: the connection has a partner"))
        try client.send("?z\n")
        #expect(try server.answer("z\n", "still\n"))
        #expect(try client.line() == "still")
      }
    }

    @Test(
      "Idle connections do not hold up a drain, and one in use is answered on",
      arguments: Server.BackendName.loops)
    func draining(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      try PoolFront.serve(backend, before: behind) { port, running in
        let (idler, idle) = try Self.hold(port, behind)
        let (client, server) = try Self.hold(port, behind)
        try idle.send("done\n")
        #expect(try idler.line() == "done")
        running.drain()
        #expect(try idle.receiveToEnd() == [])
        idle.close()
        #expect(try idler.receiveToEnd() == [])
        idler.close()
        try server.send("last\n")
        #expect(try client.line() == "last")
        #expect(try server.receiveToEnd() == [])
        server.close()
        client.close()
        try running.wait()
      }
    }

    @Test(
      "A server that refuses is left alone, one that is back is found",
      arguments: Server.BackendName.loops)
    func refusing(_ backend: Server.BackendName) throws {
      let dead = try Listener(on: .loopback(port: 0), system: Linux()).address
      let behind = try Listening()
      let targets = [ConnectTarget.address(dead), .address(.loopback(port: behind.port))]
      try PoolFront.serve(backend, targets) { port, _ in
        for _ in 0..<3 { _ = try Self.hold(port, behind) }
      }
      try PoolFront.serve(backend, [.address(dead)]) { port, _ in
        let client = try Client(to: port)
        try client.send("?x\n")
        let told = try client.line()
        #expect(told.hasPrefix("none: ") && told.contains("ECONNREFUSED"))
        let back = try Server(on: [dead]).start { EchoSession() }
        try client.send("?hello\n")
        #expect(try client.line() == "hello")
        back.stop()
        try back.wait()
      }
    }

    @Test("Options that nobody can mean are named")
    func options() throws {
      var options = UpstreamPoolOptions()
      options.mostConnections = 0
      let pool = UpstreamPool(Upstreams([.host("db.internal", port: 1)]), options: options)
      var server = Server()
      server.listen(on: .loopback(port: 0)) { _ in PoolFront(pool) }
      server.connects(through: pool)
      #expect {
        try server.run()
      } throws: { error in
        "\(error)".hasPrefix("option mostConnections is 0; set it to 1 or more")
      }
    }

    @Test(
      "Where there are no loops there are no pools",
      arguments: [Server.BackendName.threads, .pool, .sequential])
    func blocking(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      try PoolFront.serve(backend, before: behind) { port, _ in
        let client = try Client(to: port)
        try client.send("?x\n")
        #expect(try client.line().hasPrefix("none: connect"))
      }
    }
  }
}

extension Client {
  /// Whether something comes, or the connection ends, within a time.
  fileprivate func hasInputWithin(_ time: Duration) -> Bool {
    let end = Linux().now() + time
    while Linux().now() < end { if hasInput { return true } }
    return false
  }
}
