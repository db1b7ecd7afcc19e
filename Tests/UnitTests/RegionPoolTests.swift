import Testing

@testable import Switchboard

@Suite("Regions of memory")
struct RegionPoolTests {
  /// Pages, more than are kept, and larger than those that are kept.
  private static let sizes = [1, 4096, 4097, 65536, 131_072, 131_073, 1 << 20]

  @Test("A region is whole, and zero where it must be, however often it was used", arguments: sizes)
  func whole(bytes: Int) throws {
    for round in 0..<40 {
      let start = try #require(RegionPool.take(bytes, isZeroed: true))
      let region = UnsafeMutableRawBufferPointer(start: start, count: bytes)
      #expect(region.allSatisfy { $0 == 0 }, "in round \(round)")
      region.initializeMemory(as: UInt8.self, repeating: 0xA5)
      RegionPool.giveBack(start, bytes)
    }
  }

  @Test("Regions that are in use at once do not overlap", arguments: sizes)
  func apart(bytes: Int) throws {
    var starts: [UnsafeMutableRawPointer] = []
    for number in 0..<24 as Range<UInt8> {
      let start = try #require(RegionPool.take(bytes, isZeroed: false))
      start.initializeMemory(as: UInt8.self, repeating: number, count: bytes)
      starts.append(start)
    }
    for (number, start) in starts.enumerated() {
      let region = UnsafeRawBufferPointer(start: start, count: bytes)
      #expect(region.allSatisfy { $0 == UInt8(number) })
      RegionPool.giveBack(start, bytes)
    }
  }

  /// Takes everything that is kept.
  private func empty() throws -> [(UnsafeMutableRawPointer, Int)] {
    try [4096, 8192, 16384, 32768, 65536, 131_072].flatMap { bytes in
      try (0..<17).map { _ in (try #require(RegionPool.take(bytes, isZeroed: false)), bytes) }
    }
  }

  /// Whether memory with this mark comes, of those that are kept.
  private func comes(_ mark: UInt64, _ bytes: Int) throws -> Bool {
    let starts = try (0..<17).map { _ in try #require(RegionPool.take(bytes, isZeroed: false)) }
    let isThere = starts.contains { $0.load(as: UInt64.self) == mark }
    for start in starts {
      start.storeBytes(of: 0, as: UInt64.self)
      RegionPool.giveBack(start, bytes)
    }
    return isThere
  }

  /// Whether what is marked and dropped comes again, while others use the pool too.
  private func isUsedAgain(_ mark: UInt64, _ bytes: Int, _ drop: () throws -> Void) throws -> Bool {
    for _ in 0..<20 {
      let taken = try empty()
      defer { for (start, bytes) in taken { RegionPool.giveBack(start, bytes) } }
      try drop()
      if try comes(mark, bytes) { return true }
    }
    return false
  }

  @Test("What is given back is used again, but not what a kernel may still write to")
  func again() throws {
    for isPooled in [true, false] {
      let isAgain = try isUsedAgain(0x1234_5678_9ABC_DEF0, 65536) {
        let region = try ByteRegion(count: 65536, isPooled: isPooled)
        region.all.storeBytes(of: 0x1234_5678_9ABC_DEF0, as: UInt64.self)
      }
      #expect(isAgain == isPooled)
    }
    let isTable = try isUsedAgain(0x2345_6789_ABCD_EF01, 32768) {
      var table = try ReservedTable<UInt64>(capacity: 4096)
      table[0] = 0x2345_6789_ABCD_EF01
    }
    let areSlots = try isUsedAgain(0x3456_789A_BCDE_F012, 16384) {
      let slots = try ReservedSlots<UInt64>(capacity: 2048)
      slots.put(0x3456_789A_BCDE_F012, at: 0)
    }
    #expect(isTable && areSlots)
  }

  @Test("Few regions are kept, and no large ones", arguments: [131_072, 131_073])
  func few(bytes: Int) {
    let isBounded = Mapped.isBounded(rounds: 1) {
      let starts = (0..<1024).compactMap { _ in RegionPool.take(bytes, isZeroed: false) }
      for start in starts { RegionPool.giveBack(start, bytes) }
    }
    #expect(isBounded)
  }
}
