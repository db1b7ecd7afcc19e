import Glibc
import Switchboard
import Testing

extension Engine {
  /// What one connection may have of a turn, and what all others must have of it.
  @Suite struct Turns {
    @Test(
      "A timer that is set anew without a delay each time leaves room for everything else",
      arguments: Server.BackendName.alone, [Duration.zero, .seconds(-3)])
    func restless(_ backend: Server.BackendName, _ delay: Duration) throws {
      var script = Scripted.Script()
      script.opened = { _, connection in connection.setTimer(after: delay) }
      script.elapsed = { count, connection in
        count += 1
        connection.setTimer(after: delay)
      }
      script.received = { _, bytes, connection in connection.write(bytes) }
      try serve(backend, script: script) { server in
        let client = try server.client()
        for number in 0..<200 as Range<UInt8> {
          try client.send([number])
          #expect(try client.receive(exactly: 1) == [number])
        }
        #expect(server.journal.wait { $0.elapsed > 3 })
      }
    }

    @Test(
      "A connection whose timer goes off all the time is idle all the same",
      arguments: Server.BackendName.alone)
    func restlessAndIdle(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.opened = { _, connection in connection.setTimer(after: .zero) }
      script.elapsed = { _, connection in connection.setTimer(after: .zero) }
      try serve(backend, options { $0.idleTimeout = .milliseconds(100) }, script: script) {
        server in
        let client = try server.client()
        #expect(try client.receiveToEnd() == [])
        #expect(server.journal.wait { $0.reasons == [.idle] })
      }
    }

    @Test(
      "However many letters wait, others are served between them",
      arguments: Server.BackendName.loops)
    func letters(_ backend: Server.BackendName) throws {
      let journal = Journal()
      var script = Handles.script(journal)
      script.posted = { _, _, _ in }
      script.received = { _, bytes, connection in
        connection.write("\(journal.now.posted.count)\n")
      }
      try serve(backend, journal: journal, script: script) { server in
        let (client, other) = (try server.client(), try server.client())
        #expect(journal.wait { $0.handles.count == 2 })
        let gate = Gate()
        #expect(server.handle.loops[0].run { gate.hold() })
        #expect(eventually { gate.isHeld })
        for number in 0..<20_000 { #expect(journal.now.handles[0].post(number)) }
        try other.send("?")
        gate.open()
        var text = ""
        while !text.hasSuffix("\n") {
          text += String(decoding: try other.receive(exactly: 1), as: UTF8.self)
        }
        #expect((Int(text.dropLast()) ?? .max) < 20_000)
        #expect(journal.wait { $0.posted.count == 20_000 })
        #expect(journal.now.posted == Array(0..<20_000))
        client.close()
      }
    }

    @Test(
      "Bytes behind urgent ones are received, and the urgent ones passed over",
      arguments: Server.BackendName.alone)
    func urgent(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.received = { _, bytes, connection in connection.write(bytes) }
      try serve(backend, script: script) { server in
        for _ in 0..<40 {
          let client = try server.client()
          try client.send("AAAA")
          var byte = UInt8(ascii: "!")
          #expect(Glibc.send(client.descriptor, &byte, 1, Int32(MSG_OOB)) == 1)
          try client.send("CCCC")
          #expect(String(decoding: try client.receive(exactly: 8), as: UTF8.self) == "AAAACCCC")
          client.close()
        }
      }
    }

    @Test(
      "A session knows whose connection it is, also when that has been reset",
      arguments: [.select, .poll, .epoll, .threads, .pool] as [Server.BackendName])
    func resetAtOnce(_ backend: Server.BackendName) throws {
      let journal = Journal()
      var script = Scripted.Script()
      script.opened = { _, connection in
        let address = connection.peerAddress
        journal.with { entries in
          if let address { entries.addresses.append(address) }
        }
      }
      try serve(backend, journal: journal, script: script) { server in
        let gate = Gate()
        #expect(server.handle.loops.first?.run { gate.hold() } ?? true)
        let addresses = try (0..<20).map { _ in
          let client = try server.client()
          defer { client.reset() }
          return client.address
        }
        gate.open()
        #expect(journal.wait { $0.closed == 20 })
        #expect(Set(journal.now.addresses) == Set(addresses))
      }
    }
  }

  /// What connections may hold unsent, one and all together.
  @Suite struct OutboxLimits {
    private static let mebibyte = 1 << 20

    /// Whoever sends a number is written so many MiB.
    private var script: Scripted.Script {
      var script = Scripted.Script()
      script.received = { _, bytes, connection in
        let portion = [UInt8](repeating: 7, count: Self.mebibyte)
        for place in bytes.indices {
          for _ in 0..<bytes[place] { connection.write(portion.span) }
        }
      }
      return script
    }

    @Test(
      "Beyond the limit of all the one that holds the most is closed, not the one that writes next",
      arguments: Server.BackendName.loops)
    func largest(_ backend: Server.BackendName) throws {
      let limits = options {
        $0.outboxLimit = 40 * Self.mebibyte
        $0.totalOutboxLimit = 20 * Self.mebibyte
      }
      try serve(backend, limits, script: script) { server in
        // Kernels take some 4 MiB of what is written to each.
        let greedy = try server.client(receiveBuffer: 4096)
        try greedy.send([19])
        #expect(server.journal.wait { $0.received == 1 })
        var modest: [Client] = []
        while modest.count < 6, server.journal.now.closed == 0 {
          let client = try server.client(receiveBuffer: 4096)
          modest.append(client)
          try client.send([8])
          let count = modest.count
          #expect(server.journal.wait { $0.received == count + 1 })
          // What did not go in its own turn is in the outbox by the next one.
          #expect(server.isPastCallbacks() && server.isPastCallbacks())
        }
        #expect(server.journal.wait { $0.reasons == [.outboxFull] })
        // All of the others get what they were written.
        for client in modest {
          #expect(try client.receive(exactly: 8 * Self.mebibyte).count == 8 * Self.mebibyte)
        }
        #expect(server.journal.now.closed == 1)
      }
    }
  }
}
