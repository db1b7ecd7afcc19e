import Switchboard
import Testing

extension Engine {
  /// A session that has nothing more to send, and goes on receiving.
  @Suite struct HalfClose {
    private static let size = 3 << 20

    /// Sends so much when it is opened, says that this is all, and counts what comes then; at the end it is
    /// closed. What is written after that goes nowhere.
    private static func script(_ journal: Journal, size: Int, inOneCall: Bool) -> Scripted.Script {
      var script = Scripted.Script()
      script.opened = { state, connection in
        state = inOneCall ? size : 0
        connection.send(pattern(inOneCall ? size : min(size, 65536)))
        if inOneCall { connection.finishSending() } else { connection.notifyWhenDrained() }
        if !inOneCall { state = min(size, 65536) }
      }
      script.drained = { state, connection in
        guard state < size else { return connection.finishSending() }
        let count = min(65536, size - state)
        connection.send(pattern(count, from: state))
        state += count
        connection.notifyWhenDrained()
      }
      script.received = { _, _, connection in
        connection.finishSending()
        connection.write("too late")
      }
      return script
    }

    @Test(
      "The peer is told of the end behind all bytes, and is heard afterwards",
      arguments: Server.BackendName.alone, [1, 3 << 20])
    func sending(_ backend: Server.BackendName, size: Int) throws {
      for inOneCall in [true, false] {
        let journal = Journal()
        let script = Self.script(journal, size: size, inOneCall: inOneCall)
        try serve(backend, journal: journal, script: script) { server in
          let client = try server.client()
          #expect(try client.receiveToEnd() == pattern(size))
          for round in 1...3 {
            try client.send(pattern(1000))
            #expect(journal.wait { $0.received == round * 1000 })
          }
          #expect(journal.now.closed == 0)
          // The end that was received stays readable; nothing else has come.
          #expect(try client.receive().isEmpty)
          client.finishSending()
          #expect(journal.wait { $0.closed == 1 })
          #expect(journal.now.reasons == [.peerFinished])
        }
      }
    }

    @Test(
      "Who has finished, and pauses, gets what came before its peer finished, too",
      arguments: Server.BackendName.alone)
    func pausing(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      let journal = Journal()
      script.opened = { _, connection in
        let handle = connection.handle(for: Watched<Scripted>.self)
        journal.with { $0.handles.append(handle) }
        connection.finishSending()
      }
      script.received = { count, bytes, connection in
        if count == 0 { connection.pauseReading() }
        count += bytes.count
      }
      script.posted = { _, _, connection in connection.resumeReading() }
      try serve(backend, journal: journal, script: script) { server in
        for number in 1...5 {
          let client = try server.client()
          #expect(try client.receiveToEnd().isEmpty)
          try client.send("a")
          #expect(journal.wait { $0.received == (number - 1) * 3001 + 1 })
          try client.send(pattern(3000))
          client.finishSending()
          #expect(server.isPastCallbacks())
          #expect(journal.now.closed == number - 1)
          #expect(journal.now.handles.last?.post(1) == true)
          #expect(journal.wait { $0.closed == number })
          #expect(journal.now.received == number * 3001)
        }
        #expect(journal.now.reasons == Array(repeating: .peerFinished, count: 5))
      }
    }

    @Test("Both at once is an end as any other", arguments: Server.BackendName.alone)
    func closing(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.received = { _, bytes, connection in
        connection.write(bytes)
        connection.finishSending()
        connection.close()
      }
      let journal = Journal()
      try serve(backend, journal: journal, script: script) { server in
        for _ in 0..<3 {
          let client = try server.client()
          try client.send("last words")
          #expect(try client.receiveToEnd() == Array("last words".utf8))
        }
        #expect(journal.wait { $0.closed == 3 })
        #expect(journal.now.reasons == [.finished, .finished, .finished])
      }
    }

    @Test("Who has finished can be drained, reset and cut off", arguments: Server.BackendName.alone)
    func ends(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.opened = { _, connection in
        connection.write("x")
        connection.finishSending()
      }
      script.draining = { _, _ in }
      let journal = Journal()
      let short = options { $0.drainTimeout = .milliseconds(200) }
      try serve(backend, short, journal: journal, script: script) { server in
        let first = try server.client()
        #expect(try first.receiveToEnd() == [0x78])
        first.reset()
        #expect(journal.wait { $0.closed == 1 })
        let second = try server.client()
        #expect(try second.receiveToEnd() == [0x78])
        server.handle.drain()
        #expect(journal.wait { $0.closed == 2 })
        #expect(journal.now.reasons.last == .drainTimeout)
      }
    }
  }
}
