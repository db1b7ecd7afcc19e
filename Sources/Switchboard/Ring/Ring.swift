internal import CKernel

/// How many bytes an address has as the kernel writes it: `sockaddr_in`, `sockaddr_in6`, and the family
/// alone of a Unix-domain socket, whose peer seldom has a name.
enum AddressLength {
  static let v4: UInt32 = 16
  static let v6: UInt32 = 28
  static let unix: UInt32 = 2
  static let all = [v4, v6, unix]

  static func of(_ family: SocketAddress.Family) -> UInt32 {
    switch family {
    case .v4: v4
    case .v6: v6
    case .unix: unix
    }
  }
}

/// A ring and its two queues. It knows nothing of connections.
@safe
final class Ring<System: RingKernel> {
  let raw: UnsafeMutablePointer<ck_ring>
  let system: System
  /// Entries that found no room in the queue.
  private var spill = EntrySpill()
  /// Completions that were taken out of the queue before their turn.
  var parked: [io_uring_cqe] = []
  var nextParked = 0
  /// Where the kernel writes a peer's address.
  let address: UnsafeMutableRawPointer
  /// How long the last one was.
  var addressLength = AddressLength.v4
  /// Of the next descriptor that it is to take over; and of those that the kernel has not answered for in
  /// time, by what their completions carry.
  var adoption = AdoptionPlace()
  var lateAdoptions: [UInt64: AdoptionPlace] = [:]
  /// How often it was asked something. Each question knows its answer by it: one that came too late
  /// is passed over.
  var questions: UInt64 = 0

  /// - Throws: `ENOSYS` where the kernel lacks io_uring or is too old, `EPERM` where a filter or
  ///   `kernel.io_uring_disabled` forbids it, `ENOMEM`.
  init(entries: UInt32, completions: UInt32, system: System) throws(SystemError) {
    unsafe raw = .allocate(capacity: 1)
    unsafe raw.initialize(to: ck_ring())
    unsafe address = .allocate(byteCount: 128, alignment: 8)
    unsafe address.initializeMemory(as: UInt8.self, repeating: 0, count: 128)
    self.system = system
    let raw = unsafe raw
    let outcome = unsafe system.ringOpen(
      OpaquePointer(raw), entries: entries, completions: completions)
    if let errno = outcome.errno {
      unsafe raw.pointee.fd = -1
      throw SystemError(.ringSetup, errno)
    }
  }

  deinit {
    if unsafe raw.pointee.fd >= 0 { unsafe system.ringClose(OpaquePointer(raw)) }
    unsafe raw.deallocate()
    unsafe address.deallocate()
  }

  /// Room for direct descriptors, and a shorter way in.
  func register(files: UInt32) throws(SystemError) {
    let raw = unsafe raw
    try system.must(.ringRegister) {
      unsafe system.ringRegisterFiles(OpaquePointer(raw), count: files)
    }
    // Refusal costs nothing but that.
    _ = unsafe system.ringRegisterItself(OpaquePointer(raw))
  }

  /// An empty entry, to be filled in before the next one is asked for. A full queue is submitted
  /// first.
  @inline(__always)
  func entry() -> UnsafeMutablePointer<io_uring_sqe> {
    if let entry = unsafe ck_ring_entry(raw) { return unsafe entry }
    return unsafe entryBehindFullQueue()
  }

  /// Where the kernel does not take any, whatever hinders it, the entry waits here: a callback is
  /// no place to wait for that, and the next wait tells what is wrong.
  @inline(never)
  private func entryBehindFullQueue() -> UnsafeMutablePointer<io_uring_sqe> {
    if !hasSpilled {
      _ = enter(least: 0, until: nil)
      if let entry = unsafe ck_ring_entry(raw) { return unsafe entry }
    }
    unsafe raw.pointee.spilled += 1
    unsafe raw.pointee.has_spilled = true
    return unsafe spill.add()
  }

  /// Whether entries wait for room in the queue. Then it is full.
  @inline(__always)
  var hasSpilled: Bool { unsafe raw.pointee.spilled > 0 }

  /// Whether there are entries or completions apart from the queues, or completions in theirs.
  @inline(__always)
  var hasLeftOver: Bool {
    unsafe hasSpilled || raw.pointee.parked > 0
      || ck_ring_completions_start(raw) != ck_ring_completions_end(raw)
  }

  private func refill() {
    while let entry = unsafe spill.first, let room = unsafe ck_ring_entry(raw) {
      unsafe room.pointee = entry.pointee
      spill.removeFirst()
      unsafe raw.pointee.spilled -= 1
    }
  }

  /// Where in the queue the entry is that was handed out last.
  var lastEntry: UInt32 { unsafe raw.pointee.tail &- 1 }

  /// Whether the kernel has not taken an entry yet.
  @inline(__always)
  func isUnsubmitted(_ entry: UInt32) -> Bool {
    Int32(bitPattern: entry &- (unsafe raw.pointee.submitted)) >= 0
  }

  /// Makes an entry that is not submitted yet name so many bytes.
  func setLength(_ count: UInt32, ofEntry entry: UInt32) {
    unsafe raw.pointee.sqes[Int(entry & raw.pointee.sq_mask)].len = count
  }

  /// Submits everything and waits for `least` completions, at most until `deadline`.
  ///
  /// A signal does not end it, as it ends no poller's wait: who came back without having looked
  /// would take a turn for a quiet one. It returns normally when the deadline ends it (`ETIME`),
  /// and when the kernel took only some of the entries or none: it has no memory for more
  /// (`EAGAIN`), or asks to have completions taken first (`EBUSY`).
  func enter(least: UInt32, until deadline: Instant?) -> Errno? {
    while true {
      var nanoseconds: Int64 = -1
      if let deadline {
        // The time left is computed anew each time a signal has interrupted the wait.
        let now = system.now()
        nanoseconds = deadline > now ? Int64(clamping: deadline.nanoseconds - now.nanoseconds) : 0
      }
      let outcome = unsafe system.ringEnter(
        OpaquePointer(raw), least: least, nanoseconds: nanoseconds)
      if hasSpilled { refill() }
      switch outcome.errno {
      case Errno.interrupted: continue
      case nil, Errno.timeIsUp, Errno.busy, Errno.wouldBlock: return nil
      case .some(let errno): return errno
      }
    }
  }
}
