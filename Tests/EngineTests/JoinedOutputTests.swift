import SwitchboardArticle
import Testing

@testable import Switchboard

extension Engine {
  /// Output of one connection from several completions of a turn.
  @Suite struct JoinedOutput {
    /// A ring with one connection, which has sent nothing.
    private struct Pair: ~Copyable {
      var ring: URing<Linux>
      var slots: SlotTable
      let key: Key
      let client: Client

      /// What a callback would write.
      mutating func write(_ bytes: [UInt8]) {
        let region = ring.outputRegion(for: key)
        for (place, byte) in bytes.enumerated() { region.start[place] = byte }
      }

      mutating func send(_ bytes: [UInt8]) {
        write(bytes)
        _ = ring.sendOutput(bytes.count, key, &slots)
      }

      /// Joins what was written.
      mutating func join(_ count: Int, as other: Key? = nil, atMost limit: Int = 1 << 20) -> Bool {
        ring.joinOutput(count, other ?? key, atMost: limit)
      }

      mutating func turn() throws {
        try ring.wait(until: Linux().now(), isHurried: false)
        while ring.next(&slots) != nil {}
      }
    }

    private func withPair(
      _ sizes: URing<Linux>.Sizes = URing.Sizes(), _ body: (inout Pair) throws -> Void
    ) throws {
      var ring = try URing(sizes: sizes, connections: 8, system: Linux())
      var slots = try SlotTable(capacity: 8)
      let listener = try Listener(on: .loopback(port: 0), system: Linux())
      ring.listen(listener.descriptor)
      ring.setRoom(1, within: nil)
      let client = try Client(to: listener.address.port)
      let key = slots.take(descriptor: try accepted(&ring, &slots))
      try ring.open(key, &slots)
      ring.setRoom(0, within: nil)
      var pair = Pair(ring: ring, slots: slots, key: key, client: client)
      try body(&pair)
    }

    private func accepted(_ ring: inout URing<Linux>, _ slots: inout SlotTable) throws -> Int32 {
      for _ in 0..<100 {
        try ring.wait(until: Linux().now() + .milliseconds(100), isHurried: false)
        while let completion = ring.next(&slots) {
          if completion.kind == .accepted { return Int32(completion.value) }
        }
      }
      throw SystemError(.accept, .wouldBlock)
    }

    private func expect(
      _ pair: inout Pair, _ wanted: Bool, _ count: Int, as other: Key? = nil
    ) {
      let hasJoined = pair.join(count, as: other)
      #expect(hasJoined == wanted)
    }

    @Test("Output behind output of the same turn goes with it, in one send")
    func joined() throws {
      try withPair { pair in
        pair.send(Array("one, ".utf8))
        let entry = pair.ring.ring.lastEntry
        pair.write(Array("two, ".utf8))
        expect(&pair, true, 5)
        pair.write(Array("three".utf8))
        expect(&pair, true, 5)
        let last = pair.ring.ring.lastEntry
        #expect(last == entry)
        try pair.turn()
        #expect(try pair.client.receive(exactly: 15) == Array("one, two, three".utf8))
      }
    }

    @Test("What the kernel has seen, or another's output lies behind, is joined no more")
    func notJoined() throws {
      try withPair { pair in
        expect(&pair, false, 1)
        pair.send(Array("a".utf8))
        expect(&pair, false, 1, as: Key(index: pair.key.index + 1, generation: pair.key.generation))
        try pair.turn()
        expect(&pair, false, 1)
        #expect(try pair.client.receive(exactly: 1) == Array("a".utf8))
      }
    }

    @Test("Outputs of one turn together are held to the limit of an outbox")
    func limit() throws {
      try withPair { pair in
        pair.send([UInt8](repeating: 1, count: 100))
        let beyond = pair.join(51, atMost: 150)
        let within = pair.join(50, atMost: 150)
        let more = pair.join(1, atMost: 150)
        #expect(!beyond && within && !more)
        try pair.turn()
        #expect(try pair.client.receive(exactly: 150).count == 150)
      }
    }

    @Test("A full arena has no room to join in")
    func noRoom() throws {
      var sizes = URing<Linux>.Sizes()
      sizes.arena = 4096
      try withPair(sizes) { pair in
        let first = [UInt8](repeating: 1, count: 4090)
        pair.send(first)
        let room = pair.ring.outputRegion(for: pair.key).capacity
        #expect(room == 6)
        expect(&pair, false, 7)
        try pair.turn()
        #expect(try pair.client.receive(exactly: 4090) == first)
      }
    }

    @Test("Frames that lie across receive buffers are answered exactly, and wait in no outbox")
    func acrossBuffers() throws {
      let payload = (0..<40_000).map { UInt8(truncatingIfNeeded: $0 % 30) }
      try serve(ring: URing.Sizes(), session: FramesSession()) { server in
        let client = try server.client().greeted()
        for _ in 0..<50 {
          try client.send([0x5E] + payload + [0x24])
          #expect(try client.receive(exactly: payload.count) == payload.map { $0 &+ 1 })
        }
      }
    }
  }
}
