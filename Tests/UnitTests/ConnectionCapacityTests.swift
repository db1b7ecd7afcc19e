import Testing

@testable import Switchboard

@Suite("How many connections there is room for")
struct ConnectionCapacityTests {
  @Test("Of the descriptors 32 are left for everything else, and of few half")
  func usable() {
    for (descriptors, usable) in [
      (0, 1), (1, 1), (2, 1), (16, 8), (63, 32), (64, 32), (65, 33), (1024, 992),
      (.max, .max - 32),
    ] {
      #expect(ConnectionCapacity.usable(descriptors) == usable, "of \(descriptors)")
      #expect(
        ConnectionCapacity.of(wanted: nil, descriptors: descriptors) == min(usable, 1 << 20))
    }
  }

  @Test("Wishes are granted, unless no machine could")
  func wishes() {
    // The limit of descriptors may yet be raised.
    for wanted in [1, 2, 5000, 1 << 20] {
      #expect(ConnectionCapacity.of(wanted: wanted, descriptors: 1024) == wanted)
    }
    #expect(ConnectionCapacity.of(wanted: 1 << 20 + 1, descriptors: 1024) == 1 << 20)
    #expect(ConnectionCapacity.of(wanted: .max, descriptors: 2 << 20) == 2 << 20 - 32)
    #expect(ConnectionCapacity.of(wanted: .max, descriptors: .max) == 1 << 24)
    #expect(ConnectionCapacity.of(wanted: 0, descriptors: 1024) == 1)
    #expect(ConnectionCapacity.of(wanted: -1, descriptors: 1024) == 1)
  }

  @Test("Of several loops each holds a small limit alone, and twice its share of a large one")
  func loops() {
    #expect(ConnectionCapacity.ofLoop(4, loops: 2) == 4)
    #expect(ConnectionCapacity.ofLoop(65536, loops: 64) == 65536)
    #expect(ConnectionCapacity.ofLoop(1 << 20, loops: 4) == 1 << 19)
    #expect(ConnectionCapacity.ofLoop(1 << 20, loops: 1) == 1 << 20)
    #expect(ConnectionCapacity.ofLoop(1 << 20, loops: 0) == 1 << 20)
    #expect(ConnectionCapacity.ofLoop(100_000, loops: 64) == 65536)
  }
}
