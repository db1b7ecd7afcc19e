import TestSupport

typealias Client = TestSupport.Client

/// What the frames protocol answers to a whole stream.
func replies(to bytes: [UInt8]) -> [UInt8] { frameReplies(to: bytes) }

/// Bytes that tell where in a stream they stand.
func pattern(_ count: Int, from start: Int = 0) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
    for index in 0..<count {
      let place = UInt32(truncatingIfNeeded: start + index)
      buffer[index] = UInt8(truncatingIfNeeded: (place &* 2_654_435_761) >> 13)
    }
    initialized = count
  }
}
