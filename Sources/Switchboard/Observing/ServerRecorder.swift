import Synchronization

/// Takes down what the loops of a ``Server`` do, for somebody else's thread to take away.
///
/// Each loop writes into a ring of its own; nothing is ever waited for. Where a ring is full since
/// nobody has come, records are lost, counted, and the count is among the records as soon as there
/// is room again. A server without a recorder runs code that knows nothing of one.
public final class ServerRecorder: Sendable {
  /// How many records each loop may have waiting, 32 bytes each.
  public let capacity: Int
  private let rings = Mutex<[RecordRing]>([])

  /// A recorder that nothing has been told yet.
  ///
  /// - Parameter capacity: Records that each loop may have waiting; rounded up to a power of two.
  ///   The default is 4 MiB a loop, a tenth of a second at a million records a second.
  public init(capacity: Int = 1 << 17) {
    var rounded = 2
    while rounded < min(capacity, 1 << 24) { rounded *= 2 }
    self.capacity = rounded
  }

  /// A new loop's ring.
  func ring() -> RecordRing {
    let ring = RecordRing(capacity: capacity)
    rings.withLock { $0.append(ring) }
    return ring
  }

  /// Takes away what has been published since the last time: everything up to the beginning of each
  /// loop's last wait. Any thread, one at a time.
  ///
  /// - Parameter body: Called for each stretch of records, which it must not keep.
  public func take(_ body: (Span<LoopRecord>) -> Void) {
    rings.withLock { rings in
      for ring in rings { ring.take(body) }
    }
  }
}

/// A loop's records on their way: written by the loop's thread, taken by one other.
@safe
final class RecordRing: @unchecked Sendable {
  private let records: UnsafeMutablePointer<LoopRecord>
  private let capacity: Int
  private let published = Atomic<Int>(0)
  private let taken = Atomic<Int>(0)
  // The loop's own.
  private var end = 0
  private var limit: Int
  private var missed: UInt64 = 0

  /// - Parameter capacity: A power of two.
  init(capacity: Int) {
    self.capacity = capacity
    limit = capacity
    unsafe records = .allocate(capacity: capacity)
  }

  deinit { unsafe records.deallocate() }

  /// Adds a record: where it stands, or -1 when there is no room.
  @inline(__always)
  func append(_ record: LoopRecord) -> Int {
    if end >= limit || missed != 0 { return appendWherePossible(record) }
    unsafe records[end & (capacity - 1)] = record
    end += 1
    return end - 1
  }

  private func appendWherePossible(_ record: LoopRecord) -> Int {
    limit = taken.load(ordering: .acquiring) + capacity
    // The count needs a place too.
    guard limit - end >= 2 else {
      missed += 1
      return -1
    }
    if missed != 0 { noteMissed(record) }
    unsafe records[end & (capacity - 1)] = record
    end += 1
    return end - 1
  }

  private func noteMissed(_ record: LoopRecord) {
    var note = LoopRecord(
      code: LoopRecord.Kind.missed.rawValue, loop: record.loop, connection: 0, start: record.start)
    note.wide = missed
    missed = 0
    unsafe records[end & (capacity - 1)] = note
    end += 1
  }

  /// Changes a record that has not been published yet.
  @inline(__always)
  func change(_ place: Int, _ body: (inout LoopRecord) -> Void) {
    if place >= 0 { unsafe body(&records[place & (capacity - 1)]) }
  }

  /// Lets everything so far be taken.
  @inline(__always)
  func publish() { published.store(end, ordering: .releasing) }

  /// The loop has ended: lets everything be taken, and what was missed be known.
  func close(loop: UInt16, at now: Instant) {
    limit = taken.load(ordering: .acquiring) + capacity
    if missed != 0, limit > end {
      noteMissed(LoopRecord(code: 0, loop: loop, connection: 0, start: now.nanoseconds))
    }
    publish()
  }

  func take(_ body: (Span<LoopRecord>) -> Void) {
    var from = taken.load(ordering: .relaxed)
    let until = published.load(ordering: .acquiring)
    while from < until {
      let place = from & (capacity - 1)
      let count = min(until - from, capacity - place)
      let stretch = unsafe UnsafeBufferPointer(start: records + place, count: count)
      body(unsafe stretch.span)
      from += count
      taken.store(from, ordering: .releasing)
    }
  }
}
