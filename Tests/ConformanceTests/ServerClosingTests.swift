import Switchboard
import Testing

extension Conformance {
  /// How connections end: politely, half, or by a reset, and what is owed meanwhile.
  @Suite struct Closing {
    @Test("A client that half-closes at once gets the whole reply", arguments: Backend.allCases)
    func halfClose(_ backend: Backend) throws {
      try withServer(backend) { server in
        let client = try Client(to: server.port)
        try client.send("^abc$de^abte$f")
        client.finishSending()
        #expect(try client.receiveToEnd() == Array("*bcdbcuf".utf8))
        #expect(server.record.wait { $0.reason(of: client) == .finished })
      }
    }

    @Test("A megabyte sent before half-closing is answered in full", arguments: Backend.allCases)
    func bigHalfClose(_ backend: Backend) throws {
      let message = [0x5E] + Array(repeating: Server.junk, count: 16).joined()
      try withServer(backend) { server in
        let client = try server.client()
        let sender = try LoopThread {
          try? client.send(message)
          client.finishSending()
        }
        let received = try client.receiveToEnd()
        sender.join()
        #expect(received == Array(Array(repeating: Server.answers, count: 16).joined()))
        // Nothing is received from a peer while something for it is unsent.
        #expect(server.ledger.entries.with { $0.mostOwed } <= mostOwedByFrames)
      }
    }

    @Test("Closing with unread input does not destroy the last reply", arguments: Backend.allCases)
    func lastReply(_ backend: Backend) throws {
      try withServer(backend, handler: LastWords()) { server in
        // It reads slowly, so that most of the reply is still with the server when that closes.
        let client = try Client(to: server.port, receiveBuffer: 4096)
        try client.send([UInt8](repeating: 0x78, count: 100_000))
        #expect(server.record.wait { $0.reason(of: client) == .finished })
        // The reply, then the stream's proper end: a reset would throw, and cost the rest.
        #expect(try client.receiveToEnd() == LastWords.text)
        // It may even go on sending for a while.
        try client.send([UInt8](repeating: 0x78, count: 100_000))
        #expect(server.ledger.entries.with { $0.open.count } == server.idleDescriptors(backend) + 1)
        client.close()
        #expect(server.ledger.entries.wait { $0.open.count == server.idleDescriptors(backend) })
      }
    }

    @Test(
      "A peer that will not stop after we have finished is cut off",
      arguments: Backend.allCases)
    func endlessSender(_ backend: Backend) throws {
      try withServer(backend, handler: LastWords()) { server in
        let client = try Client(to: server.port)
        try client.send("x")
        #expect(try client.receiveToEnd() == LastWords.text)
        let junk = [UInt8](repeating: 0x78, count: 65536)
        var sent = 0
        while sent < 64 << 20, (try? client.send(junk)) != nil { sent += junk.count }
        #expect(sent < 64 << 20)
      }
    }

    @Test("A finished peer that stays is cut off when lingering ends", arguments: Backend.allCases)
    func lingerTimeout(_ backend: Backend) throws {
      var options = ReactorOptions()
      options.lingerTimeout = .milliseconds(50)
      try withServer(backend, options: options, handler: LastWords()) { server in
        let client = try Client(to: server.port)
        let start = Linux().now()
        try client.send("x")
        #expect(try client.receiveToEnd() == LastWords.text)
        #expect(server.ledger.entries.wait { $0.open.count == server.idleDescriptors(backend) })
        #expect(Linux().now().since(start) >= .milliseconds(50))
      }
    }

    /// How far the conversation has got when the reset comes.
    enum Stage: String, CaseIterable {
      case connecting, greeted, inMessage, replyUnread, replyUnsent
    }

    @Test(
      "A reset closes the peer once, in every state of the protocol",
      arguments: Backend.allCases, Stage.allCases)
    func reset(_ backend: Backend, _ stage: Stage) throws {
      try withServer(backend) { server in
        let other = try server.client()
        let client = try Client(to: server.port, receiveBuffer: 4096)
        switch stage {
        case .connecting: break
        case .greeted: _ = try client.greeted()
        case .inMessage: #expect(try client.greeted().ask("^ab") == "bc")
        case .replyUnread:
          try client.greeted().send("^abcdef$")
          #expect(server.ledger.entries.wait { $0.received == 8 && $0.sent >= 8 })
        case .replyUnsent: try server.block(client.greeted(), beside: other)
        }
        client.reset()
        #expect(server.record.wait { $0.reason(of: client) == .finished })
        #expect(try other.ask("^still here$") == "tujmm!ifsf")
      }
    }

    @Test(
      "A connection reset while it waits to be accepted is passed over",
      arguments: Backend.allCases)
    func resetInQueue(_ backend: Backend) throws {
      var options = ReactorOptions()
      options.maxConnections = 1
      try withServer(backend, options: options) { server in
        let first = try server.client()
        let second = try Client(to: server.port)
        second.reset()
        let third = try Client(to: server.port)
        first.close()
        #expect(try third.greeted().ask("^abc$") == "bcd")
      }
    }

    @Test("Stopping closes everybody, and says so once", arguments: Backend.allCases)
    func stop(_ backend: Backend) throws {
      try withServer(backend) { server in
        let clients = try (0..<5).map { _ in try server.client() }
        server.waker.stop()
        #expect(server.hasEnded())
        for client in clients {
          #expect(server.record.entries.with { $0.reason(of: client) } == .stopped)
          #expect(try client.receiveToEnd() == [])
        }
      }
    }
  }
}

/// Says a word at the first chance, reads one byte, and finishes.
struct LastWords: ReactorHandler, ~Copyable {
  typealias System = AuditedKernel
  static let text = [UInt8](repeating: 0x2E, count: 16_000) + Array("goodbye".utf8)

  mutating func peerConnected(_ peer: inout Peer<System>) -> Interest { .read }
  mutating func readyToReceive(_ peer: inout Peer<System>) -> Interest {
    var byte: [UInt8] = [0]
    var room = byte.mutableSpan
    guard case .bytes = try? peer.socket.receive(into: &room) else { return .read }
    _ = try? peer.socket.send(LastWords.text.span)
    return []
  }
  mutating func readyToSend(_ peer: inout Peer<System>) -> Interest { [] }
}
