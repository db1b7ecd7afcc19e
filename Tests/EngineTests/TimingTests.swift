import Switchboard
import SwitchboardLab
import Testing

extension Engine {
  /// Timers and the idle timeout.
  @Suite struct Timing {
    @Test("A timer goes off once, and not early", arguments: Server.BackendName.alone)
    func notEarly(_ backend: Server.BackendName) throws {
      let errors = Lock<[String]>([])
      var script = Scripted.Script()
      script.received = { state, bytes, connection in
        state = Int(Linux().now().nanoseconds)
        connection.setTimer(after: .milliseconds(Int(bytes[0])))
      }
      script.elapsed = { state, connection in
        let passed = Linux().now().since(Instant(nanoseconds: UInt64(state)))
        connection.write("\(passed.components.attoseconds / 1_000_000_000_000)\n")
      }
      try serve(backend, script: script) { server in
        let client = try server.client()
        for milliseconds in [0, 1, 2, 5, 17, 40] as [UInt8] {
          let before = Linux().now()
          try client.send([milliseconds])
          var text = ""
          while !text.hasSuffix("\n") {
            text += String(decoding: try client.receive(exactly: 1), as: UTF8.self)
          }
          // The callback's clock is the turn's, which began a little before.
          let microseconds = Int(text.dropLast()) ?? -1
          if microseconds + 500 < Int(milliseconds) * 1000 {
            errors.withLock { $0.append("\(milliseconds) ms: \(microseconds) µs") }
          }
          #expect(Linux().now().since(before) >= .milliseconds(Int(milliseconds)))
        }
        #expect(errors.withLock { $0 } == [])
        #expect(server.journal.now.elapsed == 6)
      }
    }

    @Test(
      "A timer can be replaced, by an earlier or a later one, and forgotten",
      arguments: Server.BackendName.each)
    func replace(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.received = { state, bytes, connection in
        switch bytes[0] {
        case 1:  // earlier
          connection.setTimer(after: .seconds(60))
          connection.setTimer(after: .milliseconds(5))
        case 2:  // later
          connection.setTimer(after: .milliseconds(1))
          connection.setTimer(after: .milliseconds(60))
        case 3: connection.setTimer(after: .milliseconds(30))
        default: connection.cancelTimer()
        }
      }
      script.elapsed = { _, connection in connection.write("e") }
      try serve(backend, script: script) { server in
        let (client, clock) = (try server.client(), try server.client())
        try client.send([1])
        #expect(try client.receive(exactly: 1) == [0x65])
        let before = Linux().now()
        try client.send([2])
        #expect(try client.receive(exactly: 1) == [0x65])
        #expect(Linux().now().since(before) >= .milliseconds(60))
        try client.send([3])
        #expect(server.journal.wait { $0.received == 3 })
        try client.send([4])
        #expect(server.journal.wait { $0.received == 4 })
        // A later timer of another connection tells that the first would have gone off.
        try clock.send([2])
        #expect(try clock.receive(exactly: 1) == [0x65])
        #expect(!client.hasInput)
        #expect(server.journal.now.elapsed == 3)
      }
    }

    @Test("The idle timeout closes the idle, and no others", arguments: Server.BackendName.each)
    func idle(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.received = { _, bytes, connection in
        if bytes[0] == 0x74 { connection.setTimer(after: .milliseconds(20)) }
        connection.write(bytes)
      }
      // Pushed to for as long as it lives, and never saying a word.
      script.elapsed = { _, connection in
        connection.write("t")
        connection.setTimer(after: .milliseconds(20))
      }
      try serve(backend, options { $0.idleTimeout = .milliseconds(150) }, script: script) {
        server in
        let idle = try (0..<3).map { _ in try server.client() }
        let (active, pushed) = (try server.client(), try server.client())
        try pushed.send("t")
        let start = Linux().now()
        while server.journal.now.closed < 3 {
          try active.send("p")
          #expect(try active.receive(exactly: 1) == [0x70])
          try #require(Linux().now().since(start) < .seconds(10))
        }
        #expect(Linux().now().since(start) >= .milliseconds(140))
        #expect(server.journal.now.reasons == [.idle, .idle, .idle])
        for client in idle { #expect(try client.receiveToEnd() == []) }
        while Linux().now().since(start) < .milliseconds(400) {
          try active.send("p")
          #expect(try active.receive(exactly: 1) == [0x70])
        }
        #expect(server.journal.now.closed == 3)
        #expect(try pushed.receive(exactly: 5) == Array("ttttt".utf8))
      }
    }
  }
}
