internal import CKernel

/// A kernel that has io_uring.
public protocol RingKernel: Kernel {
  /// `io_uring_setup(2)` and the mapping of its queues, into `ring`.
  func ringOpen(_ ring: OpaquePointer, entries: UInt32, completions: UInt32) -> Outcome
  /// `io_uring_enter(2)`: submits, runs deferred work and waits for `least` completions, at most so
  /// many nanoseconds; negative: for ever.
  func ringEnter(_ ring: OpaquePointer, least: UInt32, nanoseconds: Int64) -> Outcome
  /// `io_uring_register(2)`: room for so many direct descriptors.
  func ringRegisterFiles(_ ring: OpaquePointer, count: UInt32) -> Outcome
  /// `io_uring_register(2)`: a ring of provided buffers. Those of one group may be used up in
  /// increments, one message behind the other.
  func ringRegisterBuffers(
    _ ring: OpaquePointer, _ buffers: UnsafeMutableRawPointer, entries: UInt32, group: UInt16,
    isIncremental: Bool
  ) -> Outcome
  /// `io_uring_register(2)`: the ring's own descriptor, which makes entering cheaper. Optional.
  func ringRegisterItself(_ ring: OpaquePointer) -> Outcome
  /// `io_uring_register(2)`: 1 when the kernel knows an operation, otherwise 0.
  func ringSupports(_ ring: OpaquePointer, operation: UInt32) -> Outcome
  /// Unmaps the queues and closes the ring.
  func ringClose(_ ring: OpaquePointer)
}

extension Linux: RingKernel {
  public func ringOpen(_ ring: OpaquePointer, entries: UInt32, completions: UInt32) -> Outcome {
    // One thread submits and reaps, and the kernel does a connection's work when that thread asks
    // for it, not whenever a packet comes: fewer interruptions, larger batches. Linux 6.1.
    unsafe Outcome(
      raw: ck_ring_open(
        UnsafeMutablePointer(ring), entries, completions,
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN))
  }
  public func ringEnter(_ ring: OpaquePointer, least: UInt32, nanoseconds: Int64) -> Outcome {
    unsafe Outcome(raw: ck_ring_enter(UnsafeMutablePointer(ring), least, nanoseconds))
  }
  public func ringRegisterFiles(_ ring: OpaquePointer, count: UInt32) -> Outcome {
    unsafe Outcome(raw: ck_ring_register_files(UnsafeMutablePointer(ring), count))
  }
  public func ringRegisterBuffers(
    _ ring: OpaquePointer, _ buffers: UnsafeMutableRawPointer, entries: UInt32, group: UInt16,
    isIncremental: Bool
  ) -> Outcome {
    unsafe Outcome(
      raw: ck_ring_register_buffers(
        UnsafeMutablePointer(ring), buffers, entries, group, isIncremental))
  }
  public func ringRegisterItself(_ ring: OpaquePointer) -> Outcome {
    unsafe ck_ring_register_itself(UnsafeMutablePointer(ring))
    return .value(0)
  }
  public func ringSupports(_ ring: OpaquePointer, operation: UInt32) -> Outcome {
    .value(unsafe ck_ring_supports(UnsafeMutablePointer(ring), operation) ? 1 : 0)
  }
  public func ringClose(_ ring: OpaquePointer) { unsafe ck_ring_close(UnsafeMutablePointer(ring)) }
}
