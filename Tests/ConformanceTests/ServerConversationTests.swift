import Switchboard
import TestSupport
import Testing

extension Conformance {
  /// What a client sees: every byte right, however the stream is cut and however many there are.
  @Suite struct Conversation {
    @Test("The article's script is answered byte for byte", arguments: Backend.allCases)
    func script(_ backend: Backend) throws {
      try withServer(backend) { server in
        let client = try server.client()
        #expect(try client.ask("^abc$de^abte$f") == "bcdbcuf")
        #expect(try client.ask("xyz^123") == "234")
        #expect(try client.receive(afterSending: "25$^ab0000$abab", count: 8) == "36bc1111")
      }
    }

    @Test("A message cut at any byte gives the same reply", arguments: Backend.allCases)
    func cuts(_ backend: Backend) throws {
      let message = Array("^abc$de^abte$f^\u{5E}x$^$y".utf8)
      try withServer(backend) { server in
        for cut in 1..<message.count {
          let client = try server.client()
          let before = server.ledger.received
          try client.send(Array(message[..<cut]))
          // Only when the server has it does the rest follow: two receives for sure.
          #expect(server.ledger.entries.wait { $0.received >= before + cut })
          try client.send(Array(message[cut...]))
          client.finishSending()
          #expect(try client.receiveToEnd() == replies(to: message), "cut at \(cut)")
        }
      }
    }

    @Test("A message sent byte by byte gives the same reply", arguments: Backend.allCases)
    func singleBytes(_ backend: Backend) throws {
      let message = Array("xx^abc$de^abte$f^ab0000$abab^\u{7F}~$".utf8)
      try withServer(backend) { server in
        let client = try server.client()
        for byte in message { try client.send([byte]) }
        client.finishSending()
        #expect(try client.receiveToEnd() == replies(to: message))
      }
    }

    @Test("Sends that take a part, or nothing, lose nothing", arguments: Backend.allCases)
    func shortSends(_ backend: Backend) throws {
      try withServer(backend) { server in
        server.ledger.entries.with { $0.sendLimit = 700 }
        let client = try server.client()
        try client.send([0x5E] + Server.junk)
        client.finishSending()
        #expect(try client.receiveToEnd() == Server.answers)
      }
    }

    @Test("All 256 byte values come back as their successors", arguments: Backend.allCases)
    func allBytes(_ backend: Backend) throws {
      let message = [0x5E] + (UInt8.min...UInt8.max).filter { $0 != 0x24 } + [0x24]
      try withServer(backend) { server in
        let client = try server.client()
        try client.send(message)
        #expect(try client.receive(exactly: 255) == replies(to: message))
      }
    }

    @Test("A hundred clients at once each get their own bytes", arguments: Backend.allCases)
    func hundred(_ backend: Backend) throws {
      try withServer(backend) { server in
        var random = SeededGenerator(seed: 2017)
        let clients = try (0..<100).map { _ in try Client(to: server.port) }
        #expect(server.record.wait { $0.connected == 100 })
        let streams = clients.map { _ in
          (0..<600).map { _ in Array("^$ab\u{7F}^0".utf8).randomElement(using: &random)! }
        }
        for part in stride(from: 0, to: 600, by: 75) {
          for (client, stream) in zip(clients, streams).shuffled(using: &random) {
            try client.send(Array(stream[part..<part + 75]))
          }
        }
        for (client, stream) in zip(clients, streams) {
          client.finishSending()
          #expect(try client.receiveToEnd() == [0x2A] + replies(to: stream))
        }
        #expect(server.record.wait { $0.closed.count == 100 })
      }
    }

    @Test(
      "Spurious readiness and events of closed connections do no harm",
      arguments: Backend.allCases)
    func staleEvents(_ backend: Backend) throws {
      // Connections come and go quickly here, so that a slot and a descriptor have a new owner
      // when the old one's events arrive.
      try withServer(backend, stale: true) { server in
        for round in 0..<50 {
          let stays = try server.client()
          let goes = try server.client()
          #expect(try goes.ask("^\(round)$") == succeeding("\(round)"))
          goes.reset()
          let next = try server.client()
          #expect(try next.ask("^abc$") == "bcd")
          #expect(try stays.ask("^xyz$") == "yz{")
        }
      }
    }

    @Test("A server on ::1 serves IPv6 and leaves IPv4 alone", arguments: Backend.allCases)
    func v6(_ backend: Backend) throws {
      try withServer(backend, on: [.loopback(.v6, port: 0)]) { server in
        // Another program may hold that port of IPv4, so being refused is not what is asked for.
        let stranger = try? Client(to: server.port, family: .v4)
        // Accepted after it, had it come here.
        let v6 = try server.client(.v6)
        #expect(try v6.ask("^v6$") == "w7")
        #expect(server.record.entries.with { $0.connected } == 1)
        stranger?.close()
      }
    }

    @Test("A dual-stack server serves both, others one family", arguments: Backend.allCases)
    func dualStack(_ backend: Backend) throws {
      try withServer(backend, on: [.any(.v6, port: 0)], dualStack: true) { server in
        let (v6, v4) = try (server.client(.v6), server.client(.v4))
        #expect(try v6.ask("^v6$") == "w7")
        #expect(try v4.ask("^v4$") == "w5")
      }
      try withServer(backend, on: [.any(.v6, port: 0)]) { server in
        // Another program may hold that port of IPv4, so being refused is not what is asked for.
        let stranger = try? Client(to: server.port, family: .v4)
        // Accepted after it, had it come here.
        let v6 = try server.client(.v6)
        #expect(try v6.ask("^v6$") == "w7")
        #expect(server.record.entries.with { $0.connected } == 1)
        stranger?.close()
      }
    }

    @Test("One reactor serves several listeners", arguments: Backend.allCases)
    func listeners(_ backend: Backend) throws {
      let loopback = SocketAddress.loopback(port: 0)
      try withServer(backend, on: [loopback, .loopback(.v6, port: 0), loopback]) { server in
        for address in server.addresses {
          let client = try Client(to: address.port, family: address.family).greeted()
          #expect(try client.ask("^ab$") == "bc")
        }
      }
    }
  }
}

private func succeeding(_ text: String) -> String {
  String(decoding: text.utf8.map { $0 &+ 1 }, as: UTF8.self)
}
