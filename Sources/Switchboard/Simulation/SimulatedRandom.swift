#if TestBench

/// Numbers for a simulation: the same for the same seed, on every machine and in every run.
///
/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). Not
/// for secrets.
public struct SimulatedRandom: RandomNumberGenerator, Hashable, Sendable {
  private var state: UInt64

  /// The numbers of a seed.
  public init(seed: UInt64) { state = seed }

  /// A stream of its own for each number: taking more from one does not move another.
  init(seed: UInt64, stream: UInt64, part: UInt64 = 0) {
    state = scramble(seed ^ scramble(stream &* 0x9E37_79B9_7F4A_7C15 ^ scramble(part)))
  }

  /// The next number.
  @inlinable
  public mutating func next() -> UInt64 { advance() }

  @usableFromInline
  mutating func advance() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return scramble(state)
  }

  /// A number from 0 to one less than `bound`; 0 where the bound is less than 1.
  public mutating func below(_ bound: Int) -> Int {
    guard bound > 0 else { return 0 }
    return Int(truncatingIfNeeded: advance().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// A number of a range.
  public mutating func within(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.upperBound - range.lowerBound + 1)
  }

  /// Whether something happens that has this probability.
  public mutating func chance(_ probability: Double) -> Bool {
    Double(advance() >> 11) < probability * 0x1p53
  }

  /// So many bytes of any value.
  public mutating func bytes(_ count: Int) -> [UInt8] {
    let count = max(0, count)
    var random = self
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count + 7) { buffer, made in
      for place in stride(from: 0, to: count, by: 8) {
        let raw = UnsafeMutableRawBufferPointer(buffer)
        unsafe raw.storeBytes(of: random.advance(), toByteOffset: place, as: UInt64.self)
      }
      made = count
    }
    self = random
    return bytes
  }
}

/// SplitMix64's finaliser: each bit of the answer depends on every bit of the question.
@inline(__always)
func scramble(_ word: UInt64) -> UInt64 {
  var z = word
  z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
  return z ^ (z >> 31)
}

#endif
