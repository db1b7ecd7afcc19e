import Glibc
import Switchboard
import SwitchboardArticle
import Testing

extension Engine {
  /// Frames over real sockets, as the network may cut them.
  @Suite struct Conversation {
    @Test("The greeting precedes everything", arguments: Server.BackendName.each)
    func greeting(_ backend: Server.BackendName) throws {
      try serve(backend, session: FramesSession()) { server in
        let silent = try server.client().greeted()
        let eager = try server.client()
        try eager.send("^abc$")
        #expect(try eager.receive(exactly: 4) == Array("*bcd".utf8))
        #expect(!silent.hasInput)
      }
    }

    @Test("A stream is answered alike wherever it is cut", arguments: Server.BackendName.alone)
    func everyCut(_ backend: Server.BackendName) throws {
      let stream = Array("x^ab$junk^$^c".utf8) + [0xFF] + Array("$$^^z$".utf8)
      let wanted = replies(to: stream)
      try serve(backend, session: FramesSession()) { server in
        for cut in 0...stream.count {
          let client = try server.client().greeted()
          try client.send(Array(stream[..<cut]))
          let first = replies(to: Array(stream[..<cut])).count
          #expect(try client.receive(exactly: first) == Array(wanted[..<first]))
          try client.send(Array(stream[cut...]))
          client.finishSending()
          #expect(try client.receiveToEnd() == Array(wanted[first...]))
        }
        #expect(server.journal.wait { $0.reasons.count == stream.count + 1 })
        #expect(server.journal.now.reasons.allSatisfy { $0 == .peerFinished })
      }
    }

    @Test("A stream is answered byte by byte", arguments: Server.BackendName.alone)
    func bytewise(_ backend: Server.BackendName) throws {
      try serve(backend, session: FramesSession()) { server in
        let client = try server.client().greeted()
        for byte in Array("^hello$ ^world$".utf8) { try client.send([byte]) }
        client.finishSending()
        #expect(try client.receiveToEnd() == Array("ifmmpxpsme".utf8))
      }
    }

    @Test(
      "A hundred clients at once are each answered their own", arguments: Server.BackendName.each)
    func hundred(_ backend: Server.BackendName) throws {
      try serve(backend, session: FramesSession()) { server in
        let clients = try (0..<100).map { _ in try server.client().greeted() }
        for round in 0..<5 {
          for (number, client) in clients.enumerated() { try client.send("^n\(number)r\(round)$") }
          for (number, client) in clients.enumerated() {
            let wanted = replies(to: Array("^n\(number)r\(round)$".utf8))
            #expect(try client.receive(exactly: wanted.count) == wanted)
          }
        }
        for client in clients { client.close() }
        #expect(server.journal.wait { $0.closed == 100 })
      }
    }

    @Test("The peer's address is told", arguments: Server.BackendName.alone)
    func address(_ backend: Server.BackendName) throws {
      let journal = Journal()
      var script = Scripted.Script()
      script.opened = { _, connection in
        let address = connection.peerAddress
        journal.with { $0.addresses.append(address ?? .any(port: 0)) }
      }
      script.received = { _, bytes, connection in
        let isSame = connection.peerAddress == journal.now.addresses.last
        connection.write(isSame ? "y" : "n")
        connection.write(bytes)
      }
      try serve(backend, journal: journal, script: script) { server in
        for _ in 0..<20 {
          let client = try server.client()
          try client.send("abc")
          #expect(try client.receive(exactly: 4) == Array("yabc".utf8))
          #expect(journal.now.addresses.last == client.address)
        }
      }
    }

    @Test(
      "A peer that only finishes sending is still answered", arguments: Server.BackendName.alone)
    func halfClose(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.received = { state, bytes, _ in state += bytes.count }
      script.ended = { state, connection in connection.setTimer(after: .milliseconds(20)) }
      script.elapsed = { state, connection in
        connection.write("\(state) bytes")
        connection.close()
      }
      try serve(backend, script: script) { server in
        let client = try server.client()
        try client.send([UInt8](repeating: 1, count: 100_000))
        client.finishSending()
        #expect(try client.receiveToEnd() == Array("100000 bytes".utf8))
        #expect(server.journal.wait { $0.reasons == [.peerFinished] })
      }
    }
  }
}
