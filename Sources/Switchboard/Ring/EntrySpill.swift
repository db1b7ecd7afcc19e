internal import CKernel

/// Entries that found a ring's queue full, in order. There are some only while the kernel takes
/// none.
@safe
struct EntrySpill: ~Copyable {
  private var entries: UnsafeMutablePointer<io_uring_sqe>?
  private var capacity = 0
  private var head = 0
  private var end = 0

  init() { unsafe entries = nil }

  deinit { unsafe entries?.deallocate() }

  /// The first; nil when there is none.
  var first: UnsafeMutablePointer<io_uring_sqe>? {
    head < end ? unsafe entries.map { unsafe $0 + head } : nil
  }

  mutating func removeFirst() {
    head += 1
    if head == end { (head, end) = (0, 0) }
  }

  /// A cleared entry behind the others. It stays where it is until the next one is added.
  mutating func add() -> UnsafeMutablePointer<io_uring_sqe> {
    if end == capacity { grow() }
    defer { end += 1 }
    let entry = unsafe entries.unsafelyUnwrapped + end
    unsafe entry.initialize(to: io_uring_sqe())
    return unsafe entry
  }

  private mutating func grow() {
    let count = end - head
    let wanted = max(64, 2 * count)
    let bigger = UnsafeMutablePointer<io_uring_sqe>.allocate(capacity: wanted)
    if let old = unsafe entries {
      unsafe bigger.initialize(from: old + head, count: count)
      unsafe old.deallocate()
    }
    unsafe entries = bigger
    (capacity, head, end) = (wanted, 0, count)
  }
}
