import Glibc
import Switchboard
import Testing

extension Engine {
  /// Messages to connections and loops, and work done elsewhere.
  @Suite struct Handles {
    /// Makes its handle known, answers posts, and posts what comes to the others.
    static func script(_ journal: Journal) -> Scripted.Script {
      var script = Scripted.Script()
      script.opened = { _, connection in
        let handle = connection.handle(for: Watched<Scripted>.self)
        journal.with { $0.handles.append(handle) }
      }
      script.received = { _, bytes, connection in
        let own = connection.handle(for: Watched<Scripted>.self)
        for handle in journal.now.handles where handle != own { handle.post(Int(bytes[0])) }
      }
      script.posted = { _, number, connection in
        connection.write(UInt8(truncatingIfNeeded: number))
      }
      return script
    }

    @Test("Posts from another thread arrive, in order", arguments: Server.BackendName.alone)
    func thread(_ backend: Server.BackendName) throws {
      let journal = Journal()
      try serve(backend, journal: journal, script: Self.script(journal)) { server in
        let client = try server.client()
        #expect(journal.wait { $0.handles.count == 1 })
        let handle = journal.now.handles[0]
        var taken = 0
        while taken < 10_000 { if handle.post(taken) { taken += 1 } }
        let wanted = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(try client.receive(exactly: 10_000) == wanted)
        #expect(journal.now.posted == Array(0..<10_000))
        // And one at a time, to a loop that sleeps.
        for number in 0..<50 {
          #expect(handle.post(number))
          #expect(try client.receive(exactly: 1) == [UInt8(number)])
        }
      }
    }

    @Test(
      "Posts reach other connections, on the same loop and on another",
      arguments: Server.BackendName.each)
    func peers(_ backend: Server.BackendName) throws {
      let journal = Journal()
      try serve(backend, loops: 2, journal: journal, script: Self.script(journal)) { server in
        let clients = try (0..<16).map { _ in try server.client() }
        #expect(journal.wait { $0.handles.count == 16 })
        #expect(Set(journal.now.handles).count == 16)
        for (number, client) in clients.enumerated() {
          try client.send([UInt8(number)])
          for (other, listener) in clients.enumerated() where other != number {
            #expect(try listener.receive(exactly: 1) == [UInt8(number)])
          }
        }
      }
    }

    @Test("A post to a connection that is gone does nothing", arguments: Server.BackendName.each)
    func dead(_ backend: Server.BackendName) throws {
      let journal = Journal()
      var late: ConnectionHandle<Int>?
      try serve(backend, journal: journal, script: Self.script(journal)) { server in
        let first = try server.client()
        #expect(journal.wait { $0.handles.count == 1 })
        first.close()
        #expect(journal.wait { $0.closed == 1 })
        // Its slot is another's by now.
        let second = try server.client()
        #expect(journal.wait { $0.handles.count == 2 })
        let handles = journal.now.handles
        #expect(handles[0].key.index == handles[1].key.index)
        // With a thread for each connection, its loop has ended with it.
        #expect(handles[0].post(1) == (backend != .threads))
        #expect(handles[1].post(2))
        #expect(try second.receive(exactly: 1) == [2])
        #expect(journal.now.posted == [2])
        late = handles[1]
      }
      #expect(late?.post(3) == false)
      #expect(journal.now.posted == [2])
    }

    /// What is posted to couriers, and what became of it.
    private final class Parcels: Sendable {
      private let counts = Lock<(delivered: Int, returned: Int)>((0, 0))
      var now: (delivered: Int, returned: Int) { counts.withLock { $0 } }
      func arrives() { counts.withLock { $0.delivered += 1 } }
      func comesBack() { counts.withLock { $0.returned += 1 } }
    }

    private struct Courier: Session {
      typealias Message = Parcels
      let handles: Lock<[ConnectionHandle<Parcels>]>

      mutating func opened(_ connection: inout Connection) {
        let handle = connection.handle(for: Courier.self)
        handles.withLock { $0.append(handle) }
      }
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
      mutating func posted(_ message: Parcels, _ connection: inout Connection) {
        message.arrives()
        connection.close()
      }
      static func undelivered(_ message: Parcels) { message.comesBack() }
    }

    @Test(
      "Every post that was taken is delivered or comes back", arguments: Server.BackendName.each)
    func undelivered(_ backend: Server.BackendName) throws {
      let (parcels, handles) = (Parcels(), Lock<[ConnectionHandle<Parcels>]>([]))
      var server = Server(on: [.loopback(port: 0)])
      server.backend = backend
      if backend == .pool { server.loops = 8 }
      let running = try server.start { Courier(handles: handles) }
      let clients = try (0..<4).map { _ in try Client(to: running.addresses[0].port) }
      #expect(eventually { handles.withLock { $0.count == 4 } })
      let all = handles.withLock { $0 }
      // The first ends the connection.
      var taken = 0
      for _ in 0..<100 { if all[0].post(parcels) { taken += 1 } }
      #expect(taken > 0)
      // A pool's thread looks when it serves the next connection, or ends.
      let looks = backend != .pool
      #expect(eventually { parcels.now.delivered + parcels.now.returned == taken || !looks })
      #expect(eventually { parcels.now.delivered == 1 })
      // A peer that has gone; the first post may be there before that is known.
      let returned = parcels.now.returned
      clients[1].reset()
      #expect(
        eventually {
          if all[1].post(parcels) { taken += 1 }
          return parcels.now.returned > returned || !looks || backend == .threads
        })
      // A server that is stopped while letters lie there.
      for handle in all[2...] { for _ in 0..<50 { if handle.post(parcels) { taken += 1 } } }
      running.stop()
      try running.wait()
      #expect(eventually { parcels.now.delivered + parcels.now.returned == taken })
      #expect(!all[3].post(parcels))
    }

    @Test(
      "A loop that is busy takes so many posts and jobs, and no more",
      arguments: Server.BackendName.loops)
    func bounded(_ backend: Server.BackendName) throws {
      let journal = Journal()
      try serve(backend, journal: journal, script: Self.script(journal)) { server in
        let client = try server.client()
        #expect(journal.wait { $0.handles.count == 1 })
        let handle = journal.now.handles[0]
        let loop = server.handle.loops[0]
        let gate = Gate()
        #expect(loop.run { gate.hold() })
        #expect(eventually { gate.isHeld })
        let posts = (0..<70_000).count { handle.post($0) }
        let jobs = (0..<70_000).count { _ in loop.run { gate.count() } }
        #expect(posts == 65536)
        #expect(jobs == 65536)
        gate.open()
        let first = try client.receive(exactly: 65536)
        #expect(first == (0..<65536).map { UInt8(truncatingIfNeeded: $0) })
        #expect(eventually { gate.total == 65536 })
        #expect(handle.post(7))
        #expect(try client.receive(exactly: 1) == [7])
      }
    }

    @Test(
      "Offloaded work comes back to its connection, if that lives",
      arguments: Server.BackendName.each)
    func offload(_ backend: Server.BackendName) throws {
      let journal = Journal()
      let pool = try OffloadPool(threads: 2, limit: 4)
      let gate = Gate()
      var script = Self.script(journal)
      script.received = { _, bytes, connection in
        let handle = connection.handle(for: Watched<Scripted>.self)
        for index in bytes.indices {
          let byte = bytes[index]
          let taken = handle.offload(to: pool) {
            if byte == 0xFF { gate.hold() }
            return Int(byte) + 1
          }
          if !taken { connection.write("busy") }
        }
      }
      try serve(backend, journal: journal, script: script) { server in
        let (client, dying) = (try server.client(), try server.client())
        for byte in 0..<100 as Range<UInt8> {
          try client.send([byte])
          #expect(try client.receive(exactly: 1) == [byte + 1])
        }
        // Two are held, four wait, the seventh is refused.
        try dying.send([0xFF, 0xFF])
        #expect(eventually { gate.total == 2 })
        try client.send([1, 2, 3, 4, 5])
        #expect(try client.receive(exactly: 4) == Array("busy".utf8))
        dying.reset()
        #expect(journal.wait { $0.closed == 1 })
        gate.open()
        #expect(Set(try client.receive(exactly: 4)) == [2, 3, 4, 5])
      }
      pool.close()
      #expect(!pool.submit {})
    }
  }
}

/// Where threads are held until it opens.
final class Gate: Sendable {
  private let state = Lock((held: 0, isOpen: false))

  var isHeld: Bool { total > 0 }
  /// How many have come.
  var total: Int { state.withLock { $0.held } }
  func count() { state.withLock { $0.held += 1 } }
  func open() {
    state.withLock { $0 = (0, true) }
  }

  /// Waits here, as long as a test waits for anything at most.
  func hold() {
    count()
    _ = eventually { state.withLock { $0.isOpen } }
  }
}
