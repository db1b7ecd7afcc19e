internal import CKernel

/// The memory that a ring receives into: buffers that the kernel fills in increments, one message
/// behind the other, and that go back when they are used up and read.
///
/// Its size adapts. Messages of a few bytes want little memory that stays in the innermost cache;
/// large ones want much, since a receive that finds no buffer has to be armed anew. There are three
/// tiers; running out moves one up at once, and a long time of small turns moves one down. The highest
/// has 1 MiB: that is the most that one turn brings, so the most that one peer can send in a turn, and
/// that has to be held for it where it was stopped in the middle of it. With 4 MiB a hundred peers that
/// sent and never read made a ring hold 257 MiB, and messages of 16 KiB were served no faster.
///
/// What receives bring that stay armed and what others bring never share buffers: where bytes lie follows from the
/// order in which they are told of, and those are told of apart. So there may be two of these.
@safe
struct ReceiveBuffers<System: RingKernel>: ~Copyable {
  /// Buffers of a tier, and the bytes of each.
  private static var tiers: [(count: Int, size: Int)] {
    [(4, 16 << 10), (4, 64 << 10), (4, 256 << 10)]
  }
  private static var entries: UInt32 { 64 }
  private static var perTier: Int { 16 }

  /// The group that they are registered as.
  let group: UInt16
  /// The first of their numbers.
  private let firstID: Int
  private let ring: ByteRegion
  private let memory: ByteRegion
  private let offsets: InlineArray<3, Int>
  private let sizes: InlineArray<3, Int>
  private let counts: InlineArray<3, Int>
  /// Where the next bytes in a buffer will lie, by buffer.
  private var filled = InlineArray<64, UInt32>(repeating: 0)
  private var isOut = InlineArray<64, Bool>(repeating: false)
  private var tail: UInt16 = 0
  private(set) var tier = 0
  private let lowest: Int
  private let highest: Int
  private var turnBytes = 0
  private var quietTurns = 0
  /// How often the kernel found no buffer.
  private(set) var shortages = 0
  private(set) var highestTier = 0
  private var wasShort = false

  /// - Parameters:
  ///   - allowed: Which tiers may be used; tests force exhaustion with the lowest alone.
  ///   - group: What they are registered as.
  ///   - firstID: The first of their numbers.
  init(
    _ target: Ring<System>, tiers allowed: ClosedRange<Int>, group: UInt16 = 0, firstID: Int = 0
  ) throws(SystemError) {
    let tiers = Self.tiers
    var offsets = InlineArray<3, Int>(repeating: 0)
    var (sizes, counts) = (offsets, offsets)
    var total = 0
    for index in tiers.indices {
      offsets[index] = total
      sizes[index] = tiers[index].size
      counts[index] = tiers[index].count
      total += tiers[index].size * tiers[index].count
    }
    let ring = try ByteRegion(count: Int(Self.entries) * 16)
    let memory = try ByteRegion(count: total)
    let (raw, start, system) = unsafe (target.raw, ring.start, target.system)
    try system.must(.ringRegister) {
      unsafe system.ringRegisterBuffers(
        OpaquePointer(raw), UnsafeMutableRawPointer(start), entries: Self.entries, group: group,
        isIncremental: true)
    }
    (self.group, self.firstID) = (group, firstID)
    self.ring = ring
    self.memory = memory
    self.offsets = offsets
    self.sizes = sizes
    self.counts = counts
    lowest = max(0, allowed.lowerBound)
    highest = min(tiers.count - 1, allowed.upperBound)
    tier = lowest
    for index in 0..<counts[tier] { give(tier * Self.perTier + index) }
    publish()
  }

  /// Where `count` received bytes lie. The buffer is used up when `isLast`: give it ``back(_:)``
  /// when they have been read.
  ///
  /// - Parameter id: The buffer's number, counted from the first of them.
  @inline(__always)
  mutating func take(_ id: Int, _ count: Int) -> UnsafeMutablePointer<UInt8>? {
    let tier = id / Self.perTier
    guard id >= 0, tier < counts.count, id % Self.perTier < counts[tier] else { return nil }
    let offset = Int(filled[id])
    guard count <= sizes[tier] - offset else { return nil }
    filled[id] = UInt32(offset + count)
    turnBytes += count
    return unsafe memory.start + offsets[tier] + (id % Self.perTier) * sizes[tier] + offset
  }

  /// A buffer is used up and read. It is given to the kernel again, unless its tier is out of use.
  mutating func back(_ id: Int) {
    guard isOut.indices.contains(id) else { return }
    isOut[id] = false
    guard id / Self.perTier == tier else { return }
    give(id)
    publish()
  }

  /// The kernel found no buffer: move a tier up. The lower one's are not given out again.
  mutating func ranOut() {
    shortages += 1
    quietTurns = 0
    // All connections of a turn run out of the same buffers.
    guard tier < highest, !wasShort else { return }
    wasShort = true
    tier += 1
    highestTier = max(highestTier, tier)
    giveTier()
  }

  /// Ends a turn: after 4,096 in a row that needed a quarter of the tier below, that one will do.
  @inline(__always)
  mutating func endTurn() {
    if tier > lowest {
      let below = sizes[tier - 1] * counts[tier - 1]
      quietTurns = turnBytes * 4 < below ? quietTurns + 1 : 0
      if quietTurns > 4096 {
        quietTurns = 0
        tier -= 1
        giveTier()
      }
    }
    turnBytes = 0
    wasShort = false
  }

  private mutating func giveTier() {
    for index in 0..<counts[tier] where !isOut[tier * Self.perTier + index] {
      give(tier * Self.perTier + index)
    }
    publish()
  }

  private mutating func give(_ id: Int) {
    let tier = id / Self.perTier
    filled[id] = 0
    isOut[id] = true
    let start = unsafe memory.start + offsets[tier] + (id % Self.perTier) * sizes[tier]
    unsafe ck_buffers_add(
      ring.start, Self.entries - 1, tail, start, UInt32(sizes[tier]), UInt16(firstID + id))
    tail &+= 1
  }

  private func publish() { unsafe ck_buffers_publish(ring.start, tail) }
}
