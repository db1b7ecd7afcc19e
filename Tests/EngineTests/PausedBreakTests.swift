import SwitchboardArticle
import Testing

@testable import Switchboard

extension Engine {
  /// Connections that break while they are not received from. Nothing else would tell: these sessions
  /// set no timer, have nothing unsent, and resume only when they are posted to.
  @Suite struct PausedBreaks {
    /// Echoes what comes and pauses.
    private static func stopping(_ journal: Journal) -> Scripted.Script {
      var script = Scripted.Script()
      script.opened = { _, connection in
        let handle = connection.handle(for: Watched<Scripted>.self)
        journal.with { $0.handles.append(handle) }
      }
      script.received = { _, bytes, connection in
        connection.write(bytes)
        connection.pauseReading()
      }
      script.posted = { _, _, connection in connection.resumeReading() }
      script.ended = { _, connection in connection.write("-") }
      return script
    }

    /// How a connection gets to where it breaks.
    enum Way: String, CaseIterable, CustomTestStringConvertible {
      case paused = "paused"
      case unread = "paused, with unread bytes"
      case again = "paused, resumed and paused again"
      case finished = "paused, and the peer has finished"
      case ended = "the peer has finished, and the session knows"
      var testDescription: String { rawValue }
    }

    private func lead(_ client: Client, _ server: Running, _ way: Way) throws {
      if way == .ended {
        client.finishSending()
        #expect(try client.receive(exactly: 1) == Array("-".utf8))
        return
      }
      try client.send("a")
      #expect(try client.receive(exactly: 1) == Array("a".utf8))
      #expect(server.isPastCallbacks())
      switch way {
      case .unread: try client.send("b")
      case .finished: client.finishSending()
      case .again:
        try client.send("b")
        #expect(server.journal.now.handles.last?.post(1) == true)
        #expect(try client.receive(exactly: 1) == Array("b".utf8))
      default: break
      }
      #expect(server.isPastCallbacks())
    }

    @Test(
      "A peer's reset is told of at once, not only when receiving goes on",
      arguments: Server.BackendName.alone, Way.allCases)
    func reset(_ backend: Server.BackendName, _ way: Way) throws {
      let journal = Journal()
      try serve(backend, journal: journal, script: Self.stopping(journal)) { server in
        for number in 1...5 {
          let client = try server.client()
          try lead(client, server, way)
          #expect(journal.now.closed == number - 1)
          client.reset()
          try #require(eventually { journal.now.closed == number }, "not told")
          guard case .failed(let error) = journal.now.reasons.last else {
            Issue.record("closed because \(journal.now.reasons.last.map { "\($0)" } ?? "")")
            continue
          }
          // After its end a reset is a broken pipe to the kernel.
          let isKnown = error.errno == .connectionReset || error.errno == .brokenPipe
          #expect(isKnown, "\(error)")
        }
      }
    }

    @Test("A peer's reset is told of above the watermark", arguments: Server.BackendName.alone)
    func outbox(_ backend: Server.BackendName) throws {
      let journal = Journal()
      try serve(backend, journal: journal, session: FramesSession()) { server in
        let client = try server.client(receiveBuffer: 4096).greeted()
        let junk = [UInt8](repeating: 0x61, count: 1 << 16)
        try client.send("^")
        // Until it is read from no more.
        let isFull = eventually {
          let received = journal.now.received
          return client.sendWhatFits(junk) == 0 && server.isPastCallbacks()
            && journal.now.received == received
        }
        #expect(isFull)
        #expect(journal.now.closed == 0)
        client.reset()
        #expect(eventually { journal.now.closed == 1 })
      }
    }

    @Test(
      "A paused connection whose peer has finished, or sends, does not keep the loop awake",
      arguments: FaultWorld.engines)
    func quiet(_ world: FaultWorld) throws {
      let journal = Journal()
      let script = Self.stopping(journal)
      let report = try serve(world, CallFaults(), journal: journal, session: Scripted(script)) {
        server in
        var clients: [Client] = []
        for number in 0..<10 {
          let client = try server.client()
          try client.send("a")
          #expect(try client.receive(exactly: 1) == Array("a".utf8))
          #expect(server.runsJobs())
          if number % 2 == 0 { client.finishSending() } else { try client.send("b") }
          clients.append(client)
        }
        #expect(server.runsJobs())
        let before = server.calls
        for _ in 0..<100 { #expect(server.runsJobs()) }
        // A job is a wake-up, and perhaps a turn more.
        #expect(server.calls - before <= 400, "\(server.calls - before) waits for 100 jobs")
        #expect(journal.now.closed == 0)
        // They are received when the session wants them.
        for handle in journal.now.handles { #expect(handle.post(1)) }
        for (number, client) in clients.enumerated() {
          let byte = number % 2 == 0 ? "-" : "b"
          #expect(try client.receive(exactly: 1) == Array(byte.utf8))
        }
        // They hold on to the loop's waker.
        journal.with { $0.handles = [] }
      }
      #expect(report.isClean, "\(report)")
    }
  }
}
