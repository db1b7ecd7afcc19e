#if TestBench

/// Bytes, the earliest first, in one piece.
@safe
struct ByteQueue: ~Copyable {
  private var start: UnsafeMutablePointer<UInt8>?
  private var capacity = 0
  private var head = 0
  private var end = 0

  init() { unsafe start = nil }

  deinit { unsafe start?.deallocate() }

  var count: Int { end - head }

  mutating func append(_ new: UnsafeRawBufferPointer) {
    guard let source = new.baseAddress, new.count > 0 else { return }
    if capacity - end < new.count { makeRoom(new.count) }
    guard let start = unsafe start else { return }
    unsafe UnsafeMutableRawPointer(start + end).copyMemory(from: source, byteCount: new.count)
    end += new.count
  }

  /// The first `count` bytes, until the queue is changed. There must be so many.
  func first(_ count: Int) -> UnsafeRawBufferPointer {
    precondition(count >= 0 && count <= self.count, "not so many bytes are there")
    return unsafe UnsafeRawBufferPointer(start: start.map { unsafe $0 + head }, count: count)
  }

  mutating func removeFirst(_ count: Int) {
    precondition(count >= 0 && count <= self.count, "not so many bytes are there")
    head += count
    if head == end { (head, end) = (0, 0) }
  }

  /// Moves what is there to the beginning, of more memory if that is not enough.
  private mutating func makeRoom(_ more: Int) {
    let count = count
    // Moved in place at most once for each half that is filled anew.
    if let start = unsafe start, count + more <= capacity / 2 {
      unsafe start.update(from: start + head, count: count)
    } else {
      let wanted = max(1024, 2 * (count + more))
      let bigger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
      if let old = unsafe start {
        unsafe bigger.initialize(from: old + head, count: count)
        unsafe old.deallocate()
      }
      unsafe start = bigger
      capacity = wanted
    }
    (head, end) = (0, count)
  }
}

#endif
