#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The frames protocol's state on one connection.
struct Frames {
  private var inside = false

  /// Turns the received `bytes` into their reply, left at the start of `bytes`, and returns the
  /// reply's length.
  ///
  /// Whole runs at a time: memchr, a move, and a loop that the compiler vectorises. Byte by byte
  /// would cost several times as much with large frames.
  mutating func reply(_ bytes: UnsafeMutableRawBufferPointer) -> Int {
    var at = 0
    var out = 0
    while at < bytes.count {
      if !inside {
        guard let start = offset(of: UInt8(ascii: "^"), in: bytes, from: at) else { break }
        at = start + 1
        inside = true
      }
      let stop = offset(of: UInt8(ascii: "$"), in: bytes, from: at)
      let run = (stop ?? bytes.count) - at
      let payload = UnsafeMutableRawBufferPointer(rebasing: bytes[out..<out + run])
      payload.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[at..<at + run]))
      for index in payload.indices { payload[index] &+= 1 }
      out += run
      at += run
      if stop != nil {
        at += 1
        inside = false
      }
    }
    return out
  }
}

private func offset(
  of byte: UInt8, in bytes: UnsafeMutableRawBufferPointer, from start: Int
) -> Int? {
  // Where `bytes` ends there is nothing to look for, and no base address to look from if empty.
  guard start < bytes.count, let base = bytes.baseAddress else { return nil }
  return memchr(base + start, Int32(byte), bytes.count - start).map { base.distance(to: $0) }
}
