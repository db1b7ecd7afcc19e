import TestSupport
import Testing

@testable import Switchboard

extension Engine {
  @Suite struct Pools {
    @Test("Work is done, each piece once, and close waits for it")
    func offload() throws {
      let pool = try OffloadPool(threads: 3, limit: 100_000)
      let done = Lock(Set<Int>())
      for number in 0..<20_000 {
        #expect(pool.submit { _ = done.withLock { $0.insert(number) } })
      }
      pool.close()
      #expect(done.withLock { $0.count } == 20_000)
      #expect(!pool.submit {})
      pool.close()
    }

    @Test("A pool that is never idle keeps nothing of what is done")
    func offloadMemory() throws {
      final class Token: Sendable {}
      let pool = try OffloadPool(threads: 1, limit: 10)
      let gate = Gate()
      #expect(pool.submit { gate.hold() })
      #expect(eventually { gate.isHeld })
      weak var token: Token?
      do {
        let made = Token()
        token = made
        #expect(pool.submit { _ = made })
      }
      // Something always waits behind it.
      for _ in 0..<8 { #expect(pool.submit { gate.hold() }) }
      #expect(token != nil)
      gate.open()
      pool.close()
      #expect(token == nil)
    }

    @Test("An outbox gives back what was put in, and its memory", arguments: 0..<8 as Range<UInt64>)
    func outboxes(seed: UInt64) {
      var random = SeededGenerator(seed: seed)
      let pool = OutboxPool()
      var places = [UInt32](repeating: 0, count: 8)
      var models = [[UInt8]](repeating: [], count: 8)
      for _ in 0..<500 {
        let index = Int.random(in: 0..<8, using: &random)
        let size = [0, 1, 100, 16384, 16385, 60_000].randomElement(using: &random) ?? 0
        let bytes = pattern(size, from: Int.random(in: 0..<1000, using: &random))
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4:
          bytes.withUnsafeBytes { pool.append($0, to: &places[index]) }
          models[index] += bytes
        case 4:
          bytes.withUnsafeBytes { pool.prepend($0, to: &places[index]) }
          models[index] = bytes + models[index]
        case 5:
          pool.free(&places[index])
          models[index] = []
        case 6:
          pool.append(SharedBytes(bytes.span), to: &places[index])
          models[index] += bytes
        default:
          let front = pool.front(places[index])
          #expect(models[index].starts(with: front))
          #expect(front.isEmpty == models[index].isEmpty)
          let count = Int.random(in: 0...max(front.count, 1), using: &random)
          pool.consume(count, from: &places[index])
          models[index].removeFirst(min(count, front.count))
        }
        #expect(pool.count(places[index]) == models[index].count)
        #expect((places[index] == 0) == models[index].isEmpty)
        #expect(pool.total == places.reduce(0) { $0 + pool.held($1) })
        #expect(pool.held(places[index]) <= models[index].count)
      }
      for index in places.indices { pool.free(&places[index]) }
      #expect(pool.total == 0)
    }
  }
}
