import Glibc
import Switchboard
import TestSupport
import Testing

extension Engine {
  /// How connections end.
  @Suite struct Closing {
    @Test(
      "The peer gets everything, then the end, although it left much unread",
      arguments: Server.BackendName.alone)
    func linger(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.received = { _, _, connection in
        connection.send(pattern(100_000))
        connection.close()
      }
      // However long the peer takes to send what it left unread.
      let patient = options { $0.lingerTimeout = .seconds(longestWait) }
      try serve(backend, patient, script: script) { server in
        for extra in [0, 1, 100_000, 3 << 20] {
          let client = try server.client()
          let sender = try LoopThread { try? client.send(pattern(1 + extra)) }
          let answer = try client.receiveToEnd()
          sender.join()
          #expect(answer == pattern(100_000))
        }
        #expect(server.journal.wait { $0.reasons.count == 4 })
        #expect(server.journal.now.reasons.allSatisfy { $0 == .finished })
      }
    }

    @Test(
      "Unread input does not reset the reply, however long the loop has run",
      arguments: Server.BackendName.alone)
    func lingerCounts(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.received = { _, _, connection in
        connection.send(pattern(50_000))
        connection.close()
      }
      let patient = options { $0.lingerTimeout = .seconds(longestWait) }
      try serve(backend, patient, script: script) { server in
        let client = try server.client()
        try client.send("a")
        #expect(server.journal.wait { $0.reasons == [.finished] })
        // One after the other, so that each is discarded by itself.
        for _ in 0..<200 { try client.send(pattern(1000)) }
        #expect(try client.receiveToEnd() == pattern(50_000))
      }
    }

    @Test(
      "A peer that goes on sending after the end is cut off", arguments: Server.BackendName.alone)
    func lingerEnds(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.opened = { _, connection in
        connection.write("bye")
        connection.close()
      }
      try serve(backend, options { $0.lingerTimeout = .milliseconds(50) }, script: script) {
        server in
        let client = try server.client()
        #expect(try client.receiveToEnd() == Array("bye".utf8))
        // Its descriptor is closed in the end, so that what is sent is answered with a reset.
        #expect(
          eventually {
            _ = client.sendWhatFits([1])
            return send(client.descriptor, "x", 1, Int32(MSG_NOSIGNAL)) < 0
          })
      }
    }

    @Test("Aborting closes at once, in every callback", arguments: Server.BackendName.alone)
    func abort(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.opened = { _, connection in connection.write("o") }
      script.received = { state, bytes, connection in
        switch bytes[0] {
        case 1: connection.abort()
        case 2: connection.setTimer(after: .milliseconds(1))
        case 3: connection.handle(for: Watched<Scripted>.self).post(1)
        case 4:
          connection.send(longPattern)
          connection.abort()
        default:
          connection.send(longPattern)
          // Where a thread serves, its peer may read so fast that no send has to wait.
          connection.notifyWhenDrained()
        }
      }
      script.elapsed = { _, connection in connection.abort() }
      script.posted = { _, _, connection in connection.abort() }
      script.drained = { _, connection in connection.abort() }
      script.ended = { _, connection in connection.abort() }
      try serve(backend, script: script) { server in
        for kind in [1, 2, 3, 4, 5] as [UInt8] {
          let client = try server.client(receiveBuffer: 4096)
          try client.send([kind])
          #expect(server.journal.wait { $0.received == Int(kind) })
          #expect(server.isPastCallbacks())
          _ = try? client.receiveToEnd()
          #expect(server.journal.wait { $0.closed == Int(kind) })
        }
        let client = try server.client()
        client.finishSending()
        #expect(try client.receiveToEnd() == [0x6F])
        #expect(server.journal.wait { $0.closed == 6 })
        #expect(server.journal.now.reasons.allSatisfy { $0 == .aborted })
      }
    }

    @Test("Closed in opened, with bytes under way", arguments: Server.BackendName.alone)
    func atOnce(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.opened = { _, connection in connection.abort() }
      try serve(backend, script: script) { server in
        for number in 1...300 {
          let client = try server.client()
          _ = client.sendWhatFits(pattern(1000))
          if number % 3 == 0 { client.reset() } else { client.close() }
        }
        #expect(server.journal.wait { $0.closed == 300 })
        #expect(server.journal.now.opened == 300)
      }
    }

    /// Where a connection stands when its peer resets it.
    enum Stage: UInt8, CaseIterable {
      case idle, sending, paused, ended, closing, lingering
    }

    @Test(
      "A reset ends the session once, whatever it was about", arguments: Server.BackendName.alone)
    func reset(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.opened = { _, connection in connection.write("*") }
      script.received = { state, bytes, connection in
        switch Stage(rawValue: bytes[0]) {
        case .sending: connection.send(longPattern)
        case .paused:
          connection.pauseReading()
          connection.setTimer(after: .milliseconds(50))
        case .closing:
          connection.send(longPattern)
          connection.close()
        case .lingering: connection.close()
        default: break
        }
        connection.write("+")
      }
      script.elapsed = { _, connection in connection.resumeReading() }
      script.ended = { _, connection in connection.write("-") }
      try serve(backend, script: script) { server in
        for stage in Stage.allCases {
          let before = server.journal.now
          let client = try server.client(receiveBuffer: 4096).greeted()
          try client.send([stage.rawValue])
          if stage == .ended { client.finishSending() }
          #expect(server.journal.wait { $0.received > before.received })
          if stage == .ended {
            #expect(server.journal.wait { $0.ended > before.ended })
            // A send that the reset meets half-way would fail, and be told in a later stage.
            #expect(try client.receive(exactly: 2) == Array("+-".utf8))
          }
          client.reset()
          #expect(server.journal.wait { $0.closed == before.closed + 1 }, "\(stage)")
          let reason = server.journal.now.reasons.last
          switch (stage, reason) {
          case (.lingering, .finished), (_, .failed): break
          default: Issue.record("\(stage): \(String(describing: reason))")
          }
        }
      }
    }

    @Test("Writing to a peer that is gone fails once", arguments: Server.BackendName.alone)
    func gone(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.received = { _, _, connection in
        connection.pauseReading()
        connection.setTimer(after: .milliseconds(1))
      }
      script.elapsed = { _, connection in
        connection.send(pattern(1000))
        connection.setTimer(after: .milliseconds(1))
      }
      try serve(backend, script: script) { server in
        for number in 1...20 {
          let client = try server.client()
          try client.send("a")
          client.close()
          #expect(server.journal.wait { $0.closed == number })
        }
      }
    }
  }
}
