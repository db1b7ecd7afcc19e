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
}
