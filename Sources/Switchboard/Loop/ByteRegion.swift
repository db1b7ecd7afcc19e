internal import CKernel

/// Bytes that a loop receives into or sends from, allocated once, page-aligned.
@safe
struct ByteRegion: ~Copyable {
  let start: UnsafeMutablePointer<UInt8>
  let count: Int

  /// - Throws: `ENOMEM` when the system refuses the address space.
  init(count: Int) throws(SystemError) {
    self.count = max(1, count)
    guard let memory = unsafe ck_reserve(self.count) else {
      throw SystemError(.reserve, .outOfMemory)
    }
    unsafe start = memory.bindMemory(to: UInt8.self, capacity: self.count)
  }

  deinit { unsafe ck_unreserve(start, count) }

  var all: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: start, count: count)
  }
}
