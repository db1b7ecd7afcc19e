internal import CKernel

/// Bytes that a loop receives into or sends from, allocated once, page-aligned.
@safe
struct ByteRegion: ~Copyable {
  let start: UnsafeMutablePointer<UInt8>
  let count: Int
  private let isPooled: Bool

  /// - Parameter isPooled: Whether it may have been used before, and be used again: not where a
  ///   kernel may write to it after it is given back. Then it holds any bytes.
  /// - Throws: `ENOMEM` when the system refuses the address space.
  init(count: Int, isPooled: Bool = false) throws(SystemError) {
    self.count = max(1, count)
    self.isPooled = isPooled
    let taken =
      unsafe isPooled
      ? RegionPool.take(self.count, isZeroed: false) : ck_reserve(self.count)
    guard let memory = unsafe taken else {
      throw SystemError(.reserve, .outOfMemory)
    }
    unsafe start = memory.bindMemory(to: UInt8.self, capacity: self.count)
  }

  deinit {
    guard isPooled else { return unsafe ck_unreserve(start, count) }
    unsafe RegionPool.giveBack(start, count)
  }

  /// At most so many of them.
  @inline(__always)
  func first(_ most: Int) -> UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: start, count: most)
  }

  var all: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: start, count: count)
  }
}
