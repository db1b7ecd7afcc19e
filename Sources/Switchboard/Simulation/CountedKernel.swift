#if TestBench

import Synchronization

/// How many system calls went through a ``CountedKernel``, by what they are for. Any thread.
package final class CallCounts: Sendable {
  private let receives = Atomic<Int>(0)
  private let sends = Atomic<Int>(0)
  private let controls = Atomic<Int>(0)
  private let waits = Atomic<Int>(0)
  private let others = Atomic<Int>(0)

  /// What has been counted up to one moment.
  package struct Sum: Hashable, Sendable {
    /// `recv(2)`
    package var receives = 0
    /// `send(2)`
    package var sends = 0
    /// `epoll_ctl(2)`
    package var controls = 0
    /// `select(2)`, `poll(2)`, `epoll_wait(2)` and `io_uring_enter(2)`
    package var waits = 0
    /// Accepting, closing, options, waking.
    package var others = 0

    /// What came to it since an earlier moment.
    package func since(_ earlier: Sum) -> Sum {
      Sum(
        receives: receives - earlier.receives, sends: sends - earlier.sends,
        controls: controls - earlier.controls, waits: waits - earlier.waits,
        others: others - earlier.others)
    }

    /// All of them.
    package var total: Int { receives + sends + controls + waits + others }
  }

  /// Nothing yet.
  package init() {}

  /// What has been counted up to now.
  package var now: Sum {
    Sum(
      receives: receives.load(ordering: .relaxed), sends: sends.load(ordering: .relaxed),
      controls: controls.load(ordering: .relaxed), waits: waits.load(ordering: .relaxed),
      others: others.load(ordering: .relaxed))
  }

  fileprivate func receive() { receives.wrappingAdd(1, ordering: .relaxed) }
  fileprivate func send() { sends.wrappingAdd(1, ordering: .relaxed) }
  fileprivate func control() { controls.wrappingAdd(1, ordering: .relaxed) }
  fileprivate func wait() { waits.wrappingAdd(1, ordering: .relaxed) }
  fileprivate func other() { others.wrappingAdd(1, ordering: .relaxed) }
}

/// The real kernel, with every call counted on its way; the clock costs none.
package struct CountedKernel: KernelDecorator, ReadinessKernel, RingKernel {
  package let base = Linux()
  package let counts: CallCounts

  /// Counts into `counts`.
  package init(_ counts: CallCounts) { self.counts = counts }

  /// Counts, and makes the call.
  package func calling(_ call: SystemError.Call, _ body: () -> Outcome) -> Outcome {
    switch call {
    case .receive: counts.receive()
    case .send: counts.send()
    case .epollControl: counts.control()
    case .select, .poll, .epollWait, .ringEnter: counts.wait()
    default: counts.other()
    }
    return body()
  }

  /// Asks what setting up has found out: no call.
  package func ringSupports(_ ring: OpaquePointer, operation: UInt32) -> Outcome {
    unsafe base.ringSupports(ring, operation: operation)
  }
  /// A call, although it answers nothing.
  package func ringClose(_ ring: OpaquePointer) {
    counts.other()
    unsafe base.ringClose(ring)
  }
}

#endif
