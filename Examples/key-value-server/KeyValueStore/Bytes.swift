// Bytes of keys and values: copied, compared, hashed.
import SwitchboardProtocols

extension [UInt8] {
  /// The same bytes, in one block of memory.
  init(copying bytes: Span<UInt8>) {
    self.init(capacity: bytes.count) { $0.append(copying: bytes) }
  }

  /// Takes other bytes in their place, in the same memory where that is neither too small nor far too large.
  mutating func replace(with bytes: Span<UInt8>) {
    guard bytes.count <= capacity, capacity <= 2 * bytes.count + Self.worthKeeping else {
      self = Array(copying: bytes)
      return
    }
    removeAll(keepingCapacity: true)
    append(addingCapacity: bytes.count) { $0.append(copying: bytes) }
  }

  /// Takes a number's digits in their place.
  mutating func replace(with value: Int) {
    removeAll(keepingCapacity: true)
    append(addingCapacity: 20) { $0.append(decimal: value) }
  }

  /// Adds bytes; what has to grow grows by half at least.
  mutating func extend(with bytes: Span<UInt8>) {
    let total = count + bytes.count
    if total > capacity { reserveCapacity(Swift.max(total, capacity + capacity / 2)) }
    append(addingCapacity: bytes.count) { $0.append(copying: bytes) }
  }

  private static var worthKeeping: Int { 64 }

  /// How much memory the bytes take, with what the system adds to each block.
  var heapSize: Int { capacity == 0 ? 0 : (capacity + 32 + 8 + 15) & ~15 }
}

extension OutputSpan<UInt8> {
  /// Appends bytes to an output that has none.
  mutating func append(copying bytes: Span<UInt8>) {
    // Only appending makes room in an OutputSpan; then one loop behind one check becomes one copy.
    append(repeating: 0, count: bytes.count)
    var room = mutableSpan
    precondition(room.count == bytes.count)
    for index in bytes.indices { room[index] = bytes[index] }
  }
}

extension Span<UInt8> {
  /// Eight bytes in one integer, the first of them in its least significant byte.
  @inline(__always)
  func word(at place: Int) -> UInt64 {
    let eight = extracting(place..<place &+ 8)
    precondition(eight.count == 8)
    var word: UInt64 = 0
    for index in 0..<8 { word |= UInt64(eight[index]) &<< UInt64(8 &* index) }
    return word
  }

  /// Fewer than eight bytes in one integer, zeros behind them.
  @inline(__always)
  func shortWord(from place: Int) -> UInt64 {
    var word: UInt64 = 0
    var index = place
    while index < count {
      word |= UInt64(self[index]) &<< UInt64(8 &* (index &- place))
      index &+= 1
    }
    return word
  }

  /// Whether the bytes are the same.
  @inline(__always)
  func matches(_ other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    var place = 0
    while place &+ 8 <= count {
      if word(at: place) != other.word(at: place) { return false }
      place &+= 8
    }
    while place < count {
      if self[place] != other[place] { return false }
      place &+= 1
    }
    return true
  }

  /// Whether they are these letters, which are capitals, in capitals or not.
  func spells(_ letters: String) -> Bool {
    let letters = letters.utf8
    guard letters.count == count else { return false }
    var place = 0
    for letter in letters {
      let byte = self[place]
      let isSmall = (0x61...0x7A).contains(byte)
      guard letter == (isSmall ? byte & 0xDF : byte) else { return false }
      place += 1
    }
    return true
  }

  /// As text; what is no UTF-8 is replaced.
  var text: String { String(decoding: Array(copying: self), as: UTF8.self) }
}

/// What keys are hashed with: unknown to peers, so that they cannot choose keys that fall together.
///
/// The function is SipHash-1-3. Source: J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", 2012.
struct HashSeed {
  private let first: UInt64
  private let second: UInt64

  /// The same seed always, or if none is given, one that nobody knows.
  init(_ fixed: UInt64?) {
    var random = SystemRandomNumberGenerator()
    self.init(fixed ?? random.next(), fixed ?? random.next())
  }

  init(_ first: UInt64, _ second: UInt64) { (self.first, self.second) = (first, second) }

  @inline(__always)
  func hash(_ bytes: Span<UInt8>) -> UInt64 {
    var state = SipState(first, second)
    var place = 0
    while place &+ 8 <= bytes.count {
      state.take(bytes.word(at: place))
      place &+= 8
    }
    state.take(bytes.shortWord(from: place) | UInt64(truncatingIfNeeded: bytes.count) &<< 56)
    return state.finish()
  }
}

private struct SipState {
  private var a, b, c, d: UInt64

  @inline(__always)
  init(_ first: UInt64, _ second: UInt64) {
    a = first ^ 0x736F_6D65_7073_6575
    b = second ^ 0x646F_7261_6E64_6F6D
    c = first ^ 0x6C79_6765_6E65_7261
    d = second ^ 0x7465_6462_7974_6573
  }

  @inline(__always)
  mutating func take(_ word: UInt64) {
    d ^= word
    mix()
    a ^= word
  }

  @inline(__always)
  mutating func finish() -> UInt64 {
    c ^= 0xFF
    for _ in 0..<3 { mix() }
    return a ^ b ^ c ^ d
  }

  @inline(__always)
  private mutating func mix() {
    a = a &+ b
    c = c &+ d
    b = b.rotated(13) ^ a
    d = d.rotated(16) ^ c
    a = a.rotated(32)
    c = c &+ b
    a = a &+ d
    b = b.rotated(17) ^ c
    d = d.rotated(21) ^ a
    c = c.rotated(32)
  }
}

extension UInt64 {
  @inline(__always)
  fileprivate func rotated(_ bits: UInt64) -> UInt64 { self &<< bits | self &>> (64 &- bits) }
}
