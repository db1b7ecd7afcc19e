import Testing

@testable import Switchboard

/// The memory that a ring receives into.
@Suite("Buffers of a ring")
struct RingBufferTests {
  private let kernel = PuppetKernel.make()
  private static let sizes = [16384, 65536, 262_144]

  private func make() throws -> Ring<PuppetKernel> {
    try Ring(entries: 8, completions: 8, system: kernel)
  }

  /// The buffers of a tier.
  private func tier(_ number: Int) -> [[Int]] {
    (0..<4).map { [16 * number + $0, Self.sizes[number]] }
  }

  @Test("A tier's buffers are given at first, of the tiers that may be used", arguments: 0...2)
  func first(_ lowest: Int) throws {
    let ring = try make()
    let buffers = try ReceiveBuffers(ring, tiers: lowest...max(5, lowest))
    #expect(buffers.tier == lowest)
    #expect(kernel.given() == tier(lowest))
  }

  @Test("Running out moves one tier up, once in a turn, and never beyond the highest")
  func up() throws {
    let ring = try make()
    var buffers = try ReceiveBuffers(ring, tiers: -1...5)
    _ = kernel.given()
    for _ in 0..<2 { buffers.ranOut() }
    #expect(buffers.tier == 1 && kernel.given() == tier(1))
    buffers.endTurn()
    buffers.ranOut()
    #expect(buffers.tier == 2 && kernel.given() == tier(2))
    buffers.endTurn()
    buffers.ranOut()
    #expect(buffers.tier == 2 && kernel.given() == [])
    #expect(buffers.highestTier == 2 && buffers.shortages == 4)
    // No further than is allowed.
    var few = try ReceiveBuffers(try make(), tiers: 0...1)
    for _ in 0..<3 {
      few.ranOut()
      few.endTurn()
    }
    #expect(few.tier == 1 && few.highestTier == 1)
  }

  @Test("Bytes lie one behind the other, each buffer apart, and no buffer holds more than it can")
  func places() throws {
    let ring = try make()
    var buffers = try ReceiveBuffers(ring, tiers: 0...2)
    let taken = buffers.take(0, 0)
    let start = try #require(taken)
    for number in 0..<3 {
      let size = Self.sizes[number]
      for index in 0..<4 {
        let id = 16 * number + index
        let before = Self.sizes[..<number].reduce(0, +) * 4 + index * size
        let places = [10, size - 9, size - 10, 1].map { count in
          buffers.take(id, count).map { $0 - start }
        }
        #expect(places == [before, nil, before + 10, nil])
      }
    }
    for id in [4, 20, 36, -1, 48, 64] {
      let none = buffers.take(id, 1)
      #expect(none == nil, "\(id)")
    }
  }

  @Test("Those of another group have numbers of their own, and are named from the first of them")
  func group() throws {
    let ring = try make()
    var buffers = try ReceiveBuffers(ring, tiers: 1...2, group: 2, firstID: 2048)
    #expect(kernel.given(2) == tier(1).map { [2048 + $0[0], $0[1]] })
    let first = buffers.take(2064 - 2048, 1)
    #expect(first != nil)
    for id in [16 - 2048, 2047 - 2048, 2048 - 2048] {
      let none = buffers.take(id, 1 << 16)
      #expect(none == nil, "\(id)")
    }
    buffers.back(16 - 2048)
    #expect(kernel.given(2) == [])
    buffers.back(2064 - 2048)
    #expect(kernel.given(2) == [[2064, 65536]])
  }

  @Test("A buffer that comes back is given again, empty, if its tier is in use; no other is")
  func back() throws {
    let ring = try make()
    var buffers = try ReceiveBuffers(ring, tiers: 0...2)
    _ = kernel.given()
    let first = buffers.take(3, 16384)
    for id in [-1, 64, 65] { buffers.back(id) }
    #expect(kernel.given() == [])
    buffers.back(3)
    #expect(kernel.given() == [[3, 16384]])
    let again = buffers.take(3, 10)
    #expect(again == first)
    buffers.ranOut()
    #expect(kernel.given() == tier(1))
    buffers.back(3)
    #expect(kernel.given() == [])
    buffers.back(17)
    #expect(kernel.given() == [[17, 65536]])
    buffers.back(0)
    // 0 and 3 came back meanwhile; the kernel has the others.
    quiet(&buffers, 1 + 4097)
    #expect(buffers.tier == 0 && kernel.given() == [[0, 16384], [3, 16384]])
  }

  private func quiet(_ buffers: inout ReceiveBuffers<PuppetKernel>, _ turns: Int) {
    for _ in 0..<turns { buffers.endTurn() }
  }

  @Test("A long time of small turns moves one tier down")
  func down() throws {
    let ring = try make()
    var buffers = try ReceiveBuffers(ring, tiers: 0...2)
    for _ in 0..<2 {
      buffers.ranOut()
      buffers.endTurn()
    }
    for tier in [1, 0] {
      quiet(&buffers, tier == 1 ? 4094 : 4096)
      #expect(buffers.tier == tier + 1)
      quiet(&buffers, tier == 1 ? 2 : 1)
      #expect(buffers.tier == tier)
    }
    quiet(&buffers, 5000)
    #expect(buffers.tier == 0)
  }

  @Test("A turn that brought a quarter of the tier below begins that time anew")
  func loud() throws {
    let ring = try make()
    var buffers = try ReceiveBuffers(ring, tiers: 0...1)
    buffers.ranOut()
    buffers.endTurn()
    for (count, isQuiet) in [(16384, false), (16383, true)] {
      quiet(&buffers, 4090)
      // In two parts, one behind the other.
      for part in [1, count - 1] { _ = buffers.take(16, part) }
      quiet(&buffers, 4097)
      #expect(buffers.tier == (isQuiet ? 0 : 1))
      buffers.back(16)
      quiet(&buffers, 1)
      #expect(buffers.tier == 0)
      buffers.ranOut()
      buffers.endTurn()
    }
    quiet(&buffers, 4090)
    buffers.ranOut()
    quiet(&buffers, 4096)
    #expect(buffers.tier == 1)
    quiet(&buffers, 1)
    #expect(buffers.tier == 0)
  }

  // ----------------------------------------------------------------------------- reserve

  @Test(
    "The reserve has from one to 1,024 buffers",
    arguments: [(-1, 1), (0, 1), (1, 1), (3, 3), (16, 16), (2000, 1024)])
  func reserve(_ count: Int, _ made: Int) throws {
    let ring = try make()
    let reserve = try ReserveBuffers(ring, count: count, size: 100)
    #expect(reserve.count == made)
    #expect(kernel.given(1) == (0..<made).map { [64 + $0, 100] })
    let taken = reserve.take(64, 100)
    let start = try #require(taken)
    let last = reserve.take(64 + made - 1, 1)
    #expect(last == start + (made - 1) * 100)
    let others = [reserve.take(64, 101), reserve.take(63, 1), reserve.take(64 + made, 1)]
    #expect(others == [nil, nil, nil])
  }

  @Test("A buffer of the reserve is given again when it comes back, and no other is")
  func reserveBack() throws {
    let ring = try make()
    var reserve = try ReserveBuffers(ring, count: 3, size: 100)
    _ = kernel.given(1)
    for id in [0, 63, 67, 68] { reserve.back(id) }
    #expect(kernel.given(1) == [])
    for id in [66, 64, 65, 64] {
      reserve.back(id)
      #expect(kernel.given(1) == [[id, 100]])
    }
  }
}
