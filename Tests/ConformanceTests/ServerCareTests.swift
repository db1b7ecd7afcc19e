import Switchboard
import SwitchboardArticle
import TestSupport
import Testing

extension Conformance {
  /// What keeps one peer from harming the others: bounds, fairness, limits, timeouts.
  @Suite struct Care {
    @Test("A peer that never reads is owed a bounded amount", arguments: Backend.allCases)
    func neverReads(_ backend: Backend) throws {
      try withServer(backend) { server in
        let other = try server.client()
        let glutton = try server.client()
        let sent = try server.block(glutton, beside: other)
        #expect(try other.ask("^ping$") == "qjoh")
        #expect(server.ledger.entries.with { $0.mostOwed } <= mostOwedByFrames)
        // Nor does it keep the loop busy: a ping costs a few waits, and that is all there are.
        let before = server.ledger.waits
        for _ in 0..<10 { #expect(try other.ask("^ping$") == "qjoh") }
        #expect(server.ledger.waits - before < 100)
        // And when it reads after all, everything is there, in order.
        glutton.finishSending()
        let received = try glutton.receiveToEnd()
        #expect(received.count == sent)
        var rest = received[...]
        while !rest.isEmpty {
          let part = Array(rest.prefix(Server.junk.count))
          #expect(part == Array(Server.answers.prefix(part.count)))
          rest = rest.dropFirst(part.count)
        }
      }
    }

    @Test("A flood by one peer does not starve another", arguments: Backend.allCases)
    func flood(_ backend: Backend) throws {
      try withServer(backend) { server in
        let flooder = try server.client()
        let stop = Monitor(false)
        let thread = try LoopThread {
          let junk = [UInt8](repeating: 0x78, count: 1 << 18)
          while !stop.with({ $0 }) { guard (try? flooder.send(junk)) != nil else { return } }
        }
        let before = server.ledger.received
        #expect(server.ledger.entries.wait { $0.received > before + 1 << 20 })
        let other = try server.client()
        for _ in 0..<100 { #expect(try other.ask("^ping$") == "qjoh") }
        stop.with { $0 = true }
        thread.join()
        // One callback, one receive, for each peer and turn.
        #expect(server.ledger.entries.with { $0.mostReceives } == 1)
      }
    }

    @Test("A storm of connections does not starve those already there", arguments: Backend.allCases)
    func acceptBudget(_ backend: Backend) throws {
      var options = ReactorOptions()
      options.acceptBudget = 2
      try withServer(backend, options: options) { server in
        let first = try server.client()
        let storm = try (0..<50).map { _ in try Client(to: server.port) }
        #expect(try first.ask("^ping$") == "qjoh")
        for client in storm { #expect(try client.greeted().ask("^a$") == "b") }
        #expect(server.ledger.entries.with { $0.mostAccepts } <= 2)
      }
    }

    @Test("The idle timeout closes the idle, and no others", arguments: Backend.allCases)
    func idle(_ backend: Backend) throws {
      let times = [Duration.milliseconds(200), .seconds(2), .seconds(20)]
      let reasons = try withTime(ofAnyOf: times) { try idle(backend, $0, $1) }
      #expect(reasons == [.idle, .idle])
    }

    /// Why those were closed who were, of two idle ones and one that asks.
    private func idle(
      _ backend: Backend, _ time: Duration, _ punctuality: Punctuality
    ) throws -> [CloseReason] {
      var options = ReactorOptions()
      options.idleTimeout = time
      var reasons: [CloseReason] = []
      try withServer(backend, options: options) { server in
        let start = Linux().now()
        let idle = try server.client()
        let inMessage = try server.client()
        #expect(try inMessage.ask("^ab") == "bc")
        let active = try server.client()
        punctuality.start()
        func ping() throws {
          guard try active.ask("^ping$") == "qjoh" else { throw Client.Failure.ended(after: 0) }
          punctuality.mark()
        }
        // Ping-pong without end; the idle ones' end is what ends it.
        while server.record.entries.with({ $0.closed.count }) < 2 {
          try ping()
          try #require(Linux().now().since(start) < .seconds(longestWait))
        }
        #expect(Linux().now().since(start) >= time)
        #expect(server.record.entries.with { $0.reason(of: idle) } == .idle)
        #expect(server.record.entries.with { $0.reason(of: inMessage) } == .idle)
        #expect(try idle.receiveToEnd() == [])
        try ping()
        punctuality.stop()
        reasons = server.record.entries.with { $0.closed.map(\.reason) }
      }
      return reasons
    }

    @Test(
      "Beyond the limit the next one waits, and is served after a close",
      arguments: Backend.allCases)
    func limit(_ backend: Backend) throws {
      var options = ReactorOptions()
      options.maxConnections = 2
      try withServer(backend, options: options) { server in
        let first = try server.client()
        let second = try server.client()
        let third = try Client(to: server.port)
        #expect(server.record.wait { $0.pauses == [.connectionLimit(2)] })
        let before = server.ledger.waits
        for _ in 0..<20 { #expect(try second.ask("^ping$") == "qjoh") }
        // The waiting connection does not wake the loop: the pings alone do.
        #expect(server.ledger.waits - before < 100)
        #expect(server.record.entries.with { $0.connected == 2 && $0.pauses.count == 1 })
        first.close()
        #expect(try third.greeted().ask("^in$") == "jo")
        #expect(server.record.wait { $0.resumed == 1 && $0.connected == 3 })
      }
    }

    @Test("Two of five at a time, all five are served in the end", arguments: Backend.allCases)
    func limitInTurn(_ backend: Backend) throws {
      var options = ReactorOptions()
      options.maxConnections = 2
      try withServer(backend, options: options) { server in
        let clients = try (0..<5).map { _ in try Client(to: server.port) }
        for client in clients {
          #expect(try client.greeted().ask("^ab$") == "bc")
          client.close()
        }
        #expect(server.record.wait { $0.closed.count == 5 })
      }
    }
  }
}

/// The most that a frames peer may be owed: what one callback receives, and the greeting.
let mostOwedByFrames = FramesPeer.bufferSize + 1

extension Server {
  /// What ``block(_:)`` sends again and again, and what is answered.
  static let junk = (0..<65536).map { UInt8(0x30 + $0 % 191) }
  static let answers = junk.map { $0 &+ 1 }

  /// Sends a frame's inside without reading until the connection takes no more, so that the server
  /// is left with replies that it cannot send. How much that was.
  ///
  /// - Parameter other: Another client of the server's, to know by that it has been round its loop.
  @discardableResult
  func block(_ client: Client, beside other: Client) throws -> Int {
    try client.send("^")
    var offered = 0
    while true {
      // Full for the moment; if the server takes some of it after all, there will be room again.
      // It has had its chance when another, who asked since, has been answered twice.
      let count = client.sendWhatFits(Array(Server.junk[(offered % Server.junk.count)...]))
      offered += count
      try #require(offered < 200 << 20, "a peer that never reads is received from without end")
      guard count == 0 else { continue }
      let before = ledger.received
      for _ in 0..<2 { #expect(try other.ask("^r$") == "s") }
      if ledger.received == before + 2 * 3 { return offered }
    }
  }

  /// How many descriptors a server without connections has: waker, listeners, perhaps epoll's.
  func idleDescriptors(_ backend: Backend) -> Int {
    1 + addresses.count + (backend == .epoll ? 1 : 0)
  }
}
