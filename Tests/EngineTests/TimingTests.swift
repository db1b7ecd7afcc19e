import Switchboard
import TestSupport
import Testing

/// How long a server's times are where a test must be quicker: the first suffices where nothing else
/// runs, the last where everything does.
let timesToBeQuick: [Duration] = [.milliseconds(30), .milliseconds(200), .seconds(2), .seconds(20)]

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
      let counts = try withTime(ofAnyOf: timesToBeQuick) { time, punctuality in
        try replace(backend, time, punctuality)
      }
      #expect(counts.elapsed == 3)
      #expect(!counts.isToldTooOften)
    }

    /// How often timers went off that are replaced and forgotten; the one that is forgotten has
    /// `time` to be so.
    private func replace(
      _ backend: Server.BackendName, _ time: Duration, _ punctuality: Punctuality
    ) throws -> (elapsed: Int, isToldTooOften: Bool) {
      var script = Scripted.Script()
      script.received = { state, bytes, connection in
        switch bytes[0] {
        case 1:  // earlier
          connection.setTimer(after: .seconds(60))
          connection.setTimer(after: .milliseconds(5))
        case 2:  // later
          connection.setTimer(after: .milliseconds(1))
          connection.setTimer(after: time * 2)
        case 3: connection.setTimer(after: time)
        default: connection.cancelTimer()
        }
      }
      script.elapsed = { _, connection in connection.write("e") }
      var counts = (elapsed: 0, isToldTooOften: false)
      try serve(backend, script: script) { server in
        let (client, clock) = (try server.client(), try server.client())
        try client.send([1])
        #expect(try client.receive(exactly: 1) == [0x65])
        let before = Linux().now()
        try client.send([2])
        #expect(try client.receive(exactly: 1) == [0x65])
        #expect(Linux().now().since(before) >= time * 2)
        punctuality.start()
        try client.send([3])
        #expect(server.journal.wait { $0.received == 3 })
        try client.send([4])
        #expect(server.journal.wait { $0.received == 4 })
        punctuality.stop()
        // A later timer of another connection tells that the first would have gone off.
        try clock.send([2])
        #expect(try clock.receive(exactly: 1) == [0x65])
        counts = (server.journal.now.elapsed, client.hasInput)
      }
      return counts
    }

    @Test("The idle timeout closes the idle, and no others", arguments: Server.BackendName.each)
    func idle(_ backend: Server.BackendName) throws {
      let reasons = try withTime(ofAnyOf: timesToBeQuick.map { $0 * 5 }) { time, punctuality in
        try idle(backend, time, punctuality)
      }
      #expect(reasons == [.idle, .idle, .idle])
    }

    /// Why those were closed who were, of three idle ones, one that asks, and one that is pushed to.
    private func idle(
      _ backend: Server.BackendName, _ time: Duration, _ punctuality: Punctuality
    ) throws -> [CloseReason] {
      let often = time / 8
      var script = Scripted.Script()
      script.received = { _, bytes, connection in
        if bytes[0] == 0x74 { connection.setTimer(after: often) }
        connection.write(bytes)
      }
      // Pushed to for as long as it lives, and never saying a word.
      script.elapsed = { _, connection in
        connection.write("t")
        connection.setTimer(after: often)
      }
      var reasons: [CloseReason] = []
      try serve(backend, options { $0.idleTimeout = time }, script: script) { server in
        let idle = try (0..<3).map { _ in try server.client() }
        let (active, pushed) = (try server.client(), try server.client())
        try pushed.send("t")
        let start = Linux().now()
        punctuality.start()
        func ping() throws {
          try active.send("p")
          guard try active.receive(exactly: 1) == [0x70] else { throw Garbled() }
          punctuality.mark()
        }
        while server.journal.now.closed < 3 {
          try ping()
          try #require(Linux().now().since(start) < .seconds(longestWait))
        }
        #expect(Linux().now().since(start) >= time - time / 15)
        while Linux().now().since(start) < time * 3 { try ping() }
        punctuality.stop()
        reasons = server.journal.now.reasons
        for client in idle { #expect(try client.receiveToEnd() == []) }
        if reasons.count == 3 { #expect(try pushed.receive(exactly: 5) == Array("ttttt".utf8)) }
      }
      return reasons
    }

    private struct Garbled: Error {}
  }
}
