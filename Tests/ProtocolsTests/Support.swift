import SwitchboardProtocols
import Testing

/// The frames protocol one byte at a time, as plainly as it can be said.
struct FramesReference {
  var inFrame = false

  mutating func step(_ input: [UInt8]) -> [UInt8] {
    var replies: [UInt8] = []
    for byte in input {
      switch (inFrame, byte) {
      case (false, UInt8(ascii: "^")): inFrame = true
      case (false, _): break
      case (true, UInt8(ascii: "$")): inFrame = false
      case (true, 0xFF): replies.append(0x00)
      case (true, _): replies.append(byte + 1)
      }
    }
    return replies
  }
}

/// SplitMix64: small, good enough, and the same everywhere for the same seed.
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension Seeded {
  /// Bytes of which about one in `rarity` is a delimiter, the rest anything.
  mutating func frameBytes(_ count: Int, rarity: Int) -> [UInt8] {
    (0..<count).map { _ in
      guard Int.random(in: 0..<rarity, using: &self) == 0 else {
        return UInt8.random(in: 0...255, using: &self)
      }
      return Bool.random(using: &self) ? UInt8(ascii: "^") : UInt8(ascii: "$")
    }
  }
}

extension Frames {
  /// The replies to all of `input`, with room for them.
  mutating func replies(to input: [UInt8]) -> [UInt8] {
    [UInt8](capacity: input.count) { output in
      let taken = step(input.span, into: &output)
      precondition(taken == input.count)
    }
  }

  /// The replies to all of `input`, stepped in place in a larger buffer whose bytes behind
  /// the input must stay what they were.
  mutating func repliesInPlace(to input: [UInt8]) -> [UInt8] {
    let guardBytes: [UInt8] = Array(repeating: 0xA5, count: 80)
    var buffer = input + guardBytes
    var bytes = buffer.mutableSpan
    let count = stepInPlace(&bytes, count: input.count)
    precondition(Array(buffer[input.count...]) == guardBytes)
    return Array(buffer[..<count])
  }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// What is read of a stream, after having seen that it is the same in single bytes and in every two pieces.
func alikeInEveryCut<Found: Equatable>(_ stream: [UInt8], _ reading: ([[UInt8]]) -> Found) -> Found
{
  let whole = reading([stream])
  #expect(reading(stream.map { [$0] }) == whole, "single bytes")
  for cut in 0...stream.count {
    let pieces = [Array(stream[..<cut]), Array(stream[cut...])]
    guard reading(pieces) != whole else { continue }
    Issue.record("another reading when cut at \(cut): \(String(decoding: stream, as: UTF8.self))")
  }
  return whole
}
