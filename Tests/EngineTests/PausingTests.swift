import Glibc
import Switchboard
import SwitchboardArticle
import Testing

extension Engine {
  /// Reading that stops and goes on.
  @Suite struct Pausing {
    /// Answers what comes, and pauses for two milliseconds after each time.
    static var halting: Scripted.Script {
      var script = Scripted.Script()
      script.received = { _, bytes, connection in
        connection.write(bytes)
        connection.pauseReading()
        connection.setTimer(after: .milliseconds(2))
      }
      script.elapsed = { _, connection in connection.resumeReading() }
      return script
    }

    @Test(
      "Nothing is lost or reordered by pauses, the end included",
      arguments: Server.BackendName.alone
    )
    func halting(_ backend: Server.BackendName) throws {
      try serve(backend, script: Self.halting) { server in
        let client = try server.client()
        let bytes = pattern(2 << 20)
        let sender = try LoopThread {
          for start in stride(from: 0, to: bytes.count, by: 5000) {
            try? client.send(Array(bytes[start..<min(start + 5000, bytes.count)]))
          }
          client.finishSending()
        }
        let echo = try client.receiveToEnd()
        sender.join()
        #expect(echo == bytes)
        #expect(server.journal.wait { $0.reasons == [.peerFinished] })
      }
    }

    @Test("The end is held back with the bytes before it", arguments: Server.BackendName.alone)
    func end(_ backend: Server.BackendName) throws {
      try serve(backend, script: Self.halting) { server in
        for count in 1...30 {
          let client = try server.client()
          for number in 0..<count { try client.send([UInt8(number)]) }
          client.finishSending()
          #expect(try client.receiveToEnd() == (0..<count).map { UInt8($0) })
        }
      }
    }

    @Test("Pausing and resuming in one callback, either way", arguments: Server.BackendName.alone)
    func toggling(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.received = { state, bytes, connection in
        connection.write(bytes)
        state += 1
        connection.pauseReading()
        connection.resumeReading()
        if state % 3 == 0 {
          connection.pauseReading()
          connection.handle(for: Watched<Scripted>.self).post(0)
        }
      }
      script.posted = { _, _, connection in connection.resumeReading() }
      try serve(backend, script: script) { server in
        let client = try server.client()
        let bytes = pattern(300_000)
        let sender = try LoopThread {
          for start in stride(from: 0, to: bytes.count, by: 1000) {
            try? client.send(Array(bytes[start..<start + 1000]))
          }
          client.finishSending()
        }
        #expect(try client.receiveToEnd() == bytes)
        sender.join()
      }
    }

    @Test(
      "A peer that never reads is read from no more; others are served",
      arguments: Server.BackendName.each)
    func neverReads(_ backend: Server.BackendName) throws {
      let limits = options {
        $0.highWatermark = 65536
        $0.lowWatermark = 16384
        $0.outboxLimit = 2 << 20
      }
      try serve(backend, limits, session: FramesSession()) { server in
        let other = try server.client().greeted()
        let glutton = try server.client(receiveBuffer: 4096).greeted()
        let junk = [UInt8](repeating: 0x61, count: 1 << 16)
        try glutton.send("^")
        var (sent, refusals) = (1, 0)
        // Full when it takes nothing during so many questions of the other's.
        while refusals < 40 {
          let count = glutton.sendWhatFits(junk)
          sent += count
          refusals = count == 0 ? refusals + 1 : 0
          #expect(try other.ask("^ping$") == "qjoh")
          try #require(sent < 100 << 20, "a peer that never reads is received from without end")
        }
        #expect(server.journal.now.reasons == [])
        // When it reads after all, it gets everything.
        glutton.finishSending()
        let answers = try glutton.receiveToEnd()
        #expect(
          answers.count == sent - 1, "\(server.journal.now.received), \(server.journal.now.reasons)"
        )
        #expect(answers.allSatisfy { $0 == 0x62 })
      }
    }
  }
}
