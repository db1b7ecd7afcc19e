import Switchboard
import TestSupport
import Testing

extension Engine {
  /// Bytes that are sent to many and are there once.
  @Suite struct Sharing {
    @Test("They go in the order in which they were written", arguments: Server.BackendName.alone)
    func order(_ backend: Server.BackendName) throws {
      let (small, large, none) = (
        SharedBytes("<shared>"), SharedBytes(pattern(300_000).span), SharedBytes("")
      )
      var script = Scripted.Script()
      script.received = { _, bytes, connection in
        connection.write(small)
        connection.write("a")
        connection.write(none)
        connection.write(large)
        connection.write(small)
        connection.write(bytes)
      }
      let wanted = Array("<shared>a".utf8) + pattern(300_000) + Array("<shared>!".utf8)
      try serve(backend, script: script) { server in
        let client = try server.client()
        for _ in 0..<3 {
          try client.send("!")
          #expect(try client.receive(exactly: wanted.count) == wanted)
        }
        client.finishSending()
        #expect(try client.receiveToEnd() == [])
      }
    }

    @Test(
      "Many that read late hold them once, and are told how much is unsent",
      arguments: Server.BackendName.loops)
    func many(_ backend: Server.BackendName) throws {
      let size = 6 << 20
      let news = SharedBytes(pattern(size).span)
      let unsent = Lock<[Int]>([])
      var script = Scripted.Script()
      script.received = { _, bytes, connection in
        if bytes[0] == 0x21 { return connection.write(news) }
        let count = connection.unsent
        unsent.withLock { $0.append(count) }
      }
      // Four times that would be more than all may have unsent for themselves.
      let tight = options {
        $0.totalOutboxLimit = 10 << 20
        $0.highWatermark = 16 << 20
        $0.outboxLimit = 16 << 20
      }
      try serve(backend, tight, script: script) { server in
        let clients = try (0..<4).map { _ in try server.client(receiveBuffer: 4096) }
        for client in clients { try client.send("!") }
        for client in clients {
          #expect(eventually { client.hasInput })
          try client.send("?")
        }
        #expect(eventually { unsent.withLock { $0.count } == 4 })
        #expect(unsent.withLock { $0.allSatisfy { $0 > size / 4 && $0 <= size } })
        for client in clients { #expect(try client.receive(exactly: size) == pattern(size)) }
      }
    }

    @Test(
      "Who reads nothing is closed when more comes than it may have unsent",
      arguments: Server.BackendName.loops)
    func limit(_ backend: Server.BackendName) throws {
      let news = SharedBytes(pattern(8 << 20).span)
      let journal = Journal()
      var script = Scripted.Script()
      script.opened = { _, connection in
        connection.write(news)
        connection.setTimer(after: .milliseconds(1))
      }
      script.elapsed = { _, connection in
        connection.write(news)
        connection.setTimer(after: .milliseconds(1))
      }
      let tight = options { $0.outboxLimit = 1 << 20 }
      try serve(backend, tight, journal: journal, script: script) { server in
        let client = try server.client(receiveBuffer: 4096)
        #expect(journal.wait { $0.closed == 1 })
        #expect(journal.now.reasons == [.outboxFull])
        client.close()
      }
    }
  }
}
