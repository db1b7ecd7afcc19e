import TestSupport
import Testing

@testable import Switchboard

@Suite("Keys, events and sets")
struct ReadinessTests {
  @Test("A key is the same after 64 bits")
  func key() {
    var random = SeededGenerator(seed: 4)
    for raw in [0, 1, .max, 0xFFFF_FFFF, 1 << 32] + (0..<100).map({ _ in random.next() }) {
      let key = Key(rawValue: raw)
      #expect(key.rawValue == raw)
      #expect(Key(index: key.index, generation: key.generation) == key)
    }
    let key = Key(index: 7, generation: 3)
    #expect(key.rawValue == 0x0000_0003_0000_0007)
    #expect("\(key)" == "7.3")
  }

  @Test("A registration is the same after its key, and no two share one")
  func registration() {
    var seen: Set<Key> = []
    for index: UInt32 in [0, 1, 2, 1 << 30 - 1] {
      for generation: UInt32 in [0, 1, .max] {
        let key = Key(index: index, generation: generation)
        for registration: Registration in [.peer(key), .watch(key), .listener(key)] {
          #expect(same(Registration(registration.key), registration))
          #expect(seen.insert(registration.key).inserted)
        }
      }
    }
    for registration in [Registration.waker, .signals] {
      #expect(same(Registration(registration.key), registration))
      #expect(seen.insert(registration.key).inserted)
    }
  }

  private func same(_ a: Registration, _ b: Registration) -> Bool {
    switch (a, b) {
    case (.peer(let a), .peer(let b)), (.watch(let a), .watch(let b)),
      (.listener(let a), .listener(let b)):
      a == b
    case (.waker, .waker), (.signals, .signals): true
    default: false
    }
  }

  @Test("Interests are written as in the tables")
  func interest() {
    let all: [Interest] = [[], .read, .write, [.read, .write]]
    #expect(all.map(\.description) == ["-", "R", "W", "RW"])
  }

  @Test("An event buffer holds what fits, and forgets on request")
  func events() {
    var buffer = EventBuffer(capacity: 3)
    buffer.append(Key(rawValue: 9), [])
    #expect(buffer.count == 0)
    for number in 0..<5 { buffer.append(Key(rawValue: UInt64(number)), .read) }
    #expect(buffer.count == 3 && buffer.isFull)
    #expect((0..<3).map { buffer[$0].key.rawValue } == [0, 1, 2])
    buffer.removeAll()
    #expect(buffer.count == 0 && !buffer.isFull)
    buffer.append(Key(rawValue: 8), .hangUp)
    #expect(buffer[0] == Event(key: Key(rawValue: 8), readiness: .hangUp))
    let smallest = EventBuffer(capacity: -1)
    #expect(smallest.capacity == 1)
  }

  @Test("An event beyond the count is refused", arguments: [-1, 1, 2])
  func eventBounds(_ index: Int) async {
    await #expect(processExitsWith: .failure) { [index = index as Int] in
      var buffer = EventBuffer(capacity: 2)
      buffer.append(Key(rawValue: 1), .read)
      _ = buffer[index]
    }
  }

  /// A set between two words that must not change.
  private struct Guarded {
    var before: UInt64 = 0xAAAA_AAAA_AAAA_AAAA
    var set = DescriptorSet()
    var after: UInt64 = 0x5555_5555_5555_5555
  }

  @Test("A descriptor set holds 0 to 1023, and touches nothing beyond")
  func descriptorSet() {
    #expect(MemoryLayout<DescriptorSet>.size == 128)
    var guarded = Guarded()
    for outside: Int32 in [-1, 1024, 1025, 1030, 1087, 1088, 4096, .max, .min, -1024] {
      guarded.set[outside] = true
      #expect(!guarded.set[outside])
    }
    #expect((0..<16).allSatisfy { guarded.set.word($0) == 0 })
    for inside: Int32 in 0..<1024 {
      guarded.set[inside] = true
      #expect(guarded.set[inside])
      #expect(guarded.set.word(Int(inside / 64)) == 1 << UInt64(inside % 64))
      guarded.set[inside] = false
      #expect(!guarded.set[inside])
    }
    #expect(guarded.before == 0xAAAA_AAAA_AAAA_AAAA)
    #expect(guarded.after == 0x5555_5555_5555_5555)
  }
}
