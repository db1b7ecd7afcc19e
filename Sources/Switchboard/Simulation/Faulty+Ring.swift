#if TestBench

internal import CKernel

/// `IOSQE_CQE_SKIP_SUCCESS`
private let silence: UInt8 = 1 << 6

/// What a ``Faulty`` kernel knows of one ring.
struct RingNotes {
  /// Entries below have been looked at.
  var looked: UInt32 = 0
  /// Completions below have been looked at.
  var seen: UInt32 = 0
  /// What a close is to be answered with, by the user data that it was given for that.
  var closes: [UInt64: Errno] = [:]
  var nextMark: UInt64 = 1
  /// Cancellations that come too late: they are submitted with the next entries.
  var late: [io_uring_sqe] = []
}

// An operation that is to fail is submitted as one that does nothing and answers with the error
// (`IORING_NOP_INJECT_RESULT`, Linux 6.11), so its completion is the kernel's own: in order, with no
// buffer, with nothing more to come.
extension Faulty: RingKernel where Base: RingKernel {
  public func ringOpen(_ ring: OpaquePointer, entries: UInt32, completions: UInt32) -> Outcome {
    let outcome = calling(.ringSetup) {
      unsafe base.ringOpen(ring, entries: entries, completions: completions)
    }
    guard outcome.isSuccess else { return outcome }
    let raw = unsafe UnsafeMutablePointer<ck_ring>(ring)
    let number = unsafe raw.pointee.fd
    _ = notes.opened(.value(Int(number)))
    let place = UInt(bitPattern: ring)
    notes.state.withLock { $0.rings[place] = RingNotes() }
    return outcome
  }

  public func ringEnter(_ ring: OpaquePointer, least: UInt32, nanoseconds: Int64) -> Outcome {
    if let errno = faults.strike(.call(.ringEnter)) { return .failure(errno) }
    let raw = unsafe UnsafeMutablePointer<ck_ring>(ring)
    unsafe change(raw) { notes in unsafe spoilEntries(raw, &notes) }
    let outcome = unsafe base.ringEnter(ring, least: least, nanoseconds: nanoseconds)
    unsafe change(raw) { notes in
      unsafe spoilCompletions(raw, &notes)
      unsafe addLate(raw, &notes)
    }
    return outcome
  }

  public func ringClose(_ ring: OpaquePointer) {
    let raw = unsafe UnsafeMutablePointer<ck_ring>(ring)
    notes.closing(Descriptor(rawValue: unsafe raw.pointee.fd))
    let place = UInt(bitPattern: ring)
    notes.state.withLock { $0.rings[place] = nil }
    unsafe base.ringClose(ring)
  }

  private func change(
    _ raw: UnsafeMutablePointer<ck_ring>, _ body: (inout RingNotes) -> Void
  ) {
    let place = UInt(bitPattern: raw)
    var own = notes.state.withLock { $0.rings[place] } ?? RingNotes()
    body(&own)
    let changed = own
    notes.state.withLock { $0.rings[place] = changed }
  }

  // ----------------------------------------------------------------------------- entries

  private func spoilEntries(_ raw: UnsafeMutablePointer<ck_ring>, _ notes: inout RingNotes) {
    let tail = unsafe raw.pointee.tail
    while notes.looked != tail {
      let entry = unsafe raw.pointee.sqes + Int(notes.looked & raw.pointee.sq_mask)
      notes.looked &+= 1
      guard let operation = unsafe RingOperation(entry.pointee) else { continue }
      if let errno = faults.strike(.operation(operation), about: unsafe entry.pointee.addr & 0xFF) {
        unsafe fail(entry, operation, errno, &notes)
      } else {
        unsafe weaken(entry, operation)
      }
    }
  }

  private func fail(
    _ entry: UnsafeMutablePointer<io_uring_sqe>, _ operation: RingOperation, _ errno: Errno,
    _ notes: inout RingNotes
  ) {
    switch operation {
    case .close:
      // It closes, whatever it answers.
      let mark = 0xFA << 56 | notes.nextMark << 8
      notes.nextMark += 1
      notes.closes[mark] = errno
      unsafe entry.pointee.user_data = mark
      unsafe entry.pointee.flags &= ~silence
      return
    case .cancel, .cancelAll:
      notes.late.append(unsafe entry.pointee)
    default: break
    }
    let (data, silent) = unsafe (
      entry.pointee.user_data, entry.pointee.flags & silence
    )
    unsafe entry.pointee = io_uring_sqe()
    unsafe entry.pointee.user_data = data
    unsafe entry.pointee.flags = silent
    unsafe entry.pointee.opcode = UInt8(IORING_OP_NOP.rawValue)
    unsafe entry.pointee.rw_flags = 1  // IORING_NOP_INJECT_RESULT
    unsafe entry.pointee.len = UInt32(bitPattern: 0 &- errno.rawValue)
  }

  /// Makes it do less than it might.
  private func weaken(_ entry: UnsafeMutablePointer<io_uring_sqe>, _ operation: RingOperation) {
    switch operation {
    case .sendNow, .send:
      let count = Int(unsafe entry.pointee.len)
      let part = faults.shortened(count)
      guard part < count else { return }
      unsafe entry.pointee.len = UInt32(part)
      // Falling short is told, also by one that is silent when all has gone.
      unsafe entry.pointee.flags &= ~silence
    case .acceptMany:
      if faults.endsEarly() { unsafe entry.pointee.ioprio &= ~UInt16(IORING_ACCEPT_MULTISHOT) }
    case .receive:
      if faults.endsEarly() { unsafe entry.pointee.ioprio &= ~UInt16(IORING_RECV_MULTISHOT) }
    case .poll, .hangUp:
      if faults.endsEarly() { unsafe entry.pointee.len &= ~UInt32(IORING_POLL_ADD_MULTI) }
    default: break
    }
  }

  private func addLate(_ raw: UnsafeMutablePointer<ck_ring>, _ notes: inout RingNotes) {
    while let entry = notes.late.first, let room = unsafe ck_ring_entry(raw) {
      unsafe room.pointee = entry
      notes.late.removeFirst()
      // It is not made to fail a second time.
      notes.looked &+= 1
    }
  }

  // ------------------------------------------------------------------------- completions

  private func spoilCompletions(_ raw: UnsafeMutablePointer<ck_ring>, _ notes: inout RingNotes) {
    let end = unsafe ck_ring_completions_end(raw)
    while notes.seen != end {
      guard let completion = unsafe ck_ring_completion(raw, notes.seen) else { return }
      notes.seen &+= 1
      let (data, result) = unsafe (completion.pointee.user_data, completion.pointee.res)
      if let errno = notes.closes.removeValue(forKey: data), result >= 0 {
        unsafe completion.pointee.res = 0 &- errno.rawValue
      }
      let tag = URing<Base>.Tag(rawValue: data & 0xFF)
      if [.install, .lend, .forFile].contains(tag), result >= 0 {
        _ = self.notes.opened(.value(Int(result)))
      }
    }
  }
}

extension RingOperation {
  /// What an entry is; nil for what is none of ours.
  init?(_ entry: io_uring_sqe) {
    let isSilent = entry.flags & silence != 0
    switch UInt32(entry.opcode) {
    case IORING_OP_ACCEPT.rawValue:
      let isMany = entry.ioprio & UInt16(IORING_ACCEPT_MULTISHOT) != 0
      let isNow = entry.ioprio & UInt16(CK_ACCEPT_DONTWAIT) != 0
      self = isMany ? .acceptMany : isNow ? .acceptNow : .accept
    case IORING_OP_RECV.rawValue:
      self = entry.ioprio & UInt16(IORING_RECV_MULTISHOT) != 0 ? .receive : .receiveOnce
    case IORING_OP_SEND.rawValue: self = entry.len == 0 ? .ask : isSilent ? .sendNow : .send
    case IORING_OP_SHUTDOWN.rawValue: self = .shutdown
    case IORING_OP_CLOSE.rawValue: self = .close
    case IORING_OP_ASYNC_CANCEL.rawValue:
      self = entry.cancel_flags & UInt32(IORING_ASYNC_CANCEL_FD_FIXED) != 0 ? .cancelAll : .cancel
    // IOSQE_FIXED_FILE
    case IORING_OP_POLL_ADD.rawValue:
      let isOnce = entry.len & UInt32(IORING_POLL_ADD_MULTI) == 0
      let isOfRoom = entry.poll32_events == PollEvents.output.rawValue
      let isOfConnection = entry.flags & 1 != 0
      self =
        isOfConnection ? (isOfRoom ? .room : .hangUp) : isOnce ? .pollListener : .poll
    case UInt32(CK_OP_URING_CMD): self = .peerName
    case UInt32(CK_OP_FIXED_FD_INSTALL):
      let tag = URing<Linux>.Tag(rawValue: entry.user_data & 0xFF)
      self = tag == .forFile ? .installForFile : .install
    case IORING_OP_FILES_UPDATE.rawValue: self = .adopt
    default: return nil
    }
  }
}

#endif
