import Switchboard
import Testing

extension Engine {
  /// Sessions that take their input in their own time.
  @Suite struct Leftovers {
    /// Messages are a length of one byte and so many bytes; each is answered by `copies` copies of itself. What has
    /// not come whole is left, and so is what follows when much has been written.
    private struct Messages: Session {
      typealias Message = Int
      var copies = 1
      var looks = true
      let calls: Lock<[Int]>

      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        let count = bytes.count
        calls.withLock { $0.append(count) }
        var place = 0
        while !looks || !connection.hasWrittenMuch, place < bytes.count {
          let end = place + 1 + Int(bytes[place])
          guard end <= bytes.count else { break }
          for _ in 0..<copies { connection.write(bytes.extracting(place..<end)) }
          place = end
        }
        connection.leave(bytes.extracting(place...))
      }
    }

    private static func start(
      _ backend: Server.BackendName, _ copies: Int = 1, _ calls: Lock<[Int]> = Lock([]),
      _ change: (inout ServerOptions) -> Void = { _ in }
    ) throws -> RunningServer {
      var server = Server(on: [.loopback(port: 0)])
      server.backend = backend
      if backend == .pool { server.loops = 8 }
      change(&server.options)
      return try server.start { Messages(copies: copies, calls: calls) }
    }

    /// A message of so many bytes behind its length.
    private static func message(_ count: Int) -> [UInt8] {
      [UInt8(count)] + pattern(count, from: count)
    }

    @Test("Messages come whole however they are cut", arguments: Server.BackendName.alone)
    func cuts(_ backend: Server.BackendName) throws {
      let running = try Self.start(backend)
      let client = try Client(to: running.addresses[0].port)
      let stream = [0, 1, 5, 255, 17, 0, 200].flatMap(Self.message)
      // Byte by byte, and in pieces that grow.
      for size in [1, 2, 3, 7, 64, 255, stream.count] {
        var place = 0
        while place < stream.count {
          let end = min(stream.count, place + size)
          try client.send(Array(stream[place..<end]))
          place = end
        }
        #expect(try client.receive(exactly: stream.count) == stream)
      }
      // An end within a message is one.
      try client.send([9, 1, 2])
      client.finishSending()
      #expect(try client.receiveToEnd() == [])
      running.stop()
      try running.wait()
    }

    @Test(
      "Much is asked for in few bytes, and all of it comes", arguments: Server.BackendName.alone)
    func much(_ backend: Server.BackendName) throws {
      let calls = Lock<[Int]>([])
      // 90 requests, 100 kB for each: more than a connection may hold unsent.
      let running = try Self.start(backend, 1000, calls) {
        $0.outboxLimit = 1 << 20
        $0.totalOutboxLimit = 2 << 20
      }
      for endsAtOnce in [false, true] {
        let client = try Client(to: running.addresses[0].port, receiveBuffer: 8192)
        let requests = (0..<90).flatMap { _ in Self.message(99) }
        try client.send(requests)
        if endsAtOnce { client.finishSending() }
        let wanted = 90 * 1000 * 100
        let all = try endsAtOnce ? client.receiveToEnd() : client.receive(exactly: wanted)
        #expect(all.count == wanted)
        #expect(
          all.prefix(100) == Self.message(99)[...] && all.suffix(100) == Self.message(99)[...])
      }
      running.stop()
      try running.wait()
    }

    @Test(
      "A drain gives what was left for want of room before it asks to finish",
      arguments: Server.BackendName.alone)
    func drained(_ backend: Server.BackendName) throws {
      let calls = Lock<[Int]>([])
      let running = try Self.start(backend, 1000, calls)
      let client = try Client(to: running.addresses[0].port, receiveBuffer: 8192)
      // Twice as many bytes as a socket's buffers hold; and one message that does not come whole.
      let requests: [UInt8] = (0..<90).flatMap { _ in Self.message(99) } + [3, 1]
      try client.send(requests)
      #expect(eventually { calls.withLock { !$0.isEmpty } })
      running.drain()
      let all = try client.receiveToEnd()
      #expect(all.count == 90 * 1000 * 100)
      #expect(all.suffix(100) == Self.message(99)[...])
      try running.wait()
    }

    @Test("More than may be left ends the connection", arguments: Server.BackendName.alone)
    func limit(_ backend: Server.BackendName) throws {
      let (journal, given) = (Journal(), Lock(0))
      var script = Scripted.Script()
      script.received = { _, bytes, connection in
        connection.leave(bytes)
        let count = bytes.count
        given.withLock { $0 = count }
      }
      let small = options { $0.inputLimit = 1000 }
      try serve(backend, small, journal: journal, script: script) { server in
        let client = try server.client()
        for round in 1...10 {
          try client.send(pattern(100))
          #expect(eventually { given.withLock { $0 } == round * 100 })
        }
        #expect(journal.now.closed == 0)
        try client.send([1])
        #expect(journal.wait { $0.reasons == [.inputFull] })
      }
    }

    @Test(
      "What was left while paused is given when it goes on", arguments: Server.BackendName.alone)
    func paused(_ backend: Server.BackendName) throws {
      let (journal, given) = (Journal(), Lock(0))
      var script = Scripted.Script()
      script.opened = { _, connection in
        let handle = connection.handle(for: Watched<Scripted>.self)
        journal.with { $0.handles.append(handle) }
      }
      // One byte a time, each after a post.
      script.received = { _, bytes, connection in
        connection.write(bytes[0])
        connection.leave(bytes.extracting(1...))
        connection.pauseReading()
        given.withLock { $0 += 1 }
      }
      script.posted = { _, _, connection in connection.resumeReading() }
      try serve(backend, journal: journal, script: script) { server in
        let client = try server.client()
        try client.send("abcdef")
        client.finishSending()
        for round in 1...6 {
          #expect(eventually { given.withLock { $0 } == round })
          #expect(journal.now.ended == 0)
          #expect(journal.now.handles[0].post(0))
        }
        #expect(try client.receiveToEnd() == Array("abcdef".utf8))
        #expect(journal.wait { $0.closed == 1 })
        #expect(journal.now.ended == 1)
      }
    }

    @Test(
      "All connections of a loop may leave so much together", arguments: Server.BackendName.loops)
    func total(_ backend: Server.BackendName) throws {
      let (journal, given) = (Journal(), Lock(0))
      var script = Scripted.Script()
      script.received = { _, bytes, connection in
        connection.leave(bytes)
        let count = bytes.count
        given.withLock { $0 += count }
      }
      let small = options { $0.totalInputLimit = 3000 }
      try serve(backend, small, journal: journal, script: script) { server in
        let clients = try (0..<3).map { _ in try server.client() }
        for (number, client) in clients.enumerated() {
          try client.send(pattern(1000))
          #expect(eventually { given.withLock { $0 } == 1000 * (number + 1) })
        }
        let one = try server.client()
        try one.send([1])
        #expect(journal.wait { $0.reasons == [.inputFull] })
        // What a connection held is free again when it has gone.
        clients[0].reset()
        #expect(journal.wait { $0.closed == 2 })
        let other = try server.client()
        try other.send(pattern(1000))
        #expect(eventually { given.withLock { $0 } == 4001 })
        #expect(journal.now.closed == 2)
      }
    }
  }
}
