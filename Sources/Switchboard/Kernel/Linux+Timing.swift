internal import CKernel

// What those need that act at exact moments.
extension Linux {
  /// `epoll_pwait2(2)` (Linux 5.11), or with `ppoll(2)` where that is lacking.
  public func epollWait(
    _ epoll: Descriptor, into events: UnsafeMutableBufferPointer<EpollEvent>, nanoseconds: Int64
  ) -> Outcome {
    let room = Int32(clamping: events.count)
    let first = unsafe UnsafeMutableRawPointer(events.baseAddress)?
      .assumingMemoryBound(to: ck_event.self)
    return unsafe Outcome(raw: ck_epoll_wait_exactly(epoll.rawValue, first, room, nanoseconds))
  }

  /// `ppoll(2)`
  public func poll(_ entries: UnsafeMutableBufferPointer<PollEntry>, nanoseconds: Int64) -> Outcome
  {
    let first = unsafe UnsafeMutableRawPointer(entries.baseAddress)?
      .assumingMemoryBound(to: pollfd.self)
    return unsafe Outcome(raw: ck_poll_exactly(first, UInt(entries.count), nanoseconds))
  }

  /// `pselect(2)`
  public func select(
    below count: Int32, reading: inout DescriptorSet, writing: inout DescriptorSet,
    nanoseconds: Int64
  ) -> Outcome {
    unsafe reading.withWords { (read: UnsafeMutablePointer<UInt64>) in
      unsafe writing.withWords { (write: UnsafeMutablePointer<UInt64>) in
        unsafe Outcome(raw: ck_select_exactly(count, read, write, nanoseconds))
      }
    }
  }

  /// Lets the kernel wake the calling thread no later than it must (`PR_SET_TIMERSLACK`). By
  /// default it may take 50 µs to wake several threads at once.
  public func wakePunctually() { ck_set_timer_slack(1) }

  /// The processor time that the calling thread has used, in nanoseconds.
  public func threadNanoseconds() -> UInt64 { ck_thread_nanoseconds() }
}
