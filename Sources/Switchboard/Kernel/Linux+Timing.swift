internal import CKernel

// What a client needs that sends at exact moments.
extension Linux {
  /// As `epollWait` with milliseconds, exact to the nanosecond as far as the machine is
  /// (`epoll_pwait2(2)`, Linux 5.11).
  ///
  /// - Parameters:
  ///   - epoll: From ``epollCreate()``.
  ///   - events: Room for what is ready.
  ///   - nanoseconds: The longest wait; a negative one waits without end.
  public func epollWait(
    _ epoll: Descriptor, into events: UnsafeMutableBufferPointer<EpollEvent>, nanoseconds: Int64
  ) -> Outcome {
    let room = Int32(clamping: events.count)
    let first = unsafe UnsafeMutableRawPointer(events.baseAddress)?
      .assumingMemoryBound(to: ck_event.self)
    return unsafe Outcome(raw: ck_epoll_wait_exactly(epoll.rawValue, first, room, nanoseconds))
  }

  /// Lets the kernel wake the calling thread no later than it must (`PR_SET_TIMERSLACK`). By
  /// default it may take 50 µs to wake several threads at once.
  public func wakePunctually() { ck_set_timer_slack(1) }

  /// The processor time that the calling thread has used, in nanoseconds.
  public func threadNanoseconds() -> UInt64 { ck_thread_nanoseconds() }
}
