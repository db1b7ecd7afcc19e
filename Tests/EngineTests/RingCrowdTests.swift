import SwitchboardArticle
import Testing

@testable import Switchboard

extension Engine {
  /// A ring whose peers all have something at once: more than its buffers, its queues or one of its turns
  /// hold.
  @Suite struct RingCrowds {
    private static func sizes(_ change: (inout URing<Linux>.Sizes) -> Void) -> URing<Linux>.Sizes {
      var sizes = URing<Linux>.Sizes()
      change(&sizes)
      return sizes
    }

    /// Each was armed anew in each turn, found no buffer, and was armed anew.
    @Test("What a crowd sends costs as many receives as it has bytes", arguments: [40, 150, 300])
    func storm(count: Int) throws {
      let findings = try serve(
        ring: Self.sizes { $0.tiers = 0...0 }, session: FramesSession()
      ) { server in
        let clients = try (0..<count).map { _ in try server.client().greeted() }
        let frame = [0x5E] + pattern(20_000) + [0x24]
        try server.holding { for client in clients { try client.send(frame) } }
        let wanted = replies(to: frame)
        for client in clients { #expect(try client.receive(exactly: wanted.count) == wanted) }
      }
      #expect(findings.shortages > 0)
      #expect(findings.shortages <= 3 * count + 64)
    }

    /// Tells who was given how many bytes.
    private struct Tally: Session {
      let log: Lock<[(sender: UInt8, count: Int)]>
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        let (sender, count) = (bytes[0], bytes.count)
        log.withLock { $0.append((sender, count)) }
      }
    }

    /// All buffers went to whoever was armed first, in turn after turn.
    @Test(
      "A peer is heard although others send as fast as they can", arguments: [1, 3, 20],
      [0...0, 0...2])
    func flooded(flooders count: Int, tiers: ClosedRange<Int>) throws {
      let log = Lock<[(sender: UInt8, count: Int)]>([])
      let (flood, voice) = (UInt8(ascii: "f"), UInt8(ascii: "v"))
      try serve(ring: Self.sizes { $0.tiers = tiers }, session: Tally(log: log)) { server in
        let flooders = try (0..<count).map { _ in try server.client() }
        let quiet = try server.client()
        #expect(server.journal.wait { $0.opened == count + 1 })
        let block = [UInt8](repeating: flood, count: 1 << 18)
        try server.holding {
          for flooder in flooders { while flooder.sendWhatFits(block) > 0 {} }
          try quiet.send([voice])
        }
        let isHeard = Lock(false)
        let sender = try LoopThread {
          while !isHeard.withLock({ $0 }) {
            for flooder in flooders { _ = flooder.sendWhatFits(block) }
          }
        }
        #expect(eventually { log.withLock { $0.contains { $0.sender == voice } } })
        isHeard.withLock { $0 = true }
        sender.join()
      }
      let before = log.withLock { $0.prefix { $0.sender == flood }.reduce(0) { $0 + $1.count } }
      // Two turns: what the buffers hold, and one budget for each of those that found none.
      #expect(before <= 2 << 20 + count * 3 * 65536)
    }

    /// The answers to the questions for their addresses found the queue of completions full.
    @Test(
      "All of a burst are served where addresses are limited", arguments: [(8, 150), (64, 600)])
    func burst(completions: Int, clients count: Int) throws {
      let limit = options { $0.maxConnectionsPerAddress = count }
      let sizes = Self.sizes { ($0.entries, $0.completions) = (8, UInt32(completions)) }
      try serve(ring: sizes, limit, session: FramesSession()) { server in
        var clients: [Client] = []
        try server.holding { clients = try (0..<count).map { _ in try server.client() } }
        for client in clients { #expect(try client.greeted().ask("^in$") == "jo") }
        #expect(server.journal.now.notices == [])
      }
    }

    @Test("Of a burst, as many are served as an address may have", arguments: [3, 50])
    func refused(limit: Int) throws {
      let limited = options { $0.maxConnectionsPerAddress = limit }
      let sizes = Self.sizes { ($0.entries, $0.completions) = (4, 16) }
      try serve(ring: sizes, limited, session: FramesSession()) { server in
        var clients: [Client] = []
        try server.holding { clients = try (0..<200).map { _ in try server.client() } }
        var served = 0
        for client in clients {
          if (try? client.receive(exactly: 1)) == [0x2A] { served += 1 }
        }
        #expect(served == limit)
        let first = server.journal.now.notices.first
        guard case .addressLimit(_, limit) = first else {
          Issue.record("the first refusal was not told: \(String(describing: first))")
          return
        }
        // The rest is counted, and told when the address has gone.
        for client in clients { client.close() }
        let isTold = eventually {
          guard case .addressRefusals(_, let count) = server.journal.now.notices.last else {
            return false
          }
          return count == 200 - limit
        }
        #expect(isTold)
      }
    }

    /// A kernel that takes no entries for a while, and then does: a callback does not wait for that.
    @Test("Entries that find a full queue wait, and are submitted in order", arguments: [4, 64])
    func spilled(entries: Int) throws {
      let isRefusing = Lock(true)
      let told = Lock<[UInt64]>([])
      let faults = CallFaults { point, number in
        if point == .operation(.cancel) { told.withLock { $0.append(number) } }
        return point == .call(.ringEnter) && isRefusing.withLock { $0 } ? Errno(rawValue: 16) : nil
      }
      let ring = try Ring(
        entries: UInt32(entries), completions: 4096, system: Faulty(Linux(), faults))
      for number in 0..<500 {
        // A cancellation of nothing.
        let entry = unsafe ring.entry()
        unsafe entry.pointee.opcode = 14
        unsafe entry.pointee.addr = UInt64(number)
      }
      #expect(ring.hasSpilled)
      isRefusing.withLock { $0 = false }
      for _ in 0..<500 where ring.hasSpilled { #expect(ring.enter(least: 0, until: nil) == nil) }
      #expect(ring.enter(least: 0, until: nil) == nil)
      #expect(told.withLock { $0 } == (0..<500).map { UInt64($0 & 0xFF) })
    }
  }
}
