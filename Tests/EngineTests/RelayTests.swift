import Switchboard
import TestSupport
import Testing

extension Engine {
  /// A relay between plain sockets.
  @Suite struct Relaying {
    /// What a relay told.
    private final class Reports: Sendable {
      private let all = Lock<[RelayReport]>([])
      var now: [RelayReport] { all.withLock { $0 } }
      func add(_ report: RelayReport) { all.withLock { $0.append(report) } }
    }

    /// Serves a relay while `body` runs.
    private static func relay(
      _ backend: Server.BackendName, to upstreams: Upstreams,
      _ relaying: RelayOptions = RelayOptions(), _ change: (inout Server) -> Void = { _ in },
      _ body: (UInt16, RunningServer, Reports) throws -> Void
    ) throws {
      let reports = Reports()
      var server = Server()
      server.backend = backend
      change(&server)
      server.listen(on: .loopback(port: 0)) { _ in
        Relay(to: upstreams, options: relaying) { reports.add($0) }
      }
      let running = try server.start()
      defer { running.stop() }
      try body(running.addresses[0].port, running, reports)
      running.stop()
      try running.wait()
      #expect(upstreams.connections.allSatisfy { $0 == 0 })
    }

    private static func upstreams(_ ports: UInt16...) -> Upstreams {
      Upstreams(ports.map { .address(.loopback(port: $0)) })
    }

    @Test("Bytes go both ways, and both ends are passed on", arguments: Server.BackendName.loops)
    func ends(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      try Self.relay(backend, to: Self.upstreams(behind.port)) { port, _, reports in
        for size in [1, 1000, 300_000] {
          for isClientFirst in [true, false] {
            let client = try Client(to: port)
            try client.send(pattern(min(size, 50_000)))
            let server = try behind.accept()
            #expect(try server.receive(exactly: min(size, 50_000)) == pattern(min(size, 50_000)))
            // Whoever finishes first still hears what the other has to say.
            let (first, second) = isClientFirst ? (client, server) : (server, client)
            try first.send(pattern(size))
            first.finishSending()
            #expect(try second.receiveToEnd() == pattern(size))
            try second.send(pattern(size, from: 7))
            second.finishSending()
            #expect(try first.receiveToEnd() == pattern(size, from: 7))
          }
        }
        #expect(eventually { reports.now.count == 6 })
        for report in reports.now {
          #expect(report.client.reason == .peerFinished)
          #expect(report.server.reason == .peerFinished)
          #expect(report.upstream == 0 && report.failures == 0)
        }
        let totals = reports.now.map { $0.client.received &+ $0.server.received }
        #expect(totals.reduce(0, +) == UInt64(2 * (3 + 3000 + 650_000)))
      }
    }

    @Test("A reset on one side is a reset on the other", arguments: Server.BackendName.loops)
    func resets(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      try Self.relay(backend, to: Self.upstreams(behind.port)) { port, _, reports in
        for isClientFirst in [true, false] {
          for hasFinished in [true, false] {
            let client = try Client(to: port)
            let server = try behind.accept()
            let (first, second) = isClientFirst ? (client, server) : (server, client)
            try first.send("abc")
            #expect(try second.receive(exactly: 3) == Array("abc".utf8))
            if hasFinished {
              second.finishSending()
              #expect(try first.receive().isEmpty)
            }
            first.reset()
            #expect(throws: Client.Failure.self) { try second.receiveToEnd() }
          }
        }
        #expect(eventually { reports.now.count == 4 })
      }
    }

    @Test(
      "Who closes with bytes unread resets, and that is passed on",
      arguments: Server.BackendName.loops)
    func unread(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      try Self.relay(backend, to: Self.upstreams(behind.port)) { port, _, reports in
        let client = try Client(to: port)
        let server = try behind.accept()
        try server.send("never read")
        #expect(eventually { client.hasInput })
        client.close()
        #expect(throws: Client.Failure.self) { try server.receiveToEnd() }
        #expect(eventually { reports.now.count == 1 })
      }
    }

    @Test(
      "Who sends faster than the other side takes waits, and nothing is lost",
      arguments: Server.BackendName.loops)
    func slow(_ backend: Server.BackendName) throws {
      let behind = try Listening(receiveBuffer: 4096)
      try Self.relay(backend, to: Self.upstreams(behind.port)) { port, _, reports in
        let client = try Client(to: port)
        let server = try behind.accept()
        var sent = 0
        let bytes = pattern(1 << 16)
        // Until the sockets and the relay hold as much as they may.
        #expect(
          eventually {
            let more = client.sendWhatFits(Array(bytes[(sent % bytes.count)...]))
            sent += more
            return more == 0 && !eventuallyTakes(client, bytes, &sent)
          })
        // The other direction is free meanwhile.
        try server.send("still here")
        #expect(try client.receive(exactly: 10) == Array("still here".utf8))
        client.finishSending()
        let received = try server.receiveToEnd()
        #expect(received.count == sent)
        #expect(received.indices.allSatisfy { received[$0] == bytes[$0 % bytes.count] })
        server.close()
        #expect(eventually { reports.now.count == 1 })
        #expect(reports.now[0].client.received == UInt64(sent))
      }
    }

    /// Whether a connection takes more within a tenth of a second.
    private func eventuallyTakes(_ client: Client, _ bytes: [UInt8], _ sent: inout Int) -> Bool {
      let end = Linux().now() + .milliseconds(100)
      while Linux().now() < end {
        let more = client.sendWhatFits(Array(bytes[(sent % bytes.count)...]))
        sent += more
        if more > 0 { return true }
      }
      return false
    }

    @Test(
      "Two that send without receiving do not stop each other", arguments: Server.BackendName.loops)
    func crossing(_ backend: Server.BackendName) throws {
      let behind = try Listening(receiveBuffer: 4096)
      try Self.relay(backend, to: Self.upstreams(behind.port)) { port, _, _ in
        let client = try Client(to: port, receiveBuffer: 4096)
        let server = try behind.accept()
        let size = 2 << 20
        // Each sends all of it before it receives, the one in a thread of its own.
        let thread = try LoopThread {
          _ = try? client.send(pattern(size))
          client.finishSending()
        }
        #expect(try server.receive(exactly: size) == pattern(size))
        try server.send("done")
        thread.join()
        #expect(try client.receive(exactly: 4) == Array("done".utf8))
      }
    }

    @Test(
      "The next server is tried where one refuses, and is left alone",
      arguments: Server.BackendName.loops)
    func refusing(_ backend: Server.BackendName) throws {
      let dead = try Listener(on: .loopback(port: 0), system: Linux()).address.port
      let behind = try Listening()
      try Self.relay(backend, to: Self.upstreams(dead, behind.port)) { port, _, reports in
        for _ in 0..<3 {
          let client = try Client(to: port)
          try client.send("x")
          let server = try behind.accept()
          #expect(try server.receive(exactly: 1) == [0x78])
          server.close()
          #expect(try client.receiveToEnd() == [])
        }
        #expect(eventually { reports.now.count == 3 })
        #expect(reports.now.map(\.upstream) == [1, 1, 1])
        #expect(reports.now.map(\.failures).reduce(0, +) == 1)
      }
    }

    @Test("Whom no server takes is reset, and told of", arguments: Server.BackendName.loops)
    func nobody(_ backend: Server.BackendName) throws {
      let dead = try Listener(on: .loopback(port: 0), system: Linux()).address.port
      try Self.relay(backend, to: Self.upstreams(dead, dead)) { port, _, reports in
        let client = try Client(to: port)
        #expect(throws: Client.Failure.self) { try client.receiveToEnd() }
        #expect(eventually { reports.now.count == 1 })
        #expect(reports.now[0].failures == 2)
        #expect(reports.now[0].upstream == nil)
        #expect("\(reports.now[0].server.reason!)".contains("ECONNREFUSED"))
      }
    }

    @Test(
      "A half-closed connection on which nothing comes is ended",
      arguments: Server.BackendName.loops)
    func halfClosed(_ backend: Server.BackendName) throws {
      let behind = try Listening()
      var relaying = RelayOptions()
      relaying.halfCloseTimeout = .milliseconds(100)
      try Self.relay(backend, to: Self.upstreams(behind.port), relaying) { port, _, reports in
        let client = try Client(to: port)
        let server = try behind.accept()
        client.finishSending()
        #expect(try server.receive().isEmpty)
        #expect(throws: Client.Failure.self) { try client.receiveToEnd() }
        #expect(eventually { reports.now.count == 1 })
        _ = server
      }
    }

    @Test(
      "A client that leaves while it is being connected takes the attempt with it",
      arguments: Server.BackendName.loops)
    func leaving(_ backend: Server.BackendName) throws {
      // Its queue is full: attempts are neither answered nor refused.
      let full = try Listening(backlog: 0)
      let fillers = try full.fill()
      var relaying = RelayOptions()
      relaying.connectTimes.timeout = .seconds(50)
      try Self.relay(backend, to: Self.upstreams(full.port), relaying) { port, _, reports in
        let client = try Client(to: port)
        client.reset()
        #expect(eventually { reports.now.count == 1 })
        #expect(reports.now[0].failures == 0)
      }
      _ = fillers
    }
  }
}
