// 8, 16 and 64 bytes at a time, out of spans and into them, without an unsafe construct.
//
// Each access is written byte by byte behind one check of its whole range. Compiled with
// optimisation the one check stays and the bytes become wide loads and stores, since the
// optimiser proves every byte's own check from it. RawSpan's wide loads would need no such
// proof, but Swift 6.3 marks them unsafe for every type.
//
// The proof is lost easily: a read must go through `extracting`, since a range check on the
// whole span is forgotten in a loop; a write must not, and its index must be a variable of the
// loop and not a sum. What is lost is speed alone, a factor of ten, and no test sees it: measure
// after each change here, and after each change of compiler.

typealias Vector = SIMD16<UInt8>

/// A yes or no for each byte of a vector.
typealias Lanes = SIMDMask<SIMD16<Int8>>

extension Vector {
  @inline(__always)
  init(_ bytes: Span<UInt8>, at i: Int) {
    let sixteen = bytes.extracting(i..<i &+ 16)
    precondition(sixteen.count == 16)
    self.init(lanesOf: sixteen, from: 0)
  }

  /// Whoever calls this has made the bytes' presence plain to the optimiser.
  @inline(__always)
  init(lanesOf b: Span<UInt8>, from i: Int) {
    self.init(
      b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7],
      b[i + 8], b[i + 9], b[i + 10], b[i + 11], b[i + 12], b[i + 13], b[i + 14], b[i + 15])
  }

  @inline(__always)
  func store(into bytes: inout MutableSpan<UInt8>, at i: Int) {
    precondition(i >= 0 && i <= bytes.count - 16)
    for lane in 0..<16 { bytes[i + lane] = self[lane] }
  }

  /// Each byte plus one, 0xFF becoming 0x00.
  @inline(__always)
  var successors: Vector { self &+ Vector(repeating: 1) }

  @inline(__always)
  func matches(_ byte: UInt8) -> Lanes {
    // Compared with a vector, and the result's type spelled out: otherwise this resolves to a
    // generic comparison that goes through memory lane by lane.
    let equal: Lanes = self .== Vector(repeating: byte)
    return equal
  }
}

extension Lanes {
  /// Whether no lane says yes. `any` would be the word for the opposite, but is a lane by lane
  /// minimum; this becomes one instruction that gathers sixteen bits, and a test.
  @inline(__always)
  var isEmpty: Bool {
    let ones = Vector(repeating: 0).replacing(with: Vector(repeating: 1), where: self)
    var any: UInt8 = 0
    for lane in 0..<16 { any |= ones[lane] }
    return any == 0
  }
}

/// Sixty-four bytes: enough to make the checks and the loop around them cheap.
struct Block {
  static let count = 64

  private var a, b, c, d: Vector

  @inline(__always)
  init(_ bytes: Span<UInt8>, at i: Int) {
    let block = bytes.extracting(i..<i &+ Block.count)
    precondition(block.count == Block.count)
    a = Vector(lanesOf: block, from: 0)
    b = Vector(lanesOf: block, from: 16)
    c = Vector(lanesOf: block, from: 32)
    d = Vector(lanesOf: block, from: 48)
  }

  @inline(__always)
  func storeSuccessors(into bytes: inout MutableSpan<UInt8>, at i: Int) {
    precondition(i >= 0 && i <= bytes.count - Block.count)
    let (a, b, c, d) = (a.successors, b.successors, c.successors, d.successors)
    for lane in 0..<16 { bytes[i + lane] = a[lane] }
    for lane in 0..<16 { bytes[i + 16 + lane] = b[lane] }
    for lane in 0..<16 { bytes[i + 32 + lane] = c[lane] }
    for lane in 0..<16 { bytes[i + 48 + lane] = d[lane] }
  }

  /// Sixteen yes or no, each for the four bytes of one lane.
  @inline(__always)
  func matches(_ byte: UInt8) -> Lanes {
    (a.matches(byte) .| b.matches(byte)) .| (c.matches(byte) .| d.matches(byte))
  }
}

/// Eight bytes in one integer, the first of them in its least significant byte.
typealias Word = UInt64

extension Word {
  static let ones: Word = 0x0101_0101_0101_0101
  static let highBits: Word = 0x8080_8080_8080_8080

  @inline(__always)
  init(_ bytes: Span<UInt8>, at i: Int) {
    let b = bytes.extracting(i..<i &+ 8)
    precondition(b.count == 8)
    self = 0
    for k in 0..<8 { self |= Word(b[k]) &<< Word(8 &* k) }
  }

  @inline(__always)
  func store(into bytes: inout MutableSpan<UInt8>, at i: Int) {
    precondition(i >= 0 && i <= bytes.count - 8)
    for k in 0..<8 { bytes[i + k] = UInt8(truncatingIfNeeded: self &>> Word(8 &* k)) }
  }

  /// Each byte plus one, 0xFF becoming 0x00; nothing carries from a byte into the next.
  @inline(__always)
  var successors: Word {
    ((self & ~Word.highBits) &+ Word.ones) ^ (self & Word.highBits)
  }

  /// The number of bytes before the first that is `byte`; 8 if there is none.
  ///
  /// A byte becomes zero where it matches, and subtracting one from each byte sets the high bit
  /// of the lowest zero byte. A borrow may set more high bits above that one, never below.
  @inline(__always)
  func firstMatch(_ byte: UInt8) -> Int {
    let difference = self ^ (Word.ones &* Word(byte))
    return ((difference &- Word.ones) & ~difference & Word.highBits).trailingZeroBitCount / 8
  }
}
