import TestSupport
import Testing

@testable import Switchboard

@Suite("Outbox pool")
struct OutboxPoolTests {
  /// A pool beside the plainest possible model of it: an array of bytes for each place.
  private struct Pair: ~Copyable {
    let pool = OutboxPool()
    var places = [UInt32](repeating: 0, count: 6)
    var model = [[UInt8]](repeating: [], count: 6)
    var random: SeededGenerator
    var nextByte: UInt8 = 0

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// Mostly a few bytes, sometimes about as many as a buffer holds.
    mutating func bytes() -> [UInt8] {
      let most = [4, 40, 16383, 16384, 16385, 40_000].randomElement(using: &random) ?? 4
      return (0..<Int.random(in: most / 2...most, using: &random)).map { _ in
        nextByte = nextByte % 251 + 1
        return nextByte
      }
    }

    mutating func step() {
      let index = Int.random(in: places.indices, using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4:
        let bytes = bytes()
        bytes.withUnsafeBytes { pool.append($0, to: &places[index]) }
        model[index] += bytes
      case 4:
        let bytes = bytes()
        bytes.withUnsafeBytes { pool.prepend($0, to: &places[index]) }
        model[index] = bytes + model[index]
      case 5: pool.append(UnsafeRawBufferPointer(start: nil, count: 0), to: &places[index])
      case 6: pool.prepend(UnsafeRawBufferPointer(start: nil, count: 0), to: &places[index])
      case 7 where Bool.random(using: &random):
        pool.free(&places[index])
        model[index] = []
      default: consume(index)
      }
      check()
    }

    /// A part of what is in front goes, or all of it.
    mutating func consume(_ index: Int) {
      let front = pool.front(places[index])
      #expect(front.elementsEqual(model[index].prefix(front.count)))
      #expect(!front.isEmpty || model[index].isEmpty, "there is something, and nothing in front")
      let taken =
        Bool.random(using: &random) ? front.count : Int.random(in: 0...front.count, using: &random)
      pool.consume(taken, from: &places[index])
      model[index].removeFirst(taken)
    }

    func check() {
      for index in places.indices {
        #expect(pool.count(places[index]) == model[index].count)
        #expect((places[index] == 0) == model[index].isEmpty, "a place for nothing, or none")
      }
      #expect(pool.total == model.reduce(0) { $0 + $1.count })
      let taken = places.filter { $0 != 0 }
      #expect(Set(taken).count == taken.count, "two have one place")
      #expect(taken.allSatisfy { $0 <= places.count }, "a place is new, although one was given up")
    }

    /// Everything goes out as it came in.
    mutating func empty() {
      for index in places.indices {
        while places[index] != 0 { consume(index) }
        #expect(model[index].isEmpty)
      }
      check()
    }
  }

  @Test(
    "What goes in comes out, in order, from every place", arguments: 1...8 as ClosedRange<UInt64>)
  func order(seed: UInt64) {
    var pair = Pair(seed: seed)
    for _ in 0..<300 { pair.step() }
    pair.empty()
  }

  @Test("More than there is cannot be consumed, nor less than nothing")
  func bounds() {
    let pool = OutboxPool()
    var place: UInt32 = 0
    pool.consume(1, from: &place)
    [1, 2, 3].withUnsafeBytes { pool.append($0, to: &place) }
    _ = pool.front(place)
    let all = pool.count(place)
    pool.consume(-1, from: &place)
    #expect(pool.count(place) == all)
    pool.consume(.max, from: &place)
    #expect(place == 0)
    #expect(pool.total == 0)
    pool.free(&place)
    #expect(pool.count(place) == 0)
    #expect(pool.front(place).isEmpty)
  }

  /// A ring may be reading what is in front.
  @Test("Bytes in front stay where they are until they are consumed")
  func stays() {
    let pool = OutboxPool()
    var place: UInt32 = 0
    let bytes = [UInt8](repeating: 7, count: 5000)
    bytes.withUnsafeBytes { pool.append($0, to: &place) }
    let front = pool.front(place)
    for _ in 0..<20 { bytes.withUnsafeBytes { pool.append($0, to: &place) } }
    let again = pool.front(place)
    #expect(again.baseAddress == front.baseAddress)
    #expect(again.count == front.count)
    pool.consume(1, from: &place)
    let rest = pool.front(place)
    #expect(rest.baseAddress == front.baseAddress.map { $0 + 1 })
    #expect(rest.count == front.count - 1)
  }

  @Test("A piece behind many bytes is as little work as one behind few")
  func pieces() {
    let pool = OutboxPool()
    var place: UInt32 = 0
    let bytes = [UInt8](repeating: 7, count: 16 << 20)
    bytes.withUnsafeBytes { bytes in
      pool.append(bytes, to: &place)
      pool.append(UnsafeRawBufferPointer(rebasing: bytes[..<9]), to: &place)
      let before = Mapped.processorTime
      for _ in 0..<300 {
        pool.append(UnsafeRawBufferPointer(rebasing: bytes[..<9]), to: &place)
      }
      #expect(Mapped.processorTime - before < 0.3)
    }
    pool.free(&place)
  }

  @Test("Large buffers are given back: when they are sent, exchanged, given up, and with the pool")
  func memory() {
    let bytes = [UInt8](repeating: 7, count: 8 << 20)
    for isCurrent in [true, false] {
      let isBounded = Mapped.isBounded(rounds: 12) {
        let pool = OutboxPool()
        var place: UInt32 = 0
        bytes.withUnsafeBytes { pool.append($0, to: &place) }
        if isCurrent { _ = pool.front(place) }
      }
      #expect(isBounded, "with the pool")
    }
    let pool = OutboxPool()
    for way in 0..<4 {
      let isBounded = Mapped.isBounded(rounds: 12) {
        var place: UInt32 = 0
        bytes.withUnsafeBytes { bytes in
          pool.append(bytes, to: &place)
          if way == 0 { pool.append(UnsafeRawBufferPointer(rebasing: bytes[..<9]), to: &place) }
          if way == 1 {
            _ = pool.front(place)
            pool.prepend(UnsafeRawBufferPointer(rebasing: bytes[..<9]), to: &place)
          }
        }
        if way == 2 { pool.consume(pool.front(place).count, from: &place) }
        pool.free(&place)
      }
      #expect(isBounded, "way \(way)")
    }
  }
}
