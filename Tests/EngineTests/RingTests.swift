import Glibc
import Testing

@testable import Switchboard
@testable import SwitchboardArticle
@testable import SwitchboardBase

extension Engine {
  /// io_uring where it is narrow: queues, buffers and tables so small that they overflow.
  @Suite struct Rings {
    private static func sizes(_ change: (inout URing<Linux>.Sizes) -> Void) -> URing<Linux>.Sizes {
      var sizes = URing<Linux>.Sizes()
      change(&sizes)
      return sizes
    }

    /// Talks frames on many connections at once, each with long pipelines, and checks every byte.
    private func talk(_ server: TinyRing, clients count: Int, bytes: Int) throws {
      let before = server.journal.now.closed
      let clients = try (0..<count).map { _ in try server.client().greeted() }
      for round in 0..<2 {
        for (number, client) in clients.enumerated() {
          try client.send([0x5E] + pattern(bytes, from: number &+ round) + [0x24])
        }
        for (number, client) in clients.enumerated() {
          let wanted = replies(to: [0x5E] + pattern(bytes, from: number &+ round) + [0x24])
          #expect(try client.receive(exactly: wanted.count) == wanted)
        }
      }
      for client in clients { client.close() }
      #expect(server.journal.wait { $0.closed == before + count })
    }

    @Test("Hurrying behind a send from the outbox does not keep the loop awake")
    func hurriedForNothing() throws {
      var ring = try URing(sizes: URing<Linux>.Sizes(), connections: 8, system: Linux())
      var slots = try SlotTable(capacity: 8)
      let deadline = Linux().now() + .milliseconds(20)
      try ring.wait(until: deadline, isHurried: true)
      while ring.next(&slots) != nil {}
      #expect(Linux().now() >= deadline)
    }

    @Test("A peer that floods while it is paused and resumed does not fill the memory")
    func flood() throws {
      let total = 96 << 20
      let findings = try serve(ring: Self.sizes { _ in }, session: EchoSession()) { server in
        let client = try server.client()
        let block = pattern(1 << 20)
        let sender = try LoopThread {
          for _ in 0..<(total / block.count) { try? client.send(block) }
        }
        for number in 0..<(total / block.count) {
          #expect(try client.receive(exactly: block.count) == block, "block \(number)")
        }
        sender.join()
      }
      // What the receive buffers bring before a pause takes effect, and once more.
      #expect(findings.mostHeld <= 16 << 20)
    }

    @Test("Queues of four and eight entries lose nothing")
    func tinyQueues() throws {
      let sizes = Self.sizes { ($0.entries, $0.completions) = (4, 8) }
      try serve(ring: sizes, session: FramesSession()) { server in
        try talk(server, clients: 200, bytes: 1000)
        try talk(server, clients: 20, bytes: 50_000)
      }
    }

    @Test("Four receive buffers run out, and nothing is lost")
    func fewBuffers() throws {
      let findings = try serve(
        ring: Self.sizes { $0.tiers = 0...0 }, session: FramesSession()
      ) { server in
        try talk(server, clients: 200, bytes: 3000)
        try talk(server, clients: 50, bytes: 100_000)
      }
      #expect(findings.shortages > 0)
      #expect(findings.highestTier == 0)
    }

    @Test("A small arena, and a small table of sends, overflow into the outbox")
    func smallArena() throws {
      for sizes in [Self.sizes { $0.arena = 65536 }, Self.sizes { $0.sendings = 3 }] {
        try serve(ring: sizes, session: FramesSession()) { server in
          try talk(server, clients: 100, bytes: 2000)
          try talk(server, clients: 10, bytes: 200_000)
        }
      }
    }

    @Test("Everything small at once")
    func everything() throws {
      let sizes = Self.sizes {
        ($0.entries, $0.completions, $0.arena, $0.tiers, $0.sendings) = (4, 8, 4096, 0...0, 2)
      }
      try serve(ring: sizes, session: FramesSession()) { server in
        try talk(server, clients: 100, bytes: 500)
        try talk(server, clients: 10, bytes: 100_000)
      }
    }

    @Test("Buffers grow with large messages, and shrink again when it is quiet")
    func tiers() throws {
      let findings = try serve(ring: URing.Sizes(), session: FramesSession()) { server in
        try talk(server, clients: 60, bytes: 16384)
        let client = try server.client().greeted()
        for _ in 0..<14_000 { #expect(try client.ask("^a$") == "b") }
      }
      #expect(findings.highestTier > 0)
      #expect(findings.lastTier < findings.highestTier)
    }

    @Test("Pausing while bytes arrive loses none, with any sizes")
    func pausing() throws {
      let small = Self.sizes { ($0.entries, $0.completions, $0.tiers) = (4, 8, 0...0) }
      for sizes in [URing<Linux>.Sizes(), small] {
        try serve(ring: sizes, session: Scripted(Pausing.halting)) { server in
          let clients = try (0..<5).map { _ in try server.client() }
          for (number, client) in clients.enumerated() {
            try client.send(pattern(50_000, from: number))
            client.finishSending()
          }
          for (number, client) in clients.enumerated() {
            #expect(try client.receiveToEnd() == pattern(50_000, from: number))
          }
        }
      }
    }

    @Test("Closing with a receive and a send under way gives everything back")
    func closeUnderWay() throws {
      var script = Output.generator
      script.opened = { _, connection in connection.setTimer(after: .milliseconds(5)) }
      script.elapsed = { _, connection in connection.abort() }
      let chosen = script
      for entries in [4, 256] as [UInt32] {
        try serve(
          ring: Self.sizes { $0.entries = entries }, options { $0.maxConnections = 40 },
          session: Scripted(chosen)
        ) { server in
          for _ in 0..<3 {
            let clients = try (0..<40).map { _ in try server.client(receiveBuffer: 4096) }
            for client in clients { try client.send("5000000\n") }
            // How far each got is up to the machine's haste.
            for client in clients {
              #expect((try? client.receiveToEnd().count) ?? 0 <= 5_000_000)
            }
          }
          #expect(server.journal.wait { $0.closed == 120 })
          #expect(server.journal.now.reasons.allSatisfy { $0 == .aborted })
        }
      }
    }

    @Test("Ten thousand quick connections, closed in every way, leave nothing behind")
    func quick() throws {
      try serve(ring: URing.Sizes(), options { $0.maxConnections = 50 }, session: FramesSession()) {
        server in
        for batch in 0..<200 {
          let clients = try (0..<50).map { _ in try server.client() }
          for (number, client) in clients.enumerated() {
            if (number + batch) % 3 != 0 { try client.send("^ab$") }
          }
          for (number, client) in clients.enumerated() {
            if (number + batch) % 5 == 0 {
              #expect(try client.receive(exactly: 1) == [0x2A])
              if (number + batch) % 3 != 0 {
                #expect(try client.receive(exactly: 2) == [0x62, 0x63])
              }
            }
            if number % 2 == 0 { client.reset() } else { client.close() }
          }
        }
        #expect(server.journal.wait { $0.closed == $0.opened && $0.alive == 0 })
        // Its places are all there again.
        let clients = try (0..<50).map { _ in try server.client().greeted() }
        for client in clients { #expect(try client.ask("^z$") == "{") }
      }
    }

    @Test("A completion of a former connection finds nobody")
    func generations() throws {
      var slots = try SlotTable(capacity: 4)
      let ring = try URing(sizes: URing<Linux>.Sizes(), connections: 4, system: Linux())
      let first = slots.take(descriptor: 0)
      let stale = ring.userData(.receive, first)
      #expect(ring.key(stale, slots) == first)
      slots.giveBack(first)
      #expect(ring.key(stale, slots) == nil)
      let second = slots.take(descriptor: 0)
      #expect(second.index == first.index)
      #expect(ring.key(stale, slots) == nil)
      #expect(ring.key(ring.userData(.receive, second), slots) == second)
    }
  }
}
