/// A hash table whose keys are bytes, looked up by a span of them.
///
/// It never grows all at once: it is made of segments of at most 1,024 places, and one that is full is divided in
/// two, by the next bit of its keys' hashes (extendible hashing: R. Fagin and others, 1979). So the longest that an
/// insertion takes is the moving of a segment's keys, some microseconds, and once in a doubling the copying of a
/// directory of four bytes a segment. A segment is open-addressed with linear probing; what is removed leaves
/// nothing behind. Segments are not joined again; a table that becomes empty gives all of them back.
///
/// Whoever uses it hashes the keys, with a seed that peers do not know.
struct ByteTable<Payload> {
  /// Where a key is, until the next insertion or removal.
  struct Place {
    let segment: Int
    let slot: Int
  }

  private(set) var count = 0
  /// The bytes of memory that its places take, beside the keys' own.
  private(set) var structure = 0
  private var segments: [ByteSegment<Payload>] = []
  /// Which segment has the keys whose hashes begin with so many bits.
  private var directory: [Int32] = []
  private var depth = 0

  private static var deepest: Int { 20 }

  @inline(__always)
  private func segment(of hash: UInt64) -> Int { Int(directory[leading(depth, of: hash)]) }

  @inline(__always)
  private func leading(_ bits: Int, of hash: UInt64) -> Int {
    bits == 0 ? 0 : Int(truncatingIfNeeded: hash &>> UInt64(64 &- bits))
  }

  // ---------------------------------------------------------------------------------- access

  @inline(__always)
  func find(_ key: Span<UInt8>, _ hash: UInt64) -> Place? {
    guard count > 0 else { return nil }
    let number = segment(of: hash)
    guard let slot = segments[number].find(key, hash) else { return nil }
    return Place(segment: number, slot: slot)
  }

  subscript(place: Place) -> Payload {
    _read { yield segments[place.segment].payloads[place.slot]! }
    _modify { yield &segments[place.segment].payloads[place.slot]! }
  }

  func key(at place: Place) -> [UInt8] { segments[place.segment].keys[place.slot] }

  /// Adds a key that is not there.
  @discardableResult
  mutating func insert(_ key: [UInt8], _ payload: Payload, _ hash: UInt64) -> Place {
    if segments.isEmpty {
      (segments, directory, depth) = (
        [ByteSegment(capacity: ByteSegment<Payload>.fewest, depth: 0)], [0], 0
      )
      structure = segments[0].size
    }
    while segments[segment(of: hash)].isFull { grow(segment(of: hash)) }
    let number = segment(of: hash)
    count += 1
    let slot = segments[number].insert(key, payload, hash)
    return Place(segment: number, slot: slot)
  }

  @discardableResult
  mutating func remove(_ place: Place) -> Payload? {
    let removed = segments[place.segment].remove(place.slot)
    count -= 1
    if count == 0 { self = ByteTable() }
    return removed
  }

  // --------------------------------------------------------------------------------- growing

  private mutating func grow(_ number: Int) {
    if segments[number].canDouble || segments[number].depth == Self.deepest {
      structure += segments[number].size
      return segments[number].double()
    }
    if segments[number].depth == depth {
      depth += 1
      directory = directory.flatMap { [$0, $0] }
    }
    let (half, hash) = segments[number].divide()
    let own = segments[number].depth
    let first = leading(own, of: hash) << (depth - own)
    let isUpper = leading(own, of: hash) & 1 == 1
    // The new segment has the keys whose next bit is set.
    let width = 1 << (depth - own)
    let start = isUpper ? first : first + width
    for index in start..<(start + width) { directory[index] = Int32(segments.count) }
    structure += half.size
    segments.append(half)
  }

  // ---------------------------------------------------------------------------------- all of it

  /// Each key, in no order that means anything.
  func visit(_ body: ([UInt8], Payload) -> Void) {
    for segment in segments {
      for (slot, payload) in segment.payloads.enumerated() {
        if let payload { body(segment.keys[slot], payload) }
      }
    }
  }

  var segmentCount: Int { segments.count }

  /// The keys of a segment that such payloads have.
  func keys(inSegment number: Int, where holds: (Payload) -> Bool) -> [[UInt8]] {
    let segment = segments[number]
    return segment.payloads.indices.compactMap { slot in
      guard let payload = segment.payloads[slot], holds(payload) else { return nil }
      return segment.keys[slot]
    }
  }

  /// Any of the keys, as a random number says. The table is not empty.
  func randomPlace(_ random: UInt64) -> Place {
    var number = Int(truncatingIfNeeded: random % UInt64(segments.count))
    while segments[number].count == 0 { number = (number + 1) % segments.count }
    return Place(segment: number, slot: segments[number].occupied(from: random >> 32))
  }
}

/// A part of a ``ByteTable``.
struct ByteSegment<Payload> {
  /// Each key's hash, odd; 0 where there is none.
  private var hashes: [UInt64]
  fileprivate private(set) var keys: [[UInt8]]
  fileprivate var payloads: [Payload?]
  fileprivate private(set) var count = 0
  /// With how many bits the hashes of all its keys begin alike.
  fileprivate let depth: Int

  static var fewest: Int { 8 }
  private static var most: Int { 1024 }

  init(capacity: Int, depth: Int) {
    hashes = Array(repeating: 0, count: capacity)
    keys = Array(repeating: [], count: capacity)
    payloads = Array(repeating: nil, count: capacity)
    self.depth = depth
  }

  private var mask: Int { hashes.count &- 1 }
  var isFull: Bool { count >= hashes.count / 4 * 3 }
  var canDouble: Bool { hashes.count < Self.most }
  var size: Int { hashes.count * (8 + 8 + MemoryLayout<Payload?>.stride) }

  // The lowest bit says that there is a key, and the highest ones are the directory's.
  @inline(__always)
  private func home(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash &>> 1) & mask }

  @inline(__always)
  func find(_ key: Span<UInt8>, _ hash: UInt64) -> Int? {
    let wanted = hash | 1
    var slot = home(wanted)
    while hashes[slot] != 0 {
      if hashes[slot] == wanted {
        let own = keys[slot]
        if own.span.matches(key) { return slot }
      }
      slot = (slot &+ 1) & mask
    }
    return nil
  }

  mutating func insert(_ key: [UInt8], _ payload: Payload, _ hash: UInt64) -> Int {
    var slot = home(hash)
    while hashes[slot] != 0 { slot = (slot &+ 1) & mask }
    hashes[slot] = hash | 1
    keys[slot] = key
    payloads[slot] = payload
    count &+= 1
    return slot
  }

  /// Takes a key out, and moves up those behind it that would not be found any more.
  mutating func remove(_ slot: Int) -> Payload? {
    let removed = payloads[slot]
    count &-= 1
    var (hole, next) = (slot, (slot &+ 1) & mask)
    while hashes[next] != 0 {
      if (next &- home(hashes[next])) & mask >= (next &- hole) & mask {
        hashes[hole] = hashes[next]
        keys.swapAt(hole, next)
        payloads.swapAt(hole, next)
        hole = next
      }
      next = (next &+ 1) & mask
    }
    clear(hole)
    return removed
  }

  private mutating func clear(_ slot: Int) {
    hashes[slot] = 0
    keys[slot] = []
    payloads[slot] = nil
  }

  mutating func double() {
    var bigger = ByteSegment(capacity: 2 * hashes.count, depth: depth)
    move(to: &bigger) { _ in true }
    self = bigger
  }

  /// Keeps the keys whose next bit is not set; those where it is, and the hash of any key that there was.
  mutating func divide() -> (ByteSegment, UInt64) {
    let hash = hashes.first { $0 != 0 } ?? 0
    let bit = UInt64(1) << UInt64(63 - depth)
    var lower = ByteSegment(capacity: hashes.count, depth: depth + 1)
    var upper = lower
    move(to: &upper) { $0 & bit != 0 }
    move(to: &lower) { $0 & bit == 0 }
    self = lower
    return (upper, hash)
  }

  private mutating func move(to other: inout ByteSegment, _ goes: (UInt64) -> Bool) {
    for slot in hashes.indices where hashes[slot] != 0 && goes(hashes[slot]) {
      if let payload = payloads[slot] { _ = other.insert(keys[slot], payload, hashes[slot]) }
      clear(slot)
    }
  }

  /// The first key at or behind a place; there is one.
  func occupied(from start: UInt64) -> Int {
    var slot = Int(truncatingIfNeeded: start) & mask
    while hashes[slot] == 0 { slot = (slot &+ 1) & mask }
    return slot
  }
}
