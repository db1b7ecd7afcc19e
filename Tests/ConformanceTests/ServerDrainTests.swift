import Switchboard
import SwitchboardArticle
import Testing

extension Conformance {
  /// Ending gracefully: what is under way is finished, up to a deadline.
  @Suite struct Draining {
    @Test("Draining closes idle peers and lets an open frame finish", arguments: Backend.allCases)
    func frames(_ backend: Backend) throws {
      try withServer(backend) { server in
        let (idle, inMessage) = try (server.client(), server.client())
        #expect(try inMessage.ask("^ab") == "bc")
        server.waker.drain()
        #expect(try idle.receiveToEnd() == [])
        idle.close()
        #expect((try? Client(to: server.port)) == nil)
        // Nobody does anything now, and so the loop does nothing either.
        let waits = server.ledger.waits
        #expect(!server.hasEnded(milliseconds: 100))
        #expect(server.ledger.waits - waits < 10)
        try inMessage.send("cd$")
        #expect(try inMessage.receiveToEnd() == Array("de".utf8))
        inMessage.close()
        #expect(server.hasEnded())
        let notices = server.record.entries.with { $0.notices }
        #expect(notices == [.draining(peers: 2), .drained(finished: 2, forced: 0)])
      }
    }

    @Test("A reply under way when draining begins is complete", arguments: Backend.allCases)
    func longReply(_ backend: Backend) throws {
      let message = [0x5E] + [UInt8](repeating: 0x61, count: 1 << 20) + [0x24]
      try withServer(backend) { server in
        let client = try server.client()
        let sender = try LoopThread { try? client.send(message) }
        #expect(server.ledger.entries.wait { $0.received > 1 << 16 })
        server.waker.drain()
        let received = try client.receiveToEnd()
        sender.join()
        #expect(received == replies(to: message))
        client.close()
        #expect(server.hasEnded())
        #expect(server.record.entries.with { $0.closed.map(\.reason) } == [.finished])
      }
    }

    @Test("Who waits to be accepted is served before listening ends", arguments: Backend.allCases)
    func queue(_ backend: Backend) throws {
      let gate = Monitor((reached: false, isOpen: false))
      try withServer(backend, handler: Gated(gate: gate)) { server in
        defer { gate.with { $0.isOpen = true } }
        let first = try server.client()
        try first.send("^ab$")
        #expect(gate.wait { $0.reached })
        // The loop is held up in a callback: these stay in the kernel's queue.
        let waiting = try (0..<40).map { _ in try Client(to: server.port) }
        for client in waiting { try client.send("^xyz$") }
        server.waker.drain()
        gate.with { $0.isOpen = true }
        for client in waiting { #expect(try client.receiveToEnd() == Array("*yz{".utf8)) }
        #expect(try first.receiveToEnd() == Array("bc".utf8))
      }
    }

    @Test(
      "The drain timeout counts from when it was asked for, however long that turn has worked",
      arguments: Backend.allCases)
    func deadlineOfLongTurn(_ backend: Backend) throws {
      let gate = Monitor((reached: false, isOpen: false))
      var options = ReactorOptions()
      options.drainTimeout = .milliseconds(150)
      try withServer(backend, options: options, handler: Gated(gate: gate)) { server in
        defer { gate.with { $0.isOpen = true } }
        let client = try server.client()
        try client.send("^ab")
        #expect(gate.wait { $0.reached })
        // The turn has begun; it goes on when most of the timeout's length has passed.
        let reached = Linux().now()
        while Linux().now().since(reached) < .milliseconds(100) {}
        let start = Linux().now()
        server.waker.drain()
        gate.with { $0.isOpen = true }
        #expect(server.hasEnded())
        #expect(Linux().now().since(start) >= .milliseconds(150))
      }
    }

    @Test(
      "The drain timeout cuts off who has not finished, and counts",
      arguments: Backend.allCases)
    func deadline(_ backend: Backend) throws {
      var options = ReactorOptions()
      options.drainTimeout = .milliseconds(150)
      try withServer(backend, options: options) { server in
        let clients = try (0..<3).map { _ in try server.client() }
        for client in clients.dropFirst() { #expect(try client.ask("^ab") == "bc") }
        let start = Linux().now()
        server.waker.drain()
        #expect(try clients[0].receiveToEnd() == [])
        clients[0].close()
        #expect(server.hasEnded())
        #expect(Linux().now().since(start) >= .milliseconds(150))
        let entries = server.record.entries.with { $0 }
        #expect(clients.map(entries.reason) == [.finished, .drainTimeout, .drainTimeout])
        #expect(entries.notices.last == .drained(finished: 1, forced: 2))
      }
    }

    @Test("A peer that floods while draining is cut off in time", arguments: Backend.allCases)
    func flood(_ backend: Backend) throws {
      var options = ReactorOptions()
      options.drainTimeout = .milliseconds(200)
      options.lingerTimeout = .milliseconds(200)
      try withServer(backend, options: options) { server in
        let flooder = try server.client()
        let senders = Monitor(2)
        let junk = [UInt8](repeating: 0x78, count: 1 << 16)
        let send: @Sendable () -> Void = {
          while (try? flooder.send(junk)) != nil {}
          senders.with { $0 -= 1 }
        }
        let one = try LoopThread(send)
        let two = try LoopThread(send)
        #expect(server.ledger.entries.wait { $0.received > 1 << 20 })
        server.waker.drain()
        #expect(server.hasEnded())
        #expect(senders.wait { $0 == 0 })
        one.join()
        two.join()
      }
    }

    @Test(
      "Stopping while draining ends at once and counts who is left",
      arguments: Backend.allCases)
    func stop(_ backend: Backend) throws {
      try withServer(backend) { server in
        let client = try server.client()
        #expect(try client.ask("^ab") == "bc")
        server.waker.drain()
        #expect(server.record.wait { $0.notices.contains(.draining(peers: 1)) })
        server.waker.stop()
        #expect(server.hasEnded())
        let entries = server.record.entries.with { $0 }
        #expect(entries.reason(of: client) == .stopped)
        #expect(entries.notices.last == .drained(finished: 0, forced: 1))
      }
    }

    @Test("Draining with nobody connected ends at once", arguments: Backend.allCases)
    func nobody(_ backend: Backend) throws {
      try withServer(backend) { server in
        server.waker.drain()
        #expect(server.hasEnded())
      }
    }
  }
}

/// A frames server that stops in its first `readyToReceive` until a gate is opened.
private struct Gated: ReactorHandler, ~Copyable {
  typealias System = AuditedKernel
  private var inner = FramesServer<AuditedKernel>()
  private let gate: Monitor<(reached: Bool, isOpen: Bool)>

  init(gate: Monitor<(reached: Bool, isOpen: Bool)>) { self.gate = gate }

  mutating func peerConnected(_ peer: inout Peer<System>) -> Interest {
    inner.peerConnected(&peer)
  }
  mutating func readyToReceive(_ peer: inout Peer<System>) -> Interest {
    gate.with { $0.reached = true }
    _ = gate.wait { $0.isOpen }
    return inner.readyToReceive(&peer)
  }
  mutating func readyToSend(_ peer: inout Peer<System>) -> Interest { inner.readyToSend(&peer) }
  mutating func drain(_ peer: inout Peer<System>) -> Interest { inner.drain(&peer) }
  mutating func peerClosed(_ peer: inout Peer<System>, _ reason: CloseReason) {
    inner.peerClosed(&peer, reason)
  }
}
